//! Linear's webhooks: <https://linear.app/developers/webhooks>.
//!
//! They are signed in `Linear-Signature`, the HMAC-SHA256 of the body in hexadecimal. When a delivery was sent is in its body, in
//! `webhookTimestamp`; the header with the same time is not signed. A repeated delivery has a different time, so it is identified
//! by the rest of its body.
//!
//! An update names the ticket's current labels, and the IDs of its former ones. For the former status, only the ID is given.

mod payload;

use super::delivery::{
    Bot, Delivery, MOST_READ, Malformed, Meaning, Received, answer_in_words, id_of_body, in_context, lenient,
    read_json,
};
use super::signature::{self, SignatureError, hmac_matches};
use super::spec::SenderSpec;
use crate::mention::words_for_bot;
use crate::spoken::Markup;
use axum::http::HeaderMap;
use domain::event::common::{self, label};
use domain::event::{Condition, EventSpec, Matching};
use domain::routes::InputType::{Any, String as Text};
use domain::stored::cut_inline;
use domain::{Actor, Event, EventName, SourceName};
use hmac::Hmac;
use jiff::Timestamp;
use payload::{Account, Payload, SITE};
use records::ReplyPlace;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::Sha256;

pub(super) const SPEC: SenderSpec = SenderSpec {
    name: "linear",
    title: "Linear",
    set_up: "Settings > Administration > API > Webhooks; data change events: Issues, Comments",
    fetched: None,
    verify,
    parse,
    events,
    answer: answer_in_words,
    final_refusal: &[],
};

const SOURCE: SourceName = SourceName::from_static("linear");
const LABELLED: EventName = EventName::from_static("linear.labelled");
const CREATED: EventName = EventName::from_static("linear.created");
const TRANSITIONED: EventName = EventName::from_static("linear.transitioned");
const EDITED: EventName = EventName::from_static("linear.edited");
const COMMENTED: EventName = EventName::from_static("linear.commented");

const SIGNATURE: &str = "linear-signature";
/// When a delivery was sent, in milliseconds since 1970.
const SENT_AT: &str = "webhookTimestamp";
/// How far that may be from now, in either direction.
const WINDOW_MILLISECONDS: u64 = 60_000;

fn events() -> Vec<EventSpec> {
    vec![
        EventSpec::new(LABELLED, "A label was newly added to a Linear ticket.")
            .fields([("task_id", Text), ("actor", Any), ("project", Text), ("label", Text)])
            .condition(label())
            .matched_by(["task_id"])
            .also(common::TICKET_LABELLED),
        EventSpec::new(CREATED, "A Linear ticket was created.")
            .fields([("task_id", Text), ("actor", Any), ("project", Text)])
            .matched_by(["task_id"])
            .also(common::TICKET_CREATED),
        // Linear does not say which status it was, so `from` is empty.
        EventSpec::new(TRANSITIONED, "A Linear ticket's status changed.")
            .fields([("task_id", Text), ("actor", Any), ("project", Text), ("from", Text), ("to", Text)])
            .condition(Condition::new("to", "The status that the ticket moved to.").required())
            .matched_by(["task_id"])
            .also(common::TICKET_TRANSITIONED),
        EventSpec::new(EDITED, "A Linear ticket's title or description changed.")
            .fields([("task_id", Text), ("actor", Any), ("project", Text)])
            .matched_by(["task_id"])
            .also(common::TICKET_EDITED),
        EventSpec::new(COMMENTED, "A Linear comment mentions the bot.")
            .fields([("task_id", Text), ("actor", Any), ("project", Text), ("text", Text)])
            .condition(
                Condition::new("mention", "Words that the comment contains in addition to the mention.")
                    .compared(Matching::Contains, "text"),
            )
            .matched_by(["task_id"])
            .also(common::TICKET_COMMENTED),
    ]
}

