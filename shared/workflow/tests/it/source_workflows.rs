//! The two workflows of the system this one follows compile as they stand.

use crate::support::{compiled, fixture};
use serde_json::Value;
use workflow::render;

#[track_caller]
fn check(name: &str) -> (Value, String) {
    let source = fixture(name);
    let compilation = compiled(&source);
    let found = render(&compilation.diagnostics, &source, false);
    let definition = compilation.definition.unwrap_or_else(|| panic!("{found}"));
    insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_json_snapshot!(name.trim_end_matches(".yaml"), definition);
        insta::assert_json_snapshot!(format!("{}.route", name.trim_end_matches(".yaml")), compilation.route);
    });
    (definition, found)
}

#[test]
fn development() {
    let (_, found) = check("development-workflow.yaml");
    insta::assert_snapshot!(found);
}

#[test]
fn ai_development() {
    let (_, found) = check("ai-development-workflow.yaml");
    insta::assert_snapshot!(found);
}
