//! [Socket Mode](https://docs.slack.dev/apis/events-api/using-socket-mode/): Slack sends over a connection that we open, in place of requests
//! to a public address. What people said to the bot while there was no connection is read from the channels. A command that is typed then is
//! refused by Slack itself, which says so to the person.

use crate::channels::{Next, from};
use crate::slack::{Slack, SlackError, accepted, answer};
use async_trait::async_trait;
use domain::{ActionError, RepositoryName};
use http_client::{Auth, Client, Page, Pages, WebSocket};
use jiff::{SignedDuration, Timestamp};
use provider::{Pull, PulledDelivery, Receiver};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use url::form_urlencoded;

/// The place in what people said to the bot.
const MENTIONS: &str = "mentions";

/// Slack gives a sign of life several times a minute.
const SILENCE: Duration = Duration::from_secs(120);

/// How long to wait until another connection is opened: Slack ends each after an hour or so.
const AGAIN: Duration = Duration::from_secs(1);

/// How much time before a connection is read again: a message may have been sent and not acknowledged.
const OVERLAP: SignedDuration = SignedDuration::from_mins(2);

/// As many messages on a page as Slack recommends.
const PAGE: u32 = 200;

#[derive(Debug, Deserialize)]
struct Opened {
    url: String,
}

/// What arrives over the connection.
#[derive(Debug, Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    /// To be acknowledged by, within three seconds; otherwise Slack sends it again.
    #[serde(default)]
    envelope_id: Option<String>,
    /// Whether an answer may come with the acknowledgment.
    #[serde(default)]
    accepts_response_payload: bool,
    /// Why the connection ends.
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    payload: Value,
}

/// How far mentions were read.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    since: Timestamp,
}

#[derive(Debug, Deserialize)]
struct Channels {
    channels: Vec<Channel>,
    #[serde(default)]
    response_metadata: Option<Next>,
}

#[derive(Debug, Clone, Deserialize)]
struct Channel {
    id: String,
    #[serde(default)]
    is_member: bool,
}

#[derive(Debug, Deserialize)]
struct History {
    messages: Vec<Value>,
    #[serde(default)]
    response_metadata: Option<Next>,
}

#[async_trait]
impl Pull for Slack {
    async fn pull(&self, _: &[RepositoryName], to: &dyn Receiver) -> Result<Duration, ActionError> {
        let token = self.app_token.clone().ok_or_else(|| {
            ActionError::rejected(
                "Slack: Socket Mode needs `app_token` in addition to `bot_token` in the secret: in the app's settings, turn on Socket Mode, and under \
                 Basic Information, App-Level Tokens, generate one with the scope connections:write; it begins with `xapp-`",
            )
        })?;
        let address = self.open_socket(token).await?;
        let mut socket = WebSocket::connect("Slack's Socket Mode", &address).await?;
        let mut is_greeted = false;
        while let Some(text) = socket.next(SILENCE).await? {
            // Frames that cannot be read are of kinds that are not used.
            let Ok(frame) = serde_json::from_str::<Frame>(&text) else { continue };
            match frame.kind.as_str() {
                // From here on, nothing is missed: read now what was said before.
                "hello" => {
                    is_greeted = true;
                    self.catch_up(to).await?;
                }
                "disconnect" if frame.reason.as_deref() == Some("link_disabled") => {
                    return Err(ActionError::rejected(
                        "Slack: Socket Mode is turned off in the app's settings",
                    ));
                }
                // Another connection takes over.
                "disconnect" => break,
                _ => {}
            }
            let Some(id) = frame.envelope_id else { continue };
            let mut acknowledgment = json!({ "envelope_id": id });
            if let Some(delivery) = delivery(&frame.kind, frame.payload) {
                let answer = to.receive(delivery).await?;
                if frame.accepts_response_payload && answer.is_object() {
                    acknowledgment["payload"] = answer;
                }
            }
            socket.send(acknowledgment.to_string()).await?;
            self.keep(to).await?;
        }
        match is_greeted {
            true => Ok(AGAIN),
            false => Err(ActionError::unavailable("Slack closed the connection before it was used")),
        }
    }
}

/// A frame's content in the form that Slack would post.
fn delivery(kind: &str, payload: Value) -> Option<PulledDelivery> {
    let (content_type, body) = match kind {
        "events_api" => ("application/json", payload.to_string()),
        "interactive" => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("payload", &payload.to_string());
            ("application/x-www-form-urlencoded", form.finish())
        }
        "slash_commands" => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            let fields = payload.as_object()?;
            for (name, value) in fields {
                form.append_pair(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            }
            ("application/x-www-form-urlencoded", form.finish())
        }
        _ => return None,
    };
    Some(PulledDelivery { headers: vec![("content-type", content_type.to_owned())], body })
}

impl Slack {
    /// The address of a new connection, good for one.
    async fn open_socket(&self, token: SecretString) -> Result<String, ActionError> {
        let method = "/apps.connections.open";
        let client = Client::new("Slack", self.client.base_url(), Auth::Bearer(token), &self.options)?;
        let answer = client.post(method, &[]).form(&[]).send().await?;
        Ok(accepted::<Opened>(method, &answer)?.url)
    }

