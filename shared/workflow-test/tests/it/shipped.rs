//! The tests in `workflows/` pass and take every way through the workflows.

use crate::support::{root, run};
use std::fs;
use std::path::PathBuf;
use workflow::Source;

#[tokio::test]
async fn shipped_workflows_have_tests_that_pass_and_miss_nothing() {
    let folder = root().join("workflows");
    let is_workflow = |path: &PathBuf| {
        let name = path.to_string_lossy();
        name.ends_with(".yaml") && !name.ends_with(".test.yaml")
    };
    let workflows: Vec<PathBuf> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(is_workflow).collect();
    assert!(workflows.len() >= 2);
    for path in workflows.clone() {
        let tests = path.with_extension("test.yaml");
        assert!(tests.exists(), "{} has no tests beside it", path.display());
        let source = |path: &std::path::Path| {
            Source::new(
                path.strip_prefix(root()).unwrap_or(path).to_string_lossy(),
                fs::read_to_string(path).unwrap(),
            )
        };
        let others: Vec<Source> =
            workflows.iter().filter(|other| **other != path).map(|path| source(path)).collect();
        let report = run(&source(&path), &source(&tests), &others).await;
        if let Err(workflow_test::TestError::Wrong(found)) = &report {
            println!("{}", workflow::render(found, &source(&tests), false));
        }
        let report = report.unwrap();
        println!("{}", report.text());
        assert!(report.passed(), "{}", report.text());
        assert!(report.coverage.percent() >= 100.0, "{}", report.text());
    }
}
