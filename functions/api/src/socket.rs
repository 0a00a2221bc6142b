//! `/ws`: pushes frames to whoever follows an execution or a project, where the installation offers news of them.
//!
//! A socket only says sooner what `GET /executions/{name}/events` says to everybody who asks: frames are read from the records, each time
//! after the last number that was sent, so that none is lost, doubled or out of order, and a reader who was cut off asks for what follows the
//! last number that they have. Whether they may still see it is asked anew each time.

use crate::api::Shared;
use crate::caller::still_may_see;
use crate::problem::{Code, Problem};
use crate::routes::events::EventFrame;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use records::{ExecutionRecord, RecordsError};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, interval_at, timeout};

/// How long a reader may take to take a frame.
const SLOW: Duration = Duration::from_secs(10);

/// How often a sign of life is sent, and it is asked whether the reader still has access.
const ALIVE: Duration = Duration::from_secs(30);

/// Frames on a page.
const PAGE: usize = 100;

/// How far before the opening of a socket frames of a project are sent: what the reader had read may be older by this.
const OVERLAP: SignedDuration = SignedDuration::from_secs(10);

/// What is followed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Opens the socket, once.
    ticket: String,
    /// An execution.
    #[serde(default)]
    execution: Option<String>,
    /// The number of its last frame that the reader has.
    #[serde(default)]
    after: u64,
    /// A project, in place of an execution.
    #[serde(default)]
    project: Option<String>,
}

/// Opens a socket with a ticket.
///
/// # Errors
/// A problem where the ticket was not given out, was used or is too old, where nothing or too much is named to be followed, or where too many
/// sockets are open.
pub(crate) async fn open(
    State(api): State<Shared>,
    Query(wanted): Query<Wanted>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let opened_at = api.clock.now();
    let Some(head) = api.tickets.take(&wanted.ticket, opened_at) else {
        return Err(Problem::unauthenticated("the ticket is not known, was used, or is older than a minute"));
    };
    let mut follower =
        Follower { api: Arc::clone(&api), head, opened_at, project: wanted.project, last: BTreeMap::new() };
    match (&wanted.execution, &follower.project) {
        (Some(name), None) => {
            // What may not be seen does not exist.
            if follower.visible(name).await?.is_none() {
                return Err(Problem::not_found("execution"));
            }
            follower.last.insert(name.clone(), wanted.after);
        }
        (None, Some(_)) => {}
        _ => return Err(Problem::new(Code::Malformed, "`execution` or `project` says what is followed")),
    }
    let Ok(place) = Arc::clone(&api.sockets).try_acquire_owned() else {
        return Err(Problem::new(Code::Unavailable, "too many sockets are open; ask for events instead"));
    };
    Ok(upgrade.on_upgrade(move |mut socket| async move {
        let end = follower.follow(&mut socket).await;
        if let Some((code, reason)) = end.told() {
            let frame = CloseFrame { code, reason: reason.into() };
            // Whoever is gone hears nothing.
            let _gone = timeout(SLOW, socket.send(Message::Close(Some(frame)))).await;
        }
        drop(place);
    }))
}

/// Why a socket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The reader is gone.
    Gone,
    /// The execution has ended and all of it was sent.
    Done,
    /// The reader does not take what is sent.
    Slow,
    /// The reader may not see it any longer.
    Refused,
    /// The records do not answer, or nothing is pushed any longer.
    Unavailable,
}

impl End {
    /// What the reader is told.
    fn told(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Gone => None,
            Self::Done => Some((close_code::NORMAL, "the execution has ended")),
            Self::Slow => {
                Some((close_code::AGAIN, "too slow; ask for the events after the last number that you have"))
            }
            Self::Refused => Some((close_code::POLICY, "you may not see this any longer")),
            Self::Unavailable => Some((close_code::AGAIN, "not available now; ask for the events instead")),
        }
    }
}

impl From<RecordsError> for End {
    fn from(error: RecordsError) -> Self {
        tracing::warn!(%error, "frames cannot be pushed now");
        Self::Unavailable
    }
}

