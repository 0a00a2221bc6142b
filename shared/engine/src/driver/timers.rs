//! When each execution must be woken: all that is kept in memory of an execution that only waits.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::lock::lock;

/// One entry per waiting execution.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    entries: Mutex<Entries>,
    pub(super) changed: Notify,
}

#[derive(Debug, Default)]
struct Entries {
    by_time: BTreeSet<(Timestamp, i64)>,
    by_execution: HashMap<i64, Timestamp>,
}

impl Timers {
    /// Sets or clears when an execution is woken.
    pub(crate) fn set(&self, execution: i64, at: Option<Timestamp>) {
        let mut entries = lock(&self.entries);
        let before = match at {
            Some(at) => entries.by_execution.insert(execution, at),
            None => entries.by_execution.remove(&execution),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            entries.by_time.remove(&(before, execution));
        }
        entries.by_time.extend(at.map(|at| (at, execution)));
        self.changed.notify_one();
    }

    /// When the next execution is woken.
    pub(super) fn next(&self) -> Option<Timestamp> {
        lock(&self.entries).by_time.first().map(|(at, _)| *at)
    }

    /// Takes out the executions whose time has come.
    pub(super) fn take_due(&self, now: Timestamp) -> Vec<i64> {
        let mut entries = lock(&self.entries);
        let mut due = Vec::new();
        while let Some((at, execution)) = entries.by_time.first().copied().filter(|(at, _)| *at <= now) {
            entries.by_time.remove(&(at, execution));
            entries.by_execution.remove(&execution);
            due.push(execution);
        }
        due
    }
}