    /// Hands over what people said to the bot in its channels since the last time.
    async fn catch_up(&self, to: &dyn Receiver) -> Result<(), ActionError> {
        let kept = to.place(MENTIONS).await?;
        let since = kept.and_then(|place| serde_json::from_value::<Place>(place).ok());
        if let Some(Place { since }) = since {
            let own = self.own_user().await?.to_owned();
            let from = since.checked_sub(OVERLAP).unwrap_or(since);
            for channel in self.own_channels().await? {
                let messages = match self.mentions(&channel, from, &own).await {
                    // A private channel may be listed whose messages the app may not read: the others are read nevertheless.
                    Err(error) if error.code == "missing_scope" => continue,
                    other => other?,
                };
                for message in messages {
                    to.receive(mention(&channel, message, &own)).await?;
                }
            }
        }
        self.keep(to).await
    }

    async fn keep(&self, to: &dyn Receiver) -> Result<(), ActionError> {
        to.keep_place(MENTIONS, json!(Place { since: self.client.clock().now() })).await
    }

    /// The channels that the bot is a member of.
    async fn own_channels(&self) -> Result<Vec<String>, ActionError> {
        match self.member_of("public_channel,private_channel").await {
            Err(error) if error.code == "missing_scope" => Ok(self.member_of("public_channel").await?),
            other => Ok(other?),
        }
    }

    async fn member_of(&self, types: &'static str) -> Result<Vec<String>, SlackError> {
        let method = "/conversations.list";
        let load = |cursor: String| async move {
            let request = self.client.get(method, &[]).query("types", types).query("exclude_archived", true);
            let (page, bytes) =
                answer::<Channels>(method, from(request.query("limit", PAGE), &cursor)).await?;
            let next = page.response_metadata.unwrap_or_default().into_cursor();
            Ok::<_, SlackError>(Page { items: page.channels, next, bytes })
        };
        let channels = Pages::of("Slack's channels").collect(String::new(), usize::MAX, load).await?;
        Ok(channels.into_iter().filter(|channel| channel.is_member).map(|channel| channel.id).collect())
    }

    /// What people said to the bot in a channel, oldest first; threads are not read.
    async fn mentions(&self, channel: &str, since: Timestamp, own: &str) -> Result<Vec<Value>, SlackError> {
        let method = "/conversations.history";
        let load = |cursor: String| async move {
            let request = self.client.get(method, &[]).query("channel", channel);
            let request = request.query("oldest", since.as_second()).query("limit", PAGE);
            let (page, bytes) = answer::<History>(method, from(request, &cursor)).await?;
            let next = page.response_metadata.unwrap_or_default().into_cursor();
            Ok::<_, SlackError>(Page { items: page.messages, next, bytes })
        };
        let mut messages = Pages::of("Slack's messages").collect(String::new(), usize::MAX, load).await?;
        messages.retain(|message| is_mention(message, own));
        messages.reverse();
        Ok(messages)
    }
}

/// Whether a person wrote a message to the bot. Edited ones are reported as they were first.
fn is_mention(message: &Value, own: &str) -> bool {
    let is_plain = ["bot_id", "subtype", "edited"].iter().all(|name| message[name].is_null());
    let text = message["text"].as_str().unwrap_or_default();
    let names_us = text.contains(&format!("<@{own}>")) || text.contains(&format!("<@{own}|"));
    is_plain && names_us && message["user"].as_str().is_some_and(|user| user != own)
}

/// A channel's message in the form of the Events API.
fn mention(channel: &str, message: Value, own: &str) -> PulledDelivery {
    let mut event = message;
    event["type"] = "app_mention".into();
    event["channel"] = channel.into();
    let body = json!({
        "type": "event_callback",
        "event": event,
        "authorizations": [{ "user_id": own, "is_bot": true }],
    });
    PulledDelivery { headers: vec![("content-type", "application/json".to_owned())], body: body.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_become_what_slack_posts() {
        let body = |kind: &str, payload: Value| delivery(kind, payload).map(|delivery| delivery.body);
        assert_eq!(body("events_api", json!({"a": 1})).as_deref(), Some(r#"{"a":1}"#));
        let command = json!({"command": "/ticketsmith", "text": "run SHOP-1 & more", "n": 1});
        let form = body("slash_commands", command).unwrap();
        assert!(form.contains("text=run+SHOP-1+%26+more") && form.contains("n=1"), "{form}");
        let form = body("interactive", json!({"type": "block_actions"})).unwrap();
        assert_eq!(form, "payload=%7B%22type%22%3A%22block_actions%22%7D");
        assert_eq!(body("hello", json!({})), None);
    }

    #[test]
    fn only_what_people_first_wrote_to_the_bot_is_a_mention() {
        let says = |more: Value| {
            let mut message = json!({"user": "U1", "text": "<@UBOT> run SHOP-1", "ts": "1.2"});
            message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            is_mention(&message, "UBOT")
        };
        assert!(says(json!({})) && says(json!({"text": "please <@UBOT|ticketsmith> run SHOP-1"})));
        for other in [
            json!({"user": "UBOT"}),
            json!({"bot_id": "B1"}),
            json!({"edited": {}}),
            json!({"subtype": "channel_join"}),
            json!({"text": "run SHOP-1"}),
            json!({"text": "<@UBOTTOM> run"}),
        ] {
            assert!(!says(other.clone()), "{other}");
        }
    }
}
