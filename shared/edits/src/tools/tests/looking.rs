//! Listing, searching, reading, loading.

use super::world::World;
use super::*;
use crate::agent_paths::AgentPaths;

#[test]
fn files_are_listed_with_sizes_and_kinds() {
    let mut world = World::new();
    let text = world.told("list_files", json!({}), "");
    for line in [
        "src/cart.py (51)\n",
        "logo.png (5, binary)\n",
        "run.sh (5, executable)\n",
        "link (symbolic link)\n",
        "vendored (another repository)\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains("src (folder)"));
    assert_eq!(world.told("list_files", json!({"path": "src/", "glob": "win*"}), ""), "src/win.py (31)\n");
    assert_eq!(world.told("list_files", json!({"glob": "*.{png,sh}"}), "").lines().count(), 2);
    assert_eq!(world.told("list_files", json!({"path": ".", "glob": "docs/*"}), "").lines().count(), 1);
    assert_eq!(world.told("list_files", json!({"glob": "*.rs"}), ""), "No files.");
    world.refused("list_files", json!({"path": "SRC"}), "does not exist");
    world.refused("list_files", json!({"path": "../x"}), "inside the repository");
    world.refused("list_files", json!({"glob": "a["}), "glob: `**/a[` is not a glob pattern");
}

#[test]
fn a_long_list_is_cut() {
    let mut world = World::empty();
    for number in 0..1_200 {
        world.add(&format!("file{number:04}"), "x");
    }
    let text = world.told("list_files", json!({}), "");
    assert_eq!(text.lines().count(), 501);
    assert!(text.ends_with("file0499 (1)\n700 more: narrow the glob.\n"));
    let mut world = World::empty();
    for number in 0..400 {
        world.add(&format!("{}/{number}", "x".repeat(250)), "x");
    }
    let text = world.told("list_files", json!({}), " more: narrow the glob.");
    assert!(text.chars().count() < MOST_CHARACTERS);
}

#[test]
fn what_was_changed_is_seen() {
    let mut world = World::new();
    world.told("write_file", json!({"path": "src/new.py", "content": "x = 1\n"}), "Created `src/new.py`.");
    world.told("delete_file", json!({"path": "README.md"}), "Deleted `README.md`.");
    let text = world.told("list_files", json!({}), "src/new.py (6)\n");
    assert!(!text.contains("README"));
    world.told("search", json!({"pattern": "x = 1"}), "src/new.py:1: x = 1\n");
    world.refused("read_file", json!({"path": "README.md"}), "`README.md` does not exist.");
    world.told("read_file", json!({"path": "src/new.py"}), "     1\tx = 1\n");
}

#[test]
fn matches_are_shown_with_the_lines_around_them() {
    let mut world = World::new();
    assert_eq!(
        world.told("search", json!({"pattern": "return \\d", "path": "src"}), ""),
        "src/cart.py:2:     return 1\nsrc/cart.py:5:     return 1\nsrc/win.py:2:     return 1\n"
    );
    assert_eq!(
        world.told("search", json!({"pattern": "^def", "path": "src/cart.py", "context": 1}), ""),
        "src/cart.py:1: def total():\nsrc/cart.py-2-     return 1\nsrc/cart.py-3- \nsrc/cart.py:4: def one():\nsrc/cart.py-5-     return 1\n"
    );
    assert_eq!(
        world.told("search", json!({"pattern": "total\\(\\):$", "glob": "*.py"}), "").lines().count(),
        2,
        "CRLF and the byte-order mark are not in the way"
    );
    let none = world.told("search", json!({"pattern": "nowhere"}), "No matches for `nowhere` in 10 files.");
    assert!(none.ends_with(" Not searched: 4 files that are not text or too large."), "{none}");
    world.told("search", json!({"pattern": "nowhere", "glob": "*.py"}), "in 3 files.");
    world.refused(
        "search",
        json!({"pattern": "a(b"}),
        "`a(b` cannot be searched for: unclosed group, at character 2.",
    );
    world.refused("search", json!({"pattern": "x", "path": "nowhere"}), "`nowhere` does not exist.");
}

#[test]
fn groups_of_matches_are_apart() {
    let mut world = World::empty();
    world.add("a", "x\n1\n2\n3\n4\nx\n");
    world.add("b", "x\n");
    assert_eq!(
        world.told("search", json!({"pattern": "x", "context": 1}), ""),
        "a:1: x\na-2- 1\n--\na-5- 4\na:6: x\n--\nb:1: x\n"
    );
}

#[test]
fn many_and_long_matches_are_bounded() {
    let mut world = World::empty();
    world.add("many", &"match\n".repeat(10_000));
    let text = world.told("search", json!({"pattern": "match"}), "There are more matches: narrow");
    assert_eq!(text.lines().count(), 101);
    let long = format!("{}needle{}\n", "é".repeat(400_000), "y".repeat(200_000));
    world.add("long", &long);
    let text = world.told("search", json!({"pattern": "needle", "context": 5}), "éneedley");
    assert!(text.starts_with("long:1: …é") && text.ends_with("y…\n") && text.len() < 500, "{text}");
    let wide: String = (0..300).map(|number| format!("{number} {}\n", "w".repeat(290))).collect();
    world.add("wide", &wide);
    let text = world.told("search", json!({"pattern": "w", "path": "wide"}), "There are more matches");
    assert!(text.chars().count() < 17_000);
}

#[test]
fn a_file_is_read_in_parts() {
    let mut world = World::empty();
    let text: String = (1..=5120).map(|number| format!("l{number}\n")).collect();
    world.add("long", &text);
    let first = world.told("read_file", json!({"path": "long", "limit": 2}), "");
    assert_eq!(first, "     1\tl1\n     2\tl2\nLines 1–2 of 5120; continue with offset 3");
    world.told(
        "read_file",
        json!({"path": "long", "offset": 5120}),
        "  5120\tl5120\nLines 5120–5120 of 5120",
    );
    let all = world.read("long");
    assert!(all.chars().count() < 16_200 && all.contains("; continue with offset "), "{}", all.len());
    world.refused(
        "read_file",
        json!({"path": "long", "offset": 5121}),
        "`long` has 5120 lines: offset 5121 is after the last.",
    );
    world.add("wide", &format!("{}\nend\n", "x".repeat(900_000)));
    world.told(
        "read_file",
        json!({"path": "wide"}),
        "… (898000 more characters in this line)\n     2\tend\n",
    );
    world.add("short", &"\n".repeat(3_000));
    world.told("read_file", json!({"path": "short"}), "Lines 1–2000 of 3000; continue with offset 2001");
}

#[test]
fn what_is_not_shown_is_said() {
    let mut world = World::new();
    assert_eq!(world.read("src/empty.py"), "`src/empty.py` is empty.");
    assert_eq!(world.read("src/win.py"), "     1\tdef total():\n     2\t    return 1\n");
    let mut check = |path: &str, words: &str| drop(world.refused("read_file", json!({"path": path}), words));
    check("logo.png", "it is binary");
    check("latin.txt", "it is not UTF-8");
    check("model.bin", "Git LFS pointer");
    check("huge.txt", "5000000 bytes");
    check("link", "is a symbolic link");
    check("vendored", "a submodule");
    check("src", "`src` is a folder");
    check("Src/cart.py", "the repository has `src/cart.py`");
    check("/etc/passwd", "inside the repository");
    check(".git/config", "inside the repository");
    assert!(world.read("docs/Caf\u{e9}.md").contains("# Café"), "composed otherwise");
}

#[test]
fn an_agent_sees_only_its_paths() {
    let mut world = World::new();
    world.paths = AgentPaths::new(&["src/**".to_owned()]).unwrap();
    assert_eq!(world.told("list_files", json!({}), "").lines().count(), 3);
    world.refused(
        "list_files",
        json!({"path": "docs"}),
        "outside the paths that this agent may see and change: src/**",
    );
    world.refused("read_file", json!({"path": "README.md"}), "outside");
    world.refused("write_file", json!({"path": "new.py", "content": ""}), "outside");
    world.refused("write_file", json!({"path": "README.md", "content": ""}), "outside");
    world.refused("move_file", json!({"from": "src/cart.py", "to": "cart.py"}), "outside");
    world.told("search", json!({"pattern": "Shop"}), "No matches for `Shop` in 3 files.");
}

#[test]
fn a_large_repository_is_loaded_in_parts() {
    let mut world = World::new();
    world.loaded = Some(["README.md".to_owned()].into());
    world.told("list_files", json!({"path": "src"}), "src/cart.py (51, not loaded)");
    world.refused("read_file", json!({"path": "src/cart.py"}), "is not loaded: call load_paths");
    world.refused("delete_file", json!({"path": "src/cart.py"}), "is not loaded");
    world.told(
        "search",
        json!({"pattern": "total", "glob": "*.py"}),
        "in 0 files. Not searched: 3 files that are not loaded; load_paths",
    );
    let ToolEnd::Load(paths) = world.call("load_paths", json!({"paths": ["src", "README.md", "link"]}))
    else {
        panic!()
    };
    assert_eq!(paths, ["src/cart.py", "src/empty.py", "src/win.py"]);
    world.refused("load_paths", json!({"paths": ["nowhere"]}), "`nowhere` does not exist");
    world.refused("load_paths", json!({"paths": []}), "`paths` is empty");
    world.told("load_paths", json!({"paths": ["README.md"]}), "loaded already");
    for number in 0..2_001 {
        world.add(&format!("many/{number}"), "x");
    }
    world.refused(
        "load_paths",
        json!({"paths": ["many"]}),
        "2001 files with 2001 bytes; one call loads at most 2000 files",
    );
    world.loaded = Some(["src/cart.py".to_owned()].into());
    assert!(world.read("src/cart.py").contains("total"));
}

#[test]
fn a_pattern_for_other_tools_that_finds_nothing_says_so() {
    let mut world = World::new();
    let mut check = |pattern: &str, words: &str| {
        let said = world.told("search", json!({"pattern": pattern, "path": "src"}), words);
        assert_eq!(said.contains(" files. "), !words.is_empty() && !words.starts_with("src/"), "{said}");
    };
    check(r"total\|one", r"in 3 files. `\|` is the character itself here: write alternatives as `a|b`.");
    check(r"total\(\)[\s\S]*one", "in 3 files. Each line is searched separately, so no match");
    check("total|one", "src/cart.py:1: def total():");
    check(r"nowhere\\|either", "");
}

#[test]
fn a_path_as_other_tools_write_it_is_read_or_told() {
    let mut world = World::new();
    world.told("read_file", json!({"path": "./src/cart.py"}), "def total");
    world.told("list_files", json!({"path": "./src"}), "src/cart.py");
    world.told("list_files", json!({"path": "./"}), "README.md");
    world.told("search", json!({"pattern": "Shop", "path": "././README.md"}), "README.md:1:");
    world.told("write_file", json!({"path": "./src/new.py", "content": "x\n"}), "Created `src/new.py`.");
    world.told(
        "move_file",
        json!({"from": "./src/new.py", "to": "./new.py"}),
        "Moved `src/new.py` to `new.py`.",
    );
    let mut check = |path: &str, words: &str| drop(world.refused("read_file", json!({"path": path}), words));
    check("/workspace/src/cart.py", "or backslash; the repository has `src/cart.py`.");
    check("src\\cart.py", "; the repository has `src/cart.py`.");
    check("C:\\shop\\new.py", "; the repository has `new.py`.");
    check("src/../README.md", "; the repository has `README.md`.");
    check("/etc/passwd", "`.git` or backslash.");
    check("./../README.md", "inside the repository");
    world.paths = AgentPaths::new(&["src/**".to_owned()]).unwrap();
    world.refused("read_file", json!({"path": "/workspace/README.md"}), "`.git` or backslash.");
}
