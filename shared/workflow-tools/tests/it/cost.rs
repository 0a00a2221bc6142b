//! Estimates of cost.

use crate::support::{compilation, right, shipped};
use serde_json::json;
use workflow::Source;
use workflow_tools::{Assumptions, Prices, cost};

#[test]
fn the_happy_path_counts_what_an_execution_was_seen_to_use() {
    let source = shipped("development");
    let prices = Prices::us_east_1().unwrap();
    let found = cost(&source, &right(&source), Assumptions::default(), &prices).unwrap();
    // `workflows/development.test.yaml` sees the same on the engine.
    assert_eq!(found.happy_path.usage.transitions, 11.0);
    assert_eq!((found.happy_path.usage.calls, found.happy_path.usage.ai_calls), (11.0, 3.0));
    assert_eq!(found.worst_case, found.happy_path);
    assert!((found.happy_path.step_functions_usd - 0.000_275).abs() < 1e-12);
    assert!((found.happy_path.gb_seconds - 47.0).abs() < 1e-9);
    let together =
        found.happy_path.step_functions_usd + found.happy_path.lambda_usd + found.happy_path.dynamodb_usd;
    assert_eq!(found.happy_path.total_usd, together);
    assert!(found.text().contains("state transitions"), "{}", found.text());
}

#[test]
fn the_worst_case_has_the_longest_lists_and_loops() {
    let text = "
name: Nested
steps:
  - name: again
    type: loop
    max_iterations: 5
    until: done
    steps:
      - name: each
        type: foreach
        max_items: 20
        items: '${list}'
        as: item
        steps: [{ name: say, plugin: communication, action: send_message, inputs: { message: x } }]
  - { name: child, type: workflow, workflow: undo }
";
    let source = Source::new("workflows/nested.yaml", text);
    let task = json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true});
    let definition = json!({
        "QueryLanguage": "JSONata",
        "StartAt": "Each",
        "States": {
            "Each": {"Type": "Map", "ItemProcessor": {"StartAt": "Say", "States": {"Say": task}}, "Next": "Again"},
            "Again": {"Type": "Choice", "Choices": [{"Condition": "{% $done %}", "Next": "Short"}, {"Condition": "{% $x %}", "Next": "Long"}], "Default": "Each"},
            "Short": {"Type": "Pass", "End": true},
            "Long": {"Type": "Pass", "Next": "Child"},
            "Child": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": true},
        },
    });
    let steps = [("Each", "each"), ("Say", "say"), ("Again", "again"), ("Child", "child")];
    let compiled = compilation(&source, definition, &steps);
    let found = cost(&source, &compiled, Assumptions::default(), &Prices::us_east_1().unwrap()).unwrap();
    // Each, Say, Again, Long, Child.
    assert_eq!((found.happy_path.usage.transitions, found.happy_path.usage.calls), (5.0, 1.0));
    // Five rounds of Each, twenty Says and Again; then Long and Child.
    assert_eq!((found.worst_case.usage.transitions, found.worst_case.usage.calls), (112.0, 100.0));
    assert_eq!(found.runs, ["undo"]);
    assert!(found.text().contains("On top comes what it runs: undo."));
}

/// The same of what the compiler makes of a loop around a list.
#[test]
fn compiled_loops_and_lists_are_bounded_as_well() {
    let text = "
name: Nested
inputs: { list: array }
steps:
  - { name: begin, plugin: communication, action: send_message, inputs: { message: x }, outputs: { message_id: done } }
  - name: again
    type: loop
    max_iterations: 5
    until: \"${done = 'yes'}\"
    steps:
      - name: each
        type: foreach
        max_items: 20
        items: '${list}'
        as: item
        steps: [{ name: say, plugin: communication, action: send_message, inputs: { message: x } }]
";
    let source = Source::new("workflows/nested.yaml", text);
    let found =
        cost(&source, &right(&source), Assumptions::default(), &Prices::us_east_1().unwrap()).unwrap();
    assert_eq!(found.happy_path.usage.calls, 2.0);
    assert_eq!(found.worst_case.usage.calls, 101.0);
    // Five rounds of the list, its items and the condition, and the two ends; the compiler may need a state more.
    let transitions = found.worst_case.usage.transitions;
    assert!((111.0..=118.0).contains(&transitions), "{transitions}");
}

#[test]
fn prices_of_another_form_are_refused() {
    assert!(Prices::from_json("{\"region\": \"x\"}").is_err());
}
