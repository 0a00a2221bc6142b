//! Messages and reactions.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, Query, State as AxumState};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Discord, Failure, Message, REACT, READ, SEND};

/// The longest `content` of a bot's message.
const MOST_CONTENT: usize = 2_000;
const MOST_NONCE: usize = 25;
/// How long a nonce is remembered: <https://docs.discord.com/developers/resources/message#create-message> says a few minutes.
const NONCE_COUNTS_FOR: SignedDuration = SignedDuration::from_mins(5);
const BUCKET: SignedDuration = SignedDuration::from_secs(5);

const UNKNOWN_MESSAGE: (u32, &str) = (10_008, "Unknown Message");

/// Checks the parts of a message that the official description does not cover.
fn check(body: &Value) -> Result<(), Failure> {
    let content = body["content"].as_str().unwrap_or_default();
    if content.chars().count() > MOST_CONTENT {
        let message = "Must be 2000 or fewer in length.";
        return Err(Failure::field("content", "BASE_TYPE_MAX_LENGTH", message));
    }
    let is_empty = |name: &str| body[name].as_array().is_none_or(Vec::is_empty);
    if content.trim().is_empty() && is_empty("embeds") && is_empty("components") {
        let message = "Cannot send an empty message";
        return Err(Failure { status: StatusCode::BAD_REQUEST, code: 50_006, message, errors: Value::Null });
    }
    let rows = body["components"].as_array().into_iter().flatten();
    let buttons: Vec<&Value> =
        rows.flat_map(|row| row["components"].as_array().into_iter().flatten()).collect();
    let mut known = BTreeSet::new();
    for button in buttons {
        let is_link = button["style"] == 5;
        match (button["custom_id"].as_str(), button["url"].as_str()) {
            (Some(id), None) if !is_link => {
                if !known.insert(id.to_owned()) {
                    let message = "Component custom id cannot be duplicated";
                    return Err(Failure::field("components", "COMPONENT_CUSTOM_ID_DUPLICATED", message));
                }
                if id.chars().count() > 100 {
                    return Err(Failure::field(
                        "components",
                        "BASE_TYPE_BAD_LENGTH",
                        "Must be between 1 and 100 in length.",
                    ));
                }
            }
            (None, Some(_)) if is_link => {}
            _ => {
                let message = "A button has a custom id, or it is a link and has a url";
                return Err(Failure::field("components", "BUTTON_COMPONENT_INVALID", message));
            }
        }
    }
    Ok(())
}

/// Whether a message notifies everybody.
fn pings(body: &Value) -> bool {
    let parsed = body["allowed_mentions"]["parse"].as_array();
    let is_allowed = body["allowed_mentions"].is_null()
        || parsed.is_some_and(|kinds| kinds.iter().any(|kind| kind == "everyone"));
    let content = body["content"].as_str().unwrap_or_default();
    is_allowed && ["@everyone", "@here"].iter().any(|name| content.contains(name))
}

impl Discord {
    pub(super) fn message_json(&self, message: &Message) -> Value {
        let reactions = message
            .reactions
            .iter()
            .map(|emoji| json!({"emoji": {"id": null, "name": emoji}, "count": 1, "me": true}));
        let mut shown = json!({
            "id": message.id, "channel_id": message.channel, "type": if message.answers.is_some() { 19 } else { 0 },
            "author": self.user_json(&message.author), "content": message.content, "timestamp": message.sent.to_string(),
            "edited_timestamp": message.edited.map(|at| at.to_string()), "components": message.components,
            "embeds": message.embeds, "flags": message.flags, "tts": false, "pinned": false,
            "attachments": message.attachments, "mention_everyone": message.pings, "mentions": self.mentioned_in(message),
            "mention_roles": [],
            "reactions": reactions.collect::<Vec<_>>(),
        });
        if message.author == self.world().application.id {
            shown["application_id"] = message.author.clone().into();
        }
        if let Some(answered) = &message.answers {
            shown["message_reference"] =
                json!({"type": 0, "message_id": answered.id, "channel_id": message.channel});
            shown["referenced_message"] = self.message_json(answered);
        }
        shown
    }

