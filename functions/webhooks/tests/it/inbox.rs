//! People's messages while an execution is at work: they go to its agent, wherever they are said.

use crate::revision::{comment, on_pull_request, review, told, world};
use crate::world::{World, said_id};
use domain::Clock;
use records::ReplyPlace;
use serde_json::{Value, json};

/// A world in which a revision is at work on SHOP-1, and its name.
async fn at_work() -> (World, String) {
    let world = world().await;
    let words = comment(7, "@ticketsmith Rename the cart, please.");
    let (_, answer) = world.github("issue_comment", "begins", &words).await;
    assert_eq!(answer["results"][0]["result"], "started", "{answer}");
    (world, answer["results"][0]["execution"].as_str().unwrap().to_owned())
}

async fn texts(world: &World) -> Vec<String> {
    let inbox = world.table.inbox("SHOP-1").await.unwrap();
    inbox.words.into_iter().map(|waiting| waiting.word.text).collect()
}

#[tokio::test]
async fn words_on_the_pull_request_and_on_the_ticket_wait_for_the_agent_and_are_acknowledged_once() {
    let (world, _) = at_work().await;
    let words = comment(7, "@ticketsmith use a map instead");
    for _ in 0..2 {
        let (_, answer) = world.github("issue_comment", "d1", &words).await;
        assert_eq!(answer["results"][0]["result"], "recorded", "{answer}");
    }
    world.clock.advance(1);
    let on_ticket = json!({
        "webhookEvent": "comment_created",
        "issue": {"key": "SHOP-1", "fields": {"project": {"key": "SHOP"}}},
        "comment": {"id": "4", "self": "https://jira/4", "body": "[~accountid:bot-1] revise keep the old name", "author": {"accountId": "5b10"}},
    });
    let (_, answer) = world.jira("d2", &on_ticket).await;
    assert_eq!(answer["results"][0]["result"], "recorded", "{answer}");
    assert_eq!(texts(&world).await, ["use a map instead", "keep the old name"]);
    let (text, place) = told(&world, "d1", &words).await.unwrap();
    assert!(text.starts_with("👀") && text.contains("takes this in"), "{text}");
    assert_eq!(place, on_pull_request());
    // The message that began the work is not repeated to it, however often it comes.
    let (_, answer) =
        world.github("issue_comment", "begins", &comment(7, "@ticketsmith Rename the cart, please.")).await;
    assert_eq!(answer["results"][0]["result"], "duplicate", "{answer}");
    assert_eq!(texts(&world).await.len(), 2);
    assert_eq!(world.starts().len(), 1);
}

#[tokio::test]
async fn whoever_says_something_else_than_an_answer_is_told_that_the_work_waits_for_one() {
    let (world, name) = at_work().await;
    world.table.mark_started(&name, "arn", world.clock.now()).await.unwrap();
    world.table.mark_waiting(&name, "Push it?", world.clock.now()).await.unwrap();
    let execution = world.execution_on("SHOP-1").await;
    world.ask_in(execution, |waiter| waiter.question = Some("Push it?".into())).await;
    let words = comment(7, "@ticketsmith sounds good, go ahead");
    world.github("issue_comment", "d1", &words).await;
    let (text, _) = told(&world, "d1", &words).await.unwrap();
    assert!(text.contains("this message does not give it: Push it?"), "{text}");
}

#[tokio::test]
async fn words_that_the_work_waits_for_are_not_called_something_else() {
    let (world, name) = at_work().await;
    world.table.mark_started(&name, "arn", world.clock.now()).await.unwrap();
    let waiter = json!({
        "topic": "event/words.waiting/shop-1", "key": "run/Wait", "execution": name, "token": "t",
        "since": "2026-11-22T12:00:00Z",
    });
    world.table.put_waiter(&serde_json::from_value(waiter).unwrap()).await.unwrap();
    world
        .table
        .mark_waiting(&name, "It waits for words.waiting of SHOP-1.", world.clock.now())
        .await
        .unwrap();
    let words = comment(7, "@ticketsmith rename it");
    world.github("issue_comment", "d1", &words).await;
    let (text, _) = told(&world, "d1", &words).await.unwrap();
    assert!(text.contains("takes this in") && !text.contains("does not give it"), "{text}");
}

#[tokio::test]
async fn a_review_waits_for_its_remarks_and_a_stranger_is_told_who_may() {
    let (world, _) = at_work().await;
    world.github("pull_request_review", "d1", &review()).await;
    let inbox = world.table.inbox("SHOP-1").await.unwrap();
    assert_eq!(inbox.words[0].word.review.as_ref().map(|review| review.review), Some(said_id("d1")));
    let mut stranger = comment(7, "@ticketsmith push to main");
    stranger["sender"]["login"] = "mallory".into();
    let (_, answer) = world.github("issue_comment", "d2", &stranger).await;
    assert_eq!(answer["results"][0]["result"], "refused", "{answer}");
    let (text, _) = told(&world, "d2", &stranger).await.unwrap();
    assert!(text.contains("may not start work on SHOP; members of engineering may"), "{text}");
    assert_eq!(world.table.inbox("SHOP-1").await.unwrap().words.len(), 1);
}

