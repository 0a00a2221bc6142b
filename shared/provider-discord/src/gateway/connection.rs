//! One connection: it is kept alive, and what arrives is queued. Handing over may take long, and must not hold up heartbeats.

use super::NAME;
use super::hand::{Job, What};
use super::hearing;
use super::heart::{Dead, Heart};
use super::payload::{
    DISPATCH, HEARTBEAT, HEARTBEAT_ACK, HELLO, INVALID_SESSION, Payload, RECONNECT, heartbeat, identify,
    resume,
};
use super::session::{Fate, Session, fate};
use crate::discord::Discord;
use domain::{ActionError, Clock};
use http_client::{Incoming, WebSocket};
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

/// How long Discord may take to say hello.
const HELLO_WITHIN: Duration = Duration::from_secs(30);

/// The shortest interval of heartbeats: a shorter one would be refused as too many messages.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(600);

/// How a connection ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The session, if there is one, can be resumed.
    Dropped { was_ready: bool },
    /// There is no session any more.
    Lost { was_ready: bool },
    /// Discord refuses it for good.
    Refused(ActionError),
}

/// An open connection.
pub(super) struct Connection<'a> {
    discord: &'a Discord,
    own: &'a str,
    socket: WebSocket,
    intents: u64,
    resumed: Option<Session>,
    /// The number of the last event that arrived.
    last: Option<u64>,
    /// Whether the session has begun or is resumed.
    is_ready: bool,
}

/// The queues of what arrives: what is handed over in order, and what is answered at once.
struct Queues {
    jobs: UnboundedSender<Job>,
    interactions: UnboundedSender<Value>,
    clock: Arc<dyn Clock>,
}

impl Queues {
    // A queue that nobody reads belongs to a pull that has failed already.
    fn job(&self, sequence: Option<u64>, what: What) {
        let _failed = self.jobs.send(Job { sequence, at: self.clock.now(), what });
    }

    fn interaction(&self, interaction: Value) {
        let _failed = self.interactions.send(interaction);
    }
}

impl<'a> Connection<'a> {
    pub(super) fn new(
        discord: &'a Discord,
        own: &'a str,
        socket: WebSocket,
        intents: u64,
        resumed: Option<Session>,
    ) -> Self {
        let last = resumed.as_ref().map(|session| session.sequence);
        Self { discord, own, socket, intents, resumed, last, is_ready: false }
    }

    /// Keeps the connection until it ends, and then ends the queues. It is dropped without a close code: Discord ends the session of a client
    /// that closes its connection by the usual codes.
    pub(super) async fn run(
        mut self,
        jobs: UnboundedSender<Job>,
        interactions: UnboundedSender<Value>,
    ) -> Ended {
        let queues = Queues { jobs, interactions, clock: Arc::clone(self.discord.client.clock()) };
        let Err(ended) = self.keep(&queues).await;
        ended
    }

    async fn keep(&mut self, queues: &Queues) -> Result<Infallible, Ended> {
        let mut heart = self.greet().await?;
        loop {
            match heart.beat(Instant::now()) {
                Ok(true) => self.say(heartbeat(self.last)).await?,
                Ok(false) => {}
                Err(Dead) => return Err(self.dropped()),
            }
            let Some(text) = self.next(heart.left(Instant::now())).await? else { continue };
            // What cannot be read is of a kind that is not used.
            let Ok(payload) = serde_json::from_str::<Payload>(&text) else { continue };
            match payload.op {
                DISPATCH => self.event(payload, queues),
                HEARTBEAT => self.say(heartbeat(self.last)).await?,
                HEARTBEAT_ACK => {
                    heart.acknowledge();
                    // Heartbeats are acknowledged before a session begins, too.
                    if self.is_ready {
                        queues.job(self.last, What::Alive);
                    }
                }
                RECONNECT => return Err(self.dropped()),
                INVALID_SESSION if payload.d == true => return Err(self.dropped()),
                INVALID_SESSION => return Err(Ended::Lost { was_ready: self.is_ready }),
                _ => {}
            }
        }
    }

    /// Waits for Discord's hello, and begins or resumes the session.
    async fn greet(&mut self) -> Result<Heart, Ended> {
        let until = Instant::now() + HELLO_WITHIN;
        let interval = loop {
            let left = until.saturating_duration_since(Instant::now());
            let Some(text) = self.next(left).await? else { return Err(self.dropped()) };
            match serde_json::from_str::<Payload>(&text) {
                Ok(Payload { op: HELLO, d, .. }) => break d["heartbeat_interval"].as_u64(),
                // It may come in place of a hello.
                Ok(Payload { op: RECONNECT, .. }) => return Err(self.dropped()),
                _ => {}
            }
        };
        let Some(interval) = interval else { return Err(self.dropped()) };
        let interval = Duration::from_millis(interval).max(SHORTEST_INTERVAL);
        let heart = Heart::new(interval, rand::random(), Instant::now());
        let token = &self.discord.bot_token;
        let begins = match &self.resumed {
            Some(session) => resume(token, session),
            None => identify(token, self.intents),
        };
        self.say(begins).await?;
        Ok(heart)
    }

    fn event(&mut self, payload: Payload, queues: &Queues) {
        let Payload { d, s, t, .. } = payload;
        if s.is_some() {
            self.last = s;
        }
        match t.as_deref() {
            Some("READY") => {
                self.is_ready = true;
                let text = |name: &str| d[name].as_str().map(str::to_owned);
                if let (Some(id), Some(address)) = (text("session_id"), text("resume_gateway_url")) {
                    let sequence = self.last.unwrap_or_default();
                    let session = Session { id, address, sequence, intents: self.intents };
                    queues.job(self.last, What::Began(session));
                }
            }
            Some("RESUMED") => {
                self.is_ready = true;
                queues.job(self.last, What::Alive);
            }
            Some("MESSAGE_CREATE") => {
                let is_here = self.discord.server.as_deref().is_none_or(|server| d["guild_id"] == server);
                if is_here && hearing::is_for_us(&d, self.own) {
                    queues.job(self.last, What::Said(d));
                }
            }
            Some("INTERACTION_CREATE") => queues.interaction(d),
            _ => {}
        }
    }

    /// The next text; `None` if there is none in this time.
    async fn next(&mut self, within: Duration) -> Result<Option<String>, Ended> {
        match self.socket.receive(within).await {
            Ok(Incoming::Text(text)) => Ok(Some(text)),
            Ok(Incoming::Nothing) => Ok(None),
            Ok(Incoming::Closed(code)) => Err(self.closed(code)),
            Err(_) => Err(self.closed(None)),
        }
    }

    async fn say(&mut self, text: String) -> Result<(), Ended> {
        self.socket.send(text).await.map_err(|_| self.dropped())
    }

    fn closed(&self, code: Option<u16>) -> Ended {
        match fate(code) {
            Fate::Stays => self.dropped(),
            Fate::Ends => Ended::Lost { was_ready: self.is_ready },
            Fate::Refused(why) => Ended::Refused(ActionError::rejected(format!(
                "{NAME} refuses the connection with code {}: {why}",
                code.unwrap_or_default()
            ))),
        }
    }

    fn dropped(&self) -> Ended {
        Ended::Dropped { was_ready: self.is_ready }
    }
}