fn verify(
    body: &[u8],
    headers: &HeaderMap,
    secret: &SecretString,
    now: Timestamp,
) -> Result<(), SignatureError> {
    let malformed = SignatureError::Malformed { header: SIGNATURE, expected: "64 hex digits" };
    match hmac_matches::<Hmac<Sha256>>(secret, &[body], signature::header(headers, SIGNATURE)?) {
        Some(true) => {}
        Some(false) => return Err(SignatureError::Wrong(SIGNATURE)),
        None => return Err(malformed),
    }
    let sent_at = serde_json::from_slice::<Sent>(body).ok().and_then(|sent| sent.webhook_timestamp);
    match sent_at {
        Some(at) if at.abs_diff(now.as_millisecond()) <= WINDOW_MILLISECONDS => Ok(()),
        _ => Err(SignatureError::StaleBody(SENT_AT)),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    #[serde(default, deserialize_with = "lenient")]
    webhook_timestamp: Option<i64>,
}

fn parse(_: &HeaderMap, body: &[u8], bot: &Bot<'_>) -> Result<Delivery, Malformed> {
    let mut whole = read_json::<Map<String, Value>>("Linear", body)?;
    whole.shift_remove(SENT_AT);
    let id = id_of_body(Value::Object(whole).to_string().as_bytes());
    let payload = read_json::<Payload>("Linear", body)?;
    let meaning = meaning(payload, &id, bot);
    Ok(Delivery::new(id, meaning))
}

fn meaning(payload: Payload, delivery: &str, bot: &Bot<'_>) -> Meaning {
    let (kind, action) = (payload.kind.unwrap_or_default(), payload.action.unwrap_or_default());
    let is_used =
        matches!((kind.as_str(), action.as_str()), ("Issue", "create" | "update") | ("Comment", "create"));
    if !is_used {
        let shown: String = format!("{kind} {action}").chars().take(100).collect();
        return Meaning::Ignored(format!("Linear's event `{shown}` is not used"));
    }
    let Some(data) = payload.data else {
        return Meaning::Ignored("the delivery has no data".into());
    };
    let Some((task_id, team)) = data.ticket(payload.url.as_deref()) else {
        return Meaning::Ignored("the delivery does not name a ticket".into());
    };
    let project = team.or_else(|| task_id.rsplit_once('-').map(|(team, _)| team.to_owned()));
    let creator = || data.creator_id.clone().filter(|_| action == "create");
    let actor = payload.actor.as_ref().or(data.user.as_ref()).and_then(actor_of);
    let by_id = |id| Actor { source: SOURCE, id, display_name: None, person: None };
    let actor = actor.or_else(|| creator().map(by_id));
    if actor.as_ref().is_some_and(|actor| bot.is(&actor.id)) {
        return Meaning::Ignored("the bot did it itself".into());
    }
    // A ticket has it forever, whoever changes it later.
    let is_by_bot = action == "create" && data.bot_actor.is_some();
    let is_machine =
        is_by_bot || payload.actor.and_then(|actor| actor.kind).is_some_and(|kind| kind != "user");
    let about = About { delivery, task_id, project, actor, is_machine, said_at: payload.created_at };
    if kind == "Comment" {
        let body = data.body.as_deref().unwrap_or_default();
        return match about.comment((data.id.as_deref(), body), bot) {
            Ok(event) => Meaning::Events(vec![event]),
            Err(reason) => Meaning::Ignored(reason),
        };
    }
    let is_new = action == "create";
    let before = payload.updated_from.unwrap_or_default();
    let is_edited = before.is_edited(&data);
    let mut events = Vec::new();
    // A new ticket has its labels and its status from the start.
    if is_new || before.label_ids.is_some() {
        let had = before.label_ids.unwrap_or_default();
        let added = data.labels.iter().filter(|label| !label.id.as_ref().is_some_and(|id| had.contains(id)));
        let added = added.filter_map(|label| label.name.as_deref()).take(MOST_READ);
        events.extend(added.map(|label| about.event(LABELLED, json!({ "label": label }))));
    }
    if is_new || before.state_id.is_some() {
        let status = data.state.and_then(|state| state.name);
        events.extend(status.map(|to| about.event(TRANSITIONED, json!({ "from": "", "to": to }))));
    }
    if is_new {
        events.push(about.event(CREATED, json!({})));
    } else if is_edited {
        events.push(about.event(EDITED, json!({})));
    }
    match events.is_empty() {
        true => Meaning::Ignored("no label was added, and neither status nor text changed".into()),
        false => Meaning::Events(distinct(events)),
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
    said_at: Option<String>,
}

impl About<'_> {
    fn event(&self, kind: EventName, more: Value) -> Received {
        let mut fields = Map::new();
        fields.insert("task_id".into(), json!(self.task_id));
        fields.insert("project".into(), json!(self.project));
        fields.insert("actor".into(), json!(self.actor.as_ref().map(|actor| &actor.id)));
        if let Some(said_at) = self.said_at.as_deref().filter(|at| at.parse::<Timestamp>().is_ok()) {
            fields.insert("said_at".into(), json!(said_at));
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
        let place = ReplyPlace::Ticket { task_id: self.task_id.clone(), restriction: None };
        Received { event, words: None, reply: (!self.is_machine).then_some(place), also_as: Vec::new() }
    }

    /// The event of a comment that names the bot, or why there is none. Each webhook tells of it with an ID of its own, so that it is
    /// identified by itself.
    fn comment(&self, (id, body): (Option<&str>, &str), bot: &Bot<'_>) -> Result<Received, String> {
        let Bot { mention, command, .. } = *bot;
        let body = named(body, mention);
        let said = words_for_bot(&body, mention, command, Markup::Markdown);
        let said = said.ok_or_else(|| format!("the comment does not mention {mention}"))?;
        let mut received = self.event(COMMENTED, json!({ "text": cut_inline(said.words) }));
        if let Some(id) = id {
            received.event.delivery = format!("comment {id}");
        }
        received.words = said.is_addressed.then(|| in_context(&said));
        Ok(received)
    }
}

fn actor_of(account: &Account) -> Option<Actor> {
    let id = account.id.clone()?;
    Some(Actor { source: SOURCE, id, display_name: account.name.clone(), person: None })
}

/// A delivery can contain several events, each of which may start its own execution.
fn distinct(mut events: Vec<Received>) -> Vec<Received> {
    for (index, received) in events.iter_mut().enumerate().skip(1) {
        received.event.delivery = format!("{}/{index}", received.event.delivery);
    }
    events
}

/// The text with the bot's name in place of the address of its profile, which is how Linear can write that somebody is mentioned.
fn named(text: &str, mention: &str) -> String {
    let profile = format!("/profiles/{}", mention.trim_start_matches('@'));
    let ends = |c: char| c.is_whitespace() || "()<>[]".contains(c);
    let addresses = text.split(ends).filter(|word| word.starts_with(SITE) && word.ends_with(&profile));
    addresses.fold(text.to_owned(), |named, address| named.replace(address, mention))
}

#[cfg(test)]
mod tests;
