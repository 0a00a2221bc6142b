//! Deliveries that hold more than anybody means.

use crate::world::{World, labelled, send};
use serde_json::{Value, json};

/// A text that is longer than any key or name.
fn long() -> String {
    "A".repeat(3_000)
}

#[tokio::test]
async fn two_thousand_labels_lead_to_a_bounded_number_of_events() {
    let world = World::new().await;
    // Both before and after the one that starts work.
    let labels: Vec<String> =
        (0..2_000).map(|number| format!("{}{number:04}", if number < 1_000 { "a" } else { "z" })).collect();
    let payload = labelled("SHOP-1", &format!("{} agent", labels.join(" ")), "5b10");
    let (status, answer) = world.jira("d1", &payload).await;
    let results = answer["results"].as_array().unwrap();
    assert_eq!((status, results.len()), (200, 51), "{answer}");
    assert_eq!(results.iter().filter(|result| result["result"] == "started").count(), 1, "{answer}");
    assert_eq!(results[50]["reason"], "1951 more events of this delivery are left out; accepted: 50");
    assert_eq!(world.table.occurrences("jira.labelled/shop-1").await.unwrap().len(), 50);
    // The same delivery again leads to the same events.
    world.jira("d1", &payload).await;
    assert_eq!(world.table.occurrences("jira.labelled/shop-1").await.unwrap().len(), 50);
    assert_eq!(world.starts().len(), 1);

    let labels: Vec<Value> =
        labels.iter().map(|name| json!({ "name": name })).chain([json!({"name": "agent"})]).collect();
    let opened = json!({"action": "opened", "sender": {"login": "ada-hub"}, "repository": {"full_name": "acme/tes"},
        "issue": {"number": 1, "labels": labels}});
    let (_, answer) = world.github("issues", "d2", &opened).await;
    assert_eq!(answer["results"].as_array().unwrap().len(), 51);
    assert_eq!(world.starts().len(), 2);
}

#[tokio::test]
async fn what_nobody_can_have_signed_reads_nothing() {
    let world = World::new().await;
    let (status, _) = world.jira("d1", &labelled("SHOP-1", "agent", "5b10")).await;
    assert_eq!(status, 200);
    // From here on, every reading fails.
    world.dynamo.delete_table().table_name("ticketsmith").send().await.unwrap();
    for source in ["jira", "github", "github-enterprise"] {
        assert_eq!(send(world.post(source, "{}")).await.0, 401, "{source}");
    }
    // A name that is not known may be new. It is looked for now and then.
    assert_eq!(send(world.post("nobody", "{}")).await.0, 503);
    assert_eq!(send(world.post("nobody", "{}")).await.0, 404);
    let signature = format!("sha256={}", "0".repeat(64));
    assert_eq!(send(world.post("jira", "{}").header("x-hub-signature", signature)).await.0, 503);
}

