//! The canonical form of a workflow file: keys in one order, two spaces of indentation, comments where they stood.
//!
//! Spacing is `pretty_yaml`'s; only the order of keys is ours. What a file says is compared before and after, so that no
//! defect, here or there, can change a workflow.

use rowan::{NodeOrToken, TextSize};
use serde_json::Value;
use std::collections::BTreeSet;
use workflow::Source;
use yaml_parser::{SyntaxKind, SyntaxNode, SyntaxToken};

/// The longest line that a list or mapping in brackets may make.
const LINE_WIDTH: usize = 120;

const WORKFLOW: &[&str] =
    &["name", "description", "version", "triggers", "inputs", "variables", "steps", "outputs"];
/// What a step is, what it works on, what it is given, what it gives, and what happens when it fails.
const STEP: &[&str] = &[
    "name",
    "type",
    "description",
    "when",
    "plugin",
    "agent",
    "action",
    "workflow",
    "prompt_template",
    "items",
    "as",
    "max_concurrency",
    "max_items",
    "until",
    "max_iterations",
    "on_exhausted",
    "question",
    "message",
    "details",
    "approvers",
    "approve_status",
    "decline_status",
    "for",
    "event",
    "match",
    "run",
    "variables",
    "error",
    "cause",
    "inputs",
    "branches",
    "cases",
    "default",
    "steps",
    "result",
    "outputs",
    "required",
    "timeout",
    "on_timeout",
    "on_error",
    "retry_count",
    "retry",
    "rollback",
];
const CASE: &[&str] = &["when", "steps"];

/// Why a file cannot be formatted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It is no YAML, or more than one document.
    #[error("{path}: {reason}")]
    NotYaml {
        /// The file.
        path: String,
        /// What the parser says, with line and column.
        reason: String,
    },
    /// Formatting would change what the file says, which would be a defect of the formatter; the file stays as it is.
    #[error("{0}: formatting would change what the file says, so it stays as it is")]
    WouldChange(String),
}

/// The canonical form of a workflow file, or of its tests (`*.test.yaml`), whose keys keep their order. A file in canonical
/// form stays as it is, byte for byte.
///
/// # Errors
/// [`FormatError`] when the file is no YAML.
pub fn format(source: &Source) -> Result<String, FormatError> {
    let not_yaml = |reason: String| FormatError::NotYaml { path: source.path.clone(), reason };
    let before = content(&source.text).map_err(not_yaml)?;
    let ordered = if source.name().ends_with(".test") {
        source.text.clone()
    } else {
        let tree = yaml_parser::parse(&source.text).map_err(|error| not_yaml(error.to_string()))?;
        Printer::default().print(&tree, Shape::Workflow)
    };
    let formatted =
        pretty_yaml::format_text(&ordered, &options()).map_err(|error| not_yaml(error.to_string()))?;
    match content(&formatted) {
        Ok(after) if after == before => Ok(formatted),
        _ => Err(FormatError::WouldChange(source.path.clone())),
    }
}

fn options() -> pretty_yaml::config::FormatOptions {
    use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions};
    FormatOptions {
        layout: LayoutOptions { print_width: LINE_WIDTH, ..LayoutOptions::default() },
        language: LanguageOptions { trailing_comma: false, ..LanguageOptions::default() },
    }
}

/// What a file says, whatever the order of its keys. Reading it also bounds its depth and size.
fn content(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let error = error.without_snippet().to_string();
        error.lines().next().unwrap_or_default().to_owned()
    })
}

/// What a part of a workflow is, as far as the order of keys depends on it.
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
    fn order(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Workflow => Some(WORKFLOW),
            Self::Step => Some(STEP),
            Self::Case => Some(CASE),
            _ => None,
        }
    }

    /// What stands under a key.
    fn under(self, key: &str) -> Self {
        match (self, key) {
            (Self::Workflow | Self::Step | Self::Case, "steps") | (Self::Step, "default") => Self::Steps,
            (Self::Step, "branches") => Self::Branches,
            (Self::Step, "cases") => Self::Cases,
            (Self::Branches, _) => Self::Steps,
            _ => Self::Other,
        }
    }

    /// What an item of the list is.
    fn item(self) -> Self {
        match self {
            Self::Steps => Self::Step,
            Self::Cases => Self::Case,
            _ => Self::Other,
        }
    }
}

/// Writes a tree with its keys in order.
#[derive(Default)]
struct Printer {
    /// Where comments start that moved with the entry they stood behind.
    moved: BTreeSet<TextSize>,
}

/// An entry with the comments above it and the one behind it.
struct Entry {
    place: usize,
    above: String,
    node: SyntaxNode,
    behind: Option<SyntaxToken>,
}

impl Printer {
    fn print(&mut self, node: &SyntaxNode, shape: Shape) -> String {
        let own = match node.kind() {
            SyntaxKind::BLOCK_MAP_ENTRY | SyntaxKind::FLOW_MAP_ENTRY => shape.under(&key_of(node)),
            SyntaxKind::BLOCK_SEQ_ENTRY | SyntaxKind::FLOW_SEQ_ENTRY => shape.item(),
            _ => shape,
        };
        if own == Shape::Other {
            return node.text().to_string();
        }
        if let Some((entries, end)) = own.order().and_then(|order| out_of_order(node, order)) {
            return self.reordered(node, entries, &end, own);
        }
        let mut text = String::new();
        for child in node.children_with_tokens() {
            match child {
                NodeOrToken::Node(child) => text.push_str(&self.print(&child, own)),
                NodeOrToken::Token(token) if self.moved.contains(&token.text_range().start()) => {}
                NodeOrToken::Token(token) => text.push_str(token.text()),
            }
        }
        text
    }

