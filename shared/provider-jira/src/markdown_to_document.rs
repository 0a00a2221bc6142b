//! Markdown as the Atlassian Document Format.
//!
//! The format says which node may be in which, and Jira refuses a document that breaks it; Markdown nests freely. What may
//! not be where it is becomes the nearest thing that may: a heading in a list is a bold paragraph, a quote in a quote is
//! part of the outer one.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use serde_json::{Value, json};

/// Lists nested deeper than this continue in the list above; no reader follows further, and Jira neither.
const DEEPEST: usize = 8;

/// Reads [GitHub-flavoured Markdown](https://github.github.com/gfm/) into a version 1 document. HTML stands as the text it is
/// written as; links keep `http`, `https` and `mailto` addresses only, and images become links.
pub fn document_from_markdown(markdown: &str) -> Value {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut builder = Builder { frames: vec![Frame::new(Kind::Document)], marks: Vec::new() };
    for event in Parser::new_ext(markdown, options) {
        builder.read(event);
    }
    while builder.frames.len() > 1 {
        builder.close();
    }
    let content = builder.frames.pop().map(|root| root.content).unwrap_or_default();
    json!({"type": "doc", "version": 1, "content": content})
}

/// A node whose content is still being read.
struct Frame {
    kind: Kind,
    content: Vec<Value>,
}

impl Frame {
    fn new(kind: Kind) -> Self {
        Self { kind, content: Vec::new() }
    }
}

#[derive(Clone, PartialEq)]
enum Kind {
    Document,
    /// A paragraph: also one that Markdown leaves out, as in a tight list, and a heading where none may stand.
    Paragraph {
        implied: bool,
    },
    Heading(u8),
    CodeBlock(Option<String>),
    Quote,
    BulletList,
    OrderedList(u64),
    Item,
    Table,
    Row,
    Cell {
        header: bool,
    },
    /// Has no node of its own: its content goes to the frame around it.
    Nothing,
}

impl Kind {
    fn holds_blocks(&self) -> bool {
        matches!(self, Self::Document | Self::Quote | Self::Item | Self::Cell { .. })
    }
}

struct Builder {
    frames: Vec<Frame>,
    marks: Vec<Value>,
}

