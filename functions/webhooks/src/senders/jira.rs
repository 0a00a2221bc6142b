//! Jira's admin webhooks, of Cloud (<https://developer.atlassian.com/cloud/jira/platform/webhooks/>) and of Data Center
//! (<https://developer.atlassian.com/server/jira/platform/webhooks/>), which reports a comment as an update of its ticket and names people by
//! their user names.
//!
//! They are signed in `X-Hub-Signature: <method>=<hex HMAC of the body>`, as WebSub writes it. Jira sends `sha256` and warns that
//! the method may change; the stronger methods of WebSub are accepted, its `sha1` is not.
//!
//! Jira Automation rules send bodies written by their authors, which must have the same form, and are not signed: they send the signing secret
//! itself, in the header `X-Ticketsmith-Secret`. If there is a signature, only that counts.
//!
//! A comment's body is wiki text, in which a person is `[~accountid:…]` or `[~name]`, or a document; a change of labels comes as the whole
//! set before and after, joined by spaces.

mod automation;
mod document;
mod events;

use super::delivery::{
    Bot, Creation, Delivery, MOST_READ, Malformed, Meaning, Received, answer_in_words, id_of_body,
    in_context, lenient, lenient_list, read_json,
};
use super::signature::{self, SignatureError, hmac_matches};
use super::spec::SenderSpec;
use crate::mention::words_for_bot;
use crate::spoken::Markup;
use automation::{NAMES_NO_EVENT, labels};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::HeaderMap;
use document::wiki_text;
use domain::plugins::Restriction;
use domain::stored::cut_inline;
use domain::{Actor, Event, EventName, SourceName};
use events::{COMMENTED, CREATED, EDITED, LABELLED, TRANSITIONED};
use hmac::Hmac;
use jiff::Timestamp;
use records::ReplyPlace;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Sha256, Sha384, Sha512};

pub(super) const SPEC: SenderSpec = SenderSpec {
    name: "jira",
    title: "Jira",
    set_up: "Settings > System > Webhooks",
    fetched: None,
    verify,
    parse,
    events: events::events,
    answer: answer_in_words,
    final_refusal: &[],
};

const SOURCE: SourceName = SourceName::from_static("jira");

const SIGNATURE: &str = "x-hub-signature";
/// The secret sent by a Jira Automation rule in place of a signature.
const SHOWN_SECRET: &str = "x-ticketsmith-secret";

fn verify(
    body: &[u8],
    headers: &HeaderMap,
    secret: &SecretString,
    _: Timestamp,
) -> Result<(), SignatureError> {
    if let (false, Some(shown)) = (headers.contains_key(SIGNATURE), headers.get(SHOWN_SECRET)) {
        let secret = secret.expose_secret().as_bytes();
        return verify_slices_are_equal(shown.as_bytes(), secret)
            .map_err(|_| SignatureError::Wrong(SHOWN_SECRET));
    }
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
    #[serde(default, deserialize_with = "lenient")]
    webhook_event: Option<String>,
    #[serde(default, rename = "issue_event_type_name", deserialize_with = "lenient")]
    event_type: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    user: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    issue: Option<Issue>,
    #[serde(default, deserialize_with = "lenient")]
    changelog: Option<Changelog>,
    #[serde(default, deserialize_with = "lenient")]
    comment: Option<Comment>,
    /// Milliseconds since 1970.
    #[serde(default, deserialize_with = "lenient")]
    timestamp: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    #[serde(default, deserialize_with = "lenient")]
    account_id: Option<String>,
    /// The user name, only in Data Center.
    #[serde(default, deserialize_with = "lenient")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    display_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    account_type: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Issue {
    #[serde(default, deserialize_with = "lenient")]
    key: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    fields: Option<Fields>,
}

