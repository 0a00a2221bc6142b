use super::*;
use serde_json::json;

fn check(content: Value, expected: &str) {
    assert_eq!(markdown_from_document(&json!({"type": "doc", "version": 1, "content": content})), expected);
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
    let marked = |text: &str, mark: &str| json!({"type": "text", "text": text, "marks": [{"type": mark}]});
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
fn cards_keep_their_links() {
    let card = |kind: &str, attributes: Value| json!({"type": kind, "attrs": attributes});
    let data =
        json!({"data": {"@type": "Document", "name": "Spec of carts", "url": "https://acme.example/spec"}});
    check(
        json!([{"type": "paragraph", "content": [{"type": "text", "text": "see "}, card("inlineCard", data.clone())]},
               card("blockCard", data),
               card("blockCard", json!({"data": {"@id": "https://b.example"}})),
               card("blockCard", json!({"datasource": {"id": "1", "parameters": {"jql": "project = SHOP"}, "views": []}})),
               card("embedCard", json!({"url": "https://c.example", "layout": "center"}))]),
        "see [Spec of carts](https://acme.example/spec)\n\n[Spec of carts](https://acme.example/spec)\n\n\
         https://b.example\n\n`project = SHOP`\n\nhttps://c.example",
    );
}

#[test]
fn cells_keep_their_line_breaks() {
    let code = json!({"type": "codeBlock", "attrs": {"language": "python"},
                      "content": [{"type": "text", "text": "if x | y:\n\n    y(`1`)"}]});
    let broken = json!({"type": "paragraph", "content": [
        {"type": "text", "text": "a"}, {"type": "hardBreak"}, {"type": "text", "text": "b"}]});
    let items = json!({"type": "bulletList", "content": [
        {"type": "listItem", "content": [paragraph("c")]}, {"type": "listItem", "content": [paragraph("d")]}]});
    let row = |cells: Value| json!({"type": "tableRow", "content": cells});
    let cell = |content: Value| json!({"type": "tableCell", "content": content});
    check(
        json!([{"type": "table", "content": [
            row(json!([cell(json!([paragraph("Rule")])), cell(json!([]))])),
            row(json!([cell(json!([code])), cell(json!([broken, items]))]))]}]),
        "| Rule |  |\n| --- | --- |\n| `if x \\| y:`<br><br>``    y(`1`)`` | a<br>b<br>- c<br>- d |",
    );
}

#[test]
fn whatever_has_words_keeps_them() {
    let link = json!([{"type": "link", "attrs": {"href": "https://a.example"}}]);
    check(
        json!([
            {"type": "mediaSingle", "content": [
                {"type": "media", "attrs": {"id": "x", "type": "file", "alt": "a.png"}, "marks": link},
                {"type": "caption", "content": [{"type": "text", "text": "The cart"}]}]},
            {"type": "extension", "attrs": {"extensionKey": "jira", "text": "Open bugs",
                "parameters": {"macroParams": {"jql": {"value": "type = Bug"}}}}},
            {"type": "bodiedExtension", "attrs": {"extensionKey": "note", "text": "Mind"}, "content": [paragraph("inside")]},
            {"type": "paragraph", "content": [
                {"type": "inlineExtension", "attrs": {"extensionKey": "k", "text": "inline words"}},
                {"type": "text", "text": " "}, {"type": "placeholder", "attrs": {"text": "fill in"}},
                {"type": "text", "text": " "}, {"type": "date", "attrs": {"timestamp": 1_582_152_559_000_i64}},
                {"type": "text", "text": " "}, {"type": "text", "text": "``x", "marks": [{"type": "code"}]}]},
            {"type": "taskList", "content": [{"type": "blockTaskItem", "attrs": {"state": "TODO"},
                "content": [paragraph("one"), paragraph("two")]}]},
            {"type": "layoutSection", "content": [
                {"type": "layoutColumn", "attrs": {"width": 50}, "content": [paragraph("left")]},
                {"type": "layoutColumn", "attrs": {"width": 50}, "content": [paragraph("right")]}]},
            {"type": "newLeaf", "attrs": {"title": "of the future"}}]),
        "[[attachment: a.png]](https://a.example)\n\nThe cart\n\nOpen bugs type = Bug\n\nMind\n\ninside\n\n\
         inline words fill in 2020-02-19 ``` ``x ```\n\n- [ ] one\n\n      two\n\nleft\n\nright\n\nof the future",
    );
}

#[test]
fn what_is_no_document_is_no_text() {
    for value in [Value::Null, json!("text"), json!([1]), json!({"type": 7}), json!({"content": "x"})] {
        assert_eq!(markdown_from_document(&value), "", "{value}");
    }
}

#[test]
fn a_fence_is_longer_than_any_in_its_code() {
    let block = |code: &str| json!({"type": "codeBlock", "content": [{"type": "text", "text": code}]});
    assert_eq!(markdown_from_document(&block("a ```` b")), "`````\na ```` b\n`````");
    test_inputs::assert_time_in_proportion(8_000, |length| {
        std::hint::black_box(markdown_from_document(&block(&"`".repeat(length))));
    });
}