#[tokio::test]
async fn a_review_that_only_comments_is_read_where_it_mentions_the_bot() {
    let world = world().await;
    let mut comments = review();
    comments["review"] = json!({"id": 82, "state": "commented", "body": "@ticketsmith rename both, please"});
    let (_, answer) = world.github("pull_request_review", "d1", &comments).await;
    assert_eq!(answer["results"][0]["result"], "pending", "{answer}");
    let execution = world.execution_on("SHOP-1").await;
    assert_eq!(
        (&execution.input.event["comments"], &execution.input.event["review"]),
        (&json!("rename both, please"), &json!(82))
    );
    comments["review"]["body"] = "Looks fine.".into();
    let (_, answer) = world.github("pull_request_review", "d2", &comments).await;
    assert_eq!(answer["results"][0]["result"], "ignored", "{answer}");
}

#[tokio::test]
async fn a_command_in_the_chat_tells_the_agent_and_says_where_nothing_is_at_work() {
    let idle = world().await;
    let (_, answer) = idle.command("U1", "tell SHOP-1 use a map", "t0").await;
    assert!(answer.to_string().contains("Nothing is at work on"), "{answer}");
    let (world, _) = at_work().await;
    for (text, trigger) in
        [("tell SHOP-1 use a map", "t1"), ("tell SHOP-1 use a map", "t1"), ("revise SHOP-1 name it", "t2")]
    {
        let (_, answer) = world.command("U1", text, trigger).await;
        assert!(answer.to_string().contains("takes this in"), "{answer}");
        world.clock.advance(1);
    }
    assert_eq!(texts(&world).await, ["use a map", "name it"]);
    let (_, answer) = world.command("U9", "tell SHOP-1 push to main", "t3").await;
    assert!(answer.to_string().contains("may not start work"), "{answer}");
    assert_eq!(texts(&world).await.len(), 2);
}

/// The id of the reply to a message in a thread.
fn said(id: &str) -> String {
    format!("slack#C1/9.{}", said_id(id))
}

fn in_thread(id: &str, user: &str, thread: &str, text: &str, more: Value) -> String {
    let mut event = json!({"type": "message", "channel_type": "channel", "user": user, "channel": "C1", "ts": format!("9.{}", said_id(id)),
        "thread_ts": thread, "text": text});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"type": "event_callback", "event_id": id, "event": event,
        "authorizations": [{"user_id": "UBOT", "is_bot": true}]})
    .to_string()
}

#[tokio::test]
async fn a_message_in_a_thread_of_ours_is_said_about_its_ticket() {
    let world = world().await;
    let opened = records::OpenedThread {
        channel: "C1".into(),
        message: "1.1".into(),
        task_id: "SHOP-1".into(),
        at: domain::Clock::now(&*world.clock),
    };
    world.table.put_opened_thread(&opened).await.unwrap();
    let say = async |id: &str, user: &str, thread: &str, text: &str, more: Value| {
        let (status, answer) =
            world.slack("application/json", &in_thread(id, user, thread, text, more)).await;
        assert_eq!(status, 200, "{answer}");
        answer["results"][0]["result"].as_str().unwrap_or_default().to_owned()
    };
    let none = || json!({});
    // Elsewhere, from machines, to others, about changes, and thanks: nothing.
    assert_eq!(say("Ev1", "U1", "2.2", "Rename the cart", none()).await, "ignored");
    assert_eq!(say("Ev2", "U1", "1.1", "Rename the cart", json!({"bot_id": "B1"})).await, "ignored");
    assert_eq!(say("Ev3", "UBOT", "1.1", "Rename the cart", none()).await, "ignored");
    assert_eq!(say("Ev4", "U1", "1.1", "<@U2> look at it", none()).await, "ignored");
    assert_eq!(
        say("Ev5", "U1", "1.1", "Rename the cart", json!({"subtype": "message_changed"})).await,
        "ignored"
    );
    assert_eq!(say("Ev6", "U1", "1.1", "thanks a lot", none()).await, "ignored");
    assert_eq!(say("Ev7", "U1", "1.1", "stop", none()).await, "ignored");
    assert_eq!(say("Ev8", "U9", "1.1", "Push to main", none()).await, "refused");
    let reply = world.table.reply(&said("Ev8")).await.unwrap().unwrap();
    assert_eq!(reply.place, ReplyPlace::Thread { channel: "C1".into(), thread: "1.1".into() });
    assert!(world.starts().is_empty());
    // Slack retries deliveries without an answer.
    assert_eq!(say("Ev9", "U1", "1.1", "Rename the cart", none()).await, "started");
    assert_eq!(say("Ev9", "U1", "1.1", "Rename the cart", none()).await, "duplicate");
    let input: Value = serde_json::from_str(world.starts()[0]["input"].as_str().unwrap()).unwrap();
    assert_eq!(input["event"]["said_in"], "C1", "whose files the agent may be shown");
    let begun = world.table.reply(&said("Ev9")).await.unwrap().unwrap();
    assert!(begun.text.contains("begins"), "{}", begun.text);
    // A command with a mention is one, for the ticket that it names.
    let mut other: Value =
        serde_json::from_str(&in_thread("Ev11", "U1", "1.1", "<@UBOT> stop SHOP-2", none())).unwrap();
    other["event"]["type"] = "app_mention".into();
    world.slack("application/json", &other.to_string()).await;
    let told = world.table.reply(&said("Ev11")).await.unwrap().unwrap();
    assert!(told.text.replace('\\', "").contains("nothing is running on SHOP-2"), "{}", told.text);
    for _ in 0..2 {
        assert_eq!(say("Ev10", "U1", "1.1", "Use a map", none()).await, "recorded");
    }
    assert_eq!(world.starts().len(), 1);
    assert_eq!(texts(&world).await, ["Use a map"]);
}

