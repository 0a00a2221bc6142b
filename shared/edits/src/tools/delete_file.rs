//! `delete_file`: TODO.

use super::answer::ToolError;
use super::arguments::{Kind, Parameter};
use super::{Needs, Tool, ToolEnd, ToolSpec};
use crate::workspace::Workspace;
use async_trait::async_trait;
use domain::ActionError;
use serde_json::Value;

pub(super) struct DeleteFile;

const PARAMETERS: [Parameter; 1] = [Parameter::required(
    "path",
    Kind::Text(4_096),
    "The path from the repository's root, with / between its parts.",
)];

#[async_trait]
impl Tool for DeleteFile {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "delete_file",
            description: "Deletes a file. You must have read it with read_file, unless it is not text.",
            parameters: &PARAMETERS,
            needs: Needs::Files,
        }
    }

    async fn run(&self, _: &mut Workspace<'_>, _: Value) -> Result<ToolEnd, ToolError> {
        Err(ActionError::internal("not written yet").into())
    }
}
