//! The text of a file and its form: line endings, final newline, byte-order mark.

use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::BTreeMap;
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
    /// The text with only LF and without the mark.
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
        let whole = 0..self.plain.len();
        self.splice(&[whole], &plain(content));
    }

    /// Replaces the only occurrence of `search` by `replace`; the forms of both do not matter. A `search` that ends with a newline
    /// also matches the end of a file whose last line has none.
    ///
    /// # Errors
    /// How often the text occurs, if that is not once. Overlapping occurrences are all counted.
    pub fn replace_once(&mut self, search: &str, replace: &str) -> Result<(), usize> {
        let found = self.find(search);
        if found.len() != 1 {
            return Err(found.len());
        }
        self.replace(&found, replace);
        Ok(())
    }

    /// Where a text, whose form does not matter, occurs in [`Text::as_str`], as ranges of bytes in order. They may overlap. A
    /// `search` that ends with a newline also matches the end of a file whose last line has none.
    pub(crate) fn find(&self, search: &str) -> Vec<Range<usize>> {
        let search = plain(search);
        let found = occurrences(&self.plain, &search);
        let mut found: Vec<_> = found.into_iter().map(|start| start..start + search.len()).collect();
        // To a reader of lines, the last one is the same as identical ones before it.
        if let Some(last) = search.strip_suffix('\n').filter(|last| !last.is_empty() && !last.ends_with('\n'))
            && self.plain.ends_with(last)
        {
            found.push(self.plain.len() - last.len()..self.plain.len());
        }
        found
    }

    /// Replaces ranges that [`Text::find`] gave and that do not overlap.
    pub(crate) fn replace(&mut self, found: &[Range<usize>], replace: &str) {
        let replace = plain(replace);
        // A last line without a newline stays without one: a file without a final newline is written that way.
        self.splice(found, &replace);
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

    /// Replaces ranges of the plain text, which are in order and do not overlap, with `new`. Endings outside of them stay as they
    /// are.
    fn splice(&mut self, ranges: &[Range<usize>], new: &str) {
        let is_uniform = self.endings.windows(2).all(|pair| pair[0] == pair[1]);
        let (mut text, mut endings) = (String::new(), Vec::new());
        let (mut at, mut line) = (0, 0);
        for range in ranges {
            let (kept, old) = (&self.plain[at..range.start], &self.plain[range.clone()]);
            let first = line + kept.matches('\n').count();
            let replaced = first..first + old.matches('\n').count();
            endings.extend_from_slice(&self.endings[line..first]);
            endings.extend(self.endings_of(old, new, &replaced, is_uniform));
            text.push_str(kept);
            text.push_str(new);
            (at, line) = (range.end, replaced.end);
        }
        endings.extend_from_slice(&self.endings[line..]);
        text.push_str(&self.plain[at..]);
        (self.plain, self.endings) = (text, endings);
    }

    /// The endings of the lines of `new`, which takes the place of `old`, whose lines have the endings in `replaced`.
    fn endings_of(&self, old: &str, new: &str, replaced: &Range<usize>, is_uniform: bool) -> Vec<Ending> {
        let wanted = new.matches('\n').count();
        let around =
            self.endings.get(replaced.start).or_else(|| self.endings.get(replaced.start.checked_sub(1)?));
        let around = around.copied().unwrap_or(self.usual);
        if is_uniform {
            return vec![around; wanted];
        }
        let (old, new): (Vec<&str>, Vec<&str>) = (old.split('\n').collect(), new.split('\n').collect());
        let lines = same_lines(&old, &new);
        let mut last = around;
        let kept = lines.into_iter().take(wanted).map(|line| {
            last = line.and_then(|line| self.endings.get(replaced.start + line).copied()).unwrap_or(last);
            last
        });
        kept.collect()
    }
}

/// For each new line, the old line that it is or takes the place of, if any.
fn same_lines(old: &[&str], new: &[&str]) -> Vec<Option<usize>> {
    /// A difference of larger parts, as lines times lines, would take minutes.
    const LARGEST_DIFFERENCE: usize = 4_000_000;
    let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old_part, new_part) = (&old_rest[..old_rest.len() - end], &new_rest[..new_rest.len() - end]);
    let mut part: Vec<Option<usize>> = vec![None; new_part.len()];
    if old_part.len().saturating_mul(new_part.len()) > LARGEST_DIFFERENCE {
        let places: BTreeMap<&str, usize> =
            old_part.iter().enumerate().map(|(place, line)| (*line, start + place)).collect();
        part = new_part.iter().map(|line| places.get(line).copied()).collect();
    } else {
        for operation in capture_diff_slices(Algorithm::Myers, old_part, new_part) {
            let (from, to, length) = match operation {
                DiffOp::Equal { old_index, new_index, len } => (old_index, new_index, len),
                DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                    (old_index, new_index, old_len.min(new_len))
                }
                DiffOp::Delete { .. } | DiffOp::Insert { .. } => continue,
            };
            for (place, line) in part.iter_mut().skip(to).take(length).zip(start + from..) {
                *place = Some(line);
            }
        }
    }
    (0..start).map(Some).chain(part).chain((old.len() - end..old.len()).map(Some)).collect()
}

/// A model's text with only LF and without a byte-order mark.
fn plain(text: &str) -> String {
    text.strip_prefix(MARK).unwrap_or(text).replace("\r\n", "\n")
}

/// Where a text occurs, overlaps included, in time that grows with the texts and not with their product (Knuth, Morris and Pratt):
/// a model's text may well be half a file of equal characters.
fn occurrences(text: &str, search: &str) -> Vec<usize> {
    if search.is_empty() || !text.contains(search) {
        return Vec::new();
    }
    let (text, search) = (text.as_bytes(), search.as_bytes());
    // For each beginning of `search`: the length of the longest shorter beginning that it ends with.
    let mut borders = vec![0; search.len()];
    let mut length = 0;
    for at in 1..search.len() {
        while length > 0 && search[at] != search[length] {
            length = borders[length - 1];
        }
        length += usize::from(search[at] == search[length]);
        borders[at] = length;
    }
    let (mut found, mut length) = (Vec::new(), 0);
    for (at, byte) in text.iter().enumerate() {
        while length > 0 && (length == search.len() || *byte != search[length]) {
            length = borders[length - 1];
        }
        length += usize::from(*byte == search[length]);
        if length == search.len() {
            found.push(at + 1 - length);
        }
    }
    found
}

#[cfg(test)]
mod tests;
