//! GitHub's webhooks: <https://docs.github.com/en/webhooks/webhook-events-and-payloads>.
//!
//! An event is identified by its subject: the ID of a comment or review, the time of a label. So it is the same whether a webhook brings it,
//! the log of deliveries, or a list of changes, and counts once.
//!
//! A body is JSON, or a form with JSON in `payload`, which is GitHub's default. A comment on a pull request
//! is an `issue_comment` whose `issue.pull_request` is present.

mod about;
mod events;
mod on_line;
mod payload;
mod reviewed;
mod signature;
mod status;

use super::delivery::{
    Bot, Delivery, MOST_READ, Malformed, Meaning, Received, ReopenedPullRequest, answer_in_words, header,
    id_of_body, in_context, is_form, read_json,
};
use super::spec::SenderSpec;
use crate::mention::words_for_bot;
use crate::spoken::Markup;
use about::{About, Given};
use axum::http::HeaderMap;
use domain::plugins::Mark;
use domain::stored::cut_inline;
use domain::{Actor, SourceName};
use events::{CHECKS_COMPLETED, CLOSED, COMMENTED, CREATED, EDITED, PULL_REQUEST_LABELLED, REVIEW_REQUESTED};
use jiff::SignedDuration;
use payload::Payload;
use records::ClosedPullRequest;
use reviewed::Reviewed;
use serde_json::json;
use std::borrow::Cow;

pub(super) const SPEC: SenderSpec = SenderSpec {
    name: "github",
    title: "GitHub",
    set_up: "Settings > Webhooks, or the App; events: Check suites, Issue comments, Issues, Pull request review comments, Pull request reviews, Pull requests, Statuses",
    fetched: Some(
        "labels, titles, new issues, comments, reviews, what is closed or opened again; with an App, all that its delivery log has",
    ),
    verify: signature::verify,
    parse,
    events: events::events,
    answer: answer_in_words,
    final_refusal: &[],
};

const SOURCE: SourceName = SourceName::from_static("github");

/// A label that an issue is created with is reported twice, with the issue and separately. Within this time after the creation, both count
/// as one.
const CREATION: SignedDuration = SignedDuration::from_secs(10);

fn parse(headers: &HeaderMap, body: &[u8], bot: &Bot<'_>) -> Result<Delivery, Malformed> {
    let id = id_of_body(body);
    let name = header(headers, "x-github-event").ok_or(Malformed::MissingHeader("x-github-event"))?;
    let json = match is_form(headers) {
        true => Cow::Owned(form_payload(body)?),
        false => Cow::Borrowed(body),
    };
    let payload = read_json::<Payload>("GitHub", &json)?;
    let meaning = match name {
        "ping" => Meaning::Ping,
        _ => meaning(name, payload, &id, bot),
    };
    Ok(Delivery::new(id, meaning))
}

/// The JSON in a form's field `payload`.
fn form_payload(body: &[u8]) -> Result<Vec<u8>, Malformed> {
    let fields: Vec<(String, String)> =
        serde_urlencoded::from_bytes(body).map_err(|error| Malformed::Form(error.to_string()))?;
    let payload = fields.into_iter().find_map(|(name, value)| (name == "payload").then_some(value));
    let missing = || Malformed::Form("the field `payload` is missing".to_owned());
    Ok(payload.ok_or_else(missing)?.into_bytes())
}

