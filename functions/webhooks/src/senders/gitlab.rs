//! GitLab's webhooks: <https://docs.gitlab.com/user/project/integrations/webhook_events/>.
//!
//! Issues and merge requests are numbered separately: `group/project#1` and `group/project!1`. GitLab has no reviews; a reviewer who requests
//! changes is a change of the merge request's reviewers. The reviewer's line comments have to be asked for by the reviewer's ID.

mod asked;
mod events;
mod payload;
mod signature;

use super::delivery::{
    Bot, Delivery, MOST_READ, Malformed, Meaning, Received, ReopenedPullRequest, answer_in_words, id_of_body,
    in_context, read_json, said_about,
};
use super::spec::SenderSpec;
use crate::mention::words_for_bot;
use crate::spoken::Markup;
use axum::http::HeaderMap;
use domain::event::REVIEW;
use domain::plugins::{Mark, lines_in_words};
use domain::stored::cut_inline;
use domain::{Actor, Event, EventName, SourceName};
use events::{
    CHECKS_COMPLETED, CLOSED, COMMENTED, CREATED, EDITED, LABELLED, MERGE_REQUEST_LABELLED,
    REVIEW_REQUESTED_CHANGES, TRANSITIONED,
};
use jiff::Timestamp;
use payload::{Label, Payload};
use records::{ClosedPullRequest, ReplyPlace};
use serde_json::{Map, Value, json};

pub(super) const SPEC: SenderSpec = SenderSpec {
    name: "gitlab",
    title: "GitLab",
    set_up: "Settings > Webhooks, with a signing token; triggers: Comments, Issues events, Merge request events, Pipeline events",
    fetched: None,
    verify: signature::verify,
    parse,
    events: events::events,
    answer: answer_in_words,
    final_refusal: &[],
};

const SOURCE: SourceName = SourceName::from_static("gitlab");

const ISSUE: &str = "issue";
/// An incident, a task or another kind of issue, which is numbered among them. A group's own, such as an epic, belongs to no project.
const WORK_ITEM: &str = "work_item";
/// A note that not everybody sees who sees the project.
const CONFIDENTIAL_NOTE: &str = "confidential_note";

fn parse(_: &HeaderMap, body: &[u8], bot: &Bot<'_>) -> Result<Delivery, Malformed> {
    let payload = read_json::<Payload>("GitLab", body)?;
    let id = id_of_body(body);
    let meaning = meaning(payload, &id, bot);
    Ok(Delivery::new(id, meaning))
}

fn meaning(payload: Payload, delivery: &str, bot: &Bot<'_>) -> Meaning {
    let kind = payload.object_kind.as_ref().or(payload.event_name.as_ref()).cloned().unwrap_or_default();
    let action = payload.action().to_owned();
    let known = matches!(
        (kind.as_str(), action.as_str()),
        (ISSUE | WORK_ITEM, "open" | "update" | "close" | "reopen")
            | ("note", "create" | "")
            | ("merge_request", "open" | "update" | "close" | "reopen" | "merge")
            | ("pipeline", _)
    );
    if !known {
        return Meaning::Ignored(unused(&kind, &action));
    }
    let Some(repository) = payload.project.as_ref().and_then(|project| project.path_with_namespace.clone())
    else {
        return Meaning::Ignored("the delivery does not name a project".into());
    };
    let actor = payload.user.as_ref().and_then(|user| {
        let (id, display_name) = (user.username.clone()?, user.name.clone());
        Some(Actor { source: SOURCE, id, display_name, person: None })
    });
    let own = actor.as_ref().is_some_and(|actor| bot.is(&actor.id));
    let is_machine = actor.as_ref().is_some_and(|actor| is_machine(&actor.id));
    let actor = actor.filter(|_| !own);
    // A merge by the bot itself still counts in statistics, and pipelines run in the name of the account that pushed, usually the bot.
    if own
        && !matches!(
            (kind.as_str(), action.as_str()),
            ("merge_request", "close" | "reopen" | "merge") | ("pipeline", _)
        )
    {
        return Meaning::Ignored("the bot did it itself".into());
    }
    let about = About { delivery, repository, actor, is_machine };
    let understood = match kind.as_str() {
        ISSUE | WORK_ITEM => issue(&payload, &action, &about),
        "note" => note(payload, &about, bot),
        "merge_request" if matches!(action.as_str(), "open" | "update") => {
            asked_for(&payload, &about, bot).or_else(|| reviewed(&payload, &about))
        }
        "merge_request" if action == "reopen" => reopened(payload, &about),
        "merge_request" => closed(payload, action == "merge", &about),
        _ => ran(payload, &about),
    };
    understood.unwrap_or_else(|| {
        Meaning::Ignored(format!("the delivery lacks a field that GitLab documents for `{kind}`"))
    })
}

