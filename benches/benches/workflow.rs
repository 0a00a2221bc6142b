//! Checking and compiling workflows.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up ends")]

use divan::Bencher;
use divan::counter::ItemsCount;
use std::path::{Path, PathBuf};
use workflow::{Catalog, Compilation, Environment, Source, compile};

fn main() {
    divan::main();
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn catalog() -> Catalog {
    let schemas = std::fs::read_to_string(root().join("functions/actions/schemas.json")).unwrap();
    Catalog::from_json(&schemas).unwrap().with_events(webhooks::events())
}

/// An editor's work whenever the largest shipped workflow is saved.
#[divan::bench]
fn check_the_largest_that_ships(bencher: Bencher<'_, '_>) {
    let texts = std::fs::read_dir(root().join("workflows")).unwrap().map(|entry| entry.unwrap().path());
    let workflows = texts.filter(|path| path.to_string_lossy().ends_with(".yaml"));
    let sources = workflows
        .filter(|path| !path.to_string_lossy().ends_with(".test.yaml"))
        .map(|path| Source::new(path.to_string_lossy(), std::fs::read_to_string(&path).unwrap()));
    let largest = sources.max_by_key(|source| source.text.len()).unwrap();
    let catalog = catalog();
    bencher.bench_local(|| right(compile(&largest, &catalog, &Environment::default())));
}

/// A workflow of many steps, each of which reads an earlier one's output.
#[divan::bench(args = [10, 100, 500])]
fn compile_steps(bencher: Bencher<'_, '_>, steps: usize) {
    let mut text = String::from("name: Many\ninputs: { task_id: string }\nsteps:\n");
    // Just a thousand calls would exceed Step Functions' limit of a mebibyte.
    for pair in 0..steps / 2 {
        let task_id = match pair {
            0 => "${task_id}".to_owned(),
            _ => format!("${{known_{}}}", pair - 1),
        };
        text.push_str(&format!(
            "  - name: fetch_{pair}\n    plugin: task_management\n    action: get_task\n    \
             inputs: {{ task_id: \"{task_id}\" }}\n    outputs: {{ task: task_{pair} }}\n  \
             - name: remember_{pair}\n    type: set\n    variables: {{ known_{pair}: \"${{task_{pair}.task_id}}\" }}\n"
        ));
    }
    let (source, catalog) = (Source::new("workflows/many.yaml", text), catalog());
    bencher
        .counter(ItemsCount::new(steps))
        .bench_local(|| right(compile(&source, &catalog, &Environment::default())));
}

fn right(compilation: Compilation) -> Compilation {
    assert!(!compilation.has_errors(), "{:?}", compilation.diagnostics.first());
    compilation
}