    /// The accounts that a person's message mentions: those that it names, and the author of the message that it answers.
    fn mentioned_in(&self, message: &Message) -> Value {
        let own = &self.world().application.id;
        if message.author == *own {
            return json!([]);
        }
        let accounts = self.world().users.iter().map(|user| &user.id).chain([own]);
        let is_mentioned = |id: &&String| {
            let is_answered = message.answers.as_ref().is_some_and(|answered| answered.author == **id);
            is_answered || message.content.contains(&format!("<@{id}>"))
        };
        accounts.filter(is_mentioned).map(|id| self.user_json(id)).collect()
    }

    /// A message as the application knows it: without the Message Content intent, only what mentions it, or what it wrote itself, has content.
    pub(super) fn as_known(&self, mut message: Value, may_know: bool) -> Value {
        let own = &self.world().application.id;
        let mentions = message["mentions"].as_array().into_iter().flatten();
        let is_for_it = mentions.chain([&message["author"]]).any(|account| account["id"] == own.as_str());
        if !may_know && !is_for_it {
            message["content"] = "".into();
            for list in ["attachments", "embeds", "components"] {
                message[list] = json!([]);
            }
        }
        message
    }

    fn listed(&self, message: &Message) -> Value {
        self.as_known(self.message_json(message), self.world().application.message_content)
    }
}

/// `POST /channels/{channel}/messages`
pub(super) async fn create(
    AxumState(discord): AxumState<Discord>,
    Path(channel): Path<String>,
    Json(body): Json<Value>,
) -> Result<Response, Failure> {
    discord.channel_for(&channel, SEND)?;
    check(&body)?;
    let nonce = body["nonce"].as_str().map(str::to_owned);
    if nonce.as_ref().is_some_and(|nonce| nonce.chars().count() > MOST_NONCE) {
        return Err(Failure::field("nonce", "NONCE_TYPE_TOO_LONG", "Must be 25 or fewer in length."));
    }
    let (mut state, now) = (discord.lock(), discord.now());
    let own = &discord.world().application.id;
    let ours = state.messages.iter().filter(|message| message.channel == channel && message.author == *own);
    if body["enforce_nonce"] == true
        && let Some(same) = ours.clone().find(|message| {
            message.nonce.is_some()
                && message.nonce == nonce
                && now.duration_since(message.sent) <= NONCE_COUNTS_FOR
        })
    {
        let mut shown = discord.message_json(same);
        shown["nonce"] = nonce.into();
        return Ok(Json(shown).into_response());
    }
    let recent = ours.filter(|message| now.duration_since(message.sent) < BUCKET).count();
    let left = discord.world().messages_in_five_seconds.saturating_sub(recent);
    if left == 0 {
        return Ok(limited());
    }
    let reference = body["message_reference"]["message_id"].as_str();
    let answers =
        state.messages.iter().find(|known| known.channel == channel && Some(known.id.as_str()) == reference);
    let answers = answers.map(|known| Box::new(Message { answers: None, ..known.clone() }));
    if reference.is_some() && answers.is_none() && body["message_reference"]["fail_if_not_exists"] != false {
        return Err(Failure::field("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message"));
    }
    let message = Message {
        id: discord.next_id(&mut state),
        channel,
        author: own.clone(),
        content: body["content"].as_str().unwrap_or_default().trim().to_owned(),
        components: list(&body["components"]),
        embeds: list(&body["embeds"]),
        flags: body["flags"].as_u64().unwrap_or_default(),
        attachments: json!([]),
        answers,
        nonce: nonce.clone(),
        reactions: Vec::new(),
        sent: now,
        edited: None,
        pings: pings(&body),
    };
    let mut shown = discord.message_json(&message);
    shown["nonce"] = nonce.into();
    // The bot hears of its own messages, too.
    discord.dispatch_message(&mut state, &message);
    state.messages.push(message);
    let mut headers = HeaderMap::new();
    // After the last message that its bucket takes, Discord says how long to wait.
    if left == 1 {
        headers.insert(HeaderName::from_static("x-ratelimit-remaining"), HeaderValue::from_static("0"));
        let reset = (now + BUCKET).as_millisecond();
        let reset = format!("{}.{:03}", reset / 1_000, reset % 1_000);
        headers.insert(
            HeaderName::from_static("x-ratelimit-reset"),
            HeaderValue::from_str(&reset).unwrap_or(HeaderValue::from_static("0")),
        );
    }
    Ok((headers, Json(shown)).into_response())
}

