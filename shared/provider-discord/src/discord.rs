//! The plugin itself.

use crate::limits;
use crate::markdown::markdown_for_discord;
use crate::settings::Settings;
use async_trait::async_trait;
use domain::plugins::{Communication, FileChannels, Mark, Message, MessageBody, SentMessage};
use domain::text::{CUT, cut};
use domain::{ActionError, Attachment};
use http_client::{Auth, Client, Failure, Options, Request};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

/// An answer that only the person sees who used a command or a button.
const EPHEMERAL: u32 = 1 << 6;

/// The token of the bot (<https://docs.discord.com/developers/reference#authentication>).
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    /// The token.
    pub bot_token: SecretString,
}

/// A Discord bot.
#[derive(Debug, Clone)]
pub struct Discord {
    pub(crate) client: Client,
    /// Sends without the token, which answers to interactions do not need.
    pub(crate) without_token: Client,
    /// With which the Gateway is opened.
    pub(crate) bot_token: SecretString,
    pub(crate) server: Option<String>,
    /// The IDs of channels by name. A renamed channel keeps its ID, so known IDs stay right.
    pub(crate) channels: Arc<Mutex<HashMap<String, String>>>,
    /// Messages on which people began threads, as far as they are known.
    pub(crate) threads: Arc<Mutex<BTreeSet<String>>>,
    /// The ID of the bot's user, once it was asked for.
    pub(crate) own_user: Arc<OnceLock<String>>,
    /// The intents with which the Gateway was refused for good, and why.
    pub(crate) refused: Arc<Mutex<Option<(u64, ActionError)>>>,
}

impl Discord {
    /// Does not connect yet.
    ///
    /// # Errors
    /// `Rejected` when `base_url` cannot be used.
    pub fn new(
        settings: &Settings,
        credentials: Credentials,
        options: &Options,
    ) -> Result<Self, ActionError> {
        let value = format!("Bot {}", credentials.bot_token.expose_secret()).into();
        let auth = Auth::Header { name: "authorization", value };
        let agent = |client: Client| client.header("user-agent", AGENT);
        let client = Client::new("Discord", &settings.base_url, auth, options)?;
        let without_token = Client::new("Discord", &settings.base_url, Auth::None, options)?;
        Ok(Self {
            client: agent(client),
            without_token: agent(without_token),
            server: settings.server.clone(),
            bot_token: credentials.bot_token,
            channels: Arc::default(),
            threads: Arc::default(),
            own_user: Arc::default(),
            refused: Arc::default(),
        })
    }
}

/// Discord requires [this form](https://docs.discord.com/developers/reference#user-agent).
const AGENT: &str = concat!("DiscordBot (https://ticketsmith.example, ", env!("CARGO_PKG_VERSION"), ")");

/// Sends a request; a refusal quotes what Discord says about each field.
pub(crate) async fn send(request: Request<'_>) -> Result<http_client::Answer, Failure> {
    request.send().await.map_err(|mut failure| {
        let mut said = Vec::new();
        collect(&failure.body["errors"], &mut String::new(), &mut said);
        if !said.is_empty() {
            let said = http_client::excerpt(&said.join("; "));
            failure.error.message = format!("{}: {said}", failure.error.message);
        }
        if let Some(advice) = failure.body["code"].as_u64().and_then(advice) {
            failure.error.message = format!("{}; {advice}", failure.error.message);
        }
        failure
    })
}

/// The messages in Discord's [nested errors](https://docs.discord.com/developers/reference#error-messages), each with its field.
fn collect(errors: &Value, at: &mut String, said: &mut Vec<String>) {
    for (name, value) in errors.as_object().into_iter().flatten() {
        if name == "_errors" {
            let words = value.as_array().into_iter().flatten().filter_map(|error| error["message"].as_str());
            said.extend(words.map(|words| format!("{at}: {words}")));
        } else if at.len() < 200 {
            let length = at.len();
            at.push_str(if at.is_empty() { "" } else { "." });
            at.push_str(name);
            collect(value, at, said);
            at.truncate(length);
        }
    }
}

/// What helps: <https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>.
fn advice(code: u64) -> Option<&'static str> {
    match code {
        10_003 => Some("the channel does not exist, or the bot is not in its server"),
        50_001 => Some("give the bot's role the permission View Channels there"),
        50_013 => Some(
            "give the bot's role the permissions Send Messages, Read Message History and Add Reactions there",
        ),
        40_001 | 50_014 => Some("store a valid bot token in the configured secret"),
        _ => None,
    }
}

#[async_trait]
impl Communication for Discord {
    async fn send_message(&self, message: &Message, mark: &Mark) -> Result<SentMessage, ActionError> {
        self.post_message(message, mark).await
    }

    async fn find_message(
        &self,
        channel: &str,
        thread: Option<&str>,
        mark: &Mark,
    ) -> Result<Option<SentMessage>, ActionError> {
        self.find_marked_message(channel, thread, mark).await
    }

    async fn update_message(
        &self,
        sent: &SentMessage,
        body: &MessageBody,
        mark: Option<&Mark>,
    ) -> Result<(), ActionError> {
        self.replace_message(sent, body, mark).await
    }

    /// The address is the path that an interaction is answered at: `/webhooks/{application}/{token}`.
    async fn respond(&self, address: &str, markdown: &str) -> Result<(), ActionError> {
        let wrong = || ActionError::rejected("Discord: the address is not that of an interaction");
        let (application, token) =
            address.strip_prefix("/webhooks/").and_then(|rest| rest.split_once('/')).ok_or_else(wrong)?;
        let is_id = !application.is_empty() && application.chars().all(|c| c.is_ascii_digit());
        if !is_id || token.is_empty() || token.contains('/') {
            return Err(wrong());
        }
        let text = cut(&markdown_for_discord(markdown), limits::ANSWER, CUT);
        let body = json!({"content": text, "flags": EPHEMERAL, "allowed_mentions": {"parse": []}});
        let request = self.without_token.post("/webhooks/{application}/{token}", &[application, token]);
        send(request.json(&body)).await?;
        Ok(())
    }

    fn files_in(&self, words: &str) -> Vec<Attachment> {
        self.files_linked_in(words)
    }

    async fn read_attachment(
        &self,
        file: &Attachment,
        // An address gives the file to anybody who has it.
        _channels: &FileChannels,
        most: usize,
    ) -> Result<Vec<u8>, ActionError> {
        self.content_of(file, most).await
    }

    async fn react(&self, sent: &SentMessage, reaction: &str) -> Result<(), ActionError> {
        let emoji = match reaction {
            "eyes" => "👀",
            "white_check_mark" => "✅",
            "x" => "❌",
            other => {
                let message =
                    format!("Discord: `{other}` is not a reaction; accepted: eyes, white_check_mark, x");
                return Err(ActionError::rejected(message));
            }
        };
        let path = "/channels/{channel}/messages/{message}/reactions/{emoji}/@me";
        // A thread is a channel of its own, which events about its messages name with their IDs.
        let (channel, message) = sent.id.split_once('/').unwrap_or((&sent.channel, &sent.id));
        send(self.client.put(path, &[channel, message, emoji])).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_errors_are_said_with_their_fields() {
        let errors = json!({"content": {"_errors": [{"code": "X", "message": "Too long."}]},
            "components": {"0": {"components": {"1": {"custom_id": {"_errors": [{"message": "Duplicate."}]}}}}}});
        let mut said = Vec::new();
        collect(&errors, &mut String::new(), &mut said);
        assert_eq!(said, ["content: Too long.", "components.0.components.1.custom_id: Duplicate."]);
    }
}
