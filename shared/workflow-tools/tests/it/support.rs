//! The one place where tests find files and compile them.

use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use workflow::{Catalog, Compilation, Environment, Source, compile, content, render};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The real actions.
pub(crate) fn catalog() -> Catalog {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let events = serde_json::from_str(&read("functions/webhooks/events.json")).unwrap();
    Catalog::from_json(&read("functions/actions/schemas.json")).unwrap().with_events(events)
}

/// Every workflow of the repository: those it ships, and those the compiler is tested with.
pub(crate) fn workflows() -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in ["workflows", "shared/workflow/tests/fixtures"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            if name.ends_with(".yaml") && !name.ends_with(".test.yaml") {
                let text = fs::read_to_string(root().join(folder).join(&name)).unwrap();
                sources.push(Source::new(format!("{folder}/{name}"), text));
            }
        }
    }
    assert!(sources.len() >= 4);
    sources
}

/// A shipped workflow.
pub(crate) fn shipped(name: &str) -> Source {
    let path = format!("workflows/{name}.yaml");
    let text = fs::read_to_string(root().join(&path)).unwrap();
    Source::new(path, text)
}

/// Compiles a workflow, whatever its templates.
pub(crate) fn compiled(source: &Source) -> Compilation {
    compile(source, &catalog(), &Environment::default())
}

/// Compiles a workflow that must be right.
#[track_caller]
pub(crate) fn right(source: &Source) -> Compilation {
    let compilation = compiled(source);
    assert!(!compilation.has_errors(), "{}", render(&compilation.diagnostics, source, false));
    compilation
}

/// A YAML text as JSON.
pub(crate) fn json(text: &str) -> Value {
    content(&Source::new("t.yaml", text)).unwrap()
}

/// A compilation of a definition that stands for what the compiler makes of nested steps.
pub(crate) fn compilation(source: &Source, definition: Value, steps: &[(&str, &str)]) -> Compilation {
    let by_state: BTreeMap<&str, &str> = steps.iter().copied().collect();
    let mut compilation = compiled(source);
    compilation.definition = Some(definition);
    compilation.steps = by_state
        .iter()
        .map(|(state, name)| workflow::StepSummary {
            name: (*name).to_owned(),
            state: (*state).to_owned(),
            kind: "plugin_action",
            path: Vec::new(),
            action: None,
            plugin: None,
            asks_model: false,
            agent: None,
            description: None,
            line: 1,
            implicit: false,
        })
        .collect();
    compilation
}

/// A part of a page, from behind `open` to `close`, is this one; with an `update`, it becomes it.
pub(crate) fn generated(page: &str, open: &str, close: &str, part: &str, update: Option<OsString>) {
    let path = root().join(page);
    let text = fs::read_to_string(&path).unwrap();
    let start = text.find(open).unwrap() + open.len();
    let end = start + text[start..].find(close).unwrap();
    if update.is_some() {
        fs::write(&path, format!("{}{part}{}", &text[..start], &text[end..])).unwrap();
    } else {
        assert_eq!(&text[start..end], part, "{page} is stale");
    }
}
