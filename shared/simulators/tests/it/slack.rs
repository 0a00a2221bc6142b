use serde_json::{Value, json};
use simulators::delivery::Delivery;
use simulators::slack::sign_slack;

use crate::harness::{Answer, Harness};

#[tokio::test]
async fn a_wrong_token_is_an_error_with_status_200() {
    let world = Harness::start().await;
    let url = format!("{}/api/auth.test", world.simulation.url("slack"));
    let answer = Answer::read(world.client.post(&url).send().await.unwrap()).await;
    assert_eq!((answer.status, answer.body), (200, json!({"ok": false, "error": "not_authed"})));
    let answer = Answer::read(world.client.post(&url).bearer_auth("xoxb-other").send().await.unwrap()).await;
    assert_eq!(answer.body, json!({"ok": false, "error": "invalid_auth"}));
    assert_eq!(world.slack("auth.test", json!({})).await["user_id"], "U1");
}

#[tokio::test]
async fn messages_are_posted_updated_and_found_by_their_metadata() {
    let world = Harness::start().await;
    let metadata = json!({"event_type": "ticketsmith", "event_payload": {"key": "k1"}});
    let posted =
        world.slack("chat.postMessage", json!({"channel": "#dev", "text": "hi", "metadata": metadata})).await;
    assert_eq!((&posted["ok"], &posted["channel"]), (&json!(true), &json!("C1")));
    assert_eq!(posted["warning"], "missing_charset");
    let ts = posted["ts"].clone();
    let second =
        world.slack("chat.postMessage", json!({"channel": "C1", "text": "in thread", "thread_ts": ts})).await;
    assert_ne!(second["ts"], ts, "a ts is unique even when the clock stands");

    let update = json!({"channel": "C1", "ts": ts, "text": "hello",
                        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*hello*"}}]});
    assert_eq!(world.slack("chat.update", update).await["text"], "hello");
    let by_name = json!({"channel": "#dev", "ts": ts, "text": "x"});
    assert_eq!(world.slack("chat.update", by_name).await["error"], "channel_not_found");
    // 2,001 characters of two bytes: more than a changed message may have, although a new one may have them.
    let long = json!({"channel": "C1", "ts": ts, "text": "ü".repeat(2_001)});
    assert_eq!(world.slack("chat.update", long).await["error"], "msg_too_long");

    let history =
        world.slack("conversations.history", json!({"channel": "C1", "include_all_metadata": true})).await;
    assert_eq!(history["messages"].as_array().unwrap().len(), 1, "replies stand in their thread");
    assert_eq!(history["messages"][0]["metadata"], metadata);
    let bare = world.slack("conversations.history", json!({"channel": "C1"})).await;
    assert_eq!(bare["messages"][0]["metadata"], Value::Null);
    let thread = world.slack("conversations.replies", json!({"channel": "C1", "ts": ts})).await;
    assert_eq!(thread["messages"][1]["text"], "in thread");
}

#[tokio::test]
async fn a_form_is_as_good_as_json() {
    let world = Harness::start().await;
    let url = format!("{}/api/chat.postMessage", world.simulation.url("slack"));
    let blocks = json!([{"type": "divider"}]).to_string();
    let form = [("channel", "dev"), ("text", "t"), ("blocks", &blocks)];
    let request = world.client.post(url).bearer_auth("xoxb-token").form(&form);
    let answer = Answer::read(request.send().await.unwrap()).await;
    assert_eq!(answer.body["message"]["blocks"][0]["type"], "divider");
    assert_eq!(answer.body["message"]["blocks"][0]["block_id"].as_str().unwrap().len(), 5);
    let entry = world.simulation.log().pop().unwrap();
    assert_eq!(entry.request["channel"], "dev");
}

#[tokio::test]
async fn what_slack_refuses_is_refused() {
    let world = Harness::start().await;
    for (body, error) in [
        (json!({"channel": "C9", "text": "x"}), "channel_not_found"),
        (json!({"channel": "C2", "text": "x"}), "is_archived"),
        (json!({"channel": "C3", "text": "x"}), "not_in_channel"),
        (json!({"channel": "C1"}), "no_text"),
        (json!({"channel": "C1", "text": "x".repeat(40_001)}), "msg_too_long"),
        (json!({"channel": "C1", "text": "x", "blocks": [{"type": "heading"}]}), "invalid_blocks"),
        (json!({"channel": "C1", "text": "x", "metadata": {"event": 1}}), "invalid_metadata_schema"),
        (json!({"channel": "C1", "text": "x", "thread_ts": "1.2"}), "thread_not_found"),
    ] {
        let answer = world.slack("chat.postMessage", body).await;
        assert_eq!((&answer["ok"], &answer["error"]), (&json!(false), &json!(error)));
    }
}

#[tokio::test]
async fn reactions_are_given_once() {
    let world = Harness::start().await;
    let ts = world.slack("chat.postMessage", json!({"channel": "C1", "text": "hi"})).await["ts"].clone();
    let eyes = json!({"channel": "C1", "timestamp": ts, "name": "eyes"});
    assert_eq!(world.slack("reactions.add", eyes.clone()).await["ok"], true);
    assert_eq!(world.slack("reactions.add", eyes).await["error"], "already_reacted");
}

#[tokio::test]
async fn a_command_is_signed_and_takes_late_answers() {
    let world = Harness::start().await;
    let webhook = world.simulation.prepare("command").unwrap();
    let header = |name: &str| webhook.headers.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    let timestamp: i64 = header("x-slack-request-timestamp").parse().unwrap();
    assert_eq!(timestamp, 1_772_442_000, "the world's clock, not the machine's");
    let secret = "8f742231b10e8888abcd99yyyzzz85a5".into();
    assert_eq!(header("x-slack-signature"), sign_slack(&secret, timestamp, &webhook.body));
    let fields: std::collections::BTreeMap<String, String> =
        serde_urlencoded::from_bytes(&webhook.body).unwrap();
    assert_eq!((fields["command"].as_str(), fields["text"].as_str()), ("/bot", "run TES-41"));
    assert_eq!(fields["user_id"], "U2");

    let late = json!({"response_type": "in_channel", "text": "done"});
    let post =
        async |url: &str, body: &Value| world.client.post(url).json(body).send().await.unwrap().status();
    for _ in 0..5 {
        assert_eq!(post(&fields["response_url"], &late).await, 200);
    }
    assert_eq!(post(&fields["response_url"], &late).await, 404, "five answers are the most");
    assert_eq!(post(&fields["response_url"].replace("/commands/T1", "/commands/T2"), &late).await, 404);
    assert_eq!(world.simulation.state()["slack"]["responses"][0]["body"], late);
}

#[tokio::test]
async fn a_mention_and_a_pressed_button_become_events() {
    let world = Harness::start().await;
    let mention = delivery(json!({"kind": "slack-mention", "text": "status", "by": "ada", "channel": "dev"}));
    let payload: Value = serde_json::from_slice(&world.simulation.act(&mention).unwrap().body).unwrap();
    assert_eq!(payload["event"]["type"], "app_mention");
    assert_eq!(payload["event"]["text"], "<@U1> status");

    let button = json!({"type": "button", "action_id": "approve", "value": "v", "text": {"type": "plain_text", "text": "Yes"}});
    let body = json!({"channel": "C1", "text": "?", "blocks": [{"type": "actions", "block_id": "b", "elements": [button]}]});
    let ts = world.slack("chat.postMessage", body).await["ts"].as_str().unwrap().to_owned();
    let press =
        json!({"kind": "slack-button", "action_id": "approve", "message": ts, "by": "ada", "channel": "dev"});
    let press = delivery(press);
    let pressed = world.simulation.act(&press).unwrap();
    let fields: std::collections::BTreeMap<String, String> =
        serde_urlencoded::from_bytes(&pressed.body).unwrap();
    let payload: Value = serde_json::from_str(&fields["payload"]).unwrap();
    assert_eq!((&payload["type"], &payload["actions"][0]["value"]), (&json!("block_actions"), &json!("v")));
}

fn delivery(json: Value) -> Delivery {
    Delivery::new(json).unwrap()
}
