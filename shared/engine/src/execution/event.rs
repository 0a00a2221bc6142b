//! The events of an execution: the entries of its log.
//!
//! The log is the history that `GetExecutionHistory` shows, with Step Functions' own event types, and a few
//! private entries (with no id) for facts that a restart needs and AWS's history does not contain.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One entry of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Event {
    /// The number that the history shows, from 1; 0 for private entries.
    pub(crate) id: u64,
    /// The public entry that led to this one.
    pub(crate) previous: u64,
    pub(crate) at: Timestamp,
    /// Where it happened: the indexes of branches and iterations from the outside in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) branch: Vec<usize>,
    #[serde(flatten)]
    pub(crate) what: What,
}

/// An error name and a cause; a Fail state may omit either.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<String>,
    /// The `States.Timeout` of a task whose heartbeat stopped, which `States.HeartbeatTimeout` names as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) missed_heartbeat: bool,
}

impl Failure {
    pub(crate) fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { error: Some(error.into()), cause: Some(cause.into()), missed_heartbeat: false }
    }

    /// The failure of a task that ran too long, or whose heartbeat stopped. AWS calls both `States.Timeout` wherever it
    /// tells of them.
    pub(crate) fn timeout(missed_heartbeat: bool) -> Self {
        Self { error: Some("States.Timeout".to_owned()), cause: None, missed_heartbeat }
    }

    /// The name that `ErrorEquals` is compared with.
    pub(crate) fn name(&self) -> &str {
        self.error.as_deref().unwrap_or_default()
    }

    /// Whether the state machine itself is wrong. AWS then reports only the execution's failure.
    pub(crate) fn is_of_machine(&self) -> bool {
        self.name() == "States.Runtime"
    }
}

/// How history events name the resource of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Label {
    pub(crate) service: String,
    pub(crate) action: String,
    /// The ARN, if the resource is a function itself; its events have different names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) function: Option<String>,
}

/// The content of an entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
pub(crate) enum What {
    ExecutionStarted {
        input: Value,
    },
    ExecutionSucceeded {
        output: Value,
    },
    ExecutionFailed(Failure),
    ExecutionTimedOut(Failure),
    ExecutionAborted(Failure),
    /// Goes on with what failed or was stopped.
    ExecutionRedriven {
        count: u64,
        /// Identifies a repeated request to the caller.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_token: Option<String>,
    },
    StateEntered {
        kind: String,
        name: String,
        input: Value,
    },
    StateExited {
        kind: String,
        name: String,
        output: Value,
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        assigned: Map<String, Value>,
        /// The state that follows; without one the flow ends.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    },
    /// The state was not left when the execution, or the Parallel or Map around it, came to its end.
    StateAborted {
        kind: String,
    },
    TaskScheduled {
        label: Label,
        parameters: Value,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heartbeat: Option<u64>,
        /// The role under `Credentials`, which is not assumed here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role_arn: Option<String>,
    },
    TaskStarted {
        label: Label,
    },
    TaskSubmitted {
        label: Label,
        output: Value,
    },
    TaskSucceeded {
        label: Label,
        output: Value,
    },
    TaskFailed {
        label: Label,
        #[serde(flatten)]
        failure: Failure,
    },
    TaskTimedOut {
        label: Label,
        #[serde(flatten)]
        failure: Failure,
    },
    EvaluationFailed {
        state: String,
        /// The field, if an expression of a field is at fault.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<String>,
        #[serde(flatten)]
        failure: Failure,
    },
    ParallelStateStarted {
        /// What every branch gets.
        input: Value,
    },
    ParallelStateSucceeded,
    ParallelStateFailed,
    MapStateStarted {
        items: Vec<Value>,
        concurrency: usize,
    },
    MapIterationStarted {
        name: String,
        index: usize,
        /// The item, or the selector's result.
        input: Value,
    },
    MapIterationSucceeded {
        name: String,
        index: usize,
    },
    MapIterationFailed {
        name: String,
        index: usize,
    },
    MapIterationAborted {
        name: String,
        index: usize,
    },
    MapStateSucceeded,
    MapStateFailed,
    /// Private: the state failed in a way that no public entry records.
    StateFailed(Failure),
    /// Private: nothing caught the failure, so the branch has failed.
    BranchFailed(Failure),
    /// Private: the state runs again at `until`.
    RetryScheduled {
        retrier: usize,
        until: Timestamp,
    },
    /// Private: until when a Wait state waits.
    WaitScheduled {
        until: Timestamp,
    },
    /// Private: the holder of the task token is alive.
    Heartbeat,
}

impl What {
    /// Whether the history shows it.
    pub(crate) fn is_public(&self) -> bool {
        !matches!(
            self,
            Self::StateFailed(_)
                | Self::BranchFailed(_)
                | Self::RetryScheduled { .. }
                | Self::WaitScheduled { .. }
                | Self::Heartbeat
        )
    }
}
