//! `load_paths`: TODO.

use super::answer::ToolError;
use super::arguments::{Kind, Parameter};
use super::{Needs, Tool, ToolEnd, ToolSpec};
use crate::workspace::Workspace;
use async_trait::async_trait;
use domain::ActionError;
use serde_json::Value;

pub(super) struct LoadPaths;

const PARAMETERS: [Parameter; 1] = [Parameter::required(
    "paths",
    Kind::Texts { most: 100, bytes: 4_096 },
    "Files, or folders with everything in them.",
)];

#[async_trait]
impl Tool for LoadPaths {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "load_paths",
            description: "Loads files and folders of a large repository, so that they can be read, searched and changed: at most 2,000 files and 16 MiB in one call. Make it the last call of your turn: calls after it are not run.",
            parameters: &PARAMETERS,
            needs: Needs::Unloaded,
        }
    }

    async fn run(&self, _: &mut Workspace<'_>, _: Value) -> Result<ToolEnd, ToolError> {
        Err(ActionError::internal("not written yet").into())
    }
}
