//! Channels by name.

use crate::slack::{Slack, SlackError, answer};
use domain::{ActionError, ErrorKind};
use http_client::{Page, Pages, Request};
use serde::Deserialize;
use serde_json::json;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// The size of a page that Slack recommends at most.
const PAGE: u32 = 200;

/// How long files are not looked for in a channel again that was not found: a ticket's files are read one after another, and each would list all
/// channels of the workspace.
const REFUSED_FOR: Duration = Duration::from_secs(60);

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

/// Direct messages with a person.
#[derive(Debug, Deserialize)]
struct Opened {
    channel: Channel,
}

/// Where a list continues; an empty cursor is its end.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    next_cursor: String,
}

impl Next {
    /// Where the list continues, if it does.
    pub(crate) fn into_cursor(self) -> Option<String> {
        Some(self.next_cursor).filter(|cursor| !cursor.is_empty())
    }
}

/// The request for the page at a cursor; an empty one is the first page's.
pub(crate) fn from<'client>(request: Request<'client>, cursor: &str) -> Request<'client> {
    if cursor.is_empty() { request } else { request.query("cursor", cursor) }
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
                "Slack has no channel `#{name}` that the bot can see; accepted: the name of a public channel, or of a private one that the bot \
                 is a member of if the app has the scope groups:read, or a channel's id"
            ))
        })
    }

    /// The ID of a channel that files may be read from, as [`channel_id`](Self::channel_id) finds it. What it refuses is refused for a minute.
    pub(crate) async fn channel_of_files(&self, channel: &str) -> Result<String, ActionError> {
        if let Some(why) = self.known_refusal(channel) {
            return Err(why);
        }
        let found = self.channel_id(channel).await;
        if let Err(why) = &found
            && why.kind == ErrorKind::Rejected
        {
            let refused = (why.clone(), Instant::now());
            self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(channel.to_owned(), refused);
        }
        found
    }

    fn known_refusal(&self, channel: &str) -> Option<ActionError> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.retain(|_, (_, at)| at.elapsed() < REFUSED_FOR);
        refused.get(channel).map(|(why, _)| why.clone())
    }

    /// The ID of the direct messages between the bot and a person:
    /// [conversations.open](https://docs.slack.dev/reference/methods/conversations.open).
    pub(crate) async fn direct_channel(&self, person: &str) -> Result<String, ActionError> {
        let Opened { channel } = self.call("/conversations.open", &json!({ "users": person })).await?;
        Ok(channel.id)
    }

    /// Does something in a channel. What is known of its name is forgotten once Slack does not know the id: a channel that was deleted
    /// and made again has another one.
    pub(crate) async fn in_channel<T, F>(
        &self,
        channel: &str,
        act: impl Fn(String) -> F + Send + Sync,
    ) -> Result<T, ActionError>
    where
        F: Future<Output = Result<T, SlackError>> + Send,
    {
        match act(self.channel_id(channel).await?).await {
            Err(error) if error.code == "channel_not_found" && self.forget_channel(channel) => {
                Ok(act(self.channel_id(channel).await?).await?)
            }
            other => Ok(other?),
        }
    }

    /// Whether there was something to forget.
    fn forget_channel(&self, channel: &str) -> bool {
        let name = channel.trim_start_matches('#');
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).remove(name).is_some()
    }

    fn known_channel(&self, name: &str) -> Option<String> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    async fn list_channels(&self, types: &'static str) -> Result<(), SlackError> {
        let method = "/conversations.list";
        let load = |cursor: String| async move {
            let request = self.client.get(method, &[]).query("types", types).query("exclude_archived", true);
            let (found, bytes) =
                answer::<Channels>(method, from(request.query("limit", PAGE), &cursor)).await?;
            Ok::<_, SlackError>(Page {
                items: found.channels,
                next: found.response_metadata.into_cursor(),
                bytes,
            })
        };
        let channels = Pages::of("Slack's channels").collect(String::new(), usize::MAX, load).await?;
        let named = channels.into_iter().map(|channel| (channel.name, channel.id));
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).extend(named);
        Ok(())
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
