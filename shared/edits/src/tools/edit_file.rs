//! `edit_file`: replaces a text in a file.

use super::answer::{read, told};
use super::arguments::{Kind, PATH, Parameter};
use super::closest::no_match;
use super::end::ToolEnd;
use super::leftovers::leftover_note;
use super::numbered::{around, line_of};
use super::syntax::syntax_note;
use super::tool::{Needs, Tool, ToolSpec};
use crate::rules::LARGEST_FILE;
use crate::text::Text;
use crate::workspace::{Refusal, Workspace};
use async_trait::async_trait;
use domain::plugins::TreeEntryKind;
use serde::Deserialize;
use serde_json::Value;
use std::ops::Range;

/// No more line numbers than this are named.
const MOST_LINES: usize = 20;

pub(super) struct EditFile;

#[derive(Deserialize)]
struct Input {
    path: String,
    old_string: String,
    new_string: String,
    #[serde(default)]
    replace_all: bool,
}

const PARAMETERS: [Parameter; 4] = [
    PATH,
    Parameter::required(
        "old_string",
        Kind::Text(LARGEST_FILE),
        "The text to replace: enough lines to occur only once.",
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
            description: "Replaces text in a file that you have read with read_file. old_string is copied from the file exactly, \
                          white space included and without line numbers, and must occur exactly once, unless replace_all is set. \
                          End lines with a line feed: the file keeps its own line endings, byte-order mark and final newline.",
            parameters: &PARAMETERS,
            needs: Needs::Files,
        }
    }

    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let Input { path, old_string, new_string, replace_all } = read(input)?;
        let file = workspace.changeable(&path)?;
        let is_executable = file.kind == TreeEntryKind::ExecutableFile;
        if old_string.is_empty() {
            return Err(Refusal::Told(
                "`old_string` is empty: copy the text to replace from the file, or write the whole file with write_file."
                    .to_owned(),
            ));
        }
        let before = workspace.read_text(&file).await?;
        let path = file.path.to_owned();
        if old_string == new_string {
            return Err(Refusal::Told(
                "`old_string` and `new_string` are equal: nothing would change.".to_owned(),
            ));
        }
        let mut text = Text::read(&before);
        let found = text.find(&old_string);
        let first = check_found(&found, &text, &old_string, replace_all)?;
        text.replace(&found, &new_string);
        let after = text.write();
        let was = Text::read(&before);
        let note = syntax_note(&path, Some(&before), &after) + &leftover_note(was.as_str(), &new_string);
        let is_changed = workspace.write(&path, after, is_executable).await?;
        if !is_changed {
            return told(format!(
                "`{path}` stays as it was: the texts differ only in what is the file's own form."
            ));
        }
        workspace.move_unseen(&path, was.as_str(), text.as_str());
        let times =
            if found.len() == 1 { String::new() } else { format!(" in {} places, first", found.len()) };
        let (from, lines) = (line_of(text.as_str(), first), new_string.matches('\n').count());
        let to = from + lines - usize::from(new_string.ends_with('\n') && lines > 0);
        told(format!("Edited `{path}`{times} at line {from}.{note}\n{}", around(text.as_str(), from, to)))
    }
}

/// Checks that the matches can be replaced, and returns where the first of them begins.
fn check_found(
    found: &[Range<usize>],
    text: &Text,
    searched: &str,
    replace_all: bool,
) -> Result<usize, Refusal> {
    let text = text.as_str();
    let overlap = found.windows(2).any(|pair| pair[0].end > pair[1].start);
    let count = found.len();
    Err(Refusal::Told(match found {
        [] => no_match(text, searched),
        [first, ..] if count == 1 || (replace_all && !overlap) => return Ok(first.start),
        _ if replace_all => {
            let lines = found_lines(text, found);
            format!("{count} matches at {lines} overlap, so they cannot all be replaced: add context.")
        }
        _ => format!("{count} matches at {}: add context or set replace_all.", found_lines(text, found)),
    }))
}

/// The lines where matches begin, the first ones if there are many.
fn found_lines(text: &str, found: &[Range<usize>]) -> String {
    let numbers: Vec<_> =
        found.iter().take(MOST_LINES).map(|range| line_of(text, range.start).to_string()).collect();
    let more = found.len() - numbers.len();
    let end = if more > 0 { format!(" and {more} more places") } else { String::new() };
    format!("lines {}{end}", numbers.join(", "))
}
