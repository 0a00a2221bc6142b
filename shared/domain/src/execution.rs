//! Executions: their names, inputs, the payload of each step's function, and outcomes.

use crate::event::{Actor, SourceName};
use crate::grant::Grant;
use crate::scope::Scope;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::fmt;

/// The version of [`TaskPayload`], which parked executions carry across deployments.
pub const PAYLOAD_VERSION: u32 = 2;

/// The version of payloads that executions send which began before runs were admitted; see [`Grant`].
pub const PAYLOAD_VERSION_BEFORE_ADMISSION: u32 = 1;

/// The workflow that takes back a run's effects. Every folder of workflows has it: its own, or else the shipped one.
pub const UNDO_WORKFLOW: &str = "undo";

/// Names an execution after its delivery, so that the same delivery can start only one:
/// `<source>-<task>-<32 hex of sha256(delivery)>`. Illegal characters of the task become `-`; the whole has at most 80
/// characters, as Step Functions demands:
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>.
pub fn execution_name(source: &SourceName, task_id: Option<&str>, delivery: &str) -> String {
    let digest = hex::encode(Sha256::digest(delivery.as_bytes()));
    let task: String = task_id
        .unwrap_or("none")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' })
        .take(80 - 34 - source.as_str().len())
        .collect();
    format!("{source}-{task}-{}", &digest[..32])
}

/// The name of an execution: the part of its ARN after the last colon.
pub fn execution_of(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// The input of an execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExecutionInput {
    /// The workflow's inputs, complete and checked.
    pub inputs: Map<String, Value>,
    /// The fields of the event that started it.
    #[serde(default)]
    pub event: Map<String, Value>,
    /// The key of the project in the configuration.
    pub project: Option<String>,
    /// The person who started it.
    pub actor: Option<Actor>,
    /// The run that it belongs to, if it did not begin one.
    #[serde(default)]
    pub parent: Option<Parent>,
    /// Why it may run, if that was known when it was started; otherwise, its first state asks the code host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    /// The limits of the machine token with which it was started; absent for anybody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Scope>,
}

impl ExecutionInput {
    /// The input of an execution without an event or a parent execution, to which nothing is granted yet.
    pub fn new(inputs: Map<String, Value>, project: Option<String>, actor: Option<Actor>) -> Self {
        Self { inputs, event: Map::new(), project, actor, parent: None, grant: None, token: None }
    }

    /// The same, granted.
    #[must_use]
    pub fn granted(self, grant: Grant) -> Self {
        Self { grant: Some(grant), ..self }
    }
}

/// The run that an execution belongs to, because another execution started it as one of its steps or because it continues another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// The outermost execution's ARN, under which all effects of the run are recorded.
    pub run: String,
    /// The prefix of its steps' keys: the key of the step that started it; for a redrive, the same prefix as the execution
    /// that it continues.
    pub at: String,
    /// [`PAYLOAD_VERSION`] of the compiler that wrote the parent's definition; absent for one of before there were admissions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub v: Option<u32>,
}

/// The payload that a state machine sends to an action's function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskPayload {
    /// [`PAYLOAD_VERSION`] of the compiler that wrote the definition.
    pub v: u32,
    /// The outermost execution's ARN.
    pub run: String,
    /// Run, state name and loop indexes: the idempotency key of this step's effect.
    pub key: String,
    /// The key of the project in the configuration.
    pub project: Option<String>,
    /// The person who started the execution.
    pub actor: Option<Actor>,
    /// The action's input.
    pub input: Value,
    /// The task token, for actions that park.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_token: Option<String>,
    /// Whether it is an error if the project leaves the action's plugin type unset (`required: true`); otherwise, the step is
    /// skipped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The step's own `rollback:`, which takes the place of the action's inverse; see [`Inverse::with_output`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inverse: Option<Inverse>,
}

impl Parent {
    /// That an execution continues the run, so that its steps have the keys of the execution that began it.
    pub fn continuing(run: &str) -> Self {
        Self { run: run.to_owned(), at: run.to_owned(), v: Some(PAYLOAD_VERSION) }
    }
}

impl TaskPayload {
    /// The run that must have been admitted before an action does this; `None` for an execution that began before runs were.
    pub fn admission_needed(&self) -> Option<&str> {
        (self.v != PAYLOAD_VERSION_BEFORE_ADMISSION).then_some(self.run.as_str())
    }

    /// The name of the execution that began the run.
    pub fn execution(&self) -> &str {
        execution_of(&self.run)
    }

