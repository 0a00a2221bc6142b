//! Markdown as the Atlassian Document Format.
//!
//! The format says which node may be in which, and Jira refuses a document that breaks it; Markdown nests freely. What may
//! not be where it is becomes the nearest thing that may: a heading in a list is a bold paragraph, a quote in a quote is
//! part of the outer one.

use domain::text::{destination, printable};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd, TextMergeStream};
use serde_json::{Value, json};

/// Lists nested deeper than this continue in the list above; no reader follows further, and Jira neither.
const DEEPEST: usize = 8;

/// The most bytes of addresses in a document, where each piece of a link's words has the whole address. Words after that are not linked.
const MOST_ADDRESSES: usize = 256 * 1024;

/// The most empty cells in a document: a row has as many cells as its table's first row, however few are written. Beyond that, rows end with
/// their last cell that is not empty.
const MOST_EMPTY_CELLS: usize = 4096;

/// Reads [GitHub-flavoured Markdown](https://github.github.com/gfm/) into a version 1 document. HTML stands as the text it is
/// written as; links keep `http`, `https` and `mailto` addresses only and show where they lead, and images become links. Nobody is
/// mentioned: that takes a node, and text makes none. Takes time in proportion to the text's
/// length, however deep it nests; a long text still takes too long for a thread that answers requests.
pub fn document_from_markdown(markdown: &str) -> Value {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut builder = Builder::new();
    let markdown = printable(markdown);
    for event in TextMergeStream::new(Parser::new_ext(&markdown, options)) {
        builder.read(event);
    }
    while builder.frames.len() > 1 {
        builder.close();
    }
    let mut document = json!({"type": "doc", "version": 1});
    document["content"] = builder.frames.pop().map(|root| root.content).unwrap_or_default().into();
    document
}

/// The outermost frame.
static ROOT: Frame = Frame { kind: Kind::Document, content: Vec::new(), without_node: 0 };

/// A node whose content is still being read.
struct Frame {
    kind: Kind,
    content: Vec<Value>,
    /// How many open elements in it have no node. Their content becomes its content.
    without_node: usize,
}

impl Frame {
    fn new(kind: Kind) -> Self {
        Self { kind, content: Vec::new(), without_node: 0 }
    }
}

#[derive(Clone, PartialEq)]
enum Kind {
    Document,
    /// A paragraph, including one that Markdown implies, as in a tight list, and a heading where none is allowed.
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
    /// Has no node: its content goes to the surrounding frame.
    Nothing,
}

impl Kind {
    fn holds_blocks(&self) -> bool {
        matches!(self, Self::Document | Self::Quote | Self::Item | Self::Cell { .. })
    }
}

struct Builder {
    /// Never empty: the root stays. An implied paragraph is only ever the last.
    frames: Vec<Frame>,
    marks: Marks,
    /// How many lists and tables are open.
    lists: usize,
    tables: usize,
    empty_cells: usize,
}

/// The marks around. Each is kept as a count, since Markdown nests them without end.
#[derive(Default)]
struct Marks {
    emphasis: usize,
    strong: usize,
    strike: usize,
    links: usize,
    /// The outermost link that leads somewhere safe, and how many are around it.
    link: Option<(usize, Value)>,
    /// The words of that link so far.
    words: String,
    /// The bytes of all addresses so far.
    addresses: usize,
}

impl Marks {
    fn open_link(&mut self, address: &str) {
        let lower = address.to_ascii_lowercase();
        let is_safe = ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
        if is_safe && self.link.is_none() {
            self.link = Some((self.links, json!({"type": "link", "attrs": {"href": address}})));
            self.words.clear();
        }
        self.links += 1;
    }

    /// Writes the address of a link that ends here, unless its words say it.
    fn close_link(&mut self) -> Option<String> {
        self.links = self.links.saturating_sub(1);
        let (_, link) = self.link.take_if(|(around, _)| *around == self.links)?;
        destination(&self.words, link["attrs"]["href"].as_str()?).map(|shown| format!(" ({shown})"))
    }

