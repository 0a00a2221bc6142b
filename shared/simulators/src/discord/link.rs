//! A connection to the Gateway: what Discord says and takes on it, and what it closes it for. What no client may do is recorded as a violation.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade};
use axum::extract::{OriginalUri, Query, State as AxumState};
use axum::response::Response;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::time::Instant;

use super::Discord;
use super::gateway::{BEGINNING, CONTENT, Order, RESUMING, Session};
use crate::credentials::same;

/// `GUILD_MEMBERS` and `GUILD_PRESENCES`, which nobody has enabled here.
const OTHER_PRIVILEGED: u64 = 1 << 1 | 1 << 8;
/// Every intent that there is.
const ALL: u64 = 0x1_FFFF | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25;

/// The longest message of a client, in bytes.
const LONGEST: usize = 4_096;
/// How many of them a connection takes in a minute.
const A_MINUTE: usize = 120;
/// How long after its time a heartbeat may come.
const TOLERANCE: Duration = Duration::from_secs(15);

/// Codes with which Discord closes a connection for what its client did.
const FAULTS: [(u16, &str); 8] = [
    (4001, "the opcode is unknown"),
    (4002, "the payload cannot be read or is too long"),
    (4003, "the client has not identified"),
    (4005, "the client identifies again"),
    (4007, "the sequence is not one of the session"),
    (4008, "the client sends too much"),
    (4012, "the version or the encoding is not given"),
    (4013, "the intents are not valid"),
];

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    v: String,
    #[serde(default)]
    encoding: String,
}

/// A connection.
pub(super) async fn open(
    AxumState(discord): AxumState<Discord>,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<Asked>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let begins = uri.path() == BEGINNING;
    let is_known = asked.v == "10" && asked.encoding == "json";
    upgrade.on_upgrade(move |socket| async move {
        let link = Link { discord, begins, session: None, sent: Vec::new() };
        link.serve(socket, is_known).await;
    })
}

struct Link {
    discord: Discord,
    /// Whether it was opened where sessions begin.
    begins: bool,
    session: Option<String>,
    /// When the client sent something.
    sent: Vec<Instant>,
}

impl Link {
    async fn serve(mut self, mut socket: WebSocket, is_known: bool) {
        let interval = self.discord.world().gateway.heartbeat_ms;
        let (orders, mut ordered) = mpsc::unbounded_channel();
        if !is_known {
            return self.close(&mut socket, 4012).await;
        }
        let hello = json!({"op": 10, "d": {"heartbeat_interval": interval}, "s": null, "t": null});
        if socket.send(Frame::text(hello.to_string())).await.is_err() {
            return;
        }
        let patience = Duration::from_millis(interval) + TOLERANCE;
        let (mut is_silent, mut heard) = (false, Instant::now());
        loop {
            tokio::select! {
                // Discord closes a connection whose heartbeats have stopped.
                () = tokio::time::sleep_until(heard + patience) => return self.close(&mut socket, 4009).await,
                order = ordered.recv() => match order {
                    Some(Order::Send(payload)) if is_silent && payload["op"] == 11 => {}
                    Some(Order::Send(payload)) => {
                        if socket.send(Frame::text(payload.to_string())).await.is_err() {
                            return;
                        }
                    }
                    Some(Order::Close(code)) => return self.close(&mut socket, code).await,
                    Some(Order::FallSilent) => is_silent = true,
                    None => return,
                },
                received = socket.recv() => match received {
                    Some(Ok(Frame::Text(text))) => match self.take(&text, &orders) {
                        Ok(is_heartbeat) => {
                            if is_heartbeat {
                                heard = Instant::now();
                            }
                        }
                        Err(code) => return self.close(&mut socket, code).await,
                    },
                    Some(Ok(Frame::Close(frame))) => {
                        // By these codes, a client says that it does not come back.
                        if frame.is_some_and(|frame| matches!(frame.code, 1000 | 1001)) {
                            self.with_session(|session| session.is_over = true);
                        }
                        return;
                    }
                    Some(Err(_)) | None => return,
                    Some(Ok(_)) => {}
                }
            }
        }
    }

    /// Closes the connection, and records what the client may not do.
    async fn close(&self, socket: &mut WebSocket, code: u16) {
        if let Some((_, problem)) = FAULTS.iter().find(|(fault, _)| *fault == code) {
            self.discord.record_violation(problem);
        }
        // One that is gone is closed already.
        let _gone = socket.send(Frame::Close(Some(CloseFrame { code, reason: "".into() }))).await;
    }

    fn with_session(&self, act: impl FnOnce(&mut Session)) {
        let Some(id) = &self.session else { return };
        let mut state = self.discord.lock();
        if let Some(session) = state.gateway.sessions.iter_mut().find(|session| session.id == *id) {
            act(session);
        }
    }

