//! `delete_file`: removes a file.

use super::answer::{read, told};
use super::arguments::{PATH, Parameter};
use super::end::ToolEnd;
use super::tool::{Needs, Tool, ToolSpec};
use crate::workspace::{Refusal, Workspace};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

pub(super) struct DeleteFile;

#[derive(Deserialize)]
struct Input {
    path: String,
}

const PARAMETERS: [Parameter; 1] = [PATH];

#[async_trait]
impl Tool for DeleteFile {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "delete_file",
            description: "Deletes a file.",
            parameters: &PARAMETERS,
            needs: Needs::Files,
        }
    }

    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let Input { path } = read(input)?;
        if let Some(file) = workspace.to_load(&path).await? {
            return Ok(ToolEnd::Lacks(vec![file]));
        }
        workspace.delete(&path).await?;
        told(format!("Deleted `{path}`."))
    }
}
