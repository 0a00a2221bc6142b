//! When a comment may be edited, and how long other writers of it are waited for.

use super::{Feedback, INTERVAL, LONGEST_WAIT, MAKING};
use jiff::Timestamp;
use records::{Progress, RecordsError};
use std::time::Duration;

impl Feedback {
    /// How long another writer may still be creating the comment.
    pub(super) fn being_made(&self, progress: Option<&Progress>) -> Option<Duration> {
        let progress = progress.filter(|progress| progress.place.is_none())?;
        let now = self.clock.now();
        let since = now.duration_since(progress.edited_at).try_into().unwrap_or_default();
        Some(MAKING.saturating_sub(since)).filter(|wait| !wait.is_zero() && !progress.is_ahead_of(now))
    }

    /// Waits, up to a limit, until another writer has created the comment. If it has not, it failed, and the comment is created again.
    pub(super) async fn until_made(&self, execution: &str, mut left: Duration) -> Result<(), RecordsError> {
        while !left.is_zero() {
            let pause = left.min(INTERVAL);
            tokio::time::sleep(pause).await;
            left = left.saturating_sub(pause);
            if self.table.progress(execution).await?.is_none_or(|progress| progress.place.is_some()) {
                break;
            }
        }
        Ok(())
    }

    /// Waits after another edit, which was begun less than the interval before `now` or after the caller looked, at `seen_at`, until the next
    /// one may begin. The final text is only read again where the edit was begun after the look.
    pub(super) async fn until_next(
        &self,
        other: &Progress,
        is_final: bool,
        seen_at: Timestamp,
        now: Timestamp,
    ) {
        let is_since_look = seen_at < other.edited_at && other.edited_at <= now;
        if !(is_final && is_since_look) {
            // People should see this change, and nobody else may be there to show it later.
            tokio::time::sleep(self.until_allowed(other)).await;
        }
    }

    fn until_allowed(&self, progress: &Progress) -> Duration {
        until_next_to(progress.edited_at, self.clock.now())
    }
}

/// How long until the next edit after one that began at `edited_at`, by a clock that may be ahead of the one of `now`.
fn until_next_to(edited_at: Timestamp, now: Timestamp) -> Duration {
    let left = (edited_at + INTERVAL).duration_since(now);
    Duration::try_from(left).unwrap_or_default().min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_by_a_clock_that_is_ahead_is_waited_for() {
        let now = Timestamp::UNIX_EPOCH;
        let until = |milliseconds| {
            until_next_to(now + jiff::SignedDuration::from_millis(milliseconds), now).as_millis()
        };
        assert_eq!([-1_500, -1_000, -400, 0].map(until), [0, 0, 600, 1_000]);
        assert_eq!([2_000, 60_000].map(until), [3_000, 5_000]);
    }
}
