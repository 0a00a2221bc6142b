//! Places for sockets: a bounded number is open, and one reader has a part of them at most, so that nobody keeps all others out.

use crate::problem::{Code, Problem};
use axum::http::{HeaderValue, header};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long somebody waits before they try again to open a socket, in seconds: places become free when others close theirs.
const RETRY_AFTER: u32 = 30;

/// The places of an installation.
#[derive(Debug, Clone)]
pub(crate) struct SocketPlaces {
    most: usize,
    most_of_one: usize,
    /// How many each reader has, by their account.
    taken: Arc<Mutex<HashMap<String, usize>>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct SocketPlace {
    places: SocketPlaces,
    reader: String,
}

/// Whose a socket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reader {
    /// The account.
    pub(crate) account: String,
    /// Whether they hold the installation's own credentials, for which one bound counts alone.
    pub(crate) is_operator: bool,
}

impl SocketPlaces {
    /// At most `most` sockets are open, of one reader at most `most_of_one`.
    pub(crate) fn new(most: usize, most_of_one: usize) -> Self {
        Self { most, most_of_one, taken: Arc::default() }
    }

    /// A place for a reader.
    ///
    /// # Errors
    /// Unavailable if all places are taken; too many requests if the reader has as many as one may have. Both say when to try again.
    pub(crate) fn take(&self, reader: &Reader) -> Result<SocketPlace, Problem> {
        // What is locked stays whole when its holder panics.
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= self.most {
            return Err(full(Code::Unavailable, "too many sockets are open; ask for events instead"));
        }
        let own = taken.entry(reader.account.clone()).or_default();
        if *own >= self.most_of_one && !reader.is_operator {
            let most = self.most_of_one;
            let detail = format!(
                "you have {most} sockets open, the most for one reader; close some, or ask for events instead"
            );
            return Err(full(Code::TooManyRequests, &detail));
        }
        *own += 1;
        Ok(SocketPlace { places: self.clone(), reader: reader.account.clone() })
    }
}

fn full(code: Code, detail: &str) -> Problem {
    Problem::new(code, detail).with_header(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER))
}

impl Drop for SocketPlace {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.reader) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.reader);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    /// The status of a refusal, and whether it says when to try again.
    fn refusal(places: &SocketPlaces, reader: &Reader) -> (u16, bool) {
        let refused = places.take(reader).unwrap_err().into_response();
        (refused.status().as_u16(), refused.headers().contains_key(header::RETRY_AFTER))
    }

    #[test]
    fn nobody_takes_every_place() {
        let places = SocketPlaces::new(3, 2);
        let reader = |name: &str, is_operator| Reader { account: name.to_owned(), is_operator };
        let (ada, eve, operator) = (reader("ada", false), reader("eve", false), reader("operator", true));
        let mut own = vec![places.take(&eve).unwrap(), places.take(&eve).unwrap()];
        assert_eq!(refusal(&places, &eve), (429, true));
        let other = places.take(&ada).unwrap();
        for everybody in [&ada, &eve, &operator] {
            assert_eq!(refusal(&places, everybody), (503, true), "{everybody:?}");
        }
        own.pop();
        drop(other);
        assert!(places.take(&eve).is_ok(), "a place that was given back is free");
        own.clear();
        assert!(places.taken.lock().unwrap().is_empty());
        let all: Vec<_> = (0..3).map(|_| places.take(&operator).unwrap()).collect();
        assert_eq!(all.len(), 3);
    }
}
