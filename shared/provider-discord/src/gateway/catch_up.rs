//! What was said while there was no session, from the channels and active threads of the servers.

use super::hearing::{is_by_person, is_for_us};
use crate::channels::{Channel, is_thread, takes_messages};
use crate::discord::{Discord, send};
use domain::ActionError;
use http_client::{Failure, Page, Pages};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

/// How much time before is read again: clocks differ, and a message may have been sent and not handed over.
const OVERLAP: SignedDuration = SignedDuration::from_mins(2);

/// Milliseconds since 1970 at which Discord's time begins.
const EPOCH: i64 = 1_420_070_400_000;

/// The most that one request lists.
const PAGE: usize = 100;

#[derive(Debug, Deserialize)]
struct Active {
    threads: Vec<Channel>,
}

impl Discord {
    /// The channels and threads in which something was said since then.
    pub(super) async fn channels_with_news(&self, since: Timestamp) -> Result<Vec<Channel>, ActionError> {
        let first = first_id(since);
        let mut found = Vec::new();
        for server in self.servers().await? {
            let channels = send(self.client.get("/guilds/{server}/channels", &[&server])).await?;
            found.extend(channels.json::<Vec<Channel>>()?);
            let active = send(self.client.get("/guilds/{server}/threads/active", &[&server])).await?;
            found.extend(active.json::<Active>()?.threads);
        }
        let newest = |channel: &Channel| channel.last_message_id.as_deref()?.parse::<u64>().ok();
        found.retain(|channel| {
            takes_messages(channel.kind) && newest(channel).is_some_and(|newest| newest >= first)
        });
        Ok(found)
    }

    /// What people said to us in a channel since then, oldest first. A channel that the bot may not read has nothing.
    pub(super) async fn said_since(
        &self,
        channel: &Channel,
        since: Timestamp,
        own: &str,
    ) -> Result<Vec<Value>, ActionError> {
        let (first, at) = (first_id(since), channel.id.as_str());
        let load = |before: Option<String>| async move {
            let request = self.client.get("/channels/{channel}/messages", &[at]).query("limit", PAGE);
            let request = before.into_iter().fold(request, |request, before| request.query("before", before));
            let answer = send(request).await?;
            let mut messages: Vec<Value> = answer.json()?;
            let is_whole = messages.len() == PAGE;
            let count = messages.len();
            messages.retain(|message| id_of(message).is_some_and(|id| id >= first));
            let last = messages.last().filter(|_| is_whole && messages.len() == count);
            let next = last.and_then(|last| Some(Some(last["id"].as_str()?.to_owned())));
            Ok::<_, Failure>(Page { items: messages, next, bytes: answer.size() })
        };
        let mut messages = match Pages::of("Discord's messages").collect(None, usize::MAX, load).await {
            Ok(messages) => messages,
            Err(Failure { status: Some(403 | 404), .. }) => return Ok(Vec::new()),
            Err(failure) => return Err(failure.into()),
        };
        messages.retain(|message| match is_thread(channel.kind) {
            true => is_by_person(message),
            false => is_for_us(message, own),
        });
        messages.reverse();
        Ok(messages)
    }
}

fn id_of(message: &Value) -> Option<u64> {
    message["id"].as_str()?.parse().ok()
}

/// The least ID of a message that is read again (<https://docs.discord.com/developers/reference#snowflakes>).
fn first_id(since: Timestamp) -> u64 {
    let from = since.checked_sub(OVERLAP).unwrap_or(since);
    u64::try_from(from.as_millisecond() - EPOCH).unwrap_or_default() << 22
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_when_a_message_was_sent() {
        // Its upper bits are 41,944,705,796 ms since the beginning of 2015.
        let at = Timestamp::from_millisecond(1_462_015_105_796).unwrap();
        let id = 175_928_847_299_117_063_u64;
        assert_eq!(first_id(at + OVERLAP), id >> 22 << 22);
        assert!(first_id(at) < id && first_id(at + OVERLAP + OVERLAP) > id);
        assert_eq!(first_id(Timestamp::UNIX_EPOCH), 0);
    }
}
