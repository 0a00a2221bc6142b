//! Answers to people in Slack.

use crate::world::{World, labelled, send, sign};
use domain::Clock;
use serde_json::{Value, json};

/// Everything that an answer shows, one section a line.
fn shown(answer: &Value) -> String {
    let blocks = answer["blocks"].as_array().unwrap();
    blocks.iter().map(|block| block["text"]["text"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn slack_checks_the_address() {
    let world = World::new().await;
    let body = r#"{"type": "url_verification", "challenge": "3eZbrw1a"}"#;
    assert_eq!(world.slack("application/json", body).await, (200, json!({"challenge": "3eZbrw1a"})));
}

#[tokio::test]
async fn run_starts_and_leaves_it_to_the_execution_to_tell_the_channel() {
    let world = World::new().await;
    let (status, answer) = world.command("U1", "run shop-7", "t1").await;
    assert_eq!(status, 200);
    assert_eq!(answer["response_type"], "ephemeral", "nobody has looked yet whether there is such a ticket");
    assert!(shown(&answer).starts_with(":eyes: *development* on *SHOP-7* begins."), "{answer}");
    let input: Value = serde_json::from_str(world.starts()[0]["input"].as_str().unwrap()).unwrap();
    assert_eq!(input["inputs"]["task_id"], "SHOP-7");
    assert_eq!(input["event"]["response_url"], "https://hooks.slack.com/commands/1");

    let (_, again) = world.command("U1", "run SHOP-7", "t2").await;
    assert_eq!(again["response_type"], "ephemeral");
    assert!(shown(&again).contains("Already working on *SHOP-7*"), "{again}");
    assert_eq!(world.starts().len(), 1);
}

#[tokio::test]
async fn a_pasted_link_is_the_ticket() {
    let world = World::new().await;
    let references = json!({
        "trackers": [
            {"instance": "jira", "patterns": [
                "{PROJECT}-{number}", "{site}acme.atlassian.net/browse/{PROJECT}-{number}"]},
            {"instance": "github", "patterns": [
                "{owner}/{name}#{number}", "{site}github.com/{owner}/{name}/issues/{number}"]},
        ],
        "projects": [{"names": ["SHOP", "acme/shop"], "trackers": ["jira"]}],
    });
    world.table.put_references(&serde_json::from_value(references).unwrap()).await.unwrap();
    for (text, task_id) in [
        ("run https://acme.atlassian.net/browse/SHOP-7", "SHOP-7"),
        ("run <https://github.com/acme/shop/issues/7|Limit carts>", "acme/shop#7"),
        ("run ACME/shop#008", "acme/shop#8"),
    ] {
        let (_, answer) = world.command("U1", text, text).await;
        assert!(shown(&answer).contains(&format!("on *{task_id}* begins")), "{text}: {answer}");
    }
    let (_, status) =
        world.command("U1", "status <https://github.com/acme/shop/issues/7|Limit carts>", "t1").await;
    assert!(shown(&status).starts_with("*acme/shop#7*\n"), "{status}");
    let (_, stopped) = world.command("U1", "stop https://acme.atlassian.net/browse/shop-7", "t2").await;
    assert!(shown(&stopped).starts_with("development on SHOP-7 is being stopped."), "{stopped}");
    let (_, unreadable) = world.command("U1", "stop everything", "t3").await;
    assert!(shown(&unreadable).contains("`everything` is not a ticket; accepted: `SHOP-12`"), "{unreadable}");
}

#[tokio::test]
async fn a_stranger_is_told_alone() {
    let world = World::new().await;
    let (status, answer) = world.command("U9", "run SHOP-7", "t1").await;
    assert_eq!((status, &answer["response_type"]), (200, &json!("ephemeral")));
    assert!(
        shown(&answer).contains("somebody may not start work on SHOP; members of engineering may"),
        "{answer}"
    );
    assert!(world.starts().is_empty());
}

#[tokio::test]
async fn status_and_costs_come_from_the_records() {
    let world = World::new().await;
    let (_, nothing) = world.command("U1", "status", "t1").await;
    assert_eq!(shown(&nothing), "*Newest executions*: nothing has been started yet.");
    world.jira("d1", &labelled("SHOP-1", "agent", "5b10")).await;
    world.clock.advance(200);
    for text in ["status", "status shop-1"] {
        let (_, answer) = world.command("U1", text, text).await;
        assert!(
            shown(&answer).contains(":hourglass_flowing_sand: SHOP-1 · development · running · 3m 20s"),
            "{answer}"
        );
    }
    let (_, costs) = world.command("U1", "costs SHOP-1", "t2").await;
    assert_eq!(shown(&costs), "*SHOP-1*: $0.0000 spent of $10.0000");
    let (_, costs) = world.command("U1", "costs", "t3").await;
    assert_eq!(shown(&costs), "You this month: $0.0000 spent of $500.0000");
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let world = World::new().await;
    let (_, help) = world.command("U1", "", "t1").await;
    assert!(shown(&help).contains("`/ticketsmith run {task_id}` Development"), "{help}");
    let (_, plan) = world.command("U1", "plan SHOP-1", "t2").await;
    assert!(shown(&plan).contains("`plan` does not start anything in this form."), "{plan}");
    let (_, unknown) = world.command("U1", "<!channel>", "t3").await;
    assert!(shown(&unknown).contains("Unknown command `&lt;!channel&gt;`"), "{unknown}");
    assert!(world.starts().is_empty());
}

#[tokio::test]
async fn old_and_foreign_requests_are_refused_without_a_repeat() {
    let world = World::new().await;
    let body = r#"{"type": "url_verification", "challenge": "x"}"#;
    let long_ago = (world.clock.now().as_second() - 301).to_string();
    let signature = format!("v0={}", sign("slack-secret", &["v0:", &long_ago, ":", body].map(str::as_bytes)));
    let request = world
        .post("slack", body)
        .header("x-slack-request-timestamp", &long_ago)
        .header("x-slack-signature", signature);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["x-slack-no-retry"], "1");
    assert_eq!(send(world.post("slack", body)).await.0, 401);
}

#[tokio::test]
async fn buttons_and_mentions_are_understood() {
    let world = World::new().await;
    let button = json!({"type": "block_actions", "trigger_id": "t1", "user": {"id": "U1"},
        "actions": [{"action_id": "approve", "value": "x"}]});
    let form = serde_urlencoded::to_string([("payload", button.to_string())]).unwrap();
    let (status, answer) = world.slack("application/x-www-form-urlencoded", &form).await;
    assert_eq!(
        (status, &answer["results"][0]),
        (200, &json!({"result": "refused", "reason": "nothing is waiting for this button"}))
    );
    let mention = json!({"type": "event_callback", "event_id": "Ev1",
        "event": {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "1.1", "text": "<@U0> hello"}});
    let (status, answer) = world.slack("application/json", &mention.to_string()).await;
    assert_eq!((status, &answer["results"][0]), (200, &json!({"result": "answered"})));
}
