//! `read_file`: TODO.

use super::answer::ToolError;
use super::arguments::{Kind, Parameter};
use super::{Needs, Tool, ToolEnd, ToolSpec};
use crate::workspace::Workspace;
use async_trait::async_trait;
use domain::ActionError;
use serde_json::Value;

pub(super) struct ReadFile;

const PARAMETERS: [Parameter; 3] = [
    Parameter::required(
        "path",
        Kind::Text(4_096),
        "The path from the repository's root, with / between its parts.",
    ),
    Parameter::optional("offset", Kind::Integer(1, 10_000_000), "The first line to show. Default: 1."),
    Parameter::optional("limit", Kind::Integer(1, 2_000), "How many lines to show. Default: 2000."),
];

#[async_trait]
impl Tool for ReadFile {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "read_file",
            description: "Reads a text file: numbered lines, at most 2,000 lines or 16,000 characters. The numbers and the tab after them are not part of the file.",
            parameters: &PARAMETERS,
            needs: Needs::Files,
        }
    }

    async fn run(&self, _: &mut Workspace<'_>, _: Value) -> Result<ToolEnd, ToolError> {
        Err(ActionError::internal("not written yet").into())
    }
}
