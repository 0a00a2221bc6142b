//! `answer_session`: passes a person's answer to an agent.

use crate::action::{Action, Done, NoOutput};
use crate::agent::session::{self, Report};
use crate::artifacts::Next;
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
    /// The person's answer.
    pub answer: String,
    /// The person who answered.
    #[serde(default)]
    pub by: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The session.
    pub session: String,
    /// What the session needs next.
    pub next: Next,
}

/// Gives the agent the answer as the result of its question. A repeat after that does nothing.
///
/// # Errors
/// As [`session::answer`].
pub struct AnswerSession;

impl Action for AnswerSession {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_records("answer_session").writing(&[
        Partition::Inbox,
        Partition::Session,
        Partition::Stored,
    ]);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let by = input.by.as_deref();
        let Report { session, next, .. } =
            session::answer(context, &input.session, &input.answer, by).await?;
        Ok(Done::for_good(Output { session, next }))
    }
}
