//! Where the inline parts of a comment end that do not count, collected in one pass: whoever opens thousands of them must not have the
//! rest read again for each.

use super::{Markup, SILENT_ELEMENTS, SILENT_MACROS, backticks, is_tag};
use std::collections::HashMap;

/// Places in a text, in bytes and in order.
type Places = Vec<usize>;

/// The ends of inline parts in a text.
#[derive(Default)]
pub(super) struct Ends {
    /// Where lines without words begin.
    empty_lines: Places,
    /// Where the first line begins that is an item of a list.
    first_item: Option<usize>,
    /// Runs of backticks, by their length.
    runs: HashMap<usize, Places>,
    /// Where an element ends, by its beginning.
    elements: HashMap<usize, usize>,
    line_breaks: Places,
    braces: Places,
    double_braces: Places,
    /// What closes each of [`SILENT_MACROS`].
    macros: [Places; SILENT_MACROS.len()],
}

impl Ends {
    /// Those of a whole text.
    pub(super) fn of(text: &str, markup: Markup) -> Self {
        let mut ends = Self::default();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            if line.trim().is_empty() {
                ends.empty_lines.push(start);
            } else if ends.first_item.is_none() && is_item(line) {
                ends.first_item = Some(start);
            }
            start += line.len();
        }
        let mut at = 0;
        while let Some(next) = text[at..].find('`') {
            at += next;
            let run = backticks(&text[at..]);
            ends.runs.entry(run).or_default().push(at);
            at += run;
        }
        if markup != Markup::Mrkdwn {
            ends.elements = elements(text);
        }
        if markup == Markup::Wiki {
            ends.line_breaks = places(text, "\n");
            ends.braces = places(text, "}");
            let is_double = |brace: &usize| text[brace + 1..].starts_with('}');
            ends.double_braces = ends.braces.iter().copied().filter(is_double).collect();
            ends.macros = SILENT_MACROS.map(|name| places(text, &format!("{{{name}}}")));
        }
        ends
    }

    /// Whether an earlier line than the one that begins here is an item of a list.
    pub(super) fn has_item_before(&self, line: usize) -> bool {
        self.first_item.is_some_and(|item| item < line)
    }

    /// The end of a code span: after the next run of as many backticks in the same paragraph. Slack's blocks of three may hold anything.
    pub(super) fn code(&self, text: &str, at: usize, markup: Markup) -> Option<usize> {
        let ticks = backticks(&text[at..]);
        let paragraph = match markup == Markup::Mrkdwn && ticks >= 3 {
            true => None,
            false => first_from(&self.empty_lines, at),
        };
        let closing = first_from(self.runs.get(&ticks)?, at + ticks)?;
        paragraph.is_none_or(|end| closing < end).then_some(closing + ticks)
    }

    /// The end of an element such as `<blockquote>`, including nested ones of its kind.
    pub(super) fn element(&self, at: usize) -> Option<usize> {
        self.elements.get(&at).copied()
    }

    /// The end of `{quote}…{quote}`, `{code:rust}…{code}` or `{{…}}`.
    pub(super) fn wiki(&self, text: &str, at: usize) -> Option<usize> {
        let inside = at + 1;
        if text[inside..].starts_with('{') {
            let line = first_from(&self.line_breaks, inside).unwrap_or(text.len());
            let closing = first_from(&self.double_braces, inside + 1)?;
            return (closing < line).then_some(closing + 2);
        }
        let (kind, name) =
            SILENT_MACROS.into_iter().enumerate().find(|(_, name)| text[inside..].starts_with(name))?;
        let named = inside + name.len();
        let brace = first_from(&self.braces, inside)?;
        if brace != named && !text[named..].starts_with(':') {
            return None;
        }
        let closing = first_from(&self.macros[kind], brace + 1)?;
        Some(closing + name.len() + 2)
    }
}

fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    let after_number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with(['-', '*', '+'])
        || (after_number.len() < line.len() && after_number.starts_with(['.', ')']))
}

/// The silent elements of a text, each with its end, by their beginnings. An unclosed one does not count.
fn elements(text: &str) -> HashMap<usize, usize> {
    let angles = places(text, ">");
    let mut open: [Places; SILENT_ELEMENTS.len()] = Default::default();
    let mut elements = HashMap::new();
    for at in places(text, "<") {
        let rest = &text[at..];
        for (name, open) in SILENT_ELEMENTS.into_iter().zip(&mut open) {
            if is_tag(rest, "<", name) {
                open.push(at);
            } else if is_tag(rest, "</", name)
                && let Some(start) = open.pop()
            {
                let end = first_from(&angles, at).map_or(at + 2 + name.len(), |angle| angle + 1);
                elements.insert(start, end);
            }
        }
    }
    elements
}

fn places(text: &str, wanted: &str) -> Places {
    text.match_indices(wanted).map(|(at, _)| at).collect()
}

/// The first of the places that is not before `at`.
fn first_from(places: &[usize], at: usize) -> Option<usize> {
    places.get(places.partition_point(|place| *place < at)).copied()
}
