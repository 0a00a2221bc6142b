//! Channels by name.

use crate::discord::{Discord, send};
use domain::ActionError;
use http_client::Failure;
use serde::Deserialize;
use std::sync::PoisonError;

/// [Kinds of channels](https://docs.discord.com/developers/resources/channel#channel-object-channel-types) that messages go to: text and
/// announcements.
const KINDS: [u64; 2] = [0, 5];

/// Kinds of threads: of announcements, public and private.
const THREADS: [u64; 3] = [10, 11, 12];

/// Whether a kind of channels is one of threads.
pub(crate) fn is_thread(kind: u64) -> bool {
    THREADS.contains(&kind)
}

/// Whether people write messages in channels of this kind.
pub(crate) fn takes_messages(kind: u64) -> bool {
    KINDS.contains(&kind) || is_thread(kind)
}

#[derive(Debug, Deserialize)]
struct Server {
    id: String,
    #[serde(default)]
    name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Channel {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: u64,
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// The channel that a thread is in.
    #[serde(default)]
    pub(crate) parent_id: Option<String>,
    /// The newest message, which may be deleted.
    #[serde(default)]
    pub(crate) last_message_id: Option<String>,
    #[serde(default)]
    pub(crate) permission_overwrites: Vec<Overwrite>,
}

/// The permissions that a channel grants to or denies a role or a member.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Overwrite {
    pub(crate) id: String,
    /// 0 for a role, 1 for a member.
    #[serde(rename = "type")]
    pub(crate) kind: u8,
    pub(crate) allow: String,
    pub(crate) deny: String,
}

impl Discord {
    /// The ID of a channel given as `#name`, as a name or as an ID.
    pub(crate) async fn channel_id(&self, channel: &str) -> Result<String, ActionError> {
        if is_id(channel) {
            return Ok(channel.to_owned());
        }
        let name = channel.trim_start_matches('#');
        if let Some(id) = self.known_channel(name) {
            return Ok(id);
        }
        let found = self.channels_of_server().await?;
        let named = found.into_iter().filter_map(|channel| Some((channel.name?, channel.id)));
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).extend(named);
        self.known_channel(name).ok_or_else(|| unknown(name))
    }

    /// The channel of this name or ID on the server.
    pub(crate) async fn channel(&self, channel: &str) -> Result<Option<Channel>, ActionError> {
        let name = channel.trim_start_matches('#');
        let is_meant = |found: &Channel| found.id == channel || found.name.as_deref() == Some(name);
        Ok(self.channels_of_server().await?.into_iter().find(is_meant))
    }

    /// The channel or thread with this ID; `None` if it is gone, or the bot may not see it.
    pub(crate) async fn any_channel(&self, id: &str) -> Result<Option<Channel>, ActionError> {
        match send(self.client.get("/channels/{channel}", &[id])).await {
            Ok(answer) => Ok(Some(answer.json()?)),
            Err(Failure { status: Some(403 | 404), .. }) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    /// The thread that people began on a message, which has the message's ID. Once there is one, it stays.
    pub(crate) async fn thread_on(&self, message: &str) -> Result<Option<String>, ActionError> {
        let is_known = self.threads.lock().unwrap_or_else(PoisonError::into_inner).contains(message);
        if is_known {
            return Ok(Some(message.to_owned()));
        }
        let found = self.any_channel(message).await?.filter(|found| is_thread(found.kind));
        if let Some(found) = &found {
            self.threads.lock().unwrap_or_else(PoisonError::into_inner).insert(found.id.clone());
        }
        Ok(found.map(|found| found.id))
    }

    fn known_channel(&self, name: &str) -> Option<String> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    async fn channels_of_server(&self) -> Result<Vec<Channel>, ActionError> {
        let server = self.server().await?;
        let request = self.client.get("/guilds/{server}/channels", &[&server]);
        let mut channels: Vec<Channel> = send(request).await?.json()?;
        channels.retain(|channel| KINDS.contains(&channel.kind));
        Ok(channels)
    }

    /// The IDs of the servers whose messages count: the configured one, or else all that the bot is in.
    pub(crate) async fn servers(&self) -> Result<Vec<String>, ActionError> {
        match &self.server {
            Some(server) => Ok(vec![server.clone()]),
            None => Ok(self.own_servers().await?.into_iter().map(|server| server.id).collect()),
        }
    }

    async fn own_servers(&self) -> Result<Vec<Server>, ActionError> {
        send(self.client.get("/users/@me/guilds", &[])).await?.json()
    }

    /// The ID of the configured server, or of the only one that the bot is in.
    pub(crate) async fn server(&self) -> Result<String, ActionError> {
        if let Some(server) = &self.server {
            return Ok(server.clone());
        }
        match self.own_servers().await?.as_slice() {
            [only] => Ok(only.id.clone()),
            [] => Err(ActionError::rejected("the Discord bot is not in any server; invite it to one")),
            many => {
                let names: Vec<_> =
                    many.iter().map(|server| format!("{} ({})", server.id, server.name)).collect();
                Err(ActionError::rejected(format!(
                    "the Discord bot is in several servers; set {}.server to one of {}",
                    self.client.section(),
                    names.join(", ")
                )))
            }
        }
    }
}

fn unknown(name: &str) -> ActionError {
    ActionError::rejected(format!(
        "the Discord server has no channel `#{name}` that the bot can see; accepted: the name of a text channel, or a channel's ID"
    ))
}

/// IDs are [snowflakes](https://docs.discord.com/developers/reference#snowflakes): numbers of 17 to 20 digits.
fn is_id(text: &str) -> bool {
    (17..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_names() {
        assert!(is_id("175928847299117063"));
        assert!(!is_id("#shop-dev") && !is_id("2026") && !is_id("#175928847299117063"));
    }
}
