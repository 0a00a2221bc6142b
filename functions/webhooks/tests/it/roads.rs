//! What becomes of deliveries from Jira and GitHub.

use crate::world::{PREFIX, World, id_of, labelled, routes, send, sent_as, sign};
use domain::SourceName;
use domain::execution::{Outcome, execution_name};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn a_labelled_ticket_starts_its_workflow() {
    let world = World::new().await;
    let payload = labelled("SHOP-1", "agent", "5b10");
    let (status, answer) = world.jira("d1", &payload).await;
    let name = name_of("SHOP-1", "d1", &payload);
    assert_eq!(
        (status, answer),
        (200, json!({"results": [{"result": "started", "workflow": "development", "execution": name}]}))
    );
    let starts = world.starts();
    assert_eq!(starts.len(), 1);
    assert_eq!(starts[0]["stateMachineArn"], format!("{PREFIX}development"));
    assert_eq!(starts[0]["name"], name);
    let input: Value = serde_json::from_str(starts[0]["input"].as_str().unwrap()).unwrap();
    assert_eq!(input["inputs"], json!({"task_id": "SHOP-1", "max_cost_usd": 10}));
    assert_eq!(input["actor"]["person"], "ada");
    assert_eq!(input["project"], "SHOP");
    let record = world.table.execution(&name).await.unwrap().unwrap();
    assert_eq!(record.outcome, Outcome::Running);
    assert_eq!(record.task_id.as_deref(), Some("SHOP-1"));
}

#[tokio::test]
async fn the_same_delivery_fifty_times_at_once_starts_one() {
    let world = Arc::new(World::new().await);
    let posts: Vec<_> = (0..50)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.jira("d1", &labelled("SHOP-1", "agent", "5b10")).await })
        })
        .collect();
    let mut results = Vec::new();
    for post in posts {
        let (status, answer) = post.await.unwrap();
        assert_eq!(status, 200, "{answer}");
        results.push(answer["results"][0]["result"].as_str().unwrap().to_owned());
    }
    assert_eq!(world.starts().len(), 1);
    assert_eq!(results.iter().filter(|result| *result == "started").count(), 1, "{results:?}");
    assert_eq!(results.iter().filter(|result| *result == "duplicate").count(), 49, "{results:?}");
}

#[tokio::test]
async fn a_delivery_is_what_is_signed_and_not_what_its_headers_say() {
    let world = World::new().await;
    let body = labelled("SHOP-1", "agent", "5b10").to_string();
    let results =
        async |delivery: &str| world.jira_bytes(delivery, body.clone()).await.1["results"][0].clone();
    assert_eq!(results("d1").await["result"], "started");
    let name = world.starts()[0]["name"].as_str().unwrap().to_owned();
    world.end(&name).await;
    assert_eq!(results("d2").await, json!({"result": "duplicate", "execution": name}));
    let issue =
        json!({"action": "labeled", "sender": {"login": "ada-hub"}, "repository": {"full_name": "acme/tes"},
        "issue": {"number": 1}, "label": {"name": "agent"}})
        .to_string();
    let signature = format!("sha256={}", sign("github-secret", &[issue.as_bytes()]));
    for (delivery, expected) in [("d1", "started"), ("d2", "duplicate")] {
        let request = world.post("github", issue.clone()).header("x-github-event", "issues");
        let request = request.header("x-github-delivery", delivery).header("x-hub-signature-256", &signature);
        assert_eq!(send(request).await.1["results"][0]["result"], expected);
    }
    assert_eq!(world.starts().len(), 2);
}

