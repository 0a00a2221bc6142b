//! When a comment may be edited, and how long other writers of it are waited for.

use super::{Feedback, INTERVAL, LONGEST_WAIT, MAKING};
use jiff::Timestamp;
use records::{Progress, RecordsError};
use std::time::Duration;

impl Feedback {
    /// How long another writer may still be creating the comment.
    pub(super) fn being_made(&self, progress: Option<&Progress>) -> Option<Duration> {
        let progress = progress.filter(|progress| progress.place.is_none())?;
        let since = self.clock.now().duration_since(progress.edited_at).try_into().unwrap_or_default();
        Some(MAKING.saturating_sub(since)).filter(|wait| !wait.is_zero())
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
            tokio::time::sleep(self.until_allowed(other)).await;
        }
    }

    fn until_allowed(&self, progress: &Progress) -> Duration {
        let since = self.clock.now().duration_since(progress.edited_at);
        INTERVAL.saturating_sub(since.try_into().unwrap_or_default()).min(LONGEST_WAIT)
    }
}
