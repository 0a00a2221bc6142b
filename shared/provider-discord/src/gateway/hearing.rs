//! Which messages are for us, and the form in which they are handed over.

use crate::channels::is_thread;
use provider::PulledDelivery;
use serde::Serialize;
use serde_json::{Value, json};

/// [Kinds of messages](https://docs.discord.com/developers/resources/message#message-object-message-types) that people write.
const PLAIN: u64 = 0;
const REPLY: u64 = 19;

/// Where a message was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Place {
    /// The channel's ID; that of the channel above for a thread.
    pub(super) channel: String,
    /// The name of that channel.
    pub(super) channel_name: Option<String>,
    /// The thread's ID, which is also that of the message with which it began.
    pub(super) thread: Option<String>,
}

/// Whether a message that has just arrived may be for us: a person wrote it, in a thread, to us, or as a reply to a message of ours.
pub(super) fn is_for_us(message: &Value, own: &str) -> bool {
    is_by_person(message) && (is_in_thread(message) || mentions(message, own) || answers(message, own))
}

/// Whether a person wrote it. Messages of bots, ours among them, of webhooks and of Discord itself start nothing.
pub(super) fn is_by_person(message: &Value) -> bool {
    let author = &message["author"];
    let is_machine = author["bot"] == true || author["system"] == true || !message["webhook_id"].is_null();
    let is_written = matches!(message["type"].as_u64(), Some(PLAIN | REPLY));
    author["id"].is_string() && !is_machine && is_written
}

/// Only messages in threads have a position.
fn is_in_thread(message: &Value) -> bool {
    match message["channel_type"].as_u64() {
        Some(kind) => is_thread(kind),
        None => message["position"].is_u64(),
    }
}

/// A mention is `<@ID>`; older clients write `<@!ID>` (<https://docs.discord.com/developers/reference#message-formatting>).
fn mentions(message: &Value, own: &str) -> bool {
    let content = message["content"].as_str().unwrap_or_default();
    [format!("<@{own}>"), format!("<@!{own}>")].iter().any(|mention| content.contains(mention))
}

fn answers(message: &Value, own: &str) -> bool {
    message["type"] == REPLY && message["referenced_message"]["author"]["id"] == own
}

/// A message in the form of the Gateway, with our own account and with its place, which messages do not say.
pub(super) fn delivery(message: &Value, own: &str, place: &Place) -> PulledDelivery {
    let body = json!({"t": "MESSAGE_CREATE", "d": message, "own_account": own, "place": place});
    in_json(body.to_string())
}

/// A delivery of a JSON text.
pub(super) fn in_json(body: String) -> PulledDelivery {
    PulledDelivery { headers: vec![("content-type", "application/json".to_owned())], body }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_heard(more: Value) -> bool {
        let mut message = json!({"id": "9", "type": 0, "author": {"id": "1"}, "content": "<@7> run SHOP-1", "channel_type": 0});
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        is_for_us(&message, "7")
    }

    #[test]
    fn messages_to_us_in_threads_and_under_ours_are_for_us() {
        let reply = |author: &str| json!({"type": 19, "content": "Like this", "referenced_message": {"id": "8", "author": {"id": author, "bot": true}}});
        for heard in [
            json!({}),
            json!({"content": "please, <@!7>, run SHOP-1"}),
            json!({"content": "Like this", "channel_type": 11}),
            json!({"content": "", "channel_type": null, "position": 3}),
            reply("7"),
        ] {
            assert!(is_heard(heard.clone()), "{heard}");
        }
        for other in [
            json!({"content": "Like this"}),
            json!({"content": "<@71> run SHOP-1"}),
            json!({"content": "run SHOP-1 7"}),
            reply("8"),
            json!({"type": 19, "content": "", "referenced_message": null}),
        ] {
            assert!(!is_heard(other.clone()), "{other}");
        }
    }

    #[test]
    fn what_machines_write_is_not() {
        for machine in [
            json!({"author": {"id": "7", "bot": true}}),
            json!({"author": {"id": "5", "bot": true}}),
            json!({"author": {"id": "5", "system": true}}),
            json!({"webhook_id": "5"}),
            json!({"author": {}}),
            // Somebody joined.
            json!({"type": 7}),
            // A thread began.
            json!({"type": 18}),
        ] {
            assert!(!is_heard(machine.clone()), "{machine}");
        }
    }
}