    /// The mapping with its entries in order; `end` is what stands between the last of them and the end of the mapping.
    fn reordered(&mut self, map: &SyntaxNode, mut entries: Vec<Entry>, end: &str, shape: Shape) -> String {
        let block = map.kind() == SyntaxKind::BLOCK_MAP;
        let indentation = indentation_of(map);
        entries.sort_by_key(|entry| entry.place);
        let last = entries.len().saturating_sub(1);
        let mut text = String::new();
        for (place, entry) in entries.iter().enumerate() {
            if place > 0 && block {
                text.push_str(&format!("\n{}{indentation}", entry.above));
            } else if place > 0 {
                text.push(' ');
            }
            // A text in several lines brings its own last line break.
            text.push_str(self.print(&entry.node, shape).trim_end());
            // What is behind the last line of an inner mapping has moved with that line already.
            if let Some(comment) = &entry.behind
                && self.moved.insert(comment.text_range().start())
            {
                text.push_str(&format!(" {}", comment.text()));
            }
            if !block && place < last {
                text.push(',');
            }
        }
        text + end
    }
}

/// The entries of a mapping whose keys are not in order. `None` where they are, and where moving them could part a comment
/// from what it is about, or an alias from its anchor.
fn out_of_order(map: &SyntaxNode, order: &[&str]) -> Option<(Vec<Entry>, String)> {
    let (block, entry_kind) = match map.kind() {
        SyntaxKind::BLOCK_MAP => (true, SyntaxKind::BLOCK_MAP_ENTRY),
        SyntaxKind::FLOW_MAP_ENTRIES => (false, SyntaxKind::FLOW_MAP_ENTRY),
        _ => return None,
    };
    let names_others =
        |node: &SyntaxNode| matches!(node.kind(), SyntaxKind::ALIAS | SyntaxKind::ANCHOR_PROPERTY);
    if map.descendants().any(|node| names_others(&node)) {
        return None;
    }
    let mut entries: Vec<Entry> = Vec::new();
    let mut between: Vec<SyntaxToken> = Vec::new();
    for child in map.children_with_tokens() {
        match child {
            NodeOrToken::Node(node) if node.kind() == entry_kind => {
                let key = key_of(&node);
                let place = order.iter().position(|known| *known == key).unwrap_or(order.len());
                let (behind, above) = split_between(&std::mem::take(&mut between), block)?;
                if let Some(last) = entries.last_mut() {
                    last.behind = behind;
                }
                entries.push(Entry { place, above, node, behind: None });
            }
            NodeOrToken::Node(_) => return None,
            NodeOrToken::Token(token) => between.push(token),
        }
    }
    if let Some(last) = entries.last_mut() {
        last.behind = comment_behind(map);
    }
    let between: String = between.iter().map(|token| token.text()).collect();
    let first = entries.iter().min_by_key(|entry| entry.place)?;
    // What stands above the first entry stands outside the mapping, so nothing can stand above another in its place.
    let movable = first.above.trim().is_empty() && between.trim().is_empty();
    let ordered = entries.is_sorted_by_key(|entry| entry.place);
    (movable && !ordered).then_some((entries, between))
}

/// What stands between two entries: the comment behind the first, and whole lines above the second. `None` for what cannot
/// be told apart.
fn split_between(between: &[SyntaxToken], block: bool) -> Option<(Option<SyntaxToken>, String)> {
    let same_line = between.iter().take_while(|token| !token.text().contains('\n'));
    let behind = same_line.into_iter().find(|token| token.kind() == SyntaxKind::COMMENT);
    let text: String = between.iter().map(|token| token.text()).collect();
    if !block {
        return text.trim_matches([' ', '\n', '\r', ',']).is_empty().then(Default::default);
    }
    let above = text.split_once('\n').map_or("", |(_, above)| above);
    let lines = above.lines().map(str::trim_end).filter(|line| !line.is_empty());
    Some((behind.cloned(), lines.map(|line| format!("{line}\n")).collect()))
}

/// The comment on the last line of a block mapping, behind its last entry. It stands outside the mapping.
fn comment_behind(map: &SyntaxNode) -> Option<SyntaxToken> {
    if map.kind() != SyntaxKind::BLOCK_MAP {
        return None;
    }
    let mut token = map.last_token();
    while let Some(next) = token.and_then(|token| token.next_token()) {
        match next.kind() {
            SyntaxKind::COMMENT => return Some(next),
            SyntaxKind::WHITESPACE if !next.text().contains('\n') => token = Some(next),
            _ => return None,
        }
    }
    None
}

/// The spaces before a mapping's entries: as many as stand before its first, dashes counted.
fn indentation_of(map: &SyntaxNode) -> String {
    let start = usize::from(map.text_range().start());
    let whole = map.ancestors().last().map(|root| root.text().to_string()).unwrap_or_default();
    let line = whole.get(..start).and_then(|before| before.rsplit('\n').next()).unwrap_or_default();
    " ".repeat(line.chars().count())
}

fn key_of(entry: &SyntaxNode) -> String {
    let key = entry
        .children()
        .find(|child| matches!(child.kind(), SyntaxKind::BLOCK_MAP_KEY | SyntaxKind::FLOW_MAP_KEY));
    key.map(|key| key.text().to_string().trim_matches(['"', '\'', ' ']).to_owned()).unwrap_or_default()
}
