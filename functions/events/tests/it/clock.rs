//! The clock of the tests.

use domain::Clock;
use jiff::{SignedDuration, Timestamp};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Noon in the middle of a month: what a test does within hours stays within one day and one month, whenever the test runs.
pub(crate) fn begin() -> Timestamp {
    Timestamp::constant(1_781_524_800, 0)
}

/// A clock on which five seconds pass whenever it is read: no edit comes too soon, no provider is called too often.
#[derive(Debug)]
pub(crate) struct BusyClock {
    now: Mutex<Timestamp>,
    stands_still: AtomicBool,
}

impl BusyClock {
    pub(crate) fn new() -> Self {
        Self { now: Mutex::new(begin()), stands_still: AtomicBool::new(false) }
    }

    /// Reading it takes no time from now on.
    pub(crate) fn stand_still(&self) {
        self.stands_still.store(true, Ordering::Relaxed);
    }

    pub(crate) fn go_on(&self) {
        self.stands_still.store(false, Ordering::Relaxed);
    }

    pub(crate) fn advance(&self, hours: i64) {
        self.advance_minutes(60 * hours);
    }

    pub(crate) fn advance_minutes(&self, minutes: i64) {
        self.advance_by(SignedDuration::from_mins(minutes));
    }

    pub(crate) fn advance_by(&self, passed: SignedDuration) {
        *self.now.lock().unwrap() += passed;
    }
}

impl Clock for BusyClock {
    fn now(&self) -> Timestamp {
        let mut now = self.now.lock().unwrap();
        if !self.stands_still.load(Ordering::Relaxed) {
            *now += SignedDuration::from_secs(5);
        }
        *now
    }
}
