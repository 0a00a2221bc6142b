//! Lists of executions, newest first.

use crate::error::RecordsError;
use crate::execution_record::ExecutionRecord;
use crate::item::attribute;
use crate::keys;
use crate::table::Table;
use crate::timestamp::{fixed_width, month};
use jiff::{SignedDuration, Timestamp};

/// The most executions one list returns.
pub const LIST_LIMIT: usize = 100;

impl Table {
    /// Executions of a task, newest first: those begun before `before`, at most `limit` (up to [`LIST_LIMIT`]).
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn executions_of_task(
        &self,
        task_id: &str,
        before: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<ExecutionRecord>, RecordsError> {
        self.listed(keys::task_partition(task_id), before, limit).await
    }

    /// Everybody's newest executions; as [`Table::recent_executions_before`] without an end.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn recent_executions(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<ExecutionRecord>, RecordsError> {
        self.recent_executions_before(now, None, limit).await
    }

    /// Everybody's executions, newest first, begun in the calendar month (UTC) of `now` or the one before it, and before `before`; at most
    /// `limit` (up to [`LIST_LIMIT`]).
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn recent_executions_before(
        &self,
        now: Timestamp,
        before: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<ExecutionRecord>, RecordsError> {
        let limit = limit.min(LIST_LIMIT);
        let this_month = month(now);
        let mut recent = self.listed(keys::month_partition(&this_month), before, limit).await?;
        if recent.len() < limit {
            let month_before = month(now - SignedDuration::from_hours(24 * day_of_month(now)));
            let rest = limit - recent.len();
            recent.extend(self.listed(keys::month_partition(&month_before), before, rest).await?);
        }
        Ok(recent)
    }

    async fn listed(
        &self,
        partition: String,
        before: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<ExecutionRecord>, RecordsError> {
        let pointers = self
            .query_newest(
                partition,
                keys::LISTED_EXECUTION,
                before.map(fixed_width),
                limit.clamp(1, LIST_LIMIT),
            )
            .await?;
        let names = pointers.iter().filter_map(|item| attribute(item, "name").map(str::to_owned)).collect();
        self.executions_named(names).await
    }
}

/// 1 to 31: so many days back lies in the month before.
fn day_of_month(at: Timestamp) -> i64 {
    i64::from(at.to_zoned(jiff::tz::TimeZone::UTC).day())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_month_before_is_found_from_any_day() {
        for (now, before) in [
            ("2026-11-01T00:00:00Z", "2026-10"),
            ("2026-03-31T23:59:59Z", "2026-02"),
            ("2026-01-15T12:00:00Z", "2025-12"),
        ] {
            let now: Timestamp = now.parse().unwrap();
            let then = now - SignedDuration::from_hours(24 * day_of_month(now));
            assert_eq!(month(then), before);
        }
    }
}
