//! `run_tools`: runs the calls in the model's last reply in an agent's session, on the session's workspace only.

use crate::action::{Action, Done, NoOutput};
use crate::agent::session;
use crate::artifacts::{AgentQuestion, AgentResult, Next};
use crate::context::Context;
use crate::spec::ActionSpec;
use records::Partition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The session, as `open_session` gave it.
    pub session: String,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The session.
    pub session: String,
    /// What the session needs next.
    pub next: Next,
    /// How many replies the model has given.
    pub turn: u32,
    /// The question to people, if `next` is `ask`.
    pub question: Option<AgentQuestion>,
    /// The agent's result, if `next` is `done`.
    pub result: Option<AgentResult>,
    /// How many replies the model has given: the same as `turn`.
    pub turns: u32,
    /// The session's cost so far, in dollars.
    pub cost_usd: f64,
}

/// Runs the calls in the model's last reply on the session's workspace, and appends their results. It has no credentials, and what it
/// does depends on nothing but the session. A repeat after that does nothing.
///
/// # Errors
/// As [`session::run_tools`].
pub struct RunTools;

impl Action for RunTools {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_records("run_tools")
        .writing(&[Partition::Inbox, Partition::Session, Partition::Stored])
        .reading(&[Partition::Reading])
        .taking(180);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let report = session::run_tools(context, &input.session).await?;
        Ok(Done::for_good(Output {
            session: report.session,
            next: report.next,
            turn: report.turn,
            question: report.question,
            result: report.result,
            turns: report.turn,
            cost_usd: report.cost_usd,
        }))
    }
}
