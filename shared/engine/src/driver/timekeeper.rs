//! The task that wakes executions at their times.

use std::sync::Arc;

use crate::clock::Activity;
use crate::engine::Inner;

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
                // A change comes first: it may replace the deadline.
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