/// <https://docs.discord.com/developers/topics/rate-limits#exceeding-a-rate-limit>
fn limited() -> Response {
    let body = json!({"message": "You are being rate limited.", "retry_after": 1.25, "global": false});
    let mut response = (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
    response.headers_mut().insert("x-ratelimit-scope", HeaderValue::from_static("user"));
    response.headers_mut().insert("x-ratelimit-remaining", HeaderValue::from_static("0"));
    response
}

fn list(given: &Value) -> Value {
    if given.is_array() { given.clone() } else { json!([]) }
}

#[derive(Debug, Deserialize)]
pub(super) struct Listing {
    #[serde(default)]
    before: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
}

/// `GET /channels/{channel}/messages`: the newest first.
pub(super) async fn list_messages(
    AxumState(discord): AxumState<Discord>,
    Path(channel): Path<String>,
    Query(Listing { before, limit }): Query<Listing>,
) -> Result<Json<Value>, Failure> {
    discord.channel_for(&channel, READ)?;
    let before = before.and_then(|id| id.parse::<u64>().ok()).unwrap_or(u64::MAX);
    let state = discord.lock();
    let is_before = |message: &&Message| message.id.parse::<u64>().is_ok_and(|id| id < before);
    let messages = state.messages.iter().rev().filter(|message| message.channel == channel).filter(is_before);
    Ok(Json(messages.take(limit.unwrap_or(50)).map(|message| discord.listed(message)).collect()))
}

/// `GET /channels/{channel}/messages/{message}`
pub(super) async fn get(
    AxumState(discord): AxumState<Discord>,
    Path((channel, id)): Path<(String, String)>,
) -> Result<Json<Value>, Failure> {
    discord.channel_for(&channel, READ)?;
    let state = discord.lock();
    let found = state.messages.iter().find(|message| message.channel == channel && message.id == id);
    let found = found.ok_or(Failure::not_found(UNKNOWN_MESSAGE.0, UNKNOWN_MESSAGE.1))?;
    Ok(Json(discord.listed(found)))
}

/// `PATCH /channels/{channel}/messages/{message}`
pub(super) async fn edit(
    AxumState(discord): AxumState<Discord>,
    Path((channel, id)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Failure> {
    discord.channel_for(&channel, 0)?;
    check(&body)?;
    let (mut state, now) = (discord.lock(), discord.now());
    let found = state.messages.iter_mut().find(|message| message.channel == channel && message.id == id);
    let message = found.ok_or(Failure::not_found(UNKNOWN_MESSAGE.0, UNKNOWN_MESSAGE.1))?;
    if message.author != discord.world().application.id {
        let words = "Cannot edit a message authored by another user";
        return Err(Failure {
            status: StatusCode::FORBIDDEN,
            code: 50_005,
            message: words,
            errors: Value::Null,
        });
    }
    if let Some(content) = body["content"].as_str() {
        content.trim().clone_into(&mut message.content);
    }
    for (name, part) in [("components", &mut message.components), ("embeds", &mut message.embeds)] {
        if body[name].is_array() {
            *part = body[name].clone();
        }
    }
    message.edited = Some(now);
    message.pings |= pings(&body);
    Ok(Json(discord.message_json(message)))
}

/// `PUT /channels/{channel}/messages/{message}/reactions/{emoji}/@me`
pub(super) async fn react(
    AxumState(discord): AxumState<Discord>,
    Path((channel, id, emoji)): Path<(String, String, String)>,
) -> Result<StatusCode, Failure> {
    discord.channel_for(&channel, REACT | READ)?;
    if emoji.is_ascii() {
        return Err(Failure {
            status: StatusCode::BAD_REQUEST,
            code: 10_014,
            message: "Unknown Emoji",
            errors: Value::Null,
        });
    }
    let mut state = discord.lock();
    let found = state.messages.iter_mut().find(|message| message.channel == channel && message.id == id);
    let message = found.ok_or(Failure::not_found(UNKNOWN_MESSAGE.0, UNKNOWN_MESSAGE.1))?;
    if !message.reactions.contains(&emoji) {
        message.reactions.push(emoji);
    }
    Ok(StatusCode::NO_CONTENT)
}