    /// The state's name with its loop indexes: the part of the key after the run, even if the key is that of another run, whose
    /// effects are taken back. No ARN of an execution has a slash.
    pub fn state(&self) -> &str {
        match self.key.strip_prefix(&self.run) {
            Some(rest) => rest.trim_start_matches([':', '/']),
            None => self.key.split_once('/').map_or(&self.key, |(_, state)| state),
        }
    }
}

/// The outcome of an execution, in our terms. Step Functions' five words are its *status*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Accepted, not started yet.
    Pending,
    /// Running.
    Running,
    /// Parked on a question.
    Waiting,
    /// Done.
    Succeeded,
    /// Failed, with a reason.
    Failed,
    /// Failed, and its effects were taken back.
    RolledBack,
    /// Stopped by a person.
    Stopped,
}

impl Outcome {
    /// The name in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
            Self::Stopped => "stopped",
        }
    }

    /// Whether nothing more will happen.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::RolledBack | Self::Stopped)
    }

    /// The outcome for Step Functions' status and error name. A rollback ends in the state `RolledBack`, whose error is `RolledBack`.
    pub fn from_status(status: &str, error: Option<&str>) -> Self {
        match (status, error) {
            ("SUCCEEDED", _) => Self::Succeeded,
            ("RUNNING" | "PENDING_REDRIVE", _) => Self::Running,
            ("ABORTED", _) => Self::Stopped,
            (_, Some("RolledBack")) => Self::RolledBack,
            _ => Self::Failed,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The inverse of an effect: an action and its input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Inverse {
    /// The action to call.
    pub action: crate::ActionId,
    /// Its input.
    pub input: Value,
}

impl Inverse {
    /// The inverse with every `{"$output": "path.to.field"}` in its input replaced by that field of the action's output, and
    /// by `null` if the output has none. That is how a step's own `rollback:` refers to its action's output.
    pub fn with_output(&self, output: &Value) -> Self {
        Self { action: self.action.clone(), input: with_output(&self.input, output) }
    }
}

fn with_output(template: &Value, output: &Value) -> Value {
    match template {
        Value::Object(fields) => match (fields.len(), fields.get("$output").and_then(Value::as_str)) {
            (1, Some(path)) => path.split('.').fold(output, |value, field| &value[field]).clone(),
            _ => Value::Object(
                fields.iter().map(|(name, value)| (name.clone(), with_output(value, output))).collect(),
            ),
        },
        Value::Array(items) => items.iter().map(|item| with_output(item, output)).collect(),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_legal_and_follow_the_delivery() {
        let name = execution_name(
            &SourceName::from_static("github"),
            Some("acme/a-very-long-repository-name-that-goes-on-and-on-and-on#12"),
            "d1",
        );
        assert!(name.len() <= 80, "{name}");
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
        assert_eq!(
            name,
            execution_name(
                &SourceName::from_static("github"),
                Some("acme/a-very-long-repository-name-that-goes-on-and-on-and-on#12"),
                "d1"
            )
        );
        assert_ne!(
            execution_name(&SourceName::from_static("jira"), Some("SHOP-1"), "a"),
            execution_name(&SourceName::from_static("jira"), Some("SHOP-1"), "b")
        );
    }

    #[test]
    fn payload_knows_its_execution_and_state() {
        let payload = TaskPayload {
            v: 1,
            run: "arn:aws:states:us-east-1:000000000000:execution:development:jira-SHOP-1-ab".into(),
            key: "arn:aws:states:us-east-1:000000000000:execution:development:jira-SHOP-1-ab/CreateBranch.0"
                .into(),
            project: None,
            actor: None,
            input: Value::Null,
            task_token: None,
            required: false,
            inverse: None,
        };
        assert_eq!(payload.execution(), "jira-SHOP-1-ab");
        assert_eq!(payload.state(), "CreateBranch.0");
        let undo = TaskPayload {
            run: "arn:aws:states:us-east-1:000000000000:execution:undo:slack-SHOP-1-cd".into(),
            key: format!("{}/undo", payload.key),
            ..payload
        };
        assert_eq!((undo.execution(), undo.state()), ("slack-SHOP-1-cd", "CreateBranch.0/undo"));
    }

    #[test]
    fn an_inverse_takes_fields_of_the_output() {
        let inverse = Inverse {
            action: crate::ActionId::literal("close_pull_request"),
            input: serde_json::json!({"number": {"$output": "pr.number"}, "repository": "acme/shop", "gone": {"$output": "a.b"}}),
        };
        let filled = inverse.with_output(&serde_json::json!({"pr": {"number": 7}}));
        assert_eq!(filled.input, serde_json::json!({"number": 7, "repository": "acme/shop", "gone": null}));
    }
}
