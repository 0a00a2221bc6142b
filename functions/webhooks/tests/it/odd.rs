//! Deliveries of every sender in which a field is not what its sender documents: each is routed, ignored or refused, with the reason.

use crate::world::{World, configuration, send, sign};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use domain::Clock;
use domain::routes::Routes;
use serde_json::{Value, json};

/// How many odd values each field gets, in addition to being absent.
const EACH: usize = 2;

/// What fields are in turn.
fn odd() -> Vec<Value> {
    vec![
        Value::Null,
        json!(9_007_199_254_740_993_u64),
        json!(-1),
        json!(""),
        json!("12"),
        json!("\u{202e}مرحبا 😀\u{0}"),
        json!("x".repeat(3_000)),
        json!([]),
        json!({}),
    ]
}

/// Workflows that any service starts.
fn routes() -> Routes {
    serde_json::from_value(json!({"workflows": {
        "development": {
            "title": "Development",
            "inputs": {"task_id": {"type": "string"}},
            "triggers": [
                {"on": "ticket.labelled", "conditions": {"label": "agent"}},
                {"on": "ticket.transitioned", "conditions": {"to": "In Progress"}},
                {"on": "chat.command", "conditions": {"text": "run {task_id}"}},
            ],
        },
        "review": {
            "title": "Review",
            "inputs": {"pull_request": {"type": "string"}},
            "triggers": [
                {"on": "pull_request.labelled", "conditions": {"label": "agent-review"}},
                {"on": "pull_request.review_requested"},
                {"on": "pull_request.closed", "conditions": {"merged": "true"}},
            ],
        },
        "checks": {
            "title": "Checks",
            "inputs": {"sha": {"type": "string"}},
            "triggers": [{"on": "checks.completed", "conditions": {"conclusion": "failure"}}],
        },
    }}))
    .unwrap()
}

/// A delivery as its sender documents it: the sender, the event where a header names it, and the payload.
type Base = (&'static str, &'static str, Value);

fn by_gitlab() -> Vec<Base> {
    let base = |kind: &str, attributes: Value, more: Value| {
        let mut payload = json!({"object_kind": kind, "user": {"id": 1, "username": "ada", "name": "Ada"},
            "project": {"path_with_namespace": "acme/shop"}, "object_attributes": attributes});
        payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ("gitlab", "", payload)
    };
    let labels = json!({"previous": [], "current": [{"title": "agent"}, {"title": "status::In Progress"}]});
    let note = json!({"id": 9, "note": "@ticketsmith status", "action": "create", "created_at": "2026-11-22 11:00:00 UTC",
        "internal": false, "position": {"new_path": "src/a.rs", "new_line": 3}});
    let closed = json!({"iid": 3, "action": "merge", "source_branch": "feature/SHOP-1",
        "created_at": "2026-11-22 10:00:00 UTC", "updated_at": "2026-11-22T11:00:00Z"});
    let reviewers = json!({"changes": {"reviewers": {"previous": [], "current": [{"id": 2, "username": "grace", "state": "requested_changes"}]}}});
    let opened = json!({"labels": [{"title": "agent-review"}], "reviewers": [{"username": "grace"}]});
    vec![
        base(
            "issue",
            json!({"iid": 1, "action": "update", "state": "opened"}),
            json!({"changes": {"labels": labels}}),
        ),
        base("note", note, json!({"merge_request": {"iid": 3}, "event_type": "note"})),
        base("merge_request", closed, json!({})),
        base("merge_request", json!({"iid": 3, "action": "update"}), reviewers),
        base("merge_request", json!({"iid": 3, "action": "open"}), opened),
        base("pipeline", json!({"sha": "0a1b", "ref": "main", "status": "failed"}), json!({})),
    ]
}

fn by_linear() -> Vec<Base> {
    let actor = json!({"id": "u-1", "type": "user", "name": "Ada"});
    let issue = json!({"action": "update", "type": "Issue", "createdAt": "2026-11-22T11:00:00.000Z", "actor": actor,
        "data": {"identifier": "SHOP-7", "number": 7, "title": "A", "team": {"key": "SHOP"},
                 "labels": [{"id": "l-1", "name": "agent"}], "state": {"name": "In Progress"}},
        "updatedFrom": {"labelIds": [], "stateId": "s-1", "title": "B"}, "url": "https://linear.app/acme/issue/SHOP-7/a"});
    let comment = json!({"action": "create", "type": "Comment", "actor": actor, "data": {"id": "c-1",
        "body": "@ticketsmith status", "issue": {"identifier": "SHOP-7", "team": {"key": "SHOP"}}, "user": {"id": "u-1"}}});
    vec![("linear", "", issue), ("linear", "", comment)]
}

