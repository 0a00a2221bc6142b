//! The meaning of a delivery, and helpers for senders to parse one.
//!
//! Each sender has its own small types with only the fields it uses, all optional: a field that a sender adds, omits or sends
//! with another type is never an error.

use crate::command_answer::CommandAnswer;
use axum::http::HeaderMap;
use domain::configuration::Webhooks;
use domain::{Actor, Event, EventName, SourceName};
use records::ClosedPullRequest;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A parsed delivery.
#[derive(Debug, PartialEq)]
pub(crate) struct Delivery {
    /// The sender's ID for it, the same if it is sent again.
    pub(crate) id: String,
    pub(crate) meaning: Meaning,
    /// A ticket that we created, whatever else the delivery means.
    pub(crate) creation: Option<Creation>,
}

impl Delivery {
    /// One that tells of no ticket that we created.
    pub(crate) fn new(id: String, meaning: Meaning) -> Self {
        Self { id, meaning, creation: None }
    }
}

/// A ticket that carries a mark of ours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Creation {
    /// The mark's digest.
    pub(crate) digest: String,
    pub(crate) task_id: String,
}

/// What a delivery means to us.
#[derive(Debug, PartialEq)]
pub(crate) enum Meaning {
    /// Events that can start workflows. Never empty.
    Events(Vec<Event>),
    /// Someone typed our slash command and waits for the answer.
    SlashCommand(Event),
    /// Someone pressed one of our buttons. It counts as `kind`, the event for saying the same in words.
    Button { kind: EventName, action: String, value: String, actor: Actor },
    /// A pull request was closed; recorded for later statistics.
    PullRequestClosed(ClosedPullRequest),
    /// The sender checks whether we respond.
    Ping,
    /// The sender only wants this answer.
    Handshake(Value),
    /// Not relevant, with the reason.
    Ignored(String),
}

impl Meaning {
    /// The same, done where `place` says. A sender knows only its own name, and people at two instances of it are different people.
    pub(crate) fn at(mut self, place: &SourceName) -> Self {
        let actors: Vec<&mut Actor> = match &mut self {
            Self::Events(events) => events.iter_mut().filter_map(|event| event.actor.as_mut()).collect(),
            Self::SlashCommand(event) => event.actor.as_mut().into_iter().collect(),
            Self::Button { actor, .. } => vec![actor],
            Self::PullRequestClosed(_) | Self::Ping | Self::Handshake(_) | Self::Ignored(_) => Vec::new(),
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
    /// What the bot is called at an endpoint, whose account is kept under the first of these names that is known.
    pub(crate) fn at(names: [&str; 2], settings: &'a Webhooks) -> Self {
        let account = names.into_iter().find_map(|name| settings.own_accounts.get(name));
        Self {
            mention: &settings.mention,
            command: &settings.command,
            account: account.map(String::as_str).filter(|account| !account.is_empty()),
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

/// Parses a JSON object into one of our types. A field of an unexpected type is `Ok(Err(reason))`: valid, but not relevant.
pub(super) fn read_json<T: DeserializeOwned>(
    sender: &'static str,
    bytes: &[u8],
) -> Result<Result<T, String>, Malformed> {
    let error = match serde_json::from_slice(bytes) {
        Ok(payload) if starts_object(bytes) => return Ok(Ok(payload)),
        Ok(_) => return Err(Malformed::NotAnObject(sender)),
        Err(error) => error,
    };
    // A wrong type ends parsing early; the rest may still be invalid JSON.
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| Malformed::Json(error.to_string()))?;
    if !starts_object(bytes) {
        return Err(Malformed::NotAnObject(sender));
    }
    Ok(Err(format!(
        "a field's type differs from {sender}'s documentation, at line {} column {}",
        error.line(),
        error.column()
    )))
}

/// Rejects JSON arrays, which structs can also be parsed from but no sender sends.
fn starts_object(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().first() == Some(&b'{')
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty())
}

/// The ID of a delivery whose sender does not provide one: equal bodies are one delivery.
pub(super) fn id_of_body(body: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(body)))
}
