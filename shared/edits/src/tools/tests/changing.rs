//! Editing, writing, deleting, moving.

use super::world::World;
use super::*;
use domain::plugins::{TreeEntry, TreeEntryKind};

fn edit(path: &str, old: &str, new: &str) -> Value {
    json!({"path": path, "old_string": old, "new_string": new})
}

#[test]
fn an_edit_shows_the_lines_around_it() {
    let mut world = World::new();
    world.read("src/cart.py");
    assert_eq!(
        world.edit("src/cart.py", "def one():\n    return 1\n", "def one():\n    return 2\n"),
        "Edited `src/cart.py` at line 4.\n     2\t    return 1\n     3\t\n     4\tdef one():\n     5\t    return 2\n"
    );
    let files = world.files();
    assert_eq!(files[0].content.as_deref(), Some("def total():\n    return 1\n\ndef one():\n    return 2\n"));
    assert_eq!(files[0].before_sha256.as_deref().map(str::len), Some(64));
    world.edit("src/cart.py", "return 2", "return 3");
    assert!(world.read("src/cart.py").contains("return 3"), "one edit after the other");
}

#[test]
fn a_file_keeps_its_form() {
    let mut world = World::new();
    world.read("src/win.py");
    world.edit("src/win.py", "total():\n    return 1", "total():\n    x = 2\n    return x");
    assert_eq!(world.content("src/win.py").unwrap(), "\u{feff}def total():\r\n    x = 2\r\n    return x\r\n");
    world.told("write_file", json!({"path": "src/win.py", "content": "x = 1"}), "Wrote");
    assert_eq!(world.content("src/win.py").unwrap(), "\u{feff}x = 1\r\n");
    world.told("edit_file", edit("src/win.py", "x = 1\n", "x = 1\r\n"), "stays as it was");
}

#[test]
fn an_edit_that_cannot_be_made_says_what_would_help() {
    let mut world = World::new();
    world.refused(
        "edit_file",
        edit("src/cart.py", "return 1", "x"),
        "has not been read: read it with read_file first",
    );
    world.read("src/cart.py");
    assert_eq!(
        world.refused("edit_file", edit("src/cart.py", "return 1", "x"), ""),
        "2 matches at lines 2, 5: add context or set replace_all."
    );
    assert_eq!(
        world.refused("edit_file", edit("src/cart.py", "def  one():\n  return 1", "x"), ""),
        "No match. Closest text, lines 4–5:\ndef one():\n    return 1"
    );
    world.refused("edit_file", edit("src/cart.py", "", "x"), "`old_string` is empty");
    world.refused("edit_file", edit("src/cart.py", "one", "one"), "are equal");
    world.refused(
        "edit_file",
        edit(".github/workflows/ci.yml", "push", "x"),
        "is protected: only people may change it",
    );
    world.refused(
        "edit_file",
        edit(".GitHub/workflows/ci.yml", "push", "x"),
        "the repository has `.github/workflows/ci.yml`",
    );
    world.refused("edit_file", edit("logo.png", "PNG", "x"), "it is binary");
    world.refused("edit_file", edit("latin.txt", "caf", "x"), "it is not UTF-8");
    world.refused("edit_file", edit("model.bin", "oid", "x"), "Git LFS pointer");
    world.refused("edit_file", edit("link", "a", "x"), "symbolic link");
    world.refused("edit_file", edit("nowhere", "a", "x"), "does not exist");
}

#[test]
fn all_occurrences_are_replaced_where_that_is_asked() {
    let mut world = World::new();
    world.read("src/cart.py");
    let all = |old: &str, new: &str| json!({"path": "src/cart.py", "old_string": old, "new_string": new, "replace_all": true});
    let text = world.told("edit_file", all("return 1", "return 2"), "in 2 places, first at line 2.");
    assert!(text.contains("     2\t    return 2\n"), "{text}");
    assert!(!world.content("src/cart.py").unwrap().contains("return 1"));
    world.add("equal", "aaa\n");
    world.read("equal");
    let overlap = json!({"path": "equal", "old_string": "aa", "new_string": "b", "replace_all": true});
    assert_eq!(
        world.refused("edit_file", overlap, ""),
        "2 matches at lines 1, 1 overlap, so they cannot all be replaced: add context."
    );
    world.add("many", &"word\n".repeat(100_000));
    world.read("many");
    let many = edit("many", "word", "words");
    assert!(
        world
            .refused("edit_file", many, "100000 matches at lines 1, 2, 3")
            .contains(", 20 and 99980 more places: add")
    );
    world.told(
        "edit_file",
        json!({"path": "many", "old_string": "word", "new_string": "words", "replace_all": true}),
        "in 100000 places",
    );
}

