//! `await_budget`: parks an execution on a task token until a limit leaves room for the call that it stopped, or people decide
//! what becomes of it.

use crate::action::{Action, Done, NoOutput};
use crate::agent::session;
use crate::context::Context;
use crate::spec::ActionSpec;
use records::{Moves, Partition, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Why it waits: the cause of the error, as Step Functions reports it.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// True: if people refuse, the execution ends with the error `BudgetExceeded`.
    pub resumed: bool,
}

/// Records that the execution waits for money, with what is done and what is left. `events` asks in the chat; people add money, or have
/// it end; the sweeper lets it continue once there is room.
///
/// # Errors
/// Those of [`Park::wait`](crate::park::Park::wait).
pub struct AwaitBudget;

impl Action for AwaitBudget {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_records("await_budget").parking().reading(&[Partition::Session]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let message = message_of(&input.reason.unwrap_or_default());
        let done = session::standing(context).await?.map(|done| format!(" {done}")).unwrap_or_default();
        let named = match context.ticket().await? {
            Some(ticket) => ticket,
            None => context.scope().execution.clone(),
        };
        let hours = context.scope().configuration.budgets.draft_after_hours;
        let question = format!(
            "{message}.{done} Say `budget {named} +5` to add five dollars, `budget {named} draft` to finish with what is done, or \
             `budget {named} rollback` to take everything back. Without an answer within {hours} hours it finishes as a draft. It \
             continues by itself once `budgets` in ticketsmith.yaml leave room for the call."
        );
        context.park().wait(&Topic::Budget, question, Vec::new(), Moves::default()).await?;
        Err(NoOutput::Parked)
    }
}

/// The message of a function's error, from the cause that Step Functions reports.
pub(crate) fn message_of(cause: &str) -> String {
    let error = serde_json::from_str::<Value>(cause).ok();
    error.as_ref().and_then(|error| error["errorMessage"].as_str()).unwrap_or(cause).to_owned()
}
