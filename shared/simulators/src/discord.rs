//! A Discord server: the part of the [REST API](https://docs.discord.com/developers/reference) that a bot needs, answers to interactions, and
//! the [interactions](https://docs.discord.com/developers/interactions/receiving-and-responding) that Discord sends when people use the
//! application. Messages are sent over the Gateway.

mod gateway;
mod interactions;
mod link;
mod messages;
mod people;
mod simulator;
mod world;
mod writing;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::Json;
use axum::extract::{Request, State as AxumState};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::attachment::Attachment;
use crate::clock::Clock;
use crate::credentials::same;
use crate::description::Violations;
use crate::error::{SimulationError, WorldError};
use crate::service::Opening;

pub use gateway::Trouble;
pub use world::{Application, Channel, GatewaySettings, Server, User, World};

/// Milliseconds since 1970 at which Discord's time begins.
const EPOCH: i64 = 1_420_070_400_000;

/// A running server. Clones share one state.
#[derive(Clone)]
pub struct Discord(Arc<Running>);

struct Running {
    world: World,
    /// The address, without a slash at its end.
    address: String,
    bot_token: SecretString,
    key: Ed25519KeyPair,
    violations: Violations,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    messages: Vec<Message>,
    /// The tokens of the interactions so far.
    tokens: Vec<String>,
    /// What was given to commands: the ID, the key in the address, and the file.
    files: Vec<(String, String, Attachment)>,
    /// What people uploaded with messages, in the same form.
    uploads: Vec<(String, String, Attachment)>,
    /// The first answers to interactions that came over the Gateway, by token.
    callbacks: Vec<(String, Value)>,
    /// The later answers to interactions, by token.
    responses: Vec<(String, Value)>,
    /// The threads that people began on messages.
    threads: Vec<Thread>,
    gateway: gateway::Gateway,
    last_id: u64,
}

/// A thread, which has the ID of the message that it was begun on.
#[derive(Debug, Clone)]
struct Thread {
    id: String,
    /// The channel that it is in.
    parent: String,
}

#[derive(Debug, Clone)]
struct Message {
    id: String,
    /// The channel or thread.
    channel: String,
    /// The ID of its author.
    author: String,
    content: String,
    components: Value,
    embeds: Value,
    flags: u64,
    attachments: Value,
    /// The message that it answers.
    answers: Option<Box<Message>>,
    nonce: Option<String>,
    reactions: Vec<String>,
    sent: Timestamp,
    edited: Option<Timestamp>,
    /// Whether it notified everybody.
    pings: bool,
}

