//! A pull request after the push: its checks, their fixes, the gate before a push, and secrets in a change.

use crate::evidence::{pull_request, repository, steps};
use crate::support::{EXECUTION_LIMIT, World, WorldFile, comments, eventually};
use serde_json::{Value, json};

const BRANCH: &str = "feature/SHOP-1";
const LOG: &str = "##[error]README.md does not name the discount code SUMMER25\n";

fn with_checks(checks: &Value) -> WorldFile {
    WorldFile::quick_shop().edit(|world| world["github"]["repositories"][0]["checks"] = checks.clone())
}

fn docs(conclusion: &Value) -> Value {
    json!([{"name": "docs", "conclusion": conclusion, "log": LOG}])
}

fn pull(state: &Value) -> &Value {
    pull_request(repository(state, "acme/shop"), BRANCH)
}

/// Starts SHOP-1, waits for its end, and returns the state of the world.
async fn developed(world: &World) -> (Value, Value) {
    let name = world.start_by("jira-label").await;
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    (ended, world.state().await)
}

fn status(state: &Value) -> &Value {
    &state["jira"].as_array().unwrap().iter().find(|ticket| ticket["key"] == "SHOP-1").unwrap()["status"]
}

#[tokio::test]
async fn green_checks_make_the_draft_ready_and_move_the_ticket() {
    let world = with_checks(&docs(&json!("success"))).start().await;
    let (_, state) = developed(&world).await;
    assert_eq!((&pull(&state)["draft"], &pull(&state)["commits"]), (&json!(false), &json!(1)));
    assert_eq!(status(&state), "Code Review");
    let opened = world.requests("github", "POST", "/pulls").await;
    assert_eq!(opened[0]["request"]["draft"], true, "it was a draft until its checks had passed");
    world.finish().await;
}

#[tokio::test]
async fn a_red_check_goes_to_the_same_session_and_its_fix_is_another_commit() {
    let world = with_checks(&docs(&json!(["failure", "success"]))).start().await;
    let (ended, state) = developed(&world).await;
    assert_eq!((&pull(&state)["draft"], &pull(&state)["commits"]), (&json!(false), &json!(2)));
    assert_eq!(status(&state), "Code Review");
    let said = comments(&state);
    assert!(said.iter().any(|text| text.contains("`docs` fails. Fixed in ")), "{said:#?}");
    let asked = world.asked_of_model().await;
    let fix = asked
        .iter()
        .find(|entry| entry["request"].to_string().contains("The checks of this pull request failed"));
    let fix = fix.unwrap()["request"].to_string();
    assert!(
        fix.contains("<data-")
            && fix.contains("SUMMER25")
            && fix.contains("What you changed in earlier rounds"),
        "{fix}"
    );
    let fixes = steps(&ended).iter().filter(|(name, _)| name.starts_with("Checks/CommitFix")).count();
    assert_eq!(fixes, 1, "{ended:#}");
    world.finish().await;
}

#[tokio::test]
async fn a_failure_that_a_fix_does_not_end_is_a_question_and_the_draft_stays() {
    let world = with_checks(&docs(&json!("failure"))).start().await;
    let (_, state) = developed(&world).await;
    assert_eq!((&pull(&state)["draft"], &pull(&state)["commits"]), (&json!(true), &json!(2)));
    assert_ne!(status(&state), "Code Review");
    let said = comments(&state);
    assert!(
        said.iter().any(|text| text.contains("the same way as before the last fix. How should this go on?")),
        "{said:#?}"
    );
    assert!(said.iter().any(|text| text.contains("needs a person")), "{said:#?}");
    world.finish().await;
}

#[tokio::test]
async fn what_fails_at_the_base_too_costs_no_fix() {
    let checks = json!([{"name": "docs", "conclusion": "failure", "base": "failure", "log": LOG}]);
    let world = with_checks(&checks).start().await;
    let (_, state) = developed(&world).await;
    assert_eq!((&pull(&state)["draft"], &pull(&state)["commits"]), (&json!(false), &json!(1)));
    let said = comments(&state);
    assert!(said.iter().any(|text| text.contains("`docs` fails here as at `main`")), "{said:#?}");
    world.finish().await;
}

#[tokio::test]
async fn a_repository_without_drafts_gets_an_ordinary_pull_request_that_says_so() {
    let world = with_checks(&docs(&json!("failure")))
        .edit(|world| world["github"]["repositories"][0]["drafts"] = json!(false))
        .start()
        .await;
    let (_, state) = developed(&world).await;
    let title = pull(&state)["title"].as_str().unwrap();
    assert!(title.starts_with("[WIP] SHOP-1: "), "{title}");
    world.finish().await;

    let world = with_checks(&docs(&json!("success")))
        .edit(|world| world["github"]["repositories"][0]["drafts"] = json!(false))
        .start()
        .await;
    let (_, state) = developed(&world).await;
    let title = pull(&state)["title"].as_str().unwrap();
    assert!(title.starts_with("SHOP-1: "), "{title}");
    world.finish().await;
}

