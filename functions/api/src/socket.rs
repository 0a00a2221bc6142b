//! `/ws`: pushes frames of an execution or a project to a reader, if the installation supports it.
//!
//! A socket only says sooner what `GET /executions/{name}/events` says to everybody who asks: frames are read from the records, each time
//! after the last number that was sent, so that none is lost, doubled or out of order, and a disconnected reader asks for those after the
//! last number that they have. Their access is checked again each time.

use crate::api::Shared;
use crate::caller::sender_of;
use crate::problem::{Code, Problem};
use crate::wanted::{ACCEPTED, NOTHING_NAMED, Wanted};
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::response::Response;
use control::Following;
use records::RecordsError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, interval_at, timeout};

/// How long a reader may take to take a frame.
const SLOW: Duration = Duration::from_secs(10);

/// The longest message that a reader may send, in bytes. Nothing is asked over a socket, so signs of life are all that comes.
const LONGEST_SAID: usize = 4 * 1024;

/// How often a sign of life is sent, and it is asked whether the reader still has access.
const ALIVE: Duration = Duration::from_secs(30);

/// Opens a socket with a ticket.
///
/// # Errors
/// A problem where the request does not open a socket, where the ticket was not given out, was used or is too old, where nothing or too much
/// is named to be followed, or where too many sockets are open: too many requests if they are the reader's own, unavailable if they are everybody's.
pub(crate) async fn open(
    State(api): State<Shared>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let malformed = |detail: String| Problem::new(Code::Malformed, detail);
    let upgrade = upgrade.map_err(|refused| {
        malformed(format!("the request does not open a WebSocket: {}", refused.body_text()))
    })?;
    let Query(wanted) = wanted.map_err(|_| malformed(format!("the query cannot be read; {ACCEPTED}")))?;
    let opened_at = api.clock.now();
    let Some(head) = api.tickets.take(&wanted.ticket, opened_at) else {
        return Err(Problem::unauthenticated("the ticket is not known, was used, or is older than a minute"));
    };
    let Some(following) = wanted.following(opened_at) else {
        return Err(malformed(NOTHING_NAMED.to_owned()));
    };
    let reader = sender_of(&api, &head).await?;
    // Invisible executions look nonexistent.
    if let Some(name) = &wanted.execution {
        reader.execution(&api, name).await?;
    }
    let place = api.sockets.take(&reader.reader())?;
    let mut follower = Follower { api: Arc::clone(&api), head, following };
    let upgrade = upgrade.max_message_size(LONGEST_SAID).max_frame_size(LONGEST_SAID);
    Ok(upgrade.on_upgrade(move |mut socket| async move {
        let end = follower.follow(&mut socket).await;
        if let Some((code, reason)) = end.told() {
            let frame = CloseFrame { code, reason: reason.into() };
            // A reader who is gone receives nothing.
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
    /// The reader does not accept frames.
    Slow,
    /// The reader may no longer see it.
    Refused,
    /// The records do not answer, or nothing is pushed anymore.
    Unavailable,
}

impl End {
    /// The close message for the reader.
    fn told(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Gone => None,
            Self::Done => Some((close_code::NORMAL, "the execution has ended")),
            Self::Slow => {
                Some((close_code::AGAIN, "too slow; ask for the events after the last number that you have"))
            }
            Self::Refused => Some((close_code::POLICY, "you may no longer see this")),
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

/// The reader and their position.
struct Follower {
    api: Shared,
    /// The request for the ticket, whose credential still counts.
    head: Parts,
    following: Following,
}

impl Follower {
    /// Sends frames until there is a reason to end.
    async fn follow(&mut self, socket: &mut WebSocket) -> End {
        let Some(announced) = &self.api.news else { return End::Unavailable };
        // Before the first look, so that later changes are among the news.
        let mut news = announced.subscribe();
        let first = match self.following.is_of_one() {
            true => self.following.executions(),
            false => announced.recent(),
        };
        let mut alive = interval_at(Instant::now() + ALIVE, ALIVE);
        for name in first {
            if let Err(end) = self.send_news(socket, &name).await {
                return end;
            }
        }
        loop {
            let looked = tokio::select! {
                told = news.recv() => match told {
                    Ok(name) => self.send_news(socket, &name).await,
                    // Too many changes at once; look at what is followed.
                    Err(RecvError::Lagged(_)) if self.following.is_of_one() => self.send_all(socket).await,
                    // It is not known in which executions of the project something happened.
                    Err(RecvError::Lagged(_)) => Err(End::Slow),
                    Err(RecvError::Closed) => Err(End::Unavailable),
                },
                received = socket.recv() => match received {
                    Some(Err(_)) | None => Err(End::Gone),
                    // Nothing is asked over a socket. If a reader closes it, receiving once more answers that, and then gives nothing.
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
        for name in self.following.executions() {
            self.send_news(socket, &name).await?;
        }
        Ok(())
    }

    /// Whether the credential is still good.
    async fn has_access(&self) -> Result<(), End> {
        sender_of(&self.api, &self.head).await?;
        Ok(())
    }

    /// Sends the frames of an execution that were not sent, if it is followed.
    async fn send_news(&mut self, socket: &mut WebSocket, name: &str) -> Result<(), End> {
        if !self.following.may_include(name) {
            return Ok(());
        }
        let reader = sender_of(&self.api, &self.head).await?;
        let execution = match reader.execution(&self.api, name).await {
            Ok(execution) => execution,
            // Of a project, only what the reader may see is sent.
            Err(problem) if problem.code() == Code::NotFound && !self.following.is_of_one() => return Ok(()),
            Err(problem) => return Err(problem.into()),
        };
        loop {
            let next = self.following.next(&self.api.table, &execution).await?;
            for frame in next.frames {
                let text = serde_json::to_string(&frame).map_err(|_| End::Unavailable)?;
                send(socket, Message::text(text)).await?;
            }
            if next.ended {
                return Err(End::Done);
            }
            if !next.more {
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