#[test]
fn a_file_that_changed_since_it_was_read_is_read_again() {
    let mut world = World::new();
    world.read("src/cart.py");
    world.add("src/cart.py", "def other(): pass\n");
    world.refused(
        "edit_file",
        edit("src/cart.py", "def", "x"),
        "has changed since it was read: read it again",
    );
    world.read("src/cart.py");
    world.edit("src/cart.py", "other", "more");
    world.state.new_generation();
    world.refused("edit_file", edit("src/cart.py", "more", "x"), "has not been read");
    world.refused("write_file", json!({"path": "src/cart.py", "content": ""}), "has not been read");
    assert_eq!(world.content("src/cart.py").unwrap(), "def more(): pass\n", "changes stay");
}

#[test]
fn a_format_that_was_broken_is_said() {
    let mut world = World::new();
    world.read("settings.json");
    world.told("edit_file", edit("settings.json", "1}", "1"), "It is not valid JSON now: ");
    world.told(
        "write_file",
        json!({"path": "new.yaml", "content": "a: [1\n"}),
        "Created `new.yaml`. It is not valid YAML now: ",
    );
    world.told("write_file", json!({"path": "new.toml", "content": "a = 1\n"}), "Created `new.toml`.");
}

#[test]
fn a_new_file_is_in_the_folder_whose_name_is_composed_otherwise() {
    let mut world = World::new();
    world.tree.push(TreeEntry {
        path: "u\u{308}ber".into(),
        kind: TreeEntryKind::Folder,
        size: None,
        id: None,
    });
    world.add("u\u{308}ber/a.md", "x\n");
    world.told("write_file", json!({"path": "\u{fc}ber/b.md", "content": "x\n"}), "Created");
    world.told("move_file", json!({"from": "README.md", "to": "\u{fc}ber/c.md"}), "Moved");
    let written: Vec<_> =
        world.files().into_iter().filter(|file| !file.is_deletion()).map(|file| file.path).collect();
    assert_eq!(written, ["u\u{308}ber/b.md", "u\u{308}ber/c.md"]);
}

#[test]
fn files_are_created_where_they_may_be() {
    let mut world = World::new();
    let write = |path: &str| json!({"path": path, "content": "x\n"});
    world.told("write_file", json!({"path": "tool.sh", "content": "x\n", "executable": true}), "Created");
    assert!(world.files()[0].executable && world.files()[0].before_sha256.is_none());
    let mut check = |path: &str, words: &str| drop(world.refused("write_file", write(path), words));
    check("src/cart.py", "has not been read");
    check("build/out.txt", "ignored by the pattern `build/` of `.gitignore`");
    check("README.MD", "collides with `README.md`");
    check("docs/caf\u{e9}.md", "collides with `docs/Cafe\u{301}.md`");
    check("TOOL.sh", "collides with `tool.sh`");
    check("SRC/b.py", "collides with `src`");
    check("aux.c", "cannot be created");
    check("a:b", "cannot be created");
    check(".g\u{200c}it/hooks/x", "inside the repository");
    check("git~1/x", "inside the repository");
    check(".GitHub/workflows/new.yml", "protected");
    check("link/x", "not a folder");
    check("vendored/x", "not a folder");
    check("src/cart.py/x", "not a folder");
    check("tool.sh/x", "cannot be below `tool.sh`");
    check("src", "`src` is a folder");
    check("link", "symbolic link");
    check("logo.png", "binary");
    check("../x", "inside the repository");
    check("", "inside the repository");
    world.told(
        "write_file",
        json!({"path": format!("{}deep", "x/".repeat(2_000)), "content": "x"}),
        "Created",
    );
    world.read("build/kept.txt");
    world.told("write_file", write("build/kept.txt"), "Wrote");
    world.told("delete_file", json!({"path": "build/kept.txt"}), "Deleted");
    world.told("write_file", write("build/kept.txt"), "Created");
}

#[test]
fn the_rules_of_what_is_ignored_can_be_changed() {
    let mut world = World::new();
    world.read(".gitignore");
    world.edit(".gitignore", "build/\n", "*.log\n");
    world.told("write_file", json!({"path": "build/out.txt", "content": "x"}), "Created");
    world.refused("write_file", json!({"path": "a.log", "content": "x"}), "ignored by the pattern `*.log`");
    world.told("delete_file", json!({"path": ".gitignore"}), "Deleted");
    world.told("write_file", json!({"path": "a.log", "content": "x"}), "Created");
}

