//! Jira Cloud's admin webhooks: <https://developer.atlassian.com/cloud/jira/platform/webhooks/>.
//!
//! They are signed in `X-Hub-Signature: <method>=<hex HMAC of the body>`, as WebSub writes it. Jira sends `sha256` and warns that
//! the method may change; the stronger methods of WebSub are accepted, its `sha1` is not.
//!
//! A comment's body is wiki text, in which a person is `[~accountid:…]`; a change of labels comes as the whole set before and
//! after, joined by spaces.

use super::delivery::{
    Bot, Creation, Delivery, Malformed, Meaning, answer_in_words, header, id_of_body, read_json,
};
use super::signature::{self, SignatureError, hmac_matches};
use super::spec::SenderSpec;
use crate::mention::words_for_bot;
use axum::http::HeaderMap;
use domain::event::{Condition, EventSpec, Matching};
use domain::routes::InputType::{Any, String as Text};
use domain::stored::cut_inline;
use domain::{Actor, Event, EventName, SourceName};
use hmac::Hmac;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Sha256, Sha384, Sha512};
use std::collections::BTreeSet;

pub(super) const SPEC: SenderSpec = SenderSpec {
    name: "jira",
    title: "Jira",
    set_up: "Settings > System > Webhooks",
    verify,
    parse,
    events,
    answer: answer_in_words,
    final_refusal: &[],
};

const SOURCE: SourceName = SourceName::from_static("jira");
const LABELLED: EventName = EventName::from_static("jira.labelled");
const TRANSITIONED: EventName = EventName::from_static("jira.transitioned");
const COMMENTED: EventName = EventName::from_static("jira.commented");

const SIGNATURE: &str = "x-hub-signature";

fn events() -> Vec<EventSpec> {
    vec![
        EventSpec::new(LABELLED, "A label was newly added to a Jira ticket.")
            .fields([("task_id", Text), ("actor", Any), ("project", Text), ("label", Text)])
            .condition(Condition::new("label", "The label that was newly added.").required())
            .matched_by(["task_id"]),
        EventSpec::new(TRANSITIONED, "A Jira ticket's status changed.")
            .fields([("task_id", Text), ("actor", Any), ("project", Text), ("from", Text), ("to", Text)])
            .condition(Condition::new("to", "The status that the ticket moved to.").required())
            .condition(Condition::new("from", "The status that the ticket came from."))
            .matched_by(["task_id"]),
        EventSpec::new(COMMENTED, "A Jira comment mentions the bot.")
            .fields([("task_id", Text), ("actor", Any), ("project", Text), ("text", Text)])
            .condition(
                Condition::new("mention", "Words that the comment holds besides the mention.")
                    .compared(Matching::Contains, "text"),
            )
            .matched_by(["task_id"]),
    ]
}

