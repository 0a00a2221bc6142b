//! `await_budget`: parks an execution on a task token until a limit is raised or a person decides.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Why it waits: the message of the error.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Always true: an execution that is refused ends with the error `BudgetExceeded`.
    pub resumed: bool,
}
