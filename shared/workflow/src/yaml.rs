//! A YAML document as a tree that knows where everything is.
//!
//! The one reader of workflows: the compiler, the formatter's check and the estimates of cost all read through it. It is
//! built from the parser's events without recursion, so that no document, however deep, can exhaust the stack, and it
//! bounds how many values and how much text aliases can make of a small file.

mod node;
mod refusal;
mod scalar;

pub(crate) use node::{Data, Entry, Node};
pub(crate) use scalar::why_not_kept;

use crate::diagnostic::Problems;
use crate::source::{Source, Span, Spanned};
use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Tag};
use node::{Weight, Written};
use refusal::{DEPTH_LIMIT, Refusal, VALUE_LIMIT, is_unspecific, misfit, unknown_tag};
use scalar::Scalar;
use serde_json::Number;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Documents whose aliases repeat more text than this, in bytes, are refused.
const REPEATED_TEXT_LIMIT: usize = 1024 * 1024;

/// Reads the one document of a file; reports mistakes and returns `None` then.
pub(crate) fn read(source: &Source, problems: &mut Problems<'_>) -> Option<Node> {
    match Builder::new(source).build(problems) {
        Ok(Some(root)) => Some(root),
        Ok(None) => {
            problems
                .error(Span::default(), "the file is empty")
                .help("a workflow needs at least `name:` and `steps:`");
            None
        }
        Err(Refusal { span, message, help }) => {
            let diagnostic = problems.error(span, message);
            if let Some(help) = help {
                diagnostic.help(help);
            }
            None
        }
    }
}

/// An open collection.
struct Open {
    start: usize,
    anchor: usize,
    data: Data,
    keys: BTreeSet<String>,
    key: Option<Spanned<String>>,
}

struct Builder<'s> {
    source: &'s Source,
    open: Vec<Open>,
    anchors: BTreeMap<usize, (Node, Weight)>,
    root: Option<Node>,
    values: usize,
    repeated_text: usize,
}

impl<'s> Builder<'s> {
    fn new(source: &'s Source) -> Self {
        Self { source, open: Vec::new(), anchors: BTreeMap::new(), root: None, values: 0, repeated_text: 0 }
    }

    fn build(mut self, problems: &mut Problems<'_>) -> Result<Option<Node>, Refusal> {
        let mut options = granit_parser::Options::default();
        options.set_emit_comments(false);
        for event in Parser::new_from_str_with_options(&self.source.text, options) {
            let (event, span) = event.map_err(|error| self.not_yaml(&error))?;
            let span = Span::new(self.byte(&span.start), self.byte(&span.end));
            let (node, anchor) = match event {
                Event::Scalar(text, style, anchor, tag) => {
                    (Node { span, data: self.scalar(text, style, tag.as_deref(), span)? }, anchor)
                }
                Event::SequenceStart(_, anchor, tag) => {
                    self.enter(span, anchor, Data::List(Vec::new()), tag.as_deref())?;
                    continue;
                }
                Event::MappingStart(_, anchor, tag) => {
                    self.enter(span, anchor, Data::Map(Vec::new()), tag.as_deref())?;
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                    Some(done) => {
                        let inside = self.source.text.get(done.start.min(span.start)..span.end);
                        let end = done.start + inside.unwrap_or_default().trim_end().len();
                        (Node { span: Span::new(done.start, end), data: done.data }, done.anchor)
                    }
                    None => continue,
                },
                Event::Alias(anchor) => (self.repeated(anchor, span)?, 0),
                Event::DocumentStart(..) if self.root.is_some() => {
                    return Err(Refusal::new(span, "a file has one document; this starts a second one"));
                }
                _ => continue,
            };
            self.count(1, span)?;
            if anchor != 0 {
                let weight = node.weight();
                self.count(weight.values, span)?;
                self.anchors.insert(anchor, (node.clone(), weight));
            }
            self.put(node, problems)?;
        }
        Ok(self.root)
    }