#[derive(Debug, Default, Deserialize)]
struct Fields {
    #[serde(default, deserialize_with = "lenient")]
    project: Option<Project>,
    #[serde(default, deserialize_with = "lenient")]
    status: Option<Status>,
    #[serde(default, deserialize_with = "lenient_list")]
    labels: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Project {
    #[serde(default, deserialize_with = "lenient")]
    key: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Status {
    #[serde(default, deserialize_with = "lenient")]
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Changelog {
    #[serde(default, deserialize_with = "lenient_list")]
    items: Vec<Change>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    #[serde(default, deserialize_with = "lenient")]
    field: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    from_string: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    to_string: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comment {
    #[serde(default, deserialize_with = "lenient")]
    created: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    updated: Option<String>,
    /// Its address, which is its own among all sites.
    #[serde(default, rename = "self", deserialize_with = "lenient")]
    address: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    author: Option<User>,
    #[serde(default)]
    body: Value,
    #[serde(default, deserialize_with = "lenient")]
    visibility: Option<Map<String, Value>>,
    /// Whether the customers of a service desk see it.
    #[serde(default, deserialize_with = "lenient")]
    jsd_public: Option<bool>,
    /// The opposite, as a rule of Automation writes it.
    #[serde(default)]
    internal: Value,
}

impl Comment {
    /// Whether it is new. `kind` is that of the update of its ticket that it comes with, which may be another change; an edited or deleted
    /// comment comes so, too. Old versions of Data Center do not tell the kind.
    fn is_new(&self, kind: Option<&str>) -> bool {
        match kind {
            Some("issue_commented") => true,
            Some("issue_comment_edited" | "issue_comment_deleted") => false,
            _ => self.created.is_some() && self.created == self.updated,
        }
    }

    fn restriction(&self) -> Option<Restriction> {
        let internal = self.jsd_public == Some(false) || self.internal == true || self.internal == "true";
        // A rule of Automation writes empty texts where everybody may read it.
        let are_named = |readers: &Map<String, Value>| readers.values().any(|of| of.as_str() != Some(""));
        let readers = self.visibility.clone().filter(are_named).map(Value::Object);
        (internal || readers.is_some()).then_some(Restriction { readers, internal })
    }
}

fn parse(_: &HeaderMap, body: &[u8], bot: &Bot<'_>) -> Result<Delivery, Malformed> {
    let id = id_of_body(body);
    let payload = read_json::<Payload>("Jira", body)?;
    let creation = creation(&payload, bot);
    let meaning = meaning(payload, &id, bot);
    Ok(Delivery { creation, ..Delivery::new(id, meaning) })
}

/// The ticket that our own account created with one of our marks among its labels, according to the delivery. Jira reports it before its search
/// shows it.
fn creation(payload: &Payload, bot: &Bot<'_>) -> Option<Creation> {
    let creator = payload.user.as_ref().and_then(|user| user.account_id.as_ref().or(user.name.as_ref()));
    if payload.webhook_event.as_deref() != Some("jira:issue_created")
        || !creator.is_some_and(|creator| bot.is(creator))
    {
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
    let Some(name) = payload.webhook_event else {
        return Meaning::Ignored(NAMES_NO_EVENT.to_owned());
    };
    if !matches!(name.as_str(), "jira:issue_created" | "jira:issue_updated" | "comment_created") {
        return Meaning::Ignored(format!("Jira's event `{}` is not used", cut_name(&name)));
    }
    let Some(task_id) = payload.issue.as_ref().and_then(|issue| issue.key.clone()) else {
        return Meaning::Ignored("the delivery does not name a ticket".into());
    };
    let fields = payload.issue.and_then(|issue| issue.fields);
    let project = fields.as_ref().and_then(|fields| fields.project.as_ref()?.key.clone());
    let project = project.or_else(|| task_id.rsplit_once('-').map(|(project, _)| project.to_owned()));
    let kind = payload.event_type.as_deref();
    let comment = payload.comment.filter(|comment| name == "comment_created" || comment.is_new(kind));
    let user = comment.as_ref().and_then(|comment| comment.author.as_ref()).or(payload.user.as_ref());
    let actor = user.and_then(actor_of);
    if actor.as_ref().is_some_and(|actor| bot.is(&actor.id)) {
        return Meaning::Ignored("the bot did it itself".into());
    }
    let is_machine = user.and_then(|user| user.account_type.as_deref()) == Some("app");
    let said_at = payload.timestamp.and_then(|at| Timestamp::from_millisecond(at).ok());
    let about = About { delivery, task_id, project, actor, is_machine, said_at };
    let mut events = if name == "jira:issue_created" {
        // Jira Cloud also lists what a new ticket has as changes.
        about.events_of_creation(&fields.unwrap_or_default())
    } else {
        let changes = payload.changelog.map(|changelog| changelog.items).unwrap_or_default();
        changes.iter().flat_map(|change| about.events_of(change)).take(MOST_READ).collect()
    };
    events = distinct(events);
    let reason = match comment.map(|comment| comment_event(&comment, &about, bot)) {
        Some(Ok(event)) => {
            events.push(event);
            String::new()
        }
        Some(Err(reason)) => reason,
        None => "no label was added, and neither status nor text changed".to_owned(),
    };
    match events.is_empty() {
        true => Meaning::Ignored(reason),
        false => Meaning::Events(events),
    }
}

/// The data common to all events in a delivery.
struct About<'a> {
    delivery: &'a str,
    task_id: String,
    project: Option<String>,
    actor: Option<Actor>,
    /// Whether a machine caused it.
    is_machine: bool,
    said_at: Option<Timestamp>,
}

impl About<'_> {
    fn event(&self, kind: EventName, more: Value) -> Received {
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
        let event = Event {
            kind,
            delivery: self.delivery.to_owned(),
            actor: self.actor.clone(),
            project: self.project.clone(),
            task_id: Some(self.task_id.clone()),
            fields,
        };
        Received { event, words: None, reply: self.reply(None), also_as: Vec::new() }
    }

    fn reply(&self, restriction: Option<Restriction>) -> Option<ReplyPlace> {
        (!self.is_machine).then(|| ReplyPlace::Ticket { task_id: self.task_id.clone(), restriction })
    }

    fn events_of(&self, change: &Change) -> Vec<Received> {
        let (from, to) = (change.from_string.as_deref(), change.to_string.as_deref());
        match change.field.as_deref() {
            Some("labels") => {
                let (before, after) = (labels(from), labels(to));
                after.difference(&before).take(MOST_READ).map(|label| self.labelled(label)).collect()
            }
            Some("status") if to.is_some() && from != to => {
                vec![self.event(TRANSITIONED, json!({ "from": from, "to": to }))]
            }
            Some("summary" | "description") => vec![self.event(EDITED, json!({}))],
            // An agent sees attachments as it sees the text.
            Some("Attachment") if to.is_some() => vec![self.event(EDITED, json!({}))],
            _ => Vec::new(),
        }
    }

    /// A new ticket has its labels and its status from the start, and nothing changed.
    fn events_of_creation(&self, fields: &Fields) -> Vec<Received> {
        let labels = fields.labels.iter().take(MOST_READ).map(|label| self.labelled(label));
        let status = fields.status.as_ref().and_then(|status| status.name.as_ref());
        let moved = status.map(|to| self.event(TRANSITIONED, json!({ "from": "", "to": to })));
        labels.chain(moved).chain([self.event(CREATED, json!({}))]).collect()
    }

    fn labelled(&self, label: &str) -> Received {
        self.event(LABELLED, json!({ "label": label }))
    }
}

/// The event of a comment that names the bot, or why there is none. Data Center can report a comment twice, as a comment and as an update of
/// its ticket, so it has its own identity.
fn comment_event(comment: &Comment, about: &About<'_>, bot: &Bot<'_>) -> Result<Received, String> {
    let Bot { mention, command, account } = *bot;
    let mut text = wiki_text(&comment.body, mention);
    if let Some(own) = account {
        for written in [format!("[~accountid:{own}]"), format!("[~{own}]")] {
            text = text.replace(&written, mention);
        }
    }
    let said = words_for_bot(&text, mention, command, Markup::Wiki);
    let said = said.ok_or_else(|| format!("the comment does not mention {mention}"))?;
    let restriction = comment.restriction();
    let mut more = json!({ "text": cut_inline(said.words) });
    if let Some(restriction) = &restriction {
        // Who may read a reply to it.
        more["restriction"] = json!(restriction);
    }
    let mut received = about.event(COMMENTED, more);
    if let Some(address) = &comment.address {
        received.event.delivery = address.clone();
    }
    received.words = said.is_addressed.then(|| in_context(&said));
    received.reply = about.reply(restriction);
    Ok(received)
}

fn actor_of(user: &User) -> Option<Actor> {
    let id = user.account_id.clone().or_else(|| user.name.clone())?;
    Some(Actor { source: SOURCE, id, display_name: user.display_name.clone(), person: None })
}

/// A delivery can contain several events, each of which may start its own execution.
fn distinct(mut events: Vec<Received>) -> Vec<Received> {
    for (index, received) in events.iter_mut().enumerate().skip(1) {
        received.event.delivery = format!("{}/{index}", received.event.delivery);
    }
    events
}

fn cut_name(name: &str) -> String {
    name.chars().take(80).collect()
}

#[cfg(test)]
mod tests;
