//! `load_paths`: fetches files for an agent: those of the repository that it asked for and that were not imported when its session was opened,
//! and those that people linked in what they said while it worked.

use crate::action::{Action, Done, NoOutput};
use crate::agent::session::{self, Report};
use crate::artifacts::Next;
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::PluginType;
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
}

/// Loads the files, and gives the agent the result of its call, if it made one. A repeat after that does nothing.
///
/// # Errors
/// As [`session::load_paths`].
pub struct LoadPaths;

impl Action for LoadPaths {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("load_paths", PluginType::VersionControl)
        // The tracker and the chat for the files that people link.
        .with_credentials(&[
            PluginType::TaskManagement,
            PluginType::Communication,
            PluginType::VersionControl,
        ])
        .writing(&[Partition::Reading, Partition::Inbox, Partition::Session, Partition::Stored])
        .taking(300);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let Report { session, next, .. } = session::load_paths(context, &input.session).await?;
        Ok(Done::for_good(Output { session, next }))
    }
}
