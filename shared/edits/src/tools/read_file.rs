//! `read_file`: the numbered lines of a file.

use super::answer::{read, told};
use super::arguments::{Kind, PATH, Parameter};
use super::end::ToolEnd;
use super::numbered::{lines, numbered};
use super::tool::{Needs, Tool, ToolSpec};
use crate::text::Text;
use crate::workspace::{Refusal, Workspace};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

/// No more lines than this are shown at once.
const MOST_LINES: usize = 2_000;
/// No more characters than this are shown at once.
const MOST_SHOWN: usize = 16_000;

pub(super) struct ReadFile;

#[derive(Deserialize)]
struct Input {
    path: String,
    offset: Option<usize>,
    limit: Option<usize>,
}

const PARAMETERS: [Parameter; 3] = [
    PATH,
    Parameter::optional("offset", Kind::Integer(1, 10_000_000), "The first line to show. Default: 1."),
    Parameter::optional(
        "limit",
        Kind::Integer(1, MOST_LINES as u64),
        "How many lines to show. Default: 2000.",
    ),
];

#[async_trait]
impl Tool for ReadFile {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "read_file",
            description: "Reads a text file: numbered lines, at most 2,000 lines or 16,000 characters. The numbers and the tab \
                          after them are not part of the file.",
            parameters: &PARAMETERS,
            needs: Needs::Files,
        }
    }

    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let Input { path, offset, limit } = read(input)?;
        let file = workspace.file(&path)?;
        let path = file.path.to_owned();
        let content = workspace.text(&file).await?;
        let text = Text::read(&content);
        let all = if text.as_str().is_empty() { 0 } else { lines(text.as_str()).count() };
        let first = offset.unwrap_or(1);
        if all == 0 {
            workspace.note_shown(&path, &content, 1..=1, 0);
            return told(format!("`{path}` is empty."));
        }
        if first > all {
            return Err(Refusal::Told(format!(
                "`{path}` has {all} lines: offset {first} is after the last."
            )));
        }
        let (shown, last) = show(text.as_str(), first, limit.unwrap_or(MOST_LINES));
        workspace.note_shown(&path, &content, first..=last, all);
        let next = last + 1;
        match (first, last) {
            (1, last) if last == all => told(shown),
            (_, last) if last == all => told(format!("{shown}Lines {first}–{last} of {all}")),
            _ => told(format!("{shown}Lines {first}–{last} of {all}; continue with offset {next}")),
        }
    }
}

/// Lines from `first`, at least one, as many as fit, and the number of the last one.
fn show(text: &str, first: usize, limit: usize) -> (String, usize) {
    let (mut shown, mut characters, mut last) = (String::new(), 0, first);
    for (number, line) in (1..).zip(lines(text)).skip(first - 1).take(limit) {
        let line = numbered(number, line);
        characters += line.chars().count();
        if number > first && characters > MOST_SHOWN {
            break;
        }
        shown.push_str(&line);
        last = number;
    }
    (shown, last)
}