fn by_jira() -> Vec<Base> {
    let issue = json!({"key": "SHOP-1", "fields": {"project": {"key": "SHOP"}, "labels": ["agent"], "status": {"name": "In Progress"}}});
    let user = json!({"accountId": "5b10", "displayName": "Ada", "accountType": "atlassian"});
    let items = json!([{"field": "labels", "fromString": "", "toString": "agent"},
        {"field": "status", "fromString": "To Do", "toString": "In Progress"}]);
    let comment = json!({"self": "https://acme.example/comment/9", "body": "@ticketsmith status", "author": user,
        "created": "2026-11-22T11:00:00.000+0000", "updated": "2026-11-22T11:00:00.000+0000",
        "visibility": {"type": "role", "value": "Developers"}, "jsdPublic": true});
    vec![
        (
            "jira",
            "",
            json!({"webhookEvent": "jira:issue_updated", "timestamp": 1_795_345_200_000_u64, "user": user, "issue": issue,
            "issue_event_type_name": "issue_generic", "changelog": {"items": items}, "comment": comment}),
        ),
        ("jira", "", json!({"webhookEvent": "jira:issue_created", "user": user, "issue": issue})),
    ]
}

fn by_github() -> Vec<Base> {
    let base = |event: &'static str, more: Value| {
        let mut payload =
            json!({"sender": {"login": "ada-hub", "type": "User"}, "repository": {"full_name": "acme/shop"}});
        payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ("github", event, payload)
    };
    let issue = json!({"number": 1, "state": "open", "labels": [{"name": "agent"}],
        "created_at": "2026-11-20T11:00:00Z", "updated_at": "2026-11-22T11:00:00Z"});
    let on_line = json!({"id": 8, "body": "@ticketsmith status", "path": "src/a.rs", "line": 3, "pull_request_review_id": 4});
    let pull = json!({"number": 3, "merged": true, "head": {"ref": "feature/SHOP-1"}, "created_at": "2026-11-20T11:00:00Z",
        "updated_at": "2026-11-22T11:00:00Z", "closed_at": "2026-11-22T11:00:00Z"});
    vec![
        base("issues", json!({"action": "labeled", "issue": issue, "label": {"name": "agent"}})),
        base("issues", json!({"action": "opened", "issue": issue})),
        base(
            "issue_comment",
            json!({"action": "created", "issue": {"number": 3, "pull_request": {}},
            "comment": {"id": 9, "body": "@ticketsmith status", "created_at": "2026-11-22T11:00:00Z"}}),
        ),
        base(
            "pull_request_review_comment",
            json!({"action": "created", "pull_request": {"number": 3}, "comment": on_line}),
        ),
        base(
            "pull_request_review",
            json!({"action": "submitted", "pull_request": {"number": 3},
            "review": {"id": 4, "state": "changes_requested", "body": "No", "submitted_at": "2026-11-22T11:00:00Z"}}),
        ),
        base("pull_request", json!({"action": "closed", "pull_request": pull})),
        base(
            "pull_request",
            json!({"action": "labeled", "pull_request": pull, "label": {"name": "agent-review"}}),
        ),
        base(
            "check_suite",
            json!({"action": "completed", "check_suite": {"head_sha": "0a1b", "head_branch": "main", "conclusion": "failure"}}),
        ),
        base(
            "status",
            json!({"sha": "0a1b", "state": "failure", "branches": [{"name": "main", "commit": {"sha": "0a1b"}}]}),
        ),
    ]
}

fn by_chats() -> Vec<Base> {
    let mention = json!({"type": "event_callback", "event_id": "Ev1", "authorizations": [{"user_id": "U0", "is_bot": true}],
        "event": {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "1795345200.000001", "thread_ts": "1795345100.000001",
                  "text": "<@U0> status"}});
    let command = json!({"id": "900", "type": 2, "application_id": "128", "token": "aW50", "channel_id": "290",
        "member": {"user": {"id": "175", "username": "ada"}},
        "data": {"name": "ticketsmith", "options": [{"name": "text", "type": 3, "value": "run SHOP-1"}]}});
    let button = json!({"id": "901", "type": 3, "application_id": "128", "token": "aW50",
        "user": {"id": "175", "username": "ada"}, "data": {"custom_id": "approve:e k"}, "message": {"embeds": [{"footer": {"text": "x"}}]}});
    vec![("slack", "", mention), ("discord", "", command), ("discord", "", button)]
}