/// Whether an account belongs to an access token of a project or a group, or is a service account: their usernames alone tell.
fn is_machine(username: &str) -> bool {
    let is_of_token = |kind: &str| {
        let number = username.strip_prefix(kind).and_then(|rest| rest.split_once("_bot"));
        number.is_some_and(|(number, _)| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
    };
    is_of_token("project_") || is_of_token("group_") || username.starts_with("service_account_")
}

/// Why an event is ignored that nothing is made of. Those of groups have no action.
fn unused(kind: &str, action: &str) -> String {
    let with = match (kind, action) {
        (ISSUE | WORK_ITEM | "merge_request", "") => {
            " without an action, as a webhook's test sends it,".to_owned()
        }
        (_, "") => String::new(),
        (_, action) => format!(" with action `{}`", cut_name(action)),
    };
    format!("GitLab's event `{}`{with} is not used", cut_name(kind))
}

/// The data common to all events in a delivery.
struct About<'a> {
    delivery: &'a str,
    repository: String,
    actor: Option<Actor>,
    /// Whether a machine caused it.
    is_machine: bool,
}

impl About<'_> {
    /// `on` is the issue or merge request that it happened on, where people are answered.
    fn event(&self, kind: EventName, on: Option<&str>, more: Value) -> Received {
        let mut fields = Map::new();
        fields.insert("repository".into(), json!(self.repository));
        fields.insert("actor".into(), json!(self.actor.as_ref().map(|actor| &actor.id)));
        if let Value::Object(more) = more {
            fields.extend(more);
        }
        let event = Event {
            actor: self.actor.clone(),
            kind,
            delivery: self.delivery.to_owned(),
            project: Some(self.repository.clone()),
            task_id: on.map(str::to_owned),
            fields,
        };
        let reply = on.filter(|_| !self.is_machine);
        let reply =
            reply.map(|task_id| ReplyPlace::Ticket { task_id: task_id.to_owned(), restriction: None });
        Received { event, words: None, reply, also_as: Vec::new() }
    }
}

/// An issue was created, labeled, closed or reopened. Each event has its own delivery.
fn issue(payload: &Payload, action: &str, about: &About<'_>) -> Option<Meaning> {
    let attributes = payload.object_attributes.as_ref()?;
    let task_id = format!("{}#{}", about.repository, attributes.iid?);
    let changed = payload.changes.as_ref().and_then(|changes| changes.labels.as_ref());
    let titles = |labels: &[Label]| -> Vec<String> {
        labels.iter().filter_map(|label| label.title.clone()).take(MOST_READ).collect()
    };
    let (before, after) = match (action, changed) {
        ("open", _) => (Vec::new(), titles(&payload.labels)),
        // Labels change in deliveries of their own. Where an issue is closed or opened again, old servers tell of all that it has as added.
        ("update", Some(changed)) => (titles(&changed.previous), titles(&changed.current)),
        _ => (titles(&payload.labels), titles(&payload.labels)),
    };
    let event = |kind, mut more: Value| {
        more["task_id"] = json!(task_id);
        about.event(kind, Some(&task_id), more)
    };
    let added = after.iter().filter(|label| !before.contains(label));
    let mut events: Vec<Received> = added.map(|label| event(LABELLED, json!({ "label": label }))).collect();
    let was_open = match action {
        "close" => true,
        "reopen" => false,
        _ => attributes.state.as_deref() != Some("closed"),
    };
    let is_open = attributes.state.as_deref() != Some("closed");
    let (from, to) = (status(was_open, &before), status(is_open, &after));
    if from != to || action == "open" {
        let from = if action == "open" { String::new() } else { from };
        let said_at = attributes.updated_at.as_deref().and_then(moment).map(|at| at.to_string());
        events.push(event(TRANSITIONED, json!({ "from": from, "to": to, "said_at": said_at })));
    }
    if action == "open" {
        events.push(event(CREATED, json!({})));
    }
    if payload
        .changes
        .as_ref()
        .is_some_and(|changes| changes.title.is_some() || changes.description.is_some())
        && action != "open"
    {
        events.push(event(EDITED, json!({})));
    }
    for (index, received) in events.iter_mut().enumerate().skip(1) {
        received.event.delivery = format!("{}/{index}", received.event.delivery);
    }
    Some(match events.is_empty() {
        true => Meaning::Ignored("no label was added, and neither status nor text changed".into()),
        false => Meaning::Events(events),
    })
}

