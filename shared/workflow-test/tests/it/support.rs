//! The one place where tests know the crate's interface.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use workflow::{Catalog, Environment, Source, compile};
use workflow_test::{Report, TestError};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The real actions.
pub(crate) fn catalog() -> Arc<Catalog> {
    let path = root().join("functions/actions/schemas.json");
    Arc::new(Catalog::from_json(&std::fs::read_to_string(path).unwrap()).unwrap())
}

/// Runs a test file against a workflow.
pub(crate) async fn run(workflow: &Source, tests: &Source) -> Result<Report, TestError> {
    let catalog = catalog();
    let compilation = compile(workflow, &catalog, &Environment::default());
    assert!(!compilation.has_errors(), "{:?}", compilation.diagnostics);
    let file = workflow_test::read(tests).map_err(|wrong| TestError::Wrong(vec![*wrong]))?;
    workflow_test::run(&file, tests, &compilation, &catalog, None).await
}
