//! The examples of `docs/workflow-language.md` are whole workflows that compile.

use crate::support::{accepted, catalog, environment, root};
use workflow::{Severity, Source, compile_folder, render};

#[test]
fn every_example_compiles_without_a_warning() {
    let page = std::fs::read_to_string(root().join("docs/workflow-language.md")).unwrap();
    let examples: Vec<&str> =
        page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let sources: Vec<Source> = examples
        .iter()
        .map(|text| {
            let title = text.lines().next().unwrap().trim_start_matches("name: ");
            let stem = title.to_lowercase().replace([' ', '\'', ','], "-");
            Source::new(format!("workflows/{stem}.yaml"), *text)
        })
        .collect();
    let compiled = compile_folder(&sources, &catalog(), &environment());
    assert!(compiled.workflows.len() >= 10);
    for workflow in &compiled.workflows {
        let source = sources.iter().find(|source| source.name() == workflow.name).unwrap();
        let told = workflow.diagnostics.iter().any(|found| found.severity != Severity::Note);
        assert!(!told, "{}", render(&workflow.diagnostics, source, false));
        accepted(workflow);
    }
    let types = compiled.workflows.iter().flat_map(|workflow| &workflow.steps).map(|step| step.kind);
    let types: std::collections::BTreeSet<&str> = types.collect();
    assert_eq!(types.len(), 13, "an example of every type: {types:?}");
}
