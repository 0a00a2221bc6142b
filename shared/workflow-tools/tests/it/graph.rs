//! Pictures of workflows.

use crate::support::{compilation, right, shipped, workflows};
use serde_json::json;
use workflow::Source;
use workflow_tools::Graph;

#[test]
fn the_shipped_development_workflow_as_mermaid() {
    let graph = Graph::of(&right(&shipped("development"))).unwrap();
    insta::assert_snapshot!(graph.mermaid());
}

/// Branches, a list and a condition, as they compile.
fn nested() -> Graph {
    let task = |next: serde_json::Value| {
        let mut state = json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"});
        state.as_object_mut().unwrap().extend(next.as_object().unwrap().clone());
        state
    };
    let definition = json!({
        "QueryLanguage": "JSONata",
        "StartAt": "BothWhen",
        "States": {
            "BothWhen": {"Type": "Choice", "Choices": [{"Condition": "{% $n < 3 and \"x\" = 'y' and true %}", "Next": "Both"}], "Default": "Each"},
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    {"StartAt": "Lint", "States": {"Lint": task(json!({"End": true}))}},
                    {"StartAt": "Test", "States": {"Test": task(json!({"Next": "Report"})), "Report": task(json!({"End": true}))}},
                ],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Stop"}],
                "Next": "Each",
            },
            "Each": {"Type": "Map", "ItemProcessor": {"StartAt": "Say", "States": {"Say": task(json!({"End": true}))}}, "End": true},
            "Stop": {"Type": "Fail", "Error": "Stopped"},
        },
    });
    let steps = [
        ("Both", "both"),
        ("Lint", "lint"),
        ("Test", "test"),
        ("Report", "report"),
        ("Each", "each"),
        ("Say", "say"),
        ("Stop", "stop"),
    ];
    Graph::of(&compilation(&Source::new("workflows/nested.yaml", "name: Nested"), definition, &steps))
        .unwrap()
}

#[test]
fn branches_and_bodies_are_boxes_and_errors_are_dashed() {
    insta::assert_snapshot!(nested().mermaid());
}

/// What the compiler makes of nested steps.
#[test]
fn frames_have_the_names_of_branches() {
    let text = r#"
name: Nested
inputs: { words: array }
steps:
  - name: checks
    type: parallel
    branches:
      lint: [{ name: look, plugin: communication, action: send_message, inputs: { message: x } }]
      test:
        - { name: try_out, type: wait, for: 10m }
        - { name: ask, type: approval, question: Ship it?, approvers: [engineering] }
  - name: each
    type: foreach
    items: "${words}"
    as: word
    steps: [{ name: say, plugin: communication, action: send_message, inputs: { message: "${word}" } }]
  - name: choose
    type: switch
    cases: [{ when: "${$count(words) > 1}", steps: [{ name: stop, type: fail, error: TooMany, cause: too many }] }]
    default: [{ name: note, type: set, variables: { done: true } }]
"#;
    let graph = Graph::of(&right(&Source::new("workflows/nested.yaml", text))).unwrap();
    insta::assert_snapshot!(graph.mermaid());
}

#[test]
fn every_workflow_is_drawn_the_same_every_time() {
    let graphs = workflows()
        .iter()
        .map(|source| Graph::of(&right(source)).unwrap())
        .chain([nested()])
        .collect::<Vec<_>>();
    for graph in graphs {
        let svg = graph.svg().unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
        assert_eq!(graph.svg().unwrap(), svg);
    }
    let svg = nested().svg().unwrap();
    for text in ["lint", "report", "any error", "otherwise", "n &lt; 3"] {
        assert!(svg.contains(text), "{text} is missing:\n{svg}");
    }
    assert!(svg.contains("stroke-dasharray"));
}
