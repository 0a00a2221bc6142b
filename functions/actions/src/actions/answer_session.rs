//! `answer_session`: gives an agent a person's answer to what it asked.

use crate::action::{Action, Done, NoOutput};
use crate::artifacts::Next;
use crate::context::Context;
use crate::spec::ActionSpec;
use records::Partition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The session, as `open_session` gave it.
    pub session: String,
    /// What the person answered.
    pub answer: String,
    /// Who answered.
    #[serde(default)]
    pub by: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The session.
    pub session: String,
    /// What it needs next.
    pub next: Next,
}

/// See the file.
pub struct AnswerSession;

impl Action for AnswerSession {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec =
        ActionSpec::of_records("answer_session").writing(&[Partition::Session, Partition::Stored]);

    async fn run(_: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        Err(NoOutput::Failed(domain::ActionError::internal(format!("not there yet: {input:?}"))))
    }
}
