use super::super::testing::{Vocabulary, check_any_delivery, headers};
use super::events::{LABELLED, TRANSITIONED};
use super::*;
use domain::Event;
use serde_json::Value;

const BOT: Bot<'_> = Bot { mention: "@ticketsmith", command: "/ticketsmith", account: Some("ticketsmith") };

fn meaning_of(event: &'static str, payload: Value) -> Meaning {
    let headers = headers(&[("x-github-event", event)]);
    parse(&headers, payload.to_string().as_bytes(), &BOT).unwrap().meaning
}

#[test]
fn whatever_arrives_is_read() {
    let vocabulary = Vocabulary {
        headers: &[
            &[("x-github-event", "issues")],
            &[("x-github-event", "issue_comment")],
            &[("x-github-event", "pull_request_review")],
            &[("x-github-event", "pull_request_review_comment")],
            &[("x-github-event", "pull_request")],
            &[("x-github-event", "check_suite")],
            &[("x-github-event", "status")],
            &[("x-github-event", "x")],
        ],
        names: &[
            "action",
            "issue",
            "label",
            "name",
            "repository",
            "full_name",
            "sender",
            "login",
            "number",
            "review",
            "state",
            "pull_request",
            "check_suite",
            "sha",
            "branches",
            "commit",
            "comment",
            "body",
            "user",
        ],
        words: &["labeled", "created", "submitted", "changes_requested", "@ticketsmith revise", "acme/shop"],
    };
    check_any_delivery(&SPEC, &vocabulary);
}

fn delivery(sender: &str, action: &str, more: Value) -> Value {
    let mut payload = json!({
        "action": action,
        "sender": {"login": sender},
        "repository": {"full_name": "acme/shop"},
    });
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    payload
}

