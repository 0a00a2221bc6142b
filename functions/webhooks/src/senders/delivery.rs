//! What a delivery means, and what senders need to read one.
//!
//! Each sender has its own small types that hold only the fields used, everything optional: what senders add, leave out or send
//! in another type is never an error.

use crate::command_answer::CommandAnswer;
use axum::http::HeaderMap;
use domain::configuration::Webhooks;
use domain::{Actor, Event, EventName};
use records::ClosedPullRequest;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// One delivery, understood.
#[derive(Debug, PartialEq)]
pub(crate) struct Delivery {
    /// The sender's id for it, the same when it is sent again.
    pub(crate) id: String,
    pub(crate) meaning: Meaning,
}

/// What a delivery means to us.
#[derive(Debug, PartialEq)]
pub(crate) enum Meaning {
    /// Something happened that workflows can be started by. Never empty.
    Events(Vec<Event>),
    /// Somebody typed our slash command and waits for the answer.
    SlashCommand(Event),
    /// Somebody pressed a button of ours. It counts as `kind`, the event of whoever says the same in words.
    Button { kind: EventName, action: String, value: String, actor: Actor },
    /// A pull request came to its end, which later figures count.
    PullRequestClosed(ClosedPullRequest),
    /// The sender asks whether we are here.
    Ping,
    /// The sender asks for this answer and nothing else.
    Handshake(Value),
    /// Nothing for us, with the reason.
    Ignored(String),
}

/// A delivery that is not what its sender's documentation says a delivery is.
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

/// What the bot is called where a delivery comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bot<'a> {
    /// What comments call it: `@ticketsmith`.
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

    /// Whether an account is its own, so that what it did would be a loop.
    pub(crate) fn is(&self, account: &str) -> bool {
        self.account.is_some_and(|own| own.to_lowercase() == account.to_lowercase())
    }
}

/// The answer of senders that have no slash commands.
pub(super) fn answer_in_words(answer: &CommandAnswer) -> Value {
    json!({ "answer": answer.to_text() })
}

/// Reads a JSON object into a type of ours. A field of another type than ours is `Ok(Err(reason))`: valid, but not for us.
pub(super) fn read_json<T: DeserializeOwned>(
    sender: &'static str,
    bytes: &[u8],
) -> Result<Result<T, String>, Malformed> {
    let error = match serde_json::from_slice(bytes) {
        Ok(payload) if starts_object(bytes) => return Ok(Ok(payload)),
        Ok(_) => return Err(Malformed::NotAnObject(sender)),
        Err(error) => error,
    };
    // A wrong type ends the reading early; what follows may still be no JSON.
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| Malformed::Json(error.to_string()))?;
    if !starts_object(bytes) {
        return Err(Malformed::NotAnObject(sender));
    }
    Ok(Err(format!(
        "a field has another type than {sender} documents, at line {} column {}",
        error.line(),
        error.column()
    )))
}

/// Structs can be read from JSON arrays too, which no sender sends.
fn starts_object(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().first() == Some(&b'{')
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty())
}

/// The id of a delivery whose sender gives none: equal bodies are one delivery.
pub(super) fn id_of_body(body: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(body)))
}
