//! What people do with the application, the signed requests that Discord sends about it, and where it takes later answers.

use axum::Json;
use axum::extract::{Path, Query, State as AxumState};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Discord, Failure, Message, State, User};
use crate::attachment::Attachment;
use crate::webhook::Outgoing;

/// Why a person cannot do something, in words.
type Refusal = String;

const PING: u8 = 1;
const COMMAND: u8 = 2;
const COMPONENT: u8 = 3;

impl Discord {
    /// Discord checks whether the endpoint answers.
    pub(super) fn pinged(&self) -> Outgoing {
        let mut state = self.lock();
        let payload = self.interaction(&mut state, PING);
        self.signed(&payload)
    }

    /// `by` uses the slash command with this text and files in a channel.
    pub(super) fn commanded(
        &self,
        text: &str,
        by: &str,
        channel: &str,
        files: &[Attachment],
    ) -> Result<Outgoing, Refusal> {
        let (user, channel) = (self.person(by)?, self.channel_named(channel)?);
        let name = self.world().application.command.as_deref().ok_or("no slash command is registered")?;
        let mut state = self.lock();
        let mut payload = self.interaction(&mut state, COMMAND);
        self.add_place(&mut payload, &channel, user);
        payload["data"] = json!({"id": "1", "name": name, "type": 1,
                                 "options": [{"name": "text", "type": 3, "value": text}]});
        for (number, file) in files.iter().enumerate() {
            let (id, key) = (self.next_id(&mut state), uuid::Uuid::new_v4().simple().to_string());
            let option = json!({"name": format!("file{}", number + 1), "type": 11, "value": id});
            payload["data"]["options"].as_array_mut().into_iter().for_each(|all| all.push(option.clone()));
            let (address, application) = (&self.0.address, &self.world().application.id);
            let name = file.name.replace(|c: char| !(c.is_ascii_alphanumeric() || "-._".contains(c)), "_");
            let url = format!("{address}/ephemeral-attachments/{application}/{id}/{name}?ex=1&is=1&hm={key}");
            payload["data"]["resolved"]["attachments"][&id] = json!({
                "id": id, "filename": file.name, "size": file.bytes()?.len(), "url": url, "proxy_url": url,
                "content_type": file.media_type(), "ephemeral": true,
            });
            state.files.push((id, key, file.clone()));
        }
        self.dispatch_interaction(&mut state, &payload);
        Ok(self.signed(&payload))
    }

    /// `by` presses the button of this action in a message of a channel.
    pub(super) fn pressed(
        &self,
        action: &str,
        message: &str,
        by: &str,
        channel: &str,
    ) -> Result<Outgoing, Refusal> {
        let (user, channel) = (self.person(by)?, self.channel_named(channel)?);
        let mut state = self.lock();
        let found =
            state.messages.iter().find(|known| known.channel == channel && known.id == message).cloned();
        let found: Message =
            found.ok_or_else(|| format!("no message in the channel has the ID {message}"))?;
        let rows = found.components.as_array().into_iter().flatten();
        let buttons = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
        let is_meant = |id: &str| id.strip_prefix(action).is_some_and(|rest| rest.starts_with([':', '#']));
        let id = buttons.filter_map(|button| button["custom_id"].as_str()).find(|id| is_meant(id));
        let id = id.ok_or_else(|| format!("the message has no button `{action}`"))?;
        let mut payload = self.interaction(&mut state, COMPONENT);
        self.add_place(&mut payload, &channel, user);
        payload["data"] = json!({"custom_id": id, "component_type": 2});
        payload["message"] = self.message_json(&found);
        self.dispatch_interaction(&mut state, &payload);
        Ok(self.signed(&payload))
    }

    fn interaction(&self, state: &mut State, kind: u8) -> Value {
        let token = format!("aW50ZXJhY3Rpb246{}", uuid::Uuid::new_v4().simple());
        let id = self.next_id(state);
        state.tokens.push(token.clone());
        json!({"id": id, "application_id": self.world().application.id, "type": kind, "token": token, "version": 1,
               "entitlements": [], "authorizing_integration_owners": {}, "attachment_size_limit": 10_485_760})
    }