fn verify(
    body: &[u8],
    headers: &HeaderMap,
    secret: &SecretString,
    _: Timestamp,
) -> Result<(), SignatureError> {
    let malformed = SignatureError::Malformed {
        header: SIGNATURE,
        expected: "`sha256=`, `sha384=` or `sha512=` and as many hex digits as it has",
    };
    let (method, signature) = signature::header(headers, SIGNATURE)?.split_once('=').ok_or(malformed)?;
    let matches = match method.to_ascii_lowercase().as_str() {
        "sha256" => hmac_matches::<Hmac<Sha256>>(secret, &[body], signature),
        "sha384" => hmac_matches::<Hmac<Sha384>>(secret, &[body], signature),
        "sha512" => hmac_matches::<Hmac<Sha512>>(secret, &[body], signature),
        _ => return Err(malformed),
    };
    match matches {
        Some(true) => Ok(()),
        Some(false) => Err(SignatureError::Wrong(SIGNATURE)),
        None => Err(malformed),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    webhook_event: Option<String>,
    user: Option<User>,
    issue: Option<Issue>,
    changelog: Option<Changelog>,
    comment: Option<Comment>,
    /// Milliseconds since 1970.
    timestamp: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    account_id: Option<String>,
    display_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Issue {
    key: Option<String>,
    fields: Option<Fields>,
}

#[derive(Debug, Deserialize)]
struct Fields {
    project: Option<Project>,
    #[serde(default)]
    labels: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Project {
    key: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Changelog {
    #[serde(default)]
    items: Vec<Change>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    field: Option<String>,
    from_string: Option<String>,
    to_string: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Comment {
    author: Option<User>,
    body: Option<String>,
}

fn parse(headers: &HeaderMap, body: &[u8], bot: &Bot<'_>) -> Result<Delivery, Malformed> {
    let id =
        header(headers, "x-atlassian-webhook-identifier").map_or_else(|| id_of_body(body), str::to_owned);
    let (creation, meaning) = match read_json::<Payload>("Jira", body)? {
        Ok(payload) => (creation(&payload), meaning(payload, &id, bot)),
        Err(reason) => (None, Meaning::Ignored(reason)),
    };
    Ok(Delivery { creation, ..Delivery::new(id, meaning) })
}

/// The ticket that the delivery says was created with a mark of ours among its labels. Jira tells of it before its search shows it.
fn creation(payload: &Payload) -> Option<Creation> {
    if payload.webhook_event.as_deref() != Some("jira:issue_created") {
        return None;
    }
    let issue = payload.issue.as_ref()?;
    let labels = issue.fields.as_ref()?.labels.iter();
    let digest = labels.filter_map(|label| label.strip_prefix("ticketsmith-")).find(|digest| {
        digest.len() == 32 && digest.chars().all(|c| c.is_ascii_digit() || matches!(c, 'a'..='f'))
    })?;
    Some(Creation { digest: digest.to_owned(), task_id: issue.key.clone()? })
}

fn meaning(payload: Payload, delivery: &str, bot: &Bot<'_>) -> Meaning {
    let name = payload.webhook_event.unwrap_or_default();
    if !matches!(name.as_str(), "jira:issue_updated" | "comment_created") {
        return Meaning::Ignored(format!("Jira's event `{}` is not used", cut_name(&name)));
    }
    let Some(task_id) = payload.issue.as_ref().and_then(|issue| issue.key.clone()) else {
        return Meaning::Ignored("the delivery does not name a ticket".into());
    };
    let project = payload
        .issue
        .and_then(|issue| issue.fields?.project?.key)
        .or_else(|| task_id.rsplit_once('-').map(|(project, _)| project.to_owned()));
    let user = match name.as_str() {
        "comment_created" => payload.comment.as_ref().and_then(|comment| comment.author.as_ref()),
        _ => payload.user.as_ref(),
    };
    let actor = user.and_then(actor_of);
    if actor.as_ref().is_some_and(|actor| bot.is(&actor.id)) {
        return Meaning::Ignored("the bot did it itself".into());
    }
    let said_at = payload.timestamp.as_ref().and_then(Value::as_i64);
    let said_at = said_at.and_then(|at| Timestamp::from_millisecond(at).ok());
    let about = About { delivery, task_id, project, actor, said_at };
    if name == "comment_created" {
        return comment_event(payload.comment.and_then(|comment| comment.body), about, bot);
    }
    let changes = payload.changelog.map(|changelog| changelog.items).unwrap_or_default();
    let events: Vec<_> = changes.iter().flat_map(|change| about.events_of(change)).collect();
    match events.is_empty() {
        true => Meaning::Ignored("no label was added and the status did not change".into()),
        false => Meaning::Events(distinct(events)),
    }
}

/// The data common to all events in a delivery.
struct About<'a> {
    delivery: &'a str,
    task_id: String,
    project: Option<String>,
    actor: Option<Actor>,
    said_at: Option<Timestamp>,
}

impl About<'_> {
    fn event(&self, kind: EventName, more: Value) -> Event {
        let mut fields = Map::new();
        fields.insert("task_id".into(), json!(self.task_id));
        fields.insert("project".into(), json!(self.project));
        fields.insert("actor".into(), json!(self.actor.as_ref().map(|actor| &actor.id)));
        if let Some(said_at) = self.said_at {
            fields.insert("said_at".into(), json!(said_at.to_string()));
        }
        if let Value::Object(more) = more {
            fields.extend(more);
        }
        Event {
            kind,
            delivery: self.delivery.to_owned(),
            actor: self.actor.clone(),
            project: self.project.clone(),
            task_id: Some(self.task_id.clone()),
            fields,
        }
    }

    fn events_of(&self, change: &Change) -> Vec<Event> {
        let (from, to) = (change.from_string.as_deref(), change.to_string.as_deref());
        match change.field.as_deref() {
            Some("labels") => {
                let before: BTreeSet<_> = from.unwrap_or_default().split_whitespace().collect();
                let after: BTreeSet<_> = to.unwrap_or_default().split_whitespace().collect();
                after
                    .difference(&before)
                    .map(|label| self.event(LABELLED, json!({ "label": label })))
                    .collect()
            }
            Some("status") if to.is_some() && from != to => {
                vec![self.event(TRANSITIONED, json!({ "from": from, "to": to }))]
            }
            _ => Vec::new(),
        }
    }
}

fn comment_event(body: Option<String>, about: About<'_>, bot: &Bot<'_>) -> Meaning {
    let mut text = body.unwrap_or_default();
    if let Some(own) = bot.account {
        text = text.replace(&format!("[~accountid:{own}]"), bot.mention);
    }
    match words_for_bot(&text, bot.mention, bot.command) {
        None => Meaning::Ignored(format!("the comment does not mention {}", bot.mention)),
        Some(_) => Meaning::Events(vec![about.event(COMMENTED, json!({ "text": cut_inline(text.trim()) }))]),
    }
}

fn actor_of(user: &User) -> Option<Actor> {
    let id = user.account_id.clone()?;
    Some(Actor { source: SOURCE, id, display_name: user.display_name.clone(), person: None })
}

/// A delivery can contain several events, each of which may start its own execution.
fn distinct(mut events: Vec<Event>) -> Vec<Event> {
    for (index, event) in events.iter_mut().enumerate().skip(1) {
        event.delivery = format!("{}/{index}", event.delivery);
    }
    events
}

fn cut_name(name: &str) -> String {
    name.chars().take(80).collect()
}

#[cfg(test)]
mod tests;
