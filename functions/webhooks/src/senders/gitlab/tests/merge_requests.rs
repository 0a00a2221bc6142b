//! Merge requests and their pipelines.

use super::*;

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
fn a_server_may_have_a_time_zone_of_its_own() {
    for (text, expected) in [
        ("2026-11-22T10:00:00Z", Some("2026-11-22T10:00:00Z")),
        ("2026-11-22T10:00:00.123+02:00", Some("2026-11-22T08:00:00.123Z")),
        ("2026-11-22 10:00:00 UTC", Some("2026-11-22T10:00:00Z")),
        ("2026-11-22 10:00:00 +0200", Some("2026-11-22T08:00:00Z")),
        ("2026-11-22 10:00:00 -0330", Some("2026-11-22T13:30:00Z")),
        ("2026-11-22 10:00:00", None),
        ("yesterday", None),
    ] {
        assert_eq!(moment(text).map(|at| at.to_string()).as_deref(), expected, "{text}");
    }
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
    let of_request = json!({"sha": "0a1b", "ref": "refs/merge-requests/3/merge", "status": "success"});
    let request = json!({"merge_request": {"iid": 3, "source_branch": "x"}});
    let ran = meaning_of(delivery("pipeline", "ada", of_request, request));
    assert_eq!(events_of(ran)[0].event.fields["branch"], "x");
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
    let again = json!({"username": account, "state": "unreviewed", "re_requested": true});
    for reviewers in [json!([[bot], [again]]), json!({"previous": [bot], "current": [again]})] {
        let asked = events_of(update(json!({ "reviewers": reviewers })));
        assert_eq!(shown(&asked), [("gitlab.review_requested".to_owned(), String::new())], "{reviewers}");
    }
    assert!(matches!(update(json!({"reviewers": [[bot], [bot]]})), Meaning::Ignored(_)));
}

#[test]
fn a_merge_request_is_created_with_labels_and_reviewers() {
    let open = |by: &str, more: Value| {
        meaning_of(delivery("merge_request", by, json!({"iid": 3, "action": "open"}), more))
    };
    let bot = json!({"username": BOT.account.unwrap(), "state": "unreviewed"});
    let asked = json!({"labels": [{"title": "agent-review"}], "reviewers": [{"username": "grace"}, bot],
        "changes": {"labels": {"previous": [{"title": "agent-review"}], "current": []}}});
    let events = events_of(open("ada", asked.clone()));
    let kinds = ["gitlab.merge_request_labelled", "gitlab.review_requested"];
    let read: Vec<_> = events.iter().map(|received| received.event.kind.to_string()).collect();
    assert_eq!(read, kinds);
    assert_ne!(events[0].event.delivery, events[1].event.delivery);
    assert!(matches!(
        open("ada", json!({"labels": [], "reviewers": [{"username": "grace"}]})),
        Meaning::Ignored(_)
    ));
    assert!(matches!(open(BOT.account.unwrap(), asked), Meaning::Ignored(_)), "the bot asks nobody");
}
