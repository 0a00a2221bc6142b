//! What is told of cases that fail, and of files that cannot be run.

use crate::support::{refused, report};

const WORKFLOW: &str = r#"
name: Small
triggers: [{ jira.labelled: { label: agent } }]
inputs: { task_id: string }
steps:
  - { name: fetch, plugin: task_management, action: get_task, inputs: { task_id: "${task_id}" }, outputs: { task: task } }
  - { name: tell, plugin: communication, action: send_message, inputs: { message: "${task.title}" }, when: "${task.priority = 'High'}", on_error: continue }
outputs: { title: "${task.title}" }
"#;

/// The report of one case, of which everything but its expectations is right.
async fn text(case: &str) -> String {
    let tests = format!(
        "defaults: from_schema\nsteps: {{ fetch: {{ result: {{ task: {{ task_id: SHOP-1, title: Carts, priority: High }} }} }} }}\ncases:\n  - name: A case\n{case}"
    );
    let report = report(WORKFLOW, &tests, &[]).await.unwrap();
    assert!(!report.passed());
    report.text()
}

#[tokio::test]
async fn differences_are_told_one_by_one() {
    let case = "    inputs: { task_id: SHOP-1 }
    expect:
      outcome: failed
      path: [tell, fetch]
      inputs: { tell: { message: Cars, channel: null } }
      outputs: { title: Cars, more: 1 }
      calls: { fetch: 2 }
      not_taken: [tell]
      cost: { transitions: 5, model_usd: 1.5 }
";
    insta::assert_snapshot!(text(case).await);
}

#[tokio::test]
async fn missing_and_superfluous_answers_fail_a_case() {
    let case = "    inputs: { task_id: SHOP-1 }
    steps:
      fetch: [{ error: Throttled }]
      tell: { error: Rejected }
    expect: { path: [fetch] }
";
    insta::assert_snapshot!(text(case).await);
    let tests =
        "cases:\n  - name: A case\n    inputs: { task_id: SHOP-1 }\n    expect: { outcome: succeeded }\n";
    let report = report(WORKFLOW, tests, &[]).await.unwrap();
    assert_eq!(
        report.cases[0].problems,
        ["`fetch` was called without an answer: give it one under `steps:`, or say `defaults: from_schema`"]
    );
}

#[tokio::test]
async fn a_failing_case_tells_how_its_execution_failed() {
    let rejected =
        "    inputs: { task_id: SHOP-1 }\n    steps: { fetch: { error: Rejected, cause: no such ticket } }\n";
    for expected in ["outputs: { title: Carts }", "error: Throttled", "path: [fetch, tell]"] {
        let shown = text(&format!("{rejected}    expect: {{ {expected} }}\n")).await;
        assert!(shown.contains("it ended: failed: Rejected: "), "{expected}: {shown}");
        assert!(shown.contains("no such ticket"), "{expected}: {shown}");
    }
    // The outcome says it already, and what succeeded has nothing to add.
    let shown = text(&format!("{rejected}    expect: {{ outcome: succeeded }}\n")).await;
    assert_eq!(shown.matches("no such ticket").count(), 1, "{shown}");
    let shown = text("    inputs: { task_id: SHOP-1 }\n    expect: { path: [tell] }\n").await;
    assert!(!shown.contains("it ended"), "{shown}");
}

#[tokio::test]
async fn executions_that_do_not_start_are_told() {
    let shown = text("    trigger: { jira.labelled: { task_id: SHOP-1, label: other } }\n    expect: { outcome: succeeded }\n").await;
    assert!(shown.contains("not_started: the event matches no trigger of `small`"), "{shown}");
    let shown =
        text("    inputs: { task: SHOP-1 }\n    expect: { outcome: not_started, cause: nothing }\n").await;
    assert!(shown.contains("input `task` is unknown; did you mean `task_id`? accepted: task_id"), "{shown}");
}

#[tokio::test]
async fn files_that_do_not_fit_their_workflow_are_refused_with_every_mistake() {
    let tests = "steps:
  fetsh: { result: {} }
cases:
  - name: A case
    inputs: { task_id: SHOP-1 }
    trigger: { jira.labelled: { task_id: SHOP-1, label: agent } }
    steps:
      fetch: { result: { task: { task_id: 7 } } }
      tell: { error: Rejected, result: {} }
    expect: { path: [fetch, tel] }
  - name: Another
    inputs: { task_id: SHOP-1 }
    steps:
      tell: { approve: { by: ada } }
      fetch: { error: States.Timeout }
    expect: { path: [fetch] }
";
    insta::assert_snapshot!(refused(WORKFLOW, tests).await);
}

#[tokio::test]
async fn reports_can_be_read_by_machines() {
    let tests = "defaults: from_schema\ncases:\n  - name: A case\n    inputs: { task_id: SHOP-1 }\n    expect: { outcome: succeeded, calls: { fetch: 2 } }\n";
    let json = report(WORKFLOW, tests, &[]).await.unwrap().json();
    assert_eq!(json["passed"], false);
    assert_eq!(json["cases"][0]["passed"], false);
    assert_eq!(json["cases"][0]["differences"][0]["expected"], 2);
    assert_eq!(json["cases"][0]["path"], serde_json::json!(["fetch"]));
    assert_eq!(json["coverage"]["steps_missed"], serde_json::json!(["tell"]));
    assert!(json["coverage"]["percent"].as_f64().unwrap() < 100.0);
}
