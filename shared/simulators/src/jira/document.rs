//! Text, wiki markup and the
//! [Atlassian Document Format](https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/):
//! the REST API (v3) speaks the format, webhooks carry wiki markup, and world files are written as text.

use serde_json::{Value, json};

const MENTION: &str = "[~accountid:";

/// A document with one paragraph for each block of text between blank lines; `[~accountid:…]` becomes a mention.
pub(super) fn from_text(text: &str) -> Value {
    let paragraphs: Vec<Value> = text
        .split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| json!({"type": "paragraph", "content": inline(paragraph)}))
        .collect();
    json!({"type": "doc", "version": 1, "content": paragraphs})
}

fn inline(paragraph: &str) -> Vec<Value> {
    let mut nodes = Vec::new();
    for (index, line) in paragraph.lines().enumerate() {
        if index > 0 {
            nodes.push(json!({"type": "hardBreak"}));
        }
        let mut rest = line;
        while let Some(start) = rest.find(MENTION) {
            let after = &rest[start + MENTION.len()..];
            let Some(end) = after.find(']') else { break };
            if start > 0 {
                nodes.push(json!({"type": "text", "text": &rest[..start]}));
            }
            nodes.push(json!({"type": "mention", "attrs": {"id": &after[..end]}}));
            rest = &after[end + 1..];
        }
        if !rest.is_empty() {
            nodes.push(json!({"type": "text", "text": rest}));
        }
    }
    nodes
}

/// The document in the wiki markup that Jira's webhooks carry.
pub(super) fn to_wiki(document: &Value) -> String {
    blocks(document).trim().to_owned()
}

fn children(node: &Value) -> &[Value] {
    node["content"].as_array().map_or(&[], Vec::as_slice)
}

fn blocks(node: &Value) -> String {
    children(node).iter().map(block).collect::<Vec<_>>().join("\n\n")
}

fn block(node: &Value) -> String {
    match node["type"].as_str().unwrap_or_default() {
        "heading" => format!("h{}. {}", node["attrs"]["level"].as_u64().unwrap_or(1), line(node)),
        "bulletList" => items(node, "*"),
        "orderedList" => items(node, "#"),
        "codeBlock" => match node["attrs"]["language"].as_str() {
            Some(language) => format!("{{code:{language}}}\n{}\n{{code}}", line(node)),
            None => format!("{{code}}\n{}\n{{code}}", line(node)),
        },
        "rule" => "----".to_owned(),
        "paragraph" => line(node),
        _ if children(node).iter().any(|child| child["type"] == "text") => line(node),
        _ => blocks(node),
    }
}

fn items(list: &Value, bullet: &str) -> String {
    children(list)
        .iter()
        .map(|item| format!("{bullet} {}", children(item).iter().map(block).collect::<Vec<_>>().join("\n")))
        .collect::<Vec<_>>()
        .join("\n")
}

fn line(node: &Value) -> String {
    children(node)
        .iter()
        .map(|child| match child["type"].as_str().unwrap_or_default() {
            "hardBreak" => "\n".to_owned(),
            "mention" => format!("{MENTION}{}]", child["attrs"]["id"].as_str().unwrap_or_default()),
            "emoji" => child["attrs"]["text"].as_str().unwrap_or_default().to_owned(),
            "inlineCard" => child["attrs"]["url"].as_str().unwrap_or_default().to_owned(),
            _ => marked(child),
        })
        .collect()
}

fn marked(node: &Value) -> String {
    let mut text = node["text"].as_str().unwrap_or_default().to_owned();
    for mark in node["marks"].as_array().map_or(&[][..], Vec::as_slice) {
        text = match mark["type"].as_str().unwrap_or_default() {
            "link" => format!("[{text}|{}]", mark["attrs"]["href"].as_str().unwrap_or_default()),
            "strong" => format!("*{text}*"),
            "em" => format!("_{text}_"),
            "code" => format!("{{{{{text}}}}}"),
            _ => text,
        };
    }
    text
}

