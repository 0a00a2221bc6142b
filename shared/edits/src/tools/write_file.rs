//! `write_file`: gives a file its whole content.

use super::answer::{read, told};
use super::arguments::{Kind, PATH, Parameter};
use super::end::ToolEnd;
use super::leftovers::leftover_note;
use super::numbered::lines;
use super::syntax::syntax_note;
use super::tool::{Needs, Tool, ToolSpec};
use crate::rules::LARGEST_FILE;
use crate::text::Text;
use crate::workspace::{Refusal, Workspace};
use async_trait::async_trait;
use domain::plugins::TreeEntryKind;
use serde::Deserialize;
use serde_json::Value;

pub(super) struct WriteFile;

#[derive(Deserialize)]
struct Input {
    path: String,
    content: String,
    executable: Option<bool>,
}

const PARAMETERS: [Parameter; 3] = [
    PATH,
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
            description: "Writes the whole content of a file. An existing file must have been read with read_file; to change \
                          parts of one, prefer edit_file. An existing file keeps its own line endings, byte-order mark and final \
                          newline.",
            parameters: &PARAMETERS,
            needs: Needs::Files,
        }
    }

    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let Input { path, content, executable } = read(input)?;
        let Some(present) = workspace.find(&path) else {
            workspace.write(&path, content.clone(), executable.unwrap_or_default()).await?;
            let note = syntax_note(&path, None, &content) + &leftover_note("", &content);
            return told(format!("Created `{path}`.{note}"));
        };
        let file = workspace.changeable(&path)?;
        let before = workspace.read_text(&file).await?;
        let path = present.path.to_owned();
        let executable = executable.unwrap_or(present.kind == TreeEntryKind::ExecutableFile);
        let mut text = Text::read(&before);
        let leftover = leftover_note(text.as_str(), &content);
        if let Some(unseen) = workspace.unseen(&path, lines(text.as_str()).count()) {
            return Err(Refusal::Told(format!(
                "You have not seen lines {unseen} of `{path}`, which this would overwrite: read them with read_file, or change parts of \
                 the file with edit_file."
            )));
        }
        text.set(&content);
        let after = text.write();
        let note = syntax_note(&path, Some(&before), &after);
        if workspace.write(&path, after, executable).await? {
            return told(format!("Wrote `{path}`.{note}{leftover}"));
        }
        told(format!("`{path}` has this content already: nothing changed."))
    }
}
