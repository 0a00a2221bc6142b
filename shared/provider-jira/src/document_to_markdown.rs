//! The Atlassian Document Format as Markdown.

use serde_json::Value;

/// Writes a document, or any node of one, as [GitHub-flavoured Markdown](https://github.github.com/gfm/). What has no
/// Markdown is shown as text: mentions by name, cards by address, media by their alternative text; of unknown nodes, what
/// is inside. Anything that is no document gives empty text.
pub fn markdown_from_document(document: &Value) -> String {
    // The root may be a document or a lone node.
    let text = if document["type"] == "doc" { blocks(document) } else { block(document) };
    text.trim().to_owned()
}

fn kind(node: &Value) -> &str {
    node["type"].as_str().unwrap_or_default()
}

fn children(node: &Value) -> &[Value] {
    node["content"].as_array().map_or(&[], Vec::as_slice)
}

fn attribute<'a>(node: &'a Value, name: &str) -> Option<&'a str> {
    node["attrs"][name].as_str().filter(|text| !text.is_empty())
}

fn is_inline(node: &Value) -> bool {
    matches!(
        kind(node),
        "text"
            | "hardBreak"
            | "mention"
            | "emoji"
            | "inlineCard"
            | "date"
            | "status"
            | "placeholder"
            | "mediaInline"
    )
}

fn blocks(node: &Value) -> String {
    join(children(node).iter().map(block), "\n\n")
}

fn join(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(between)
}

fn block(node: &Value) -> String {
    match kind(node) {
        "heading" => {
            let level = usize::try_from(node["attrs"]["level"].as_u64().unwrap_or(1)).unwrap_or(1);
            format!("{} {}", "#".repeat(level.clamp(1, 6)), line(node).replace('\n', " "))
        }
        "codeBlock" => code_block(node),
        "blockquote" | "panel" => prefixed(&blocks(node), "> ", "> "),
        "rule" => "---".to_owned(),
        "bulletList" | "decisionList" => list(node, |_| "- ".to_owned()),
        "orderedList" => {
            let first = node["attrs"]["order"].as_u64().unwrap_or(1);
            list(node, |index| format!("{}. ", first.saturating_add(index)))
        }
        "taskList" => join(
            children(node).iter().map(|item| match kind(item) {
                "taskItem" if item["attrs"]["state"] == "DONE" => format!("- [x] {}", line(item)),
                "taskItem" => format!("- [ ] {}", line(item)),
                _ => prefixed(&block(item), "  ", "  "),
            }),
            "\n",
        ),
        "expand" | "nestedExpand" => {
            let title = attribute(node, "title").map(|title| format!("**{title}**")).unwrap_or_default();
            join([title, blocks(node)].into_iter(), "\n\n")
        }
        "table" => table(node),
        "media" => attachment(node),
        "blockCard" | "embedCard" => attribute(node, "url").unwrap_or_default().to_owned(),
        _ if children(node).iter().any(is_inline) => line(node),
        _ if is_inline(node) => inline(node),
        _ => blocks(node),
    }
}

fn code_block(node: &Value) -> String {
    let code: String = children(node).iter().filter_map(|child| child["text"].as_str()).collect();
    let mut fence = "```".to_owned();
    while code.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}{}\n{code}\n{fence}", attribute(node, "language").unwrap_or_default())
}

fn list(node: &Value, bullet: impl Fn(u64) -> String) -> String {
    let items = (0..).zip(children(node)).map(|(index, item)| {
        let bullet = bullet(index);
        let text = match children(item).iter().any(is_inline) {
            true => line(item),
            false => children(item).iter().fold(String::new(), |text, child| match block(child) {
                next if text.is_empty() || next.is_empty() => text + &next,
                next if continues(child) => format!("{text}\n{next}"),
                next => format!("{text}\n\n{next}"),
            }),
        };
        prefixed(&text, &bullet, &" ".repeat(bullet.len()))
    });
    join(items, "\n")
}

/// Whether a block may follow a paragraph without a blank line between: a list, unless it counts from another number than one.
fn continues(node: &Value) -> bool {
    kind(node) == "bulletList"
        || kind(node) == "orderedList" && node["attrs"]["order"].as_u64().unwrap_or(1) == 1
}

fn prefixed(text: &str, first: &str, others: &str) -> String {
    let line = |(index, line): (usize, &str)| {
        let prefix = if index == 0 { first } else { others };
        format!("{prefix}{line}").trim_end().to_owned()
    };
    text.split('\n').enumerate().map(line).collect::<Vec<_>>().join("\n")
}

fn table(node: &Value) -> String {
    let mut lines = Vec::new();
    for (index, row) in children(node).iter().enumerate() {
        let cell = |cell: &Value| blocks(cell).replace('\n', " ").replace('|', "\\|");
        let cells: Vec<_> = children(row).iter().map(cell).collect();
        lines.push(format!("| {} |", cells.join(" | ")));
        if index == 0 {
            lines.push(format!("|{}", " --- |".repeat(cells.len())));
        }
    }
    lines.join("\n")
}

fn attachment(node: &Value) -> String {
    match attribute(node, "url") {
        Some(url) => format!("![{}]({url})", attribute(node, "alt").unwrap_or_default()),
        None => format!("[attachment: {}]", attribute(node, "alt").unwrap_or("no name")),
    }
}

fn line(node: &Value) -> String {
    children(node).iter().map(|child| if is_inline(child) { inline(child) } else { block(child) }).collect()
}

