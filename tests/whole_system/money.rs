//! Decisions about money: a run that a limit stopped asks people, and does what they say.

use crate::evidence::{branches, changed_files, messages, pull_request, repository, ticket};
use crate::support::{EXECUTION_LIMIT, World, WorldFile, eventually};
use serde_json::{Value, json};

const LIBRARY: &str = include_str!("worlds/library.yaml");

/// The library with a person of each kind, and a second turn that costs 30 cents.
pub(crate) fn library(budgets: Value) -> WorldFile {
    WorldFile::parse(LIBRARY).quick().edit(|document| {
        for (name, role) in [("iris", "approver"), ("omar", "admin")] {
            let id = format!("U0{}", name.to_uppercase());
            let slack = &mut document["slack"]["users"];
            slack.as_array_mut().unwrap().push(json!({"id": id, "name": name, "real_name": name}));
            let users = document["configuration"]["users"].as_array_mut().unwrap();
            users.push(json!({"name": name, "slack": id, "roles": [role]}));
        }
        document["claude"]["replies"][1]["usage"]["output_tokens"] = json!(15_000);
        document["configuration"]["budgets"] = budgets;
    })
}

async fn parked(world: &World, name: &str) -> Value {
    eventually("the execution that waits for money", EXECUTION_LIMIT, async || {
        let execution = world.execution(name).await;
        (execution["outcome"] == "waiting").then_some(execution)
    })
    .await
}

/// The message that asks for money, once it is there.
async fn asking(world: &World) -> Value {
    eventually("the message that asks", EXECUTION_LIMIT, async || {
        let state = world.state().await;
        let all = state["slack"]["messages"].as_array().unwrap();
        all.iter().rev().find(|message| message.to_string().contains("Finish as a draft")).cloned()
    })
    .await
}

fn press(message: &Value, action: &str, by: &str) -> Value {
    json!({"kind": "slack-button", "action_id": action, "message": message["ts"], "by": by, "channel": "reading-room"})
}

pub(crate) fn say(text: &str, by: &str) -> Value {
    json!({"kind": "slack-command", "text": text, "by": by, "channel": "reading-room"})
}

#[tokio::test]
async fn dollars_of_an_approver_let_a_run_go_on_once() {
    let world = library(json!({"per_task_usd": 0.5})).start().await;
    let name = world.start_by("wish").await;
    let question = parked(&world, &name).await["question"].as_str().unwrap().to_owned();
    assert!(question.starts_with("the limit of task LIB-7 is $0.5000"), "{question}");
    assert!(question.contains("in 2 turns, 2 files changed: Change the greeting."), "{question}");
    let message = asking(&world).await;
    assert!(message.to_string().contains("Add $5") && message.to_string().contains("Roll back"), "{message}");

    // People who spend money do not grant it.
    let refused = world.deliver(press(&message, "budget +5", "noor")).await;
    assert_eq!(refused["body"]["results"][0]["result"], "refused", "{refused}");
    assert!(
        world.deliver(say("budget LIB-7 +5", "noor")).await.to_string().contains("approver or admin may")
    );
    assert_eq!(world.execution(&name).await["outcome"], "waiting");
    let typo = world.deliver(say("budget LIB-7 5", "iris")).await;
    assert!(typo.to_string().contains("`+5` for five more dollars"), "{typo}");

    let pressed = world.deliver(press(&message, "budget +5", "iris")).await;
    assert_eq!(pressed["body"]["results"][0]["result"], "recorded", "{pressed}");
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    world.told(&name).await;
    let state = world.state().await;
    let shown = messages(&state, "#reading-room").join("\n");
    assert!(shown.contains("iris added $5.0000, and the work continues"), "{shown}");
    assert!(!state["slack"].to_string().contains("Finish as a draft"), "the buttons stay");
    // Nothing asks anymore.
    let again = world.deliver(say("budget LIB-7 +5", "iris")).await;
    assert!(again.to_string().contains("no limit stops the work"), "{again}");
    let costs = world.deliver(say("costs LIB-7", "noor")).await;
    assert!(costs.to_string().contains("of $5.5000"), "{costs}");
    world.finish().await;
}

