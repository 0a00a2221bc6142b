//! What steps became, in words.

use crate::support::{generated, right, shipped};
use workflow::Source;
use workflow_tools::{Graph, explain};

#[test]
fn a_step_that_parks_and_rolls_back() {
    let text = r#"
name: One reply
inputs: { task_id: string }
steps:
  - { name: fetch, plugin: task_management, action: get_task, inputs: { task_id: "${task_id}" }, outputs: { task: task } }
  - name: generate_code
    type: ai_action
    description: Write the change and its tests
    inputs: { task: "${task}", branch: feature/x }
    outputs: { implementation: implementation }
    on_error: rollback
  - name: commit_changes
    plugin: version_control
    action: commit_changes
    inputs: { branch: feature/x, message: "${implementation.commit_message}", implementation: "${implementation}" }
"#;
    let explained = explain(&right(&Source::new("workflows/one_reply.yaml", text)), "generate_code").unwrap();
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
            .contains("  Next: \"CommitChanges\"\n      After success, commit_changes comes next.\n")
    );
    let states: Vec<&str> = explained.states.iter().map(|state| state.name.as_str()).collect();
    assert_eq!(states, ["GenerateCode", "GenerateCodeAwaitBudget", "GenerateCodeAwaitProvider", "Rollback"]);
}

#[test]
fn every_state_of_an_agent_has_a_reason_of_its_own() {
    let explained = explain(&right(&shipped("development")), "implement").unwrap();
    let states: Vec<(&str, &str)> =
        explained.states.iter().map(|state| (state.name.as_str(), state.why.as_str())).collect();
    let why = |name: &str| states.iter().find(|(state, _)| *state == name).unwrap().1;
    assert_eq!(why("ImplementThink"), "It asks the model for the agent's next turn.");
    assert!(why("ImplementThinkAwaitBudget").contains("until somebody raises the limit"));
    assert!(why("ImplementLoadAwaitProvider").contains("accepts calls again"));
    assert!(states.iter().all(|(_, why)| *why != "The compiler needs it for the step."), "{states:?}");
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

#[test]
fn what_a_limit_of_time_adds_is_told_where_it_is_added() {
    let text = r#"
name: Limited
inputs: { how: string }
steps:
  - name: poll
    type: loop
    timeout: 1h
    max_iterations: 9
    until: "${how = 'x'}"
    steps:
      - { name: look, plugin: communication, action: send_message, inputs: { message: x } }
      - { name: pause, type: wait, for: 5m }
"#;
    let compilation = right(&workflow::Source::new("workflows/limited.yaml", text));
    let told = |step: &str| -> Vec<String> {
        let explained = explain(&compilation, step).unwrap();
        explained.states.into_iter().map(|state| format!("{}: {}", state.name, state.why)).collect()
    };
    assert_eq!(
        told("poll"),
        [
            "Poll: Line 5 of the file.",
            "PollDeadline: It records when the step's `timeout` ends: Step Functions can limit the duration of calls, but not of the steps that contain them.",
            "PollExhausted: The compiler needs it for the step.",
            "PollTimedOut: What would begin after a `timeout` has passed ends here with States.Timeout.",
        ]
    );
    assert_eq!(
        told("pause"),
        [
            "Pause: Line 12 of the file.",
            "PauseInTime: It checks the time: an enclosing step has a `timeout`."
        ]
    );
    let text = explain(&compilation, "look").unwrap().text();
    assert!(text.contains("or the time left to an enclosing step"), "{text}");
    assert!(text.contains("a call that cannot begin in time ends with States.Timeout"), "{text}");
}

/// The examples of `docs/workflow-tools.md` are what the commands print. To write them: `./check generate`.
#[test]
fn generated_examples_are_up_to_date() {
    let text = r#"# Tells the team what is urgent.
name: Small
inputs: { task_id: string }
steps:
  - name: fetch
    plugin: task_management
    action: get_task
    inputs: { task_id: "${task_id}" }
    outputs: { task: task }
  - name: tell
    when: "${task.priority = 'High'}"
    plugin: communication
    action: send_message
    inputs: { message: "${task.title}" }
    on_error: continue
"#;
    let compilation = right(&Source::new("workflows/small.yaml", text));
    let example = |command: &str, printed: &str| {
        let update = std::env::var_os("UPDATE_GENERATED");
        let open = format!("$ ticketsmith workflow {command}\n");
        generated("docs/workflow-tools.md", &open, "```", printed, update);
    };
    example("explain tell", &explain(&compilation, "tell").unwrap().text());
    example("graph workflows/small.yaml", &Graph::of(&compilation).unwrap().mermaid());
}
