//! What is kept of a session, and what the end of a connection means for it.

use domain::ActionError;
use jiff::Timestamp;
use provider::Receiver;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The place in what people said.
const MESSAGES: &str = "messages";

/// How far messages were handed over, and the session that continues from there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Everything before was handed over; `None` before the first start.
    #[serde(default)]
    pub(super) since: Option<Timestamp>,
    #[serde(default)]
    pub(super) session: Option<Session>,
}

/// A session of the Gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) id: String,
    /// Where it is resumed.
    pub(super) address: String,
    /// The last event that was handed over or is not for us.
    pub(super) sequence: u64,
    /// What it was begun with: a session that is resumed keeps its intents.
    pub(super) intents: u64,
}

impl Kept {
    pub(super) async fn read(to: &dyn Receiver) -> Result<Self, ActionError> {
        let kept = to.place(MESSAGES).await?;
        Ok(kept.and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default())
    }

    pub(super) async fn write(&self, to: &dyn Receiver) -> Result<(), ActionError> {
        to.keep_place(MESSAGES, json!(self)).await
    }
}

/// What becomes of a session whose connection was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It can be resumed.
    Stays,
    /// Another one has to begin.
    Ends,
    /// Trying again is of no use, for this reason.
    Refused(&'static str),
}

/// The meaning of a [close code](https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes). A
/// connection that ends without one can be resumed.
pub(super) fn fate(code: Option<u16>) -> Fate {
    match code {
        // Not authenticated, invalid sequence, session timed out.
        Some(4003 | 4007 | 4009) => Fate::Ends,
        Some(4004) => {
            Fate::Refused("the bot token is not accepted; store a valid one in the configured secret")
        }
        Some(4010 | 4011) => Fate::Refused("the bot is in too many servers for one connection"),
        Some(4012) => Fate::Refused("the version of the Gateway is no longer served"),
        Some(4013) => Fate::Refused("the intents are not valid"),
        Some(4014) => Fate::Refused(
            "the intent Message Content is not enabled; enable it in the Developer Portal under Bot > Privileged Gateway Intents",
        ),
        _ => Fate::Stays,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_codes_are_tried_again_as_discord_documents() {
        for code in [None, Some(1000), Some(1006), Some(4000), Some(4001), Some(4002), Some(4005), Some(4008)]
        {
            assert_eq!(fate(code), Fate::Stays, "{code:?}");
        }
        for code in [4003, 4007, 4009] {
            assert_eq!(fate(Some(code)), Fate::Ends, "{code}");
        }
        for code in [4004, 4010, 4011, 4012, 4013, 4014] {
            assert!(matches!(fate(Some(code)), Fate::Refused(_)), "{code}");
        }
    }
}