fn only_event(meaning: Meaning) -> Event {
    match meaning {
        Meaning::Events(mut events) if events.len() == 1 => events.remove(0).event,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_labelled_issue_is_a_ticket() {
    let payload = delivery("ada", "labeled", json!({"issue": {"number": 12}, "label": {"name": "agent"}}));
    let event = only_event(meaning_of("issues", payload));
    assert_eq!(event.kind, LABELLED);
    assert_eq!(event.task_id.as_deref(), Some("acme/shop#12"));
    assert_eq!((&event.fields["task_id"], &event.fields["label"]), (&json!("acme/shop#12"), &json!("agent")));
}

#[test]
fn a_label_that_shows_a_status_moves_an_open_issue() {
    let moved = |action: &str, label: &str, state: &str, others: Value| {
        let mut payload = delivery("ada", action, json!({"label": {"name": label}}));
        payload["issue"] = json!({
            "number": 12, "state": state, "labels": others,
            "created_at": "2026-11-22T10:00:00Z", "updated_at": "2026-11-22T12:00:00Z",
        });
        let Meaning::Events(events) = meaning_of("issues", payload) else { panic!("{action}") };
        let shown =
            events.into_iter().map(|received| received.event).filter(|event| event.kind == TRANSITIONED);
        shown.map(|event| event.fields).collect::<Vec<_>>()
    };
    let labels = json!([{"name": "Status: In Review"}, {"name": "status: approved"}, {"name": "bug"}]);
    let of_label = moved("labeled", "status: approved", "open", labels.clone());
    let expected = json!({
        "repository": "acme/shop", "actor": "ada", "task_id": "acme/shop#12", "from": "In Review", "to": "approved",
        "said_at": "2026-11-22T12:00:00Z",
    });
    assert_eq!(json!(of_label), json!([expected]));
    assert!(moved("labeled", "bug", "open", labels.clone()).is_empty());
    assert!(moved("labeled", "status: approved", "closed", labels).is_empty(), "a closed issue is closed");
    let closed = moved("closed", "", "closed", json!([{"name": "status: in review"}])).remove(0);
    assert_eq!((&closed["from"], &closed["to"]), (&json!("in review"), &json!("closed")));
    let reopened = moved("reopened", "", "open", json!([])).remove(0);
    assert_eq!((&reopened["from"], &reopened["to"]), (&json!("closed"), &json!("open")));
}

#[test]
fn comments_on_issues_and_pull_requests_are_told_apart() {
    for (pull_request, expected) in [(json!({"url": "u"}), true), (Value::Null, false)] {
        let more = json!({
            "issue": {"number": 3, "pull_request": pull_request},
            "comment": {"id": 9, "body": "/ticketsmith revise name it well"},
        });
        let event = only_event(meaning_of("issue_comment", delivery("ada", "created", more)));
        assert_eq!(event.fields["is_pull_request"], expected);
        assert_eq!(event.fields["text"], "revise name it well");
        assert_eq!(event.fields["comment_id"], "9");
    }
}

#[test]
fn a_request_keeps_what_is_said_before_it_and_a_command_does_not() {
    let said = |body: &str| {
        let more = json!({"issue": {"number": 3}, "comment": {"id": 9, "body": body}});
        match meaning_of("issue_comment", delivery("ada", "created", more)) {
            Meaning::Events(mut events) => events.remove(0),
            other => panic!("{other:?}"),
        }
    };
    let request = said("The total of an empty cart is wrong.\r\n\r\n@ticketsmith fix this");
    let words = "fix this\n\n(earlier in the same message:)\n\nThe total of an empty cart is wrong.";
    assert_eq!(request.words.as_deref(), Some(words));
    assert_eq!(request.event.fields["text"], "fix this");
    assert_eq!(said("I have read it.\n\n@ticketsmith approve").words.as_deref(), Some("approve"));
}

#[test]
fn a_comment_on_a_line_is_said_about_its_pull_request_and_its_line() {
    let on_line = |body: &str, more: Value| {
        let mut comment = json!({"id": 9, "body": body, "path": "src/shop/cart.py", "line": 5, "created_at": "2026-11-22T10:00:00Z",
                                 "pull_request_review_id": 70});
        comment.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let more = json!({"comment": comment, "pull_request": {"number": 3}});
        meaning_of("pull_request_review_comment", delivery("ada", "created", more))
    };
    let received = |meaning: Meaning| match meaning {
        Meaning::Events(mut events) if events.len() == 1 => events.remove(0),
        other => panic!("{other:?}"),
    };
    let said = received(on_line("/ticketsmith revise call it total", json!({})));
    let words = "revise call it total\n\n(said about `src/shop/cart.py`, line 5)";
    assert_eq!((said.words.as_deref(), &said.event.fields["text"]), (Some(words), &json!(words)));
    assert_eq!((said.event.kind, said.event.task_id.as_deref()), (COMMENTED, Some("acme/shop#3")));
    assert_eq!(
        (&said.event.fields["is_pull_request"], &said.event.fields["number"]),
        (&json!(true), &json!(3))
    );
    assert_eq!(said.event.delivery, "acme/shop line comment 9");
    assert_eq!(said.also_as, ["acme/shop review 70"], "a review has its remarks already");
    let outdated = received(on_line("@ticketsmith call it total", json!({"line": null, "original_line": 7})));
    assert!(outdated.words.unwrap().ends_with(", line 7 of an earlier commit)"));
    let of_several = received(on_line("@ticketsmith call it total", json!({"start_line": 3})));
    assert!(of_several.words.unwrap().ends_with(", lines 3–5)"));
    for (body, action) in [("call it total", "created"), ("@ticketsmith call it total", "edited")] {
        let more = json!({"comment": {"id": 9, "body": body}, "pull_request": {"number": 3}});
        let meaning = meaning_of("pull_request_review_comment", delivery("ada", action, more));
        assert!(matches!(meaning, Meaning::Ignored(_)), "{body}: {meaning:?}");
    }
    for words in ["approve", "undo confirm 0123abcdef", "nice work!", "aprove it"] {
        let said = received(on_line(&format!("@ticketsmith {words}"), json!({})));
        assert_eq!(said.words.as_deref(), Some(words), "it asks for no change of the line");
    }
    let ours = format!("@ticketsmith hi {}", Mark::BEGIN);
    assert_eq!(on_line(&ours, json!({})), Meaning::Ignored("the bot wrote the comment".into()));
}

#[test]
fn only_a_review_that_asks_for_changes_is_an_event() {
    let review = |state| json!({"review": {"state": state, "body": "rename"}, "pull_request": {"number": 3}});
    let event = only_event(meaning_of(
        "pull_request_review",
        delivery("ada", "submitted", review("changes_requested")),
    ));
    assert_eq!((&event.fields["number"], &event.fields["comments"]), (&json!(3), &json!("rename")));
    let mut said = review("commented");
    (said["review"]["body"], said["review"]["submitted_at"]) =
        ("@ticketsmith approve".into(), "2026-11-22T10:00:00Z".into());
    let event = only_event(meaning_of("pull_request_review", delivery("ada", "submitted", said)));
    assert_eq!(event.fields["said_at"], "2026-11-22T10:00:00Z", "it answers no question that came after it");
    let approved = meaning_of("pull_request_review", delivery("ada", "submitted", review("approved")));
    assert!(matches!(approved, Meaning::Ignored(_)));
}

#[test]
fn the_end_of_a_pull_request_counts_even_when_the_bot_closed_it() {
    let more = json!({"pull_request": {"number": 3, "merged": true, "head": {"ref": "feature/SHOP-1"},
        "created_at": "2026-11-22T10:00:00Z", "closed_at": "2026-11-22T12:00:00Z"}});
    let Meaning::PullRequestClosed(closed, received) =
        meaning_of("pull_request", delivery("ticketsmith[bot]", "closed", more))
    else {
        panic!("not closed")
    };
    let expected = ClosedPullRequest {
        repository: "acme/shop".parse().unwrap(),
        number: 3,
        branch: "feature/SHOP-1".into(),
        merged: true,
        opened_at: Some("2026-11-22T10:00:00Z".parse().unwrap()),
        closed_at: "2026-11-22T12:00:00Z".parse().unwrap(),
    };
    assert_eq!(closed, expected);
    assert_eq!(
        (&received.event.fields["number"], &received.event.fields["merged"]),
        (&json!(3), &json!(true))
    );
    assert_eq!(received.event.actor, None, "it starts nothing in the bot's name");
}

#[test]
fn a_pull_request_that_is_opened_again_is_told_apart_from_an_issue() {
    let more = json!({"pull_request": {"number": 3, "updated_at": "2026-11-22T13:00:00Z"}});
    let Meaning::PullRequestReopened(reopened) =
        meaning_of("pull_request", delivery("ticketsmith[bot]", "reopened", more))
    else {
        panic!("not opened again")
    };
    assert_eq!((reopened.repository.as_str(), reopened.number), ("acme/shop", 3));
    assert_eq!(reopened.at.to_string(), "2026-11-22T13:00:00Z");
}

#[test]
fn the_bots_own_doing_is_ignored() {
    let more = json!({"issue": {"number": 12}, "label": {"name": "agent"}});
    let own = meaning_of("issues", delivery("Ticketsmith[bot]", "labeled", more));
    assert_eq!(own, Meaning::Ignored("the bot did it itself".into()));
}

#[test]
fn a_form_is_read_as_json_is() {
    let payload =
        delivery("ada", "labeled", json!({"issue": {"number": 12}, "label": {"name": "a & b = ü"}}))
            .to_string();
    let read = |content_type: &'static str, body: &str| {
        let headers = headers(&[("x-github-event", "issues"), ("content-type", content_type)]);
        parse(&headers, body.as_bytes(), &BOT)
    };
    let form = "application/x-www-form-urlencoded";
    let body = serde_urlencoded::to_string([("payload", &payload)]).unwrap();
    for content_type in [form, "application/x-www-form-urlencoded; charset=utf-8"] {
        let event = only_event(read(content_type, &body).unwrap().meaning);
        assert_eq!(event.fields["label"], "a & b = ü");
    }
    let refused = read(form, "other=1").unwrap_err().to_string();
    assert_eq!(refused, "the body is not a valid form: the field `payload` is missing");
    assert!(matches!(read(form, "payload=%7B"), Err(Malformed::Json(_))));
}

#[test]
fn a_body_is_one_delivery_whatever_its_headers_say() {
    let body = delivery("ada", "labeled", json!({})).to_string();
    let id = |guid: &'static str| {
        let headers = headers(&[("x-github-event", "issues"), ("x-github-delivery", guid)]);
        parse(&headers, body.as_bytes(), &BOT).unwrap().id
    };
    assert_eq!(id("1"), id("2"));
}