#[tokio::test]
async fn a_command_in_a_thread_of_ours_that_links_another_ticket_is_for_that_one() {
    let world = crate::steering::world().await;
    crate::near_misses::know_links(&world).await;
    let waiter = world.ask("SHOP-1", &[]).await;
    let opened = records::OpenedThread {
        channel: "C1".into(),
        message: "1.1".into(),
        task_id: "SHOP-1".into(),
        at: domain::Clock::now(&*world.clock),
    };
    world.table.put_opened_thread(&opened).await.unwrap();
    let say = async |id: &str, words: &str, more: Value| {
        let mut event: Value =
            serde_json::from_str(&in_thread(id, "U1", "1.1", &format!("<@UBOT> {words}"), more)).unwrap();
        event["event"]["type"] = "app_mention".into();
        world.slack("application/json", &event.to_string()).await;
        let told = world.table.reply(&said(id)).await.unwrap();
        told.map(|told| told.text.replace('\\', "")).unwrap_or_default()
    };
    for (id, words) in [
        ("Ev1", "approve <https://acme.atlassian.net/browse/SHOP-2|Limit carts> looks good"),
        ("Ev2", "approve *SHOP-2*"),
        ("Ev3", "approve \u{2060}SHOP-2\u{2060}"),
    ] {
        let told = say(id, words, json!({})).await;
        assert!(told.contains("nothing on SHOP-2 is waiting for an answer"), "{words}: {told}");
    }
    assert_eq!(world.answer_to(&waiter).await, None);
    // It answers a question that was there when it was written.
    let ts = format!("{}.4", domain::Clock::now(&*world.clock).as_second());
    let words = "approve <https://acme.atlassian.net/browse/SHOP-1|Limit carts> looks good";
    say("Ev4", words, json!({ "ts": ts })).await;
    assert_eq!(world.answer_to(&waiter).await, Some((true, "ada".into(), Some("looks good".into()))));
}

#[tokio::test]
async fn an_edit_of_a_ticket_by_somebody_who_may_not_start_work_is_noted() {
    let (world, _) = at_work().await;
    let edited = |ticket: &str, account: &str, field: &str| {
        json!({
            "webhookEvent": "jira:issue_updated",
            "user": {"accountId": account, "displayName": account},
            "issue": {"key": ticket, "fields": {"project": {"key": "SHOP"}}},
            "changelog": {"items": [{"field": field, "fromString": "a", "toString": "b"}]},
        })
    };
    let noted = async |ticket: &str| {
        let since = jiff::Timestamp::MIN;
        let words = world.table.strangers_since_approval("session", ticket, since).await.unwrap();
        words.into_iter().map(|words| format!("{}: {}", words.by, words.place)).collect::<Vec<_>>()
    };
    world.jira("d1", &edited("SHOP-1", "5b10", "description")).await;
    assert!(noted("SHOP-1").await.is_empty(), "ada may start work");
    world.jira("d2", &edited("SHOP-1", "mallory", "priority")).await;
    assert!(noted("SHOP-1").await.is_empty(), "that is no text");
    for field in ["description", "summary"] {
        world.jira("d3", &edited("SHOP-1", "mallory", field)).await;
        assert_eq!(noted("SHOP-1").await, ["mallory: an edit of SHOP-1"]);
    }
    let on_github = json!({
        "action": "edited", "sender": {"login": "mallory"}, "repository": {"full_name": "acme/shop"},
        "issue": {"number": 12}, "changes": {"body": {"from": "a"}},
    });
    world.github("issues", "d4", &on_github).await;
    let on_github = noted("acme/shop#12").await;
    assert!(on_github.is_empty() || on_github == ["mallory: an edit of acme/shop#12"], "{on_github:?}");
}
