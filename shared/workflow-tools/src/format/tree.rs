//! A file as it is written: every node with its style, and every comment with its subject.

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};
use std::collections::VecDeque;

/// A file.
pub(super) struct Document {
    /// The lines above `---`; `None` if there are none.
    pub(super) header: Option<Vec<Comment>>,
    pub(super) root: Node,
    /// The comments after everything.
    pub(super) tail: Vec<Comment>,
}

/// A value as it is written.
pub(super) struct Node {
    /// Its anchor and its tag.
    pub(super) properties: Vec<String>,
    pub(super) body: Body,
}

pub(super) enum Body {
    /// A plain or quoted text, or an alias, by lines; no lines if it is empty.
    Inline(Vec<String>),
    /// A block text: `|` or `>` with its indicators, and its lines without their indentation.
    Block {
        header: String,
        lines: Vec<String>,
    },
    Collection(Collection),
}

/// A mapping or a list.
pub(super) struct Collection {
    pub(super) is_map: bool,
    /// Whether it is in brackets.
    pub(super) flow: bool,
    /// Whether its entries are on separate lines although it has brackets.
    pub(super) broken: bool,
    pub(super) entries: Vec<Entry>,
    /// The comments after its last entry.
    pub(super) tail: Vec<Comment>,
}

/// An entry of a mapping, or an item of a list.
pub(super) struct Entry {
    /// The lines of comments above it.
    pub(super) above: Vec<Comment>,
    /// Whether an empty line is right above it.
    pub(super) apart: bool,
    /// The key as it is written; `None` for an item.
    pub(super) key: Option<String>,
    /// Whether a colon follows the key.
    pub(super) colon: bool,
    pub(super) value: Node,
    /// The comment on the line of the key or dash, if the value starts on a later line.
    pub(super) head: Option<String>,
    /// The comment after the value.
    pub(super) behind: Option<String>,
}

/// A comment on its own line.
pub(super) struct Comment {
    pub(super) text: String,
    /// Whether an empty line is above it.
    pub(super) apart: bool,
}

/// Reads a text that is one YAML document, nested no deeper than the compiler allows. `None` if something in it can
/// only be kept by leaving all of it as it is.
pub(super) fn read(text: &str) -> Option<Document> {
    let mut reader = Reader::new(text)?;
    let start = reader.position()?;
    let header = match reader.next()? {
        (Event::DocumentStart(explicit, None), _) => explicit.then(|| reader.comments_before(start, None)),
        _ => return None,
    };
    let root = reader.node(None)?.node;
    match reader.next()? {
        (Event::DocumentEnd, _) => {}
        _ => return None,
    }
    let tail = reader.comments_before(text.len() + 1, None);
    // A comment that belongs to nothing would be lost.
    (reader.behind.is_empty() && reader.directives_are_none()).then_some(Document { header, root, tail })
}

/// A comment as the parser finds it.
struct Found {
    start: usize,
    column: usize,
    text: String,
}

struct Reader<'t> {
    text: &'t str,
    events: VecDeque<(Event<'t>, Span)>,
    /// Comments on their own lines that are not assigned yet.
    own: VecDeque<Found>,
    /// Trailing comments that are not assigned yet, by their start.
    behind: Vec<Found>,
    /// Where the last text ended whose empty lines at the end are a part of it.
    kept_until: usize,
}

/// A node, and where it starts and ends.
struct Placed {
    node: Node,
    start: usize,
    end: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Option<Self> {
        let options =
            granit_parser::options! { emit_anchor_events: true, max_buffered_comment_events: 10_000 };
        let mut reader =
            Self { text, events: VecDeque::new(), own: VecDeque::new(), behind: Vec::new(), kept_until: 0 };
        for event in Parser::new_from_str_with_options(text, options) {
            let (event, span) = event.ok()?;
            match event {
                Event::StreamStart | Event::StreamEnd => {}
                Event::Comment(..) => reader.comment(span)?,
                event => reader.events.push_back((event, span)),
            }
        }
        Some(reader)
    }

    fn comment(&mut self, span: Span) -> Option<()> {
        let range = span.byte_range()?;
        let found = Found {
            start: range.start,
            column: span.start.col(),
            text: self.text.get(range)?.trim_end().to_owned(),
        };
        match self.line_before(found.start)?.trim().is_empty() {
            true => self.own.push_back(found),
            false => self.behind.push(found),
        }
        Some(())
    }

    fn next(&mut self) -> Option<(Event<'t>, Span)> {
        self.events.pop_front()
    }