fn issue(updated_at: &str, more: Value) -> Value {
    let mut issue = json!({"number": 12, "created_at": "2026-11-22T10:00:00Z", "updated_at": updated_at});
    issue.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    issue
}

#[test]
fn an_issue_is_labelled_when_it_is_opened_and_is_so_once() {
    let labels = json!({"labels": [{"name": "bug"}, "odd", {"name": "Agent"}]});
    let more = json!({"issue": issue("2026-11-22T10:00:00Z", labels)});
    let Meaning::Events(opened) = meaning_of("issues", delivery("ada", "opened", more)) else {
        panic!("no events")
    };
    let labels: Vec<_> =
        opened.iter().filter_map(|received| received.event.fields.get("label")?.as_str()).collect();
    assert_eq!(labels, ["bug", "Agent"]);
    assert_eq!(opened[2].event.kind, CREATED);
    let labelled = |at: &str| {
        let more = json!({"issue": issue(at, json!({})), "label": {"name": "Agent"}});
        only_event(meaning_of("issues", delivery("ada", "labeled", more))).delivery
    };
    assert_eq!(labelled("2026-11-22T10:00:01Z"), opened[1].event.delivery, "GitHub reports it twice");
    assert_ne!(labelled("2026-11-22T10:01:00Z"), opened[1].event.delivery, "it was given again");
    let bare = delivery("ada", "opened", json!({"issue": issue("2026-11-22T10:00:00Z", json!({}))}));
    assert_eq!(only_event(meaning_of("issues", bare)).kind, CREATED);
}

