//! A call's turn at a provider, and the pace that decides when it is.

use domain::ActionError;
use domain::configuration::{InstanceName, Rate};
use std::time::Duration;

/// How long a call waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Up to this long.
    Of(Duration),
    /// Not at all, and it leaves half of the burst to others: for optional calls.
    GivesWay,
}

/// Leave to make one call when its turn comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// How long until the turn that it has taken; after this time it need not ask again.
    pub wait: Duration,
    /// Whether the provider failed before: then `Table::close_circuit` must be called on an answer.
    pub after_failures: bool,
}

/// A call that must not be made now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{provider} {}accepts no calls for another {:.1} s",
    if *circuit_open { "keeps failing and " } else { "" },
    retry_after.as_secs_f64()
)]
pub struct PutOff {
    /// Whom it was to go to, by its name in the configuration.
    pub provider: InstanceName,
    /// When it may be tried again.
    pub retry_after: Duration,
    /// Whether the reason is that the provider keeps failing, rather than its rate.
    pub circuit_open: bool,
}

impl PutOff {
    pub(crate) fn new(provider: &InstanceName, microseconds: u64, circuit_open: bool) -> Self {
        Self { provider: provider.clone(), retry_after: Duration::from_micros(microseconds), circuit_open }
    }
}

impl From<PutOff> for ActionError {
    /// `Throttled`, because nothing was sent and the call costs nothing.
    fn from(put_off: PutOff) -> Self {
        Self::throttled(put_off.to_string(), Some(put_off.retry_after))
    }
}

/// A second in microseconds.
const A_SECOND: u64 = 1_000_000;

/// A rate in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// The time between two calls.
    pub(crate) interval: u64,
    /// How far ahead of time the last call of a burst is.
    pub(crate) tolerance: u64,
}

impl Pace {
    pub(crate) fn of(rate: Rate) -> Self {
        let interval = whole_microseconds(rate.interval()).max(1);
        Self { interval, tolerance: interval * u64::from(rate.burst() - 1) }
    }

    /// How far the arrival time may be ahead for a call to take its turn.
    pub(crate) fn most_ahead(self, patience: Patience) -> u64 {
        match patience {
            Patience::Of(longest) => self.tolerance + whole_microseconds(longest),
            Patience::GivesWay => self.tolerance / 2,
        }
    }

    /// How far ahead of a moment the arrival time is at most after the calls that were made by then.
    pub(crate) fn furthest_ahead(self) -> u64 {
        self.tolerance.saturating_add(self.interval)
    }

    /// How far the arrival time may be ahead only in a process's memory: by half of a burst, and at least by one call if calls are at most a second
    /// apart.
    pub(crate) fn unkept_at_most(self) -> u64 {
        (self.tolerance / 2).max(self.interval.min(A_SECOND))
    }

    /// Whether the arrival time that takes a call in must be written before the call is made, if it is ahead by this only in memory.
    pub(crate) fn must_be_kept(self, unkept: u64) -> bool {
        let most = self.unkept_at_most();
        // Calls that were made are never further ahead than a burst: those with later turns still wait, and end with the process.
        unkept > most && self.tolerance + self.interval > most
    }

    /// How long until a call that is refused now has its turn, or may give way again.
    pub(crate) fn due_in(self, patience: Patience, arrival: u64, now: u64) -> u64 {
        match patience {
            Patience::Of(_) => arrival.saturating_sub(now + self.tolerance),
            Patience::GivesWay => arrival.saturating_sub(now + self.most_ahead(patience)),
        }
    }
}

fn whole_microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX / 4)
}
