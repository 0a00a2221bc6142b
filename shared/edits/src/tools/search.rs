//! `search`: lines of the repository that match a regular expression.

use super::answer::{path_line, quoted, read, told};
use super::arguments::{GLOB, Kind, Parameter};
use super::end::ToolEnd;
use super::pattern::{Pattern, TooComplex};
use super::selection::select;
use super::tool::{Needs, Tool, ToolSpec};
use crate::shown::{is_named_as_binary, shown_text};
use crate::text::Text;
use crate::workspace::{Refusal, Workspace};
use async_trait::async_trait;
use domain::plugins::FileContent;
use serde::Deserialize;
use serde_json::Value;

/// No more matches than this are shown.
const MOST_MATCHES: usize = 100;
/// No more characters than this are shown.
const MOST_SHOWN: usize = 16_000;
/// Longer lines are shown around their match, in characters.
const LONGEST_LINE: usize = 300;

pub(super) struct Search;

#[derive(Deserialize)]
struct Input {
    pattern: String,
    path: Option<String>,
    glob: Option<String>,
    context: Option<usize>,
}

const PARAMETERS: [Parameter; 4] = [
    Parameter::required(
        "pattern",
        Kind::Text(1_000),
        "A regular expression in the syntax of Rust's regex crate, for one line: no look-around, no back-references. (?i) ignores \
         case. Escape . ( ) [ ] { } + * ? ^ $ | and the backslash to find them as they are.",
    ),
    Parameter::optional("path", Kind::Path, "A folder or file to search in. Default: the whole repository."),
    GLOB,
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
            description: "Searches the text of files, line by line, and shows each matching line as path:line: text, at most 100. \
                          Lines around a match are shown as path-line- text.",
            parameters: &PARAMETERS,
            needs: Needs::Files,
        }
    }

    async fn run(&self, workspace: &mut Workspace<'_>, input: Value) -> Result<ToolEnd, Refusal> {
        let Input { pattern, path, glob, context } = read(input)?;
        let mut compiled = Pattern::new(&pattern)
            .map_err(|problem| format!("`pattern` {} cannot be searched for: {problem}", quoted(&pattern)))?;
        let selected = select(workspace, path.as_deref(), glob.as_deref())?;
        let files = selected.values().filter(|present| present.is_file()).copied();
        let (binary, files): (Vec<_>, Vec<_>) = files.partition(|present| is_named_as_binary(present.path));
        let (loaded, others): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|present| workspace.is_loaded(present));
        let (context, unsearched) = (context.unwrap_or_default(), binary.len());
        let mut found = Found { context, unsearched, ..Found::default() };
        for batch in workspace.batches(&loaded) {
            let contents = workspace.contents(&batch).await?;
            found.unsearched += batch.len() - contents.len();
            for (path, content) in contents {
                let searched = found.search(path, &content, &mut compiled);
                searched.map_err(|TooComplex| {
                    format!(
                        "`pattern` {} is too complex: it was given up in {}. Repeat less, or narrow path or glob",
                        quoted(&pattern),
                        quoted(path)
                    )
                })?;
                if found.is_full {
                    return told(found.end(others.len()));
                }
            }
        }
        if found.matches == 0 {
            let mut text = format!("No matches for {} in {} files.", quoted(&pattern), found.files);
            text.push_str(&left_out(found.unsearched, others.len()));
            text.push_str(dialect_note(&pattern));
            return told(text);
        }
        told(found.end(others.len()))
    }
}

/// The matches so far.
#[derive(Default)]
struct Found {
    context: usize,
    text: String,
    characters: usize,
    matches: usize,
    files: usize,
    unsearched: usize,
    is_full: bool,
}

impl Found {
    fn search(&mut self, path: &str, content: &FileContent, pattern: &mut Pattern) -> Result<(), TooComplex> {
        let Ok(content) = shown_text(content) else {
            self.unsearched += 1;
            return Ok(());
        };
        self.files += 1;
        // Only old Macs' files must be rewritten to have lines; to copy every file would double the time.
        let text = if content.contains('\n') { None } else { Some(Text::read(content)) };
        let text = text.as_ref().map_or(content, Text::as_str);
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let text = text.strip_suffix('\n').unwrap_or(text);
        let mut before: Vec<(usize, &str)> = Vec::new();
        let (mut after, mut last) = (0, 0);
        for (number, line) in (1..).zip(text.split('\n')) {
            let line = line.strip_suffix('\r').unwrap_or(line);
            match pattern.find_in(line)? {
                Some(end) => {
                    if self.matches == MOST_MATCHES {
                        self.is_full = true;
                        return Ok(());
                    }
                    self.matches += 1;
                    let is_next = last > 0 && last + before.len() + 1 == number;
                    if self.context > 0 && !is_next && !self.text.is_empty() {
                        self.text.push_str("--\n");
                    }
                    for (number, line) in before.drain(..) {
                        self.show(path, number, '-', line, 0);
                    }
                    self.show(path, number, ':', line, end);
                    (after, last) = (self.context, number);
                }
                None if after > 0 => {
                    (after, last) = (after - 1, number);
                    self.show(path, number, '-', line, 0);
                }
                None => {
                    if self.context > 0 && before.len() == self.context {
                        before.remove(0);
                    }
                    if self.context > 0 {
                        before.push((number, line));
                    }
                }
            }
            if self.is_full {
                return Ok(());
            }
        }
        Ok(())
    }

    fn show(&mut self, path: &str, number: usize, mark: char, line: &str, end: usize) {
        let line = format!("{}{mark}{number}{mark} {}\n", path_line(path), excerpt(line, end));
        self.characters += line.chars().count();
        if self.characters > MOST_SHOWN {
            self.is_full = true;
        } else {
            self.text.push_str(&line);
        }
    }

    fn end(self, unloaded: usize) -> String {
        let mut text = self.text;
        if self.is_full {
            text.push_str("There are more matches: narrow the pattern, the path or the glob.");
        }
        text + &left_out(self.unsearched, unloaded)
    }
}

/// What a pattern that found nothing means here, if it means something else to other tools: models write it for those.
fn dialect_note(pattern: &str) -> &'static str {
    if pattern.replace(r"\\", "").contains(r"\|") {
        r" `\|` is the character itself here: write alternatives as `a|b`."
    } else if pattern.contains(r"[\s\S]") || pattern.contains("(?s") {
        " Each line is searched separately, so no match can span lines."
    } else {
        ""
    }
}

fn left_out(unsearched: usize, unloaded: usize) -> String {
    let mut text = String::new();
    if unsearched > 0 {
        text.push_str(&format!(" Not searched: {unsearched} files that are not text or too large."));
    }
    if unloaded > 0 {
        text.push_str(&format!(
            " Not searched: {unloaded} files that are not loaded; load_paths loads them."
        ));
    }
    text
}

/// A line, or, if it is long, the part of it where a match ends.
fn excerpt(line: &str, end: usize) -> String {
    if line.len() <= LONGEST_LINE {
        return line.to_owned();
    }
    let start = line.floor_char_boundary(end.saturating_sub(LONGEST_LINE * 2 / 3));
    let stop = line.ceil_char_boundary((start + LONGEST_LINE).min(line.len()));
    let (before, after) = (if start > 0 { "…" } else { "" }, if stop < line.len() { "…" } else { "" });
    format!("{before}{}{after}", &line[start..stop])
}
