use super::document_from_markdown;
use crate::markdown_from_document;
use serde_json::{Value, json};

/// What the format allows inside each node, from the published schema (`@atlaskit/adf-schema`, `full.json`).
fn assert_valid(node: &Value) {
    let kind = node["type"].as_str().unwrap();
    let allowed: &[&str] = match kind {
        "doc" => {
            &["paragraph", "heading", "bulletList", "orderedList", "codeBlock", "blockquote", "rule", "table"]
        }
        "blockquote" => &["paragraph", "bulletList", "orderedList", "codeBlock"],
        "listItem" => &["paragraph", "bulletList", "orderedList", "codeBlock"],
        "tableHeader" | "tableCell" => {
            &["paragraph", "heading", "bulletList", "orderedList", "codeBlock", "blockquote", "rule"]
        }
        "bulletList" | "orderedList" => &["listItem"],
        "table" => &["tableRow"],
        "tableRow" => &["tableHeader", "tableCell"],
        "paragraph" | "heading" => &["text", "hardBreak"],
        "codeBlock" => &["text"],
        _ => &[],
    };
    let content = node["content"].as_array().map_or(&[][..], Vec::as_slice);
    let may_be_empty =
        matches!(kind, "doc" | "paragraph" | "heading" | "codeBlock" | "text" | "hardBreak" | "rule");
    assert!(may_be_empty || !content.is_empty(), "an empty {kind}");
    if kind == "listItem" {
        assert!(["paragraph", "codeBlock"].contains(&content[0]["type"].as_str().unwrap()), "{node}");
    }
    if kind == "text" {
        assert_ne!(node["text"], "", "an empty text");
        let marks = node["marks"].as_array().map_or(&[][..], Vec::as_slice);
        let names: Vec<_> = marks.iter().map(|mark| mark["type"].as_str().unwrap()).collect();
        if names.contains(&"code") {
            assert!(names.iter().all(|name| ["code", "link"].contains(name)), "{names:?}");
        }
    }
    for child in content {
        let inner = child["type"].as_str().unwrap();
        assert!(allowed.contains(&inner), "`{inner}` may not stand in `{kind}`: {node}");
        if kind == "codeBlock" {
            assert!(child.get("marks").is_none(), "marked code: {child}");
        }
        assert_valid(child);
    }
}

fn document(markdown: &str) -> Value {
    let document = document_from_markdown(markdown);
    assert_valid(&document);
    document
}

/// Reading a written text returns the same text.
fn check(markdown: &str) {
    assert_eq!(markdown_from_document(&document(markdown)), markdown);
}

#[test]
fn text_survives_both_ways() {
    check("# Title\n\nOne *em* **strong** ~~gone~~ `code` [a.example](https://a.example).");
    check("- one\n- two\n  - inner\n    1. deep\n    2. deeper\n- three");
    check("```rust\nlet a = 1;\n\nlet b = 2;\n```");
    check("> quoted\n> \n> - item".replace("> \n", ">\n").as_str());
    check("| a | b |\n| --- | --- |\n| 1 | **2** |");
    check("above\n\n---\n\nbelow");
}

#[test]
fn the_form_of_a_comment() {
    assert_eq!(
        document("Done: **yes**\n\n- [x] tests"),
        json!({"type": "doc", "version": 1, "content": [
            {"type": "paragraph", "content": [
                {"type": "text", "text": "Done: "},
                {"type": "text", "text": "yes", "marks": [{"type": "strong"}]}]},
            {"type": "bulletList", "content": [{"type": "listItem", "content": [
                {"type": "paragraph", "content": [{"type": "text", "text": "☑ "}, {"type": "text", "text": "tests"}]}]}]}]})
    );
}

#[test]
fn what_may_not_stand_there_becomes_what_may() {
    for markdown in [
        "> # heading in a quote",
        "> > a quote in a quote\n> > - with a list",
        "- # heading in a list\n- > quote in a list",
        "- | a | b |\n  | - | - |\n  | 1 | 2 |",
        "> ---",
        "- ---\n- x",
        "- - - - - - - - - - - - - - - - - - - - deep",
        "-",
        "- \n- ",
        ">",
        "# ",
        "```\n```",
        "| |\n|-|\n| |",
        "**`bold code`** [`linked code`](https://a.example) ***`x`***",
        "**a *b **c** d* e**",
        "<div>\n<b>html</b>\n</div>\n\ntext <i>inline</i>",
        "![image](https://a.example/x.png) ![](x)",
        "[x](javascript:alert(1)) <javascript:alert(1)>",
        "1. a\n\n   b\n\n   ```\n   c\n   ```\n2. d",
        "",
    ] {
        document(markdown);
    }
    assert_eq!(markdown_from_document(&document("> # a\n> > b")), "> **a**\n>\n> b");
    assert_eq!(
        markdown_from_document(&document("- | a | b |\n  | - | - |\n  | 1 | 2 |")),
        "- a | b\n\n  1 | 2"
    );
}

