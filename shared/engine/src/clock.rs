//! Time as the engine sees it: injected, so that a test of a week's wait takes a millisecond.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// The clock of the engine.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Returns once `deadline` is reached. `activity` reports what the engine is doing in the meantime: a clock that
    /// skips time waits for it to be quiet first, so that no running function is overtaken.
    async fn sleep_until(&self, deadline: Timestamp, activity: &Activity);
}

/// How many executions the engine is advancing at this moment. Parked executions do not count.
#[derive(Clone, Debug)]
pub struct Activity(watch::Receiver<usize>);

impl Activity {
    pub(crate) fn new(receiver: watch::Receiver<usize>) -> Self {
        Self(receiver)
    }

    /// Whether nothing is running now.
    pub fn is_quiet(&self) -> bool {
        *self.0.borrow() == 0
    }

    /// Returns once no execution is being advanced and no function is running.
    pub async fn quiet(&self) {
        // The sender lives as long as the engine; once it is gone, nothing runs.
        let _ = self.0.clone().wait_for(|running| *running == 0).await;
    }
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// The longest single sleep. The wall clock may be set during a sleep, so it is checked this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep_until(&self, deadline: Timestamp, _activity: &Activity) {
        loop {
            match Duration::try_from(deadline.duration_since(Timestamp::now())) {
                Ok(left) if !left.is_zero() => tokio::time::sleep(left.min(LONGEST_SLEEP)).await,
                _ => return,
            }
        }
    }
}

/// A clock that never waits: whenever the engine has nothing left to do, time jumps to the next deadline.
///
/// It starts at the given time and moves only by such jumps and by [`SkippingClock::advance`].
#[derive(Debug)]
pub struct SkippingClock(Mutex<Timestamp>);

impl SkippingClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Mutex::new(start))
    }

    /// Moves the clock forward by `by`.
    pub fn advance(&self, by: Duration) {
        let now = self.now();
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        self.jump(now.checked_add(by).unwrap_or(Timestamp::MAX));
    }

    fn jump(&self, to: Timestamp) {
        let mut now = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *now = to.max(*now);
    }
}

#[async_trait]
impl Clock for SkippingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    async fn sleep_until(&self, deadline: Timestamp, activity: &Activity) {
        loop {
            activity.quiet().await;
            // The last one to fall quiet may have set an earlier deadline; its notice goes first.
            tokio::task::yield_now().await;
            if activity.is_quiet() {
                break self.jump(deadline);
            }
        }
    }
}
