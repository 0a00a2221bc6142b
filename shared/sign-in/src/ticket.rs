//! Tickets that are exchanged once for a session: they are in the fragment of a link, which browsers never send.

use crate::{digest, random_text};
use jiff::{SignedDuration, Timestamp};
use records::SignInTicket;
use secrecy::{ExposeSecret, SecretString};

/// How long a ticket is valid.
pub const TICKET_LIFE: SignedDuration = SignedDuration::from_mins(5);

/// A new ticket.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// Its text, for the link.
    pub text: SecretString,
    /// The stored record.
    pub kept: SignInTicket,
}

impl Ticket {
    /// A ticket for a configured person, or for the installation's own operator.
    pub fn new(person: Option<String>, now: Timestamp) -> Self {
        Self { text: random_text().into(), kept: SignInTicket { person, valid_until: now + TICKET_LIFE } }
    }

    /// The name under which it is kept.
    pub fn digest(&self) -> String {
        digest(self.text.expose_secret())
    }
}

/// The name under which the ticket with this text is stored; `None` if it cannot be one.
pub fn ticket_digest(text: &str) -> Option<String> {
    (text.len() == 43).then(|| digest(text))
}
