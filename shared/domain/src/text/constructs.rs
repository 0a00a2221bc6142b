//! Constructs that must not be broken in Markdown and in Slack's language: code blocks, code, emphasis, links, entities, comments.

use std::collections::{BTreeSet, HashMap};

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

    /// The text that reopens it.
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

    /// Whether it can be closed at `end` of the text, with something left in it.
    pub(super) fn can_end_at(&self, text: &str, end: usize) -> bool {
        match &self.kind {
            Kind::Whole => false,
            Kind::Delimited { delimiter } => {
                let has_content = end > self.start + delimiter.len() && end + delimiter.len() <= self.end;
                has_content && !is_beside(text, end, |sign| delimiter.starts_with(sign))
            }
            Kind::Block { content, .. } => end > *content,
        }
    }
}

/// The constructs of a text, each kind in the order of their beginnings.
#[derive(Debug, Default)]
pub(super) struct Constructs {
    blocks: Vec<Construct>,
    inline: Vec<Construct>,
}

impl Constructs {
    /// Every construct of a text. Takes time in proportion to its length.
    pub(super) fn of(text: &str) -> Self {
        let mut constructs = Self::default();
        let mut paragraph = 0;
        let mut open: Option<Fence> = None;
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let end = at + line.len();
            match &open {
                Some(fence) if fence.is_closed_by(line) => {
                    constructs.blocks.extend(open.take().map(|fence| fence.into_construct(end)));
                    paragraph = end;
                }
                Some(_) => {}
                None => {
                    let fence = Fence::read(line, at);
                    if fence.is_some() || line.trim().is_empty() {
                        inline(text, paragraph, at, &mut constructs.inline);
                        paragraph = end;
                    }
                    open = fence;
                }
            }
            at = end;
        }
        match open {
            // An unclosed one extends to the end, so a complete text never ends it.
            Some(fence) => constructs.blocks.push(fence.into_construct(text.len() + 1)),
            None => inline(text, paragraph, text.len(), &mut constructs.inline),
        }
        constructs
    }

    /// The constructs that are open at `end`, outermost first.
    pub(super) fn through(&self, end: usize) -> impl DoubleEndedIterator<Item = &Construct> {
        let count = |list: &[Construct], end| list.partition_point(|construct| construct.start < end);
        // Code blocks follow each other, and nothing else is longer than this.
        let block = self.blocks[..count(&self.blocks, end)].last();
        let first = count(&self.inline, end.saturating_sub(LONGEST));
        let inline = &self.inline[first..count(&self.inline, end)];
        block.into_iter().chain(inline).filter(move |construct| construct.goes_through(end))
    }
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

/// A longer match, in bytes, is treated as text that only looks like a construct.
const LONGEST: usize = 4_000;

/// The constructs inside a paragraph.
fn inline(text: &str, start: usize, end: usize, constructs: &mut Vec<Construct>) {
    let text = &text[..end];
    let ends = Ends::of(text, start);
    let mut closed = BTreeSet::new();
    let mut at = start;
    while let Some(next) = text[at..].find(['\\', '`', '<', '[', '*', '_', '~', '&']) {
        at += next;
        let rest = &text[at..];
        let sign = rest.chars().next().unwrap_or_default();
        let signs = if matches!(sign, '`' | '*' | '_' | '~') { run(rest, sign).len() } else { 1 };
        // The construct, and how many bytes were read if there is none.
        let (found, unread) = match sign {
            '\\' => (None, 1 + rest[1..].chars().next().map_or(0, char::len_utf8)),
            '`' => (ends.code(at, signs), signs),
            '<' => (ends.angle(rest, at), 1),
            '[' => (ends.link(text, at), 1),
            '&' => (entity(rest), 1),
            _ if closed.contains(&at) => (None, signs),
            _ => (ends.emphasis(text, at, sign, signs), signs),
        };
        let found = found.filter(|(length, _)| *length <= LONGEST);
        let mut read = unread;
        if let Some((length, kind)) = found {
            match &kind {
                // Emphasis may contain more constructs, so only its opening is read.
                Kind::Delimited { delimiter } if sign != '`' => {
                    closed.insert(at + length - delimiter.len());
                }
                _ => read = length,
            }
            constructs.push(Construct { start: at, end: at + length, kind });
        }
        at += read;
    }
}

/// A construct's length and kind.
type Found = Option<(usize, Kind)>;