impl Discord {
    fn start(world: World, opening: &Opening<'_>) -> Result<Self, SimulationError> {
        let invalid = |problem: &str| WorldError::Invalid {
            place: "discord.private_key".to_owned(),
            problem: problem.to_owned(),
        };
        let seed = hex::decode(&world.private_key).map_err(|_| invalid("it is not in hexadecimal"))?;
        let key =
            Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| invalid("it does not have 64 digits"))?;
        let public = hex::encode(key.public_key().as_ref());
        if opening.signing_of("discord")?.expose_secret() != public {
            return Err(
                invalid(&format!("its public key is {public}, but the signing secret has another")).into()
            );
        }
        Ok(Self(Arc::new(Running {
            address: opening.address.trim_end_matches('/').to_owned(),
            bot_token: opening.secrets.field("discord", &world.secret, "bot_token")?,
            key,
            violations: opening.violations.clone(),
            clock: opening.clock.clone(),
            state: Mutex::default(),
            world,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn world(&self) -> &World {
        &self.0.world
    }

    fn now(&self) -> Timestamp {
        (self.0.clock)()
    }

    /// A new ID, later than any before: <https://docs.discord.com/developers/reference#snowflakes>.
    fn next_id(&self, state: &mut State) -> String {
        let since = u64::try_from(self.now().as_millisecond() - EPOCH).unwrap_or_default();
        state.last_id = (since << 22).max(state.last_id + 1);
        state.last_id.to_string()
    }

    fn channel(&self, id: &str) -> Result<&Channel, Failure> {
        let found = self.world().channels.iter().find(|channel| channel.id == id);
        found.ok_or(Failure {
            status: StatusCode::NOT_FOUND,
            code: 10_003,
            message: "Unknown Channel",
            errors: Value::Null,
        })
    }

    /// A channel in which, or in the thread of which, the bot may do all of `needed`.
    fn channel_for(&self, id: &str, needed: u64) -> Result<&Channel, Failure> {
        let parent =
            self.lock().threads.iter().find(|thread| thread.id == id).map(|thread| thread.parent.clone());
        let needed = match parent.is_some() && needed & SEND != 0 {
            true => (needed & !SEND) | SEND_IN_THREADS,
            false => needed,
        };
        let channel = self.channel(parent.as_deref().unwrap_or(id))?;
        let allowed = self.world().application.permissions & !channel.denied;
        let refused = |code, message| {
            Err(Failure { status: StatusCode::FORBIDDEN, code, message, errors: Value::Null })
        };
        if allowed & VIEW == 0 {
            return refused(50_001, "Missing Access");
        }
        if allowed & needed != needed {
            return refused(50_013, "Missing Permissions");
        }
        Ok(channel)
    }

    /// An account as others see it.
    fn user_json(&self, id: &str) -> Option<Value> {
        let application = &self.world().application;
        let (name, is_bot) = match self.world().users.iter().find(|user| user.id == id) {
            Some(user) => (&user.name, false),
            None if application.id == id => (&application.name, true),
            None => return None,
        };
        Some(
            json!({"id": id, "username": name, "global_name": name, "discriminator": "0", "avatar": null, "bot": is_bot,
                    "public_flags": 0, "flags": 0}),
        )
    }
}

/// View Channels.
const VIEW: u64 = 1 << 10;
/// Send Messages.
const SEND: u64 = 1 << 11;
/// Send Messages in Threads.
const SEND_IN_THREADS: u64 = 1 << 38;
/// Read Message History.
const READ: u64 = 1 << 16;
/// Add Reactions.
const REACT: u64 = 1 << 6;

/// A refusal in Discord's form: <https://docs.discord.com/developers/reference#error-messages>.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    code: u32,
    message: &'static str,
    errors: Value,
}

impl Failure {
    fn not_found(code: u32, message: &'static str) -> Self {
        Self { status: StatusCode::NOT_FOUND, code, message, errors: Value::Null }
    }

    /// A field of the body that Discord does not take.
    fn field(name: &str, code: &str, message: &str) -> Self {
        let errors = json!({name: {"_errors": [{"code": code, "message": message}]}});
        Self { status: StatusCode::BAD_REQUEST, code: 50_035, message: "Invalid Form Body", errors }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut body = json!({"message": self.message, "code": self.code});
        if !self.errors.is_null() {
            body["errors"] = self.errors;
        }
        (self.status, Json(body)).into_response()
    }
}

/// Refuses a call without the bot's token.
async fn authenticate(AxumState(discord): AxumState<Discord>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = given.and_then(|given| given.strip_prefix("Bot ")).unwrap_or_default();
    if !same(token, &discord.0.bot_token) {
        let failure = Failure {
            status: StatusCode::UNAUTHORIZED,
            code: 0,
            message: "401: Unauthorized",
            errors: Value::Null,
        };
        return failure.into_response();
    }
    let is_named = request
        .headers()
        .get(header::USER_AGENT)
        .is_some_and(|agent| agent.as_bytes().starts_with(b"DiscordBot ("));
    if !is_named {
        // Cloudflare refuses clients that do not name themselves as documented.
        return (StatusCode::FORBIDDEN, "error code: 1010").into_response();
    }
    let mut response = next.run(request).await;
    for (name, value) in
        [("x-ratelimit-limit", "5"), ("x-ratelimit-remaining", "4"), ("x-ratelimit-reset-after", "1.0")]
    {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
