//! `run_checks`: runs the project's own checks on the workspace.

use super::answer::read;
use super::arguments::{Kind, Parameter};
use super::end::ToolEnd;
use super::tool::{Needs, Tool, ToolSpec};
use crate::workspace::{Refusal, Workspace};
use async_trait::async_trait;
use domain::configuration::ProjectChecks;
use serde::Deserialize;
use serde_json::Value;

/// The tool's name.
pub const NAME: &str = "run_checks";

pub(super) struct RunChecks;

#[derive(Deserialize)]
struct Input {
    name: Option<String>,
}

const PARAMETERS: [Parameter; 1] = [Parameter::optional(
    "name",
    Kind::Choice(&ProjectChecks::NAMES),
    "Which of the project's commands to run. Default: all that it declares, until one fails.",
)];

#[async_trait]
impl Tool for RunChecks {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: NAME,
            description: "Runs the project's own checks on the files as you changed them, in a sandbox: its build, its linter, its tests. Gives \
                          the exit code, the first error, the last 100 lines of output, and the files that the commands changed, which \
                          are not changed in your workspace. Run it before you finish. Make it the last call of your turn: calls after \
                          it are not run.",
            parameters: &PARAMETERS,
            needs: Needs::Checks,
        }
    }

    async fn run(&self, _: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let Input { name } = read(input)?;
        Ok(ToolEnd::Check(name))
    }
}
