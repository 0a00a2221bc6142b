//! Absurd calls: no panic, nothing outside of the workspace, and always an answer.

use super::world::World;
use super::*;
use crate::path::check_path;

/// Numbers that look like chance and are the same each time (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    fn path(&mut self) -> String {
        const PATHS: [&str; 40] = [
            "src/cart.py",
            "src/win.py",
            "README.md",
            "run.sh",
            "logo.png",
            "latin.txt",
            "model.bin",
            "link",
            "vendored",
            "src",
            "docs/Caf\u{e9}.md",
            ".github/workflows/ci.yml",
            ".GITHUB/workflows/ci.yml",
            ".github/../.github/x",
            ".git/config",
            ".GIT/hooks/pre-commit",
            "git~1/config",
            ".g\u{200c}it/x",
            ".git::$INDEX_ALLOCATION/x",
            "../../etc/passwd",
            "/etc/passwd",
            "C:\\Windows\\x",
            "a/../../b",
            "link/x",
            "vendored/.git/config",
            "build/out.txt",
            "build/kept.txt",
            "nul",
            "con.txt",
            "a:b",
            "trail. ",
            "",
            ".",
            "//",
            "a\0b",
            "x\ny",
            "new.py",
            "new.json",
            "readme.MD",
            "huge.txt",
        ];
        match self.below(12) {
            0 => format!("{}/{}", self.of(&PATHS), self.of(&PATHS)),
            1 => self.text(),
            2 => self.of(&PATHS).to_uppercase(),
            3 => format!("deep/{}", "x/".repeat(self.below(300))),
            4..7 => format!("new/{}.py", self.below(9)),
            _ => self.of(&PATHS).to_owned(),
        }
    }

    fn text(&mut self) -> String {
        const TEXTS: [&str; 24] = [
            "",
            "a",
            "\n",
            "def total():\n    return 1",
            "return 1",
            "\u{feff}",
            "\r\n",
            "\r",
            "\0",
            "é",
            "e\u{301}",
            "🦀",
            "{\"a\": ",
            "[[[[",
            "(a|b)*c",
            "(",
            "[a-",
            "\\",
            "(?i)x",
            "(a{50}){50}",
            "\\p{L}+$",
            "**",
            "{a,{b,c}}",
            "$(rm -rf /)",
        ];
        let mut text = String::new();
        for _ in 0..self.below(4) + 1 {
            text.push_str(self.of(&TEXTS));
        }
        if self.below(40) == 0 { text.repeat(5_000) } else { text }
    }

    fn value(&mut self) -> Value {
        match self.below(10) {
            0 => Value::Null,
            1 => json!(self.below(3) == 0),
            2 => json!(self.next() as i64),
            3 => json!(f64::from_bits(self.next())),
            4 => json!([self.text(), self.path(), 1]),
            5 => json!({self.text(): self.text()}),
            6 => json!(self.path()),
            _ => json!(self.text()),
        }
    }

    /// A typical value of a field with this name.
    fn field(&mut self, name: &str) -> Value {
        match name {
            _ if self.below(20) == 0 => self.value(),
            "path" | "from" | "to" => json!(self.path()),
            "paths" => json!([self.path(), self.path()]),
            "offset" | "limit" | "context" | "line" | "thread" => json!(self.below(7)),
            "executable" | "replace_all" | "done" => json!(self.below(2) == 0),
            "side" => json!(self.of(crate::diff::Side::NAMES)),
            "outcome" => json!(self.of(Outcome::NAMES)),
            "items" => json!([{"text": self.text(), "status": "open"}]),
            "options" | "open_points" => json!([self.text()]),
            "glob" => json!(self.of(&["**", "*.py", "src/*", "[", "{a", "**/**/**/x"])),
            _ => json!(self.text()),
        }
    }

    fn call(&mut self) -> (String, Value) {
        let mut spec = self.of(&ALL).spec();
        // Most calls are of tools that are offered here; the others are refused.
        while matches!(spec.needs, Needs::Named | Needs::Diff | Needs::Threads) && self.below(8) > 0 {
            spec = self.of(&ALL).spec();
        }
        if self.below(30) == 0 {
            return (self.text(), self.value());
        }
        let mut input = serde_json::Map::new();
        for parameter in spec.parameters {
            if parameter.is_required && self.below(50) > 0 || self.below(3) == 0 {
                input.insert(parameter.name.to_owned(), self.field(parameter.name));
            }
        }
        if self.below(30) == 0 {
            input.insert(self.text(), self.value());
        }
        (spec.name.to_owned(), Value::Object(input))
    }
}

/// The invariants after each call.
fn check(world: &World, name: &str, input: &Value, end: &ToolEnd) {
    if let ToolEnd::Result { text, .. } = end {
        assert!(!text.is_empty() && text.chars().count() <= MOST_CHARACTERS, "{name} {input}");
    }
    if let ToolEnd::Load(paths) | ToolEnd::Lacks(paths) = end {
        assert!(
            paths.iter().all(|path| world.contents.0.contains_key(path) || path == "huge.txt"),
            "{paths:?}"
        );
    }
    if let Some(subject) = &world.review {
        let comments = world.state.review.comments.clone();
        assert_eq!(subject.placed(comments.clone()), comments, "{name} {input}: outside the diff");
    }
    for (path, change) in &world.state.changes {
        let folded = path.to_lowercase();
        assert!(check_path(path).is_ok(), "{name} {input}: {path:?}");
        assert!(!folded.starts_with(".github/"), "{name} {input}: protected {path:?}");
        assert!(
            !["link", "vendored", "model.bin", "huge.txt"].contains(&path.as_str()),
            "{name} {input}: {path:?}"
        );
        let is_tracked = world.contents.0.contains_key(path);
        let is_ignored = folded.starts_with("build/") && !world.state.changes.contains_key(".gitignore");
        assert!(is_tracked || !is_ignored || change.content.is_none(), "{name} {input}: ignored {path:?}");
        assert_eq!(change.before_sha256.is_some(), is_tracked, "{name} {input}: {path:?}");
    }
}

#[test]
fn hostile_calls_get_an_answer_and_reach_nothing() {
    let mut numbers = Numbers(14);
    let (mut changed, mut refused) = (0, 0);
    for round in 0..200 {
        let mut world = World::new();
        if round % 4 == 0 {
            world.loaded = Some(["src/cart.py".to_owned(), "run.sh".to_owned()].into());
        }
        if round % 3 == 0 {
            world.review = Some(super::reviewing::subject());
        }
        if round % 5 == 0 {
            world.paths =
                crate::agent_paths::AgentPaths::new(&["src/**".to_owned(), "new*".to_owned()]).unwrap();
        }
        if round % 2 == 0 {
            // Files that were read can be edited.
            for path in ["src/cart.py", "src/win.py", "run.sh"] {
                world.call("read_file", json!({"path": path}));
            }
        }
        for _ in 0..100 {
            let before = world.state.changes.clone();
            let (name, input) = numbers.call();
            let end = world.call(&name, input.clone());
            check(&world, &name, &input, &end);
            let is_refused = matches!(end, ToolEnd::Result { is_error: true, .. });
            assert!(!is_refused || world.state.changes == before, "{name} {input}");
            changed += usize::from(world.state.changes != before);
            refused += usize::from(is_refused);
        }
        let problems = crate::tree::path_problems(&world.files(), &world.tree);
        assert!(problems.is_empty(), "{problems:?}");
    }
    assert!(changed > 300 && refused > 5_000, "the calls reach what they are about: {changed} {refused}");
}