impl Builder {
    fn read(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            Event::Code(text) => {
                // Code may be a link and nothing else besides.
                let links = self.marks.iter().filter(|mark| mark["type"] == "link").cloned();
                let marks: Vec<_> = std::iter::once(json!({"type": "code"})).chain(links).collect();
                self.inline_text(&text, &marks);
            }
            Event::SoftBreak => self.text(" "),
            Event::HardBreak => self.inline(json!({"type": "hardBreak"})),
            Event::Rule => {
                self.close_implied();
                if matches!(self.surrounding(), Kind::Document | Kind::Cell { .. }) {
                    self.append(json!({"type": "rule"}));
                }
            }
            Event::TaskListMarker(done) => self.text(if done { "☑ " } else { "☐ " }),
            Event::FootnoteReference(text) => self.text(&format!("[{text}]")),
            Event::InlineMath(text) | Event::DisplayMath(text) => self.text(&text),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let at_root = *self.surrounding() == Kind::Document;
        let kind = match tag {
            Tag::Paragraph | Tag::HtmlBlock => Kind::Paragraph { implied: false },
            Tag::Heading { level, .. } if at_root => Kind::Heading(number(level)),
            Tag::Heading { .. } => {
                self.open(Kind::Paragraph { implied: false });
                return self.marks.push(json!({"type": "strong"}));
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(language)) => {
                let word = language.split_whitespace().next().map(str::to_owned);
                Kind::CodeBlock(word)
            }
            Tag::CodeBlock(CodeBlockKind::Indented) => Kind::CodeBlock(None),
            Tag::BlockQuote(_) if at_root => Kind::Quote,
            Tag::List(_) if self.depth() >= DEEPEST => Kind::Nothing,
            Tag::List(Some(first)) => Kind::OrderedList(first),
            Tag::List(None) => Kind::BulletList,
            // An item of a list that is left out continues the item around it.
            Tag::Item if matches!(self.frames.last().map(|frame| &frame.kind), Some(Kind::Nothing)) => {
                Kind::Nothing
            }
            Tag::Item => Kind::Item,
            Tag::Table(_) if at_root => Kind::Table,
            Tag::TableHead | Tag::TableRow if self.in_table() => Kind::Row,
            Tag::TableHead | Tag::TableRow => Kind::Paragraph { implied: false },
            Tag::TableCell if self.in_table() => {
                let first = self.frames.iter().rev().find(|frame| frame.kind == Kind::Table);
                Kind::Cell { header: first.is_some_and(|table| table.content.is_empty()) }
            }
            Tag::TableCell => {
                let row_began = self.frames.last().is_some_and(|row| !row.content.is_empty());
                if row_began {
                    self.text(" | ");
                }
                return;
            }
            Tag::Emphasis => return self.marks.push(json!({"type": "em"})),
            Tag::Strong => return self.marks.push(json!({"type": "strong"})),
            Tag::Strikethrough => return self.marks.push(json!({"type": "strike"})),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                return self.marks.push(json!({"type": "link", "attrs": {"href": &*dest_url}}));
            }
            _ => Kind::Nothing,
        };
        self.open(kind);
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image => {
                self.marks.pop();
            }
            TagEnd::TableCell if !self.in_table() => {}
            TagEnd::Heading(_)
                if !matches!(self.frames.last().map(|frame| &frame.kind), Some(Kind::Heading(_))) =>
            {
                self.marks.pop();
                self.close();
            }
            _ => {
                self.close_implied();
                self.close();
            }
        }
    }

    /// The innermost frame that will be a node.
    fn surrounding(&self) -> &Kind {
        let real = |frame: &&Frame| !matches!(frame.kind, Kind::Nothing | Kind::Paragraph { implied: true });
        self.frames.iter().rev().find(real).map_or(&Kind::Document, |frame| &frame.kind)
    }

    fn depth(&self) -> usize {
        self.frames
            .iter()
            .filter(|frame| matches!(frame.kind, Kind::BulletList | Kind::OrderedList(_)))
            .count()
    }

    fn in_table(&self) -> bool {
        self.frames.iter().any(|frame| frame.kind == Kind::Table)
    }

    fn open(&mut self, kind: Kind) {
        self.close_implied();
        self.frames.push(Frame::new(kind));
    }

    fn close_implied(&mut self) {
        if matches!(self.frames.last().map(|frame| &frame.kind), Some(Kind::Paragraph { implied: true })) {
            self.close();
        }
    }

    /// Ends the innermost frame; the root stays.
    fn close(&mut self) {
        if self.frames.len() < 2 {
            return;
        }
        let Some(Frame { kind, mut content }) = self.frames.pop() else { return };
        let node = match kind {
            Kind::Document | Kind::Nothing => {
                return content.into_iter().for_each(|node| self.append(node));
            }
            Kind::Paragraph { .. } if content.is_empty() => return,
            Kind::Paragraph { .. } => json!({"type": "paragraph", "content": content}),
            Kind::Heading(level) => {
                json!({"type": "heading", "attrs": {"level": level}, "content": content})
            }
            Kind::CodeBlock(language) => code_block(language, &content),
            Kind::Quote if content.is_empty() => return,
            Kind::Quote => json!({"type": "blockquote", "content": content}),
            Kind::BulletList if content.is_empty() => return,
            Kind::BulletList => json!({"type": "bulletList", "content": content}),
            Kind::OrderedList(_) if content.is_empty() => return,
            Kind::OrderedList(first) => {
                json!({"type": "orderedList", "attrs": {"order": first}, "content": content})
            }
            Kind::Item => {
                // An item begins with a paragraph or code, never with another list.
                if content
                    .first()
                    .is_none_or(|first| first["type"] != "paragraph" && first["type"] != "codeBlock")
                {
                    content.insert(0, json!({"type": "paragraph", "content": []}));
                }
                json!({"type": "listItem", "content": content})
            }
            Kind::Table => json!({"type": "table", "content": content}),
            Kind::Row => json!({"type": "tableRow", "content": content}),
            Kind::Cell { header } => {
                if content.is_empty() {
                    content.push(json!({"type": "paragraph", "content": []}));
                }
                let kind = if header { "tableHeader" } else { "tableCell" };
                json!({"type": kind, "attrs": {}, "content": content})
            }
        };
        self.append(node);
    }

    fn append(&mut self, node: Value) {
        if let Some(frame) = self.frames.last_mut() {
            frame.content.push(node);
        }
    }

    fn text(&mut self, text: &str) {
        let marks = self.marks.clone();
        self.inline_text(text, &marks);
    }

    fn inline_text(&mut self, text: &str, marks: &[Value]) {
        if text.is_empty() {
            return;
        }
        let mut node = json!({"type": "text", "text": text});
        let marks = distinct(marks);
        if !marks.is_empty() {
            node["marks"] = marks.into();
        }
        self.inline(node);
    }

    fn inline(&mut self, node: Value) {
        let block = self.frames.iter().rev().find(|frame| frame.kind != Kind::Nothing);
        if block.is_none_or(|frame| frame.kind.holds_blocks()) {
            self.frames.push(Frame::new(Kind::Paragraph { implied: true }));
        }
        self.append(node);
    }
}

/// Each kind of mark once, and links only where they lead somewhere safe.
fn distinct(marks: &[Value]) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for mark in marks {
        let safe = mark["attrs"]["href"].as_str().is_none_or(|href| {
            let href = href.to_ascii_lowercase();
            ["http://", "https://", "mailto:"].iter().any(|scheme| href.starts_with(scheme))
        });
        if safe && kept.iter().all(|known| known["type"] != mark["type"]) {
            kept.push(mark.clone());
        }
    }
    kept
}

fn code_block(language: Option<String>, content: &[Value]) -> Value {
    let code: String = content.iter().filter_map(|node| node["text"].as_str()).collect();
    let mut node = json!({"type": "codeBlock", "attrs": {}});
    if let Some(language) = language {
        node["attrs"]["language"] = language.into();
    }
    let code = code.strip_suffix('\n').unwrap_or(&code);
    if !code.is_empty() {
        node["content"] = json!([{"type": "text", "text": code}]);
    }
    node
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests;
