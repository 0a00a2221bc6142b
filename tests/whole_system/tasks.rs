//! Tasks of `tests/tasks`, and their reference solutions as an agent's calls.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// No more calls than this are run in one turn.
const CALLS_A_TURN: usize = 15;
/// A longer file is not written anew: a reply that holds it would be cut off, in bytes.
const LONGEST_WRITTEN: usize = 32 * 1024;
/// Lines around a hunk.
const CONTEXT: usize = 3;

/// How a model edits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Each changed file is written anew, unless it is too long for that; then it is edited in hunks.
    Whole,
    /// Each hunk is replaced with the lines around it.
    Hunks,
    /// Each changed line is replaced, with no more around it than makes it unique.
    Smallest,
}

/// One task.
pub(crate) struct Task {
    /// Its folder's name.
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) language: String,
    pub(crate) ticket: Value,
    /// The command that runs the tests.
    pub(crate) test: Vec<String>,
    deleted: Vec<String>,
    moved: BTreeMap<String, String>,
    executable: Vec<String>,
}

type Files = BTreeMap<String, (Vec<u8>, bool)>;

impl Task {
    /// Every task, by name.
    pub(crate) fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tasks");
        let folders = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut tasks: Vec<_> = folders.filter(|path| path.is_dir()).map(Self::read).collect();
        tasks.sort_by(|one, other| one.name.cmp(&other.name));
        tasks
    }

    fn read(folder: PathBuf) -> Self {
        let text = std::fs::read_to_string(folder.join("task.yaml")).unwrap();
        let document: Value = serde_saphyr::from_str(&text).unwrap();
        let texts = |value: &Value| {
            value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        let moved = document["move"].as_object().into_iter().flatten();
        Self {
            name: folder.file_name().unwrap().to_str().unwrap().to_owned(),
            language: document["language"].as_str().unwrap().to_owned(),
            ticket: document["ticket"].clone(),
            test: texts(&document["test"]),
            deleted: texts(&document["delete"]),
            moved: moved.map(|(from, to)| (from.clone(), to.as_str().unwrap().to_owned())).collect(),
            executable: texts(&document["executable"]),
            folder,
        }
    }

    /// The ticket's key.
    pub(crate) fn key(&self) -> &str {
        self.ticket["key"].as_str().unwrap()
    }

    /// The ticket's project.
    pub(crate) fn project(&self) -> &str {
        self.key().split_once('-').unwrap().0
    }

    /// The repository as the reference leaves it: content, and whether it is executable.
    pub(crate) fn solved(&self) -> Files {
        let mut files = self.before();
        for path in &self.deleted {
            files.remove(path).unwrap();
        }
        for (from, to) in &self.moved {
            let file = files.remove(from).unwrap();
            files.insert(to.clone(), file);
        }
        for (path, content) in contents(&self.folder.join("after")) {
            let is_executable = self.executable.contains(&path);
            files.insert(path, (content, is_executable));
        }
        files
    }

    /// The tests that are put into the result.
    pub(crate) fn hidden(&self) -> BTreeMap<String, Vec<u8>> {
        contents(&self.folder.join("hidden"))
    }

    fn before(&self) -> Files {
        let files = contents(&self.folder.join("before")).into_iter();
        files.map(|(path, content)| (path, (content, false))).collect()
    }

    /// What the model says, turn by turn.
    pub(crate) fn replies(&self, style: Style) -> Vec<Value> {
        let calls = self.calls(style);
        let mut turns: Vec<Vec<Value>> = calls.chunks(CALLS_A_TURN).map(<[_]>::to_vec).collect();
        let summary = &self.ticket["summary"];
        turns.push(vec![call(
            "finish",
            json!({"outcome": "done", "summary": summary, "pr_title": summary, "pr_description": summary,
                   "commit_message": summary, "tests": "The repository's own.", "open_points": []}),
        )]);
        turns.into_iter().map(|content| json!({"for": summary, "content": content})).collect()
    }

    /// The reference as calls: each file is read right before it is edited.
    fn calls(&self, style: Style) -> Vec<Value> {
        let mut calls = Vec::new();
        let mut files = self.before();
        for path in &self.deleted {
            files.remove(path);
            calls.push(call("delete_file", json!({"path": path})));
        }
        for (from, to) in &self.moved {
            let file = files.remove(from).unwrap();
            files.insert(to.clone(), file);
            calls.push(call("move_file", json!({"from": from, "to": to})));
        }
        for (path, (after, is_executable)) in self.solved() {
            let before = files.get(&path).map(|(content, _)| content);
            // What stays as it is may be no text.
            if before == Some(&after) {
                continue;
            }
            let before = before.map(|content| shown(content));
            let after = shown(&after);
            match before {
                None => {
                    let mut input = json!({"path": path, "content": after});
                    if is_executable {
                        input["executable"] = true.into();
                    }
                    calls.push(call("write_file", input));
                }
                Some(before) if before != after => {
                    calls.push(call("read_file", json!({"path": path})));
                    calls.extend(edits(&path, &before, &after, style));
                }
                Some(_) => {}
            }
        }
        calls
    }
}

