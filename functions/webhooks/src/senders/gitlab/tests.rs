use super::super::testing::{Vocabulary, check_any_delivery, headers};
use super::*;

const BOT: Bot<'_> =
    Bot { mention: "@ticketsmith", command: "/ticketsmith", account: Some("ticketsmith-bot") };

fn meaning_of(payload: Value) -> Meaning {
    parse(&headers(&[]), payload.to_string().as_bytes(), &BOT).unwrap().meaning
}

fn delivery(kind: &str, by: &str, attributes: Value, more: Value) -> Value {
    let mut payload = json!({
        "object_kind": kind,
        "user": {"id": 7, "username": by, "name": "Ada"},
        "project": {"path_with_namespace": "acme/web/shop"},
        "object_attributes": attributes,
    });
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    payload
}

fn events_of(meaning: Meaning) -> Vec<Received> {
    match meaning {
        Meaning::Events(events) => events,
        other => panic!("{other:?}"),
    }
}

fn value(event: &Event) -> Option<&str> {
    ["label", "to"].iter().find_map(|name| event.fields.get(*name)?.as_str())
}

fn shown(events: &[Received]) -> Vec<(String, String)> {
    let pair = |received: &Received| {
        (received.event.kind.to_string(), value(&received.event).unwrap_or_default().to_owned())
    };
    events.iter().map(pair).collect()
}

#[test]
fn whatever_arrives_is_read() {
    let vocabulary = Vocabulary {
        headers: &[&[], &[("webhook-id", "1")]],
        names: &[
            "object_kind",
            "user",
            "username",
            "project",
            "path_with_namespace",
            "object_attributes",
            "iid",
            "id",
            "action",
            "state",
            "note",
            "labels",
            "title",
            "changes",
            "previous",
            "current",
            "reviewers",
            "issue",
            "merge_request",
            "position",
            "new_path",
            "status",
            "sha",
            "ref",
            "source_branch",
            "updated_at",
        ],
        words: &[
            "issue",
            "note",
            "merge_request",
            "pipeline",
            "open",
            "update",
            "close",
            "merge",
            "requested_changes",
            "@ticketsmith revise",
            "acme/web/shop",
            "success",
            "2026-11-22 10:00:00 UTC",
        ],
    };
    check_any_delivery(&SPEC, &vocabulary);
}

#[test]
fn a_label_that_is_new_and_a_status_of_one_are_events() {
    let titles = |names: &[&str]| names.iter().map(|name| json!({ "title": name })).collect::<Vec<_>>();
    let changes = json!({"changes": {"labels": {
        "previous": titles(&["bug", "status::to do"]), "current": titles(&["bug", "agent", "Status::In Review"])}}});
    let attributes = json!({"iid": 12, "action": "update", "state": "opened"});
    let events = events_of(meaning_of(delivery("issue", "ada", attributes, changes)));
    let expected = [
        ("gitlab.labelled", "agent"),
        ("gitlab.labelled", "Status::In Review"),
        ("gitlab.transitioned", "In Review"),
    ];
    assert_eq!(shown(&events), expected.map(|(kind, value)| (kind.to_owned(), value.to_owned())));
    assert_eq!(events[0].event.task_id.as_deref(), Some("acme/web/shop#12"));
    assert_eq!(events[2].event.fields["from"], "to do");
    let deliveries: std::collections::BTreeSet<_> = events.iter().map(|one| &one.event.delivery).collect();
    assert_eq!(deliveries.len(), 3);
    let closed =
        delivery("issue", "ada", json!({"iid": 12, "action": "close", "state": "closed"}), json!({}));
    assert_eq!(
        shown(&events_of(meaning_of(closed)))[0],
        ("gitlab.transitioned".to_owned(), "closed".to_owned())
    );
    let opened = json!({"labels": titles(&["agent"])});
    let opened = delivery("issue", "ada", json!({"iid": 13, "action": "open", "state": "opened"}), opened);
    let kinds: Vec<_> = shown(&events_of(meaning_of(opened))).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["gitlab.labelled", "gitlab.transitioned", "gitlab.created"]);
}

#[test]
fn notes_on_issues_and_merge_requests_have_signs() {
    let note = json!({"id": 9, "note": "@ticketsmith revise name it well", "action": "create",
        "created_at": "2026-11-22 10:00:00 UTC", "position": {"new_path": "src/cart.py", "new_line": 3}});
    for (on, task_id, is_pull_request) in
        [("merge_request", "acme/web/shop!3", true), ("issue", "acme/web/shop#3", false)]
    {
        let events = events_of(meaning_of(delivery("note", "ada", note.clone(), json!({on: {"iid": 3}}))));
        let Received { event, words, reply, .. } = &events[0];
        assert_eq!(
            (event.task_id.as_deref(), &event.fields["is_pull_request"]),
            (Some(task_id), &json!(is_pull_request))
        );
        assert_eq!(event.fields["said_at"], "2026-11-22T10:00:00Z");
        assert!(words.as_deref().unwrap().ends_with("(said about `src/cart.py`, line 3)"), "{words:?}");
        assert!(matches!(reply, Some(ReplyPlace::Ticket { task_id: at, .. }) if at == task_id));
    }
    for said in ["nice work!", "aprove it", "undo confirm 0123abcdef"] {
        let mut note = note.clone();
        note["note"] = format!("@ticketsmith {said}").into();
        let on = json!({"merge_request": {"iid": 3}});
        let events = events_of(meaning_of(delivery("note", "ada", note, on)));
        assert_eq!(events[0].words.as_deref(), Some(said), "it asks for no change of the line");
    }
}