#[tokio::test]
async fn keys_of_three_thousand_characters_are_refused_from_every_sender() {
    let world = World::new().await;
    let jira = |change: &dyn Fn(&mut Value)| {
        let mut payload = labelled("SHOP-1", "agent", "5b10");
        change(&mut payload);
        payload
    };
    let by_jira = [
        jira(&|payload| payload["issue"]["key"] = format!("{}-1", long()).into()),
        jira(&|payload| payload["issue"]["fields"]["project"]["key"] = long().into()),
        jira(&|payload| payload["user"]["accountId"] = long().into()),
        jira(&|payload| {
            payload["webhookEvent"] = "comment_created".into();
            payload["changelog"] = Value::Null;
            let address = format!("https://acme.example/{}", long());
            payload["comment"] =
                json!({"self": address, "author": {"accountId": "5b10"}, "body": "@ticketsmith status"});
        }),
    ];
    for (index, payload) in by_jira.iter().enumerate() {
        refused(world.jira(&format!("j{index}"), payload).await);
    }
    let repository = format!("acme/{}", long());
    let sender = json!({"login": "ada-hub"});
    let by_github = [
        (
            "issues",
            json!({"action": "labeled", "sender": sender, "repository": {"full_name": repository},
            "issue": {"number": 1}, "label": {"name": "agent"}}),
        ),
        (
            "issues",
            json!({"action": "labeled", "sender": {"login": long()}, "repository": {"full_name": "acme/tes"},
            "issue": {"number": 1}, "label": {"name": "agent"}}),
        ),
        (
            "issue_comment",
            json!({"action": "created", "sender": sender, "repository": {"full_name": repository},
            "issue": {"number": 1}, "comment": {"id": 1, "body": "@ticketsmith status"}}),
        ),
        (
            "pull_request",
            json!({"action": "closed", "sender": sender, "repository": {"full_name": repository},
            "pull_request": {"number": 1, "merged": true, "head": {"ref": "feature/SHOP-1"},
                "created_at": "2026-11-20T12:00:00Z", "closed_at": "2026-11-21T12:00:00Z"}}),
        ),
        (
            "check_suite",
            json!({"action": "completed", "sender": sender, "repository": {"full_name": "acme/shop"},
            "check_suite": {"head_sha": long(), "head_branch": "x", "conclusion": "success"}}),
        ),
    ];
    for (index, (event, payload)) in by_github.iter().enumerate() {
        refused(world.github(event, &format!("g{index}"), payload).await);
    }
    let mention = json!({"type": "event_callback", "event_id": "Ev1",
        "event": {"type": "app_mention", "user": "U1", "channel": long(), "ts": "1.1", "text": "<@U0> hello"}});
    refused(world.slack("application/json", &mention.to_string()).await);
    refused(world.command("U1", "run SHOP-1", &long()).await);
    assert!(world.starts().is_empty());
}

/// Refused for good, in few words.
fn refused((status, answer): (u16, Value)) {
    let result = answer["results"][0]["result"].as_str();
    assert!(
        status == 400 || status == 200 && matches!(result, Some("refused" | "ignored")),
        "{status} {answer}"
    );
    assert!(answer.to_string().len() < 1_000, "{answer}");
}

#[tokio::test]
async fn texts_of_three_thousand_characters_are_answered_in_words() {
    let world = World::new().await;
    for (index, words) in
        ["run", "status", "costs", "stop", "undo", "approve", "deny", "plan", ""].iter().enumerate()
    {
        let (status, answer) =
            world.command("U1", &format!("{words} {}", long()), &format!("t{index}")).await;
        assert_eq!(status, 200, "{words}: {answer}");
        assert!(answer["blocks"].is_array() && answer.to_string().len() < 2_000, "{words}: {answer}");
        let mention = json!({"type": "event_callback", "event_id": format!("Ev{index}"), "event": {"type": "app_mention",
            "user": "U1", "channel": "C1", "ts": "1.1", "text": format!("<@U0> {words} {}", long())}});
        let (status, answer) = world.slack("application/json", &mention.to_string()).await;
        assert_eq!(status, 200, "{words}: {answer}");
        let mut comment = labelled("SHOP-1", "x", "5b10");
        comment["webhookEvent"] = "comment_created".into();
        comment["comment"] =
            json!({"author": {"accountId": "5b10"}, "body": format!("@ticketsmith {words} {}", long())});
        let (status, answer) = world.jira(&format!("j{index}"), &comment).await;
        assert_eq!(status, 200, "{words}: {answer}");
    }
    for (action, value) in [
        ("approve", format!("{} key", long())),
        ("approve", format!("execution {}", long())),
        (&long(), "e k".to_owned()),
    ] {
        let payload = json!({"type": "block_actions", "trigger_id": "t", "user": {"id": "U1"},
            "actions": [{"action_id": action, "value": value}]});
        let form = serde_urlencoded::to_string([("payload", payload.to_string())]).unwrap();
        let (status, answer) = world.slack("application/x-www-form-urlencoded", &form).await;
        assert_eq!((status, &answer["results"][0]["result"]), (200, &json!("refused")), "{answer}");
        assert!(answer.to_string().len() < 1_000, "{answer}");
    }
    assert!(world.starts().is_empty());
}
