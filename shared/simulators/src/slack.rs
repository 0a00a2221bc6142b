//! A Slack workspace: the [Web API](https://docs.slack.dev/apis/web-api/) methods a bot needs, response addresses of
//! slash commands, and what Slack sends when people use the app.

mod arguments;
mod blocks;
mod conversations;
mod files;
mod messages;
mod people;
mod simulator;
mod socket;
mod webhooks;
mod world;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Request, State as AxumState};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::credentials::{Secrets, bearer, same};
use crate::description::Violations;
use crate::error::WorldError;

pub use webhooks::sign_slack;
pub use world::{App, Channel, Team, User, World};

/// A running workspace. Clones share one state.
#[derive(Clone)]
pub struct Slack(Arc<Workspace>);

struct Workspace {
    base_url: String,
    world: World,
    bot_token: SecretString,
    /// The app's own token, if it uses Socket Mode.
    app_token: Option<SecretString>,
    violations: Violations,
    signing: SecretString,
    clock: Clock,
    state: Mutex<State>,
    /// The ids of conversations with single people.
    opened: Mutex<BTreeSet<String>>,
}

#[derive(Debug, Default)]
struct State {
    messages: Vec<Message>,
    /// What people uploaded.
    files: Vec<files::File>,
    /// The response addresses given out.
    addresses: Vec<String>,
    /// The messages posted to response addresses, by address.
    responses: Vec<(String, Value)>,
    /// What Socket Mode did.
    socket: socket::Sockets,
    /// Microseconds of the last message: Slack's `ts` is unique in a channel.
    last_ts: i64,
}

#[derive(Debug, Clone)]
struct Message {
    channel: String,
    ts: String,
    thread_ts: Option<String>,
    /// A person's id; absent for the bot.
    user: Option<String>,
    text: String,
    blocks: Value,
    /// Its earlier contents. Clients show them until they receive the edit, and their buttons can be pressed.
    earlier_blocks: Vec<Value>,
    metadata: Value,
    edited: Option<String>,
    /// Reactions with the ids of those who gave them.
    reactions: Vec<(String, Vec<String>)>,
}

