//! A YAML document as a tree that knows where everything stands.
//!
//! Built from the parser's events without recursion, so that no document, however deep, can exhaust the stack.

use crate::diagnostic::Problems;
use crate::source::{Source, Span, Spanned};
use saphyr::Scalar;
use saphyr_parser::{Event, Parser, Span as ParserSpan};
use std::collections::BTreeMap;

/// Deeper documents are refused.
const DEPTH_LIMIT: usize = 64;
/// Documents that aliases blow up beyond this many nodes are refused.
const NODE_LIMIT: usize = 20_000;

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) data: Data,
}

#[derive(Debug, Clone)]
pub(crate) enum Data {
    Null,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Spanned<String>,
    pub(crate) value: Node,
}

impl Node {
    /// What it is, with its article, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self.data {
            Data::Null => "nothing",
            Data::Boolean(_) => "a boolean",
            Data::Integer(_) | Data::Number(_) => "a number",
            Data::Text(_) => "text",
            Data::List(_) => "a list",
            Data::Map(_) => "a mapping",
        }
    }

    fn size(&self) -> usize {
        match &self.data {
            Data::List(items) => 1 + items.iter().map(Node::size).sum::<usize>(),
            Data::Map(entries) => 1 + entries.iter().map(|entry| 1 + entry.value.size()).sum::<usize>(),
            _ => 1,
        }
    }
}

/// Reads the one document of a file; on a mistake it is reported and `None` returned.
pub(crate) fn read(source: &Source, problems: &mut Problems<'_>) -> Option<Node> {
    let offsets = Offsets::new(&source.text);
    match build(source, &offsets, problems) {
        Ok(Some(root)) => Some(root),
        Ok(None) => {
            problems
                .error(Span::default(), "the file is empty")
                .help("a workflow needs at least `name:` and `steps:`");
            None
        }
        Err((span, message)) => {
            problems.error(span, message);
            None
        }
    }
}

type Refusal = (Span, String);

/// A collection that is still open.
struct Open {
    start: usize,
    anchor: usize,
    data: Data,
    key: Option<Spanned<String>>,
}

fn build(source: &Source, offsets: &Offsets, problems: &mut Problems<'_>) -> Result<Option<Node>, Refusal> {
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: BTreeMap<usize, Node> = BTreeMap::new();
    let mut root = None;
    let mut nodes = 0;
    for event in Parser::new_from_str(&source.text) {
        let (event, span) = event.map_err(|error| {
            let at = offsets.byte(error.marker().index());
            (Span::new(at, at + 1), format!("this is not YAML: {}", error.info()))
        })?;
        let span = offsets.span(span);
        let mut complete = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_key = open
                    .last()
                    .is_some_and(|parent| matches!(parent.data, Data::Map(_)) && parent.key.is_none());
                let node = if is_key {
                    Node { span, data: Data::Text(text.into_owned()) }
                } else {
                    let scalar = Scalar::parse_from_cow_and_metadata(text, style, tag.as_ref())
                        .ok_or_else(|| (span, "this value does not fit its tag".to_owned()))?;
                    Node { span, data: scalar_data(scalar) }
                };
                (node, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                open.push(Open { start: span.start, anchor, data: Data::List(Vec::new()), key: None });
                if open.len() > DEPTH_LIMIT {
                    return Err((span, format!("this is nested deeper than {DEPTH_LIMIT} levels")));
                }
                continue;
            }
            Event::MappingStart(anchor, _) => {
                open.push(Open { start: span.start, anchor, data: Data::Map(Vec::new()), key: None });
                if open.len() > DEPTH_LIMIT {
                    return Err((span, format!("this is nested deeper than {DEPTH_LIMIT} levels")));
                }
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(done) => {
                    let end = source.text[done.start.min(span.start)..span.end].trim_end().len() + done.start;
                    (Node { span: Span::new(done.start, end), data: done.data }, done.anchor)
                }
                None => continue,
            },
            Event::Alias(anchor) => match anchors.get(&anchor) {
                Some(node) => (node.clone(), 0),
                None => return Err((span, "this alias names no anchor before it".to_owned())),
            },
            Event::DocumentStart(_) if root.is_some() => {
                return Err((span, "one file holds one workflow; this starts a second document".to_owned()));
            }
            _ => continue,
        };
        nodes += complete.0.size();
        if nodes > NODE_LIMIT * DEPTH_LIMIT || complete.0.size() > NODE_LIMIT {
            return Err((span, format!("this is larger than {NODE_LIMIT} values")));
        }
        if complete.1 != 0 {
            anchors.insert(complete.1, complete.0.clone());
        }
        match open.last_mut() {
            None => root = Some(complete.0),
            Some(Open { data: Data::Map(entries), key, .. }) => match key.take() {
                None => match complete.0.data {
                    Data::Text(ref mut text) => {
                        *key = Some(Spanned::new(std::mem::take(text), complete.0.span))
                    }
                    _ => return Err((complete.0.span, format!("{} cannot be a key", complete.0.kind()))),
                },
                Some(key) if entries.iter().any(|entry| entry.key.value == key.value) => {
                    problems.error(key.span, format!("`{}` stands here twice", key.value));
                }
                Some(key) => entries.push(Entry { key, value: complete.0 }),
            },
            Some(Open { data: Data::List(items), .. }) => items.push(complete.0),
            Some(_) => {}
        }
    }
    Ok(root)
}

fn scalar_data(scalar: Scalar<'_>) -> Data {
    match scalar {
        Scalar::Null => Data::Null,
        Scalar::Boolean(value) => Data::Boolean(value),
        Scalar::Integer(value) => Data::Integer(value),
        Scalar::FloatingPoint(value) => Data::Number(value.into_inner()),
        Scalar::String(text) => Data::Text(text.into_owned()),
    }
}

/// The parser counts characters; we count bytes.
struct Offsets {
    bytes: Vec<usize>,
    end: usize,
}

impl Offsets {
    fn new(text: &str) -> Self {
        Self { bytes: text.char_indices().map(|(byte, _)| byte).collect(), end: text.len() }
    }

    fn byte(&self, character: usize) -> usize {
        self.bytes.get(character).copied().unwrap_or(self.end)
    }

    fn span(&self, span: ParserSpan) -> Span {
        Span::new(self.byte(span.start.index()), self.byte(span.end.index()))
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
        assert!(matches!(entries[3].value.data, Data::Number(n) if n == 1.5));
    }

    #[test]
    fn mistakes_are_reported_where_they_are() {
        for (text, message, line) in [
            ("", "the file is empty", 1),
            ("a: 1\na: 2\n", "`a` stands here twice", 2),
            ("a: [1\nb: 2", "this is not YAML", 2),
            ("a: 1\n---\nb: 2\n", "one file holds one workflow", 2),
        ] {
            let (_, found) = parse(text);
            assert!(found[0].message.starts_with(message), "{text}: {found:?}");
            assert_eq!(found[0].line, line, "{text}");
        }
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
        assert_eq!(entries[1].value.size(), entries[0].value.size());
    }
}
