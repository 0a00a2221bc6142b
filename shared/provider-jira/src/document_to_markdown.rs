//! The Atlassian Document Format as Markdown.

use serde_json::Value;

/// Writes a document, or any node of one, as [GitHub-flavoured Markdown](https://github.github.com/gfm/). What has no
/// Markdown is shown as text: mentions by name, cards as links, media by their alternative text, macros by their words; of unknown nodes,
/// what is inside, or what their attributes say. Line breaks in the cells of tables are `<br>`. Anything that is no document gives
/// empty text.
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
            | "inlineExtension"
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
                "taskItem" | "blockTaskItem" => {
                    let sign = if item["attrs"]["state"] == "DONE" { "- [x] " } else { "- [ ] " };
                    prefixed(&block(item), sign, &" ".repeat(sign.len()))
                }
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
        "blockCard" | "embedCard" => card(node),
        "bodiedExtension" => join([words(node), blocks(node)].into_iter(), "\n\n"),
        _ if children(node).iter().any(is_inline) => line(node),
        _ if is_inline(node) => inline(node),
        _ if children(node).is_empty() => words(node),
        _ => blocks(node),
    }
}

/// The text of a code block.
fn code_in(node: &Value) -> String {
    let text = |child: &Value| match kind(child) {
        "hardBreak" => "\n".to_owned(),
        _ => child["text"].as_str().unwrap_or_default().to_owned(),
    };
    children(node).iter().map(text).collect()
}

fn code_block(node: &Value) -> String {
    let code = code_in(node);
    let fence = "`".repeat(3.max(longest_run(&code) + 1));
    format!("{fence}{}\n{code}\n{fence}", attribute(node, "language").unwrap_or_default())
}

/// The most backticks in a row.
fn longest_run(code: &str) -> usize {
    code.split(|character| character != '`').map(str::len).max().unwrap_or_default()
}

/// Code in a line, between as many backticks as it takes.
fn inline_code(code: &str) -> String {
    let fence = "`".repeat(longest_run(code) + 1);
    let space = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{code}{space}{fence}")
}

/// A card as a link: its address, with the name that its data have.
fn card(node: &Value) -> String {
    let data = &node["attrs"]["data"];
    let text = |name: &str| data[name].as_str().filter(|text| !text.is_empty());
    let address = attribute(node, "url").or(text("url")).or(text("@id"));
    let name = text("name").or(text("title")).or(text("summary"));
    match (name, address) {
        (Some(name), Some(address)) if name != address => format!("[{name}]({address})"),
        (_, Some(address)) => address.to_owned(),
        (Some(name), None) => name.to_owned(),
        // A list of tickets that the reader's search makes.
        (None, None) => {
            node["attrs"]["datasource"]["parameters"]["jql"].as_str().map(inline_code).unwrap_or_default()
        }
    }
}

/// The attributes of a node without content, as text: a macro's text and parameters, a title, a name.
fn words(node: &Value) -> String {
    let said = ["text", "title", "alt", "name", "url"].iter().find_map(|name| attribute(node, name));
    let parameters = node["attrs"]["parameters"]["macroParams"].as_object().into_iter().flatten();
    let values = parameters.filter_map(|(_, parameter)| parameter["value"].as_str());
    said.into_iter().chain(values).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
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
        let cell = |cell: &Value| join(children(cell).iter().map(in_cell), "<br>").replace('|', "\\|");
        let cells: Vec<_> = children(row).iter().map(cell).collect();
        lines.push(format!("| {} |", cells.join(" | ")));
        if index == 0 {
            lines.push(format!("|{}", " --- |".repeat(cells.len())));
        }
    }
    lines.join("\n")
}

/// A block in one line, for a cell. Each line of code becomes its own code, so that its indentation stays.
fn in_cell(node: &Value) -> String {
    if kind(node) == "codeBlock" {
        let code = code_in(node);
        let lines =
            code.lines().map(|line| if line.trim().is_empty() { String::new() } else { inline_code(line) });
        return lines.collect::<Vec<_>>().join("<br>");
    }
    let text = block(node);
    text.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("<br>")
}

fn attachment(node: &Value) -> String {
    let shown = match attribute(node, "url") {
        Some(url) => format!("![{}]({url})", attribute(node, "alt").unwrap_or_default()),
        None => format!("[attachment: {}]", attribute(node, "alt").unwrap_or("no name")),
    };
    match link_of(node) {
        Some(address) => format!("[{shown}]({address})"),
        None => shown,
    }
}

/// Where a link on a node leads.
fn link_of(node: &Value) -> Option<&str> {
    let marks = node["marks"].as_array().map_or(&[][..], Vec::as_slice);
    marks.iter().find(|mark| kind(mark) == "link").and_then(|link| attribute(link, "href"))
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
        "inlineCard" => card(node),
        "date" => {
            let given = &node["attrs"]["timestamp"];
            let milliseconds = given.as_str().and_then(|at| at.parse().ok()).or_else(|| given.as_i64());
            let at = milliseconds.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
            at.map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
        }
        "mediaInline" => attachment(node),
        _ => words(node),
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
        marked = inline_code(text);
    }
    for (name, sign) in [("em", "*"), ("strong", "**"), ("strike", "~~")] {
        if has(name) {
            marked = format!("{sign}{marked}{sign}");
        }
    }
    match link_of(node) {
        Some(href) if href != text => marked = format!("[{marked}]({href})"),
        _ => {}
    }
    // Markdown's signs must touch the words they mark.
    let (before, after) =
        (&whole[..whole.len() - whole.trim_start().len()], &whole[whole.trim_end().len()..]);
    format!("{before}{marked}{after}")
}

#[cfg(test)]
mod tests;
