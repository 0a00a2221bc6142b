//! The meaning of a delivery, and helpers for senders to parse one.
//!
//! Each sender has its own small types with only the fields it uses, all optional: a field that a sender adds, omits or sends
//! with another type is never an error, and hides nothing but itself.

use crate::command::Command;
use crate::command_answer::CommandAnswer;
use crate::mention::Said;
use axum::http::HeaderMap;
use domain::configuration::Webhooks;
use domain::{Actor, Event, EventName, RepositoryName, SourceName};
use jiff::Timestamp;
use records::{ClosedPullRequest, ReplyPlace};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A parsed delivery.
#[derive(Debug, PartialEq)]
pub(crate) struct Delivery {
    /// Its identity, the same if it is sent again. It is derived from signed content, because anybody can write a header.
    pub(crate) id: String,
    pub(crate) meaning: Meaning,
    /// A ticket that we created, whatever else the delivery means.
    pub(crate) creation: Option<Creation>,
}

impl Delivery {
    /// A delivery that does not report a ticket created by us.
    pub(crate) fn new(id: String, meaning: Meaning) -> Self {
        Self { id, meaning, creation: None }
    }
}

/// A ticket that carries one of our marks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Creation {
    /// The mark's digest.
    pub(crate) digest: String,
    pub(crate) task_id: String,
}

/// The meaning of a delivery.
#[derive(Debug, PartialEq)]
pub(crate) enum Meaning {
    /// Events that can start workflows. Never empty.
    Events(Vec<Received>),
    /// A message in a thread that does not name the bot. It is for us if the thread is about one of our tickets.
    InThread(Box<Received>),
    /// Someone typed our slash command and waits for the answer.
    SlashCommand(Event),
    /// Someone pressed one of our buttons. It counts as `kind`, the event for saying the same in words.
    Button(Button),
    /// A pull request was closed; recorded for later statistics, and an event.
    PullRequestClosed(ClosedPullRequest, Box<Received>),
    /// A pull request that was closed is open again.
    PullRequestReopened(ReopenedPullRequest),
    /// The sender checks whether we respond.
    Ping,
    /// The sender only wants this answer.
    Handshake(Value),
    /// Not relevant, with the reason.
    Ignored(String),
}

/// Which pull request is open again, and since when.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ReopenedPullRequest {
    pub(crate) repository: RepositoryName,
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
}

/// The most events that are read from a delivery: no service sends more. Most of them are left out if the routes are known.
pub(super) const MOST_READ: usize = 5_000;

/// An event, with what only its delivery says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Received {
    pub(crate) event: Event,
    /// A message to the bot, without its address; `None` if it is not addressed.
    pub(crate) words: Option<String>,
    /// Where to answer the person; `None` if there is no person, or if it is a machine, which could answer in turn.
    pub(crate) reply: Option<ReplyPlace>,
    /// Alternative IDs of the same event if it may also arrive another way, for services that do not identify their events and whose times
    /// are only approximate.
    pub(crate) also_as: Vec<String>,
}

/// A button that somebody pressed.
#[derive(Debug, PartialEq)]
pub(crate) struct Button {
    pub(crate) kind: EventName,
    pub(crate) action: String,
    pub(crate) value: String,
    pub(crate) actor: Actor,
    /// Where the person is answered.
    pub(crate) reply: Option<ReplyPlace>,
    /// The immediate response to the sender, if it requires one in its own form.
    pub(crate) acknowledgment: Option<Value>,
}

impl Meaning {
    /// The same, done where `place` says. A sender knows only its own name, and people at two instances of it are different people.
    pub(crate) fn at(mut self, place: &SourceName) -> Self {
        let actors: Vec<&mut Actor> = match &mut self {
            Self::Events(events) => {
                events.iter_mut().filter_map(|received| received.event.actor.as_mut()).collect()
            }
            Self::InThread(received) => received.event.actor.as_mut().into_iter().collect(),
            Self::SlashCommand(event) => event.actor.as_mut().into_iter().collect(),
            Self::Button(button) => vec![&mut button.actor],
            Self::PullRequestClosed(_, received) => received.event.actor.as_mut().into_iter().collect(),
            Self::PullRequestReopened(_) | Self::Ping | Self::Handshake(_) | Self::Ignored(_) => Vec::new(),
        };
        for actor in actors {
            actor.source = place.clone();
        }
        self
    }
}

