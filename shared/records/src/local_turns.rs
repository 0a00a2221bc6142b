//! The turns at providers in the memory of a process that makes all calls.
//!
//! The results are those of `rate` and `circuit`, decided under one lock instead of by a conditional update. The table still has what others read
//! and what a restart needs: failures, the circuit and blocks at every change, and the arrival time before a call is made by which it is ahead of
//! the table's by more than [`Pace::unkept_at_most`]: half of a burst, and at least one call if calls are at most a second apart. So calls that
//! come no faster than the rate write nothing. Only with a pace of more than a second and a burst of one or two calls is each call written.
//!
//! A process that was killed may have made that many calls that the table does not show, and none after this process started. So at the first
//! call, the arrival time is taken to be the table's, or the start if that is later, plus that much. This is never earlier than what the killed process
//! had, so the rate is kept exactly however often a process is killed and started, as long as the configured rate stays the same. After a loss of
//! power, the table may lack its last writes too. See `passing`.
//!
//! A start therefore costs half of a burst, after an orderly end and for a provider without a record too: a process that was killed early
//! leaves none either. Nobody waits for it, except where the burst is a single call: there the first one may wait until a second after the start.
//!
//! If the machine's clock is set back, what is known moves back with it. Otherwise no call would have a turn until the clock shows the old time again.
//! For the same reason, a process takes from the table only times that calls before its start can have left.

use crate::error::RecordsError;
use crate::failures::{Circuit, STAYS_OPEN};
use crate::item::{Item, whole_number};
use crate::pass::{Pace, Pass, Patience, PutOff};
use crate::timestamp::microseconds;
use domain::configuration::InstanceName;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A clock that shows so much less than before was set back. If it is less, calls only came in another order than they read the clock.
const SET_BACK: SignedDuration = SignedDuration::from_secs(10);

/// The turns at all providers in the memory of one process, for [`Table::with_local_turns`](crate::Table::with_local_turns). Only one process may use a
/// table in this way at a time, and all its calls must share one value.
#[derive(Debug)]
pub struct LocalTurns {
    /// When this process started.
    started: Timestamp,
    known: Mutex<HashMap<InstanceName, Known>>,
    /// Held during a write of a provider's state: writes follow each other in the order of the changes, and one covers all that wait for it.
    pub(crate) writing: tokio::sync::Mutex<()>,
}

/// What a provider's item holds, times in microseconds; zero for what is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ProviderTurns {
    pub(crate) tat: u64,
    pub(crate) failures: u64,
    pub(crate) open_until: u64,
    pub(crate) blocked_until: u64,
}

/// A change of a provider's state that must be in the table before it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change(u64);

/// A state that the table does not have yet.
#[derive(Debug)]
pub(crate) struct Unkept {
    pub(crate) turns: ProviderTurns,
    /// When the provider was used last, or until when it is blocked.
    pub(crate) used: Timestamp,
    last_change: Change,
}

#[derive(Debug)]
struct Known {
    turns: ProviderTurns,
    /// When the provider was used last, or until when it is blocked.
    used: Timestamp,
    /// The latest time that the clock showed, since it was set back last; `None` before the first call.
    seen: Option<Timestamp>,
    /// Whether the clock was set back, and the table has the times from before.
    is_moved_back: bool,
    /// Whether the calls of an earlier process that the table does not show are counted in.
    is_caught_up: bool,
    last_change: Change,
    kept_change: Change,
    /// The arrival time that the table has.
    kept_tat: u64,
}

impl LocalTurns {
    /// Turns of a process that started at `started`: earlier than every call it will make, and later than every call of a process before it.
    pub fn new(started: Timestamp) -> Self {
        Self { started, known: Mutex::default(), writing: tokio::sync::Mutex::default() }
    }