/// Checks that come first in Jira: that a value is a version 1 document of known nodes in allowed places.
///
/// Gives the reason, which Jira itself words less helpfully.
pub(super) fn check(document: &Value) -> Result<(), String> {
    if document["type"] != "doc" || document["version"] != 1 || !document["content"].is_array() {
        return Err(
            "Operation value must be an Atlassian Document (see the Atlassian Document Format)".into()
        );
    }
    check_children(document, "doc")
}

/// The nodes that a node of the given type may contain; empty if it has no content.
fn allowed(parent: &str) -> &'static [&'static str] {
    match parent {
        "doc" | "panel" | "expand" | "nestedExpand" | "tableCell" | "tableHeader" => &[
            "paragraph",
            "heading",
            "bulletList",
            "orderedList",
            "codeBlock",
            "blockquote",
            "panel",
            "rule",
            "table",
            "expand",
            "nestedExpand",
            "taskList",
            "mediaSingle",
            "mediaGroup",
            "blockCard",
            "decisionList",
        ],
        "blockquote" => &["paragraph", "bulletList", "orderedList", "codeBlock", "mediaSingle", "mediaGroup"],
        "paragraph" | "heading" | "taskItem" | "decisionItem" => &[
            "text",
            "hardBreak",
            "mention",
            "emoji",
            "inlineCard",
            "date",
            "status",
            "placeholder",
            "mediaInline",
        ],
        "codeBlock" => &["text"],
        "bulletList" | "orderedList" => &["listItem"],
        "listItem" => &["paragraph", "bulletList", "orderedList", "codeBlock", "mediaSingle", "taskList"],
        "table" => &["tableRow"],
        "tableRow" => &["tableCell", "tableHeader"],
        "taskList" => &["taskItem", "taskList"],
        "decisionList" => &["decisionItem"],
        "mediaSingle" => &["media", "caption"],
        "mediaGroup" => &["media"],
        _ => &[],
    }
}

fn check_children(node: &Value, at: &str) -> Result<(), String> {
    let kind = node["type"].as_str().unwrap_or_default();
    for (index, child) in children(node).iter().enumerate() {
        let place = format!("{at}.content[{index}]");
        let Some(name) = child["type"].as_str() else {
            return Err(format!("INVALID_INPUT: {place} has no type"));
        };
        if !allowed(kind).contains(&name) {
            return Err(format!("INVALID_INPUT: {place}: `{name}` may not stand in `{kind}`"));
        }
        match name {
            "text" if child["text"].as_str().is_none_or(str::is_empty) => {
                return Err(format!("INVALID_INPUT: {place}: a text node needs a text that is not empty"));
            }
            "heading" if !(1..=6).contains(&child["attrs"]["level"].as_u64().unwrap_or(0)) => {
                return Err(format!("INVALID_INPUT: {place}: a heading needs attrs.level from 1 to 6"));
            }
            "mention" if !child["attrs"]["id"].is_string() => {
                return Err(format!("INVALID_INPUT: {place}: a mention needs attrs.id"));
            }
            "bulletList" | "orderedList" | "listItem" | "taskList" | "table"
                if children(child).is_empty() =>
            {
                return Err(format!("INVALID_INPUT: {place}: `{name}` may not be empty"));
            }
            "panel" if !child["attrs"]["panelType"].is_string() => {
                return Err(format!("INVALID_INPUT: {place}: a panel needs attrs.panelType"));
            }
            _ => {}
        }
        check_children(child, &place)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_a_document_and_wiki_markup_again() {
        let text = "Hello [~accountid:abc], look\nhere.\n\nSecond.";
        let document = from_text(text);
        assert_eq!(check(&document), Ok(()));
        assert_eq!(document["content"][0]["content"][1]["attrs"]["id"], "abc");
        assert_eq!(to_wiki(&document), text);
    }

    #[test]
    fn a_misplaced_node_is_named_with_its_place() {
        let wrong = json!({"type": "doc", "version": 1, "content": [{"type": "text", "text": "loose"}]});
        assert!(check(&wrong).unwrap_err().contains("doc.content[0]: `text` may not stand in `doc`"));
        assert!(check(&json!("plain")).unwrap_err().contains("Atlassian Document"));
    }
}
