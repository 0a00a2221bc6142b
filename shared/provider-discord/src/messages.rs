//! Messages with a mark.

use crate::buttons::{footer, rows};
use crate::discord::{Discord, send};
use crate::limits;
use crate::markdown::markdown_for_discord;
use crate::marks::{hidden, hidden_in, nonce};
use domain::ActionError;
use domain::plugins::{Mark, Message, MessageBody, SentMessage};
use http_client::{Page, Pages};
use jiff::{SignedDuration, Timestamp};
use provider::send_fitting_items;
use serde::Deserialize;
use serde_json::{Value, json};

/// The most that one request lists.
const PAGE: usize = 100;
/// How far Discord's clock and ours may differ.
const CLOCKS_DIFFER_BY: SignedDuration = SignedDuration::from_hours(1);
/// Discord shows no page of a link.
const SUPPRESS_EMBEDS: u32 = 1 << 2;

#[derive(Debug, Deserialize)]
struct Posted {
    id: String,
    channel_id: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    timestamp: String,
    author: Author,
}

#[derive(Debug, Deserialize)]
struct Author {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Own {
    id: String,
}

impl Discord {
    pub(crate) async fn post_message(
        &self,
        message: &Message,
        mark: &Mark,
    ) -> Result<SentMessage, ActionError> {
        let channel = self.channel_id(&message.channel).await?;
        let begun = match &message.thread {
            Some(thread) => self.thread_on(thread).await?,
            None => None,
        };
        let (at, mark_at_end) = (begun.as_deref().unwrap_or(&channel), hidden(mark));
        let post = async |text: String| {
            let mut body = content(&format!("{text}{mark_at_end}"), &message.body);
            body["nonce"] = nonce(mark).into();
            body["enforce_nonce"] = true.into();
            if let Some(thread) = message.thread.as_ref().filter(|_| begun.is_none()) {
                body["message_reference"] = json!({"message_id": thread, "fail_if_not_exists": false});
            }
            send(self.client.post("/channels/{channel}/messages", &[at]).json(&body)).await
        };
        let text = markdown_for_discord(&message.body.text);
        let rest = message.body.rest.as_deref().map(markdown_for_discord);
        let sent = send_fitting_items(&text, rest.as_deref(), limits::MESSAGE, limits::is_too_long, post);
        let posted: Posted = sent.await?.json()?;
        Ok(SentMessage { channel: posted.channel_id, id: posted.id, url: None })
    }

    pub(crate) async fn replace_message(
        &self,
        sent: &SentMessage,
        message: &MessageBody,
        mark: Option<&Mark>,
    ) -> Result<(), ActionError> {
        let path = "/channels/{channel}/messages/{message}";
        let values = [sent.channel.as_str(), sent.id.as_str()];
        let mark_at_end = match mark {
            Some(mark) => hidden(mark),
            None => {
                let present: Posted = send(self.client.get(path, &values)).await?.json()?;
                hidden_in(&present.content).to_owned()
            }
        };
        let change = async |text: String| {
            let body = content(&format!("{text}{mark_at_end}"), message);
            send(self.client.patch(path, &values).json(&body)).await
        };
        let text = markdown_for_discord(&message.text);
        let rest = message.rest.as_deref().map(markdown_for_discord);
        send_fitting_items(&text, rest.as_deref(), limits::MESSAGE, limits::is_too_long, change).await?;
        Ok(())
    }

    /// Looks in the channel, and in the thread that people began on a message there, if they did.
    pub(crate) async fn find_marked_message(
        &self,
        channel: &str,
        thread: Option<&str>,
        mark: &Mark,
    ) -> Result<Option<SentMessage>, ActionError> {
        let channel = self.channel_id(channel).await?;
        if let Some(found) = self.find_marked_in(&channel, mark).await? {
            return Ok(Some(found));
        }
        let begun = match thread {
            Some(thread) => self.thread_on(thread).await?,
            None => None,
        };
        match begun {
            Some(begun) => self.find_marked_in(&begun, mark).await,
            None => Ok(None),
        }
    }

    /// Reads a channel or thread from its newest message back to the time of the mark.
    async fn find_marked_in(&self, at: &str, mark: &Mark) -> Result<Option<SentMessage>, ActionError> {
        let wanted = hidden(mark);
        let oldest = mark.at - CLOCKS_DIFFER_BY;
        let load = |before: Option<String>| async move {
            let request = self.client.get("/channels/{channel}/messages", &[at]).query("limit", PAGE);
            let request = before.into_iter().fold(request, |request, before| request.query("before", before));
            let answer = send(request).await?;
            let messages: Vec<Posted> = answer.json()?;
            let last =
                messages.last().filter(|_| messages.len() == PAGE).filter(|last| !last.is_older_than(oldest));
            let next = last.map(|last| Some(last.id.clone()));
            Ok::<_, ActionError>(Page { items: messages, next, bytes: answer.size() })
        };
        let own = self.own_user().await?;
        let ours = |message: &Posted| message.author.id == own && hidden_in(&message.content) == wanted;
        let found = Pages::of("Discord's messages").find(None, load, ours).await?;
        Ok(found.map(|found| SentMessage { channel: found.channel_id, id: found.id, url: None }))
    }

    /// The ID of the bot's user, asked for once in a client's life.
    pub(crate) async fn own_user(&self) -> Result<&str, ActionError> {
        if let Some(known) = self.own_user.get() {
            return Ok(known);
        }
        let Own { id } = send(self.client.get("/users/@me", &[])).await?.json()?;
        Ok(self.own_user.get_or_init(|| id))
    }
}

impl Posted {
    fn is_older_than(&self, at: Timestamp) -> bool {
        self.timestamp.parse::<Timestamp>().is_ok_and(|sent| sent < at)
    }
}

/// The shown parts of a message. No content notifies anybody.
fn content(text: &str, message: &MessageBody) -> Value {
    json!({
        "content": text,
        "components": rows(&message.buttons),
        "embeds": footer(&message.buttons),
        "allowed_mentions": {"parse": []},
        // It would hide the footer as well.
        "flags": if footer(&message.buttons) == json!([]) { SUPPRESS_EMBEDS } else { 0 },
    })
}