impl Slack {
    /// Opens the workspace which the world describes at `base_url`; the methods are below `{base_url}/api/`, and
    /// `signing` is the app's signing secret.
    ///
    /// # Errors
    /// [`WorldError::Invalid`] when a secret is missing.
    pub fn start(
        world: World,
        secrets: &Secrets,
        signing: SecretString,
        base_url: String,
        clock: Clock,
        violations: Violations,
    ) -> Result<Self, WorldError> {
        let fields = secrets.by_name().get(&world.secret);
        Ok(Self(Arc::new(Workspace {
            base_url,
            bot_token: secrets.field("slack", &world.secret, "bot_token")?,
            app_token: fields.and_then(|fields| fields.get("app_token")).cloned(),
            violations,
            signing,
            state: Mutex::default(),
            opened: Mutex::default(),
            world,
            clock,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn world(&self) -> &World {
        &self.0.world
    }

    fn has_scope(&self, scope: &str) -> bool {
        self.world().app.scopes.iter().any(|known| known == scope)
    }

    /// Whether the app may see a channel: its name, or what is said there.
    fn check_scope(&self, channel: &Channel, wanted: Wanted) -> Result<(), Refusal> {
        let scope = match (wanted, channel.private, channel.id.starts_with('D')) {
            // The bot opened it itself.
            (Wanted::Name, _, true) => return Ok(()),
            (Wanted::Messages, _, true) => "im:history",
            (Wanted::Name, true, _) => "groups:read",
            (Wanted::Messages, true, _) => "groups:history",
            (Wanted::Name, false, _) => "channels:read",
            (Wanted::Messages, false, _) => "channels:history",
        };
        if self.has_scope(scope) { Ok(()) } else { Err(Refusal::Because("missing_scope")) }
    }

    /// A channel by id, or where `names` allows by `#name` or name.
    fn channel(&self, given: &str, names: bool) -> Result<Cow<'_, Channel>, Refusal> {
        let is_meant = |channel: &&Channel| {
            channel.id == given || (names && channel.name == given.trim_start_matches('#'))
        };
        let found = self.world().channels.iter().find(is_meant).map(Cow::Borrowed);
        found.or_else(|| self.direct_messages(given)).ok_or(Refusal::Because("channel_not_found"))
    }

    /// The direct messages between the bot and one person, once opened: named like the person.
    fn direct_messages(&self, id: &str) -> Option<Cow<'_, Channel>> {
        if !self.opened().contains(id) {
            return None;
        }
        let user = self.world().users.iter().find(|user| conversations::direct_id(&user.id) == id)?;
        let (id, name) = (id.to_owned(), format!("@{}", user.name));
        Some(Cow::Owned(Channel { id, name, private: true, archived: false, bot_is_member: true }))
    }

    /// The next message's `ts`: seconds and microseconds, later than any before.
    fn next_ts(&self, state: &mut State) -> String {
        let now = (self.0.clock)().as_microsecond();
        state.last_ts = now.max(state.last_ts + 1);
        format!("{}.{:06}", state.last_ts / 1_000_000, state.last_ts % 1_000_000)
    }

    fn message_json(&self, message: &Message, metadata: bool) -> Value {
        let app = &self.world().app;
        let mut json = json!({"type": "message", "ts": message.ts, "text": message.text});
        match &message.user {
            Some(user) => json["user"] = user.clone().into(),
            None => {
                json["user"] = app.bot_user_id.clone().into();
                json["bot_id"] = app.bot_id.clone().into();
                json["app_id"] = app.id.clone().into();
                json["team"] = self.world().team.id.clone().into();
                json["bot_profile"] = json!({"id": app.bot_id, "app_id": app.id, "name": app.bot_name,
                                             "deleted": false, "team_id": self.world().team.id});
            }
        }
        if !message.blocks.is_null() {
            json["blocks"] = message.blocks.clone();
        }
        if let Some(thread) = &message.thread_ts {
            json["thread_ts"] = thread.clone().into();
        }
        if let Some(at) = &message.edited {
            json["edited"] = json!({"user": app.bot_user_id, "ts": at});
        }
        if metadata && !message.metadata.is_null() {
            json["metadata"] = message.metadata.clone();
        }
        if !message.reactions.is_empty() {
            json["reactions"] = message
                .reactions
                .iter()
                .map(|(name, users)| json!({"name": name, "users": users, "count": users.len()}))
                .collect();
        }
        json
    }
}

/// What is asked of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Name,
    Messages,
}

/// Slack answers a refused call with 200 and `ok: false`.
#[derive(Debug)]
enum Refusal {
    /// An error that its name explains.
    Because(&'static str),
    /// Blocks that cannot be shown, with the mistake and its place.
    InvalidBlocks(String),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = match self {
            Self::Because(error) => json!({"ok": false, "error": error}),
            Self::InvalidBlocks(problem) => json!({
                "ok": false, "error": "invalid_blocks", "errors": [problem],
                "response_metadata": {"messages": [format!("[ERROR] {problem}")]},
            }),
        };
        Json(body).into_response()
    }
}

type Answer = Result<Json<Value>, Refusal>;

/// A successful answer with these fields.
fn answer(fields: Value) -> Answer {
    let mut all = Map::from_iter([("ok".to_owned(), Value::Bool(true))]);
    if let Value::Object(fields) = fields {
        all.extend(fields);
    }
    Ok(Json(Value::Object(all)))
}

/// Refuses a call without the bot's token, and adds the headers of every answer.
async fn authenticate(AxumState(slack): AxumState<Slack>, request: Request, next: Next) -> Response {
    let mut response = match bearer(request.headers()) {
        None => Refusal::Because("not_authed").into_response(),
        Some(token) if !same(token, &slack.0.bot_token) => Refusal::Because("invalid_auth").into_response(),
        Some(_) => next.run(request).await,
    };
    let headers = response.headers_mut();
    let id = HeaderValue::from_str(&uuid::Uuid::new_v4().simple().to_string());
    headers.insert(HeaderName::from_static("x-slack-req-id"), id.unwrap_or(HeaderValue::from_static("")));
    let scopes = HeaderValue::from_str(&slack.world().app.scopes.join(","));
    headers.insert(HeaderName::from_static("x-oauth-scopes"), scopes.unwrap_or(HeaderValue::from_static("")));
    response
}
