//! `list_files`: TODO.

use super::answer::ToolError;
use super::arguments::{Kind, Parameter};
use super::{Needs, Tool, ToolEnd, ToolSpec};
use crate::workspace::Workspace;
use async_trait::async_trait;
use domain::ActionError;
use serde_json::Value;

pub(super) struct ListFiles;

const PARAMETERS: [Parameter; 2] = [
    Parameter::optional("path", Kind::Text(4_096), "A folder to list. Default: the whole repository."),
    Parameter::optional(
        "glob",
        Kind::Text(1_000),
        "Only files whose path matches this pattern, such as **/*.rs or docs/*.md; one without a slash matches names in every folder.",
    ),
];

#[async_trait]
impl Tool for ListFiles {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "list_files",
            description: "Lists the files of the repository with their sizes in bytes, at most 500.",
            parameters: &PARAMETERS,
            needs: Needs::Files,
        }
    }

    async fn run(&self, _: &mut Workspace<'_>, _: Value) -> Result<ToolEnd, ToolError> {
        Err(ActionError::internal("not written yet").into())
    }
}
