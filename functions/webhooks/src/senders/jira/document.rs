//! Comments that come as a document (<https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>) and not as the wiki
//! text of an administrator's webhook: converted to that wiki text, as far as it matters who says what to whom.

use crate::spoken::{Markup, spoken};
use serde_json::Value;

/// The deepest nesting that is read. Jira's editor allows far less.
const DEEPEST: usize = 50;

/// A comment's body as wiki text: text as it is but for colors, a document's words with mentions as `[~accountid:…]`, and quotes and code marked as such.
/// For a person, the document also has the name; if it is `mention`, that is written.
pub(super) fn wiki_text(body: &Value, mention: &str) -> String {
    if let Value::String(text) = body {
        return without_colors(text);
    }
    let mut text = String::new();
    write(body, mention, 0, &mut text);
    text.trim().to_owned()
}

/// Wiki text without the marks of colors, `{color:#ff5630}` and `{color}`, which are around words but are not said. Code, which has braces of its
/// own, stays as it is: `{{color}}`.
fn without_colors(text: &str) -> String {
    const MARK: &str = "{color";
    if !text.contains(MARK) {
        return text.to_owned();
    }
    let said = spoken(text, Markup::Wiki);
    let mut plain = String::with_capacity(text.len());
    let mut kept = 0;
    for (at, _) in said.match_indices(MARK) {
        let value = &said[at + MARK.len()..];
        let end = value.find(['{', '}', ' ', '\n']).filter(|end| value[*end..].starts_with('}'));
        if let Some(end) = end.filter(|end| *end == 0 || value.starts_with(':')) {
            plain.push_str(&text[kept..at]);
            kept = at + MARK.len() + end + 1;
        }
    }
    plain.push_str(&text[kept..]);
    plain
}

fn write(node: &Value, mention: &str, depth: usize, text: &mut String) {
    if depth > DEEPEST {
        return;
    }
    let kind = node["type"].as_str().unwrap_or_default();
    let (opening, closing) = match kind {
        "blockquote" => ("{quote}", "{quote}\n"),
        "codeBlock" => ("{code}", "{code}\n"),
        "paragraph" | "heading" | "listItem" | "taskItem" | "tableRow" | "mediaSingle" | "mediaGroup" => {
            ("", "\n")
        }
        "tableCell" | "tableHeader" => ("", " "),
        _ => ("", ""),
    };
    text.push_str(opening);
    match kind {
        "text" => {
            let words = node["text"].as_str().unwrap_or_default();
            let marks = node["marks"].as_array().into_iter().flatten();
            match marks.into_iter().any(|mark| mark["type"] == "code") {
                true => text.push_str(&format!("{{{{{words}}}}}")),
                false => text.push_str(words),
            }
        }
        "mention" => {
            let attributes = &node["attrs"];
            match (attributes["text"].as_str(), attributes["id"].as_str()) {
                (Some(name), _) if domain::same_name(name, mention) => text.push_str(mention),
                (_, Some(id)) => text.push_str(&format!("[~accountid:{id}]")),
                (name, None) => text.push_str(name.unwrap_or_default()),
            }
        }
        "hardBreak" => text.push('\n'),
        "emoji" => text.push_str(node["attrs"]["text"].as_str().unwrap_or_default()),
        // Files are named as the wiki text names them, where the document says how they are called.
        "media" | "mediaInline" => {
            if let Some(name) = node["attrs"]["alt"].as_str() {
                text.push_str(&format!("!{name}!"));
            }
        }
        "inlineCard" => text.push_str(node["attrs"]["url"].as_str().unwrap_or_default()),
        _ => {}
    }
    for child in node["content"].as_array().into_iter().flatten() {
        write(child, mention, depth + 1, text);
    }
    text.push_str(closing);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn colors_are_not_said() {
        for (text, plain) in [
            ("{color:#FF5630}[~accountid:1] approve{color}", "[~accountid:1] approve"),
            ("a {color:red}b{color} ü{color:red", "a b ü{color:red"),
            ("{colorful} {color {color:x{color}", "{colorful} {color {color:x"),
            ("{color:red}call {{color}} ü{color} {{tint}}", "call {{color}} ü {{tint}}"),
            (
                "{code:css}a{color:red}{code} {noformat}{color}{noformat}",
                "{code:css}a{color:red}{code} {noformat}{color}{noformat}",
            ),
            ("```\n<b>{color}</b>\n```\n{color:red}a{color}", "```\n<b>{color}</b>\n```\na"),
        ] {
            assert_eq!(wiki_text(&json!(text), "@x"), plain, "{text}");
        }
    }

    #[test]
    fn a_document_says_who_is_meant_and_what_is_quoted() {
        let mention = |id: &str, name: &str| json!({"type": "mention", "attrs": {"id": id, "text": name}});
        let words = |text: &str| json!({"type": "text", "text": text});
        let document = json!({"type": "doc", "version": 1, "content": [
            {"type": "blockquote", "content": [{"type": "paragraph", "content": [words("May I?")]}]},
            {"type": "codeBlock", "content": [words("@x stop")]},
            {"type": "paragraph", "content": [
                mention("5b10", "@Ticketsmith"), words(" approve "), mention("7c", "@Grace"),
                {"type": "hardBreak"}, {"type": "text", "text": "a", "marks": [{"type": "code"}]},
            ]},
            {"type": "mediaSingle", "content": [{"type": "media", "attrs": {"type": "file", "id": "6e7", "alt": "till.png"}}]},
        ]});
        assert_eq!(
            wiki_text(&document, "@ticketsmith"),
            "{quote}May I?\n{quote}\n{code}@x stop{code}\n@ticketsmith approve [~accountid:7c]\n{{a}}\n!till.png!"
        );
        assert_eq!(wiki_text(&json!("as [~accountid:1] it is"), "@x"), "as [~accountid:1] it is");
        assert_eq!(wiki_text(&json!(7), "@x"), "");
    }
}
