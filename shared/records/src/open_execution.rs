//! Open executions: parked and going on, and found by the sweeper when their check is due.

use crate::error::RecordsError;
use crate::execution::ExecutionRecord;
use crate::item::{attribute, moment, number, text};
use crate::keys;
use crate::table::Table;
use crate::write::Update;
use domain::execution::Outcome;
use jiff::{SignedDuration, Timestamp};

/// The first check comes this long after the beginning.
pub(crate) const FIRST_CHECK: SignedDuration = SignedDuration::from_mins(1);
/// A parked execution is looked at once a day.
const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Table {
    /// Records that a running execution is parked on a question; the sweeper looks at it daily.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when it was never begun.
    pub async fn mark_waiting(&self, name: &str, now: Timestamp) -> Result<(), RecordsError> {
        self.move_between(name, Outcome::Running, Outcome::Waiting, now + DAY).await
    }

    /// Records that a parked execution goes on.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when it was never begun.
    pub async fn mark_running(&self, name: &str, now: Timestamp) -> Result<(), RecordsError> {
        self.move_between(name, Outcome::Waiting, Outcome::Running, now + FIRST_CHECK).await
    }

    async fn move_between(
        &self,
        name: &str,
        from: Outcome,
        to: Outcome,
        check_at: Timestamp,
    ) -> Result<(), RecordsError> {
        let update = Update::new(
            keys::execution(name),
            "SET #outcome = :to, #check_at = :check_at, #checks = :none, #gsi1sk = :due",
        )
        .condition("#outcome = :from")
        .value(":from", text(from.as_str()))
        .value(":to", text(to.as_str()))
        .value(":check_at", moment(check_at))
        .value(":due", text(keys::open_since(check_at, name)))
        .value(":none", number(0));
        self.unless_elsewhere(name, "change an execution's outcome", update).await
    }

    /// Open executions whose check is due, the longest due first, at most `limit` (up to 100).
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn open_due(&self, now: Timestamp, limit: usize) -> Result<Vec<ExecutionRecord>, RecordsError> {
        let page = self
            .client
            .query()
            .table_name(&*self.name)
            .index_name(keys::GSI1)
            .key_condition_expression("gsi1pk = :open AND gsi1sk < :now")
            .expression_attribute_values(":open", text(keys::OPEN))
            // `~` sorts behind the separator: what is due at this very moment is included.
            .expression_attribute_values(":now", text(keys::open_since(now, "~")))
            .limit(i32::try_from(limit.min(100)).unwrap_or(100))
            .send()
            .await
            .map_err(|error| RecordsError::from_sdk("query the open executions", &error))?;
        let names: Vec<String> = page
            .items
            .unwrap_or_default()
            .iter()
            .filter_map(|item| attribute(item, keys::PK)?.strip_prefix("EXECUTION#").map(str::to_owned))
            .collect();
        let mut due = self.executions_named(names).await?;
        // The index follows the table with a delay.
        due.retain(|execution| execution.check_at.is_some_and(|check_at| check_at <= now));
        Ok(due)
    }

    /// Puts the next check off: after a minute, then doubling to an hour; parked executions daily. An execution that has
    /// ended meanwhile is left alone.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn postpone_check(
        &self,
        execution: &ExecutionRecord,
        now: Timestamp,
    ) -> Result<(), RecordsError> {
        let check_at = now + execution.next_check_after();
        let update = Update::new(
            keys::execution(&execution.name),
            "SET #check_at = :check_at, #gsi1sk = :due ADD #checks :one",
        )
        .condition("attribute_exists(#check_at) AND #checks = :seen")
        .value(":check_at", moment(check_at))
        .value(":due", text(keys::open_since(check_at, &execution.name)))
        .value(":seen", number(execution.checks))
        .value(":one", number(1));
        self.unless_elsewhere(&execution.name, "put off a check", update).await
    }
}

impl ExecutionRecord {
    fn next_check_after(&self) -> SignedDuration {
        if self.outcome == Outcome::Waiting {
            return DAY;
        }
        // The first check came a minute after the beginning; 2^6 minutes are over an hour already.
        SignedDuration::from_mins(60.min(1 << self.checks.saturating_add(1).min(6)))
    }
}
