//! The one place where tests know the crate's interface.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use workflow::{Catalog, Environment, Source, compile_folder, render};
use workflow_test::{Report, TestError};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The real actions and events.
fn catalog() -> Arc<Catalog> {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let events = serde_json::from_str(&read("functions/webhooks/events.json")).unwrap();
    Arc::new(Catalog::from_json(&read("functions/actions/schemas.json")).unwrap().with_events(events))
}

/// Runs a test file against a workflow, beside which others may stand.
pub(crate) async fn run(workflow: &Source, tests: &Source, others: &[Source]) -> Result<Report, TestError> {
    let catalog = catalog();
    let sources: Vec<Source> = std::iter::once(workflow).chain(others).cloned().collect();
    let compiled = compile_folder(&sources, &catalog, &Environment::default());
    let compilation = compiled.workflows.iter().find(|compiled| compiled.name == workflow.name()).unwrap();
    assert!(!compilation.has_errors(), "{}", render(&compilation.diagnostics, workflow, false));
    let file = workflow_test::read(tests).map_err(|wrong| TestError::Wrong(vec![*wrong]))?;
    workflow_test::run(&file, tests, compilation, &catalog, None).await
}

/// The same with texts.
pub(crate) async fn report(
    workflow: &str,
    tests: &str,
    others: &[(&str, &str)],
) -> Result<Report, TestError> {
    let others: Vec<Source> = others.iter().map(|(path, text)| Source::new(*path, *text)).collect();
    let name = if others.is_empty() { "small" } else { "parent" };
    let workflow = Source::new(format!("workflows/{name}.yaml"), workflow);
    run(&workflow, &Source::new(format!("workflows/{name}.test.yaml"), tests), &others).await
}

/// A report in which every case passes.
pub(crate) async fn passes(workflow: &str, tests: &str) -> Report {
    match report(workflow, tests, &[]).await {
        Ok(report) if report.passed() => report,
        Ok(report) => panic!("{}", report.text()),
        Err(TestError::Wrong(found)) => {
            panic!("{}", render(&found, &Source::new("small.test.yaml", tests), false))
        }
        Err(error) => panic!("{error}"),
    }
}

/// What is told of a file that cannot be run.
pub(crate) async fn refused(workflow: &str, tests: &str) -> String {
    match report(workflow, tests, &[]).await {
        Err(TestError::Wrong(found)) => {
            render(&found, &Source::new("workflows/small.test.yaml", tests), false)
        }
        other => panic!("{other:?}"),
    }
}
