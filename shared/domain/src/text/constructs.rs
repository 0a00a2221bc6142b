//! What must not be broken in Markdown and in Slack's language: code blocks, code, emphasis, links, entities, comments.

use std::collections::BTreeSet;

/// A stretch of text that means something as a whole.
#[derive(Debug, PartialEq)]
pub(super) struct Construct {
    pub(super) start: usize,
    end: usize,
    kind: Kind,
}

#[derive(Debug, PartialEq)]
enum Kind {
    /// Not to be broken: a link, an entity, a comment.
    Whole,
    /// Emphasis and code, between the same characters.
    Delimited { delimiter: String },
    /// A code block: its first line, the line that closes it, and where its content begins.
    Block { first_line: String, fence: String, content: usize },
}

impl Construct {
    /// Whether a text that ends at `end` ends inside this.
    pub(super) fn goes_through(&self, end: usize) -> bool {
        self.start < end && end < self.end
    }

    /// What opens it once more.
    pub(super) fn opening(&self) -> String {
        match &self.kind {
            Kind::Whole => String::new(),
            Kind::Delimited { delimiter } => delimiter.clone(),
            Kind::Block { first_line, .. } => format!("{first_line}\n"),
        }
    }

    /// What closes it after a text that may have ended its line.
    pub(super) fn closing(&self, after_line: bool) -> String {
        match &self.kind {
            Kind::Whole => String::new(),
            Kind::Delimited { delimiter } => delimiter.clone(),
            Kind::Block { fence, .. } if after_line => fence.clone(),
            Kind::Block { fence, .. } => format!("\n{fence}"),
        }
    }

    /// Whether it can be closed at `end`, with something left in it.
    pub(super) fn can_end_at(&self, end: usize) -> bool {
        match &self.kind {
            Kind::Whole => false,
            Kind::Delimited { delimiter } => {
                end > self.start + delimiter.len() && end + delimiter.len() <= self.end
            }
            Kind::Block { content, .. } => end > *content,
        }
    }
}

/// Every construct of a text, in the order of their beginnings.
pub(super) fn of(text: &str) -> Vec<Construct> {
    let mut constructs = Vec::new();
    let mut paragraph = 0;
    let mut open: Option<Fence> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        match &open {
            Some(fence) if fence.is_closed_by(line) => {
                constructs.extend(open.take().map(|fence| fence.into_construct(end)));
                paragraph = end;
            }
            Some(_) => {}
            None => {
                let fence = Fence::read(line, at);
                if fence.is_some() || line.trim().is_empty() {
                    inline(text, paragraph, at, &mut constructs);
                    paragraph = end;
                }
                open = fence;
            }
        }
        at = end;
    }
    match open {
        // One that nobody closes goes on to the end, and so it is never ended by a text that is whole.
        Some(fence) => constructs.push(fence.into_construct(text.len() + 1)),
        None => inline(text, paragraph, text.len(), &mut constructs),
    }
    constructs.sort_by_key(|construct| (construct.start, std::cmp::Reverse(construct.end)));
    constructs
}

/// A code block that was opened.
struct Fence {
    start: usize,
    first_line: String,
    /// Spaces and signs of quotes before the fence.
    prefix: String,
    marker: char,
    length: usize,
    content: usize,
}

impl Fence {
    fn read(line: &str, start: usize) -> Option<Self> {
        let fence = line.trim_start_matches([' ', '\t', '>']);
        let marker = fence.chars().next().filter(|first| matches!(first, '`' | '~'))?;
        let length = fence.len() - fence.trim_start_matches(marker).len();
        let is_code_in_a_line = marker == '`' && fence[length..].contains('`');
        if length < 3 || is_code_in_a_line {
            return None;
        }
        Some(Self {
            start,
            first_line: line.trim_end().to_owned(),
            prefix: line[..line.len() - fence.len()].to_owned(),
            marker,
            length,
            content: start + line.len(),
        })
    }

    fn is_closed_by(&self, line: &str) -> bool {
        let fence = line.trim_start_matches([' ', '\t', '>']).trim_end();
        fence.len() >= self.length && fence.chars().all(|character| character == self.marker)
    }

    fn into_construct(self, end: usize) -> Construct {
        let fence = format!("{}{}", self.prefix, self.marker.to_string().repeat(self.length));
        let kind = Kind::Block { first_line: self.first_line, fence, content: self.content };
        Construct { start: self.start, end, kind }
    }
}

/// What is longer than this is taken for text that only looks like a construct.
const LONGEST: usize = 4_000;

