//! The tests in `workflows/` pass and take every way through the workflows.

use crate::support::{root, run};
use std::fs;
use workflow::Source;

#[tokio::test]
async fn shipped_workflows_have_tests_that_pass_and_miss_nothing() {
    let folder = root().join("workflows");
    let mut tested = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".yaml") || name.ends_with(".test.yaml") {
            continue;
        }
        let tests = path.with_extension("test.yaml");
        assert!(tests.exists(), "{name} has no tests beside it");
        let source = |path: &std::path::Path| {
            Source::new(
                path.strip_prefix(root()).unwrap_or(path).to_string_lossy(),
                fs::read_to_string(path).unwrap(),
            )
        };
        let report = run(&source(&path), &source(&tests)).await;
        if let Err(workflow_test::TestError::Wrong(found)) = &report {
            println!("{}", workflow::render(found, &source(&tests), false));
        }
        let report = report.unwrap();
        println!("{}", report.text());
        assert!(report.passed(), "{}", report.text());
        assert!(report.coverage.percent() >= 100.0, "{}", report.text());
        tested += 1;
    }
    assert!(tested >= 2);
}
