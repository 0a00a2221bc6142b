//! `await_budget`: parks an execution on a task token until a limit is raised or a person decides.

use crate::scope::Scope;
use domain::{ActionError, Clock};
use records::{Table, Waiter};
use schemars::JsonSchema;
use secrecy::SecretString;
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
    /// True once it goes on: an execution that is refused ends with the error `BudgetExceeded`.
    pub resumed: bool,
}

/// What an execution of this account waits for: whoever raises the limit lets it go on.
pub fn topic(account: &str) -> String {
    format!("budget/{account}")
}

/// Records the token and that the execution waits. The step itself goes on when the token is answered.
///
/// # Errors
/// `Internal` when the state machine gave no token; the table's errors.
pub async fn run(
    table: &Table,
    clock: &dyn Clock,
    scope: &Scope,
    key: &str,
    token: Option<SecretString>,
    input: Input,
) -> Result<Output, ActionError> {
    let token = token.ok_or_else(|| {
        ActionError::internal(
            "await_budget was called without a task token; use lambda:invoke.waitForTaskToken",
        )
    })?;
    let now = clock.now();
    let account = scope.account();
    let reason = input.reason.unwrap_or_default();
    tracing::info!(
        execution = scope.execution,
        account,
        reason,
        "the execution waits for a limit to be raised"
    );
    let waiter = Waiter {
        topic: topic(&account),
        key: key.to_owned(),
        execution: scope.execution.clone(),
        token,
        since: now,
    };
    table.put_waiter(&waiter).await?;
    table.mark_waiting(&scope.execution, now).await?;
    Ok(Output { resumed: false })
}
