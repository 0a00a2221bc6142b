//! Writes a file in canonical form.

use super::tree::{Body, Collection, Comment, Document, Entry, Node};

/// The longest line that a list or mapping in brackets may make.
const LINE_WIDTH: usize = 120;
/// The additional indentation of nested values.
const STEP: usize = 2;

/// The text of a file, with a line break at its end.
pub(super) fn print(document: &Document) -> String {
    let mut printer = Printer::default();
    if let Some(header) = &document.header {
        printer.comments(header, 0);
        printer.text.push_str("---\n");
    }
    printer.root(&document.root);
    printer.end_line();
    printer.comments(&document.tail, 0);
    printer.text
}

#[derive(Default)]
struct Printer {
    text: String,
}

impl Printer {
    fn root(&mut self, root: &Node) {
        match &root.body {
            Body::Collection(collection) if !collection.flow && root.properties.is_empty() => {
                if let Some(first) = collection.entries.first() {
                    self.comments(&first.above, 0);
                }
                self.entries(collection, 0);
            }
            _ => self.value(root, None, 0, STEP),
        }
    }

    /// Writes each entry of a block, the first at the current position, without the comments above it.
    fn entries(&mut self, block: &Collection, indentation: usize) {
        for (place, entry) in block.entries.iter().enumerate() {
            if place > 0 {
                self.end_line();
                self.comments(&entry.above, indentation);
            }
            if entry.apart {
                self.empty_line();
            }
            if place > 0 {
                self.indent(indentation);
            }
            self.entry(entry, indentation);
        }
        if !block.tail.is_empty() {
            self.end_line();
            self.comments(&block.tail, indentation);
        }
    }

    fn entry(&mut self, entry: &Entry, indentation: usize) {
        match &entry.key {
            Some(key) => {
                self.text.push_str(key);
                self.text.push(':');
            }
            None => self.text.push('-'),
        }
        let is_item = entry.key.is_none();
        if let (true, Body::Collection(inner)) = (is_item, &entry.value.body)
            && !inner.flow
            && entry.value.properties.is_empty()
            && entry.head.is_none()
            && inner.entries.first().is_some_and(|first| first.above.is_empty())
        {
            self.text.push(' ');
            self.entries(inner, indentation + STEP);
            return;
        }
        self.value(&entry.value, entry.head.as_deref(), indentation, indentation + STEP);
        if let Some(comment) = &entry.behind {
            self.behind(comment);
        }
    }

    /// Writes the value after a key or dash. `around` is the indentation of the key's line, `inside` that of further lines.
    fn value(&mut self, node: &Node, head: Option<&str>, around: usize, inside: usize) {
        for property in &node.properties {
            self.word(property);
        }
        match &node.body {
            Body::Inline(lines) => {
                if let Some(comment) = head {
                    self.behind(comment);
                }
                for (place, line) in lines.iter().enumerate() {
                    if place > 0 || head.is_some() {
                        self.text.push('\n');
                        self.indent_line(line, inside);
                    } else {
                        self.word(line);
                    }
                }
            }
            Body::Block { header, lines } => {
                self.word(header);
                if let Some(comment) = head {
                    self.behind(comment);
                }
                for line in lines {
                    self.text.push('\n');
                    self.indent_line(line, inside);
                }
                // A trailing empty line is part of the text, so it ends with a line break too.
                if lines.last().is_some_and(String::is_empty) {
                    self.text.push('\n');
                }
            }
            Body::Collection(collection) if collection.flow => {
                if let Some(comment) = head {
                    self.behind(comment);
                    self.text.push('\n');
                    self.indent(inside);
                }
                let space = usize::from(!self.is_at_line_start());
                let line = in_one_line(collection);
                match line.filter(|line| self.column() + space + line.chars().count() <= LINE_WIDTH) {
                    Some(line) => self.word(&line),
                    None => self.broken(collection, around),
                }
            }
            Body::Collection(collection) => {
                if let Some(comment) = head {
                    self.behind(comment);
                }
                self.end_line();
                if let Some(first) = collection.entries.first() {
                    self.comments(&first.above, inside);
                }
                self.indent(inside);
                self.entries(collection, inside);
            }
        }
    }

    /// A list or mapping in brackets, with each entry on its own line.
    fn broken(&mut self, collection: &Collection, around: usize) {
        let (open, close) = if collection.is_map { ("{", "}") } else { ("[", "]") };
        // After a dash, the entries are indented further.
        let around = if self.text.ends_with('-') { around + STEP } else { around };
        self.word(open);
        let last = collection.entries.len().saturating_sub(1);
        for (place, entry) in collection.entries.iter().enumerate() {
            self.end_line();
            self.comments(&entry.above, around + STEP);
            self.indent(around + STEP);
            if let Some(key) = &entry.key {
                self.text.push_str(key);
                if entry.colon {
                    self.text.push(':');
                }
            }
            self.value(&entry.value, entry.head.as_deref(), around + STEP, around + 2 * STEP);
            if place < last {
                self.text.push(',');
            }
            if let Some(comment) = &entry.behind {
                self.behind(comment);
            }
        }
        self.end_line();
        self.comments(&collection.tail, around + STEP);
        self.indent(around);
        self.text.push_str(close);
    }

    /// Comments on their own lines.
    fn comments(&mut self, comments: &[Comment], indentation: usize) {
        for comment in comments {
            if comment.apart {
                self.empty_line();
            }
            self.indent(indentation);
            self.text.push_str(&comment.text);
            self.text.push('\n');
        }
    }

    fn behind(&mut self, comment: &str) {
        self.text.push(' ');
        self.text.push_str(comment);
    }

    /// A word, parted by a space from what precedes it in its line.
    fn word(&mut self, word: &str) {
        if !self.is_at_line_start() {
            self.text.push(' ');
        }
        self.text.push_str(word);
    }

    fn indent_line(&mut self, line: &str, indentation: usize) {
        if !line.is_empty() {
            self.indent(indentation);
            self.text.push_str(line);
        }
    }

    fn indent(&mut self, indentation: usize) {
        self.text.extend(std::iter::repeat_n(' ', indentation));
    }

    fn end_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn empty_line(&mut self) {
        self.end_line();
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    fn column(&self) -> usize {
        self.text.rsplit('\n').next().unwrap_or_default().chars().count()
    }

    /// Whether nothing but indentation is in the line.
    fn is_at_line_start(&self) -> bool {
        self.text.rsplit('\n').next().unwrap_or_default().trim().is_empty()
    }
}

/// A list or mapping in brackets on one line; `None` if that is impossible.
fn in_one_line(collection: &Collection) -> Option<String> {
    if collection.broken {
        return None;
    }
    let entries: Vec<String> = collection.entries.iter().map(entry_in_line).collect::<Option<_>>()?;
    let entries = entries.join(", ");
    Some(match (collection.is_map, entries.is_empty()) {
        (true, true) => "{}".to_owned(),
        (true, false) => format!("{{ {entries} }}"),
        (false, _) => format!("[{entries}]"),
    })
}

fn entry_in_line(entry: &Entry) -> Option<String> {
    let mut words = entry.value.properties.clone();
    match &entry.value.body {
        Body::Inline(lines) => words.extend(lines.iter().cloned()),
        Body::Block { .. } => return None,
        Body::Collection(collection) => words.push(in_one_line(collection)?),
    }
    let value = words.join(" ");
    Some(match &entry.key {
        None => value,
        Some(key) if !entry.colon => key.clone(),
        Some(key) if value.is_empty() => format!("{key}:"),
        Some(key) => format!("{key}: {value}"),
    })
}
