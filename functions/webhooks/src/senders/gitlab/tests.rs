use super::super::testing::{Vocabulary, check_any_delivery, headers};
use super::*;

mod merge_requests;

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
            "event_name",
            "event_type",
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
            "work_item",
            "note",
            "confidential_note",
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
fn closing_an_issue_or_opening_it_again_adds_no_label() {
    let labels = json!([{"title": "agent"}, {"title": "status::in review"}]);
    let more = json!({"labels": labels, "changes": {"labels": {"previous": [], "current": labels}}});
    for (action, state, from, to) in
        [("close", "closed", "in review", "closed"), ("reopen", "opened", "closed", "in review")]
    {
        let attributes = json!({"iid": 12, "action": action, "state": state});
        let events = events_of(meaning_of(delivery("issue", "ada", attributes, more.clone())));
        assert_eq!(shown(&events), [("gitlab.transitioned".to_owned(), to.to_owned())]);
        assert_eq!(events[0].event.fields["from"], from);
    }
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
        ("ada", note("@ticketsmith run", json!({"action": "update"}))),
        ("ada", note("looks good", json!({}))),
        ("ada", note("`@ticketsmith run`", json!({}))),
    ] {
        assert!(matches!(meaning_of(delivery("note", by, note, on.clone())), Meaning::Ignored(_)), "{by}");
    }
    let reason = |payload: Value| match meaning_of(payload) {
        Meaning::Ignored(reason) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(json!({"object_kind": "push"})), "GitLab's event `push` is not used");
    assert_eq!(reason(json!({"event_name": "group_rename"})), "GitLab's event `group_rename` is not used");
    let test = delivery("issue", "ada", json!({"iid": 3, "state": "opened"}), json!({}));
    assert_eq!(
        reason(test),
        "GitLab's event `issue` without an action, as a webhook's test sends it, is not used"
    );
    let award = json!({"object_kind": "emoji", "object_attributes": {"action": "award"}});
    assert_eq!(reason(award), "GitLab's event `emoji` with action `award` is not used");
}

#[test]
fn a_note_of_somebody_else_is_the_test_of_a_webhook() {
    let note = json!({"id": 9, "note": "@ticketsmith status", "action": "create", "author_id": 8});
    let ignored = meaning_of(delivery("note", "ada", note, json!({"issue": {"iid": 3}})));
    assert_eq!(ignored, Meaning::Ignored("a webhook's test sends a note of somebody else".into()));
}

#[test]
fn a_note_that_not_everybody_sees_is_internal_unless_its_issue_is_confidential() {
    let note = |on_confidential: Option<bool>, internal: Value| {
        let note = json!({"id": 9, "note": "@ticketsmith status", "action": "create", "internal": internal});
        let issue =
            json!({"issue": {"iid": 3, "confidential": on_confidential}, "event_type": CONFIDENTIAL_NOTE});
        meaning_of(delivery("note", "ada", note, issue))
    };
    for (on_confidential, internal, is_ignored) in [
        (Some(false), Value::Null, true),
        (None, Value::Null, true),
        (Some(true), Value::Null, false),
        (Some(true), json!(false), false),
        (Some(true), json!(true), true),
    ] {
        let meaning = note(on_confidential, internal.clone());
        let is_so = meaning == Meaning::Ignored("the note is internal".into());
        assert_eq!(is_so, is_ignored, "{on_confidential:?} {internal}: {meaning:?}");
    }
}

#[test]
fn machines_are_not_answered() {
    let is_answered = |by: &str| {
        let note = json!({"id": 9, "note": "@ticketsmith dance", "action": "create", "author_id": 7});
        events_of(meaning_of(delivery("note", by, note, json!({"issue": {"iid": 3}}))))
            .remove(0)
            .reply
            .is_some()
    };
    for (by, expected) in [
        ("ada", true),
        ("project_bot", true),
        ("project_x_bot", true),
        ("project_42_bot_0123456789abcdef", false),
        ("group_7_bot1", false),
        ("service_account_group_7_0123456789abcdef", false),
    ] {
        assert_eq!(is_answered(by), expected, "{by}");
    }
}

#[test]
fn a_note_is_the_same_whichever_hook_tells_of_it() {
    let note = |by_hook: &str| {
        let note = json!({"id": 9, "note": "@ticketsmith status", "action": "create"});
        let on = json!({"issue": {"iid": 3}, "hook": by_hook});
        events_of(meaning_of(delivery("note", "ada", note, on))).remove(0).event.delivery
    };
    assert_eq!(note("the project's"), note("a test"));
}

#[test]
fn an_incident_is_an_issue_and_an_epic_belongs_to_no_project() {
    let attributes = json!({"iid": 12, "type": "Incident", "action": "update", "state": "opened"});
    let changes = json!({"changes": {"labels": {"previous": [], "current": [{"title": "agent"}]}}});
    let mut labelled = delivery(WORK_ITEM, "ada", attributes, changes);
    let events = events_of(meaning_of(labelled.clone()));
    assert_eq!(shown(&events), [("gitlab.labelled".to_owned(), "agent".to_owned())]);
    assert_eq!(events[0].event.task_id.as_deref(), Some("acme/web/shop#12"));
    labelled["project"] = Value::Null;
    assert_eq!(meaning_of(labelled), Meaning::Ignored("the delivery does not name a project".into()));
}

#[test]
fn a_body_is_one_delivery_whatever_the_headers_say() {
    let body = delivery("issue", "ada", json!({"iid": 1, "action": "open"}), json!({})).to_string();
    let id =
        |pairs: &[(&'static str, &'static str)]| parse(&headers(pairs), body.as_bytes(), &BOT).unwrap().id;
    assert_eq!(id(&[]), id(&[("x-gitlab-event-uuid", "2")]));
}
