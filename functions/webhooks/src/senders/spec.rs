//! A sender's specification.

use super::delivery::{Bot, Delivery, Malformed};
use super::signature::{SignatureError, Unverified, Verified};
use crate::command_answer::CommandAnswer;
use axum::http::HeaderMap;
use domain::event::EventSpec;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

/// A sender of webhooks, as data and functions. Only senders' files make one and see its functions: everybody else verifies
/// before they parse.
pub struct SenderSpec {
    /// Its name: in the path of its webhooks, before the dot of its events, and as [`domain::Actor::source`].
    pub(super) name: &'static str,
    /// Its name for people.
    pub(super) title: &'static str,
    /// Where its own settings take the address of our webhooks.
    pub(super) set_up: &'static str,
    /// What `serve --pull` fetches from it, in words.
    pub(super) fetched: Option<&'static str>,
    /// Checks the signature over the raw bytes in constant time, and the replay window if the sender defines one.
    pub(super) verify: fn(&[u8], &HeaderMap, &SecretString, Timestamp) -> Result<(), SignatureError>,
    /// Parses a delivery.
    pub(super) parse: fn(&HeaderMap, &[u8], &Bot<'_>) -> Result<Delivery, Malformed>,
    /// The events that its deliveries can contain.
    pub(super) events: fn() -> Vec<EventSpec>,
    /// Renders the body that answers a slash command.
    pub(super) answer: fn(&CommandAnswer) -> Value,
    /// Response headers for a delivery that would be refused every time it is sent.
    pub(super) final_refusal: &'static [(&'static str, &'static str)],
}

impl SenderSpec {
    /// Its name: in the path of its webhooks, in the bundle of signing secrets and before the dot of its events.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What `serve --pull` fetches from it if it cannot deliver; `None` if everything needs a public address.
    pub const fn fetched(&self) -> Option<&'static str> {
        self.fetched
    }

    /// Its name for people.
    pub const fn title(&self) -> &'static str {
        self.title
    }

    /// Where its own settings take the address of our webhooks, for people who set it up.
    pub const fn set_up(&self) -> &'static str {
        self.set_up
    }

    pub(crate) fn events(&self) -> Vec<EventSpec> {
        (self.events)()
    }

    pub(crate) fn answer(&self, answer: &CommandAnswer) -> Value {
        (self.answer)(answer)
    }

    pub(crate) const fn final_refusal(&self) -> &'static [(&'static str, &'static str)] {
        self.final_refusal
    }

    /// Checks a signature's form before the body is read: its headers are present, well-formed, and recent.
    ///
    /// # Errors
    /// Why no body could make the signature valid.
    pub(crate) fn check_headers(&self, headers: &HeaderMap, now: Timestamp) -> Result<(), SignatureError> {
        match (self.verify)(&[], headers, &SecretString::default(), now) {
            // Without the body and the secret, the signature itself cannot be checked.
            Ok(()) | Err(SignatureError::Wrong(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes a delivery readable if its signature proves that this sender sent it.
    ///
    /// # Errors
    /// Why the signature is not valid.
    pub(crate) fn verify(
        &self,
        body: &Unverified,
        headers: &HeaderMap,
        secret: &SecretString,
        now: Timestamp,
    ) -> Result<Verified, SignatureError> {
        body.verified_by(|bytes| (self.verify)(bytes, headers, secret, now))
    }

    /// Reads a verified delivery.
    ///
    /// # Errors
    /// When it does not match the sender's documentation.
    pub(crate) fn parse(
        &self,
        headers: &HeaderMap,
        body: &Verified,
        bot: &Bot<'_>,
    ) -> Result<Delivery, Malformed> {
        (self.parse)(headers, body.bytes(), bot)
    }
}