    /// Whether the provider's state was learned.
    pub(crate) fn knows(&self, provider: &InstanceName) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains_key(provider)
    }

    /// Takes over the state that the table has, unless it is known already: memory is newer.
    pub(crate) fn learn(&self, provider: &InstanceName, mut turns: ProviderTurns) {
        // A later time is from before the clock was set back.
        turns.open_until = turns.open_until.min(microseconds(self.started + STAYS_OPEN));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(provider.clone()).or_insert_with(|| Known::new(turns, self.started));
    }

    /// Gives a call its turn, as [`Table::pass`](crate::Table::pass) does. The change, if there is one, must be kept before the call is made.
    pub(crate) fn pass(
        &self,
        provider: &InstanceName,
        pace: Pace,
        patience: Patience,
        now: Timestamp,
    ) -> (Result<Pass, PutOff>, Option<Change>) {
        self.with(provider, |known| {
            known.look_at_clock(now);
            known.used = known.used.max(now);
            known.catch_up(self.started, now, pace);
            let opened_until = known.turns.open_until;
            let taken = known.turns.pass(provider, pace, patience, now);
            if taken.is_err() {
                return (taken, None);
            }
            let change = known.change();
            let is_attempt = known.turns.open_until != opened_until;
            let unkept = known.turns.tat.saturating_sub(known.kept_tat.max(microseconds(now)));
            (taken, (is_attempt || known.is_moved_back || pace.must_be_kept(unkept)).then_some(change))
        })
    }

    /// How long the provider accepts no calls, even from those that have a turn.
    pub(crate) fn held(&self, provider: &InstanceName, now: Timestamp) -> Option<PutOff> {
        self.with(provider, |known| {
            known.look_at_clock(now);
            let wait = known.turns.held(microseconds(now));
            (wait > 0).then(|| PutOff::new(provider, wait, known.turns.circuit().is_open()))
        })
    }

    /// Lets no call pass before `until`; `None` if it is blocked for as long already.
    pub(crate) fn block(&self, provider: &InstanceName, pace: Pace, until: Timestamp) -> Option<Change> {
        self.with(provider, |known| {
            known.used = known.used.max(until);
            known.catch_up(self.started, until, pace);
            known.turns.block(pace, microseconds(until)).then(|| known.change())
        })
    }

    /// Counts a failed request.
    pub(crate) fn count_failure(&self, provider: &InstanceName, now: Timestamp) -> (Circuit, Change) {
        self.with(provider, |known| {
            known.look_at_clock(now);
            known.used = known.used.max(now);
            known.turns.failures = known.turns.failures.saturating_add(1);
            known.turns.open_until = microseconds(now + STAYS_OPEN);
            (known.turns.circuit(), known.change())
        })
    }

    /// Forgets what failed; `None` if nothing did.
    pub(crate) fn close(&self, provider: &InstanceName) -> Option<Change> {
        self.with(provider, |known| {
            let has_failures = known.turns.circuit().has_failures();
            (known.turns.failures, known.turns.open_until) = (0, 0);
            has_failures.then(|| known.change())
        })
    }

    /// What to write so that the table has this change; `None` if it has it.
    pub(crate) fn unkept(&self, provider: &InstanceName, change: Change) -> Option<Unkept> {
        self.with(provider, |known| {
            let unkept = Unkept { turns: known.turns, used: known.used, last_change: known.last_change };
            (known.kept_change < change).then_some(unkept)
        })
    }

    /// Notes that the table has this.
    pub(crate) fn note_kept(&self, provider: &InstanceName, kept: &Unkept) {
        self.with(provider, |known| {
            known.kept_change = kept.last_change;
            known.kept_tat = kept.turns.tat;
            known.is_moved_back = false;
        });
    }

    fn with<R>(&self, provider: &InstanceName, look: impl FnOnce(&mut Known) -> R) -> R {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get_mut(provider) {
            Some(known) => look(known),
            None => {
                let unused = || Known::new(ProviderTurns::default(), self.started);
                look(known.entry(provider.clone()).or_insert_with(unused))
            }
        }
    }
}