#[tokio::test]
async fn a_run_ends_with_what_is_done_as_a_draft_that_stays_one() {
    let world = library(json!({"per_task_usd": 0.5}))
        .edit(|document| {
            let calls = document["claude"]["replies"][1]["content"].as_array_mut().unwrap();
            let items = json!([
                {"text": "Change the greeting", "status": "done"},
                {"text": "Mention names in the rules", "status": "open"},
            ]);
            calls.push(json!({"tool_use": {"name": "update_plan", "input": {"items": items}}}));
        })
        .start()
        .await;
    let name = world.start_by("wish").await;
    let question = parked(&world, &name).await["question"].as_str().unwrap().to_owned();
    assert!(question.contains("Left: Mention names in the rules."), "{question}");
    let said = world.deliver(say("budget LIB-7 draft", "noor")).await;
    assert!(said.to_string().contains("ends with a draft of what is done"), "{said}");
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    world.told(&name).await;
    let state = world.state().await;
    let pull_request = pull_request(repository(&state, "athenaeum/front-desk"), "feature/LIB-7");
    assert_eq!(pull_request["draft"], true, "{pull_request:#}");
    assert_eq!(changed_files(pull_request), ["desk/greeting.txt", "desk/names.txt"]);
    let body = pull_request["body"].as_str().unwrap();
    assert!(
        body.contains("noor chose to finish here") && body.contains("- Mention names in the rules"),
        "{body}"
    );
    assert_ne!(ticket(&state, "LIB-7")["status"], "Peer Check", "nobody is asked to review it");
    let said = messages(&state, "#reading-room").join("\n");
    assert!(said.contains("needs a person"), "{said}");
    world.finish().await;
}

/// Changes something outside before the model is asked.
const LATE: &str = r#"
name: Late
triggers:
  - slack.command: { text: "late {task_id}" }
inputs: { task_id: string }
steps:
  - name: make_branch
    plugin: version_control
    action: create_branch
    inputs: { branch: "late/${task_id}" }
  - name: fetch_task
    plugin: task_management
    action: get_task
    inputs: { task_id: "${task_id}" }
    outputs: { task: task }
  - name: implement
    type: agent
    agent: development
    inputs: { task: "${task}", repository: "${task.repository_url}", branch: "late/${task_id}" }
"#;

#[tokio::test]
async fn a_run_is_taken_back_where_people_add_nothing() {
    let world = library(json!({"per_task_usd": 0.01})).with_file("workflows/late.yaml", LATE).start().await;
    let name = world.start_by(say("late LIB-7", "noor")).await;
    parked(&world, &name).await;
    let state = world.state().await;
    assert!(branches(repository(&state, "athenaeum/front-desk")).contains(&"late/LIB-7"));
    let stranger = world.deliver(say("budget LIB-7 rollback", "iris")).await;
    assert!(stranger.to_string().contains("may not steer work on LIB"), "{stranger}");
    let (code, printed, errors) = world.command(&["budget", "rollback", "LIB-7", "--as", "noor"]).await;
    assert!(code == 0 && printed.contains("had it stopped and taken back"), "{printed}{errors}");
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "stopped", "{ended:#}");
    let gone = async || {
        let state = world.state().await;
        (branches(repository(&state, "athenaeum/front-desk")) == ["trunk"]).then_some(())
    };
    eventually("the branch that is taken back", EXECUTION_LIMIT, gone).await;
    world.finish().await;
}