    /// Takes what the client sends; gives whether it was a heartbeat, or the code with which the connection is closed.
    fn take(&mut self, text: &str, orders: &UnboundedSender<Order>) -> Result<bool, u16> {
        let now = Instant::now();
        self.sent.retain(|at| now.duration_since(*at) < Duration::from_secs(60));
        self.sent.push(now);
        if self.sent.len() > A_MINUTE {
            return Err(4008);
        }
        let payload: Value = serde_json::from_str(text).map_err(|_| 4002_u16)?;
        if text.len() > LONGEST {
            return Err(4002);
        }
        let d = &payload["d"];
        match payload["op"].as_u64() {
            Some(1) => {
                self.check_sequence(d)?;
                reply(orders, json!({"op": 11, "d": null, "s": null, "t": null}));
                return Ok(true);
            }
            Some(2) => self.identify(d, orders)?,
            Some(6) => self.resume(d, orders)?,
            Some(3 | 4 | 8) if self.session.is_none() => return Err(4003),
            _ => return Err(4001),
        }
        Ok(false)
    }

    /// A heartbeat has the number of an event that was sent, or none before the first.
    fn check_sequence(&self, given: &Value) -> Result<(), u16> {
        let state = self.discord.lock();
        let session =
            state.gateway.sessions.iter().find(|session| Some(&session.id) == self.session.as_ref());
        let last = session.map_or(0, |session| session.events.len() as u64);
        match given.as_u64() {
            Some(given) if given <= last || self.session.is_none() => Ok(()),
            Some(_) => Err(4007),
            None if given.is_null() => Ok(()),
            None => Err(4002),
        }
    }

    fn check_token(&self, given: &Value) -> Result<(), u16> {
        let is_own = given.as_str().is_some_and(|token| same(token, &self.discord.0.bot_token));
        if is_own { Ok(()) } else { Err(4004) }
    }

    fn identify(&mut self, given: &Value, orders: &UnboundedSender<Order>) -> Result<(), u16> {
        if self.session.is_some() {
            return Err(4005);
        }
        if !self.begins {
            self.discord.record_violation("a session begins where sessions are resumed");
        }
        self.check_token(&given["token"])?;
        if ["os", "browser", "device"].iter().any(|name| !given["properties"][name].is_string()) {
            return Err(4002);
        }
        let world = self.discord.world();
        let intents = given["intents"].as_u64().filter(|intents| intents & !ALL == 0).ok_or(4013_u16)?;
        let is_enabled = intents & CONTENT == 0 || world.application.message_content;
        if !is_enabled || intents & OTHER_PRIVILEGED != 0 {
            return Err(4014);
        }
        let (mut state, now) = (self.discord.lock(), self.discord.now());
        if state.gateway.begun.len() >= world.gateway.session_starts {
            // Discord resets the token.
            drop(state);
            self.discord.record_violation("more sessions begin than may in a day");
            return Err(4004);
        }
        let between = SignedDuration::from_secs(world.gateway.seconds_between_sessions);
        if state.gateway.begun.last().is_some_and(|last| now.duration_since(*last) < between) {
            reply(orders, json!({"op": 9, "d": false, "s": null, "t": null}));
            return Ok(());
        }
        state.gateway.begun.push(now);
        let id = uuid::Uuid::new_v4().simple().to_string();
        let connection = Some(orders.clone());
        let mut session = Session { id: id.clone(), intents, events: Vec::new(), connection, is_over: false };
        session.add(
            "READY",
            json!({
                "v": 10, "user": self.discord.user_json(&world.application.id), "session_id": id,
                "guilds": [{"id": world.server.id, "unavailable": true}],
                "resume_gateway_url": self.discord.socket_at(RESUMING),
                "application": {"id": world.application.id, "flags": world.application.flags()},
            }),
        );
        state.gateway.sessions.push(session);
        self.session = Some(id);
        Ok(())
    }

    fn resume(&mut self, given: &Value, orders: &UnboundedSender<Order>) -> Result<(), u16> {
        if self.session.is_some() {
            return Err(4005);
        }
        self.check_token(&given["token"])?;
        let mut state = self.discord.lock();
        let known = state.gateway.sessions.iter_mut().find(|known| given["session_id"] == known.id.as_str());
        let Some(session) = known.filter(|known| !known.is_over) else {
            reply(orders, json!({"op": 9, "d": false, "s": null, "t": null}));
            return Ok(());
        };
        let seen = given["seq"].as_u64().and_then(|seen| usize::try_from(seen).ok());
        let missed = seen.and_then(|seen| session.events.get(seen..)).ok_or(4007_u16)?;
        for event in missed {
            reply(orders, event.clone());
        }
        session.connection = Some(orders.clone());
        session.add("RESUMED", json!({}));
        self.session = Some(session.id.clone());
        state.gateway.resumed += 1;
        Ok(())
    }
}

fn reply(orders: &UnboundedSender<Order>, payload: Value) {
    // The receiver is kept by the same connection.
    let _ended = orders.send(Order::Send(payload));
}
