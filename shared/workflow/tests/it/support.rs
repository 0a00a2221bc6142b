//! The one place where tests know the compiler's interface.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use workflow::{Catalog, Compilation, Environment, Source, compile, compile_folder, render};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The real actions and events.
pub(crate) fn catalog() -> Catalog {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let events = serde_json::from_str(&read("functions/webhooks/events.json")).unwrap();
    Catalog::from_json(&read("functions/actions/schemas.json")).unwrap().with_events(events)
}

/// Prompt templates as a project has them.
pub(crate) fn environment() -> Environment {
    let templates = [
        ("prompts/code_generation.txt", vec!["task", "repository", "branch"]),
        ("prompts/custom.md", vec!["task", "instructions"]),
    ];
    Environment {
        templates: Some(BTreeMap::from(
            templates.map(|(path, names)| (path.to_owned(), names.into_iter().map(str::to_owned).collect())),
        )),
        ..Environment::default()
    }
}

pub(crate) fn fixture(name: &str) -> Source {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    Source::new(name, std::fs::read_to_string(path).unwrap())
}

pub(crate) fn compiled(source: &Source) -> Compilation {
    compile(source, &catalog(), &environment())
}

/// Compiles a text that must be right, and shows what is wrong otherwise.
#[track_caller]
pub(crate) fn right(text: &str) -> Compilation {
    let source = Source::new("workflows/test.yaml", text);
    let compilation = compiled(&source);
    assert!(!compilation.has_errors(), "{}", render(&compilation.diagnostics, &source, false));
    accepted(&compilation);
    compilation
}

/// Step Functions would take the definition.
#[track_caller]
pub(crate) fn accepted(compilation: &Compilation) {
    let definition = compilation.definition_json().unwrap();
    let found = engine::validate(&definition);
    assert!(found.is_empty(), "{found:#?}\n{definition}");
}

/// Compiles a text and gives what was found as people read it.
pub(crate) fn found(text: &str) -> String {
    let source = Source::new("workflows/test.yaml", text);
    render(&compiled(&source).diagnostics, &source, false)
}

/// Compiles the workflows of a folder, which must be right, in the order they are given in.
#[track_caller]
pub(crate) fn folder<const N: usize>(files: [(&str, &str); N]) -> [Compilation; N] {
    let sources = files.map(|(name, text)| Source::new(format!("workflows/{name}.yaml"), text));
    let compiled = compile_folder(&sources, &catalog(), &environment());
    sources.each_ref().map(|source| {
        let workflow = compiled.workflows.iter().find(|workflow| workflow.name == source.name()).unwrap();
        assert!(!workflow.has_errors(), "{}", render(&workflow.diagnostics, source, false));
        accepted(workflow);
        workflow.clone()
    })
}

pub(crate) fn shipped(name: &str) -> Compilation {
    let path = format!("workflows/{name}.yaml");
    let source = Source::new(&path, std::fs::read_to_string(root().join(&path)).unwrap());
    workflow::compile(&source, &catalog(), &workflow::Environment::default())
}

pub(crate) fn effects(entries: &[(&str, &str, Value)]) -> Value {
    let list: Vec<Value> = entries
        .iter()
        .map(|(key, action, inverse)| json!({"key": key, "action": action, "inverse": inverse}))
        .collect();
    json!({"effects": list})
}
