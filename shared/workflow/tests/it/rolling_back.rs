//! A failure anywhere takes back what was done everywhere, newest first, once.

use crate::bench::{Actions, Ended, run, run_among};
use crate::support::{folder, right};
use serde_json::{Value, json};

fn undone(ended: &Ended) -> Vec<&str> {
    ended
        .calls
        .iter()
        .filter_map(|(_, payload)| payload.key.strip_suffix("/undo"))
        .map(|key| key.rsplit('/').next().unwrap())
        .collect()
}

/// Branch, then messages to everybody in one branch and a pull request in the other, which fails.
const TEXT: &str = "name: Deep
inputs: { people: array }
steps:
  - { name: branch, plugin: version_control, action: create_branch, inputs: { branch: b } }
  - name: both
    type: parallel
    branches:
      people:
        - name: each
          type: foreach
          items: \"${people}\"
          as: person
          max_concurrency: 1
          steps:
            - { name: greet, plugin: version_control, action: create_branch, inputs: { branch: \"${person}\" } }
      work:
        - { name: rest, type: wait, for: 1h }
        - name: twice
          type: loop
          max_iterations: 2
          until: \"${pr.number = 8}\"
          steps:
            - { name: open, plugin: version_control, action: create_pull_request, inputs: { source_branch: b, title: t }, outputs: { number: pr.number } }
            - { name: tell, plugin: task_management, action: add_comment, inputs: { task_id: A, comment: c }, on_error: rollback }
  - { name: after, plugin: communication, action: send_message, inputs: { message: never } }
";

#[tokio::test]
async fn a_failure_inside_undoes_what_the_siblings_did() {
    let actions = Actions::default().with("AddComment", |count, _| match count {
        0 => Ok(json!({})),
        _ => Err(engine::FunctionError::new("Rejected", "it's \"closed\"")),
    });
    let ended = run(&right(TEXT), json!({"people": ["ada", "bob"]}), actions).await;
    let (error, cause) = ended.failure();
    assert_eq!((error, &cause["step"], &cause["error"]), ("RolledBack", &json!("tell"), &json!("Rejected")));
    assert!(cause["cause"].as_str().unwrap().contains("closed"), "{cause}");
    assert_eq!(undone(&ended), ["Open.1", "Open.0", "Greet.1", "Greet.0", "Branch"]);
    assert_eq!(cause["undone"], json!(["Open.1", "Open.0", "Greet.1", "Greet.0", "Branch"]));
    assert_eq!(ended.functions().iter().filter(|name| **name == "ListEffects").count(), 1);
}

#[tokio::test]
async fn a_failure_in_an_iteration_comes_out_of_every_scope() {
    let text = "name: Deep
steps:
  - { name: branch, plugin: version_control, action: create_branch, inputs: { branch: b } }
  - name: rows
    type: foreach
    items: [1, 2]
    as: row
    max_concurrency: 1
    on_error: continue
    steps:
      - name: cells
        type: foreach
        items: [3, 4]
        as: cell
        max_concurrency: 1
        on_error: retry
        steps:
          - { name: open, plugin: version_control, action: create_pull_request, inputs: { source_branch: \"${$string(cell)}\", title: t } }
          - { name: stop, type: fail, error: Enough, cause: \"row ${row}, cell ${cell}\", on_error: rollback, when: \"${row = 2 and cell = 4}\" }
";
    let ended = run(&right(text), json!({}), Actions::default()).await;
    let (error, cause) = ended.failure();
    assert_eq!(
        (error, &cause["step"], &cause["error"], &cause["cause"]),
        ("RolledBack", &json!("stop"), &json!("Enough"), &json!("row 2, cell 4"))
    );
    assert_eq!(undone(&ended), ["Open.1.1", "Open.1.0", "Open.0.1", "Open.0.0", "Branch"]);
}

#[tokio::test]
async fn the_policy_of_a_loop_or_a_switch_is_that_of_its_steps() {
    let text = |steps: &str| {
        format!(
            "name: Deep
inputs: {{ how: string }}
steps:
  - {{ name: branch, plugin: version_control, action: create_branch, inputs: {{ branch: b }} }}
{steps}"
        )
    };
    let repeated = text("  - name: poll
    type: loop
    max_iterations: 2
    on_error: rollback
    until: \"${sent = 'x'}\"
    steps:
      - { name: look, plugin: version_control, action: create_pull_request, inputs: { source_branch: b, title: t }, outputs: { pr_url: sent } }
");
    let answers = || {
        Actions::default().with("CreatePullRequest", |_, _| {
            Ok(json!({"branch": "b", "created": true, "files": [], "number": 7, "pr_url": "y"}))
        })
    };
    let ended = run(&right(&repeated), json!({"how": "a"}), answers()).await;
    let (error, cause) = ended.failure();
    assert_eq!((error, &cause["error"]), ("RolledBack", &json!("LoopExhausted")));
    assert_eq!(undone(&ended), ["Look.1", "Look.0", "Branch"]);

    let ended = run(
        &right(&repeated),
        json!({"how": "a"}),
        Actions::default().failing("CreatePullRequest", "Rejected"),
    )
    .await;
    assert_eq!((ended.failure().0, &ended.failure().1["error"]), ("RolledBack", &json!("Rejected")));

    let inside = text("  - name: both
    type: parallel
    branches:
      one:
        - name: route
          type: switch
          on_error: rollback
          cases:
            - { when: \"${how = 'fail'}\", steps: [{ name: stop, type: fail, error: Stopped, cause: c }] }
            - when: \"${how = 'loop'}\"
              steps:
                - name: poll
                  type: loop
                  max_iterations: 1
                  until: \"${sent = 'x'}\"
                  steps: [{ name: look, plugin: version_control, action: create_pull_request, inputs: { source_branch: b, title: t }, outputs: { pr_url: sent } }]
");
    for (how, expected) in [("fail", "Stopped"), ("loop", "LoopExhausted")] {
        let ended = run(&right(&inside), json!({"how": how}), answers()).await;
        let (error, cause): (&str, Value) = ended.failure();
        assert_eq!((error, cause["error"].as_str()), ("RolledBack", Some(expected)));
    }
    assert_eq!(run(&right(&inside), json!({"how": "other"}), answers()).await.output(), json!({}));
}

#[tokio::test]
async fn a_scope_that_rolls_back_does_so_for_what_fails_inside() {
    let text = "name: Deep
steps:
  - { name: branch, plugin: version_control, action: create_branch, inputs: { branch: b } }
  - name: both
    type: parallel
    on_error: rollback
    branches:
      one: [{ name: tell, plugin: task_management, action: add_comment, inputs: { task_id: A, comment: c } }]
      two: [{ name: rest, type: wait, for: 1h }]
";
    let ended = run(&right(text), json!({}), Actions::default().failing("AddComment", "Conflict")).await;
    let (error, cause) = ended.failure();
    assert_eq!((error, &cause["step"], &cause["error"]), ("RolledBack", &json!("both"), &json!("Conflict")));
    assert_eq!(undone(&ended), ["Branch"]);
}

/// A run is an execution with all that it starts: whoever rolls it back takes back all of it.
#[tokio::test]
async fn a_rollback_takes_back_what_every_workflow_of_the_run_did() {
    let parent = |policy: &str| {
        format!(
            "name: Parent
steps:
  - {{ name: branch, plugin: version_control, action: create_branch, inputs: {{ branch: b }} }}
  - {{ name: call, type: workflow, workflow: child, timeout: 1h }}
  - {{ name: tell, plugin: task_management, action: add_comment, inputs: {{ task_id: A, comment: c }}, on_error: {policy} }}
"
        )
    };
    let child = "name: Child
steps:
  - { name: open, plugin: version_control, action: create_pull_request, inputs: { source_branch: b, title: t }, outputs: { number: n } }
  - { name: check, plugin: task_management, action: get_task, inputs: { task_id: A }, on_error: rollback }
";
    let [one, other] = folder([("parent", &parent("rollback")), ("child", child)]);
    let ended =
        run_among(&one, &[&other], json!({}), Actions::default().failing("AddComment", "Rejected")).await;
    assert_eq!(ended.failure().0, "RolledBack");
    assert_eq!(undone(&ended), ["Open", "Branch"]);
    let keys: Vec<&str> = ended.calls.iter().map(|(_, payload)| payload.state()).collect();
    assert_eq!(keys[..3], ["Branch", "Call/Open", "Call/Check"]);

    // The child can call what takes the parent's effects back, though none of its own steps could need it.
    let [one, other] = folder([("parent", &parent("fail")), ("child", child)]);
    let ended =
        run_among(&one, &[&other], json!({}), Actions::default().failing("GetTask", "Rejected")).await;
    assert_eq!(ended.failure().0, "States.TaskFailed");
    assert!(ended.failure().1.to_string().contains("RolledBack"), "{}", ended.failure().1);
    assert_eq!(undone(&ended), ["Open", "Branch"]);
}
