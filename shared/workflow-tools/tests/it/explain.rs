//! What steps became, in words.

use crate::support::{right, shipped};
use workflow_tools::explain;

#[test]
fn a_step_that_parks_and_rolls_back() {
    let explained = explain(&right(&shipped("development")), "generate_code").unwrap();
    // What the fields hold is the compiler's; here it is told why they are there.
    let reasons: Vec<String> = explained
        .states
        .iter()
        .flat_map(|state| {
            let fields = state.fields.iter().map(|field| format!("  {}: {}", field.field, field.why));
            std::iter::once(format!("{}: {}", state.name, state.why)).chain(fields)
        })
        .collect();
    insta::assert_snapshot!(reasons.join("\n"));
    assert!(
        explained
            .text()
            .contains("  Next: \"CommitChanges\"\n      When it succeeds, commit_changes comes next.\n")
    );
    let states: Vec<&str> = explained.states.iter().map(|state| state.name.as_str()).collect();
    assert_eq!(states, ["GenerateCode", "GenerateCodeAwaitBudget", "Rollback"]);
}

#[test]
fn every_field_of_every_step_has_a_reason_of_its_own() {
    for name in ["development", "undo"] {
        let compilation = right(&shipped(name));
        for step in &compilation.steps {
            let explained = explain(&compilation, &step.name).unwrap();
            for field in explained.states.iter().flat_map(|state| &state.fields) {
                assert!(!field.why.contains("states-language.net"), "{}: {}", step.name, field.field);
            }
        }
        assert!(explain(&compilation, "nothing").is_none());
    }
}
