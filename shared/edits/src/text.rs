//! The text of a file and its form: line endings, final newline, byte-order mark.

use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::ops::Range;

const MARK: char = '\u{feff}';

/// How a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Lf,
    CrLf,
    /// Only in files without a single LF, as old Macs wrote them.
    Cr,
}

impl Ending {
    fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

/// A file's text apart from its form. It is read and changed as lines that end with LF, and written in the file's own form: each
/// line keeps its ending, a new line ends as those around it, and the byte-order mark and the final newline are there afterwards
/// if, and only if, they were there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    has_mark: bool,
    /// The text with LF alone and without the mark.
    plain: String,
    /// The ending in place of each LF of `plain`, in order.
    endings: Vec<Ending>,
    /// The ending of the last line that had one.
    usual: Ending,
    /// Whether the last line ends; `None` for a file that was empty.
    has_final_newline: Option<bool>,
}

impl Text {
    /// Reads a file's content.
    pub fn read(content: &str) -> Self {
        let (has_mark, content) = match content.strip_prefix(MARK) {
            Some(rest) => (true, rest),
            None => (false, content),
        };
        let (plain, endings): (String, Vec<Ending>) = if !content.contains('\n') && content.contains('\r') {
            (content.replace('\r', "\n"), vec![Ending::Cr; content.matches('\r').count()])
        } else {
            let ending = |(at, _)| if content[..at].ends_with('\r') { Ending::CrLf } else { Ending::Lf };
            (content.replace("\r\n", "\n"), content.match_indices('\n').map(ending).collect())
        };
        let has_final_newline = (!plain.is_empty()).then(|| plain.ends_with('\n'));
        let usual = endings.last().copied().unwrap_or(Ending::Lf);
        Self { has_mark, plain, endings, usual, has_final_newline }
    }

    /// The text as a model sees it: lines end with LF, and there is no byte-order mark.
    pub fn as_str(&self) -> &str {
        &self.plain
    }

    /// Gives the file another content, whose own form does not matter. Lines that stay keep their endings.
    pub fn set(&mut self, content: &str) {
        self.splice(0..self.plain.len(), &plain(content));
    }

    /// Replaces the only occurrence of `search` by `replace`; the forms of both do not matter. A `search` that ends with a newline
    /// also matches the end of a file whose last line has none.
    ///
    /// # Errors
    /// How often the text occurs, if that is not once. Occurrences that overlap are all counted.
    pub fn replace_once(&mut self, search: &str, replace: &str) -> Result<(), usize> {
        let (search, replace) = (plain(search), plain(replace));
        let found = occurrences(&self.plain, &search);
        if let [start] = found[..] {
            self.splice(start..start + search.len(), &replace);
            return Ok(());
        }
        let last_line =
            search.strip_suffix('\n').filter(|last| found.is_empty() && self.plain.ends_with(last));
        match last_line {
            Some(last) if !last.is_empty() => {
                let replace = replace.strip_suffix('\n').unwrap_or(&replace);
                self.splice(self.plain.len() - last.len()..self.plain.len(), replace);
                Ok(())
            }
            _ => Err(found.len()),
        }
    }

    /// The content in the file's form.
    pub fn write(&self) -> String {
        let mut plain = self.plain.as_str();
        let mut final_ending = "";
        match self.has_final_newline {
            Some(true) if !plain.is_empty() && !plain.ends_with('\n') => final_ending = self.usual.as_str(),
            Some(false) => plain = plain.strip_suffix('\n').unwrap_or(plain),
            _ => {}
        }
        let mut content = String::with_capacity(plain.len() + self.endings.len() + MARK.len_utf8());
        if self.has_mark {
            content.push(MARK);
        }
        let mut endings = self.endings.iter();
        for (number, line) in plain.split('\n').enumerate() {
            if number > 0 {
                content.push_str(endings.next().map_or("\n", |ending| ending.as_str()));
            }
            content.push_str(line);
        }
        content + final_ending
    }

    /// Puts `new` in place of a range of the plain text. Endings outside the range stay as they are.
    fn splice(&mut self, range: Range<usize>, new: &str) {
        let first = self.plain[..range.start].matches('\n').count();
        let old = &self.plain[range.clone()];
        let replaced = first..first + old.matches('\n').count();
        let endings = self.endings_of(old, new, &replaced);
        self.endings.splice(replaced, endings);
        self.plain.replace_range(range, new);
    }

    /// The endings of the lines of `new`, which takes the place of `old`, whose lines have the endings in `replaced`.
    fn endings_of(&self, old: &str, new: &str, replaced: &Range<usize>) -> Vec<Ending> {
        let wanted = new.matches('\n').count();
        let around =
            self.endings.get(replaced.start).or_else(|| self.endings.get(replaced.start.checked_sub(1)?));
        let around = around.copied().unwrap_or(self.usual);
        if self.endings.iter().all(|ending| *ending == around) {
            return vec![around; wanted];
        }
        let (old, new): (Vec<&str>, Vec<&str>) = (old.split('\n').collect(), new.split('\n').collect());
        let mut endings: Vec<Option<Ending>> = vec![None; new.len()];
        for operation in capture_diff_slices(Algorithm::Myers, &old, &new) {
            let (from, to, length) = match operation {
                DiffOp::Equal { old_index, new_index, len } => (old_index, new_index, len),
                DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                    (old_index, new_index, old_len.min(new_len))
                }
                DiffOp::Delete { .. } | DiffOp::Insert { .. } => continue,
            };
            for line in 0..length {
                endings[to + line] = self.endings.get(replaced.start + from + line).copied();
            }
        }
        let mut last = around;
        let kept = endings.into_iter().take(wanted).map(|ending| {
            last = ending.unwrap_or(last);
            last
        });
        kept.collect()
    }
}

/// A model's text with LF alone and without a byte-order mark.
fn plain(text: &str) -> String {
    text.strip_prefix(MARK).unwrap_or(text).replace("\r\n", "\n")
}

/// Where a text occurs, overlaps included.
fn occurrences(text: &str, search: &str) -> Vec<usize> {
    let Some(first) = search.chars().next() else { return Vec::new() };
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find(search) {
        found.push(at + next);
        at += next + first.len_utf8();
    }
    found
}

#[cfg(test)]
mod tests;
