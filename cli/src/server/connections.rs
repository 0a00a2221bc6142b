//! Connections of strangers, limited in number. When there are too many, the one that has waited longest for its sender is closed.
//! Genuine senders take milliseconds to send, so theirs is never that one.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The open connections of one listener.
#[derive(Debug)]
pub(crate) struct Connections {
    most: usize,
    most_of_one: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    by_number: BTreeMap<u64, Connection>,
    by_address: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Connection {
    address: IpAddr,
    state: State,
    /// When a request on it was last answered with success, as a place in the order of events. Those that never were go first.
    proven: Option<u64>,
    closed: Arc<Notify>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Since this moment, it has waited for a request or the rest of its headers.
    Waiting(Instant),
    /// A request's body arrives.
    Arriving,
    /// A request is whole and being answered: such a connection is not closed.
    AtWork,
}

/// The place of one connection among them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    connections: Arc<Connections>,
    number: u64,
    closed: Arc<Notify>,
}

impl Connections {
    /// At most `most` are open, and `most_of_one` per address. An address can be that of a tunnel that everybody uses, so
    /// it is bounded but never shut out.
    pub(crate) fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self { most, most_of_one, open: Mutex::default() })
    }

    /// A place for a new connection; if there are too many, another one is told to close. `None` if all of them are active.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let open = &mut *self.lock();
        let of_one = open.by_address.get(&address).copied().unwrap_or_default();
        if of_one >= self.most_of_one {
            open.close_one(Some(address))?;
        } else if open.by_number.len() >= self.most {
            open.close_one(None)?;
        }
        let (number, closed) = (open.next, Arc::new(Notify::new()));
        open.next += 1;
        let state = State::Waiting(Instant::now());
        let connection = Connection { address, state, proven: None, closed: Arc::clone(&closed) };
        open.by_number.insert(number, connection);
        *open.by_address.entry(address).or_default() += 1;
        Some(Place { connections: Arc::clone(self), number, closed })
    }

    /// Closes a connection that waits for its sender, if any, because there are no descriptors left.
    pub(crate) fn make_place(&self) {
        let _all_may_be_at_work = self.lock().close_one(None);
    }

    /// Locked data stays consistent if its holder panics.
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn close_one(&mut self, address: Option<IpAddr>) -> Option<()> {
        let waiting = self.by_number.iter().filter(|(_, connection)| {
            !matches!(connection.state, State::AtWork)
                && address.is_none_or(|address| connection.address == address)
        });
        let (&number, _) = waiting.min_by_key(|(number, connection)| (connection.proven, **number))?;
        self.remove(number)?.closed.notify_one();
        Some(())
    }

    fn remove(&mut self, number: u64) -> Option<Connection> {
        let connection = self.by_number.remove(&number)?;
        if let Some(count) = self.by_address.get_mut(&connection.address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&connection.address);
            }
        }
        Some(connection)
    }
}

impl Place {
    /// The headers of a request are there, and its body arrives.
    pub(crate) fn begin_request(&self) {
        self.set(State::Arriving);
    }

    /// A request is whole, and is being answered.
    pub(crate) fn begin_work(&self) {
        self.set(State::AtWork);
    }

    fn set(&self, state: State) {
        if let Some(connection) = self.connections.lock().by_number.get_mut(&self.number) {
            connection.state = state;
        }
    }

    /// A request was answered; the connection waits for the next one.
    pub(crate) fn end_work(&self, with_success: bool) {
        let open = &mut *self.connections.lock();
        let moment = open.next;
        open.next += 1;
        if let Some(connection) = open.by_number.get_mut(&self.number) {
            connection.state = State::Waiting(Instant::now());
            connection.proven = with_success.then_some(moment).or(connection.proven);
        }
    }

    /// Waits until a stranger has sent no headers for this long. A sender that was answered with success is exempt: a tunnel keeps connections open, and
    /// would lose a request on one that is being closed.
    pub(crate) async fn silent_for(&self, limit: Duration) {
        loop {
            let since = match self.connections.lock().by_number.get(&self.number) {
                Some(Connection { state: State::Waiting(since), proven: None, .. }) => *since,
                _ => Instant::now(),
            };
            if since.elapsed() >= limit {
                return;
            }
            tokio::time::sleep_until(since + limit).await;
        }
    }

    /// Waits until the connection must close.
    pub(crate) async fn closed(&self) {
        self.closed.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.lock().remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Waker};

    fn address(last: u8) -> IpAddr {
        IpAddr::from([203, 0, 113, last])
    }

    fn must_close(place: &Place) -> bool {
        let waiting = std::pin::pin!(place.closed());
        waiting.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    fn closing(places: &[&Place]) -> Vec<bool> {
        places.iter().map(|place| must_close(place)).collect()
    }

    #[test]
    fn the_one_that_waits_longest_makes_place_for_a_new_one() {
        let connections = Connections::new(3, 10);
        let [a, b, c] = [1, 2, 3].map(|last| connections.admit(address(last)).unwrap());
        a.begin_work();
        let d = connections.admit(address(4)).unwrap();
        assert_eq!(closing(&[&a, &b, &c, &d]), [false, true, false, false], "`a` is at work");
        a.end_work(false);
        let e = connections.admit(address(5)).unwrap();
        assert_eq!(
            closing(&[&a, &c, &d, &e]),
            [true, false, false, false],
            "a refused request changes nothing"
        );
        c.end_work(true);
        let f = connections.admit(address(6)).unwrap();
        assert_eq!(
            closing(&[&c, &d, &e, &f]),
            [false, true, false, false],
            "who was answered with success stays"
        );
        for place in [&c, &e, &f] {
            place.begin_work();
        }
        assert!(connections.admit(address(7)).is_none());
        drop(e);
        assert!(connections.admit(address(7)).is_some());
    }

    #[test]
    fn who_opens_too_many_closes_its_own() {
        let connections = Connections::new(10, 2);
        let other = connections.admit(address(1)).unwrap();
        let mut own: Vec<Place> = (0..5).map(|_| connections.admit(address(2)).unwrap()).collect();
        assert!(!must_close(&other));
        assert_eq!(own.iter().map(must_close).collect::<Vec<_>>(), [true, true, true, false, false]);
        own.clear();
        drop(other);
        let open = connections.lock();
        assert!(open.by_number.is_empty() && open.by_address.is_empty());
    }
}
