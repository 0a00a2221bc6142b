//! Approvals wherever the team is: one decision, whoever gives it and wherever.

use crate::evidence::messages;
use crate::money::{library, say};
use crate::support::{EXECUTION_LIMIT, World, eventually};
use serde_json::{Value, json};

/// Asks, and tells the team what was answered.
fn ship(more: &str) -> String {
    format!(
        r#"
name: Ship
triggers:
  - slack.command: {{ text: "ship {{task_id}}" }}
inputs: {{ task_id: string }}
steps:
  - name: ask
    type: approval
    question: "Ship ${{task_id}}?"
    details: "One greeting changes."
    approvers: [desk]
    timeout: 1h
    outputs: {{ by: answer.by, via: answer.via }}
{more}  - name: tell
    plugin: communication
    action: send_message
    inputs: {{ message: "shipped by ${{answer.by}}" }}
"#
    )
}

/// The library, whose desk is asked; an execution that asks, and the message with the buttons.
async fn asked(more: &str) -> (World, String, Value) {
    let world = library(json!({}))
        .edit(|document| {
            let configuration = &mut document["configuration"];
            configuration["groups"]["desk"] = json!(["noor", "iris", "omar"]);
            // One person of two accounts, and somebody whom nobody knows.
            let users = document["slack"]["users"].as_array_mut().unwrap();
            users.push(json!({"id": "U0LENA", "name": "lena", "real_name": "Lena"}));
            users.push(json!({"id": "U0IRIS2", "name": "iris2", "real_name": "Iris"}));
            let account = json!({"name": "iris", "account_id": "557058:iris", "display_name": "Iris"});
            document["jira"]["users"].as_array_mut().unwrap().push(account);
            for user in document["configuration"]["users"].as_array_mut().unwrap() {
                if user["name"] == "iris" {
                    user["jira"] = json!("557058:iris");
                }
            }
        })
        .with_file("workflows/ship.yaml", &ship(more))
        .start()
        .await;
    let name = world.start_by(say("ship LIB-7", "noor")).await;
    let message = question(&world, &name).await;
    (world, name, message)
}

/// The newest message that asks for an execution, once it waits.
async fn question(world: &World, name: &str) -> Value {
    eventually("the question", EXECUTION_LIMIT, async || {
        let state = world.state().await;
        let all = state["slack"]["messages"].as_array().unwrap();
        let asks = |message: &&Value| {
            let text = message.to_string();
            text.contains("Ship LIB-7?") && text.contains("\"approve\"") && text.contains(name)
        };
        let message = all.iter().rev().find(asks).cloned();
        message
            .filter(|_| true)
            .zip(Some(world.execution(name).await))
            .and_then(|(message, execution)| (execution["outcome"] == "waiting").then_some(message))
    })
    .await
}

fn press(message: &Value, action: &str, by: &str) -> Value {
    json!({"kind": "slack-button", "action_id": action, "message": message["ts"], "by": by, "channel": "reading-room"})
}

fn comment(text: &str, by: &str) -> Value {
    json!({"kind": "jira-comment", "ticket": "LIB-7", "text": format!("[~accountid:557058:quill] {text}"), "by": by})
}