    /// Where the next event starts.
    fn position(&self) -> Option<usize> {
        self.events.front()?.1.start.byte_offset()
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at.min(self.text.len())].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// What precedes a place in its line.
    fn line_before(&self, at: usize) -> Option<&'t str> {
        self.text.get(self.line_start(at)..at)
    }

    /// Whether an empty line is above the line of a place, and no part of a text.
    fn is_apart(&self, at: usize) -> bool {
        let start = self.line_start(at);
        let Some(above) = start.checked_sub(1).filter(|_| start > self.kept_until) else { return false };
        self.text[self.line_start(above)..above].trim().is_empty()
    }

    /// The comments on their own lines before a place; with `column`, only the first of them that are further to the
    /// right.
    fn comments_before(&mut self, at: usize, column: Option<usize>) -> Vec<Comment> {
        let mut found = Vec::new();
        while let Some(comment) = self.own.front() {
            if comment.start >= at || column.is_some_and(|column| comment.column <= column) {
                break;
            }
            let apart = self.is_apart(comment.start);
            if let Some(comment) = self.own.pop_front() {
                found.push(Comment { text: comment.text, apart });
            }
        }
        found
    }

    /// The comment on the rest of a line, separated from the place by at most these characters.
    fn take_behind(&mut self, from: usize, between: &[char]) -> Option<String> {
        let line = from..self.end_of_line(from);
        let place = self.behind.iter().position(|comment| {
            line.contains(&comment.start) && self.text[from..comment.start].trim_matches(between).is_empty()
        })?;
        Some(self.behind.remove(place).text)
    }

    /// The comment on the rest of a key's line, unless a part of the value has taken it.
    fn take_head(&mut self, key_end: usize) -> Option<String> {
        let line = key_end..self.end_of_line(key_end);
        let place = self.behind.iter().position(|comment| line.contains(&comment.start))?;
        Some(self.behind.remove(place).text)
    }

    fn end_of_line(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |newline| at + newline)
    }

    /// A node. `column` is that of the surrounding collection.
    fn node(&mut self, column: Option<usize>) -> Option<Placed> {
        let (event, span) = self.next()?;
        let range = span.byte_range()?;
        let mut properties: Vec<(usize, String)> = Vec::new();
        if let Some(tag) = span.tag_span() {
            properties.push((tag.start.byte_offset()?, tag.slice(self.text)?.to_owned()));
        }
        if let Some((Event::Anchor(..), anchor)) = self.events.front() {
            properties.push((anchor.start.byte_offset()?, anchor.slice(self.text)?.to_owned()));
            self.events.pop_front();
        }
        properties.sort();
        let first = properties.first().map_or(range.start, |(start, _)| (*start).min(range.start));
        let (body, end) = match event {
            Event::Alias(_) => (Body::Inline(lines_of(&self.text[range.clone()])), range.end),
            Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..) => {
                (self.block_text(range.clone())?, range.end)
            }
            Event::Scalar(_, style, ..) => {
                let written = &self.text[range.clone()];
                let lines = match style {
                    ScalarStyle::SingleQuoted => lines_of(&in_double_quotes(written)),
                    _ => lines_of(written),
                };
                (Body::Inline(lines), range.end)
            }
            Event::SequenceStart(style, ..) => self.collection(false, style, &span, column)?,
            Event::MappingStart(style, ..) => self.collection(true, style, &span, column)?,
            _ => return None,
        };
        let properties = properties.into_iter().map(|(_, text)| text).collect();
        Some(Placed { node: Node { properties, body }, start: first, end })
    }

    /// A block text, whose content the parser has found here.
    fn block_text(&mut self, content: std::ops::Range<usize>) -> Option<Body> {
        // Comments are not part of it, whatever the parser's range says.
        let in_header =
            self.behind.iter().map(|comment| comment.start).filter(|start| *start < content.start);
        let in_header = in_header.max().filter(|start| {
            self.text
                .get(self.end_of_line(*start)..content.start)
                .is_some_and(|between| between.trim().is_empty())
        });
        let end = self.own.iter().map(|comment| comment.start).find(|start| *start >= content.start);
        let end = end.map_or(content.end, |start| content.end.min(self.line_start(start)));
        let start = self.text.get(..in_header.unwrap_or(content.start))?.rfind(['|', '>'])?;
        let header_end = self.end_of_line(start);
        let header = self.text[start..header_end].split_whitespace().next()?.to_owned();
        // Its indentation depends on what surrounds it.
        if header.contains(|character: char| character.is_ascii_digit()) {
            return None;
        }
        let whole = self.text.get(header_end + 1..end).unwrap_or_default();
        let is_blank = |text: &str| text.bytes().all(|byte| byte == b' ');
        let indentation = whole.lines().find(|line| !is_blank(line));
        // Blanks alone are not content, however many there are: their lines are empty.
        let indentation =
            indentation.map_or(usize::MAX, |line| line.len() - line.trim_start_matches(' ').len());
        let mut lines: Vec<String> =
            whole.split('\n').map(|line| line.get(indentation..).unwrap_or_default().to_owned()).collect();
        // The indentation of the next line comes after the last line break.
        if whole.ends_with('\n') || whole.rsplit('\n').next().is_some_and(is_blank) {
            lines.pop();
        }
        if header.contains('+') {
            self.kept_until = end;
        } else {
            while lines.last().is_some_and(String::is_empty) {
                lines.pop();
            }
        }
        Some(Body::Block { header, lines })
    }

    fn collection(
        &mut self,
        is_map: bool,
        style: StructureStyle,
        span: &Span,
        around: Option<usize>,
    ) -> Option<(Body, usize)> {
        let flow = style == StructureStyle::Flow;
        let open = span.end.byte_offset()?;
        let mut found = Collection { is_map, flow, broken: false, entries: Vec::new(), tail: Vec::new() };
        if flow {
            let rest = self.text.get(open..)?;
            found.broken = rest.trim_start_matches([' ', '\t']).starts_with('\n');
        }
        let column = if flow { around } else { Some(span.start.col()) };
        let mut end = open;
        loop {
            if let (Event::MappingEnd | Event::SequenceEnd, span) = self.events.front()? {
                let close = span.byte_range()?;
                self.events.pop_front();
                found.tail = match (flow, around) {
                    (true, _) => self.comments_before(close.start, None),
                    (false, Some(around)) => self.comments_before(close.start, Some(around)),
                    (false, None) => Vec::new(),
                };
                if flow {
                    end = close.end;
                }
                break;
            }
            let (entry, entry_end) = self.entry(is_map, flow, column)?;
            end = entry_end;
            found.entries.push(entry);
        }
        if let Some(first) = found.entries.first_mut() {
            match first.above.first_mut() {
                Some(comment) => comment.apart = false,
                None => first.apart = false,
            }
        }
        let has_comments =
            |entry: &Entry| !entry.above.is_empty() || entry.behind.is_some() || entry.head.is_some();
        found.broken |= flow && (!found.tail.is_empty() || found.entries.iter().any(has_comments));
        Some((Body::Collection(found), end))
    }

    /// An entry and its end.
    fn entry(&mut self, is_map: bool, flow: bool, column: Option<usize>) -> Option<(Entry, usize)> {
        let at = self.start_of_next()?;
        let above = self.comments_before(at, None);
        let apart = self.is_apart(at);
        let (key, key_end) = match is_map {
            true => {
                let Placed { node, end, .. } = self.node(column)?;
                let Body::Inline(lines) = node.body else { return None };
                if lines.len() > 1 {
                    return None;
                }
                let words: Vec<String> = node.properties.into_iter().chain(lines).collect();
                (Some(words.join(" ")), end)
            }
            false => (None, at),
        };
        let colon = is_map && self.text[key_end..].trim_start().starts_with(':');
        let value = self.node(column)?;
        // A comment between a key and a text on its own line can only stay there.
        if self.own.front().is_some_and(|comment| comment.start < value.start) {
            return None;
        }
        let own_lines = match &value.node.body {
            Body::Block { .. } => true,
            Body::Collection(collection) => !collection.flow,
            Body::Inline(lines) => lines.is_empty() && !flow,
        };
        let starts_later = value.start > self.end_of_line(key_end);
        let head = if own_lines || starts_later { self.take_head(key_end) } else { None };
        let behind = if own_lines { None } else { self.take_behind(value.end, &[' ', '\t', ',']) };
        let end = value.end.max(key_end);
        Some((Entry { above, apart, key, colon, value: value.node, head, behind }, end))
    }

    /// Where the next node starts, its anchor and tag included.
    fn start_of_next(&self) -> Option<usize> {
        let (_, span) = self.events.front()?;
        let mut start = span.start.byte_offset()?;
        if let Some(tag) = span.tag_span() {
            start = start.min(tag.start.byte_offset()?);
        }
        if let Some((Event::Anchor(..), anchor)) = self.events.get(1) {
            start = start.min(anchor.start.byte_offset()?);
        }
        Some(start)
    }

    fn directives_are_none(&self) -> bool {
        !self.text.lines().take_while(|line| *line != "---").any(|line| line.starts_with('%'))
    }
}

/// The lines of a text, each without the blanks around it.
fn lines_of(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    text.split('\n').map(|line| line.trim().to_owned()).collect()
}

/// Turns single quotes into double ones if that does not change the text.
fn in_double_quotes(text: &str) -> String {
    let inside = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    match inside {
        Some(inside) if !inside.contains(['"', '\\', '\'', '\n']) => format!("\"{inside}\""),
        _ => text.to_owned(),
    }
}