#[test]
fn what_is_nobodys_request_is_ignored() {
    let on = json!({"issue": {"iid": 3}});
    let note = |text: &str, more: Value| {
        let mut note = json!({"id": 9, "note": text, "action": "create"});
        note.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        note
    };
    for (by, note) in [
        ("ticketsmith-bot", note("@ticketsmith run", json!({}))),
        ("ada", note("@ticketsmith run <!-- ticketsmith:x -->", json!({}))),
        ("ada", note("@ticketsmith run", json!({"system": true}))),
        ("ada", note("@ticketsmith run", json!({"internal": true}))),
        ("ada", note("looks good", json!({}))),
        ("ada", note("`@ticketsmith run`", json!({}))),
    ] {
        assert!(matches!(meaning_of(delivery("note", by, note, on.clone())), Meaning::Ignored(_)), "{by}");
    }
    assert!(matches!(meaning_of(json!({"object_kind": "push"})), Meaning::Ignored(_)));
}

#[test]
fn a_reviewer_requests_changes_once() {
    let reviewers = |before: &str, after: &str| {
        json!({"changes": {"reviewers": {
            "previous": [{"id": 7, "username": "ada", "state": before}],
            "current": [{"id": 7, "username": "ada", "state": after}]}}})
    };
    let review =
        |change| meaning_of(delivery("merge_request", "ada", json!({"iid": 3, "action": "update"}), change));
    let events = events_of(review(reviewers("unreviewed", "requested_changes")));
    let event = &events[0].event;
    assert_eq!((&event.fields["number"], &event.fields[REVIEW]), (&json!(3), &json!(7)));
    assert_eq!(event.task_id.as_deref(), Some("acme/web/shop!3"));
    for change in
        [reviewers("requested_changes", "requested_changes"), reviewers("unreviewed", "approved"), json!({})]
    {
        assert!(matches!(review(change), Meaning::Ignored(_)));
    }
}

#[test]
fn the_end_of_a_merge_request_counts_even_when_the_bot_closed_it() {
    let attributes = json!({"iid": 3, "action": "merge", "source_branch": "feature/SHOP-1",
        "created_at": "2026-11-22T10:00:00Z", "updated_at": "2026-11-22 12:00:00 UTC"});
    let Meaning::PullRequestClosed(closed, received) =
        meaning_of(delivery("merge_request", "ticketsmith-bot", attributes, json!({})))
    else {
        panic!("not closed")
    };
    assert!(closed.merged && closed.number == 3 && closed.closed_at.to_string() == "2026-11-22T12:00:00Z");
    assert_eq!(received.event.actor, None);
}

#[test]
fn a_merge_request_that_is_opened_again_is_no_end() {
    let attributes = json!({"iid": 3, "action": "reopen", "updated_at": "2026-11-22 13:00:00 UTC"});
    let Meaning::PullRequestReopened(reopened) =
        meaning_of(delivery("merge_request", "ada", attributes, json!({})))
    else {
        panic!("not opened again")
    };
    assert_eq!((reopened.repository.as_str(), reopened.number), ("acme/web/shop", 3));
    assert_eq!(reopened.at.to_string(), "2026-11-22T13:00:00Z");
}

#[test]
fn a_pipeline_that_is_done_is_a_check() {
    let pipeline = |status: &str| {
        meaning_of(delivery(
            "pipeline",
            "ticketsmith-bot",
            json!({"sha": "0a1b", "ref": "x", "status": status}),
            json!({}),
        ))
    };
    for (status, conclusion) in [("success", "success"), ("failed", "failure"), ("canceled", "cancelled")] {
        assert_eq!(events_of(pipeline(status))[0].event.fields["conclusion"], conclusion);
    }
    assert!(matches!(pipeline("running"), Meaning::Ignored(_)));
}

#[test]
fn a_body_is_one_delivery_whatever_the_headers_say() {
    let body = delivery("issue", "ada", json!({"iid": 1, "action": "open"}), json!({})).to_string();
    let id =
        |pairs: &[(&'static str, &'static str)]| parse(&headers(pairs), body.as_bytes(), &BOT).unwrap().id;
    assert_eq!(id(&[]), id(&[("x-gitlab-event-uuid", "2")]));
}

#[test]
fn a_label_on_a_merge_request_and_the_bot_among_its_reviewers_are_events() {
    let update = |changes: Value| {
        let attributes = json!({"iid": 3, "action": "update"});
        meaning_of(delivery("merge_request", "ada", attributes, json!({"changes": changes})))
    };
    let labels = json!({"labels": {"previous": [{"title": "bug"}], "current": [{"title": "bug"}, {"title": "agent-review"}]}});
    let events = events_of(update(labels));
    assert_eq!(shown(&events), [("gitlab.merge_request_labelled".to_owned(), "agent-review".to_owned())]);
    assert_eq!(events[0].event.fields["pull_request"], "acme/web/shop!3");
    let account = BOT.account.unwrap();
    let bot = json!({"id": 9, "username": account, "state": "unreviewed"});
    let asked = events_of(update(json!({"reviewers": {"previous": [], "current": [bot]}})));
    assert_eq!(shown(&asked), [("gitlab.review_requested".to_owned(), String::new())]);
    assert!(matches!(
        update(json!({"reviewers": {"previous": [bot], "current": [bot]}})),
        Meaning::Ignored(_)
    ));
}
