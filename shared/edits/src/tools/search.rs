//! `search`: TODO.

use super::answer::ToolError;
use super::arguments::{Kind, Parameter};
use super::{Needs, Tool, ToolEnd, ToolSpec};
use crate::workspace::Workspace;
use async_trait::async_trait;
use domain::ActionError;
use serde_json::Value;

pub(super) struct Search;

const PARAMETERS: [Parameter; 4] = [
    Parameter::required(
        "pattern",
        Kind::Text(1_000),
        "A regular expression as in Rust's regex crate: no look-around and no back-references; (?i) ignores case; escape \\ . ( ) [ ] { } + * ? ^ $ | to find them as they are.",
    ),
    Parameter::optional(
        "path",
        Kind::Text(4_096),
        "A folder or file to search in. Default: the whole repository.",
    ),
    Parameter::optional(
        "glob",
        Kind::Text(1_000),
        "Only files whose path matches this pattern, such as **/*.rs or docs/*.md; one without a slash matches names in every folder.",
    ),
    Parameter::optional(
        "context",
        Kind::Integer(0, 5),
        "How many lines to show around each match. Default: 0.",
    ),
];

#[async_trait]
impl Tool for Search {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "search",
            description: "Searches the text of files, line by line, and shows each match as path:line: text, at most 100.",
            parameters: &PARAMETERS,
            needs: Needs::Files,
        }
    }

    async fn run(&self, _: &mut Workspace<'_>, _: Value) -> Result<ToolEnd, ToolError> {
        Err(ActionError::internal("not written yet").into())
    }
}
