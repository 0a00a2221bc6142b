//! `comment_on_line`: something to say about a line of the change under review.

use super::answer::{quoted, read, told};
use super::arguments::{Kind, PATH, Parameter};
use super::end::ToolEnd;
use super::tool::{Needs, Tool, ToolSpec};
use crate::diff::{DiffFile, Side};
use crate::review::ReviewSubject;
use crate::workspace::{Refusal, Workspace};
use async_trait::async_trait;
use domain::plugins::LineComment;
use serde::Deserialize;
use serde_json::Value;

/// The most comments on lines in a review.
const MOST_COMMENTS: usize = 50;
/// No more paths are listed in an answer.
const MOST_LISTED: usize = 50;

pub(super) struct CommentOnLine;

#[derive(Deserialize)]
struct Input {
    path: String,
    line: u64,
    side: Option<Side>,
    text: String,
}

const PARAMETERS: [Parameter; 4] = [
    PATH,
    Parameter::required("line", Kind::Integer(1, 10_000_000), "The line's number, as the diff shows it."),
    Parameter::optional(
        "side",
        Kind::Choice(Side::NAMES),
        "after (the default): the number after the change. before: the number before it, for a line that is removed.",
    ),
    Parameter::required(
        "text",
        Kind::Text(8_000),
        "What you say about the line, in Markdown: what is wrong, why, and what would be right. An empty text takes back what you said about it.",
    ),
];

#[async_trait]
impl Tool for CommentOnLine {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "comment_on_line",
            description: "Says something about one line of the diff; people see it there when your work ends. One comment for a line: another \
                          one replaces it. Say only what the author should change or must know.",
            parameters: &PARAMETERS,
            needs: Needs::Diff,
        }
    }

    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let Input { path, line, side, text } = read(input)?;
        let side = side.unwrap_or(Side::After);
        let subject = workspace.review().ok_or_else(|| "there is no change to review".to_owned())?;
        let file = subject.file(&path, side).ok_or_else(|| not_changed(subject, &path))?;
        let found = file.line(side, line).ok_or_else(|| not_shown(file, side, line))?;
        if !found.is_fresh {
            return Err(Refusal::Told(reviewed_before(subject, file, side, line)));
        }
        let comment = LineComment {
            path: file.path.clone(),
            former_path: file.former_path.clone(),
            old_line: found.old,
            new_line: found.new,
            text: text.trim().to_owned(),
        };
        let said = subject.threads.iter().position(|thread| {
            let first = thread.comments.first();
            thread.path == comment.path && first.is_some_and(|first| first.text.trim() == comment.text)
        });
        if let Some(place) = said.filter(|_| !comment.text.is_empty()) {
            return Err(Refusal::Told(format!(
                "You said this before, in thread {}. Answer that thread with `answer_thread` if something has changed about it.",
                place + 1
            )));
        }
        let place = |known: &LineComment| {
            (&known.path, known.old_line, known.new_line)
                == (&comment.path, comment.old_line, comment.new_line)
        };
        let comments = &mut workspace.state.review.comments;
        let before = comments.len();
        comments.retain(|known| !place(known));
        if comment.text.is_empty() {
            let words =
                if comments.len() < before { "Taken back." } else { "You had said nothing about this line." };
            return told(words);
        }
        if comments.len() >= MOST_COMMENTS {
            return Err(Refusal::Told(format!(
                "A review has at most {MOST_COMMENTS} comments. Take back a less important one with an empty text, or say the rest in `summary`."
            )));
        }
        comments.push(comment);
        told(format!("Noted. Comments: {}.", comments.len()))
    }
}

fn not_changed(subject: &ReviewSubject, path: &str) -> String {
    let mut paths: Vec<String> =
        subject.files.iter().take(MOST_LISTED).map(|file| quoted(&file.path)).collect();
    let more = subject.files.len().saturating_sub(paths.len());
    if more > 0 {
        paths.push(format!("and {more} more"));
    }
    format!("{} is not among the files to review; these are {}", quoted(path), paths.join(", "))
}

fn not_shown(file: &DiffFile, side: Side, line: u64) -> String {
    let (version, other) = match side {
        Side::After => ("after", ("before", Side::Before)),
        Side::Before => ("before", ("after", Side::After)),
    };
    let path = quoted(&file.path);
    let lines = file.shown_lines(side);
    if lines.is_empty() {
        let there = file.shown_lines(other.1);
        let hint = match there.is_empty() {
            true => "none of its lines are shown, so say it in `summary`".to_owned(),
            false => format!("with `side` {}, it has the lines {there}", other.0),
        };
        return format!("the diff of {path} has no lines {version} the change; {hint}");
    }
    format!("line {line} of {path} is not in the diff; the lines {version} the change that are: {lines}")
}

fn reviewed_before(subject: &ReviewSubject, file: &DiffFile, side: Side, line: u64) -> String {
    let since = subject.since.as_ref().map(|since| since.as_str().chars().take(7).collect::<String>());
    let fresh = file.fresh_lines(side);
    let fresh = match fresh.is_empty() {
        true => "none of this file".to_owned(),
        false => fresh,
    };
    format!(
        "Line {line} of {} has not changed since the last review ({}), which said what there was to say about it. Changed since: {fresh}.",
        quoted(&file.path),
        since.unwrap_or_default()
    )
}
