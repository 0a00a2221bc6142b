//! The checks of our own commits: a step waits for them, and they start a workflow.

use crate::support::{EXECUTION_LIMIT, WorldFile, eventually};
use serde_json::{Value, json};

/// Commits, and waits for the checks of the commit.
const CHANGE: &str = r#"
name: Change
triggers:
  - slack.command: { text: "change {task_id}" }
inputs: { task_id: string }
steps:
  - name: change
    plugin: version_control
    action: commit_changes
    inputs:
      branch: "feature/${task_id}"
      message: "Change a file"
      files: [{ path: notes.txt, content: "noted" }]
    outputs: { sha: sha }
  - name: checks
    type: wait
    event: github.checks_completed
    match: { repository: acme/shop, sha: "${sha}" }
    timeout: 1h
    outputs: { conclusion: conclusion }
outputs: { conclusion: "${conclusion}" }
"#;

const CHECKS: &str = r#"
name: Checks
triggers:
  - github.checks_completed: { conclusion: success }
inputs: { repository: string, sha: string }
steps:
  - name: tell
    plugin: communication
    action: send_message
    inputs: { message: "all checks of ${sha} are done" }
"#;

fn report(app: &str, conclusion: Option<&str>) -> Value {
    let run = match conclusion {
        Some(conclusion) => json!({"name": "test", "conclusion": conclusion}),
        None => json!({"name": "test"}),
    };
    json!({"kind": "github-checks", "repository": "acme/shop", "branch": "feature/SHOP-1", "app": app, "runs": [run], "by": "ada"})
}

#[tokio::test]
async fn all_checks_of_our_commit_resume_a_step_and_start_a_workflow_once() {
    let world = WorldFile::quick_shop()
        .edit(|world| world["github"]["repositories"][0]["checks"] = json!([]))
        .with_file("workflows/change.yaml", CHANGE)
        .with_file("workflows/checks.yaml", CHECKS)
        .start()
        .await;
    let command =
        json!({"kind": "slack-command", "text": "change SHOP-1", "by": "ada", "channel": "shop-dev"});
    let name = world.start_by(command).await;
    eventually("the step that waits", EXECUTION_LIMIT, async || {
        (world.execution(&name).await["outcome"] == "waiting").then_some(())
    })
    .await;
    world.deliver(report("tests", None)).await;
    let lint = world.deliver(report("lint", Some("success"))).await;
    assert!(lint.to_string().contains("recorded"), "{lint}");
    world.deliver(report("tests", Some("success"))).await;
    let ended = world.ended(&name).await;
    assert_eq!((&ended["outcome"], &ended["output"]["conclusion"]), (&json!("succeeded"), &json!("success")));
    let checks = eventually("the workflow that checks start", EXECUTION_LIMIT, async || {
        let executions = world.executions().await.into_iter();
        let mut started = executions.filter(|execution| execution["workflow"] == "checks");
        let first = started.next()?;
        assert!(started.next().is_none(), "it is started once");
        (!first["ended_at"].is_null()).then_some(first)
    })
    .await;
    assert_eq!(checks["outcome"], "succeeded", "{checks:#}");
    let state = world.state().await;
    let sha = state["github"]["repositories"][0]["branches"]["feature/SHOP-1"].as_str().unwrap();
    assert!(
        state["slack"]["messages"].to_string().contains(&format!("all checks of {sha} are done")),
        "{state:#}"
    );
    world.finish().await;
}