#[tokio::test]
async fn githubs_default_form_is_read() {
    let world = World::new().await;
    let payload = json!({"action": "labeled", "sender": {"login": "ada-hub"}, "repository": {"full_name": "acme/tes"},
        "issue": {"number": 1}, "label": {"name": "agent"}});
    let body = serde_urlencoded::to_string([("payload", payload.to_string())]).unwrap();
    let signature = format!("sha256={}", sign("github-secret", &[body.as_bytes()]));
    let request = world.post("github", body).header("content-type", "application/x-www-form-urlencoded");
    let request = request.header("x-github-event", "issues").header("x-hub-signature-256", signature);
    let (status, answer) = send(request).await;
    assert_eq!((status, &answer["results"][0]["result"]), (200, &json!("started")), "{answer}");
}

#[tokio::test]
async fn bodies_are_read_up_to_what_senders_send() {
    let world = World::new().await;
    let mut payload = labelled("SHOP-1", "agent", "5b10");
    payload["issue"]["fields"]["description"] = "x".repeat(24 * 1024 * 1024).into();
    let (status, answer) = world.jira("d1", &payload).await;
    assert_eq!((status, &answer["results"][0]["result"]), (200, &json!("started")), "{answer}");
}

#[tokio::test]
async fn a_ticket_that_is_worked_on_is_not_started_again() {
    let world = World::new().await;
    world.jira("d1", &labelled("SHOP-1", "agent", "5b10")).await;
    let (status, answer) = world.jira("d2", &labelled("SHOP-1", "agent", "5b10")).await;
    assert_eq!(status, 200);
    assert_eq!(
        answer["results"][0],
        json!({"result": "already_at_work", "execution": name_of("SHOP-1", "d1", &labelled("SHOP-1", "agent", "5b10"))})
    );
    let (_, other) = world.jira("d3", &labelled("SHOP-2", "agent", "5b10")).await;
    assert_eq!(other["results"][0]["result"], "started");
    assert_eq!(world.starts().len(), 2);
}

#[tokio::test]
async fn nothing_is_believed_without_its_signature() {
    let world = World::new().await;
    let body = labelled("SHOP-1", "agent", "5b10").to_string();
    let good = format!("sha256={}", sign("jira-secret", &[body.as_bytes()]));
    let other = format!("sha256={}", sign("github-secret", &[body.as_bytes()]));
    for signature in [None, Some(other.as_str()), Some("sha256="), Some("sha1=00"), Some("nonsense")] {
        let mut request = world.post("jira", body.clone());
        if let Some(signature) = signature {
            request = request.header("x-hub-signature", signature);
        }
        assert_eq!(send(request).await.0, 401, "{signature:?}");
    }
    let changed = body.replace("SHOP-1", "SHOP-2");
    let (status, answer) = send(world.post("jira", changed).header("x-hub-signature", &good)).await;
    assert_eq!(status, 401);
    assert!(!answer.to_string().contains(&good[7..]), "{answer}");
    assert!(world.starts().is_empty());
    assert_eq!(send(world.post("jira", body).header("x-hub-signature", &good)).await.0, 200);
}

/// A body that is announced and never sent.
async fn answered_without_a_body(world: &World, length: usize, (name, value): (&str, &str)) -> String {
    let address = world.post("jira", "").build().unwrap().url().clone();
    let (host, path) = (format!("127.0.0.1:{}", address.port().unwrap()), address.path());
    let mut connection = tokio::net::TcpStream::connect(&host).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n{name}: {value}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 15];
    let read = tokio::time::timeout(Duration::from_secs(5), connection.read_exact(&mut answer)).await;
    read.expect("the answer waits for the body").unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn no_body_is_read_of_whoever_shows_no_signature() {
    let world = World::new().await;
    for header in [
        ("x-other", "sha256=00"),
        ("x-hub-signature", "nonsense"),
        ("x-hub-signature", "sha256=00"),
        ("x-hub-signature", "sha256=not in hex digits but as long as the hex digits of sha256 are"),
    ] {
        assert_eq!(answered_without_a_body(&world, 1000, header).await, "HTTP/1.1 401 Un", "{header:?}");
    }
}