fn result(answer: &Value) -> &str {
    answer["body"]["results"][0]["result"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn two_people_must_approve_and_not_the_one_who_asked() {
    let (world, name, message) = asked("    not_by: requester\n    count: 2\n").await;
    assert!(message.to_string().contains("2 people must approve"), "{message}");
    for (by, why) in [("noor", "asked for the work"), ("lena", "may not answer")] {
        let refused = world.deliver(press(&message, "approve", by)).await;
        assert_eq!(result(&refused), "refused", "{refused}");
        assert!(refused.to_string().contains(why), "{refused}");
    }
    let first = world.deliver(press(&message, "approve", "iris")).await;
    assert_eq!(result(&first), "recorded", "{first}");
    let shows = async || {
        let shown = world.state().await["slack"]["messages"].to_string();
        (shown.contains("approved by 1 of 2 (iris)") && shown.contains("One greeting changes.")).then_some(())
    };
    eventually("the message that shows one vote", EXECUTION_LIMIT, shows).await;
    // The same person once more, by another account.
    let again = world.deliver(comment("approve", "iris")).await;
    assert_eq!(result(&again), "recorded", "{again}");
    assert_eq!(world.execution(&name).await["outcome"], "waiting", "one person is not two");
    let (code, printed, errors) = world.command(&["approve", "LIB-7", "--as", "omar"]).await;
    assert_eq!((code, printed.as_str()), (0, "approved: Ship LIB-7?\n"), "{errors}");
    assert_eq!(world.ended(&name).await["outcome"], "succeeded");
    world.told(&name).await;
    let state = world.state().await;
    let shown = messages(&state, "#reading-room").join("\n");
    assert!(
        shown.contains("shipped by iris and omar") && shown.contains("Approved by iris and omar"),
        "{shown}"
    );
    assert!(!state["slack"]["messages"].to_string().contains("\"approve\""), "the buttons stay");
    world.finish().await;
}

#[tokio::test]
async fn of_answers_that_race_from_three_places_one_counts_and_the_others_are_told() {
    let (world, name, message) = asked("").await;
    let arguments = ["deny", "LIB-7", "--as", "omar"];
    let (button, command, line) = tokio::join!(
        world.deliver(press(&message, "approve", "iris")),
        world.deliver(say("deny LIB-7", "noor")),
        world.command(&arguments),
    );
    let (code, printed, errors) = line;
    let won = [
        result(&button) == "recorded",
        command.to_string().contains("declined: "),
        code == 0 && printed.contains("denied: "),
    ];
    let seen = format!("{button} {command} {printed}{errors}");
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{seen}");
    let winner = ["iris", "noor", "omar"][won.iter().position(|won| *won).unwrap()];
    // Whoever was later is told who was faster, or, where the work had ended by then, that nothing is asked any more.
    for (lost, told) in won.iter().zip([button.to_string(), command.to_string(), errors]) {
        let says_who = told.contains(&format!("{winner} already answered"));
        let is_over = told.contains("nothing") || told.contains("asks nothing") || told.contains("recorded");
        assert!(*lost || says_who || is_over, "{told}");
    }
    let expected = if winner == "iris" { "succeeded" } else { "failed" };
    assert_eq!(world.ended(&name).await["outcome"], expected);
    world.told(&name).await;
    let shown = messages(&world.state().await, "#reading-room").join("\n");
    let verdict = if winner == "iris" { "Approved by" } else { "Declined by" };
    assert!(shown.contains(&format!("{verdict} {winner}")), "{shown}");
    world.finish().await;
}

#[tokio::test]
async fn an_answer_to_what_has_been_replaced_is_refused_and_shown_the_new_question() {
    let (world, name, old) = asked("").await;
    assert!(world.deliver(say("stop LIB-7", "noor")).await.to_string().contains("is being stopped"));
    assert_eq!(world.ended(&name).await["outcome"], "stopped");
    let stale = world.deliver(press(&old, "approve", "iris")).await;
    assert!(result(&stale) == "refused" && stale.to_string().contains("nothing is waiting"), "{stale}");
    let (code, _, errors) = world.command(&["redrive", &name, "--as", "noor", "--detach"]).await;
    assert_eq!(code, 0, "{errors}");
    let again = eventually("the redrive", EXECUTION_LIMIT, async || {
        let all = world.executions().await;
        all.iter().filter_map(|one| one["execution"].as_str()).find(|one| *one != name).map(str::to_owned)
    })
    .await;
    let new = question(&world, &again).await;
    let stale = world.deliver(press(&old, "approve", "iris")).await;
    assert_eq!(result(&stale), "refused", "{stale}");
    let said = stale.to_string();
    assert!(said.contains("was replaced since") && said.contains("One greeting changes."), "{said}");
    assert_eq!(world.execution(&again).await["outcome"], "waiting", "a stale answer decides nothing");
    let pressed = world.deliver(press(&new, "approve", "iris")).await;
    assert_eq!(result(&pressed), "recorded", "{pressed}");
    assert_eq!(world.ended(&again).await["outcome"], "succeeded");
    world.finish().await;
}