/// The places of all fields and elements.
fn places(value: &Value, above: &str) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, child)| (format!("{above}/{name}"), child)).collect()
        }
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(at, child)| (format!("{above}/{at}"), child)).collect()
        }
        _ => Vec::new(),
    };
    children
        .into_iter()
        .flat_map(|(place, child)| std::iter::once(place.clone()).chain(places(child, &place)))
        .collect()
}

/// The payload with another value at a place; `None` takes it away.
fn changed(payload: &Value, place: &str, value: Option<Value>) -> Value {
    let mut payload = payload.clone();
    match value {
        Some(value) => *payload.pointer_mut(place).unwrap() = value,
        None => {
            let (above, last) = place.rsplit_once('/').unwrap();
            match payload.pointer_mut(above).unwrap() {
                Value::Object(fields) => drop(fields.shift_remove(last)),
                Value::Array(elements) => drop(elements.remove(last.parse().unwrap())),
                _ => panic!("{place} is in nothing"),
            }
        }
    }
    payload
}

/// Posts a payload as its sender signs it.
async fn posted(
    world: &World,
    pair: &Ed25519KeyPair,
    (sender, event): (&str, &str),
    mut payload: Value,
) -> (u16, Value) {
    let now = world.clock.now();
    if sender == "linear" {
        payload["webhookTimestamp"] = now.as_millisecond().into();
    }
    let (body, seconds) = (payload.to_string(), now.as_second().to_string());
    let request = world.post(sender, body.clone()).header("content-type", "application/json");
    let bytes = body.as_bytes();
    let signed = match sender {
        "gitlab" => request.header("x-gitlab-token", "gitlab-secret"),
        "linear" => request.header("linear-signature", sign("linear-secret", &[bytes])),
        "jira" => request.header("x-hub-signature", format!("sha256={}", sign("jira-secret", &[bytes]))),
        "github" => request
            .header("x-github-event", event)
            .header("x-hub-signature-256", format!("sha256={}", sign("github-secret", &[bytes]))),
        "slack" => {
            let signature = sign("slack-secret", &[b"v0:", seconds.as_bytes(), b":", bytes]);
            request
                .header("x-slack-request-timestamp", seconds)
                .header("x-slack-signature", format!("v0={signature}"))
        }
        _ => {
            let signature = pair.sign(&[seconds.as_bytes(), bytes].concat());
            request
                .header("x-signature-timestamp", seconds)
                .header("x-signature-ed25519", hex::encode(signature.as_ref()))
        }
    };
    send(signed).await
}

#[tokio::test]
async fn an_odd_field_is_nobodys_error() {
    let world = World::with(configuration(), routes()).await;
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    {
        let mut aws = world.aws.lock().unwrap();
        let secrets = &mut aws.secrets;
        secrets["gitlab"] = "gitlab-secret".into();
        secrets["linear"] = "linear-secret".into();
        secrets["discord"] = hex::encode(pair.public_key().as_ref()).into();
    }
    let mut turn = 0;
    for (sender, event, payload) in
        [by_gitlab(), by_linear(), by_jira(), by_github(), by_chats()].into_iter().flatten()
    {
        let (status, answer) = posted(&world, &pair, (sender, event), payload.clone()).await;
        assert_eq!(status, 200, "{payload}: {answer}");
        assert!(!answer.to_string().contains("a field that"), "nothing is missing in {payload}: {answer}");
        for place in places(&payload, "") {
            // Fields take turns with the values: all with all would be several minutes.
            let values = odd().into_iter().cycle().skip(turn).take(EACH);
            turn += EACH;
            for value in values.map(Some).chain([None]) {
                let odd = changed(&payload, &place, value);
                let (status, answer) = posted(&world, &pair, (sender, event), odd.clone()).await;
                assert!(matches!(status, 200 | 400), "{sender} {place}: {status} {answer}: {odd}");
                let reasons = answer["results"].as_array().into_iter().flatten();
                for result in reasons.filter(|result| result["result"] == "ignored") {
                    assert!(
                        result["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
                        "{place}: {answer}"
                    );
                }
            }
        }
    }
}
