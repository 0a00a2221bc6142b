//! `show_diff`: the change under review.

use super::answer::{path_line, quoted, read, told};
use super::arguments::{Kind, Parameter};
use super::end::ToolEnd;
use super::tool::{Needs, Tool, ToolSpec};
use crate::diff::{DiffFile, Side};
use crate::workspace::{Refusal, Workspace};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

/// The most characters of a diff in an answer.
const MOST: usize = 16_000;

pub(super) struct ShowDiff;

#[derive(Deserialize)]
struct Input {
    path: Option<String>,
    offset: Option<u64>,
}

const PARAMETERS: [Parameter; 2] = [
    Parameter::optional("path", Kind::Path, "A changed file; without it, the changed files are listed."),
    Parameter::optional(
        "offset",
        Kind::Integer(1, 10_000_000),
        "The line of the diff to begin with, from 1.",
    ),
];

#[async_trait]
impl Tool for ShowDiff {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "show_diff",
            description: "Shows how a file changes, each line with its number before and after the change. Lines that end with · are \
                          not new since the last review. Without a path, lists the changed files.",
            parameters: &PARAMETERS,
            needs: Needs::Diff,
        }
    }

    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let Input { path, offset } = read(input)?;
        let subject = workspace.review().ok_or_else(|| "there is no change to review".to_owned())?;
        let Some(path) = path else {
            return told(subject.files.iter().map(listed).collect::<String>());
        };
        let file = subject.file(&path, Side::Before);
        let file = file.ok_or_else(|| format!("{} is not among the files to review", quoted(&path)))?;
        let skipped = usize::try_from(offset.unwrap_or(1).saturating_sub(1)).unwrap_or(usize::MAX);
        let whole = file.shown();
        let all = whole.lines().count();
        let (mut text, mut shown) = (String::new(), skipped);
        for line in whole.lines().skip(skipped) {
            if text.len() + line.len() > MOST && shown > skipped {
                break;
            }
            text.push_str(line);
            text.push('\n');
            shown += 1;
        }
        if shown < all {
            text.push_str(&format!(
                "Lines {}–{shown} of {all}; continue with offset {}",
                skipped + 1,
                shown + 1
            ));
        }
        told(if text.is_empty() { format!("The diff has {all} lines.") } else { text })
    }
}

/// A file of a change, in a line.
fn listed(file: &DiffFile) -> String {
    let count = |is_counted: fn(&DiffFile, usize) -> bool| {
        (0..file.lines.len()).filter(|at| is_counted(file, *at)).count()
    };
    let added = count(|file, at| file.lines.get(at).is_some_and(|line| line.old.is_none()));
    let removed = count(|file, at| file.lines.get(at).is_some_and(|line| line.new.is_none()));
    let renamed = match file.path == file.former_path {
        true => String::new(),
        false => format!(", was {}", path_line(&file.former_path)),
    };
    let omitted = file.omitted.as_deref().map(|why| format!(", {why}")).unwrap_or_default();
    format!("{} (+{added} \u{2212}{removed}{renamed}{omitted})\n", path_line(&file.path))
}
