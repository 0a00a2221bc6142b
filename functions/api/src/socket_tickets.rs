//! Tickets that open sockets. A browser can send no header with a socket, and an address must not contain a lasting credential: whoever has one is
//! given a ticket for it that works once, within a minute.

use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How long a ticket may be used.
pub(crate) const LIFE: SignedDuration = SignedDuration::from_secs(60);

/// So many tickets are out at most; beyond them, the oldest is forgotten.
const MOST: usize = 10_000;

/// The unused tickets, by their digests, with the requests that asked for them.
#[derive(Debug, Default)]
pub(crate) struct SocketTickets(Mutex<HashMap<[u8; 32], (Parts, Timestamp)>>);

impl SocketTickets {
    /// A new ticket for the sender of this request; it expires after [`LIFE`].
    pub(crate) fn give(&self, head: Parts, now: Timestamp) -> String {
        let ticket = new_text();
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.retain(|_, (_, given_at)| now.duration_since(*given_at) < LIFE);
        if tickets.len() >= MOST
            && let Some(oldest) = tickets.iter().min_by_key(|(_, (_, at))| *at).map(|(digest, _)| *digest)
        {
            tickets.remove(&oldest);
        }
        tickets.insert(digest(&ticket), (head, now));
        ticket
    }

    /// The request that a ticket was given for, once.
    pub(crate) fn take(&self, ticket: &str, now: Timestamp) -> Option<Parts> {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (head, given_at) = tickets.remove(&digest(ticket))?;
        (now.duration_since(given_at) < LIFE).then_some(head)
    }
}

/// The text of a new ticket.
pub(crate) fn new_text() -> String {
    URL_SAFE_NO_PAD.encode(random())
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    bytes[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    bytes
}

/// Looked up by its digest, so that comparison time reveals nothing about a guess.
pub(crate) fn digest(ticket: &str) -> [u8; 32] {
    Sha256::digest(ticket).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn a_ticket_works_once_and_for_a_minute() {
        let tickets = SocketTickets::default();
        let head = || Request::get("/a").body(()).unwrap().into_parts().0;
        let now = Timestamp::UNIX_EPOCH;
        let ticket = tickets.give(head(), now);
        assert!(tickets.take("another", now).is_none());
        assert!(tickets.take(&ticket, now).is_some());
        assert!(tickets.take(&ticket, now).is_none(), "it was used");
        let late = tickets.give(head(), now);
        assert!(tickets.take(&late, now + LIFE).is_none());
    }
}
