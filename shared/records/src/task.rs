//! Tasks: our records of tickets, each with the execution that is at work on it.

use crate::error::RecordsError;
use crate::item::from_item;
use crate::keys;
use crate::table::Table;
use crate::timestamp;
use domain::execution::Outcome;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Our record of one ticket. The ticket's text stays in the tracker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRecord {
    /// The tracker's key: `SHOP-1`, `owner/name#12`.
    pub task_id: String,
    /// The project's key in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The execution that has claimed the task and has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_execution: Option<String>,
    /// The execution that was begun last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_execution: Option<String>,
    /// The outcome of the execution that claimed the task last. Absent if none has claimed it since outcomes are recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<TaskState>,
    /// When the first execution was begun.
    #[serde(with = "timestamp")]
    pub created_at: Timestamp,
    /// When the latest execution was begun.
    #[serde(with = "timestamp")]
    pub updated_at: Timestamp,
}

/// Where the work on a ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// An execution has claimed it, and has not ended.
    AtWork,
    /// The last one succeeded.
    Succeeded,
    /// The last one failed.
    Failed,
    /// The last one failed, and its effects were taken back.
    RolledBack,
    /// The last one was stopped.
    Stopped,
}

impl TaskState {
    /// The state after an execution with this outcome.
    pub fn after(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Pending | Outcome::Running | Outcome::Waiting => Self::AtWork,
            Outcome::Succeeded => Self::Succeeded,
            Outcome::Failed => Self::Failed,
            Outcome::RolledBack => Self::RolledBack,
            Outcome::Stopped => Self::Stopped,
        }
    }

    /// The name in records and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtWork => "at_work",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
            Self::Stopped => "stopped",
        }
    }
}

impl Table {
    /// One task; `None` when no execution was ever started for it.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn task(&self, task_id: &str) -> Result<Option<TaskRecord>, RecordsError> {
        self.get(keys::task(task_id)).await?.map(from_item).transpose()
    }
}