/// A world whose project asks before every push, and the message that asks.
async fn gated() -> (World, String, Value) {
    let world = WorldFile::quick_shop()
        .edit(|world| world["configuration"]["projects"][0]["ci_gate"] = json!("always"))
        .start()
        .await;
    let name = world.start_by("jira-label").await;
    let asked = async || {
        let state = world.state().await;
        let messages = state["slack"]["messages"].as_array().unwrap().clone();
        messages
            .into_iter()
            .find(|message| message.to_string().contains("May this change be pushed to acme/shop"))
    };
    let message = eventually("the question", EXECUTION_LIMIT, asked).await;
    (world, name, message)
}

fn press(message: &Value, action: &str) -> Value {
    json!({"kind": "slack-button", "action_id": action, "message": message["ts"], "by": "ada", "channel": "shop-dev"})
}

#[tokio::test]
async fn a_gate_lets_through_what_somebody_approved() {
    let (world, name, message) = gated().await;
    let text = message.to_string();
    assert!(
        text.contains("src/shop/cart.py") && text.contains(&format!("ticketsmith session {name}")),
        "{text}"
    );
    assert!(
        repository(&world.state().await, "acme/shop")["branches"][BRANCH].is_null(),
        "nothing is pushed before"
    );
    world.deliver(press(&message, "approve")).await;
    assert_eq!(world.ended(&name).await["outcome"], "succeeded");
    assert_eq!(pull(&world.state().await)["commits"], 1);
    world.finish().await;
}

#[tokio::test]
async fn a_gate_keeps_back_what_somebody_declined() {
    let (world, name, message) = gated().await;
    world.deliver(press(&message, "deny")).await;
    let ended = world.ended(&name).await;
    assert_eq!((&ended["outcome"], &ended["error"]), (&json!("failed"), &json!("Declined")), "{ended:#}");
    assert!(repository(&world.state().await, "acme/shop")["branches"][BRANCH].is_null());
    world.finish().await;
}

/// Commits a change of an agent's without asking anybody first.
const PAST_THE_GATE: &str = r#"
name: Past the gate
triggers:
  - slack.command: { text: "push {task_id}" }
inputs: { task_id: string }
steps:
  - { name: fetch, plugin: task_management, action: get_task, inputs: { task_id: "${task_id}" }, outputs: { task: task } }
  - name: implement
    type: agent
    agent: development
    inputs: { task: "${task}", branch: "feature/${task_id}" }
    outputs: { implementation: implementation }
  - name: push
    plugin: version_control
    action: commit_changes
    inputs: { branch: "feature/${task_id}", implementation: "${implementation}" }
"#;

#[tokio::test]
async fn a_workflow_that_asks_nobody_does_not_get_past_the_gate() {
    let world = WorldFile::quick_shop()
        .edit(|world| world["configuration"]["projects"][0]["ci_gate"] = json!("always"))
        .with_file("workflows/past.yaml", PAST_THE_GATE)
        .start()
        .await;
    let command = json!({"kind": "slack-command", "text": "push SHOP-1", "by": "ada", "channel": "shop-dev"});
    let name = world.start_by(command).await;
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "failed", "{ended:#}");
    assert!(ended["cause"].to_string().contains("nobody approved this change"), "{ended:#}");
    assert!(repository(&world.state().await, "acme/shop")["branches"][BRANCH].is_null());
    world.finish().await;
}

/// Commits a text that the ticket's starter gives.
const COMMIT: &str = r#"
name: Commit
triggers:
  - slack.command: { text: "commit {text}" }
inputs: { text: string }
steps:
  - name: push
    plugin: version_control
    action: commit_changes
    inputs: { branch: feature/x, message: Change, files: [{ path: notes.txt, content: "one\ntwo ${text}" }] }
"#;

#[tokio::test]
async fn a_secret_is_not_committed_and_not_repeated() {
    let world = WorldFile::quick_shop().with_file("workflows/commit.yaml", COMMIT).start().await;
    let secret = format!("ghp_{}", "aB3dE6gH9j".repeat(4).get(..36).unwrap());
    let command = json!({"kind": "slack-command", "text": format!("commit {secret}"), "by": "ada", "channel": "shop-dev"});
    let name = world.start_by(command).await;
    let ended = world.ended(&name).await;
    let cause = ended["cause"].to_string();
    assert!(cause.contains("`notes.txt`, line 2: a GitHub token") && !cause.contains(&secret), "{ended:#}");
    assert_eq!(world.requests("github", "POST", "/git/commits").await, Vec::<Value>::new());
    world.finish().await;
}
