//! What editors are told of workflow files.

use crate::support::{catalog, compiled, json, root, workflows};
use jsonschema::Validator;
use serde_json::Value;
use std::fs;
use workflow::Source;
use workflow_tools::editor_schema;

fn validator() -> Validator {
    jsonschema::validator_for(&editor_schema(&catalog())).unwrap()
}

fn problems(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_schemas_are_schemas() {
    for schema in [editor_schema(&catalog()), workflow_test::test_file_schema()] {
        assert!(jsonschema::meta::is_valid(&schema));
        for reference in references(&schema) {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(schema.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
    }
}

fn references(schema: &Value) -> Vec<&str> {
    match schema {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value) {
                ("$ref", Value::String(target)) => vec![target.as_str()],
                (_, value) => references(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_workflow_of_the_repository_passes() {
    let validator = validator();
    for source in workflows() {
        let found = problems(&validator, &json(&source.text));
        assert!(found.is_empty(), "{}: {found:?}", source.path);
    }
}

#[test]
fn every_test_file_of_the_repository_passes() {
    let validator = jsonschema::validator_for(&workflow_test::test_file_schema()).unwrap();
    for name in ["development", "undo"] {
        let path = root().join(format!("workflows/{name}.test.yaml"));
        let found = problems(&validator, &json(&fs::read_to_string(path).unwrap()));
        assert!(found.is_empty(), "{name}: {found:?}");
    }
    assert!(!validator.is_valid(&json("cases: [{ name: a, expect: {}, inptus: {} }]")));
}

/// Every type of step, nested, with every one of its keys.
const EVERYTHING: &str = r#"
name: Everything
description: A kitchen sink
version: 2.0
triggers:
  - slack.mentioned
  - jira.labelled: { label: agent, concurrency: any }
  - schedule: { cron: "0 6 ? * MON-FRI *", with: { task_id: SHOP-1 } }
inputs:
  task_id: string
  limit: { type: number, default: 10, required: false, one_of: [10, 20], description: How many }
variables: { branch: "feature/${task.task_id}" }
steps:
  - name: fetch
    plugin: task_management
    action: get_task
    inputs: { task_id: "${task_id}" }
    outputs: { task: ticket.task }
    when: task_id != null
    timeout: 60s
    on_error: retry
    retry: { max_attempts: 3, base_delay: 1s, max_delay: 30s, backoff: 2, jitter: true }
    required: true
  - name: both
    type: parallel
    branches:
      left: [{ name: note, type: set, variables: { noted: true, a.b: "${limit}" } }]
      right:
        - name: each
          type: foreach
          items: "${ticket.task.labels}"
          as: label
          max_concurrency: 4
          max_items: 20
          steps:
            - { name: say, plugin: communication, action: send_message, inputs: { message: "${label}" }, on_error: continue }
          result: "${label}"
    outputs: { left: both_left }
    on_error: rollback
  - name: again
    type: loop
    steps: [{ name: pause, type: wait, for: 10m }]
    until: ready
    max_iterations: 5
    on_exhausted: continue
  - name: choose
    type: switch
    cases:
      - { when: "limit > 10", steps: [{ name: stop, type: fail, error: TooMuch, cause: "limit ${limit}" }] }
    default: [{ name: checks, type: wait, event: github.checks_completed, match: { sha: "${sha}" }, timeout: 1h, outputs: { conclusion: done } }]
  - { name: ask, type: approval, question: Go on?, approvers: [leads], timeout: 7d, on_timeout: decline, outputs: { by: by } }
  - { name: later, type: wait, until: "${deadline}" }
  - { name: child, type: workflow, workflow: undo, inputs: { run: "${run}" }, outputs: { x: y } }
  - { name: analyze_codebase, type: ai_action, agent: planning, prompt_template: prompts/a.md, inputs: { task: "${ticket.task}" } }
  - name: implement
    type: agent
    agent: reviewer
    inputs: { task: "${ticket.task}", branch_name: "${branch}", context: notes }
    outputs: { outcome: work.outcome, turns: work.turns }
    approvers: [leads]
    timeout: 2d
    retry_count: 1
  - { name: open, type: ai_action, action: open_session, agent: reviewer, outputs: { session: session } }
  - { name: run_tools, type: ai_action, inputs: { session: "${session}" } }
  - { name: back, type: undo, run: "${run}" }
outputs: { all: "${noted}" }
"#;

#[test]
fn every_type_of_step_passes() {
    let found = problems(&validator(), &json(EVERYTHING));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn broken_files_do_not_pass() {
    let validator = validator();
    for (right, wrong) in [
        ("plugin: task_management", "plugin: jira"),
        ("action: get_task", "action: get_tasks"),
        ("action: get_task", "action: send_message"),
        ("inputs: { task_id: \"${task_id}\" }\n    outputs", "inputs: { task: x }\n    outputs"),
        ("inputs: { task_id: \"${task_id}\" }\n    outputs", "outputs"),
        ("inputs: { task_id: \"${task_id}\" }\n    outputs", "inputs: { task_id: 7 }\n    outputs"),
        ("outputs: { task: ticket.task }", "outputs: { titel: x }"),
        ("outputs: { task: ticket.task }", "outputs: { task: 1x }"),
        ("on_error: retry", "on_error: ignore"),
        ("timeout: 60s", "timout: 60s"),
        ("max_iterations: 5", "max_iterations: 0"),
        ("type: foreach", "type: for_each"),
        ("as: label\n", "\n"),
        ("branches:", "branch:"),
        ("agent: planning", "agent: coding"),
        ("agent: reviewer", "agent: Reviewer!"),
        ("branch_name: \"${branch}\"", "brunch: \"${branch}\""),
        ("context: notes", "agent: reviewer"),
        ("outcome: work.outcome", "outcom: work.outcome"),
        ("name: run_tools, type: ai_action", "name: run_tools, type: ai_action, agent: reviewer"),
        ("inputs: { message: \"${label}\" }", "inputs: {}"),
        ("jira.labelled: { label: agent, concurrency: any }", "jira.labelled: {}"),
        ("- slack.mentioned", "- slack.named"),
        ("event: github.checks_completed", "event: schedule"),
        ("limit: { type: number", "limit: { type: numeric"),
        ("name: Everything", "titel: Everything"),
        ("error: TooMuch, ", ""),
    ] {
        assert!(EVERYTHING.contains(right), "{right}");
        let broken = EVERYTHING.replacen(right, wrong, 1);
        assert!(!validator.is_valid(&json(&broken)), "{wrong} passes");
    }
}

/// The compiler says which keys it takes; the schema takes the same.
#[test]
fn steps_have_the_keys_that_the_compiler_takes() {
    let schema = editor_schema(&catalog());
    let types = schema["$defs"]["step"]["properties"]["type"]["enum"].as_array().unwrap();
    for kind in types.iter().filter_map(Value::as_str) {
        let text = format!("name: A\nsteps:\n  - {{ name: a, type: {kind}, zzzz: 1 }}\n");
        let found = compiled(&Source::new("workflows/a.yaml", text)).diagnostics;
        let refused =
            found.iter().find(|diagnostic| diagnostic.message.starts_with("unknown key `zzzz`")).unwrap();
        let help = refused.help.iter().find_map(|help| help.strip_prefix("accepted: ")).unwrap();
        let mut expected: Vec<&str> = help.split(", ").collect();
        let properties = schema["$defs"][format!("{kind}_step")]["properties"].as_object().unwrap();
        let mut actual: Vec<&str> = properties.keys().map(String::as_str).collect();
        expected.sort_unstable();
        actual.sort_unstable();
        assert_eq!(actual, expected, "{kind}");
    }
}
