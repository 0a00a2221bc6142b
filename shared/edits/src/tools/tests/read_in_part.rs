//! Files that were read in part.

use super::world::World;
use super::*;
use domain::plugins::FileContent;

#[test]
fn a_file_of_which_only_a_part_was_read_is_not_written_as_a_whole() {
    let mut world = World::new();
    let text: String = (1..=30).map(|number| format!("line {number}\n")).collect();
    world.add("long", &text);
    let read = |offset: usize, limit: usize| json!({"path": "long", "offset": offset, "limit": limit});
    let write = || json!({"path": "long", "content": "line 1\n"});
    world.told("read_file", read(5, 10), "Lines 5–14 of 30");
    world.refused("write_file", write(), "You have not seen lines 1–4, 15–30 of `long`, which this would");
    world.edit("long", "line 7\n", "line seven\n");
    world.told("move_file", json!({"from": "long", "to": "moved"}), "");
    world.told("move_file", json!({"from": "moved", "to": "long"}), "");
    world.told("read_file", read(1, 4), "");
    world.refused("write_file", write(), "lines 15–30 of");
    world.told("read_file", read(20, 2_000), "Lines 20–30 of 30");
    world.refused("write_file", write(), "lines 15–19 of");
    world.told("read_file", read(10, 10), "");
    world.told("write_file", write(), "Wrote `long`.");
    assert_eq!(world.content("long").unwrap(), "line 1\n");

    world.add("other", &text);
    world.told("read_file", json!({"path": "other", "limit": 20}), "");
    let changed = FileContent::Text(text.replace("line", "row"));
    world.contents.0.insert("other".to_owned(), changed);
    world.told("read_file", json!({"path": "other", "offset": 21}), "");
    let rewrite = json!({"path": "other", "content": "x"});
    world.refused("write_file", rewrite.clone(), "lines 1–20 of `other`");
    world.told("delete_file", json!({"path": "other"}), "");
    world.told("write_file", rewrite, "Created `other`.");
}

#[test]
fn lines_that_were_not_shown_are_known_after_edits_that_move_them() {
    let mut world = World::new();
    let text: String = (1..=30).map(|number| format!("line {number}\n")).collect();
    world.add("long", &text);
    let write = || json!({"path": "long", "content": "line 1\n"});
    let read = |offset: usize, limit: usize| json!({"path": "long", "offset": offset, "limit": limit});
    world.told("read_file", read(5, 10), "Lines 5–14 of 30");
    world.edit("long", "line 7\n", "line 7\nmore\nmore\n");
    world.refused("write_file", write(), "lines 1–4, 17–32 of");
    world.edit("long", "more\nline 8\nline 9\n", "");
    world.refused("write_file", write(), "lines 1–4, 14–29 of");
    world.told("read_file", read(1, 4), "");
    // The whole file would be taken for seen, if the lines were counted as they were.
    world.told("read_file", read(15, 16), "Lines 15–29 of 29");
    world.refused("write_file", write(), "lines 14–14 of");
    let all = json!({"path": "long", "old_string": "line 1", "new_string": "line\n1", "replace_all": true});
    world.told("edit_file", all, "places");
    world.refused("write_file", write(), "of `long`");
    world.told("read_file", read(1, 2_000), "");
    world.told("write_file", write(), "Wrote `long`.");
}

#[test]
fn a_placeholder_for_omitted_code_is_written_and_pointed_out() {
    let mut world = World::new();
    world.read("src/cart.py");
    let edit = json!({"path": "src/cart.py", "old_string": "def one():\n    return 1", "new_string": "# ... rest of the code\n"});
    world.told(
        "edit_file",
        edit,
        "at line 4. `# ... rest of the code` looks like a placeholder for omitted code",
    );
    let write = |path: &str, content: &str| json!({"path": path, "content": content});
    let kept = "# ... rest of the code\nx = 1\n";
    world.told("write_file", write("src/cart.py", kept), "Wrote `src/cart.py`.");
    let note = "Created `a.js`. `// ... existing imports ...` looks like a placeholder";
    world.told("write_file", write("a.js", "// ... existing imports ...\n"), note);
}
