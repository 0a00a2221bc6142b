//! `move_file`: gives files other paths.

use super::answer::{read, told};
use super::arguments::{Kind, Parameter};
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
    #[serde(default)]
    more: Vec<Move>,
}

#[derive(Deserialize)]
struct Move {
    from: String,
    to: String,
}

const FROM: Parameter = Parameter::required("from", Kind::Path, "The file's path.");
const TO: Parameter = Parameter::required("to", Kind::Path, "Its new path, where nothing may be yet.");

const PARAMETERS: [Parameter; 3] = [
    FROM,
    TO,
    Parameter::optional(
        "more",
        Kind::Objects { most: 49, fields: &[FROM, TO] },
        "More files to move after this one. If one cannot be moved, none is.",
    ),
];

#[async_trait]
impl Tool for MoveFile {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "move_file",
            description: "Moves or renames a file, or up to 50 of them. Content and mode stay.",
            parameters: &PARAMETERS,
            needs: Needs::Files,
        }
    }

    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let Input { from, to, more } = read(input)?;
        let more = more.into_iter().map(|Move { from, to }| (from, to));
        let moves: Vec<(String, String)> = std::iter::once((from, to)).chain(more).collect();
        let mut lacking = Vec::new();
        for (from, _) in &moves {
            match workspace.to_load(from).await {
                Ok(file) => lacking.extend(file),
                // The move says what is wrong, unless an earlier one of this call brings the file there.
                Err(Refusal::Told(_)) => {}
                Err(failed) => return Err(failed),
            }
        }
        if !lacking.is_empty() {
            return Ok(ToolEnd::Lacks(lacking));
        }
        workspace.relocate_all(&moves).await?;
        let moved: Vec<String> =
            moves.iter().map(|(from, to)| format!("Moved `{from}` to `{to}`.")).collect();
        told(moved.join("\n"))
    }
}
