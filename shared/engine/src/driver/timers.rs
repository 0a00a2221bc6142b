//! When which execution must be woken: all that is kept in memory of an execution that only waits.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::clock::Activity;
use crate::engine::{Inner, lock};

/// One entry per waiting execution.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    entries: Mutex<Entries>,
    changed: Notify,
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

    fn next(&self) -> Option<Timestamp> {
        lock(&self.entries).by_time.first().map(|(at, _)| *at)
    }

    fn take_due(&self, now: Timestamp) -> Vec<i64> {
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

impl Inner {
    /// Wakes executions at their times, until the engine stops.
    pub(crate) async fn run_timers(self: Arc<Self>) {
        let activity = Activity::new(self.running.subscribe());
        let mut stopping = self.stopping.subscribe();
        loop {
            let slept = async {
                match self.timers.next() {
                    Some(deadline) => self.clock.sleep_until(deadline, &activity).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // A change comes first: the deadline slept for may not be the next any more.
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                () = self.timers.changed.notified() => {}
                () = slept => {
                    for execution in self.timers.take_due(self.clock.now()) {
                        self.wake(execution);
                    }
                }
            }
        }
    }
}
