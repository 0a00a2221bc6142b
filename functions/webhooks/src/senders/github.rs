//! GitHub's webhooks: <https://docs.github.com/en/webhooks/webhook-events-and-payloads>.
//!
//! A comment on a pull request is an `issue_comment` whose `issue.pull_request` is present.

mod events;
mod signature;

use super::delivery::{Bot, Delivery, Malformed, Meaning, answer_in_words, header, id_of_body, read_json};
use super::spec::SenderSpec;
use crate::mention::words_for_bot;
use axum::http::HeaderMap;
use domain::stored::cut_inline;
use domain::{Actor, Event, EventName, SourceName};
use events::{CHECKS_COMPLETED, COMMENTED, LABELLED, REVIEW_REQUESTED_CHANGES};
use jiff::Timestamp;
use records::ClosedPullRequest;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

pub(super) const SPEC: SenderSpec = SenderSpec {
    name: "github",
    title: "GitHub",
    set_up: "Settings > Webhooks, or the App; JSON; events: Check suites, Issue comments, Issues, Pull request reviews, Pull requests, Statuses",
    verify: signature::verify,
    parse,
    events: events::events,
    answer: answer_in_words,
    final_refusal: &[],
};

const SOURCE: SourceName = SourceName::from_static("github");

#[derive(Debug, Deserialize)]
struct Payload {
    action: Option<String>,
    sender: Option<Account>,
    repository: Option<Repository>,
    issue: Option<Issue>,
    label: Option<Label>,
    comment: Option<Comment>,
    review: Option<Review>,
    pull_request: Option<PullRequest>,
    check_suite: Option<CheckSuite>,
    // Those of a status are not in an object of their own.
    sha: Option<String>,
    state: Option<String>,
    branches: Option<Vec<Branch>>,
}

#[derive(Debug, Deserialize)]
struct Branch {
    name: Option<String>,
    commit: Option<BranchHead>,
}