#[tokio::test]
async fn months_of_projects_and_workflows_are_limits_too() {
    for (limit, whose) in [
        ("per_project_month_usd", "the limit of project LIB in "),
        ("per_workflow_month_usd", "the limit of workflow development in "),
    ] {
        let world = library(json!({limit: 0.5})).start().await;
        let name = world.start_by("wish").await;
        let question = parked(&world, &name).await["question"].as_str().unwrap().to_owned();
        assert!(question.starts_with(whose), "{question}");
        // A month is shared, so that its limit is an admin's.
        let (code, _, errors) = world.command(&["budget", "add", "LIB-7", "5", "--as", "iris"]).await;
        assert!(code == 1 && errors.contains("which others share"), "{errors}");
        let (code, printed, errors) = world.command(&["budget", "add", "LIB-7", "5", "--as", "omar"]).await;
        assert!(code == 0 && printed.contains("you added $5.0000"), "{printed}{errors}");
        assert_eq!(world.ended(&name).await["outcome"], "succeeded", "{limit}");
        world.told(&name).await;
        let (code, _, errors) = world.command(&["budget", "add", &name, "5", "--as", "omar"]).await;
        assert!(code == 1 && errors.contains("no limit stops"), "{errors}");
        let (code, _, errors) = world.command(&["budget", "add", &name, "five", "--as", "omar"]).await;
        assert!(code == 2 && errors.contains("accepted: dollars such as 5 or 2.50"), "{errors}");
        world.finish().await;
    }
}

#[tokio::test]
async fn past_runs_say_what_the_next_one_costs() {
    let world = WorldFile::parse(LIBRARY)
        .quick()
        .edit(|document| {
            for reply in document["claude"]["replies"].as_array_mut().unwrap() {
                reply["expect"] = json!({});
            }
            let replies = document["claude"]["replies"].clone();
            let again = (0..4).flat_map(|_| replies.as_array().unwrap().clone()).collect::<Vec<_>>();
            document["claude"]["replies"] = json!(again);
            let tickets = document["jira"]["tickets"].as_array_mut().unwrap();
            for number in [8, 9, 10] {
                tickets.push(json!({"key": format!("LIB-{number}"), "summary": "Greet them, too",
                                    "description": "As before.", "reporter": "noor"}));
            }
        })
        .start()
        .await;
    for number in [7, 8, 9] {
        let name = world.start_by(say(&format!("run LIB-{number}"), "noor")).await;
        assert_eq!(world.ended(&name).await["outcome"], "succeeded");
        let told = world.told(&name).await;
        assert!(!told.contains("past runs"), "{told}");
    }
    let begun = world.deliver(say("run LIB-10", "noor")).await;
    assert!(begun.to_string().contains("half of 3 past runs cost up to $0.0246"), "{begun}");
    let (code, printed, errors) = world.command(&["status", "--json"]).await;
    assert_eq!(code, 0, "{printed}{errors}");
    let name = serde_json::from_str::<Value>(&printed).unwrap()["executions"][0]["execution"].clone();
    assert_eq!(world.ended(name.as_str().unwrap()).await["outcome"], "succeeded");
    world.told(name.as_str().unwrap()).await;

    // The spending, by step and by merged change.
    let state = world.state().await;
    let merged = pull_request(repository(&state, "athenaeum/front-desk"), "feature/LIB-7")["number"].clone();
    let close = json!({"kind": "github-close", "repository": "athenaeum/front-desk", "pull_request": merged,
                       "merge": true, "by": "noor"});
    world.deliver(close).await;
    let listed = async |by: &str| {
        let (code, printed, errors) = world.command(&["cost", "list", "--by", by, "--output", "jsonl"]).await;
        assert_eq!(code, 0, "{errors}");
        let rows = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.map(|row| (row["name"].clone(), row["cost"]["known_micro_usd"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(listed("step").await, [(json!("development/ImplementThink"), json!(4 * 24_590))]);
    let name = format!("athenaeum/front-desk#{merged}");
    assert_eq!(listed("pull_request").await, [(json!(name), json!(24_590))]);
    world.finish().await;
}