fn call(name: &str, input: Value) -> Value {
    json!({"tool_use": {"name": name, "input": input}})
}

/// A file's text as a model sees and writes it: lines that end with a line feed, no byte-order mark.
fn shown(content: &[u8]) -> String {
    let text = std::str::from_utf8(content).unwrap();
    text.trim_start_matches('\u{feff}').replace("\r\n", "\n")
}

fn edits(path: &str, before: &str, after: &str, style: Style) -> Vec<Value> {
    if style == Style::Whole && after.len() <= LONGEST_WRITTEN {
        // Models end a text with a newline, whether or not the file has one.
        let content = format!("{}\n", after.trim_end_matches('\n'));
        return vec![call("write_file", json!({"path": path, "content": content}))];
    }
    let context = if style == Style::Smallest { 0 } else { CONTEXT };
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let mut now = before.to_owned();
    let mut calls = Vec::new();
    // One after the other, each found in what the earlier ones left.
    loop {
        let old: Vec<&str> = now.split_inclusive('\n').collect();
        let Some((start, end, with)) = first_hunk(&old, &new) else { break };
        let replacement = (context..).find_map(|context| {
            let from = start.saturating_sub(context);
            let to = (end + context).min(old.len());
            let old_string = old[from..to].concat();
            let is_found = !old_string.is_empty() && now.matches(&old_string).count() == 1;
            let new_string = [&old[from..start], &new[with.clone()], &old[end..to]].concat().concat();
            is_found.then_some((old_string, new_string))
        });
        let (old_string, new_string) = replacement.unwrap();
        calls.push(call(
            "edit_file",
            json!({"path": path, "old_string": old_string, "new_string": new_string}),
        ));
        now = now.replacen(&old_string, &new_string, 1);
    }
    assert_eq!(now, after, "{path}");
    calls
}

/// The first lines that differ: which old ones, and which new ones take their place.
fn first_hunk(old: &[&str], new: &[&str]) -> Option<(usize, usize, std::ops::Range<usize>)> {
    let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    if start == old.len() && start == new.len() {
        return None;
    }
    // The nearest pair of lines that both have, unless they only close something.
    let later: BTreeSet<(usize, usize, usize)> = (start..old.len())
        .flat_map(|at| (start..new.len()).map(move |other| (at, other)))
        .filter(|(at, other)| old[*at] == new[*other] && old[*at].trim().len() > 3)
        .map(|(at, other)| (at + other, at, other))
        .collect();
    match later.first() {
        Some((_, at, other)) => Some((start, *at, start..*other)),
        None => Some((start, old.len(), start..new.len())),
    }
}

/// Every file below a folder, by its path from there.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            found.insert(name, std::fs::read(&path).unwrap());
        }
    }
    found
}
