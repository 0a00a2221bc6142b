//! A YAML file for readers other than the compiler: its values, and where each of them is.

use crate::diagnostic::{Diagnostic, Problems};
use crate::source::{Source, Span};
use crate::yaml::{self, Data, Node};
use serde_json::Value;

/// A YAML file as the compiler reads it, with the place of each value. Places are [JSON
/// Pointers](https://www.rfc-editor.org/rfc/rfc6901): `/projects/0/key`.
#[derive(Debug)]
pub struct Document<'s> {
    source: &'s Source,
    root: Node,
}

impl<'s> Document<'s> {
    /// Reads a file.
    ///
    /// # Errors
    /// Everything that keeps the file from being read: invalid YAML, an empty file, duplicate keys, and files that aliases make too
    /// large.
    pub fn read(source: &'s Source) -> Result<Self, Vec<Diagnostic>> {
        let mut problems = Problems::new(source);
        match yaml::read(source, &mut problems) {
            Some(root) if !problems.any_errors() => Ok(Self { source, root }),
            _ => Err(problems.finish()),
        }
    }

    /// The file's content. A number that JSON cannot hold is returned as its text.
    pub fn value(&self) -> Value {
        self.root.plain_json()
    }

    /// How the number, `true` or `false` at a place is written: `1.10`. `None` where another kind of value is.
    pub fn written(&self, pointer: &str) -> Option<&'s str> {
        let (node, _) = self.find(pointer);
        let Span { start, end } = node.span;
        let is_plain = matches!(node.data, Data::Number(_) | Data::Boolean(_));
        is_plain.then(|| self.source.text.get(start..end)).flatten()
    }

    /// The number at a place as it is written, and why JSON cannot hold it: `starts with a zero, …`. `None` for every other value.
    pub fn no_number(&self, pointer: &str) -> Option<(&'s str, &'static str)> {
        let (node, _) = self.find(pointer);
        let Data::Number(number) = &node.data else { return None };
        let reason = number.value.as_ref().err()?.reason();
        Some((self.source.text.get(node.span.start..node.span.end)?, reason))
    }

    /// The line and column of a place, both counted from 1: those of its key, or of the nearest value around it that exists.
    pub fn position(&self, pointer: &str) -> (usize, usize) {
        self.source.position(self.find(pointer).1.start)
    }

    /// The bytes of the value at a place: where it starts and where it ends.
    pub fn bytes(&self, pointer: &str) -> (usize, usize) {
        let Span { start, end } = self.find(pointer).0.span;
        (start, end)
    }

    /// The comment on the line of a key that has no value, `#shop` in `channel: #shop`, because people forget that a text with `#` needs
    /// quotes. `None` if there is none, or a value.
    pub fn comment_instead_of_value(&self, pointer: &str) -> Option<&'s str> {
        let (node, key) = self.find(pointer);
        let rest = self.source.text.get(key.end..)?.lines().next()?;
        let rest = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?.trim();
        (matches!(node.data, Data::Null) && rest.starts_with('#')).then_some(rest)
    }

    /// The value at a place, and where its key or the item is; those of the nearest existing value around it otherwise.
    fn find(&self, pointer: &str) -> (&Node, Span) {
        let (mut node, mut at) = (&self.root, self.root.span);
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            let next = match &node.data {
                Data::Map(entries) => {
                    let entry = entries.iter().find(|entry| entry.key.value == step);
                    entry.map(|entry| (&entry.value, entry.key.span))
                }
                Data::List(items) => {
                    let item = step.parse::<usize>().ok().and_then(|index| items.get(index));
                    item.map(|item| (item, item.span))
                }
                _ => None,
            };
            let Some(next) = next else { break };
            (node, at) = next;
        }
        (node, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_found_where_they_are_written() {
        let source =
            Source::new("c.yaml", "a:\n  - k/1: 5e10\n    on: true\n  - text\nchannel: #shop # 1\nlast: ~\n");
        let document = Document::read(&source).unwrap();
        assert_eq!(document.value()["a"][1], json!("text"));
        assert_eq!(document.written("/a/0/k~11"), Some("5e10"));
        assert_eq!(document.written("/a/0/on"), Some("true"));
        assert_eq!(document.written("/a/1"), None);
        assert_eq!(document.no_number("/a/0/k~11"), None);
        let wrong = Source::new("c.yaml", "a: 010\n");
        let told = Document::read(&wrong).unwrap().no_number("/a").unwrap();
        assert!(told.0 == "010" && told.1.starts_with("starts with a zero"), "{told:?}");
        assert_eq!(document.position("/a/0/k~11"), (2, 5));
        assert_eq!(document.position("/a/1"), (4, 5));
        let (start, end) = document.bytes("/a/1");
        assert_eq!(&source.text[start..end], "text");
        assert_eq!(document.position("/a/0/missing"), (2, 5));
        assert_eq!(document.position("/nowhere/at/all"), (1, 1));
        assert_eq!(document.comment_instead_of_value("/channel"), Some("#shop # 1"));
        for other in ["/last", "/a", "/a/0/on"] {
            assert_eq!(document.comment_instead_of_value(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for text in ["", "a: 1\na: 2\n", "a: [1"] {
            assert!(!Document::read(&Source::new("c.yaml", text)).unwrap_err().is_empty(), "{text}");
        }
    }
}