fn meaning(name: &str, payload: Payload, delivery: &str, bot: &Bot<'_>) -> Meaning {
    let action = payload.action.clone().unwrap_or_default();
    let known = matches!(
        (name, action.as_str()),
        ("issues", "labeled" | "opened" | "edited" | "closed" | "reopened")
            | ("issue_comment", "created")
            | ("pull_request_review", "submitted")
            | ("pull_request_review_comment", "created")
            | ("pull_request", "closed" | "reopened" | "labeled" | "review_requested")
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
    let sender = payload.sender.as_ref();
    let actor = sender.and_then(|sender| sender.login.clone()).map(|id| Actor {
        source: SOURCE,
        display_name: Some(id.clone()),
        id,
        person: None,
    });
    // A merge by the bot itself still counts in statistics, and checks are reported in the name of the account that pushed, usually the bot.
    // Reacting to its other events would cause a loop.
    let own = actor.as_ref().is_some_and(|actor| is_bot(bot, &actor.id));
    let actor = actor.filter(|_| !own);
    let is_statistics = matches!(
        (name, action.as_str()),
        ("pull_request", "closed" | "reopened") | ("check_suite" | "status", _)
    );
    if own && !is_statistics {
        return Meaning::Ignored("the bot did it itself".into());
    }
    let is_machine = sender.and_then(|sender| sender.kind.as_deref()) == Some("Bot");
    let about = About { delivery, repository, actor, is_machine };
    let understood = match name {
        "issues" if action == "opened" => opened(payload, &about),
        "issues" if action == "edited" => edited(payload, &about),
        "issues" if action != "labeled" => closed_or_opened_again(&action, payload, &about),
        "issues" => labelled(payload, &about),
        "issue_comment" => commented(payload, &about, bot),
        "pull_request_review" => reviewed(payload, &about, bot),
        "pull_request_review_comment" => on_line::commented(payload, &about, bot),
        "pull_request" => on_pull_request(&action, payload, &about, bot),
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

fn only(received: Received) -> Meaning {
    Meaning::Events(vec![received])
}

/// An issue is opened, with its labels.
fn opened(payload: Payload, about: &About<'_>) -> Option<Meaning> {
    let issue = payload.issue?;
    let number = issue.number?;
    let labels = issue.labels.into_iter().filter_map(|label| label.name).take(MOST_READ);
    let labels = labels.map(|label| about.labelled(number, &label, Given::WithTheIssue));
    let task_id = json!(format!("{}#{number}", about.repository));
    let created = about.event(CREATED, Some(number), json!({ "task_id": task_id }));
    let created = about.known_by(&format!("#{number} created"), created);
    Some(Meaning::Events(labels.chain([created]).collect()))
}

/// GitHub reports this only for an issue's title and description.
fn edited(payload: Payload, about: &About<'_>) -> Option<Meaning> {
    let issue = payload.issue?;
    let number = issue.number?;
    let task_id = json!(format!("{}#{number}", about.repository));
    let event = about.event(EDITED, Some(number), json!({ "task_id": task_id }));
    Some(only(about.known_at(&format!("#{number} edited"), issue.updated_at, event)))
}

fn labelled(payload: Payload, about: &About<'_>) -> Option<Meaning> {
    let (issue, label) = (payload.issue?, payload.label?.name?);
    let given = match (issue.updated_at, issue.created_at) {
        (Some(updated), Some(created)) if updated.duration_since(created) <= CREATION => Given::WithTheIssue,
        (updated, _) => Given::At(updated),
    };
    let number = issue.number?;
    let mut events = vec![about.labelled(number, &label, given)];
    let is_open = issue.state.as_deref() != Some("closed");
    if let (Some(to), Given::At(at), true) = (status::shown_by(&label), given, is_open) {
        let others = issue.labels.iter().filter_map(|other| other.name.as_deref());
        let from = others.filter(|other| *other != label).find_map(status::shown_by).unwrap_or(status::OPEN);
        events.push(about.transitioned(number, (from, to), at));
    }
    Some(Meaning::Events(events))
}

/// An issue was closed, or opened again with the status that its labels show.
fn closed_or_opened_again(action: &str, payload: Payload, about: &About<'_>) -> Option<Meaning> {
    let issue = payload.issue?;
    let labels = issue.labels.iter().filter_map(|label| label.name.as_deref());
    let open = labels.into_iter().find_map(status::shown_by).unwrap_or(status::OPEN);
    let moved = if action == "closed" { (open, status::CLOSED) } else { (status::CLOSED, open) };
    Some(only(about.transitioned(issue.number?, moved, issue.updated_at)))
}

fn commented(payload: Payload, about: &About<'_>, bot: &Bot<'_>) -> Option<Meaning> {
    let (issue, comment) = (payload.issue?, payload.comment?);
    let number = issue.number?;
    let text = comment.body.unwrap_or_default();
    // The account of a token is also a person's, so the account alone is not conclusive.
    if text.contains(Mark::BEGIN) {
        return Some(Meaning::Ignored("the bot wrote the comment".into()));
    }
    let Bot { mention, command, .. } = *bot;
    let Some(said) = words_for_bot(&text, mention, command, Markup::Markdown) else {
        return Some(Meaning::Ignored(format!(
            "the comment neither mentions {mention} nor starts with {command}"
        )));
    };
    let more = json!({
        "task_id": format!("{}#{number}", about.repository),
        "number": number,
        "is_pull_request": issue.pull_request.is_some(),
        "pull_request": issue.pull_request.map(|_| format!("{}#{number}", about.repository)),
        "text": cut_inline(said.words),
        // The comment to react to.
        "comment_id": comment.id.map(|id| id.to_string()),
        "said_at": comment.created_at,
    });
    let words = said.is_addressed.then(|| in_context(&said));
    let received = Received { words, ..about.event(COMMENTED, Some(number), more) };
    Some(only(match comment.id {
        Some(id) => about.known_by(&format!(" comment {id}"), received),
        None => received,
    }))
}

fn reviewed(payload: Payload, about: &About<'_>, bot: &Bot<'_>) -> Option<Meaning> {
    let (review, number) = (payload.review?, payload.pull_request?.number?);
    let said = (review.state.as_deref()?, review.body.as_deref().unwrap_or_default(), review.id);
    Some(match reviewed::read(said, (&about.repository, number), bot) {
        Ok(Reviewed { kind, mut fields, words }) => {
            fields["said_at"] = json!(review.submitted_at);
            let received = Received { words, ..about.event(kind, Some(number), fields) };
            only(match said.2 {
                Some(id) => about.known_by(&format!(" review {id}"), received),
                None => received,
            })
        }
        Err(reason) => Meaning::Ignored(reason),
    })
}

/// A label, a request for a review, the end, or that it was none.
fn on_pull_request(action: &str, payload: Payload, about: &About<'_>, bot: &Bot<'_>) -> Option<Meaning> {
    if action == "closed" {
        return closed(payload, about);
    }
    let pull_request = payload.pull_request?;
    let (number, at) = (pull_request.number?, pull_request.updated_at);
    if action == "reopened" {
        let repository = about.repository.parse().ok()?;
        return Some(Meaning::PullRequestReopened(ReopenedPullRequest { repository, number, at: at? }));
    }
    let mut more = json!({ "number": number, "pull_request": format!("{}#{number}", about.repository) });
    if action == "labeled" {
        let label = payload.label?.name?;
        let what = format!("#{number} pull request labelled {}", domain::folded(&label));
        more["label"] = label.into();
        return Some(only(about.known_at(&what, at, about.event(PULL_REQUEST_LABELLED, Some(number), more))));
    }
    // A team has no login.
    let reviewer = payload.requested_reviewer.and_then(|account| account.login);
    Some(match reviewer.filter(|login| is_bot(bot, login)) {
        Some(_) => {
            let event = about.event(REVIEW_REQUESTED, Some(number), more);
            only(about.known_at(&format!("#{number} review requested"), at, event))
        }
        None => Meaning::Ignored("somebody else is asked for a review".into()),
    })
}

fn closed(payload: Payload, about: &About<'_>) -> Option<Meaning> {
    let pull_request = payload.pull_request?;
    let closed = ClosedPullRequest {
        repository: about.repository.parse().ok()?,
        number: pull_request.number?,
        branch: pull_request.head?.branch?,
        merged: pull_request.merged?,
        opened_at: pull_request.created_at,
        closed_at: pull_request.closed_at?,
    };
    let reference = format!("{}#{}", about.repository, closed.number);
    let more = json!({
        "number": closed.number, "branch": closed.branch, "merged": closed.merged, "pull_request": reference,
    });
    let event = about.event(CLOSED, Some(closed.number), more);
    let event =
        about.known_by(&format!("#{} closed at {}", closed.number, closed.closed_at.as_second()), event);
    Some(Meaning::PullRequestClosed(closed, Box::new(event)))
}

/// One App's checks are done; others may not be.
fn checked(payload: Payload, about: &About<'_>) -> Option<Meaning> {
    let suite = payload.check_suite?;
    let more =
        json!({ "sha": suite.head_sha?, "branch": suite.head_branch, "conclusion": suite.conclusion? });
    Some(only(about.event(CHECKS_COMPLETED, None, more)))
}

/// One of a commit's statuses is known; others may not be.
fn given_status(payload: Payload, about: &About<'_>) -> Option<Meaning> {
    let (sha, state) = (payload.sha?, payload.state?);
    if state == "pending" {
        return Some(Meaning::Ignored("the status is pending".into()));
    }
    let branch = payload.branches.into_iter().find(|branch| {
        branch.commit.as_ref().is_some_and(|commit| commit.sha.as_deref() == Some(sha.as_str()))
    });
    let conclusion = if state == "success" { "success" } else { "failure" };
    let more =
        json!({ "sha": sha, "branch": branch.and_then(|branch| branch.name), "conclusion": conclusion });
    Some(only(about.event(CHECKS_COMPLETED, None, more)))
}

#[cfg(test)]
mod tests;
