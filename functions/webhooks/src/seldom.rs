//! What strangers can cause any number of times is logged seldom, so that it does not push out of the log what matters.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, PoisonError};

/// The least time between two lines.
const BETWEEN: SignedDuration = SignedDuration::from_secs(10);

/// When something was last logged, and how often it was not since.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<(Option<Timestamp>, u64)>);

impl Seldom {
    /// Whether to log it now: with the number of times that it was not logged since the last one.
    pub(crate) fn now(&self, now: Timestamp) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, unsaid) = &mut *state;
        if last.is_some_and(|last| now.duration_since(last).abs() < BETWEEN) {
            *unsaid += 1;
            return None;
        }
        *last = Some(now);
        Some(std::mem::take(unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_is_counted_and_said_again_later() {
        let (seldom, start) = (Seldom::default(), Timestamp::UNIX_EPOCH);
        let at = |seconds| seldom.now(start + SignedDuration::from_secs(seconds));
        assert_eq!([at(100), at(101), at(109), at(110)], [Some(0), None, None, Some(2)]);
        // A clock that was set back does not silence it for long.
        assert_eq!(at(10), Some(0));
    }
}
