//! `list_files`: the paths of the repository, with sizes.

use super::answer::{MOST_CHARACTERS, path_line, read, told};
use super::arguments::{GLOB, Kind, Parameter};
use super::end::ToolEnd;
use super::selection::{kind_note, select};
use super::tool::{Needs, Tool, ToolSpec};
use crate::shown::is_named_as_binary;
use crate::state::ChangedContent;
use crate::workspace::{Present, Refusal, Source, Workspace};
use async_trait::async_trait;
use domain::plugins::TreeEntryKind;
use serde::Deserialize;
use serde_json::Value;

/// No more paths than this are listed.
const MOST_PATHS: usize = 500;

pub(super) struct ListFiles;

#[derive(Deserialize)]
struct Input {
    path: Option<String>,
    glob: Option<String>,
}

const PARAMETERS: [Parameter; 2] =
    [Parameter::optional("path", Kind::Path, "A folder to list. Default: the whole repository."), GLOB];

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

    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let Input { path, glob } = read(input)?;
        let selected = select(workspace, path.as_deref(), glob.as_deref())?;
        if selected.is_empty() {
            return told("No files.");
        }
        let mut text = String::new();
        let mut characters = 0;
        for (number, present) in selected.values().enumerate() {
            let line = line(workspace, present);
            characters += line.chars().count();
            if number == MOST_PATHS || characters > MOST_CHARACTERS - 100 {
                text.push_str(&format!("{} more: narrow the glob.\n", selected.len() - number));
                break;
            }
            text.push_str(&line);
        }
        told(text)
    }
}

fn line(workspace: &Workspace<'_>, present: &Present<'_>) -> String {
    let path = path_line(present.path);
    if let Some(note) = kind_note(present) {
        return format!("{path} ({note})\n");
    }
    let mut notes = vec![present.size().to_string()];
    let is_binary = match present.source {
        Source::Base(_) => is_named_as_binary(present.path),
        Source::Changed(ChangedContent::Moved(moved)) => is_named_as_binary(&moved.from),
        Source::Changed(content) => matches!(content, ChangedContent::Base64(_)),
    };
    if is_binary {
        notes.push("binary".to_owned());
    }
    if present.kind == TreeEntryKind::ExecutableFile {
        notes.push("executable".to_owned());
    }
    if !workspace.is_loaded(present) {
        notes.push("not loaded".to_owned());
    }
    format!("{path} ({})\n", notes.join(", "))
}