/// A delivery that does not match its sender's documentation.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the body is not valid JSON: {0}")]
    Json(String),
    #[error("the body is not a JSON object; accepted: a delivery as {0} sends it")]
    NotAnObject(&'static str),
    #[error("the body is not a valid form: {0}")]
    Form(String),
    #[error("the header {0} is missing")]
    MissingHeader(&'static str),
}

/// The bot's names at the delivery's sender.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bot<'a> {
    /// Its name in comments: `@ticketsmith`.
    pub(crate) mention: &'a str,
    /// The slash command: `/ticketsmith`.
    pub(crate) command: &'a str,
    /// Its own account there.
    pub(crate) account: Option<&'a str>,
}

impl<'a> Bot<'a> {
    /// The bot's names at an endpoint. Its account there is configured under the first of these names that is known, or else
    /// learned from the service.
    pub(crate) fn at(names: [&str; 2], settings: &'a Webhooks, learned: Option<&'a str>) -> Self {
        let configured = names.into_iter().find_map(|name| settings.own_accounts.get(name));
        Self {
            mention: &settings.mention,
            command: &settings.command,
            account: configured.map(String::as_str).or(learned).filter(|account| !account.is_empty()),
        }
    }

    /// Whether an account is the bot's own, so that reacting to it would cause a loop.
    pub(crate) fn is(&self, account: &str) -> bool {
        self.account.is_some_and(|own| own.to_lowercase() == account.to_lowercase())
    }
}

/// The answer for senders without slash commands.
pub(super) fn answer_in_words(answer: &CommandAnswer) -> Value {
    json!({ "answer": answer.to_text() })
}

/// Parses a JSON object into one of our types, whose fields are read with [`lenient`]. Halves of characters in it, which JavaScript and Java
/// write where they cut a text, are read as a replacement: one in a description must not invalidate the delivery.
pub(super) fn read_json<T: DeserializeOwned>(sender: &'static str, bytes: &[u8]) -> Result<T, Malformed> {
    let whole = || serde_json::from_slice(&with_whole_characters(bytes)).ok();
    let error = match serde_json::from_slice(bytes).or_else(|error| whole().ok_or(error)) {
        Ok(payload) if starts_object(bytes) => return Ok(payload),
        Ok(_) => return Err(Malformed::NotAnObject(sender)),
        Err(error) => error,
    };
    match serde_json::from_slice::<IgnoredAny>(bytes) {
        Ok(_) if !starts_object(bytes) => Err(Malformed::NotAnObject(sender)),
        Ok(_) | Err(_) => Err(Malformed::Json(error.to_string())),
    }
}

/// The same JSON with U+FFFD in place of each escaped half of a surrogate pair and each byte that is not UTF-8.
fn with_whole_characters(json: &[u8]) -> Vec<u8> {
    let half = |at: usize| {
        let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let unit = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        (0xD800..0xE000).contains(&unit).then_some(unit)
    };
    let mut whole = Vec::with_capacity(json.len());
    let mut at = 0;
    while at < json.len() {
        let (length, replaced) = match (half(at), half(at + 6)) {
            (Some(0xD800..0xDC00), Some(0xDC00..)) => (12, false),
            (Some(_), _) => (6, true),
            // An escaped backslash escapes nothing else.
            (None, _) if json[at] == b'\\' => (2, false),
            (None, _) => (1, false),
        };
        let end = (at + length).min(json.len());
        whole.extend_from_slice(if replaced { b"\\ufffd" } else { &json[at..end] });
        at = end;
    }
    String::from_utf8_lossy(&whole).into_owned().into_bytes()
}

