//! `await_provider`: parks an execution on a task token until the provider that postponed its call accepts calls again.

use crate::action::{Action, Done, NoOutput};
use crate::actions::await_budget::message_of;
use crate::context::Context;
use crate::spec::ActionSpec;
use jiff::{SignedDuration, Timestamp, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Always true.
    pub resumed: bool,
}

/// How long it waits if the provider did not say.
const UNSAID: SignedDuration = SignedDuration::from_secs(30);

/// Records that the execution waits for a provider. The sweeper lets it continue when the time comes.
///
/// # Errors
/// Those of [`Park::wait_for_provider`](crate::park::Park::wait_for_provider).
pub struct AwaitProvider;

impl Action for AwaitProvider {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_records("await_provider").parking();

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let now = context.clock().now();
        let until = context.table().put_off_until(&context.scope().execution).await?;
        let until = until.filter(|until| *until > now).unwrap_or(now + UNSAID);
        let message = message_of(&input.reason.unwrap_or_default());
        let question = format!("{message}. It continues by itself at {}.", to_the_second(until));
        context.park().wait_for_provider(question, until).await?;
        Err(NoOutput::Parked)
    }
}

fn to_the_second(at: Timestamp) -> Timestamp {
    at.round(Unit::Second).unwrap_or(at)
}