    fn add_place(&self, payload: &mut Value, channel: &str, user: &User) {
        payload["guild_id"] = self.world().server.id.clone().into();
        payload["channel_id"] = channel.into();
        let known = self.world().channels.iter().find(|known| known.id == channel);
        payload["channel"] = json!({"id": channel, "name": known.map(|known| &known.name), "type": 0});
        payload["member"] = json!({"user": self.user_json(&user.id), "roles": [], "permissions": "2048"});
        payload["locale"] = "en-US".into();
        payload["context"] = 0.into();
    }

    pub(super) fn person(&self, name: &str) -> Result<&User, Refusal> {
        self.world().users.iter().find(|user| user.name == name).ok_or_else(|| {
            let known =
                self.world().users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>().join(", ");
            format!("nobody in discord.users is named `{name}`; there are: {known}")
        })
    }

    pub(super) fn channel_named(&self, name: &str) -> Result<String, Refusal> {
        let name = name.trim_start_matches('#');
        let found = self.world().channels.iter().find(|channel| channel.name == name || channel.id == name);
        found.map(|channel| channel.id.clone()).ok_or_else(|| format!("no channel is named `{name}`"))
    }

    /// Signs the timestamp and the body:
    /// <https://docs.discord.com/developers/interactions/overview#validating-security-request-headers>.
    pub(super) fn signed(&self, payload: &Value) -> Outgoing {
        let (timestamp, body) = (self.now().as_second().to_string(), payload.to_string().into_bytes());
        let message = [timestamp.as_bytes(), &body].concat();
        let signature = hex::encode(self.0.key.sign(&message).as_ref());
        Outgoing {
            path: "/webhooks/discord",
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("user-agent", "Discord-Interactions/1.0 (+https://discord.com)".to_owned()),
                ("x-signature-timestamp", timestamp),
                ("x-signature-ed25519", signature),
            ],
            body,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Key {
    #[serde(default)]
    hm: String,
}

/// The content of a file that was given to a command or uploaded with a message, for a request that has the key. Requests with credentials are
/// refused.
pub(super) async fn attachment(
    AxumState(discord): AxumState<Discord>,
    Path((_, file, _)): Path<(String, String, String)>,
    Query(key): Query<Key>,
    headers: HeaderMap,
) -> Response {
    let state = discord.lock();
    let mut files = state.files.iter().chain(&state.uploads);
    let found = files.find(|(id, known, _)| *id == file && *known == key.hm);
    let found = found.filter(|(_, _, file)| !file.deleted && !headers.contains_key(header::AUTHORIZATION));
    match found.map(|(_, _, file)| (file.media_type(), file.bytes())) {
        Some((media_type, Ok(bytes))) => ([(header::CONTENT_TYPE, media_type)], bytes).into_response(),
        _ => (StatusCode::NOT_FOUND, "This content is no longer available.").into_response(),
    }
}

/// `POST /interactions/{interaction}/{token}/callback`: the first answer to an interaction that came over the Gateway, which needs no bot token.
pub(super) async fn callback(
    AxumState(discord): AxumState<Discord>,
    Path((_, token)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Result<StatusCode, Failure> {
    let mut state = discord.lock();
    if !discord.world().application.without_endpoint || !state.tokens.contains(&token) {
        return Err(Failure::not_found(10_062, "Unknown interaction"));
    }
    if state.callbacks.iter().any(|(known, _)| *known == token) {
        let message = "Interaction has already been acknowledged.";
        return Err(Failure { status: StatusCode::BAD_REQUEST, code: 40_060, message, errors: Value::Null });
    }
    state.callbacks.push((token, body));
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /webhooks/{application}/{token}`: a later answer to an interaction, which needs no bot token.
pub(super) async fn follow_up(
    AxumState(discord): AxumState<Discord>,
    Path((application, token)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let mut state = discord.lock();
    if application != discord.world().application.id || !state.tokens.contains(&token) {
        return Err(Failure::not_found(10_015, "Unknown Webhook"));
    }
    let content = body["content"].as_str().unwrap_or_default();
    if content.is_empty() || content.chars().count() > 2_000 {
        return Err(Failure::field(
            "content",
            "BASE_TYPE_BAD_LENGTH",
            "Must be between 1 and 2000 in length.",
        ));
    }
    state.responses.push((token, body.clone()));
    Ok((StatusCode::OK, Json(body)))
}
