//! Approvals everywhere that the team is: one decision, no matter who makes it or where.

use crate::api::{Api, answered};
use crate::evidence::messages;
use crate::money::{library, say};
use crate::support::{EXECUTION_LIMIT, World, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Asks, and posts the answer to the team.
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
    asked_in(more, &[]).await
}

/// The same, for people with direct messages about `notices`.
async fn asked_in(more: &str, notices: &[&str]) -> (World, String, Value) {
    let world = library(json!({}))
        .edit(|document| {
            let configuration = &mut document["configuration"];
            configuration["notify"] = json!(notices);
            configuration["groups"]["desk"] = json!(["noor", "iris", "omar"]);
            // One person with two accounts, and an unknown person.
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
    // The same person again, with another account.
    let again = world.deliver(comment("approve", "iris")).await;
    assert_eq!(result(&again), "recorded", "{again}");
    assert_eq!(world.execution(&name).await["outcome"], "waiting", "one person is not two");
    let (code, printed, errors) = world.command(&["approve", "LIB-7", "--as", "omar"]).await;
    assert_eq!((code, printed.as_str()), (0, "approved: Ship LIB-7?\n"), "{errors}");
    assert_eq!(world.ended(&name).await["outcome"], "succeeded");
    world.told(&name).await;
    let shown = without_buttons(&world, "Approved by iris and omar, via slack and api at ").await;
    assert!(shown.contains("shipped by iris and omar"), "{shown}");
    // A repeated yes is acknowledged as before; only a different answer is told who decided.
    let again = world.deliver(press(&message, "approve", "iris")).await;
    assert_eq!(result(&again), "recorded", "{again}");
    let late = world.deliver(press(&message, "deny", "iris")).await;
    assert!(late.to_string().contains("iris and omar already answered"), "{late}");
    world.finish().await;
}

/// Waits until the channel shows a verdict and no buttons, and returns its text.
async fn without_buttons(world: &World, verdict: &str) -> String {
    eventually("the verdict in place of the buttons", EXECUTION_LIMIT, async || {
        let state = world.state().await;
        let shown = messages(&state, "#reading-room").join("\n");
        let has_buttons = state["slack"]["messages"].to_string().contains("\"approve\"");
        (shown.contains(verdict) && !has_buttons).then_some(shown)
    })
    .await
}

/// How often people were told who was faster after they pressed a button or commented.
async fn told_who_was_faster(world: &World) -> [usize; 2] {
    let state = world.state().await;
    let count = |value: &Value| {
        let all = value.as_array().into_iter().flatten();
        all.filter(|one| one.to_string().contains(" already answered ")).count()
    };
    let ticket = state["jira"].as_array().unwrap().iter().find(|ticket| ticket["key"] == "LIB-7").unwrap();
    [count(&state["slack"]["responses"]), count(&ticket["comments"])]
}

#[tokio::test]
async fn of_a_button_a_comment_and_a_request_that_race_one_decides_and_both_others_are_told_once() {
    let (world, name, message) = asked_in("", &["approval"]).await;
    let everybody = ["@iris", "@noor", "@omar"];
    let direct = async |text: &str| {
        let state = world.state().await;
        everybody.iter().filter(|who| messages(&state, who).iter().any(|said| said.contains(text))).count()
    };
    eventually("the question to each of them", EXECUTION_LIMIT, async || {
        (direct("waits for an answer").await == 3).then_some(())
    })
    .await;
    let api = Api::of(&world);
    let open = api.list("/approvals").await;
    let path = format!("/approvals/{}/answer", open[0]["id"].as_str().unwrap());
    let no = json!({ "approved": false });
    let (button, said, request) = tokio::join!(
        world.deliver(press(&message, "approve", "iris")),
        world.deliver(comment("deny", "noor")),
        answered(api.request_by("omar", Method::POST, &path).json(&no)),
    );
    let won = [result(&button) == "recorded", result(&said) == "recorded", request.status == StatusCode::OK];
    let seen = format!("{button} {said} {}", request.body);
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "one decision: {seen}");
    let winner = won.iter().position(|won| *won).unwrap();
    let (who, verdict) = [("iris", "Approved"), ("noor", "Declined"), ("omar", "Declined")][winner];
    let faster = format!("{who} already answered");
    assert!(won[0] || button.to_string().contains(&faster), "{seen}");
    assert!(won[1] || said.to_string().contains(&faster), "{seen}");
    let refused = request.body.to_string();
    assert!(
        won[2]
            || (request.status == StatusCode::CONFLICT
                && refused.contains(&format!("{who} has already answered"))),
        "{seen}"
    );
    let expected = if winner == 0 { "succeeded" } else { "failed" };
    assert_eq!(world.ended(&name).await["outcome"], expected);
    world.told(&name).await;

    // Each place says who decided, and both losers learn it once, where they answered.
    let verdict = format!("{verdict} by {who}, via {}", ["slack", "jira", "api"][winner]);
    without_buttons(&world, &verdict).await;
    eventually("the verdict in what each was told", EXECUTION_LIMIT, async || {
        (direct(&verdict).await == 3).then_some(())
    })
    .await;
    let wanted = [usize::from(!won[0]), usize::from(!won[1])];
    eventually("what the losers are told", EXECUTION_LIMIT, async || {
        (told_who_was_faster(&world).await == wanted).then_some(())
    })
    .await;
    // When it is sent again, nothing is decided again, and the winner is not called late.
    if won[0] {
        let again = world.deliver(press(&message, "approve", "iris")).await;
        assert_eq!(result(&again), "recorded", "{again}");
    }
    assert_eq!(world.executions().await.len(), 1);
    assert_eq!(told_who_was_faster(&world).await, wanted);
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
    // Late answers are told who was faster, even if the work has ended by then.
    for (won, told) in won.iter().zip([button.to_string(), command.to_string(), errors]) {
        assert!(*won || told.contains(&format!("{winner} already answered")), "{told}");
    }
    let expected = if winner == "iris" { "succeeded" } else { "failed" };
    assert_eq!(world.ended(&name).await["outcome"], expected);
    world.told(&name).await;
    let verdict = if winner == "iris" { "Approved by" } else { "Declined by" };
    without_buttons(&world, &format!("{verdict} {winner}")).await;
    world.finish().await;
}

#[tokio::test]
async fn an_answer_to_what_has_been_replaced_is_refused_and_shown_the_new_question() {
    let (world, name, old) = asked("").await;
    assert!(world.deliver(say("stop LIB-7", "noor")).await.to_string().contains("is being stopped"));
    assert_eq!(world.ended(&name).await["outcome"], "stopped");
    let stale = world.deliver(press(&old, "approve", "iris")).await;
    let why = "is closed: noor stopped the work before anybody answered";
    assert!(result(&stale) == "refused" && stale.to_string().contains(why), "{stale}");
    without_buttons(&world, "noor stopped the work before anybody answered").await;
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
    assert!(said.contains("has been replaced") && said.contains("One greeting changes."), "{said}");
    assert_eq!(world.execution(&again).await["outcome"], "waiting", "a stale answer decides nothing");
    let pressed = world.deliver(press(&new, "approve", "iris")).await;
    assert_eq!(result(&pressed), "recorded", "{pressed}");
    assert_eq!(world.ended(&again).await["outcome"], "succeeded");
    world.finish().await;
}
