//! Calls of tools, on a small repository.

mod changing;
mod ending;
mod hostile;
mod looking;
mod read_in_part;
mod reviewing;
mod world;

use super::*;
use serde_json::json;
use world::World;

#[test]
fn definitions_are_sorted_and_the_same_each_time() {
    let offered =
        ToolSet::new(&[], FileAccess::Partial, true).unwrap().with_review(&[], &reviewing::subject());
    let definitions = definitions(&offered);
    let names: Vec<_> = definitions.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, offered.names());
    assert!(names.is_sorted() && names.len() == ALL.len() - 1, "all but what an agent must name");
    assert_eq!(definitions, super::definitions(&offered));
    let edit = definitions.iter().find(|tool| tool.name == "edit_file").unwrap();
    assert_eq!(edit.input_schema["required"], json!(["path", "old_string", "new_string"]));
    assert_eq!(edit.input_schema["additionalProperties"], json!(false));
    assert_eq!(edit.input_schema["properties"]["replace_all"]["type"], "boolean");
}

#[test]
fn what_is_offered_follows_the_agent_and_the_repository() {
    let offered = |names: &[&str], files| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        ToolSet::new(&names, files, false)
            .map(|offered| offered.names().join(" "))
            .map_err(|error| error.message)
    };
    assert_eq!(offered(&[], FileAccess::None).unwrap(), "ask_person finish update_plan");
    assert!(!offered(&[], FileAccess::Whole).unwrap().contains("load_paths"));
    assert_eq!(offered(&["search", "load_paths"], FileAccess::Whole).unwrap(), "finish search");
    assert_eq!(offered(&["search", "load_paths"], FileAccess::Partial).unwrap(), "finish load_paths search");
    let checks = |files| ToolSet::new(&[], files, true).unwrap().contains("run_checks");
    assert!(checks(FileAccess::Whole) && !checks(FileAccess::None));
    assert!(!offered(&[], FileAccess::Whole).unwrap().contains("run_checks"));
    assert_eq!(offered(&["propose_plan"], FileAccess::None).unwrap(), "finish propose_plan");
    let unknown = offered(&["grep"], FileAccess::Whole).unwrap_err();
    assert!(unknown.contains("`grep`") && unknown.contains("`search`"), "{unknown}");
}

#[test]
fn an_unknown_tool_or_one_that_is_not_offered_is_refused() {
    let mut world = World::new();
    world.refused(
        "run_shell",
        json!({}),
        "The tool `run_shell` does not exist. Tools: ask_person, delete_file",
    );
    world.refused("run_checks", json!({}), "`run_checks` is not offered here");
    world.refused("load_paths", json!({"paths": ["src"]}), "`load_paths` is not offered here");
    world.refused("e\nvil", json!({}), "`e\\u{a}vil` does not exist");
}

#[test]
fn a_wrong_input_is_refused_by_field() {
    let mut world = World::new();
    let mut check = |name: &str, input, words: &str| drop(world.refused(name, input, words));
    check(
        "read_file",
        json!({}),
        "read_file: the field `path` is missing; accepted is a text of at most 4096 bytes.",
    );
    check("read_file", json!({"path": 5}), "read_file: `path` is 5; accepted is a text");
    check("read_file", json!({"path": null}), "`path` is null; accepted is a text");
    check(
        "read_file",
        json!("src"),
        "the input is the text `src`; accepted is an object with the fields `path`, `offset`, `limit`.",
    );
    check(
        "read_file",
        json!({"path": "a", "ofset": 2}),
        "unknown field `ofset`; accepted are `path`, `offset`, `limit`",
    );
    check(
        "read_file",
        json!({"path": "a", "offset": 0}),
        "`offset` is 0; accepted is a whole number from 1 to 10000000",
    );
    check(
        "read_file",
        json!({"path": "a", "limit": 2.5}),
        "`limit` is 2.5; accepted is a whole number from 1 to 2000",
    );
    check(
        "read_file",
        json!({"path": "a", "offset": "three"}),
        "`offset` is the text `three`; accepted is a whole number",
    );
    check(
        "search",
        json!({"pattern": "x", "context": 6}),
        "`context` is 6; accepted is a whole number from 0 to 5",
    );
    check(
        "finish",
        json!({"outcome": "ok", "summary": ""}),
        "`outcome` is the text `ok`; accepted is one of \"done\"",
    );
    check(
        "update_plan",
        json!({"items": [{"text": "a", "status": "later"}]}),
        "`items[0].status` is the text `later`",
    );
    check("update_plan", json!({"items": [{"text": "a"}]}), "the field `items[0].status` is missing");
    check(
        "update_plan",
        json!({"items": ["a"]}),
        "`items[0]` is the text `a`; accepted is an object with the fields",
    );
    check(
        "update_plan",
        json!({"items": [{"text": "a", "status": "done", "by": 1}]}),
        "unknown field `items[0].by`",
    );
    check("ask_person", json!({"question": "?", "options": [1]}), "`options[0]` is 1; accepted is a text");
    check(
        "ask_person",
        json!({"question": "?", "options": vec!["x"; 11]}),
        "a list of 11 values; accepted is a list of at most 10",
    );
    check(
        "write_file",
        json!({"path": "a", "content": "x".repeat(1024 * 1024 + 1)}),
        "`content` is a text of 1048577 bytes",
    );
    check(
        "write_file",
        json!({"path": "a", "content": "x", "executable": "yes"}),
        "accepted is true or false",
    );
    world.told("read_file", json!({"path": "src/cart.py", "offset": null, "limit": null}), "def total");
}

#[test]
fn a_value_that_is_written_as_a_text_is_read() {
    let mut world = World::new();
    world.told("read_file", json!({"path": "src/cart.py", "offset": "4", "limit": " 1 "}), "     4\tdef one");
    world.told("read_file", json!(r#"{"path": "README.md", "limit": null}"#), "# Shop");
    let items = r#"[{"text": "Look", "status": "done"}, "{\"text\": \"Go\", \"status\": \"open\"}"]"#;
    world.told("update_plan", json!({"items": items}), "");
    assert_eq!(world.state.progress(), (1, 2));
    world.told("write_file", json!({"path": "go.sh", "content": "true", "executable": "true"}), "Created");
    assert!(world.files()[0].executable && world.files()[0].content.as_deref() == Some("true"));
    let mut check = |name: &str, input, words: &str| drop(world.refused(name, input, words));
    check(
        "read_file",
        json!({"path": "README.md", "offset": "0"}),
        "`offset` is 0; accepted is a whole number",
    );
    check(
        "read_file",
        json!({"path": "README.md", "offset": "[1]"}),
        "`offset` is the text `[1]`; accepted is",
    );
    check("update_plan", json!({"items": r#"[{"text": "Look"}]"#}), "the field `items[0].status` is missing");
    check("update_plan", json!({"items": "{}"}), "`items` is the text `{}`; accepted is a list");
    check("read_file", json!("[]"), "the input is the text `[]`; accepted is an object");
}
