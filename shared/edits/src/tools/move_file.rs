//! `move_file`: TODO.

use super::answer::ToolError;
use super::arguments::{Kind, Parameter};
use super::{Needs, Tool, ToolEnd, ToolSpec};
use crate::workspace::Workspace;
use async_trait::async_trait;
use domain::ActionError;
use serde_json::Value;

pub(super) struct MoveFile;

const PARAMETERS: [Parameter; 2] = [
    Parameter::required("from", Kind::Text(4_096), "The file's path."),
    Parameter::required("to", Kind::Text(4_096), "Its new path, where nothing may be yet."),
];

#[async_trait]
impl Tool for MoveFile {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "move_file",
            description: "Moves or renames a file. Its content and mode stay.",
            parameters: &PARAMETERS,
            needs: Needs::Files,
        }
    }

    async fn run(&self, _: &mut Workspace<'_>, _: Value) -> Result<ToolEnd, ToolError> {
        Err(ActionError::internal("not written yet").into())
    }
}