    /// The mark of the link around, while there is room for its address.
    fn of_link(&mut self) -> Option<Value> {
        let (_, link) = self.link.as_ref()?;
        self.addresses += link["attrs"]["href"].as_str().map_or(0, str::len);
        (self.addresses <= MOST_ADDRESSES).then(|| link.clone())
    }

    /// Each kind of mark once.
    fn all(&mut self) -> Vec<Value> {
        let counted = [("em", self.emphasis), ("strong", self.strong), ("strike", self.strike)];
        let open = counted.into_iter().filter(|(_, count)| *count > 0);
        open.map(|(name, _)| json!({"type": name})).chain(self.of_link()).collect()
    }
}

impl Builder {
    fn new() -> Self {
        let frames = vec![Frame::new(Kind::Document)];
        Self { frames, marks: Marks::default(), lists: 0, tables: 0, empty_cells: 0 }
    }

    fn read(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            Event::Code(text) => {
                // Code may be a link and have no other mark.
                let code = std::iter::once(json!({"type": "code"}));
                let marks = code.chain(self.marks.of_link()).collect();
                self.inline_text(&text, marks);
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
                self.marks.strong += 1;
                return;
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(language)) => {
                let word = language.split_whitespace().next().map(str::to_owned);
                Kind::CodeBlock(word)
            }
            Tag::CodeBlock(CodeBlockKind::Indented) => Kind::CodeBlock(None),
            Tag::BlockQuote(_) if at_root => Kind::Quote,
            Tag::List(_) if self.lists >= DEEPEST => Kind::Nothing,
            Tag::List(Some(first)) => Kind::OrderedList(first),
            Tag::List(None) => Kind::BulletList,
            // An omitted item of a list continues the surrounding item.
            Tag::Item if self.last().without_node > 0 => Kind::Nothing,
            Tag::Item => Kind::Item,
            Tag::Table(_) if at_root => Kind::Table,
            Tag::TableHead | Tag::TableRow if self.tables > 0 => Kind::Row,
            Tag::TableHead | Tag::TableRow => Kind::Paragraph { implied: false },
            Tag::TableCell if self.tables > 0 => {
                let first = self.frames.iter().rev().find(|frame| frame.kind == Kind::Table);
                Kind::Cell { header: first.is_some_and(|table| table.content.is_empty()) }
            }
            Tag::TableCell => {
                if !self.last().content.is_empty() {
                    self.text(" | ");
                }
                return;
            }
            Tag::Emphasis => return self.marks.emphasis += 1,
            Tag::Strong => return self.marks.strong += 1,
            Tag::Strikethrough => return self.marks.strike += 1,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                return self.marks.open_link(&dest_url);
            }
            _ => Kind::Nothing,
        };
        self.open(kind);
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis => self.marks.emphasis = self.marks.emphasis.saturating_sub(1),
            TagEnd::Strong => self.marks.strong = self.marks.strong.saturating_sub(1),
            TagEnd::Strikethrough => self.marks.strike = self.marks.strike.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => {
                if let Some(shown) = self.marks.close_link() {
                    self.text(&shown);
                }
            }
            TagEnd::TableCell if self.tables == 0 => {}
            TagEnd::Heading(_) if !matches!(self.last().kind, Kind::Heading(_)) => {
                self.marks.strong = self.marks.strong.saturating_sub(1);
                self.close();
            }
            _ => {
                self.close_implied();
                self.close();
            }
        }
    }

    /// The innermost frame.
    fn last(&self) -> &Frame {
        self.frames.last().unwrap_or(&ROOT)
    }

    /// The innermost frame that is written explicitly, not implied.
    fn surrounding(&self) -> &Kind {
        match self.frames.as_slice() {
            [.., around, Frame { kind: Kind::Paragraph { implied: true }, .. }] => &around.kind,
            _ => &self.last().kind,
        }
    }

    fn open(&mut self, kind: Kind) {
        self.close_implied();
        match (&kind, self.frames.last_mut()) {
            (Kind::Nothing, Some(frame)) => return frame.without_node += 1,
            (Kind::BulletList | Kind::OrderedList(_), _) => self.lists += 1,
            (Kind::Table, _) => self.tables += 1,
            _ => {}
        }
        self.frames.push(Frame::new(kind));
    }

    fn close_implied(&mut self) {
        if self.last().kind == (Kind::Paragraph { implied: true }) {
            self.close();
        }
    }

    /// Ends the innermost frame, or the innermost open element without a node; the root stays.
    fn close(&mut self) {
        if let Some(frame) = self.frames.last_mut().filter(|frame| frame.without_node > 0) {
            return frame.without_node -= 1;
        }
        if self.frames.len() < 2 {
            return;
        }
        let Some(Frame { kind, mut content, .. }) = self.frames.pop() else { return };
        let mut node = match kind {
            Kind::Document | Kind::Nothing => {
                return content.into_iter().for_each(|node| self.append(node));
            }
            Kind::Paragraph { .. } | Kind::Quote if content.is_empty() => return,
            Kind::Paragraph { .. } => json!({"type": "paragraph"}),
            Kind::Heading(level) => json!({"type": "heading", "attrs": {"level": level}}),
            Kind::CodeBlock(language) => return self.append(code_block(language, &content)),
            Kind::Quote => json!({"type": "blockquote"}),
            Kind::BulletList | Kind::OrderedList(_) => {
                self.lists = self.lists.saturating_sub(1);
                match kind {
                    _ if content.is_empty() => return,
                    Kind::OrderedList(first) => json!({"type": "orderedList", "attrs": {"order": first}}),
                    _ => json!({"type": "bulletList"}),
                }
            }
            Kind::Item => {
                // An item begins with a paragraph or code, never with another list.
                if content
                    .first()
                    .is_none_or(|first| first["type"] != "paragraph" && first["type"] != "codeBlock")
                {
                    content.insert(0, json!({"type": "paragraph", "content": []}));
                }
                json!({"type": "listItem"})
            }
            Kind::Table => {
                self.tables = self.tables.saturating_sub(1);
                if content.is_empty() {
                    return;
                }
                json!({"type": "table"})
            }
            Kind::Row => {
                while self.empty_cells > MOST_EMPTY_CELLS && content.last().is_some_and(is_empty_cell) {
                    content.pop();
                    self.empty_cells -= 1;
                }
                if content.is_empty() {
                    return;
                }
                json!({"type": "tableRow"})
            }
            Kind::Cell { header } => {
                if content.is_empty() {
                    self.empty_cells += 1;
                    content.push(json!({"type": "paragraph", "content": []}));
                }
                json!({"type": if header { "tableHeader" } else { "tableCell" }, "attrs": {}})
            }
        };
        node["content"] = content.into();
        self.append(node);
    }

    fn append(&mut self, node: Value) {
        if let Some(frame) = self.frames.last_mut() {
            frame.content.push(node);
        }
    }

    fn text(&mut self, text: &str) {
        let marks = self.marks.all();
        self.inline_text(text, marks);
    }

    fn inline_text(&mut self, text: &str, marks: Vec<Value>) {
        if text.is_empty() {
            return;
        }
        if self.marks.link.is_some() {
            self.marks.words.push_str(text);
        }
        let mut node = json!({"type": "text", "text": text});
        if !marks.is_empty() {
            node["marks"] = marks.into();
        }
        self.inline(node);
    }

    fn inline(&mut self, node: Value) {
        if self.last().kind.holds_blocks() {
            self.frames.push(Frame::new(Kind::Paragraph { implied: true }));
        }
        self.append(node);
    }
}

fn is_empty_cell(cell: &Value) -> bool {
    cell["content"] == json!([{"type": "paragraph", "content": []}])
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