#[derive(Debug, Deserialize)]
struct BranchHead {
    sha: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Account {
    login: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Issue {
    number: Option<u64>,
    pull_request: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Label {
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Comment {
    id: Option<u64>,
    body: Option<String>,
    created_at: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Review {
    state: Option<String>,
    body: Option<String>,
}

#[derive(Debug, Deserialize)]
struct PullRequest {
    number: Option<u64>,
    merged: Option<bool>,
    head: Option<Head>,
    created_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct Head {
    #[serde(rename = "ref")]
    branch: Option<String>,
}

#[derive(Debug, Deserialize)]
struct CheckSuite {
    head_sha: Option<String>,
    /// Absent for a fork's.
    head_branch: Option<String>,
    conclusion: Option<String>,
}

fn parse(headers: &HeaderMap, body: &[u8], bot: &Bot<'_>) -> Result<Delivery, Malformed> {
    let id = header(headers, "x-github-delivery").map_or_else(|| id_of_body(body), str::to_owned);
    let name = header(headers, "x-github-event").ok_or(Malformed::MissingHeader("x-github-event"))?;
    let meaning = match read_json::<Payload>("GitHub", body)? {
        Ok(_) if name == "ping" => Meaning::Ping,
        Ok(payload) => meaning(name, payload, &id, bot),
        Err(reason) => Meaning::Ignored(reason),
    };
    Ok(Delivery::new(id, meaning))
}

fn meaning(name: &str, payload: Payload, delivery: &str, bot: &Bot<'_>) -> Meaning {
    let action = payload.action.clone().unwrap_or_default();
    let known = matches!(
        (name, action.as_str()),
        ("issues", "labeled")
            | ("issue_comment", "created")
            | ("pull_request_review", "submitted")
            | ("pull_request", "closed")
            | ("check_suite", "completed")
            | ("status", "")
    );
    if !known {
        return Meaning::Ignored(format!("GitHub's event `{name}` with action `{action}` is not used"));
    }
    let Some(repository) = payload.repository.as_ref().and_then(|repository| repository.full_name.clone())
    else {
        return Meaning::Ignored("the delivery does not name a repository".into());
    };
    let actor = payload.sender.as_ref().and_then(|sender| sender.login.clone()).map(|id| Actor {
        source: SOURCE,
        display_name: Some(id.clone()),
        id,
        person: None,
    });
    // A merge by the bot itself still counts in statistics, and checks are told of in the name of whoever pushed: mostly the bot.
    // Reacting to its other events would cause a loop.
    let own = actor.as_ref().is_some_and(|actor| is_bot(bot, &actor.id));
    let actor = actor.filter(|_| !own);
    if own && !matches!(name, "pull_request" | "check_suite" | "status") {
        return Meaning::Ignored("the bot did it itself".into());
    }
    let about = About { delivery, repository, actor };
    let understood = match name {
        "issues" => labelled(payload, &about),
        "issue_comment" => commented(payload, &about, bot),
        "pull_request_review" => reviewed(payload, &about),
        "pull_request" => closed(payload, &about),
        "status" => given_status(payload, &about),
        _ => checked(payload, &about),
    };
    understood.unwrap_or_else(|| {
        Meaning::Ignored(format!("the delivery lacks a field that GitHub documents for `{name}`"))
    })
}

/// Whether a login is the bot's own; GitHub appends `[bot]` to an App's login.
fn is_bot(bot: &Bot<'_>, login: &str) -> bool {
    let bare = |login: &str| login.trim_end_matches("[bot]").to_lowercase();
    bot.account.is_some_and(|own| bare(own) == bare(login))
}

/// The data common to all events in a delivery.
struct About<'a> {
    delivery: &'a str,
    repository: String,
    actor: Option<Actor>,
}

impl About<'_> {
    /// `number` is an issue or a pull request.
    fn event(&self, kind: EventName, number: Option<u64>, more: Value) -> Meaning {
        let mut fields = Map::new();
        fields.insert("repository".into(), json!(self.repository));
        fields.insert("actor".into(), json!(self.actor.as_ref().map(|actor| &actor.id)));
        if let Value::Object(more) = more {
            fields.extend(more);
        }
        Meaning::Events(vec![Event {
            actor: self.actor.clone(),
            kind,
            delivery: self.delivery.to_owned(),
            project: Some(self.repository.clone()),
            task_id: number.map(|number| format!("{}#{number}", self.repository)),
            fields,
        }])
    }
}

fn labelled(payload: Payload, about: &About<'_>) -> Option<Meaning> {
    let number = payload.issue?.number?;
    let more = json!({ "task_id": format!("{}#{number}", about.repository), "label": payload.label?.name? });
    Some(about.event(LABELLED, Some(number), more))
}

fn commented(payload: Payload, about: &About<'_>, bot: &Bot<'_>) -> Option<Meaning> {
    let (issue, comment) = (payload.issue?, payload.comment?);
    let number = issue.number?;
    let text = comment.body.unwrap_or_default();
    let Some(words) = words_for_bot(&text, bot.mention, bot.command) else {
        let Bot { mention, command, .. } = bot;
        return Some(Meaning::Ignored(format!(
            "the comment neither mentions {mention} nor starts with {command}"
        )));
    };
    let more = json!({
        "number": number,
        "is_pull_request": issue.pull_request.is_some(),
        "text": cut_inline(words),
        // The comment to react to.
        "comment_id": comment.id.map(|id| id.to_string()),
        "said_at": comment.created_at,
    });
    Some(about.event(COMMENTED, Some(number), more))
}

fn reviewed(payload: Payload, about: &About<'_>) -> Option<Meaning> {
    let review = payload.review?;
    if !review.state?.eq_ignore_ascii_case("changes_requested") {
        return Some(Meaning::Ignored("the review does not request changes".into()));
    }
    let number = payload.pull_request?.number?;
    let more =
        json!({ "number": number, "comments": cut_inline(review.body.as_deref().unwrap_or_default()) });
    Some(about.event(REVIEW_REQUESTED_CHANGES, Some(number), more))
}

fn closed(payload: Payload, about: &About<'_>) -> Option<Meaning> {
    let pull_request = payload.pull_request?;
    Some(Meaning::PullRequestClosed(ClosedPullRequest {
        repository: about.repository.parse().ok()?,
        number: pull_request.number?,
        branch: pull_request.head?.branch?,
        merged: pull_request.merged?,
        opened_at: pull_request.created_at,
        closed_at: pull_request.closed_at?,
    }))
}

/// One App's checks are done; others may not be.
fn checked(payload: Payload, about: &About<'_>) -> Option<Meaning> {
    let suite = payload.check_suite?;
    let more =
        json!({ "sha": suite.head_sha?, "branch": suite.head_branch, "conclusion": suite.conclusion? });
    Some(about.event(CHECKS_COMPLETED, None, more))
}

/// One of a commit's statuses is known; others may not be.
fn given_status(payload: Payload, about: &About<'_>) -> Option<Meaning> {
    let (sha, state) = (payload.sha?, payload.state?);
    if state == "pending" {
        return Some(Meaning::Ignored("the status is pending".into()));
    }
    let mut branches = payload.branches.unwrap_or_default().into_iter();
    let branch = branches.find(|branch| {
        branch.commit.as_ref().is_some_and(|commit| commit.sha.as_deref() == Some(sha.as_str()))
    });
    let conclusion = if state == "success" { "success" } else { "failure" };
    let more =
        json!({ "sha": sha, "branch": branch.and_then(|branch| branch.name), "conclusion": conclusion });
    Some(about.event(CHECKS_COMPLETED, None, more))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Vocabulary, check_any_delivery, headers};
    use super::*;

    const BOT: Bot<'_> =
        Bot { mention: "@ticketsmith", command: "/ticketsmith", account: Some("ticketsmith") };

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
            words: &[
                "labeled",
                "created",
                "submitted",
                "changes_requested",
                "@ticketsmith revise",
                "acme/shop",
            ],
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
            Meaning::Events(mut events) if events.len() == 1 => events.remove(0),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_labelled_issue_is_a_ticket() {
        let payload =
            delivery("ada", "labeled", json!({"issue": {"number": 12}, "label": {"name": "agent"}}));
        let event = only_event(meaning_of("issues", payload));
        assert_eq!(event.kind, LABELLED);
        assert_eq!(event.task_id.as_deref(), Some("acme/shop#12"));
        assert_eq!(
            (&event.fields["task_id"], &event.fields["label"]),
            (&json!("acme/shop#12"), &json!("agent"))
        );
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
    fn only_a_review_that_asks_for_changes_is_an_event() {
        let review =
            |state| json!({"review": {"state": state, "body": "rename"}, "pull_request": {"number": 3}});
        let event = only_event(meaning_of(
            "pull_request_review",
            delivery("ada", "submitted", review("changes_requested")),
        ));
        assert_eq!((&event.fields["number"], &event.fields["comments"]), (&json!(3), &json!("rename")));
        let approved = meaning_of("pull_request_review", delivery("ada", "submitted", review("approved")));
        assert!(matches!(approved, Meaning::Ignored(_)));
    }

    #[test]
    fn the_end_of_a_pull_request_counts_even_when_the_bot_closed_it() {
        let more = json!({"pull_request": {"number": 3, "merged": true, "head": {"ref": "feature/SHOP-1"},
            "created_at": "2026-11-22T10:00:00Z", "closed_at": "2026-11-22T12:00:00Z"}});
        assert_eq!(
            meaning_of("pull_request", delivery("ticketsmith[bot]", "closed", more)),
            Meaning::PullRequestClosed(ClosedPullRequest {
                repository: "acme/shop".parse().unwrap(),
                number: 3,
                branch: "feature/SHOP-1".into(),
                merged: true,
                opened_at: Some("2026-11-22T10:00:00Z".parse().unwrap()),
                closed_at: "2026-11-22T12:00:00Z".parse().unwrap(),
            })
        );
    }

    #[test]
    fn the_bots_own_doing_is_ignored() {
        let more = json!({"issue": {"number": 12}, "label": {"name": "agent"}});
        let own = meaning_of("issues", delivery("Ticketsmith[bot]", "labeled", more));
        assert_eq!(own, Meaning::Ignored("the bot did it itself".into()));
    }
}
