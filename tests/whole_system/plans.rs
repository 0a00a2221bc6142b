//! Requirements become a plan, people approve it, and it becomes tickets: once, however often it is planned. `plan_kills.rs` kills it.

use crate::crash::RECOVERY_LIMIT;
use crate::evidence::ticket;
use crate::support::{EXECUTION_LIMIT, World, WorldFile, eventually};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The beginning of the planning agent's prompt.
const AGENT: &str = "You are the planning agent of Ticketsmith";
const EPIC: &str = "MOON-1";

pub(crate) fn task(key: &str, title: &str, depends_on: &[&str]) -> Value {
    json!({
        "key": key,
        "title": title,
        "description": format!("What {key} is."),
        "acceptance_criteria": [format!("{title} can be seen.")],
        "depends_on": depends_on,
        "size": "small",
    })
}

pub(crate) fn plan(tasks: &[Value]) -> Value {
    json!({"title": "A base on the moon", "summary": "People can stay.", "tasks": tasks})
}

/// With this call, a planning agent ends.
pub(crate) static AGENT_ENDS: LazyLock<Value> = LazyLock::new(
    || json!({"tool_use": {"name": "finish", "input": {"outcome": "done", "summary": "Planned."}}}),
);

/// A reply for each proposed plan, then the end of the session.
pub(crate) fn proposals(plans: &[Value]) -> Value {
    let mut turns: Vec<Value> = plans
        .iter()
        .map(|plan| json!({"content": [{"tool_use": {"name": "propose_plan", "input": plan}}]}))
        .collect();
    turns.push(json!({"content": [AGENT_ENDS.clone()]}));
    json!({"for": AGENT, "times": 1, "turns": turns})
}

/// A world that no code knows: another project, with an epic, its own people, and one session for each list of proposals.
fn moon(sessions: &[Value]) -> WorldFile {
    WorldFile::quick_shop().edit(|document| {
        let jira = &mut document["jira"];
        jira["projects"][0]["key"] = json!("MOON");
        jira["projects"][0]["name"] = json!("Moon");
        jira["tickets"] = json!([
            {"key": EPIC, "type": "Epic", "summary": "A base on the moon", "reporter": "ada",
             "description": "People live in it for a month."},
        ]);
        document["configuration"]["projects"][0]["key"] = json!("MOON");
        document["claude"]["replies"] = json!(sessions);
    })
}

fn labelled() -> Value {
    json!({"kind": "jira-label", "ticket": EPIC, "label": "plan", "by": "ada"})
}

/// The newest question with its buttons.
async fn question(world: &World) -> Value {
    question_of(world, "").await
}

/// The question of one execution: that of an earlier one may not show yet that it is answered.
async fn question_of(world: &World, execution: &str) -> Value {
    eventually("the question about the plan", RECOVERY_LIMIT, async || {
        let state = world.state().await;
        let messages = state["slack"]["messages"].as_array().unwrap().clone();
        let asks = |text: String| text.contains("\"approve\"") && text.contains(execution);
        messages.into_iter().rev().find(|message| asks(message.to_string()))
    })
    .await
}

pub(crate) async fn press(world: &World, message: &Value, action: &str, by: &str) -> Value {
    let button = json!({
        "kind": "slack-button", "action_id": action, "message": message["ts"], "by": by, "channel": "shop-dev",
    });
    world.deliver(button).await
}

/// Plans the epic again, by its name in a chat, and approves the plan; the execution's name.
async fn plan_again(world: &World) -> String {
    let command =
        json!({"kind": "slack-command", "text": format!("plan {EPIC}"), "by": "ada", "channel": "shop-dev"});
    let name = world.start_by(command).await;
    press(world, &question_of(world, &name).await, "approve", "ada").await;
    let ended = world.ended_within(&name, RECOVERY_LIMIT).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    name
}

fn tickets(state: &Value) -> Vec<&Value> {
    state["jira"].as_array().unwrap().iter().filter(|ticket| ticket["key"] != EPIC).collect()
}