#[tokio::test]
async fn a_rotated_secret_is_read_again_but_not_by_everybody_who_knocks() {
    let world = World::new().await;
    let payload = labelled("SHOP-1", "agent", "5b10");
    assert_eq!(world.jira("d1", &payload).await.0, 200);
    world.aws.lock().unwrap().secrets = json!({"jira": "rotated"});
    let body = payload.to_string();
    let request = || {
        let signature = format!("sha256={}", sign("rotated", &[body.as_bytes()]));
        world.post("jira", body.clone()).header("x-hub-signature", signature)
    };
    assert_eq!(send(request()).await.0, 401, "read less than ten seconds ago");
    assert_eq!(world.aws.lock().unwrap().secret_reads, 1);
    world.clock.advance(11);
    assert_eq!(send(request()).await.0, 200);
    assert_eq!(world.jira("d2", &payload).await.0, 401, "the old secret is no longer believed");
    assert_eq!(world.aws.lock().unwrap().secret_reads, 2);
}

#[tokio::test]
async fn a_second_instance_of_a_sender_has_its_own_secret_and_account() {
    let world = World::new().await;
    let labelled = |sender: &str, number: u64| {
        json!({"action": "labeled", "sender": {"login": sender}, "repository": {"full_name": "acme/tes"},
            "issue": {"number": number}, "label": {"name": "agent"}})
    };
    let post = async |secret: &str, sender: &str, number: u64| {
        let (delivery, payload) = (format!("d{number}"), labelled(sender, number));
        world.github_at("github-enterprise", secret, "issues", &delivery, &payload).await
    };
    assert_eq!(post("github-secret", "ada-hub", 1).await.0, 401);
    let (status, started) = post("enterprise-secret", "ada-work", 2).await;
    assert_eq!((status, &started["results"][0]["result"]), (200, &json!("started")), "{started}");
    let (_, own) = post("enterprise-secret", "Robot[bot]", 3).await;
    assert_eq!(own["results"][0], json!({"result": "ignored", "reason": "the bot did it itself"}));
    let (_, other) = post("enterprise-secret", "ticketsmith[bot]", 4).await;
    assert_eq!(
        other["results"][0]["result"], "started",
        "the bot's account elsewhere is somebody here: {other}"
    );
    let (_, somebody) = post("enterprise-secret", "ada-hub", 5).await;
    assert_eq!(somebody["results"][0]["result"], "started", "{somebody}");
    let actors: Vec<Value> = world.starts().iter().map(actor_of).collect();
    let place = "github-enterprise";
    assert_eq!(
        actors[0],
        json!({"source": place, "id": "ada-work", "display_name": "ada-work", "person": "ada"})
    );
    assert_eq!(
        actors[2],
        json!({"source": place, "id": "ada-hub", "display_name": "ada-hub", "person": null}),
        "ada's login elsewhere is somebody else's here"
    );
}

fn actor_of(start: &Value) -> Value {
    let input: Value = serde_json::from_str(start["input"].as_str().unwrap()).unwrap();
    input["actor"].clone()
}

#[tokio::test]
async fn an_instance_with_the_name_of_another_sender_receives_its_own_webhooks() {
    let configuration = json!({"projects": [], "plugins": {"jira": {"provider": "github"}}});
    let world = World::with(serde_json::from_value(configuration).unwrap(), routes()).await;
    let (status, answer) = world.github_at("jira", "jira-secret", "ping", "d1", &json!({"zen": "x"})).await;
    assert_eq!((status, &answer["results"][0]["result"]), (200, &json!("pong")), "{answer}");
    assert_eq!(send(world.post("api", "{}")).await.0, 404);
}

