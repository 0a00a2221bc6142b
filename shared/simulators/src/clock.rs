//! The time the simulators live by.

use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// Gives the present moment; injected so that tests and recorded worlds decide what "now" is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The machine's own clock.
#[must_use]
pub fn system() -> Clock {
    Arc::new(Timestamp::now)
}

/// A clock that shows `start` when made and runs on from there at the usual speed.
#[must_use]
pub fn starting_at(start: Timestamp) -> Clock {
    let made = Instant::now();
    Arc::new(move || {
        SignedDuration::try_from(made.elapsed())
            .ok()
            .and_then(|passed| start.checked_add(passed).ok())
            .unwrap_or(start)
    })
}

/// A clock that always shows `moment`.
#[must_use]
pub fn fixed(moment: Timestamp) -> Clock {
    Arc::new(move || moment)
}