    /// Opens a collection.
    fn enter(&mut self, span: Span, anchor: usize, data: Data, tag: Option<&Tag>) -> Result<(), Refusal> {
        let own = if matches!(data, Data::List(_)) { "seq" } else { "map" };
        if let Some(tag) = tag.filter(|tag| !is_unspecific(tag)) {
            match tag.core_suffix() {
                Some(suffix) if suffix == own => {}
                Some(suffix) => return Err(misfit(span, &format!("a {own}"), suffix)),
                None => return Err(unknown_tag(span, tag)),
            }
        }
        self.open.push(Open { start: span.start, anchor, data, keys: BTreeSet::new(), key: None });
        if self.open.len() > DEPTH_LIMIT {
            return Err(Refusal::new(span, format!("this is nested deeper than {DEPTH_LIMIT} levels")));
        }
        Ok(())
    }

    /// A value has ended: it is a key, the value of one, an item, or the whole document.
    fn put(&mut self, node: Node, problems: &mut Problems<'_>) -> Result<(), Refusal> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { data: Data::Map(entries), keys, key, .. }) => match key.take() {
                None => match node.data {
                    Data::Text(text) => *key = Some(Spanned::new(text, node.span)),
                    _ => return Err(Refusal::new(node.span, format!("{} cannot be a key", node.kind()))),
                },
                Some(key) if !keys.insert(key.value.clone()) => {
                    problems.error(key.span, format!("duplicate key `{}`", key.value));
                }
                Some(key) => entries.push(Entry { key, value: node }),
            },
            Some(Open { data: Data::List(items), .. }) => items.push(node),
            Some(_) => {}
        }
        Ok(())
    }

    /// The target of an alias.
    fn repeated(&mut self, anchor: usize, span: Span) -> Result<Node, Refusal> {
        let Some((node, weight)) = self.anchors.get(&anchor) else {
            return Err(Refusal::new(span, "this alias names no anchor before it"));
        };
        // Counted before it is copied.
        let (weight, values) = (*weight, self.values + weight.values);
        if values > VALUE_LIMIT || self.repeated_text + weight.text > REPEATED_TEXT_LIMIT {
            return Err(Refusal::too_large(span));
        }
        if self.open.len() + weight.depth > DEPTH_LIMIT {
            return Err(Refusal::new(span, format!("this is nested deeper than {DEPTH_LIMIT} levels")));
        }
        let node = node.clone();
        self.values = values;
        self.repeated_text += weight.text;
        Ok(node)
    }

    fn count(&mut self, values: usize, span: Span) -> Result<(), Refusal> {
        self.values += values;
        if self.values > VALUE_LIMIT { Err(Refusal::too_large(span)) } else { Ok(()) }
    }

    fn scalar(
        &self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<Data, Refusal> {
        let is_plain = style == ScalarStyle::Plain;
        let is_key = self
            .open
            .last()
            .is_some_and(|parent| matches!(parent.data, Data::Map(_)) && parent.key.is_none());
        let tag = tag.filter(|tag| !is_key || !is_unspecific(tag));
        if is_key && is_plain && text == "<<" {
            return Err(Refusal::new(span, "`<<` does not merge mappings here").help(
                "YAML 1.2 has no merge keys: write the keys out, or name the whole mapping with an alias",
            ));
        }
        let tagged = match tag {
            Some(tag) if is_unspecific(tag) => Some("str"),
            Some(tag) => Some(tag.core_suffix().ok_or_else(|| unknown_tag(span, tag))?),
            None => None,
        };
        // An absent value is read as `~`, but nothing is written.
        let text = if is_plain && span.start == span.end { Cow::Borrowed("") } else { text };
        if is_key || tagged == Some("str") || (tagged.is_none() && !is_plain) {
            return Ok(Data::Text(text.into_owned()));
        }
        let data = match scalar::plain(&text) {
            Scalar::Null => Data::Null,
            Scalar::Boolean(value) => Data::Boolean(value),
            Scalar::Number(value) => Data::Number(Written { text: text.clone().into_owned(), value }),
            Scalar::Text => Data::Text(text.clone().into_owned()),
        };
        let fits = match (tagged, &data) {
            (None, _) | (Some("null"), Data::Null) | (Some("bool"), Data::Boolean(_)) => true,
            (Some("float"), Data::Number(_)) => true,
            (Some("int"), Data::Number(number)) => number.value.as_ref().is_ok_and(Number::is_i64),
            _ => false,
        };
        match (fits, tagged) {
            (false, Some(tag)) => Err(misfit(span, &format!("`{text}`"), tag)),
            _ => Ok(data),
        }
    }

    /// The parser's message, in our words if the mistake is a common one.
    fn not_yaml(&self, error: &ScanError) -> Refusal {
        let at = self.place_of(error);
        let refusal = Refusal::not_yaml(Span::new(at, at + 1), error);
        let (start, end) = self.line_around(at);
        match self.source.text[start..end].contains("${") {
            true => refusal.help("put a text with `${ }` in it in quotes"),
            false => refusal,
        }
    }

    /// Where a mistake is. The parser gives the start of the text that a tab interrupts, which may be lines before it.
    fn place_of(&self, error: &ScanError) -> usize {
        let (text, at) = (&self.source.text, self.byte(error.marker()));
        if !matches!(error.kind(), ErrorKind::TabInPlainScalar | ErrorKind::TabAtBlockScalarStart) {
            return at;
        }
        let rest = text.get(at..).unwrap_or_default();
        let mut lines = rest.match_indices('\n').map(|(newline, _)| at + newline + 1);
        lines.find(|start| text[*start..].trim_start_matches(' ').starts_with('\t')).unwrap_or(at)
    }

    /// The byte that a marker means.
    fn byte(&self, marker: &Marker) -> usize {
        let text = &self.source.text;
        marker.byte_offset().map_or(text.len(), |offset| offset.min(text.len()))
    }

    fn line_around(&self, at: usize) -> (usize, usize) {
        let text = &self.source.text;
        let mut at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
        (start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostic;

    fn parse(text: &str) -> (Option<Node>, Vec<Diagnostic>) {
        let source = Source::new("t.yaml", text);
        let mut problems = Problems::new(&source);
        let node = read(&source, &mut problems);
        (node, problems.finish())
    }

    #[test]
    fn knows_where_things_stand() {
        let text = "a: ä\nb: [1, two]\nc:\n  d: \"x\"\n\ne: 1.5\n";
        let (Some(Node { data: Data::Map(entries), .. }), found) = parse(text) else { panic!("a mapping") };
        assert!(found.is_empty());
        let slice = |span: Span| &text[span.start..span.end];
        assert_eq!(slice(entries[0].value.span), "ä");
        assert_eq!(slice(entries[1].key.span), "b");
        assert_eq!(slice(entries[1].value.span), "[1, two]");
        assert_eq!(slice(entries[2].value.span), "d: \"x\"");
        assert!(matches!(&entries[3].value.data, Data::Number(number) if number.text == "1.5"));
    }

    #[test]
    fn mistakes_are_reported_where_they_are() {
        for (text, message, line) in [
            ("", "the file is empty", 1),
            ("a: 1\na: 2\n", "duplicate key `a`", 2),
            ("a: [1\nb: 2", "this is not YAML", 2),
            ("a: 1\n---\nb: 2\n", "a file has one document", 2),
            ("a: &x { b: 1 }\nc:\n  <<: *x\n", "`<<` does not merge mappings here", 3),
            ("a: !secret x\n", "the tag `!secret` means nothing here", 1),
            ("a: !!timestamp 2026-01-01\n", "the tag `!!timestamp` means nothing here", 1),
            ("a: !!int x\n", "`x` does not fit its tag `!!int`", 1),
            ("a: !!seq { b: 1 }\n", "a map does not fit its tag `!!seq`", 1),
            ("a:\n\tb: 1\n", "this is not YAML: tabs cannot indent; use spaces", 2),
            ("a: 1\nb: c\n\td: 2\n", "this is not YAML: tabs cannot indent; use spaces", 3),
            ("a: b: c\n", "this is not YAML: a `:` is not expected here", 1),
            ("a: -\n", "this is not YAML: a `-` is not expected here", 1),
            ("a: 'it's'\n", "this is not YAML: nothing follows a quote", 1),
            ("a: \"\\q\"\n", "this is not YAML: there is no such escape", 1),
            ("a: |x\n b\n", "this is not YAML: only `+`, `-` and a digit", 1),
            ("a: @x\n", "this is not YAML: `@` needs quotes", 1),
            ("a: { b: ${c} }\n", "this is not YAML", 1),
            ("a: *b\n", "this alias names no anchor before it", 1),
        ] {
            let (_, found) = parse(text);
            assert!(found[0].message.starts_with(message), "{text}: {found:?}");
            assert_eq!(found[0].line, line, "{text}");
        }
    }

    #[test]
    fn tags_and_quotes_say_what_a_scalar_is() {
        let text = "[!!str 1, ! 2, '3', !!int '4', !!float 5, !!null '', \"<<\"]";
        let (Some(Node { data: Data::List(items), .. }), _) = parse(text) else { panic!("a list") };
        let kinds: Vec<&str> = items.iter().map(Node::kind).collect();
        assert_eq!(kinds, ["text", "text", "text", "a number", "a number", "nothing", "text"]);
    }

    #[test]
    fn marks_of_byte_order_and_line_ends_of_windows_change_nothing() {
        let text = "\u{feff}a: 1\r\nb: |\r\n  x\r\n  y\r\n";
        let (Some(Node { data: Data::Map(entries), .. }), found) = parse(text) else { panic!("a mapping") };
        assert!(found.is_empty());
        assert_eq!(&text[entries[0].key.span.start..entries[0].key.span.end], "a");
        assert!(matches!(&entries[1].value.data, Data::Text(text) if text == "x\ny\n"));
    }

    /// Many small texts, one long text often, and depth beyond depth: none of them is copied before it is counted.
    #[test]
    fn what_aliases_repeat_is_bounded_in_values_text_and_depth() {
        let many = format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(9_000), "*a, ".repeat(9_000));
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a, ".repeat(9_000));
        let mut deep = format!("a0: &a0 {}1{}\n", "[".repeat(30), "]".repeat(30));
        for level in 1..4 {
            deep += &format!("a{level}: &a{level} {}*a{}{}\n", "[".repeat(30), level - 1, "]".repeat(30));
        }
        for (text, message) in [(many, "larger than"), (long, "larger than"), (deep, "nested deeper than")] {
            let found = parse(&text).1;
            assert!(found[0].message.contains(message), "{found:?}");
        }
    }

    /// Placing a problem takes time with the length of the file, so that a thousand times as many would take a million times as long.
    #[test]
    fn what_a_file_is_told_about_is_bounded() {
        let found = parse(&format!("a: {{{}}}\n", "b: 1, ".repeat(9_000))).1;
        assert_eq!(found.len(), 101, "{}", found.len());
        assert_eq!(found[100].message, "8899 more problems are not shown; fix these first");
        assert_eq!(found[100].severity, crate::diagnostic::Severity::Error);
        assert_eq!(parse(&format!("a: {{{}}}\n", "b: 1, ".repeat(101))).1.len(), 100);
    }

    #[test]
    fn depth_and_aliases_are_bounded() {
        let deep = format!("a: {}", "- ".repeat(100_000));
        let block = "- ".repeat(100_000);
        for text in [deep, block] {
            assert!(!parse(&text).1.is_empty());
        }
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let alias = format!("*a{}", level - 1);
            laughs += &format!("a{level}: &a{level} [{}]\n", vec![alias; 10].join(", "));
        }
        assert!(parse(&laughs).1[0].message.contains("larger than"));
        let (Some(Node { data: Data::Map(entries), .. }), _) = parse("a: &x {b: 1}\nc: *x\n") else {
            panic!("a mapping")
        };
        assert_eq!(entries[1].value.weight().values, entries[0].value.weight().values);
    }
}