#[tokio::test]
async fn what_cannot_be_a_delivery_is_refused_by_its_own_status() {
    let world = World::new().await;
    assert_eq!(send(world.post("nobody", "{}")).await.0, 404);
    assert_eq!(send(world.http.get(format!("{}/webhooks/jira", world.url))).await.0, 405);
    let form = format!("sha256={}", "0".repeat(64));
    let too_large = answered_without_a_body(&world, 25 * 1024 * 1024 + 1, ("x-hub-signature", &form)).await;
    assert_eq!(too_large, "HTTP/1.1 413 Pa");
    let signed = |body: &str| {
        let signature = format!("sha256={}", sign("jira-secret", &[body.as_bytes()]));
        world.post("jira", body.to_owned()).header("x-hub-signature", signature)
    };
    let (status, answer) = send(signed("{\"webhookEvent\": ")).await;
    assert_eq!(status, 400);
    assert!(answer["error"].as_str().unwrap().starts_with("the body is not valid JSON"), "{answer}");
    assert_eq!(send(signed("[]")).await.0, 400);
    let (status, answer) = send(signed("{\"webhookEvent\": \"jira:version_released\"}")).await;
    assert_eq!(status, 200);
    assert_eq!(
        answer["results"][0],
        json!({"result": "ignored", "reason": "Jira's event `jira:version_released` is not used"})
    );
}

#[tokio::test]
async fn only_admitted_people_start_work() {
    let world = World::new().await;
    let (status, answer) = world.jira("d1", &labelled("SHOP-1", "agent", "mallory")).await;
    assert_eq!((status, &answer["results"][0]["result"]), (200, &json!("refused")));
    // TES admits everyone who may push, which the workflow's first state asks the code host.
    let (_, answer) = world.jira("d2", &labelled("TES-1", "agent", "mallory")).await;
    assert_eq!(answer["results"][0]["result"], "started");
    let (_, answer) = world.jira("d3", &labelled("SHOP-1", "agent", "bot-1")).await;
    assert_eq!(answer["results"][0], json!({"result": "ignored", "reason": "the bot did it itself"}));
    // Nobody is refused what is not ours.
    let (_, answer) = world.jira("d4", &labelled("OPS-1", "agent", "5b10")).await;
    let result = &answer["results"][0];
    let reason = result["reason"].as_str().unwrap();
    assert!(result["result"] == "ignored" && reason.starts_with("OPS-1 does not belong to any"), "{answer}");
    assert_eq!(world.starts().len(), 1);
}

#[tokio::test]
async fn an_accepted_delivery_survives_a_failed_start() {
    let world = World::new().await;
    world.aws.lock().unwrap().refuse_starts = true;
    let (status, answer) = world.jira("d1", &labelled("SHOP-1", "agent", "5b10")).await;
    assert_eq!((status, &answer["results"][0]["result"]), (200, &json!("pending")));
    let name = answer["results"][0]["execution"].as_str().unwrap();
    assert_eq!(world.table.execution(name).await.unwrap().unwrap().outcome, Outcome::Pending);
}

#[tokio::test]
async fn a_failed_record_is_for_the_sender_to_repeat() {
    let world = World::new().await;
    world.jira("d1", &labelled("SHOP-1", "agent", "5b10")).await;
    world.dynamo.delete_table().table_name("ticketsmith").send().await.unwrap();
    let (status, answer) = world.jira("d2", &labelled("SHOP-2", "agent", "5b10")).await;
    assert_eq!(status, 503);
    assert_eq!(answer, json!({"error": "the delivery was not accepted; send it again later"}));
    assert_eq!(world.starts().len(), 1);
}

#[tokio::test]
async fn a_panic_ends_one_delivery_and_not_the_process() {
    let world = World::new().await;
    let now = world.clock.break_down();
    let body = labelled("SHOP-1", "agent", "5b10").to_string();
    let signature = format!("sha256={}", sign("jira-secret", &[body.as_bytes()]));
    let (status, answer) = send(world.post("jira", body).header("x-hub-signature", signature)).await;
    assert_eq!(status, 500);
    assert!(!answer.to_string().contains("clock"), "{answer}");
    world.clock.mend(now);
    assert_eq!(world.jira("d1", &labelled("SHOP-1", "agent", "5b10")).await.0, 200);
}