fn inline(node: &Value) -> String {
    let text = |name| attribute(node, name).unwrap_or_default().to_owned();
    match kind(node) {
        "text" => marked(node),
        "hardBreak" => "\n".to_owned(),
        "mention" => match attribute(node, "text") {
            Some(name) => format!("@{}", name.trim_start_matches('@')),
            None => format!("@{}", text("id")),
        },
        "emoji" => attribute(node, "text").or(attribute(node, "shortName")).unwrap_or_default().to_owned(),
        "inlineCard" => text("url"),
        "date" => {
            let milliseconds = node["attrs"]["timestamp"].as_str().and_then(|at| at.parse().ok());
            let at = milliseconds.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
            at.map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
        }
        "mediaInline" => attachment(node),
        _ => text("text"),
    }
}

fn marked(node: &Value) -> String {
    let whole = node["text"].as_str().unwrap_or_default();
    let text = whole.trim();
    if text.is_empty() {
        return whole.to_owned();
    }
    let mut marked = text.to_owned();
    let marks = node["marks"].as_array().map_or(&[][..], Vec::as_slice);
    let has = |name: &str| marks.iter().any(|mark| kind(mark) == name);
    if has("code") {
        let fence = if text.contains('`') { "``" } else { "`" };
        marked = format!("{fence}{marked}{fence}");
    }
    for (name, sign) in [("em", "*"), ("strong", "**"), ("strike", "~~")] {
        if has(name) {
            marked = format!("{sign}{marked}{sign}");
        }
    }
    if let Some(link) = marks.iter().find(|mark| kind(mark) == "link") {
        match attribute(link, "href") {
            Some(href) if href == text => {}
            Some(href) => marked = format!("[{marked}]({href})"),
            None => {}
        }
    }
    // Markdown's signs must touch the words they mark.
    let (before, after) =
        (&whole[..whole.len() - whole.trim_start().len()], &whole[whole.trim_end().len()..]);
    format!("{before}{marked}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(content: Value, expected: &str) {
        assert_eq!(
            markdown_from_document(&json!({"type": "doc", "version": 1, "content": content})),
            expected
        );
    }

    fn paragraph(text: &str) -> Value {
        json!({"type": "paragraph", "content": [{"type": "text", "text": text}]})
    }

    #[test]
    fn blocks_of_every_kind() {
        check(
            json!([
                {"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "Goal"}]},
                paragraph("Do it."),
                {"type": "bulletList", "content": [
                    {"type": "listItem", "content": [paragraph("one"), {"type": "orderedList", "attrs": {"order": 3},
                        "content": [{"type": "listItem", "content": [paragraph("inner")]}]}]},
                    {"type": "listItem", "content": [paragraph("two")]}]},
                {"type": "codeBlock", "attrs": {"language": "rust"}, "content": [{"type": "text", "text": "let a = \"```\";"}]},
                {"type": "panel", "attrs": {"panelType": "info"}, "content": [paragraph("Mind\nthis")]},
                {"type": "rule"},
                {"type": "taskList", "attrs": {"localId": "a"}, "content": [
                    {"type": "taskItem", "attrs": {"localId": "b", "state": "DONE"}, "content": [{"type": "text", "text": "did"}]},
                    {"type": "taskItem", "attrs": {"localId": "c", "state": "TODO"}, "content": [{"type": "text", "text": "will"}]}]},
                {"type": "expand", "attrs": {"title": "More"}, "content": [paragraph("inside")]},
                {"type": "mediaSingle", "content": [{"type": "media", "attrs": {"id": "x", "type": "file", "alt": "a.png"}}]},
                {"type": "somethingNew", "content": [paragraph("kept")]}]),
            "## Goal\n\nDo it.\n\n- one\n\n  3. inner\n- two\n\n````rust\nlet a = \"```\";\n````\n\n> Mind\n> this\n\n---\n\n\
             - [x] did\n- [ ] will\n\n**More**\n\ninside\n\n[attachment: a.png]\n\nkept",
        );
    }

    #[test]
    fn tables() {
        let cell = |kind: &str, text: &str| json!({"type": kind, "attrs": {}, "content": [paragraph(text)]});
        check(
            json!([{"type": "table", "content": [
                {"type": "tableRow", "content": [cell("tableHeader", "a"), cell("tableHeader", "b")]},
                {"type": "tableRow", "content": [cell("tableCell", "1|2"), cell("tableCell", "3")]}]}]),
            "| a | b |\n| --- | --- |\n| 1\\|2 | 3 |",
        );
    }

    #[test]
    fn inlines_of_every_kind() {
        let marked =
            |text: &str, mark: &str| json!({"type": "text", "text": text, "marks": [{"type": mark}]});
        let link = |text: &str| {
            let mark = json!({"type": "link", "attrs": {"href": "https://a.example"}});
            json!({"type": "text", "text": text, "marks": [mark]})
        };
        check(
            json!([{"type": "paragraph", "content": [
                marked("bold ", "strong"), marked("it", "em"), {"type": "hardBreak"}, marked("a`b", "code"),
                {"type": "text", "text": " "}, link("here"), {"type": "text", "text": " "}, link("https://a.example"),
                {"type": "text", "text": " "}, {"type": "mention", "attrs": {"id": "5", "text": "@Ada"}},
                {"type": "emoji", "attrs": {"shortName": ":smile:", "text": "😄"}},
                {"type": "date", "attrs": {"timestamp": "1582152559000"}},
                {"type": "inlineCard", "attrs": {"url": "https://b.example"}},
                {"type": "status", "attrs": {"text": "OPEN", "color": "blue"}}]}]),
            "**bold** *it*\n``a`b`` [here](https://a.example) https://a.example @Ada😄2020-02-19https://b.exampleOPEN",
        );
    }

    #[test]
    fn what_is_no_document_is_no_text() {
        for value in [Value::Null, json!("text"), json!([1]), json!({"type": 7}), json!({"content": "x"})] {
            assert_eq!(markdown_from_document(&value), "", "{value}");
        }
    }
}
