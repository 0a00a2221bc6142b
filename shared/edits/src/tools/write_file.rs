//! `write_file`: TODO.

use super::answer::ToolError;
use super::arguments::{Kind, Parameter};
use super::{Needs, Tool, ToolEnd, ToolSpec};
use crate::ground::LARGEST_FILE;
use crate::workspace::Workspace;
use async_trait::async_trait;
use domain::ActionError;
use serde_json::Value;

pub(super) struct WriteFile;

const PARAMETERS: [Parameter; 3] = [
    Parameter::required(
        "path",
        Kind::Text(4_096),
        "The path from the repository's root, with / between its parts.",
    ),
    Parameter::required("content", Kind::Text(LARGEST_FILE), "The whole content."),
    Parameter::optional(
        "executable",
        Kind::Boolean,
        "Whether the file is executable. Default: as it is; false for a new file.",
    ),
];

#[async_trait]
impl Tool for WriteFile {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "write_file",
            description: "Writes the whole content of a file. An existing file must have been read with read_file; to change parts of one, prefer edit_file. An existing file keeps its own line endings, byte-order mark and final newline.",
            parameters: &PARAMETERS,
            needs: Needs::Files,
        }
    }

    async fn run(&self, _: &mut Workspace<'_>, _: Value) -> Result<ToolEnd, ToolError> {
        Err(ActionError::internal("not written yet").into())
    }
}
