//! Waiting executions: for people, for outside events, for money. They cost nothing in the meantime, and continue when it comes.

use crate::support::{EXECUTION_LIMIT, World, WorldFile, eventually};
use serde_json::{Value, json};

/// Asks, and posts the answer to the team.
const SHIP: &str = r#"
name: Ship
triggers:
  - slack.command: { text: "ship {task_id}" }
inputs: { task_id: string }
steps:
  - name: make_branch
    plugin: version_control
    action: create_branch
    inputs: { branch: "ship/${task_id}" }
  - name: ask
    type: approval
    question: "Ship ${task_id}?"
    details: "The branch is made."
    approvers: [ada]
    timeout: 1h
    outputs: { by: answer.by, via: answer.via }
    on_error: rollback
  - name: tell
    plugin: communication
    action: send_message
    inputs: { message: "shipped by ${answer.by} through ${answer.via}" }
"#;

async fn asked() -> (World, String, Value) {
    let world = WorldFile::quick_shop().with_file("workflows/ship.yaml", SHIP).start().await;
    let command = json!({"kind": "slack-command", "text": "ship SHOP-1", "by": "ada", "channel": "shop-dev"});
    let name = world.start_by(command).await;
    let message = eventually("the question", EXECUTION_LIMIT, async || {
        messages(&world.state().await).into_iter().find(|message| {
            message.to_string().contains("Ship SHOP-1?") && message.to_string().contains("approve")
        })
    });
    let message = message.await;
    waiting(&world, &name).await;
    (world, name, message)
}

async fn waiting(world: &World, name: &str) -> Value {
    eventually("the execution that waits", EXECUTION_LIMIT, async || {
        let execution = world.execution(name).await;
        (execution["outcome"] == "waiting").then_some(execution)
    })
    .await
}

fn messages(state: &Value) -> Vec<Value> {
    state["slack"]["messages"].as_array().unwrap().clone()
}

fn press(message: &Value, action: &str, by: &str) -> Value {
    json!({"kind": "slack-button", "action_id": action, "message": message["ts"], "by": by, "channel": "shop-dev"})
}

#[tokio::test]
async fn a_button_lets_work_go_on_once() {
    let (world, name, message) = asked().await;
    let stranger = world.deliver(press(&message, "approve", "grace")).await;
    assert_eq!(stranger["body"]["results"][0]["result"], "refused", "{stranger}");
    assert_eq!(world.execution(&name).await["outcome"], "waiting");
    let pressed = world.deliver(press(&message, "approve", "ada")).await;
    assert_eq!(pressed["body"]["results"][0]["result"], "recorded", "{pressed}");
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    world.told(&name).await;
    let text = eventually("the verdict in place of the buttons", EXECUTION_LIMIT, async || {
        let text = messages(&world.state().await).iter().map(Value::to_string).collect::<String>();
        (text.contains("Approved by ada") && !text.contains("\"approve\"")).then_some(text)
    })
    .await;
    assert!(text.contains("shipped by ada through slack"), "{text}");
    world.finish().await;
}

#[tokio::test]
async fn a_no_rolls_back_and_a_restart_forgets_no_question() {
    let (mut world, name, message) = asked().await;
    world.kill().await;
    world.serve().await;
    let pressed = world.deliver(press(&message, "deny", "ada")).await;
    assert_eq!(pressed["body"]["results"][0]["result"], "recorded", "{pressed}");
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "rolled_back", "{ended:#}");
    let state = world.state().await;
    assert!(!state["github"].to_string().contains("ship/SHOP-1"), "the branch stays");
    assert!(world.told(&name).await.contains("ada declined"));
    world.finish().await;
}

#[tokio::test]
async fn a_person_stops_work() {
    let (world, name, _) = asked().await;
    let stop = json!({"kind": "slack-command", "text": "stop SHOP-1", "by": "ada", "channel": "shop-dev"});
    let answer = world.deliver(stop).await;
    assert!(answer.to_string().contains("is being stopped"), "{answer}");
    let ended = world.ended(&name).await;
    assert_eq!(
        (&ended["outcome"], &ended["cause"]),
        (&json!("stopped"), &json!("ada stopped it.")),
        "{ended:#}"
    );
    let undo = json!({"kind": "slack-command", "text": "undo SHOP-1", "by": "ada", "channel": "shop-dev"});
    let shown = world.deliver(undo).await;
    assert!(shown.to_string().contains("create branch"), "{shown}");
    assert!(world.state().await["github"].to_string().contains("ship/SHOP-1"), "it was only shown");
    let value = shown["body"]["blocks"].as_array().unwrap().last().unwrap()["elements"][0]["value"].clone();
    let press = json!({"kind": "slack-answer-button", "action_id": "undo", "value": value, "by": "ada", "channel": "shop-dev"});
    let answer = world.deliver(press).await;
    assert_eq!(answer["body"]["results"][0]["result"], "recorded", "{answer}");
    let gone = async || (!world.state().await["github"].to_string().contains("ship/SHOP-1")).then_some(());
    eventually("the branch that is taken back", EXECUTION_LIMIT, gone).await;
    world.finish().await;
}

#[tokio::test]
async fn a_raised_limit_lets_work_go_on() {
    let edit = |document: &mut Value| document["configuration"]["budgets"]["per_task_usd"] = json!(0.01);
    let mut world = WorldFile::quick_shop().edit(edit).start().await;
    let name = world.start_by("jira-label").await;
    let parked = waiting(&world, &name).await;
    assert!(
        parked["question"].as_str().unwrap().starts_with("the limit of task SHOP-1 is $0.0100"),
        "{parked:#}"
    );
    world.kill().await;
    let file = world.folder().join("ticketsmith.yaml");
    let configuration = std::fs::read_to_string(&file).unwrap();
    assert!(configuration.contains("0.01"), "{configuration}");
    std::fs::write(&file, configuration.replace("0.01", "10")).unwrap();
    world.serve().await;
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    assert!(world.told(&name).await.contains("is done"));
    world.finish().await;
}

#[tokio::test]
async fn an_exhausted_window_parks_work_and_fails_nothing() {
    let world = WorldFile::quick_shop().start().await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let reset = (now.as_secs() + 3_000).to_string();
    let headers = json!({"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset});
    let body = json!({"message": "API rate limit exceeded for this account."});
    let fault = json!({"service": "github", "path": "/git/ref/heads/main$", "status": 403, "headers": headers, "body": body});
    world.add_faults(&fault).await;
    let name = world.start_by("jira-label").await;
    let parked = waiting(&world, &name).await;
    assert!(parked["question"].as_str().unwrap().contains("continues by itself at"), "{parked:#}");
    // The branch under work does not exist yet; then the base branch is read.
    let asked: Vec<Value> =
        world.requests("github", "GET", "").await.iter().map(|entry| entry["status"].clone()).collect();
    assert_eq!(asked, [404, 403], "nobody asks a provider that takes no calls");
    world.finish().await;
}
