//! Channels by name.

use crate::slack::{Slack, answer};
use domain::ActionError;
use serde::Deserialize;
use std::sync::PoisonError;

/// Slack recommends no more than this for a page.
const PAGE: u32 = 200;

#[derive(Debug, Deserialize)]
struct Channels {
    channels: Vec<Channel>,
    #[serde(default)]
    response_metadata: Next,
}

#[derive(Debug, Deserialize)]
struct Channel {
    id: String,
    #[serde(default)]
    name: String,
}

/// Where a list goes on; an empty cursor is its end.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    pub(crate) next_cursor: String,
}

impl Slack {
    /// The id of a channel given as `#name`, as a name or as an id.
    pub(crate) async fn channel_id(&self, channel: &str) -> Result<String, ActionError> {
        if is_id(channel) {
            return Ok(channel.to_owned());
        }
        let name = channel.trim_start_matches('#');
        if let Some(id) = self.known_channel(name) {
            return Ok(id);
        }
        // Without the scope for private channels, the public ones can still be listed.
        match self.list_channels("public_channel,private_channel").await {
            Err(error) if error.code == "missing_scope" => self.list_channels("public_channel").await?,
            other => other?,
        }
        self.known_channel(name).ok_or_else(|| {
            ActionError::rejected(format!(
                "Slack has no channel `#{name}` that the bot can see; accepted: the name of a public channel, or of a private one \
                 that the bot is a member of, or a channel's id"
            ))
        })
    }

    fn known_channel(&self, name: &str) -> Option<String> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    async fn list_channels(&self, types: &'static str) -> Result<(), crate::slack::SlackError> {
        let method = "/conversations.list";
        let mut cursor = String::new();
        loop {
            let mut request = self
                .client
                .get(method, &[])
                .query("types", types)
                .query("exclude_archived", true)
                .query("limit", PAGE);
            if !cursor.is_empty() {
                request = request.query("cursor", &cursor);
            }
            let page: Channels = answer(method, request).await?;
            let named = page.channels.into_iter().map(|channel| (channel.name, channel.id));
            self.channels.lock().unwrap_or_else(PoisonError::into_inner).extend(named);
            cursor = page.response_metadata.next_cursor;
            if cursor.is_empty() {
                return Ok(());
            }
        }
    }
}

/// Ids are capital letters and digits and begin with the kind of conversation; names are in lower case.
fn is_id(channel: &str) -> bool {
    channel.len() >= 9
        && channel.starts_with(['C', 'D', 'G'])
        && channel.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_names() {
        assert!(is_id("C012AB3CD") && is_id("G8PSS9T3V"));
        assert!(!is_id("#shop-dev") && !is_id("general") && !is_id("C") && !is_id("#C012AB3CD"));
    }
}