/// Where constructs of a paragraph may end, collected in one pass: positions in bytes, in order.
#[derive(Default)]
struct Ends {
    /// Runs of one sign that may close emphasis, by the sign and their length.
    emphasis: HashMap<(char, usize), Vec<usize>>,
    /// Runs of backticks, by their length.
    code: HashMap<usize, Vec<usize>>,
    /// The bracket that closes one, by the place of that one.
    brackets: HashMap<usize, usize>,
    angles: Vec<usize>,
    comments: Vec<usize>,
    lines: Vec<usize>,
}

impl Ends {
    /// Those of the paragraph that goes from `start` to the end of the text.
    fn of(text: &str, start: usize) -> Self {
        let mut ends = Self::default();
        let (mut square, mut round) = (Vec::new(), Vec::new());
        let (mut before, mut escaped) = (' ', false);
        for (at, sign) in text[start..].char_indices().map(|(at, sign)| (start + at, sign)) {
            let signs = || run(&text[at..], sign).len();
            match sign {
                '*' | '_' | '~' if before != sign && !before.is_whitespace() && before != '\\' => {
                    ends.emphasis.entry((sign, signs())).or_default().push(at);
                }
                '`' if before != sign => ends.code.entry(signs()).or_default().push(at),
                '>' => ends.angles.push(at),
                '\n' => ends.lines.push(at),
                '-' if text[at..].starts_with("-->") => ends.comments.push(at),
                '[' if !escaped => square.push(at),
                '(' if !escaped => round.push(at),
                ']' if !escaped => ends.brackets.extend(square.pop().map(|open| (open, at))),
                ')' if !escaped => ends.brackets.extend(round.pop().map(|open| (open, at))),
                _ => {}
            }
            escaped = sign == '\\' && !escaped;
            before = sign;
        }
        ends
    }

    fn code(&self, at: usize, signs: usize) -> Found {
        let end = first_from(self.code.get(&signs)?, at + signs)? + signs;
        Some((end - at, Kind::Delimited { delimiter: "`".repeat(signs) }))
    }

    /// `<https://example.com>`, `<https://example.com|words>`, `<@U1>`, tags and comments.
    fn angle(&self, rest: &str, at: usize) -> Found {
        let begins = rest[1..]
            .starts_with(|next: char| next.is_alphanumeric() || matches!(next, '/' | '!' | '@' | '#'));
        if rest.starts_with("<!--") {
            return Some((first_from(&self.comments, at)? + "-->".len() - at, Kind::Whole));
        }
        let end = first_from(&self.angles, at)?;
        let is_one_line = first_from(&self.lines, at).is_none_or(|line| line > end);
        (begins && is_one_line).then_some((end + 1 - at, Kind::Whole))
    }

    /// `[words](address)` and `[words][name]`.
    fn link(&self, text: &str, at: usize) -> Found {
        let address = self.brackets.get(&at)? + 1;
        if !text[address..].starts_with(['(', '[']) {
            return None;
        }
        Some((self.brackets.get(&address)? + 1 - at, Kind::Whole))
    }

    /// `*words*`, `**words**`, `_words_`, `~words~`, `~~words~~`.
    fn emphasis(&self, text: &str, at: usize, sign: char, signs: usize) -> Found {
        let inside_word = sign == '_' && text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        let opens =
            !inside_word && text[at + signs..].starts_with(|next: char| !next.is_whitespace()) && signs <= 3;
        if !opens {
            return None;
        }
        let end = first_from(self.emphasis.get(&(sign, signs))?, at + signs)? + signs;
        Some((end - at, Kind::Delimited { delimiter: text[at..at + signs].to_owned() }))
    }
}

/// The first position in a list at or after `from`.
fn first_from(list: &[usize], from: usize) -> Option<usize> {
    list.get(list.partition_point(|position| *position < from)).copied()
}

/// Whether the character before or after a place is such a marker. A marker added there would merge with it: a
/// backtick before `` ``a `` begins a code block.
pub(super) fn is_beside(text: &str, at: usize, is_sign: impl Fn(char) -> bool) -> bool {
    text[..at].ends_with(&is_sign) || text[at..].starts_with(&is_sign)
}

fn run(text: &str, sign: char) -> &str {
    &text[..text.len() - text.trim_start_matches(sign).len()]
}

fn entity(rest: &str) -> Found {
    let name = rest[1..].find(|next: char| !next.is_ascii_alphanumeric() && next != '#').unwrap_or(0);
    (rest[1 + name..].starts_with(';') && (1..=10).contains(&name)).then_some((name + 2, Kind::Whole))
}
