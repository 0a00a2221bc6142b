//! Mappings with known keys, and the plain values under them.

use super::state::Reader;
use crate::source::{Span, Spanned};
use crate::yaml::{Data, Entry, Node};
use jiff::SpanRelativeTo;

/// A mapping whose keys were checked.
pub(crate) struct Fields<'n> {
    span: Span,
    entries: &'n [Entry],
    what: &'static str,
}

impl<'n> Fields<'n> {
    /// The mapping under `node`. Reports other kinds of values, and every unknown key.
    pub(crate) fn of(
        node: &'n Node,
        what: &'static str,
        accepted: &[&str],
        reader: &mut Reader<'_, '_>,
    ) -> Option<Self> {
        let entries = mapping(node, what, reader)?;
        for Entry { key, .. } in entries {
            if !accepted.contains(&key.value.as_str()) {
                reader
                    .problems
                    .error(key.span, format!("unknown key `{}` in {what}", key.value))
                    .accepted(&key.value, accepted.iter().copied());
            }
        }
        Some(Self { span: node.span, entries, what })
    }

    /// The value under a key. A key without a value counts as absent.
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        let entry = self.entries.iter().find(|entry| entry.key.value == key)?;
        (!matches!(entry.value.data, Data::Null)).then_some(&entry.value)
    }

    /// Where the key itself stands.
    pub(crate) fn key_span(&self, key: &str) -> Span {
        self.entries.iter().find(|entry| entry.key.value == key).map_or(self.span, |entry| entry.key.span)
    }

    /// The place of the mapping's first key, for reports of missing ones.
    pub(crate) fn start(&self) -> Span {
        self.entries.first().map_or(self.span, |entry| entry.key.span)
    }

    /// The value under a key that must be there.
    pub(crate) fn required(&self, key: &str, reader: &mut Reader<'_, '_>) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            reader.problems.error(self.start(), format!("{} needs `{key}:`", self.what));
        }
        found
    }
}

/// The entries of a mapping; anything else is reported.
pub(crate) fn mapping<'n>(node: &'n Node, what: &str, reader: &mut Reader<'_, '_>) -> Option<&'n [Entry]> {
    match &node.data {
        Data::Map(entries) => Some(entries),
        _ => {
            reader.problems.error(node.span, format!("{what} is a mapping, but this is {}", node.kind()));
            None
        }
    }
}

/// The items of a list; anything else is reported.
pub(crate) fn list<'n>(node: &'n Node, what: &str, reader: &mut Reader<'_, '_>) -> Option<&'n [Node]> {
    match &node.data {
        Data::List(items) => Some(items),
        _ => {
            reader.problems.error(node.span, format!("{what} is a list, but this is {}", node.kind()));
            None
        }
    }
}

/// Plain text in which `${ }` has no meaning. Numbers are taken as written (`version: 1.10`).
pub(crate) fn text(node: &Node, what: &str, reader: &mut Reader<'_, '_>) -> Option<Spanned<String>> {
    match &node.data {
        Data::Text(text) => Some(Spanned::new(text.clone(), node.span)),
        Data::Number(number) => Some(Spanned::new(number.text.clone(), node.span)),
        _ => {
            reader.problems.error(node.span, format!("{what} is text, but this is {}", node.kind()));
            None
        }
    }
}

/// One of a closed list of words.
pub(crate) fn word<T: Copy>(
    node: &Node,
    what: &str,
    words: &[(&str, T)],
    reader: &mut Reader<'_, '_>,
) -> Option<T> {
    let given = text(node, what, reader)?;
    let found = words.iter().find(|(word, _)| *word == given.value).map(|(_, meaning)| *meaning);
    if found.is_none() {
        reader
            .problems
            .error(node.span, format!("`{}` is not a value of {what}", given.value))
            .accepted(&given.value, words.iter().map(|(word, _)| *word));
    }
    found
}

/// `true` or `false`.
pub(crate) fn boolean(node: &Node, what: &str, reader: &mut Reader<'_, '_>) -> Option<bool> {
    match node.data {
        Data::Boolean(value) => Some(value),
        _ => {
            reader
                .problems
                .error(node.span, format!("{what} is `true` or `false`, but this is {}", node.kind()));
            None
        }
    }
}

/// A whole number between two bounds.
pub(crate) fn whole_number(
    node: &Node,
    what: &str,
    (least, most): (u64, u64),
    reader: &mut Reader<'_, '_>,
) -> Option<u64> {
    let number = node.whole_number().and_then(|value| u64::try_from(value).ok());
    let number = number.filter(|value| (least..=most).contains(value));
    if number.is_none() {
        reader.problems.error(node.span, format!("{what} is a whole number from {least} to {most}"));
    }
    number
}

/// A duration of whole seconds: `60s`, `10m`, `1h 30m`, `7d`, or a number of seconds; at most a year.
pub(crate) fn duration(node: &Node, what: &str, reader: &mut Reader<'_, '_>) -> Option<Spanned<u64>> {
    const YEAR: u64 = 365 * 24 * 3600;
    let seconds = match &node.data {
        Data::Number(_) => node.whole_number().and_then(|seconds| u64::try_from(seconds).ok()),
        Data::Text(text) => text
            .parse::<jiff::Span>()
            .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
            .ok()
            .filter(|duration| duration.subsec_nanos() == 0)
            .and_then(|duration| u64::try_from(duration.as_secs()).ok()),
        _ => None,
    };
    match seconds.filter(|seconds| (1..=YEAR).contains(seconds)) {
        Some(seconds) => Some(Spanned::new(seconds, node.span)),
        None => {
            reader
                .problems
                .error(node.span, format!("{what} is a duration of at least a second and at most a year"))
                .help("write `60s`, `10m`, `1h 30m`, `7d`, or a number of seconds");
            None
        }
    }
}
