//! The [Gateway](https://docs.discord.com/developers/events/gateway): sessions that outlive their connections, and the events that they missed.

use axum::Json;
use axum::extract::State as AxumState;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::{Discord, Message, State};
use crate::description::{UnexpectedRequest, Violation};

/// Where sessions begin.
pub(super) const BEGINNING: &str = "/socket";
/// Where they are resumed.
pub(super) const RESUMING: &str = "/resumed-socket";

const MESSAGES: u64 = 1 << 9;
pub(super) const CONTENT: u64 = 1 << 15;

/// What the Gateway did so far.
#[derive(Debug, Default)]
pub(super) struct Gateway {
    pub(super) sessions: Vec<Session>,
    /// When sessions began.
    pub(super) begun: Vec<Timestamp>,
    pub(super) resumed: usize,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) intents: u64,
    /// Its events so far; the sequence of each is its place, from one.
    pub(super) events: Vec<Value>,
    pub(super) connection: Option<UnboundedSender<Order>>,
    pub(super) is_over: bool,
}

/// What a connection is told to do.
#[derive(Debug)]
pub(super) enum Order {
    Send(Value),
    Close(u16),
    /// It acknowledges no more heartbeats.
    FallSilent,
}

/// What the Gateway may be made to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It asks the client to connect again.
    Reconnect,
    /// It asks for a heartbeat.
    AskForHeartbeat,
    /// It ends the session and says so.
    Invalidate,
    /// It closes the connection, and ends the session without saying so.
    Forget,
    /// It acknowledges no more heartbeats.
    FallSilent,
    /// It closes the connection with this code.
    Close(u16),
}

impl Gateway {
    /// What can be seen of it.
    pub(super) fn shown(&self) -> Value {
        let connected = self.sessions.iter().rev().find(|session| session.is_connected());
        json!({
            "begun": self.begun.len(), "resumed": self.resumed, "connected": connected.is_some(),
            "intents": connected.map(|session| session.intents),
        })
    }

    /// Adds an event to the sessions, and sends it to those that are connected.
    fn dispatch(&mut self, name: &str, data: impl Fn(u64) -> Option<Value>) {
        for session in self.sessions.iter_mut().filter(|session| !session.is_over) {
            if let Some(data) = data(session.intents) {
                session.add(name, data);
            }
        }
    }
}

impl Session {
    fn is_connected(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| !connection.is_closed())
    }

    pub(super) fn add(&mut self, name: &str, data: Value) {
        let event = json!({"op": 0, "d": data, "s": self.events.len() + 1, "t": name});
        self.order(Order::Send(event.clone()));
        self.events.push(event);
    }

    /// One without a connection gets what it missed when it is resumed.
    fn order(&self, order: Order) {
        let _missed = self.connection.as_ref().map(|connection| connection.send(order));
    }
}

/// `GET /gateway/bot`
pub(super) async fn bot(AxumState(discord): AxumState<Discord>) -> Json<Value> {
    let begun = discord.lock().gateway.begun.len();
    let total = discord.world().gateway.session_starts;
    Json(json!({
        "url": discord.socket_at(BEGINNING), "shards": 1,
        "session_start_limit": {
            "total": total, "remaining": total.saturating_sub(begun), "reset_after": 14_400_000, "max_concurrency": 1,
        },
    }))
}

impl Discord {
    pub(super) fn socket_at(&self, path: &str) -> String {
        format!("ws://{}{path}", self.0.address.trim_start_matches("http://"))
    }

    pub(super) fn record_violation(&self, problem: &str) {
        self.0.violations.record(UnexpectedRequest {
            service: "discord".to_owned(),
            method: "SOCKET".to_owned(),
            path: BEGINNING.to_owned(),
            violations: vec![Violation { at: "message".to_owned(), message: problem.to_owned() }],
        });
    }

    /// Tells the sessions of a new message, with its content where they may know it.
    pub(super) fn dispatch_message(&self, state: &mut State, message: &Message) {
        let parent = state.threads.iter().find(|thread| thread.id == message.channel);
        let mut event = self.message_json(message);
        event["guild_id"] = self.world().server.id.clone().into();
        event["channel_type"] = json!(if parent.is_some() { 11 } else { 0 });
        event["member"] = json!({"roles": [], "deaf": false, "mute": false, "flags": 0});
        state.gateway.dispatch("MESSAGE_CREATE", |intents| {
            let may_know = intents & CONTENT != 0;
            (intents & MESSAGES != 0).then(|| self.as_known(event.clone(), may_know))
        });
    }

    /// Sends an interaction over the Gateway, where no address is set.
    pub(super) fn dispatch_interaction(&self, state: &mut State, interaction: &Value) {
        if self.world().application.without_endpoint {
            state.gateway.dispatch("INTERACTION_CREATE", |_| Some(interaction.clone()));
        }
    }

    /// Makes the Gateway do something to the connected sessions.
    pub(super) fn trouble(&self, trouble: Trouble) -> Result<(), String> {
        let mut state = self.lock();
        let mut connected: Vec<_> =
            state.gateway.sessions.iter_mut().filter(|session| session.is_connected()).collect();
        if connected.is_empty() {
            return Err("the bot is not connected to the Gateway".to_owned());
        }
        for session in &mut connected {
            let payload = |op: u8, d: Value| Order::Send(json!({"op": op, "d": d, "s": null, "t": null}));
            session.order(match trouble {
                Trouble::Reconnect => payload(7, Value::Null),
                Trouble::AskForHeartbeat => payload(1, Value::Null),
                Trouble::Invalidate => payload(9, false.into()),
                Trouble::Forget => Order::Close(4000),
                Trouble::FallSilent => Order::FallSilent,
                Trouble::Close(code) => Order::Close(code),
            });
            session.is_over |= matches!(trouble, Trouble::Invalidate | Trouble::Forget);
            if matches!(trouble, Trouble::Close(_) | Trouble::Forget) {
                session.connection = None;
            }
        }
        Ok(())
    }
}
