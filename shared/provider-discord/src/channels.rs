//! Channels by name.

use crate::discord::{Discord, send};
use domain::ActionError;
use serde::Deserialize;
use std::sync::PoisonError;

/// Kinds of channels that messages go to: text and announcements.
const KINDS: [u32; 2] = [0, 5];

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
    kind: u32,
    #[serde(default)]
    name: Option<String>,
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

    /// The ID of the configured server, or of the only one that the bot is in.
    pub(crate) async fn server(&self) -> Result<String, ActionError> {
        if let Some(server) = &self.server {
            return Ok(server.clone());
        }
        let servers: Vec<Server> = send(self.client.get("/users/@me/guilds", &[])).await?.json()?;
        match servers.as_slice() {
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
