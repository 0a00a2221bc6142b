//! The order of keys.

use super::tree::{Body, Collection, Node};
use workflow::{CASE_KEYS, Key, StepType, WORKFLOW_KEYS};

/// Brings the keys of a workflow into order. A mapping stays as it is where moving its entries could part a comment from
/// what it is about, or an alias from its anchor.
pub(super) fn order(root: &mut Node) {
    order_as(root, Shape::Workflow);
}

/// The kind of a part of a workflow, as far as it determines the order of keys.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Workflow,
    Steps,
    Step,
    Branches,
    Cases,
    Case,
    Other,
}

impl Shape {
    /// The kind of the value under a key.
    fn under(self, key: &str) -> Self {
        match (self, key) {
            (Self::Workflow | Self::Step | Self::Case, "steps") | (Self::Step, "default") => Self::Steps,
            (Self::Step, "branches") => Self::Branches,
            (Self::Step, "cases") => Self::Cases,
            (Self::Branches, _) => Self::Steps,
            _ => Self::Other,
        }
    }

    /// The kind of an item of the list.
    fn item(self) -> Self {
        match self {
            Self::Steps => Self::Step,
            Self::Cases => Self::Case,
            _ => Self::Other,
        }
    }

    /// The keys of a mapping of this shape, in order.
    fn keys(self, map: &Collection) -> Option<Vec<Key>> {
        match self {
            Self::Workflow => Some(WORKFLOW_KEYS.to_vec()),
            Self::Case => Some(CASE_KEYS.to_vec()),
            Self::Step => Some(step_type(map).keys()),
            _ => None,
        }
    }
}

/// The type that a step names, else its implicit one.
fn step_type(step: &Collection) -> StepType {
    let named = step.entries.iter().find(|entry| entry.key.as_deref().is_some_and(|key| name(key) == "type"));
    let named = named.and_then(|entry| match &entry.value.body {
        Body::Inline(lines) => lines.first(),
        _ => None,
    });
    let known = StepType::ALL.into_iter().find(|kind| named.is_some_and(|word| name(word) == kind.name()));
    known.unwrap_or(StepType::PluginAction)
}

fn order_as(node: &mut Node, shape: Shape) {
    let Body::Collection(collection) = &mut node.body else { return };
    if shape == Shape::Other {
        return;
    }
    for entry in &mut collection.entries {
        let inner = match &entry.key {
            Some(key) => shape.under(name(key)),
            None => shape.item(),
        };
        order_as(&mut entry.value, inner);
    }
    if let Some(keys) = shape.keys(collection).filter(|_| collection.is_map) {
        sort(collection, &keys);
    }
}

fn sort(map: &mut Collection, keys: &[Key]) {
    let place = |key: &Option<String>| {
        let key = key.as_deref().map(name).unwrap_or_default();
        keys.iter().position(|known| known.name == key).unwrap_or(keys.len())
    };
    if map.entries.is_sorted_by_key(|entry| place(&entry.key)) || refers(map) {
        return;
    }
    if map.flow && map.broken && !comments_allow(map) {
        return;
    }
    // A comment above the first entry is about the whole mapping, so another entry cannot take its place.
    let first = map.entries.iter().min_by_key(|entry| place(&entry.key));
    let stays =
        map.entries.first().is_some_and(|entry| first.is_some_and(|first| std::ptr::eq(first, entry)));
    if !stays && first.is_some_and(|first| !first.above.is_empty()) {
        return;
    }
    let Some(above) = map.entries.first_mut().map(|entry| std::mem::take(&mut entry.above)) else { return };
    map.entries.sort_by_key(|entry| place(&entry.key));
    for entry in &mut map.entries {
        entry.apart = false;
        entry.above.iter_mut().for_each(|comment| comment.apart = false);
    }
    if let Some(first) = map.entries.first_mut() {
        first.above = above;
    }
}

/// Whether no comment is among the entries of a mapping in brackets.
fn comments_allow(map: &Collection) -> bool {
    map.tail.is_empty()
        && map
            .entries
            .iter()
            .all(|entry| entry.above.is_empty() && entry.behind.is_none() && entry.head.is_none())
}

/// Whether there are aliases or anchors in a mapping.
fn refers(map: &Collection) -> bool {
    map.entries.iter().any(|entry| {
        let key = entry.key.as_deref().is_some_and(|key| key.starts_with(['&', '*']));
        key || node_refers(&entry.value)
    })
}

fn node_refers(node: &Node) -> bool {
    let anchored = node.properties.iter().any(|property| property.starts_with('&'));
    anchored
        || match &node.body {
            Body::Inline(lines) => lines.first().is_some_and(|line| line.starts_with('*')),
            Body::Block { .. } => false,
            Body::Collection(collection) => refers(collection),
        }
}

/// A key or a word without its quotes.
fn name(written: &str) -> &str {
    written.trim_matches(['"', '\''])
}