#[test]
fn a_change_back_is_no_change() {
    let mut world = World::new();
    world.read("src/cart.py");
    world.edit("src/cart.py", "one", "uno");
    world.edit("src/cart.py", "uno", "one");
    assert_eq!(world.files(), []);
}

#[test]
fn a_deletion_and_a_new_file_are_one_change() {
    let mut world = World::new();
    world.told("delete_file", json!({"path": "run.sh"}), "Deleted");
    let deleted = world.files();
    assert!(deleted[0].is_deletion() && deleted[0].before_sha256.is_some());
    world.told("write_file", json!({"path": "run.sh", "content": "ls\n"}), "Created");
    let files = world.files();
    assert_eq!((files.len(), files[0].content.as_deref(), files[0].executable), (1, Some("ls\n"), false));
    assert_eq!(files[0].before_sha256, deleted[0].before_sha256);
    world.told("write_file", json!({"path": "run.sh", "content": "echo\n", "executable": true}), "Wrote");
    assert_eq!(world.files(), [], "as it was");
    world.told("write_file", json!({"path": "new", "content": "x"}), "Created");
    world.told("delete_file", json!({"path": "new"}), "Deleted");
    assert_eq!(world.files(), [], "what was never there is not deleted");
    world.told("delete_file", json!({"path": "src/cart.py"}), "Deleted");
    world.told("write_file", json!({"path": "src/cart.py/x", "content": "x"}), "Created");
    world.refused("write_file", json!({"path": "src/cart.py", "content": "x"}), "`src/cart.py` is a folder");
    world.refused("delete_file", json!({"path": "model.bin"}), "Git LFS pointer");
    world.refused("delete_file", json!({"path": ".github/workflows/ci.yml"}), "protected");
    world.refused("delete_file", json!({"path": "src"}), "is a folder");
}

#[test]
fn the_mode_alone_can_change() {
    let mut world = World::new();
    world.read("run.sh");
    let same = |executable: bool| json!({"path": "run.sh", "content": "echo\n", "executable": executable});
    world.told("write_file", same(true), "nothing changed");
    world.told("write_file", same(false), "Wrote");
    assert!(!world.files()[0].executable);
    world.told("write_file", same(true), "Wrote");
    assert_eq!(world.files(), []);
}

#[test]
fn a_move_keeps_content_and_mode() {
    let mut world = World::new();
    let step = |from: &str, to: &str| json!({"from": from, "to": to});
    world.told("move_file", step("run.sh", "bin/run.sh"), "Moved `run.sh` to `bin/run.sh`.");
    let files = world.files();
    assert!(
        files[0].path == "bin/run.sh" && files[0].executable && files[0].content.as_deref() == Some("echo\n")
    );
    assert!(files[1].path == "run.sh" && files[1].is_deletion());
    world.told("move_file", step("bin/run.sh", "run.sh"), "");
    assert_eq!(world.files(), [], "moved back");
    world.told("move_file", step("logo.png", "img/logo.png"), "");
    let files = world.files();
    assert_eq!((files[0].content.clone(), files[0].base64.as_deref()), (None, Some("iVBORwA=")));
    assert!(!files[0].is_deletion());
    world.told("list_files", json!({"path": "img"}), "img/logo.png (6, binary)");
    world.told("move_file", step("README.md", "readme.md"), "");
    world.read("src/cart.py");
    world.told("move_file", step("src/cart.py", "src/basket.py"), "");
    world.edit("src/basket.py", "one", "uno");
    let mut check =
        |from: &str, to: &str, words: &str| drop(world.refused("move_file", step(from, to), words));
    check("src/win.py", "src/basket.py", "`src/basket.py` already exists");
    check("src/win.py", "src/win.py", "already exists");
    check("src/win.py", ".github/x.yml", "protected");
    check(".github/workflows/ci.yml", "ci.yml", "protected");
    check("src/win.py", "build/win.py", "ignored");
    check("src/win.py", "nul", "cannot be created");
    check("src/win.py", "../win.py", "inside the repository");
    check("model.bin", "other.bin", "Git LFS pointer");
    check("link", "other", "symbolic link");
    check("src", "other", "is a folder");
    check("src/cart.py", "other", "does not exist");
    check("huge.txt", "other", "too large");
}