/// The status shown by an issue's state and labels: for a label `status::in review`, the part after the prefix.
fn status(is_open: bool, labels: &[String]) -> String {
    let of_label = labels.iter().find_map(|label| {
        let (start, rest) = label.split_at_checked("status:".len())?;
        let rest = rest.strip_prefix(':').unwrap_or(rest).trim();
        (start.eq_ignore_ascii_case("status:") && !rest.is_empty()).then_some(rest)
    });
    match (is_open, of_label) {
        (false, _) => "closed".to_owned(),
        (true, Some(status)) => status.to_owned(),
        (true, None) => "open".to_owned(),
    }
}

fn note(payload: Payload, about: &About<'_>, bot: &Bot<'_>) -> Option<Meaning> {
    let note = payload.object_attributes?;
    let (text, id) = (note.note?, note.id?);
    if note.system == Some(true) {
        return Some(Meaning::Ignored("GitLab itself wrote the note".into()));
    }
    // A webhook's test sends the project's newest note, however old, in the name of whoever presses the button.
    let sender = payload.user.as_ref().and_then(|user| user.id);
    if sender.zip(note.author_id).is_some_and(|(sender, author)| sender != author) {
        return Some(Meaning::Ignored("a webhook's test sends a note of somebody else".into()));
    }
    // The account of a token is also a person's, so the account alone is not conclusive.
    if text.contains(Mark::BEGIN) {
        return Some(Meaning::Ignored("the bot wrote the note".into()));
    }
    // The answer would be read by everybody who sees the ticket. Before GitLab said whether a note is internal, it said only that not everybody
    // sees it, which also is so of every note on a confidential issue.
    let is_on_confidential = payload.issue.as_ref().and_then(|issue| issue.confidential) == Some(true);
    let is_confidential = payload.event_type.as_deref() == Some(CONFIDENTIAL_NOTE) && !is_on_confidential;
    if note.internal.unwrap_or(is_confidential) {
        return Some(Meaning::Ignored("the note is internal".into()));
    }
    let (number, is_pull_request) = match (&payload.merge_request, &payload.issue) {
        (Some(one), _) => (one.iid?, true),
        (None, Some(one)) => (one.iid?, false),
        (None, None) => {
            return Some(Meaning::Ignored("the note is on neither an issue nor a merge request".into()));
        }
    };
    let sign = if is_pull_request { '!' } else { '#' };
    let task_id = format!("{}{sign}{number}", about.repository);
    let Bot { mention, command, .. } = *bot;
    let Some(said) = words_for_bot(&text, mention, command, Markup::Markdown) else {
        return Some(Meaning::Ignored(format!(
            "the note neither mentions {mention} nor starts with {command}"
        )));
    };
    // A comment on a line is unclear without the line.
    let lines_of = |line| lines_in_words(None, line);
    let place =
        note.position.and_then(|position| Some((position.new_path?, position.new_line.map(lines_of))));
    let about_line = |words: &str| match &place {
        Some((path, lines)) => said_about(words, path, lines.as_deref()),
        None => words.to_owned(),
    };
    let more = json!({
        "task_id": task_id,
        "number": number,
        "is_pull_request": is_pull_request,
        "pull_request": is_pull_request.then_some(&task_id),
        "text": cut_inline(&about_line(said.words)),
        // The note to react to.
        "comment_id": id.to_string(),
        "said_at": note.created_at.as_deref().and_then(moment).map(|at| at.to_string()),
    });
    let mut received = about.event(COMMENTED, Some(&task_id), more);
    // A hook of a project, one of its group and the test of a hook tell of the same note in their own ways.
    received.event.delivery = format!("{} note {id}", about.repository);
    let words = said.is_addressed.then(|| about_line(&in_context(&said)));
    Some(Meaning::Events(vec![Received { words, ..received }]))
}

