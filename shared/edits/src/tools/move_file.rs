//! `move_file`: gives a file another path.

use super::answer::{read, told};
use super::arguments::{Kind, PATH_LENGTH, Parameter};
use super::end::ToolEnd;
use super::tool::{Needs, Tool, ToolSpec};
use crate::workspace::{Refusal, Workspace};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

pub(super) struct MoveFile;

#[derive(Deserialize)]
struct Input {
    from: String,
    to: String,
}

const PARAMETERS: [Parameter; 2] = [
    Parameter::required("from", Kind::Text(PATH_LENGTH), "The file's path."),
    Parameter::required("to", Kind::Text(PATH_LENGTH), "Its new path, where nothing may be yet."),
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

    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let Input { from, to } = read(input)?;
        if let Some(file) = workspace.to_load(&from).await? {
            return Ok(ToolEnd::Load(vec![file]));
        }
        workspace.relocate(&from, &to).await?;
        told(format!("Moved `{from}` to `{to}`."))
    }
}
