//! Estimates of cost.

use crate::support::{catalog, compilation, generated, right, root, shipped};
use serde_json::{Value, json};
use std::fs;
use workflow::Source;
use workflow_tools::{Assumptions, Prices, cost};

#[test]
fn the_happy_path_counts_what_an_execution_was_seen_to_use() {
    let source = shipped("development");
    let prices = Prices::us_east_1().unwrap();
    let found = cost(&source, &right(&source), Assumptions::default(), &prices).unwrap();
    // `workflows/development.test.yaml` sees the same on the engine.
    assert_eq!(found.happy_path.usage.transitions, 22.0);
    assert_eq!((found.happy_path.usage.calls, found.happy_path.usage.ai_calls), (15.0, 1.0));
    // Sixty turns, of which all but the last ask people: three transitions for a turn, three for a question.
    assert_eq!(found.worst_case.usage.transitions, 22.0 + 59.0 * 6.0);
    assert_eq!((found.worst_case.usage.calls, found.worst_case.usage.ai_calls), (15.0 + 59.0 * 4.0, 60.0));
    assert!((found.happy_path.step_functions_usd - 0.000_55).abs() < 1e-12);
    assert!((found.happy_path.gb_seconds - 33.5).abs() < 1e-9, "{}", found.happy_path.gb_seconds);
    let agent = "implement: the agent development takes 1 to 60 turns and at most 30 minutes of work; \
                 the model costs at most what the ticket's limit leaves.";
    assert!(found.text().contains(agent), "{}", found.text());
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
    assert!(found.text().contains("The workflows that it runs cost extra: undo."));
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
    assert_eq!(found.happy_path.usage.calls, 3.0);
    assert_eq!(found.worst_case.usage.calls, 102.0);
    // Five rounds of the list, its items and the condition, and the admission and the two ends; the compiler may need a state more.
    let transitions = found.worst_case.usage.transitions;
    assert!((112.0..=119.0).contains(&transitions), "{transitions}");
}

/// What is assumed of memory is what the stack gives.
#[test]
fn functions_have_the_memory_that_is_assumed() {
    let path = root().join("statemachines/functions.json");
    let document: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let functions = document["functions"].as_object().unwrap();
    let catalog = catalog();
    let mut seen = 0;
    for (name, function) in functions {
        let Some(entry) = catalog.entry(name) else { continue };
        let assumptions = Assumptions::default();
        let assumed = if entry.asks_model { assumptions.ai_memory_mb } else { assumptions.memory_mb };
        assert_eq!(function["memory_megabytes"].as_f64(), Some(assumed), "{}", entry.name);
        seen += 1;
    }
    assert!(seen > 10);
}

/// `docs/costs.md` says what `workflow cost` says. To write it: `./check generate`.
#[test]
fn generated_costs_are_up_to_date() {
    let source = shipped("development");
    let prices = Prices::us_east_1().unwrap();
    let cost = cost(&source, &right(&source), Assumptions::default(), &prices).unwrap();
    let (end, update) = ("<!-- end -->", || std::env::var_os("UPDATE_GENERATED"));
    generated("docs/costs.md", "<!-- generated: prices -->\n", end, &prices.markdown(), update());
    generated("docs/costs.md", "<!-- generated: development -->\n", end, &cost.markdown(), update());
    let command = "$ ticketsmith workflow cost workflows/development.yaml\n";
    generated("docs/workflow-tools.md", command, "```", &cost.text(), update());
}

#[test]
fn prices_of_another_form_are_refused() {
    assert!(Prices::from_json("{\"region\": \"x\"}").is_err());
}
