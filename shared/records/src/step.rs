//! Steps: the result and times of each state of an execution. The dispatcher writes them; feedback and the command line read them.
//! A step's cost is only in the cost records.

use crate::error::RecordsError;
use crate::item::{from_item, moment, number, text};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::update::Update;
use domain::ActionId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The status of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Its action is at work, or waits for its next attempt.
    Running,
    /// Done.
    Succeeded,
    /// Ended with an error; a further attempt makes it running again.
    Failed,
    /// Not done, with the reason as its cause.
    Skipped,
}

impl StepStatus {
    /// The name in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for StepStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One step of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// The execution's name.
    pub execution: String,
    /// The state's name with its loop indexes, by [`domain::execution::TaskPayload::state`].
    pub state: String,
    /// The called action.
    pub action: ActionId,
    /// Its status.
    pub status: StepStatus,
    /// How often it was started.
    pub attempts: u32,
    /// When it was first started.
    #[serde(with = "timestamp")]
    pub started_at: Timestamp,
    /// When its last attempt ended; absent while one is running.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub ended_at: Option<Timestamp>,
    /// The error's name, if the last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why it failed or was skipped, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// How an attempt of a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepEnd {
    /// Any but running.
    pub status: StepStatus,
    /// The error's name.
    pub error: Option<String>,
    /// The reason, for people; cut after 2 Ki characters.
    pub cause: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A longer cause is cut, in characters.
const CAUSE_LIMIT: usize = 2 * 1024;

/// What changes in a step's record when an attempt of it starts.
pub(crate) const STARTED: &str = "SET #execution = :execution, #state = :state, #action = :action, #status = :running, \
    #started_at = if_not_exists(#started_at, :at), #expires_at = :expires_at REMOVE #ended_at, #error, #cause ADD #attempts :one";

impl Table {
    /// Records that an attempt of a step has started: the first creates the record, a further one counts.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn start_step(
        &self,
        execution: &str,
        state: &str,
        action: &ActionId,
        at: Timestamp,
    ) -> Result<StepRecord, RecordsError> {
        let update = Update::new(keys::step(execution, state), STARTED)
            .value(":execution", text(execution))
            .value(":state", text(state))
            .value(":action", text(action.as_str()))
            .value(":running", text(StepStatus::Running.as_str()))
            .value(":at", moment(at))
            .value(":expires_at", number(retention::expires_at(at, retention::EXECUTION)))
            .value(":one", number(1));
        match self.update("record the start of a step", update).await? {
            Ok(item) => from_item(item),
            Err(_) => Err(RecordsError::Corrupt("an unconditional write was refused".into())),
        }
    }

    /// Records how an attempt of a step ended.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when it was never started.
    pub async fn finish_step(
        &self,
        execution: &str,
        state: &str,
        end: &StepEnd,
    ) -> Result<StepRecord, RecordsError> {
        match self
            .update("record the end of a step", ended(execution, state, end, "attribute_exists(#pk)"))
            .await?
        {
            Ok(item) => from_item(item),
            Err(_) => Err(RecordsError::Missing(format!("step `{state}` of execution `{execution}`"))),
        }
    }

    /// Ends every step of an execution that is still running; for executions that ended without their functions being notified of
    /// it. Gives how many there were.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer; then some may be closed.
    pub async fn close_open_steps(&self, execution: &str, end: &StepEnd) -> Result<usize, RecordsError> {
        let mut closed = 0;
        for step in self.steps(execution).await? {
            if step.status != StepStatus::Running {
                continue;
            }
            let update = ended(execution, &step.state, end, "#status = :running")
                .value(":running", text(StepStatus::Running.as_str()));
            if self.update("close a step", update).await?.is_ok() {
                closed += 1;
            }
        }
        Ok(closed)
    }

    /// Every step of an execution, in the order in which they were first started.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn steps(&self, execution: &str) -> Result<Vec<StepRecord>, RecordsError> {
        let items = self.query(keys::execution_partition(execution), keys::STEP).await?;
        let mut steps = items.into_iter().map(from_item).collect::<Result<Vec<StepRecord>, _>>()?;
        in_order(&mut steps);
        Ok(steps)
    }
}

pub(crate) fn in_order(steps: &mut [StepRecord]) {
    steps.sort_by(|a, b| (a.started_at, &a.state).cmp(&(b.started_at, &b.state)));
}

fn ended(execution: &str, state: &str, end: &StepEnd, condition: &str) -> Update {
    let mut set = "SET #status = :status, #ended_at = :at".to_owned();
    let mut remove = Vec::new();
    let cause = end.cause.as_ref().map(|cause| cause.chars().take(CAUSE_LIMIT).collect::<String>());
    let mut values = Vec::new();
    for (name, value) in [("error", end.error.clone()), ("cause", cause)] {
        match value {
            Some(value) => {
                set.push_str(&format!(", #{name} = :{name}"));
                values.push((format!(":{name}"), text(value)));
            }
            None => remove.push(format!("#{name}")),
        }
    }
    if !remove.is_empty() {
        set.push_str(&format!(" REMOVE {}", remove.join(", ")));
    }
    let mut update = Update::new(keys::step(execution, state), set)
        .condition(condition)
        .value(":status", text(end.status.as_str()))
        .value(":at", moment(end.at));
    for (placeholder, value) in values {
        update = update.value(&placeholder, value);
    }
    update
}