#[tokio::test]
async fn comments_and_reviews_on_github_start_their_workflow() {
    let world = World::new().await;
    let comment = |id: u64, body: &str| {
        json!({
            "action": "created",
            "sender": {"login": "ada-hub"},
            "repository": {"full_name": "acme/shop"},
            "issue": {"number": id, "pull_request": {"url": "u"}},
            "comment": {"id": id, "body": body},
        })
    };
    for (number, body) in [(3, "/ticketsmith revise use a map"), (4, "@ticketsmith revise use a map")] {
        let (status, answer) = world.github("issue_comment", body, &comment(number, body)).await;
        assert_eq!((status, &answer["results"][0]["workflow"]), (200, &json!("revision")), "{answer}");
    }
    let (_, answer) = world.github("issue_comment", "d3", &comment(5, "@ticketsmith-dev revise")).await;
    assert_eq!(answer["results"][0]["result"], "ignored");
    let review = json!({
        "action": "submitted",
        "sender": {"login": "ada-hub"},
        "repository": {"full_name": "acme/shop"},
        "pull_request": {"number": 7},
        "review": {"state": "changes_requested", "body": "rename it"},
    });
    let (_, answer) = world.github("pull_request_review", "d4", &review).await;
    assert_eq!(answer["results"][0]["result"], "started");
    let input: Value = serde_json::from_str(world.starts()[2]["input"].as_str().unwrap()).unwrap();
    assert_eq!((&input["inputs"]["number"], &input["event"]["comments"]), (&json!(7), &json!("rename it")));
    let mut inline = review.clone();
    inline["review"] = json!({"id": 81, "state": "changes_requested", "body": null});
    inline["pull_request"] = json!({"number": 8});
    let (_, answer) = world.github("pull_request_review", "d5", &inline).await;
    assert_eq!(answer["results"][0]["result"], "pending", "`events` asks for its remarks on lines");
    assert_eq!(world.starts().len(), 3);
}

#[tokio::test]
async fn a_closed_pull_request_is_written_down() {
    let world = World::new().await;
    let payload = json!({
        "action": "closed",
        "sender": {"login": "ada-hub"},
        "repository": {"full_name": "acme/shop"},
        "pull_request": {"number": 7, "merged": true, "head": {"ref": "feature/SHOP-1"},
            "created_at": "2026-11-22T10:00:00Z", "closed_at": "2026-11-22T12:00:00Z"},
    });
    let (status, answer) = world.github("pull_request", "d1", &payload).await;
    assert_eq!((status, answer), (200, json!({"results": [{"result": "recorded"}]})));
    let closed = world.table.closed_pull_requests(&"acme/shop".parse().unwrap()).await.unwrap();
    assert_eq!((closed.len(), closed[0].number, closed[0].merged), (1, 7, true));
    assert_eq!(closed[0].branch, "feature/SHOP-1");
}

#[tokio::test]
async fn recorded_deliveries_take_their_road() {
    let world = World::new().await;
    for (file, expected) in [
        ("jira-issue-labelled.json", Err("no workflow has a trigger for jira.labelled with label `sad`")),
        ("jira-issue-transitioned.json", Ok("TES-41")),
    ] {
        let Some(path) = test_inputs::sample("routing a recorded delivery of Jira", file) else { continue };
        let payload: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let (status, answer) = world.jira(file, &payload).await;
        let expected = match expected {
            Ok(ticket) => json!({"result": "started", "workflow": "development",
                "execution": name_of(ticket, file, &payload)}),
            Err(reason) => json!({"result": "ignored", "reason": reason}),
        };
        assert_eq!((status, &answer["results"][0]), (200, &expected));
    }
}

/// The name of the execution that Jira's delivery of this name begins.
fn name_of(ticket: &str, delivery: &str, payload: &Value) -> String {
    execution_name(&SourceName::from_static("jira"), Some(ticket), &id_of(&sent_as(delivery, payload)))
}
