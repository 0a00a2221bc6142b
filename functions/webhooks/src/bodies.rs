//! The bodies of deliveries while they arrive: how long and how large one may be, and how many bytes are held of all together.

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The largest accepted body: GitHub's maximum, which is more than other senders send
/// (<https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap>). In an account, Lambda takes less: docs/deploying.md.
const LARGEST: usize = 25 * 1024 * 1024;

/// The most bytes of all bodies that are held until they are handled.
const MOST: usize = 32 * 1024 * 1024;

/// How long a body may take to arrive.
const TIME: Duration = Duration::from_secs(10);

/// All held bodies. If there are too many bytes, the one that has been arriving longest is dropped: a genuine sender
/// takes milliseconds.
#[derive(Debug)]
pub(crate) struct Bodies {
    largest: usize,
    most: usize,
    time: Duration,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    bytes: usize,
    arriving: BTreeMap<u64, Arriving>,
}

#[derive(Debug)]
struct Arriving {
    bytes: usize,
    given_up: Arc<Notify>,
}

/// A whole body, which counts until its place is dropped.
pub(crate) struct HeldBody<'a> {
    /// The raw bytes.
    pub(crate) bytes: Bytes,
    /// Its share of the held bytes.
    pub(crate) place: Place<'a>,
}

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("the body is too large; accepted: at most 25 MiB")]
    TooLarge,
    #[error("the body did not arrive within ten seconds")]
    TooSlow,
    #[error("too many deliveries are arriving; send it again later")]
    TooMany,
    #[error("the body could not be read")]
    Broken,
}

impl Default for Bodies {
    fn default() -> Self {
        Self { largest: LARGEST, most: MOST, time: TIME, held: Mutex::default() }
    }
}

impl Bodies {
    /// Reads a body to its end. `announced` is its length if the request gives it.
    ///
    /// # Errors
    /// When it is too large or too slow, is cut off, or must make place for others.
    pub(crate) async fn read(&self, body: Body, announced: Option<u64>) -> Result<HeldBody<'_>, Unreadable> {
        if announced
            .is_some_and(|length| usize::try_from(length).map_or(true, |length| length > self.largest))
        {
            return Err(Unreadable::TooLarge);
        }
        let (mut place, given_up) = self.begin();
        let arrived = tokio::select! {
            arrived = tokio::time::timeout(self.time, self.collect(body, &mut place)) => {
                arrived.unwrap_or(Err(Unreadable::TooSlow))
            }
            () = given_up.notified() => Err(Unreadable::TooMany),
        };
        arrived.map(|bytes| HeldBody { bytes, place })
    }

    async fn collect(&self, mut body: Body, place: &mut Place<'_>) -> Result<Bytes, Unreadable> {
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Unreadable::Broken)?.into_data() else { continue };
            if bytes.len() + data.len() > self.largest {
                return Err(Unreadable::TooLarge);
            }
            place.grow(data.len())?;
            bytes.extend_from_slice(&data);
        }
        place.arrived()?;
        Ok(bytes.into())
    }

    fn begin(&self) -> (Place<'_>, Arc<Notify>) {
        let given_up = Arc::new(Notify::new());
        let mut held = self.lock();
        let number = held.next;
        held.next += 1;
        held.arriving.insert(number, Arriving { bytes: 0, given_up: Arc::clone(&given_up) });
        (Place { bodies: self, number, whole: 0 }, given_up)
    }

    /// Locked data stays consistent if its holder panics.
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One body's share of the held bytes.
pub(crate) struct Place<'a> {
    bodies: &'a Bodies,
    number: u64,
    /// Its bytes once it has arrived; before that, they count as arriving.
    whole: usize,
}

impl Place<'_> {
    fn grow(&mut self, bytes: usize) -> Result<(), Unreadable> {
        let held = &mut *self.bodies.lock();
        let own = held.arriving.get_mut(&self.number).ok_or(Unreadable::TooMany)?;
        own.bytes += bytes;
        held.bytes += bytes;
        while held.bytes > self.bodies.most {
            let Some((number, oldest)) = held.arriving.pop_first() else { break };
            held.bytes -= oldest.bytes;
            oldest.given_up.notify_one();
            if number == self.number {
                return Err(Unreadable::TooMany);
            }
        }
        Ok(())
    }

    fn arrived(&mut self) -> Result<(), Unreadable> {
        let own = self.bodies.lock().arriving.remove(&self.number).ok_or(Unreadable::TooMany)?;
        self.whole = own.bytes;
        Ok(())
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut held = self.bodies.lock();
        let arriving = held.arriving.remove(&self.number).map_or(0, |own| own.bytes);
        held.bytes -= self.whole + arriving;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Frame;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

    /// A body that arrives in parts, until their sender is dropped.
    struct InParts(UnboundedReceiver<&'static str>);

    impl http_body::Body for InParts {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0.poll_recv(context).map(|part| part.map(|part| Ok(Frame::data(part.into()))))
        }
    }

    fn in_parts() -> (UnboundedSender<&'static str>, Body) {
        let (sender, parts) = unbounded_channel();
        (sender, Body::new(InParts(parts)))
    }

    fn bodies() -> Bodies {
        Bodies { largest: 10, most: 12, ..Bodies::default() }
    }

    async fn read(bodies: &Bodies, body: Body, announced: Option<u64>) -> Result<Bytes, Unreadable> {
        bodies.read(body, announced).await.map(|held| held.bytes)
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_or_too_slow_is_not_read_to_its_end() {
        let bodies = bodies();
        assert_eq!(read(&bodies, Body::from("ten bytes."), Some(10)).await.unwrap(), "ten bytes.");
        let (parts, unsent) = in_parts();
        assert_eq!(read(&bodies, unsent, Some(11)).await, Err(Unreadable::TooLarge));
        assert!(parts.is_closed(), "what announces too much is not waited for");
        let (parts, more) = in_parts();
        parts.send("ten bytes.").unwrap();
        parts.send("!").unwrap();
        assert_eq!(read(&bodies, more, None).await, Err(Unreadable::TooLarge));
        let hasty = Bodies { time: Duration::ZERO, ..bodies };
        let (_parts, slow) = in_parts();
        assert_eq!(read(&hasty, slow, Some(5)).await, Err(Unreadable::TooSlow));
        assert_eq!(hasty.lock().bytes, 0);
    }

    #[tokio::test]
    async fn when_too_many_bytes_are_held_the_body_that_arrives_for_the_longest_goes() {
        let bodies = bodies();
        let (slow_parts, slow) = in_parts();
        slow_parts.send("stalls ").unwrap();
        let stalled = async { read(&bodies, slow, Some(9)).await };
        let quick = async {
            let held = bodies.read(Body::from("arrives"), None).await?;
            // A whole one is not given up: there is no place for more until it is handled.
            assert_eq!(read(&bodies, Body::from("no place"), None).await, Err(Unreadable::TooMany));
            Ok(held.bytes)
        };
        let (stalled, quick): (_, Result<Bytes, Unreadable>) = tokio::join!(biased; stalled, quick);
        assert_eq!(stalled, Err(Unreadable::TooMany));
        assert_eq!(quick.unwrap(), "arrives");
        assert_eq!(bodies.lock().bytes, 0, "what was handled or given up is not counted any more");
        assert_eq!(read(&bodies, Body::from("has place"), None).await.unwrap(), "has place");
    }
}