impl Known {
    fn new(turns: ProviderTurns, used: Timestamp) -> Self {
        let none = Change(0);
        Self {
            turns,
            used,
            seen: None,
            is_moved_back: false,
            is_caught_up: false,
            last_change: none,
            kept_change: none,
            kept_tat: turns.tat,
        }
    }

    /// Notes what the clock shows. If it was set back since the last call, all times move back by as much, as if no time had passed.
    fn look_at_clock(&mut self, now: Timestamp) {
        let seen = self.seen.map_or(now, |seen| seen.max(now));
        let back = seen.duration_since(now);
        if back < SET_BACK {
            self.seen = Some(seen);
            return;
        }
        self.seen = Some(now);
        self.is_moved_back = true;
        self.turns.move_back(u64::try_from(back.as_micros()).unwrap_or_default());
    }

    /// Counts in, once, the calls of an earlier process that the table may not show, and leaves out those that still waited for their turns
    /// when it ended. If it is earlier `now` than at the start, the clock was set back, and those calls were made before now nevertheless.
    fn catch_up(&mut self, started: Timestamp, now: Timestamp, pace: Pace) {
        if !self.is_caught_up {
            self.is_caught_up = true;
            let since = microseconds(started.min(now));
            let furthest = since.max(self.turns.blocked_until).saturating_add(pace.furthest_ahead());
            self.turns.tat = self.turns.tat.min(furthest);
            self.turns.tat = self.turns.tat.max(since).saturating_add(pace.unkept_at_most());
        }
    }

    fn change(&mut self) -> Change {
        self.last_change = Change(self.last_change.0 + 1);
        self.last_change
    }
}

impl ProviderTurns {
    /// Reads it from the provider's item.
    pub(crate) fn of(item: &Item) -> Result<Self, RecordsError> {
        Ok(Self {
            tat: whole_number(item, "tat")?,
            failures: whole_number(item, "failures")?,
            open_until: whole_number(item, "open_until")?,
            blocked_until: whole_number(item, "blocked_until")?,
        })
    }

    fn move_back(&mut self, by: u64) {
        for time in [&mut self.tat, &mut self.open_until, &mut self.blocked_until] {
            *time = time.saturating_sub(by);
        }
    }

    fn circuit(&self) -> Circuit {
        Circuit { failures: self.failures }
    }

    fn pass(
        &mut self,
        provider: &InstanceName,
        pace: Pace,
        patience: Patience,
        now: Timestamp,
    ) -> Result<Pass, PutOff> {
        let (now, tries_until) = (microseconds(now), microseconds(now + STAYS_OPEN));
        let after_failures = self.circuit().has_failures();
        if self.circuit().is_open() {
            let wait = self.held(now);
            if wait > 0 {
                return Err(PutOff::new(provider, wait, true));
            }
            self.open_until = tries_until;
            return Ok(Pass { wait: Duration::ZERO, after_failures });
        }
        if self.tat > now.saturating_add(pace.most_ahead(patience)) {
            return Err(PutOff::new(provider, pace.due_in(patience, self.tat, now), false));
        }
        self.tat = self.tat.max(now).saturating_add(pace.interval);
        let wait = self.tat.saturating_sub(now + pace.interval + pace.tolerance);
        Ok(Pass { wait: Duration::from_micros(wait), after_failures })
    }

    /// How many microseconds no turn counts.
    fn held(&self, now: u64) -> u64 {
        let blocked = self.blocked_until.saturating_sub(now);
        match self.circuit().is_open() {
            true => self.open_until.saturating_sub(now).max(blocked),
            false => blocked,
        }
    }

    /// Whether this changes anything.
    fn block(&mut self, pace: Pace, until: u64) -> bool {
        if self.blocked_until >= until {
            return false;
        }
        self.blocked_until = until;
        self.tat = self.tat.max(until.saturating_add(pace.tolerance));
        true
    }
}

#[cfg(test)]
#[path = "local_turns/tests.rs"]
mod tests;