/// A label, or the bot's account among the reviewers. Each event has its own delivery.
fn asked_for(payload: &Payload, about: &About<'_>, bot: &Bot<'_>) -> Option<Meaning> {
    let number = payload.object_attributes.as_ref()?.iid?;
    let on = format!("{}!{number}", about.repository);
    let asked = asked::read(payload, &on, number, bot).into_iter().enumerate();
    let events = asked.map(|(index, (kind, fields))| {
        let is_silent = kind == MERGE_REQUEST_LABELLED;
        let mut received = about.event(kind, Some(&on), fields);
        if is_silent {
            received.reply = None;
        }
        if index > 0 {
            received.event.delivery = format!("{}/{index}", received.event.delivery);
        }
        received
    });
    let events: Vec<Received> = events.collect();
    (!events.is_empty()).then_some(Meaning::Events(events))
}

/// A reviewer who requests changes that the reviewer did not request before.
fn reviewed(payload: &Payload, about: &About<'_>) -> Option<Meaning> {
    const REQUESTED: Option<&str> = Some("requested_changes");
    let number = payload.object_attributes.as_ref()?.iid?;
    let Some(change) = payload.changes.as_ref().and_then(|changes| changes.reviewers.as_ref()) else {
        let reason = match payload.action() {
            "open" => "the new merge request has no label, and the bot is not asked to review it",
            _ => "no label was added, and the merge request's reviewers did not change",
        };
        return Some(Meaning::Ignored(reason.into()));
    };
    let asked_before = |id: Option<u64>| {
        change.previous.iter().any(|user| user.id == id && user.state.as_deref() == REQUESTED)
    };
    let mut asking = change.current.iter().filter(|user| user.state.as_deref() == REQUESTED);
    let Some(reviewer) = asking.find(|user| !asked_before(user.id)) else {
        return Some(Meaning::Ignored("no reviewer requests changes".into()));
    };
    let mut more = json!({ "number": number, "comments": "" });
    if let Some(id) = reviewer.id {
        more[REVIEW] = id.into();
    }
    let on = format!("{}!{number}", about.repository);
    Some(Meaning::Events(vec![about.event(REVIEW_REQUESTED_CHANGES, Some(&on), more)]))
}

fn closed(payload: Payload, merged: bool, about: &About<'_>) -> Option<Meaning> {
    let one = payload.object_attributes?;
    let closed = ClosedPullRequest {
        repository: about.repository.parse().ok()?,
        number: one.iid?,
        branch: one.source_branch?,
        merged,
        opened_at: one.created_at.as_deref().and_then(moment),
        closed_at: one.updated_at.as_deref().and_then(moment)?,
    };
    let on = format!("{}!{}", about.repository, closed.number);
    let more = json!({
        "number": closed.number, "branch": closed.branch, "merged": merged, "pull_request": on,
    });
    let mut received = about.event(CLOSED, Some(&on), more);
    received.reply = None;
    Some(Meaning::PullRequestClosed(closed, Box::new(received)))
}

fn reopened(payload: Payload, about: &About<'_>) -> Option<Meaning> {
    let one = payload.object_attributes?;
    Some(Meaning::PullRequestReopened(ReopenedPullRequest {
        repository: about.repository.parse().ok()?,
        number: one.iid?,
        at: one.updated_at.as_deref().and_then(moment)?,
    }))
}

/// One pipeline is done; others may not be.
fn ran(payload: Payload, about: &About<'_>) -> Option<Meaning> {
    let pipeline = payload.object_attributes?;
    let conclusion = match pipeline.status?.as_str() {
        "success" | "skipped" => "success",
        "failed" => "failure",
        "canceled" => "cancelled",
        "manual" => "action_required",
        _ => return Some(Meaning::Ignored("the pipeline is not done".into())),
    };
    // The pipeline of a merge request names none of the repository's branches: `refs/merge-requests/15/head`.
    let branch = payload.merge_request.and_then(|one| one.source_branch).or(pipeline.branch);
    let more = json!({ "sha": pipeline.sha?, "branch": branch, "conclusion": conclusion });
    let mut received = about.event(CHECKS_COMPLETED, None, more);
    received.reply = None;
    Some(Meaning::Events(vec![received]))
}

/// A moment in any of the forms that GitLab's deliveries have: `2026-11-22T10:00:00Z`, `2026-11-22 10:00:00 UTC`, and
/// `2026-11-22 12:00:00 +0200` from a server with a time zone of its own.
fn moment(text: &str) -> Option<Timestamp> {
    text.replace(" UTC", "Z").replace(" +", "+").replace(" -", "-").parse().ok()
}

fn cut_name(name: &str) -> String {
    name.chars().take(80).collect()
}

#[cfg(test)]
mod tests;