#[test]
fn several_files_are_moved_in_one_call_or_none_of_them() {
    let mut world = World::new();
    let moves = |to: &str| {
        json!({"from": "logo.png", "to": "img/logo.png", "more": [
            {"from": "run.sh", "to": "bin/run.sh"}, {"from": "img/logo.png", "to": to}]})
    };
    let refused = world.refused("move_file", moves("README.md"), "`README.md` already exists.");
    assert!(refused.ends_with("None of the 3 files was moved."), "{refused}");
    let said = world.told("move_file", moves("img/shop.png"), "Moved `run.sh` to `bin/run.sh`.");
    assert_eq!(said.lines().count(), 3, "{said}");
    let written: Vec<_> =
        world.files().into_iter().filter(|file| !file.is_deletion()).map(|file| file.path).collect();
    assert_eq!(written, ["bin/run.sh", "img/shop.png"]);
    world.refused(
        "move_file",
        json!({"from": "a", "to": "b", "more": [{"from": "c"}]}),
        "`more[0].to` is missing",
    );

    let mut world = World::new();
    let content = world.contents.0.remove("logo.png").unwrap();
    assert_eq!(world.call("move_file", moves("x.png")), ToolEnd::Lacks(vec!["logo.png".to_owned()]));
    assert!(world.files().is_empty());
    world.contents.0.insert("logo.png".to_owned(), content);
    world.told("move_file", moves("x.png"), "Moved `logo.png`");
}

#[test]
fn what_is_not_read_is_moved_and_deleted_by_its_blob() {
    let mut world = World::new();
    for (path, size) in [("film.txt", 5_000_000), ("cover.png", 2_000)] {
        world.tree.push(TreeEntry {
            path: path.into(),
            kind: TreeEntryKind::File,
            size: Some(size),
            id: Some(format!("id of {path}")),
        });
    }
    let step = |from: &str, to: &str| json!({"from": from, "to": to});
    world.refused("move_file", step("film.txt", ".github/film.txt"), "protected");
    world.told("move_file", step("film.txt", "films/a.txt"), "Moved `film.txt` to `films/a.txt`.");
    let files = world.files();
    assert!(files[0].is_deletion() && files[0].before_id.as_deref() == Some("id of film.txt"));
    let moved = files[1].moved.clone().unwrap();
    assert_eq!(
        (moved.from.as_str(), moved.id.as_str(), moved.size),
        ("film.txt", "id of film.txt", 5_000_000)
    );
    assert!(!files[1].is_deletion() && files[1].content.is_none());
    world.told("list_files", json!({"path": "films"}), "films/a.txt (5000000)");
    world.refused("read_file", json!({"path": "films/a.txt"}), "too large");
    world.told("move_file", step("films/a.txt", "films/b.txt"), "");
    world.told("move_file", step("films/b.txt", "film.txt"), "");
    assert_eq!(world.files(), [], "moved back");
    world.told("delete_file", json!({"path": "cover.png"}), "Deleted");
    world.told("delete_file", json!({"path": "film.txt"}), "Deleted");
    let files = world.files();
    assert!(files.iter().all(|file| file.is_deletion() && file.before_id.is_some()), "{files:?}");
    assert_eq!(files.len(), 2);
}

#[test]
fn a_workspace_has_bounds() {
    let mut world = World::empty();
    let large = "x".repeat(1024 * 1024);
    for number in 0..10 {
        world.told("write_file", json!({"path": format!("f{number}"), "content": large}), "Created");
    }
    world.refused("write_file", json!({"path": "f", "content": "x"}), "at most 10485760 are accepted");
    let mut world = World::new();
    world.read("src/cart.py");
    let all = json!({"path": "src/cart.py", "old_string": "return 1", "new_string": "y".repeat(600_000), "replace_all": true});
    world.refused("edit_file", all, "would be larger than 1048576 bytes");
}

#[test]
fn what_was_not_imported_is_loaded_before_it_is_moved_or_deleted() {
    for (name, input) in [
        ("delete_file", json!({"path": "logo.png"})),
        ("move_file", json!({"from": "logo.png", "to": "img/logo.png"})),
    ] {
        let mut world = World::new();
        let content = world.contents.0.remove("logo.png").unwrap();
        assert_eq!(world.call(name, input.clone()), ToolEnd::Lacks(vec!["logo.png".to_owned()]));
        assert!(world.files().is_empty());
        let read = json!({"path": "logo.png"});
        world.refused("read_file", read, "can be moved or deleted, but neither read nor changed");
        world.contents.0.insert("logo.png".to_owned(), content);
        world.told(name, input, "`logo.png`");
        assert!(world.files().iter().any(|file| file.path == "logo.png" && file.is_deletion()));
    }
}