#[test]
fn addresses_that_run_code_are_left_out_and_html_is_text() {
    let document = document("[x](javascript:alert) [y](/relative) <b onclick=z>w</b>").to_string();
    assert!(!document.contains("javascript") && !document.contains("relative"), "{document}");
    assert!(document.contains("<b onclick=z>"), "{document}");
}

#[test]
fn nesting_has_an_end() {
    let depth = 1_000;
    let document = document_from_markdown(&format!("{}x", "- ".repeat(depth)));
    assert!(document.to_string().len() < 2_000);
    assert_valid(&document);
    assert_valid(&document_from_markdown(&format!("{}x", "> ".repeat(depth))));
    assert_valid(&document_from_markdown(&format!("{}x{}", "*".repeat(depth), "*".repeat(depth))));
}

/// Words in many pieces that lead to a long address, and short rows in a wide table, which are filled up.
#[test]
fn a_document_is_not_much_larger_than_its_text() {
    let pieces = format!("[{}](https://a.example/{})", "*a* ".repeat(4_000), "x".repeat(16_000));
    let wide = format!("{}\n{}\n{}", "|a".repeat(4_000), "|-".repeat(4_000), "b\n".repeat(60));
    for text in [pieces, wide] {
        let size = document(&text).to_string().len();
        assert!(size < 100 * text.len(), "{} bytes became {size}", text.len());
    }
    let empty = "| | |\n|-|-|\n| | |\n\n".repeat(2_000);
    let rows = document(&format!("{empty}|a|b|c|\n|-|-|-|\n| | |x|\n|y|"));
    let rows = rows["content"].as_array().unwrap().last().unwrap()["content"].clone();
    let cells = |row: usize| rows[row]["content"].as_array().unwrap().len();
    assert_eq!([cells(0), cells(1), cells(2)], [3, 3, 1], "cells stay in their columns");
}

/// Inputs that take too long if time grows with the square of the length: endless nesting, marks, brackets and quotes.
#[test]
fn time_is_in_proportion_to_the_length() {
    test_inputs::assert_time_in_proportion(6_000, |length| {
        for part in ["*a _b ", "> ", "- ", "[", "![a](b ", "`a ``b ", "<a ", "| a ", "**a*"] {
            let text = part.repeat(length / part.len());
            std::hint::black_box(document_from_markdown(&text));
            let cut = domain::text::cut(&text, domain::text::TextLimit::utf16(length / 2), domain::text::CUT);
            assert!(cut.encode_utf16().count() <= length / 2);
        }
        let nested = format!("{}x{}", "*a ".repeat(length / 6), " b*".repeat(length / 6));
        std::hint::black_box(document_from_markdown(&nested));
    });
    assert_valid(&document_from_markdown(&"*a _b ".repeat(1_000)));
    provider_testing::assert_in_proportion(|text| {
        document_from_markdown(text);
        domain::text::cut(text, domain::text::TextLimit::characters(text.len() / 2), domain::text::CUT);
        domain::text::split(text, domain::text::TextLimit::utf16(3_000));
    });
}

proptest::proptest! {
    /// Text made of what Markdown gives a meaning always becomes a document that the format allows.
    #[test]
    fn any_text_is_a_valid_document(text in "([-*_~`#>|<>&!\\[\\]()=:x1. \t\n]|\\PC){0,200}") {
        document(&text);
    }
}

#[test]
fn no_hostile_text_acts_in_a_comment() {
    fn nodes<'a>(node: &'a Value, found: &mut Vec<&'a Value>) {
        found.push(node);
        node["content"].as_array().into_iter().flatten().for_each(|child| nodes(child, found));
    }
    for text in provider_testing::HOSTILE {
        let document = document_from_markdown(text);
        let mut found = Vec::new();
        nodes(&document, &mut found);
        for node in &found {
            let kind = node["type"].as_str().unwrap();
            assert!(
                !matches!(kind, "mention" | "media" | "mediaSingle" | "inlineCard" | "blockCard"),
                "{document}"
            );
            let words = node["text"].as_str().unwrap_or_default();
            assert!(!words.contains(|c| domain::text::is_hidden(c) && c != '\n'), "{document}");
        }
        let shown: String = found.iter().filter_map(|node| node["text"].as_str()).collect();
        let address = |mark: &Value| mark["attrs"]["href"].as_str().map(str::to_owned);
        let mut links =
            found.iter().flat_map(|node| node["marks"].as_array().into_iter().flatten()).filter_map(address);
        assert!(
            links.all(|link| link.starts_with("https://")
                && (!link.contains("evil") || shown.contains(" (evil.example)"))),
            "{document}"
        );
    }
}
