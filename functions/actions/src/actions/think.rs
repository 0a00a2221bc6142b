//! `think`: the model's next reply in an agent's session.

use crate::action::{Action, Done, NoOutput};
use crate::agent::session::{self, Report};
use crate::artifacts::Next;
use crate::context::Context;
use crate::spec::ActionSpec;
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
    /// The session's cost so far, in dollars.
    pub cost_usd: f64,
}

/// Asks the model for its next reply, within the session's bounds, and appends it. A repeat after that does nothing.
///
/// # Errors
/// As [`session::think`].
pub struct Think;

impl Action for Think {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_conversation("think");

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let Report { session, next, turn, cost_usd, .. } = session::think(context, &input.session).await?;
        // A session that reached its limits says so when its result is read.
        let next = if next == Next::Done { Next::RunTools } else { next };
        Ok(Done::for_good(Output { session, next, turn, cost_usd }))
    }
}
