//! A rollback takes back everything that an execution did, newest first.

use crate::evidence::{branches, pull_request, repository, ticket};
use crate::support::WorldFile;
use serde_json::{Value, json};

/// Does one thing after another, and then something that Slack refuses.
const WORKFLOW: &str = r#"
name: Release notes
inputs: { task_id: string }
steps:
  - name: make_branch
    plugin: version_control
    action: create_branch
    inputs: { branch: notes }
    on_error: rollback
  - name: write_notes
    plugin: version_control
    action: commit_changes
    inputs:
      branch: notes
      message: Write the notes
      files: [{ path: NOTES.md, content: "Notes.\n" }]
    on_error: rollback
  - name: open
    plugin: version_control
    action: create_pull_request
    inputs: { source_branch: notes, title: Notes, description: The notes. }
    on_error: rollback
  - name: move_ticket
    plugin: task_management
    action: update_task_status
    inputs: { task_id: "${task_id}", status: in_review }
    on_error: rollback
  - name: tell
    plugin: communication
    action: send_message
    inputs: { message: The notes are written. }
    on_error: rollback
"#;

#[tokio::test]
async fn everything_is_taken_back_newest_first() {
    let world = WorldFile::quick_shop().with_file("workflows/notes.yaml", WORKFLOW).start().await;
    world
        .add_faults(&json!({
            "service": "slack", "path": "chat.postMessage", "status": 200, "body": { "ok": false, "error": "is_archived" }
        }))
        .await;
    let arguments = ["run", "notes", "--json", "--as", "ada", "--input", "task_id=SHOP-2"];
    let (code, printed, errors) = world.command(&arguments).await;
    assert_eq!(code, 1, "{printed}\n{errors}");
    let result: Value = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
    assert_eq!(result["outcome"], "rolled_back", "{result:#}");

    let state = world.state().await;
    let repository = repository(&state, "acme/shop");
    assert_eq!(pull_request(repository, "notes")["state"], "closed");
    assert_eq!(branches(repository), ["main"]);
    assert_eq!(ticket(&state, "SHOP-2")["status"], "To Do");

    // The position in the log of the last request that did a thing.
    let log = world.log().await;
    let last = |method: &str, path: &str| {
        let is_such = |entry: &Value| {
            entry["method"] == method && entry["path"].as_str().is_some_and(|text| text.contains(path))
        };
        log.iter().rposition(is_such).unwrap_or_else(|| panic!("no {method} {path}"))
    };
    let (back, closed) = (last("POST", "/issue/SHOP-2/transitions"), last("PATCH", "/pulls/"));
    let deleted = last("POST", "/graphql");
    assert!(back < closed && closed < deleted, "{back}, {closed}, {deleted}");
    world.finish().await;
}
