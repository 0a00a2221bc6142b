//! The interface of a tool.

use super::arguments::Parameter;
use super::end::ToolEnd;
use crate::workspace::{Refusal, Workspace};
use async_trait::async_trait;
use serde_json::Value;

/// One tool.
#[async_trait]
pub(super) trait Tool: Sync {
    /// Its description for a model.
    fn spec(&self) -> ToolSpec;

    /// Performs a call whose input fits the parameters.
    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal>;
}

/// A tool's description for a model.
#[derive(Debug, Clone, Copy)]
pub(super) struct ToolSpec {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) needs: Needs,
}

/// The requirements of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    /// A repository.
    Files,
    /// A repository that is not fully loaded.
    Unloaded,
    /// A machine that runs the project's checks.
    Checks,
    /// An agent whose definition names it: no other knows what to do with it.
    Named,
    /// A change to review.
    Diff,
    /// Threads about lines of a pull request.
    Threads,
    /// Offered whatever the agent's definition says: without it, no session could end.
    Always,
}