/// The constructs inside a paragraph.
fn inline(text: &str, start: usize, end: usize, constructs: &mut Vec<Construct>) {
    let mut closed = BTreeSet::new();
    let mut at = start;
    while let Some(next) = text[at..end].find(['\\', '`', '<', '[', '*', '_', '~', '&']) {
        at += next;
        let window = text.floor_char_boundary(end.min(at + LONGEST));
        let rest = &text[at..window];
        let (construct, read) = match rest.as_bytes().first() {
            Some(b'\\') => (None, 1 + rest[1..].chars().next().map_or(0, char::len_utf8)),
            Some(b'`') => code(rest),
            Some(b'<') => angle(rest),
            Some(b'[') => link(rest),
            Some(b'&') => entity(rest),
            _ if closed.contains(&at) => (None, run(rest, rest.chars().next().unwrap_or_default()).len()),
            _ => emphasis(rest, text[..at].chars().next_back()),
        };
        if let Some((length, kind)) = construct {
            if let Kind::Delimited { delimiter } = &kind {
                closed.insert(at + length - delimiter.len());
            }
            constructs.push(Construct { start: at, end: at + length, kind });
        }
        at += read;
    }
}

/// A construct's length and kind, if there is one, and how many bytes were read in any case.
type Found = (Option<(usize, Kind)>, usize);

fn run(text: &str, character: char) -> &str {
    &text[..text.len() - text.trim_start_matches(character).len()]
}

fn code(rest: &str) -> Found {
    let delimiter = run(rest, '`');
    let mut at = delimiter.len();
    while let Some(next) = rest[at..].find('`') {
        let closing = run(&rest[at + next..], '`');
        at += next + closing.len();
        if closing.len() == delimiter.len() {
            return (Some((at, Kind::Delimited { delimiter: delimiter.to_owned() })), at);
        }
    }
    (None, delimiter.len())
}

/// `<https://example.com>`, `<https://example.com|words>`, `<@U1>`, tags and comments.
fn angle(rest: &str) -> Found {
    let close = if rest.starts_with("<!--") { "-->" } else { ">" };
    let begins =
        rest[1..].starts_with(|next: char| next.is_alphanumeric() || matches!(next, '/' | '!' | '@' | '#'));
    match rest.find(close) {
        Some(end) if begins && (close == "-->" || !rest[..end].contains('\n')) => {
            (Some((end + close.len(), Kind::Whole)), end + close.len())
        }
        _ => (None, 1),
    }
}

/// `[words](address)` and `[words][name]`.
fn link(rest: &str) -> Found {
    let length = balanced(rest, '[', ']').and_then(|words| {
        let after = &rest[words..];
        let address = match after.chars().next()? {
            '(' => balanced(after, '(', ')')?,
            '[' => balanced(after, '[', ']')?,
            _ => return None,
        };
        Some(words + address)
    });
    match length {
        Some(length) => (Some((length, Kind::Whole)), length),
        None => (None, 1),
    }
}

/// The bytes up to the bracket that closes the first one.
fn balanced(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == open => depth += 1,
            _ if character == close => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + close.len_utf8());
                }
            }
            _ => {}
        }
    }
    None
}

fn entity(rest: &str) -> Found {
    let name = rest[1..].find(|next: char| !next.is_ascii_alphanumeric() && next != '#').unwrap_or(0);
    match rest[1 + name..].starts_with(';') && (1..=10).contains(&name) {
        true => (Some((name + 2, Kind::Whole)), name + 2),
        false => (None, 1),
    }
}

/// `*words*`, `**words**`, `_words_`, `~words~`, `~~words~~`. What is inside may hold more constructs, so only the opening is read.
fn emphasis(rest: &str, before: Option<char>) -> Found {
    let Some(character) = rest.chars().next() else { return (None, 0) };
    let delimiter = run(rest, character);
    let inside_word = character == '_' && before.is_some_and(char::is_alphanumeric);
    let opens = !inside_word
        && rest[delimiter.len()..].starts_with(|next: char| !next.is_whitespace())
        && delimiter.len() <= 3;
    let mut at = delimiter.len();
    while opens && let Some(next) = rest[at..].find(character) {
        let closing = run(&rest[at + next..], character);
        let closes = closing.len() == delimiter.len()
            && !rest[..at + next].ends_with(char::is_whitespace)
            && !rest[..at + next].ends_with('\\');
        at += next + closing.len();
        if closes {
            return (Some((at, Kind::Delimited { delimiter: delimiter.to_owned() })), delimiter.len());
        }
    }
    (None, delimiter.len())
}
