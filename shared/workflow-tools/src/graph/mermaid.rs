//! Mermaid's flowchart language.

use super::shapes::{Arrow, Box, Graph, Kind, Node};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Short ids for nodes and boxes: states' names may be words of Mermaid's language.
pub(super) fn ids(graph: &Graph) -> BTreeMap<&str, String> {
    let mut ids = BTreeMap::new();
    for (number, node) in graph.nodes.iter().enumerate() {
        ids.insert(node.id.as_str(), format!("n{number}"));
    }
    fn add<'g>(boxes: &'g [Box], ids: &mut BTreeMap<&'g str, String>) {
        for each in boxes {
            let id = format!("b{}", ids.len());
            ids.insert(each.id.as_str(), id);
            add(&each.boxes, ids);
        }
    }
    add(&graph.boxes, &mut ids);
    ids
}

pub(super) fn text(graph: &Graph) -> String {
    let ids = ids(graph);
    let mut text = String::from("flowchart TD\n");
    let inside: Vec<&str> = nodes_within(&graph.boxes);
    for node in graph.nodes.iter().filter(|node| !inside.contains(&node.id.as_str())) {
        write_node(node, &ids, 1, &mut text);
    }
    for each in &graph.boxes {
        write_box(each, graph, &ids, 1, &mut text);
    }
    for arrow in &graph.arrows {
        write_arrow(arrow, &ids, &mut text);
    }
    text
}

fn nodes_within(boxes: &[Box]) -> Vec<&str> {
    boxes
        .iter()
        .flat_map(|each| each.nodes.iter().map(String::as_str).chain(nodes_within(&each.boxes)))
        .collect()
}

fn write_node(node: &Node, ids: &BTreeMap<&str, String>, depth: usize, text: &mut String) {
    let (open, close) = match node.kind {
        Kind::Terminal => ("([", "])"),
        Kind::Action => ("[", "]"),
        Kind::Agent => ("{{", "}}"),
        Kind::Waiting => ("[/", "/]"),
        Kind::Decision => ("{", "}"),
        Kind::Values => ("(", ")"),
        Kind::Workflow => ("[[", "]]"),
    };
    let label = node.label.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br/>");
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}{}{open}\"{label}\"{close}", "  ".repeat(depth), ids[node.id.as_str()]);
}

fn write_box(each: &Box, graph: &Graph, ids: &BTreeMap<&str, String>, depth: usize, text: &mut String) {
    let indentation = "  ".repeat(depth);
    let _ = writeln!(text, "{indentation}subgraph {}[\"{}\"]", ids[each.id.as_str()], escaped(&each.label));
    for node in graph.nodes.iter().filter(|node| each.nodes.contains(&node.id)) {
        write_node(node, ids, depth + 1, text);
    }
    for inner in &each.boxes {
        write_box(inner, graph, ids, depth + 1, text);
    }
    let _ = writeln!(text, "{indentation}end");
}

fn write_arrow(arrow: &Arrow, ids: &BTreeMap<&str, String>, text: &mut String) {
    let (from, to) = (&ids[arrow.from.as_str()], &ids[arrow.to.as_str()]);
    let line = if arrow.failing { "-.->" } else { "-->" };
    let label = arrow.label.as_ref().map(|label| format!("|\"{}\"|", escaped(label))).unwrap_or_default();
    let _ = writeln!(text, "  {from} {line}{label} {to}");
}

/// Characters that mean something to Mermaid or to HTML, as Mermaid's entity codes:
/// <https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters>.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '"' | '#' | '<' | '>' | '&' | ';' | '`' => {
                let _ = write!(escaped, "#{};", u32::from(character));
            }
            '\n' | '\r' => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}
