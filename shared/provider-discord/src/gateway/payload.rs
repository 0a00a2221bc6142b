//! [Payloads](https://docs.discord.com/developers/events/gateway-events#payload-structure), in both directions.

use super::session::Session;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

/// [Opcodes](https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-opcodes).
pub(super) const DISPATCH: u8 = 0;
pub(super) const HEARTBEAT: u8 = 1;
const IDENTIFY: u8 = 2;
const RESUME: u8 = 6;
pub(super) const RECONNECT: u8 = 7;
pub(super) const INVALID_SESSION: u8 = 9;
pub(super) const HELLO: u8 = 10;
pub(super) const HEARTBEAT_ACK: u8 = 11;

/// Our name as a library.
const LIBRARY: &str = "ticketsmith";

/// What Discord sends.
#[derive(Debug, Deserialize)]
pub(super) struct Payload {
    pub(super) op: u8,
    #[serde(default)]
    pub(super) d: Value,
    /// The number of an event in its session.
    #[serde(default)]
    pub(super) s: Option<u64>,
    /// The name of an event.
    #[serde(default)]
    pub(super) t: Option<String>,
}

/// Begins a session.
pub(super) fn identify(token: &SecretString, intents: u64) -> String {
    let properties = json!({"os": std::env::consts::OS, "browser": LIBRARY, "device": LIBRARY});
    let d = json!({"token": token.expose_secret(), "intents": intents, "properties": properties});
    json!({"op": IDENTIFY, "d": d}).to_string()
}

/// Continues a session behind the last event that was handed over.
pub(super) fn resume(token: &SecretString, Session { id, sequence, .. }: &Session) -> String {
    let d = json!({"token": token.expose_secret(), "session_id": id, "seq": sequence});
    json!({"op": RESUME, "d": d}).to_string()
}

/// With the number of the last event that arrived.
pub(super) fn heartbeat(last: Option<u64>) -> String {
    json!({"op": HEARTBEAT, "d": last}).to_string()
}