impl From<Problem> for End {
    fn from(problem: Problem) -> Self {
        match problem.code() {
            Code::Unavailable | Code::Internal => Self::Unavailable,
            _ => Self::Refused,
        }
    }
}

/// Whoever follows, and how far they are.
struct Follower {
    api: Shared,
    /// The request for the ticket, whose credential still counts.
    head: Parts,
    opened_at: Timestamp,
    /// The project that is followed; without one, the only execution in `last` is.
    project: Option<String>,
    /// The last number that was sent of each execution.
    last: BTreeMap<String, u64>,
}

impl Follower {
    /// Sends what happens until there is a reason to end.
    async fn follow(&mut self, socket: &mut WebSocket) -> End {
        let Some(news) = &self.api.news else { return End::Unavailable };
        // Before the first look: what happens after that look is among the news.
        let mut news = news.subscribe();
        let mut alive = interval_at(Instant::now() + ALIVE, ALIVE);
        let followed: Vec<String> = self.last.keys().cloned().collect();
        for name in followed {
            if let Err(end) = self.send_news(socket, &name).await {
                return end;
            }
        }
        loop {
            let looked = tokio::select! {
                told = news.recv() => match told {
                    Ok(name) => self.send_news(socket, &name).await,
                    // Too much happened at once; what is followed is looked at.
                    Err(RecvError::Lagged(_)) => self.send_all(socket).await,
                    Err(RecvError::Closed) => Err(End::Unavailable),
                },
                received = socket.recv() => match received {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Gone),
                    // Nothing is asked over a socket.
                    Some(Ok(_)) => Ok(()),
                },
                _ = alive.tick() => match self.has_access().await {
                    Ok(()) => send(socket, Message::Ping(Vec::new().into())).await,
                    Err(end) => Err(end),
                },
            };
            if let Err(end) = looked {
                return end;
            }
        }
    }

    async fn send_all(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        let followed: Vec<String> = self.last.keys().cloned().collect();
        for name in followed {
            self.send_news(socket, &name).await?;
        }
        Ok(())
    }

    /// Whether the credential is still good.
    async fn has_access(&self) -> Result<(), End> {
        still_may_see(&self.api, &self.head, None).await?.then_some(()).ok_or(End::Refused)
    }

    /// The execution of this name, if the reader may see it.
    async fn visible(&self, name: &str) -> Result<Option<ExecutionRecord>, Problem> {
        if name.is_empty() || name.len() > 80 {
            return Ok(None);
        }
        let Some(execution) = self.api.table.execution(name).await? else { return Ok(None) };
        let may_see = still_may_see(&self.api, &self.head, Some(&execution)).await?;
        Ok(Some(execution).filter(|_| may_see))
    }

    /// Sends the frames of an execution that were not sent, if it is followed.
    async fn send_news(&mut self, socket: &mut WebSocket, name: &str) -> Result<(), End> {
        let known = self.last.get(name).copied();
        if known.is_none() && self.project.is_none() {
            return Ok(());
        }
        let Some(execution) = self.visible(name).await? else {
            // Of a project, only what the reader may see is sent.
            return if known.is_some() && self.project.is_none() { Err(End::Refused) } else { Ok(()) };
        };
        if self.project.is_some() && execution.project != self.project {
            return Ok(());
        }
        let from = self.opened_at - OVERLAP;
        let mut last = known.unwrap_or(0);
        loop {
            let frames = self.api.table.frames(name, last, PAGE).await?;
            let is_last_page = frames.len() < PAGE;
            for frame in frames {
                last = frame.sequence;
                let ends = frame.event == "execution.ended";
                let at = frame.at;
                if self.project.is_none() || at >= from {
                    let frame = EventFrame::of(&execution, frame);
                    let text = serde_json::to_string(&frame).map_err(|_| End::Unavailable)?;
                    send(socket, Message::text(text)).await?;
                }
                self.last.insert(name.to_owned(), last);
                if ends && self.project.is_none() {
                    return Err(End::Done);
                }
            }
            if is_last_page {
                return Ok(());
            }
        }
    }
}

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match timeout(SLOW, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone),
        Err(_) => Err(End::Slow),
    }
}
