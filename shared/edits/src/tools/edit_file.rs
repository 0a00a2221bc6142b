//! `edit_file`: TODO.

use super::answer::ToolError;
use super::arguments::{Kind, Parameter};
use super::{Needs, Tool, ToolEnd, ToolSpec};
use crate::ground::LARGEST_FILE;
use crate::workspace::Workspace;
use async_trait::async_trait;
use domain::ActionError;
use serde_json::Value;

pub(super) struct EditFile;

const PARAMETERS: [Parameter; 4] = [
    Parameter::required(
        "path",
        Kind::Text(4_096),
        "The path from the repository's root, with / between its parts.",
    ),
    Parameter::required(
        "old_string",
        Kind::Text(LARGEST_FILE),
        "The text to replace: enough lines to occur once.",
    ),
    Parameter::required("new_string", Kind::Text(LARGEST_FILE), "What takes its place; empty to remove it."),
    Parameter::optional(
        "replace_all",
        Kind::Boolean,
        "Whether every occurrence is replaced. Default: false.",
    ),
];

#[async_trait]
impl Tool for EditFile {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "edit_file",
            description: "Replaces text in a file that you have read with read_file. old_string is copied from the file exactly, white space included and without line numbers, and must occur exactly once, unless replace_all is set. End lines with a line feed: the file keeps its own line endings, byte-order mark and final newline.",
            parameters: &PARAMETERS,
            needs: Needs::Files,
        }
    }

    async fn run(&self, _: &mut Workspace<'_>, _: Value) -> Result<ToolEnd, ToolError> {
        Err(ActionError::internal("not written yet").into())
    }
}