/// Reads a field, or nothing if its value is not of the documented type: `#[serde(default, deserialize_with = "lenient")]`.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

/// Reads the elements of a list that have the documented type, and leaves out the others.
pub(super) fn lenient_list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let elements = match Value::deserialize(deserializer)? {
        Value::Array(elements) => elements,
        _ => Vec::new(),
    };
    Ok(elements.into_iter().filter_map(|element| serde_json::from_value(element).ok()).collect())
}

/// Rejects JSON arrays, which structs can also be parsed from but no sender sends.
fn starts_object(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().first() == Some(&b'{')
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty())
}

/// Whether the body is a form.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    header(headers, "content-type")
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"))
}

/// The identity of a delivery whose sender signs none: equal bodies are one delivery.
pub(super) fn id_of_body(body: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(body)))
}

/// Words with the lines that they were said about, in words, without which a request is not clear.
pub(super) fn said_about(words: &str, path: &str, lines: Option<&str>) -> String {
    let place = lines.map_or_else(|| format!("`{path}`"), |lines| format!("`{path}`, {lines}"));
    with_note(words, &format!("said about {place}"))
}

/// Words that ask for a change, with a note about them. Commands, thanks and praise stay as they are, so that the note does not turn them into a
/// request.
pub(super) fn with_note(words: &str, note: &str) -> String {
    match asks_for_change(words) {
        true => format!("{words}\n\n({note})"),
        false => words.to_owned(),
    }
}

/// Words that ask for a change, with what their author said before them in the same comment: `fix this` is not clear without it.
pub(super) fn in_context(said: &Said<'_>) -> String {
    match !said.before.is_empty() && asks_for_change(said.words) {
        true => format!("{}\n\n(earlier in the same message:)\n\n{}", said.words, said.before),
        false => said.words.to_owned(),
    }
}

/// Whether words ask for a change, and are no command, thanks or praise.
pub(super) fn asks_for_change(words: &str) -> bool {
    // Whether there is a request does not depend on the ticket.
    let on_ticket = Some("");
    Command::read(words, on_ticket).request(words, on_ticket).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Example {
        #[serde(default, deserialize_with = "lenient")]
        name: Option<String>,
        #[serde(default, deserialize_with = "lenient_list")]
        items: Vec<u8>,
    }

    #[test]
    fn an_odd_field_hides_only_itself() {
        for (body, name, items) in [
            (r#"{"name": "a", "items": [1, "x", null, 2, {}]}"#, Some("a"), vec![1, 2]),
            (r#"{"name": {"first": "a"}, "items": [1]}"#, None, vec![1]),
            (r#"{"name": "a", "items": "many"}"#, Some("a"), vec![]),
            (r#"{"name": null, "items": null}"#, None, vec![]),
            ("{}", None, vec![]),
            (r#"{"name": "a", "text": {"cut": "\ud83d"}, "items": [1]}"#, Some("a"), vec![1]),
            (
                r#"{"name": "\ud83d\ude80 \\ud83d \ude80", "items": []}"#,
                Some("\u{1f680} \\ud83d \u{fffd}"),
                vec![],
            ),
        ] {
            let read: Example = read_json("x", body.as_bytes()).unwrap();
            assert_eq!(read, Example { name: name.map(str::to_owned), items }, "{body}");
        }
        let read: Example = read_json("x", b"{\"name\": \"a\xff\"}").unwrap();
        assert_eq!(read.name.as_deref(), Some("a\u{fffd}"));
        for (body, expected) in [("[]", Malformed::NotAnObject("x")), ("[1", Malformed::Json(String::new()))]
        {
            let refused = read_json::<Example>("x", body.as_bytes()).unwrap_err();
            assert_eq!(std::mem::discriminant(&refused), std::mem::discriminant(&expected), "{body}");
        }
    }
}