#[test]
fn one_odd_field_hides_nothing() {
    let more = json!({"issue": {"number": 12, "labels": "many", "created_at": 5}, "label": {"name": "agent"},
        "pull_request": [], "review": "none", "comment": 7, "check_suite": {"head_sha": 1}});
    assert_eq!(only_event(meaning_of("issues", delivery("ada", "labeled", more))).fields["label"], "agent");
}

#[test]
fn machines_are_not_answered() {
    let mut payload = delivery(
        "helper[bot]",
        "created",
        json!({
            "issue": {"number": 3}, "comment": {"id": 9, "body": "@ticketsmith dance"},
        }),
    );
    let reply = |payload: Value| match meaning_of("issue_comment", payload) {
        Meaning::Events(events) => events[0].reply.clone(),
        other => panic!("{other:?}"),
    };
    assert!(reply(payload.clone()).is_some());
    payload["sender"]["type"] = "Bot".into();
    assert_eq!(reply(payload), None);
}

#[test]
fn a_label_on_a_pull_request_and_a_request_for_the_bots_review_are_events() {
    let on = |action: &str, more: Value| {
        let mut payload = delivery("ada", action, json!({"pull_request": {"number": 7}}));
        payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        meaning_of("pull_request", payload)
    };
    let event = only_event(on("labeled", json!({"label": {"name": "agent-review"}})));
    assert_eq!(
        (event.kind.as_str(), &event.fields["label"]),
        ("github.pull_request_labelled", &json!("agent-review"))
    );
    assert_eq!((&event.fields["number"], &event.fields["pull_request"]), (&json!(7), &json!("acme/shop#7")));
    let event = only_event(on("review_requested", json!({"requested_reviewer": {"login": "Ticketsmith"}})));
    assert_eq!(
        (event.kind.as_str(), &event.fields["pull_request"]),
        ("github.review_requested", &json!("acme/shop#7"))
    );
    for other in
        [json!({"requested_reviewer": {"login": "grace"}}), json!({"requested_team": {"name": "core"}})]
    {
        assert!(matches!(on("review_requested", other), Meaning::Ignored(_)));
    }
    let mut own = delivery("ticketsmith", "labeled", json!({"pull_request": {"number": 7}}));
    own["label"] = json!({"name": "agent-review"});
    assert_eq!(meaning_of("pull_request", own), Meaning::Ignored("the bot did it itself".into()));
}
