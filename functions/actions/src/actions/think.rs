//! `think`: the model's next reply in an agent's session.

use crate::action::{Action, Done, NoOutput};
use crate::artifacts::Next;
use crate::context::Context;
use crate::spec::ActionSpec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
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
    /// What it needs next.
    pub next: Next,
    /// How many replies the model has given.
    pub turn: u32,
    /// What the session has cost so far, in dollars.
    pub cost_usd: f64,
}

/// See the file.
pub struct Think;

impl Action for Think {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_conversation("think");

    async fn run(_: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        Err(NoOutput::Failed(domain::ActionError::internal(format!("not there yet: {input:?}"))))
    }
}
