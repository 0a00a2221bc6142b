//! The plugin itself.

use crate::settings::Settings;
use async_trait::async_trait;
use domain::plugins::{Communication, FileChannels, Mark, Message, MessageBody, SentMessage};
use domain::{ActionError, Attachment, ErrorKind};
use http_client::{Answer, Auth, Client, Options, PagesError, Request};
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

/// The token of the bot user, `xoxb-…` (<https://docs.slack.dev/authentication/tokens>).
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    /// The token.
    pub bot_token: SecretString,
    /// The app's own token, `xapp-…`, with the scope `connections:write`, which only Socket Mode needs.
    #[serde(default)]
    pub app_token: Option<SecretString>,
}

/// A Slack workspace.
#[derive(Debug, Clone)]
pub struct Slack {
    pub(crate) client: Client,
    /// How requests are sent to addresses that Slack gives out, without the token.
    pub(crate) options: Options,
    /// The IDs of channels by name. A renamed channel keeps its ID, so known IDs stay right.
    pub(crate) channels: Arc<Mutex<HashMap<String, String>>>,
    /// Why channels were not found, and when, by what they were called.
    pub(crate) refused: Arc<Mutex<HashMap<String, (ActionError, Instant)>>>,
    /// The id of our bot's user, once it was asked for.
    pub(crate) own_user: Arc<OnceLock<String>>,
    /// With which Socket Mode is opened.
    pub(crate) app_token: Option<SecretString>,
}

impl Slack {
    /// Does not connect yet.
    ///
    /// # Errors
    /// `Rejected` when `base_url` cannot be used.
    pub fn new(
        settings: &Settings,
        credentials: Credentials,
        options: &Options,
    ) -> Result<Self, ActionError> {
        let client = Client::new("Slack", &settings.base_url, Auth::Bearer(credentials.bot_token), options)?;
        Ok(Self {
            client,
            options: options.clone(),
            channels: Arc::default(),
            refused: Arc::default(),
            own_user: Arc::default(),
            app_token: credentials.app_token,
        })
    }

    /// Calls a method with a JSON body.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        body: &Value,
    ) -> Result<T, SlackError> {
        let request = self.client.post(method, &[]).json(body);
        let request = request.header("content-type", "application/json; charset=utf-8");
        Ok(answer(method, request).await?.0)
    }
}

/// Slack's refusal, by its code, and what it means.
#[derive(Debug)]
pub(crate) struct SlackError {
    pub(crate) code: String,
    error: ActionError,
}

impl SlackError {
    /// Whether what Slack added to its code holds these words.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.error.message.contains(words)
    }
}

impl From<PagesError> for SlackError {
    fn from(error: PagesError) -> Self {
        transport(error.into())
    }
}

impl From<SlackError> for ActionError {
    fn from(error: SlackError) -> Self {
        error.error
    }
}

/// Sends a request and reads the fields of an `ok` answer, and the answer's size in bytes.
pub(crate) async fn answer<T: DeserializeOwned>(
    method: &'static str,
    request: Request<'_>,
) -> Result<(T, usize), SlackError> {
    let answer = request.send().await.map_err(|failure| transport(failure.into()))?;
    Ok((accepted(method, &answer)?, answer.size()))
}

fn transport(error: ActionError) -> SlackError {
    SlackError { code: String::new(), error }
}

/// Reads the fields of an `ok` answer.
pub(crate) fn accepted<T: DeserializeOwned>(method: &'static str, answer: &Answer) -> Result<T, SlackError> {
    let body: Value = answer.json().map_err(transport)?;
    if body["ok"] == true {
        return answer.json().map_err(transport);
    }
    let code = body["error"].as_str().unwrap_or("no code").to_owned();
    let details = body["response_metadata"]["messages"].as_array().into_iter().flatten();
    let details = details.filter_map(Value::as_str).collect::<Vec<_>>().join("; ");
    let needed =
        body["needed"].as_str().map(|scope| format!("; the scope needed is {}", answer.quote(scope)));
    let advice = advice(&code).map(|advice| format!("; {advice}")).unwrap_or_default();
    let said = answer.quote(&format!("{code} {details}"));
    let message = format!("Slack: {} failed: {said}{}{advice}", &method[1..], needed.unwrap_or_default());
    Err(SlackError { error: ActionError::new(kind(&code), message), code })
}

/// The meaning of a code: <https://docs.slack.dev/reference/methods/chat.postMessage#errors> lists those of one method.
fn kind(code: &str) -> ErrorKind {
    match code {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => ErrorKind::Throttled,
        "internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout"
        | "team_added_to_org" => ErrorKind::Unavailable,
        _ => ErrorKind::Rejected,
    }
}

fn advice(code: &str) -> Option<&'static str> {
    match code {
        "not_in_channel" => Some("invite the bot to the channel with /invite"),
        "channel_not_found" => {
            Some("the channel does not exist, or it is private and the bot is not a member")
        }
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            Some("store a valid bot token in the configured secret")
        }
        "missing_scope" => Some("add the scope to the app and install it again"),
        "is_archived" => Some("the channel is archived"),
        _ => None,
    }
}

#[async_trait]
impl Communication for Slack {
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

    async fn direct_messages(&self, account: &str) -> Result<String, ActionError> {
        self.direct_channel(account).await
    }

    async fn respond(&self, address: &str, markdown: &str) -> Result<(), ActionError> {
        self.post_response(address, markdown).await
    }

    fn files_in(&self, words: &str) -> Vec<Attachment> {
        self.files_linked_in(words)
    }

    async fn read_attachment(
        &self,
        file: &Attachment,
        channels: &FileChannels,
        most: usize,
    ) -> Result<Vec<u8>, ActionError> {
        self.content_of(file, channels, most).await
    }

    async fn react(&self, sent: &SentMessage, reaction: &str) -> Result<(), ActionError> {
        let body = json!({"channel": sent.channel, "timestamp": sent.id, "name": reaction});
        match self.call::<Value>("/reactions.add", &body).await {
            Err(error) if error.code == "already_reacted" => Ok(()),
            other => Ok(other.map(|_| ())?),
        }
    }
}
