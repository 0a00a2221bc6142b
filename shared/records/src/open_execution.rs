//! Open executions: parked and going on, and found by the sweeper when their check is due.

use crate::error::RecordsError;
use crate::execution_record::{ExecutionRecord, FIRST_CHECK};
use crate::item::{attribute, from_item, moment, number, text, to_item};
use crate::table::Table;
use crate::update::Update;
use crate::{keys, retention};
use aws_sdk_dynamodb::operation::query::QueryInput;
use domain::execution::Outcome;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

const QUESTION_LIMIT: usize = 2000;
/// A parked execution is first looked at after ten minutes.
const FIRST_CHECK_OF_PARKED: SignedDuration = SignedDuration::from_mins(10);

/// The requester; the execution's record is authoritative.
#[derive(Serialize)]
struct StopRequest<'a> {
    by: &'a str,
}

impl Table {
    /// Records that a running execution is parked on a question (for people, cut after 2,000 characters); the sweeper
    /// checks it after ten minutes, then less and less often, down to once an hour. One that is already parked gets the newer question.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when it was never begun.
    pub async fn mark_waiting(&self, name: &str, question: &str, now: Timestamp) -> Result<(), RecordsError> {
        let question: String = question.chars().take(QUESTION_LIMIT).collect();
        let update =
            open_update(name, now + FIRST_CHECK_OF_PARKED, "SET #outcome = :waiting, #question = :question")
                .condition("#outcome IN (:running, :waiting)")
                .value(":running", text(Outcome::Running.as_str()))
                .value(":waiting", text(Outcome::Waiting.as_str()))
                .value(":question", text(question));
        self.unless_elsewhere(name, "park an execution", update).await
    }

    /// Records that a parked execution continues.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when it was never begun.
    pub async fn mark_running(&self, name: &str, now: Timestamp) -> Result<(), RecordsError> {
        let update = open_update(name, now + FIRST_CHECK, "REMOVE #question SET #outcome = :running")
            .condition("#outcome = :waiting")
            .value(":running", text(Outcome::Running.as_str()))
            .value(":waiting", text(Outcome::Waiting.as_str()));
        self.unless_elsewhere(name, "let an execution go on", update).await
    }

    /// Records that a person asked to stop an open execution: in its own record, and in a separate item, whose change does not
    /// wait behind changes of steps in the table's stream. The listener on the stream stops it. Returns whether it was open.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when it was never begun.
    pub async fn request_stop(&self, name: &str, by: &str) -> Result<bool, RecordsError> {
        let update = Update::new(keys::execution(name), "SET #stop_requested_by = :by")
            .condition("attribute_exists(#check_at)")
            .value(":by", text(by));
        match self.update("ask for an execution to be stopped", update).await? {
            Ok(item) => {
                let begun_at = from_item::<ExecutionRecord>(item)?.begun_at;
                let expires_at = retention::expires_at(begun_at, retention::LISTED);
                let request = to_item(&StopRequest { by }, keys::stop(name), Some(expires_at))?;
                // Without a condition nothing can refuse it.
                let _ = self.put("tell of the request to stop", request, None).await?;
                Ok(true)
            }
            Err(refused) if refused.item.is_some() => Ok(false),
            Err(_) => Err(RecordsError::Missing(format!("execution `{name}`"))),
        }
    }

    /// Open executions whose check is due, the longest due first, at most `limit` (up to 100).
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn open_due(&self, now: Timestamp, limit: usize) -> Result<Vec<ExecutionRecord>, RecordsError> {
        let page = self
            .query_page(
                "query the open executions",
                QueryInput::builder()
                    .index_name(keys::GSI1)
                    .key_condition_expression("gsi1pk = :open AND gsi1sk < :now")
                    .expression_attribute_values(":open", text(keys::OPEN))
                    // `~` sorts after the separator, so executions due at this moment are included.
                    .expression_attribute_values(":now", text(keys::open_since(now, "~")))
                    .limit(i32::try_from(limit.min(100)).unwrap_or(100)),
            )
            .await?;
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

    /// Postpones the next check: by a minute, then doubling to an hour; for parked executions by ten minutes, then doubling. An execution that has
    /// since ended is left alone.
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

/// A change of an open execution that puts its next check at `check_at`.
fn open_update(name: &str, check_at: Timestamp, update: &str) -> Update {
    let update = format!("{update}, #check_at = :check_at, #checks = :none, #gsi1sk = :due");
    Update::new(keys::execution(name), update)
        .value(":check_at", moment(check_at))
        .value(":due", text(keys::open_since(check_at, name)))
        .value(":none", number(0))
}

impl ExecutionRecord {
    fn next_check_after(&self) -> SignedDuration {
        if self.outcome == Outcome::Waiting {
            return SignedDuration::from_mins(60.min(10 << self.checks.saturating_add(1).min(3)));
        }
        // The first check came a minute after the beginning; 2^6 minutes are over an hour already.
        SignedDuration::from_mins(60.min(1 << self.checks.saturating_add(1).min(6)))
    }
}