fn summaries(state: &Value) -> Vec<String> {
    tickets(state).iter().map(|ticket| ticket["summary"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_epic_becomes_tickets_and_planning_again_makes_none_twice() {
    let first = plan(&[task("door", "Build the door", &["dome"]), task("dome", "Build the dome", &[])]);
    let mut glass = task("dome", "Build the dome of glass", &[]);
    glass["size"] = json!("large");
    let second =
        plan(&[glass, task("door", "Build the door", &["dome"]), task("air", "Bring the air", &["door"])]);
    let world = moon(&[proposals(&[first]), proposals(&[second])]).start().await;
    let name = world.start_by(labelled()).await;
    let message = question(&world).await;
    let text = message.to_string();
    assert!(text.contains("May this plan become tickets in the epic MOON-1: 2 tasks"), "{text}");
    assert!(text.contains("Estimate for all tasks: about $"), "{text}");
    // Somebody who may not approve changes nothing.
    let stranger = press(&world, &message, "approve", "grace").await;
    assert_eq!(stranger["body"]["results"][0]["result"], "refused", "{stranger}");
    assert_eq!(summaries(&world.state().await), Vec::<String>::new(), "nothing before the approval");
    press(&world, &message, "approve", "ada").await;
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    assert_eq!(ended["output"]["tickets"], json!(["MOON-2", "MOON-3"]), "{ended:#}");
    let state = world.state().await;
    assert_eq!(summaries(&state), ["Build the dome", "Build the door"], "in the order of dependencies");
    let door = ticket(&state, "MOON-3");
    assert!(door["description"].as_str().unwrap().contains("MOON-2"), "it names what comes before: {door:#}");
    assert!(door.to_string().contains("MOON-1"), "it belongs to the epic: {door:#}");
    assert!(door["description"].as_str().unwrap().contains("Build the door can be seen."), "{door:#}");

    let linked = json!([{"id": door["links"][0]["id"], "type": "Blocks", "blocked_by": "MOON-2"}]);
    assert_eq!(door["links"], linked, "it waits for it by a link, too");

    // A person changes one of the tickets; the next plan updates the others.
    world
        .deliver(json!({"kind": "jira-comment", "ticket": "MOON-3", "text": "I do this one.", "by": "ada"}))
        .await;
    let again = plan_again(&world).await;
    let state = world.state().await;
    let expected = ["Build the dome of glass", "Build the door", "Bring the air"];
    assert_eq!(summaries(&state), expected);
    let points = |state: &Value| ticket(state, "MOON-2")["fields"]["customfield_10001"].as_f64();
    assert_eq!(points(&state), Some(8.0), "it is larger now");
    assert_eq!(ticket(&state, "MOON-4")["links"][0]["blocked_by"], "MOON-3");
    assert_eq!(ticket(&state, "MOON-3")["links"].as_array().unwrap().len(), 1, "none is made twice");

    // Undo takes back only untouched things: the new ticket goes, the changed text is restored.
    let (code, printed, errors) = world.command(&["undo", &again, "--yes", "--as", "ada"]).await;
    assert_eq!(code, 0, "{printed}{errors}");
    let undone = async || {
        let state = world.state().await;
        (summaries(&state) == ["Build the dome", "Build the door"]).then_some(state)
    };
    let state = eventually("the undo", EXECUTION_LIMIT, undone).await;
    assert_eq!(points(&state), Some(1.0));
    world.finish().await;
}

#[tokio::test]
async fn mistakes_in_a_plan_of_sixty_tasks_are_named_and_nothing_is_half_done() {
    let name = |number: usize| format!("t{number}");
    let sixty = |before: &dyn Fn(usize) -> Option<usize>| -> Vec<Value> {
        let one = |number: usize| {
            let before = before(number).map(name);
            task(&name(number), &format!("Task {number}"), &before.as_deref().into_iter().collect::<Vec<_>>())
        };
        (0..60).map(one).collect()
    };
    let cycle = sixty(&|number| Some((number + 59) % 60));
    let mut duplicates = sixty(&|_| None);
    duplicates[9]["key"] = json!("t8");
    duplicates[20]["title"] = json!("TASK  21");
    let mut orphans = sixty(&|_| None);
    orphans[5]["epic"] = json!("nowhere");
    orphans[6]["depends_on"] = json!(["t99"]);
    let mut long = sixty(&|_| None);
    long[30]["title"] = json!("x".repeat(10_000));
    let good = sixty(&|number| number.checked_sub(1));
    let plans = [cycle, duplicates, orphans, long, good].map(|tasks| plan(&tasks));
    let world = moon(&[proposals(&plans)]).start().await;
    let execution = world.start_by(labelled()).await;
    let message = question(&world).await;
    assert!(message.to_string().contains("60 tasks"), "{message}");
    let asked = world.asked_of_model().await;
    let told = asked.last().map(Value::to_string).unwrap_or_default();
    for mistake in [
        "these tasks wait for each other: `t0` → `t59`",
        "the key `t8` is given to two items",
        "`t20` and `t21` have the same title",
        "`t5` belongs to the epic `nowhere`, which the plan does not have",
        "`t6` depends on `t99`, which is not a task of the plan",
        "the title of `t30` has 10000 characters; accepted: at most 200",
    ] {
        assert!(told.contains(mistake), "{mistake}\n{told}");
    }
    assert_eq!(tickets(&world.state().await).len(), 0);
    press(&world, &message, "approve", "ada").await;
    let ended = world.ended_within(&execution, RECOVERY_LIMIT).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    assert_eq!(tickets(&world.state().await).len(), 60);
    world.finish().await;
}
