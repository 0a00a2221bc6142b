//! Sends frames of executions to the sockets that follow them, at an account's gateway. `serve` pushes over its own sockets.
//!
//! A socket only delivers sooner what the API returns to everybody who asks: the same frames, none of them twice, left out or out of
//! order. So if it is uncertain whether a frame was sent, the socket is closed, and its reader opens another one after the last number they have.

use crate::connections::{Connections, LARGEST_MESSAGE, Sent};
use crate::handle::Events;
use control::{Following, ToldFrame};
use domain::ActionError;
use futures::future::join_all;
use jiff::SignedDuration;
use records::{ExecutionRecord, OpenSocket, SocketTurn};
use serde_json::json;
use uuid::Uuid;

/// The gateway does not know a connection until its function has answered, but the table's stream may report it earlier.
const ESTABLISHED_WITHIN: SignedDuration = SignedDuration::from_mins(1);

/// How much data of a frame is sent if it is too large for a message, in characters.
const CUT: usize = 1_024;

/// How many sockets are looked at on a page.
const PAGE: usize = 100;

/// Why nothing more is sent over a socket.
#[derive(Debug)]
enum End {
    /// It has ended by itself.
    Gone,
    /// The gateway does not know it yet, and nothing was sent.
    NotYet,
    /// It has to be closed.
    Close(&'static str),
    /// It has to be closed, because this failed.
    Failed(ActionError),
}

impl<E: Into<ActionError>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Events {
    /// Sends frames of an execution to the readers who follow it or its project.
    ///
    /// # Errors
    /// When the records do not answer; the same call then sends it later.
    pub(crate) async fn push_told(&self, execution: &str) -> Result<(), ActionError> {
        let Some(connections) = &self.connections else { return Ok(()) };
        let Some(execution) = self.table.execution(execution).await? else { return Ok(()) };
        let sockets = self.table.sockets_about(&execution.name, execution.project.as_deref()).await?;
        let sent = sockets.iter().map(|socket| self.push(connections, socket, &execution.name));
        join_all(sent).await.into_iter().collect()
    }

    /// Sends a newly opened socket the frames that its reader has not seen.
    ///
    /// # Errors
    /// When the records do not answer, or the connection is not established yet; the same call then sends it later.
    pub(crate) async fn socket_changed(&self, topic: &str, id: &str) -> Result<(), ActionError> {
        let Some(connections) = &self.connections else { return Ok(()) };
        let Some(socket) = self.table.socket(topic, id).await? else { return Ok(()) };
        match &socket.execution {
            Some(execution) => self.push(connections, &socket, execution).await,
            // A project's later frames are sent when they happen.
            None => Ok(()),
        }
    }

    /// Closes sockets whose reader has no access anymore, and those whose sender never came back.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn close_where_due(&self) -> Result<(), ActionError> {
        let Some(connections) = &self.connections else { return Ok(()) };
        let mut after = None;
        loop {
            let page = self.table.list_sockets(after.as_deref(), PAGE).await?;
            for socket in &page.items {
                let is_abandoned = self.table.socket_is_abandoned(socket, self.clock.now()).await?;
                if is_abandoned || self.control.reader(&socket.holder).await?.is_none() {
                    self.end_socket(connections, socket, "nobody may use it anymore").await?;
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Sends to one socket, or leaves that to the invocation that is sending to it now.
    async fn push(
        &self,
        connections: &Connections,
        socket: &OpenSocket,
        execution: &str,
    ) -> Result<(), ActionError> {
        let name = Uuid::new_v4().to_string();
        let last = match self.table.take_socket(socket, &name, execution, self.clock.now()).await? {
            SocketTurn::Mine(last) => last,
            SocketTurn::Asked | SocketTurn::Gone => return Ok(()),
            SocketTurn::Abandoned => {
                return self.end_socket(connections, socket, "its sender never came back").await;
            }
        };
        let following =
            Following::of(socket.execution.as_deref(), 0, socket.project.as_deref(), socket.opened_at);
        let Some(following) = following else {
            return self.end_socket(connections, socket, "it follows nothing").await;
        };
        let turn = Turn { events: self, connections, socket, name: &name, following: following.after(last) };
        match turn.send(execution).await {
            Ok(()) => Ok(()),
            Err(End::Gone) => Ok(self.table.close_socket(socket).await?),
            Err(End::NotYet) => {
                self.table.put_off_socket(socket, &name).await?;
                Err(ActionError::unavailable("the gateway does not know the connection yet"))
            }
            Err(End::Close(why)) => self.end_socket(connections, socket, why).await,
            Err(End::Failed(error)) => {
                tracing::warn!(%error, "a socket is closed, because it is not known what arrived");
                self.end_socket(connections, socket, "something failed").await
            }
        }
    }

    /// Closes a socket. It is forgotten afterward, so that a repeat finds it.
    async fn end_socket(
        &self,
        connections: &Connections,
        socket: &OpenSocket,
        why: &'static str,
    ) -> Result<(), ActionError> {
        tracing::info!(why, "a socket is closed");
        connections.close(&socket.id).await?;
        Ok(self.table.close_socket(socket).await?)
    }
}

/// A turn at sending to a socket.
struct Turn<'t> {
    events: &'t Events,
    connections: &'t Connections,
    socket: &'t OpenSocket,
    /// The name of the turn.
    name: &'t str,
    following: Following,
}

impl Turn<'_> {
    /// Sends until nothing is left and no other invocation has something to send.
    async fn send(mut self, execution: &str) -> Result<(), End> {
        let table = &self.events.table;
        let Some(reader) = self.events.control.reader(&self.socket.holder).await? else {
            return Err(End::Close("its reader has no access anymore"));
        };
        let mut has_sent = false;
        let mut due = vec![execution.to_owned()];
        while !due.is_empty() {
            for name in &due {
                let seen = match table.execution(name).await? {
                    Some(execution) => {
                        reader.may_see(&self.events.control, &execution).await?.then_some(execution)
                    }
                    None => None,
                };
                let Some(seen) = seen else {
                    // Invisible executions look nonexistent. Of a project, only what the reader may see is sent.
                    match self.following.is_of_one() {
                        true => return Err(End::Close("its reader may not see the execution")),
                        false => continue,
                    }
                };
                while self.send_page(&seen, &mut has_sent).await? {}
            }
            due = table.leave_socket(self.socket, self.name).await?;
        }
        Ok(())
    }

    /// Sends a page of frames of an execution, and records it. Whether there may be more.
    async fn send_page(&mut self, execution: &ExecutionRecord, has_sent: &mut bool) -> Result<bool, End> {
        let table = &self.events.table;
        let next = self.following.next(table, execution).await?;
        for frame in &next.frames {
            match self.connections.send(&self.socket.id, &fitting(frame)).await? {
                Sent::Taken => *has_sent = true,
                Sent::Gone if !*has_sent && self.is_young() => return Err(End::NotYet),
                Sent::Gone => return Err(End::Gone),
            }
        }
        let now = self.events.clock.now();
        if !table.advance_socket(self.socket, self.name, self.following.last(), now).await? {
            return Err(End::Close("another sender has taken it over"));
        }
        match next.ended {
            true => Err(End::Close("the execution has ended")),
            false => Ok(next.more),
        }
    }

    fn is_young(&self) -> bool {
        self.events.clock.now().duration_since(self.socket.opened_at) < ESTABLISHED_WITHIN
    }
}

/// The frame, or part of its data if that is too large for a message: the API has all of it.
fn fitting(frame: &ToldFrame) -> ToldFrame {
    let size = serde_json::to_string(frame).map_or(usize::MAX, |text| text.len());
    if size <= LARGEST_MESSAGE {
        return frame.clone();
    }
    let cut: String = frame.data.to_string().chars().take(CUT).collect();
    ToldFrame { data: json!({ "cut": cut }), ..frame.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn a_frame_that_is_too_large_for_a_message_is_cut() {
        let frame = |length: usize| ToldFrame {
            event: "approval.requested".into(),
            data: json!({ "question": "ü".repeat(length) }),
            execution: "e".into(),
            project: None,
            sequence: 7,
            at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(fitting(&frame(100)), frame(100));
        let cut = fitting(&frame(LARGEST_MESSAGE));
        assert_eq!((cut.sequence, cut.event.as_str()), (7, "approval.requested"));
        assert!(cut.data["cut"].as_str().unwrap().starts_with("{\"question\":\"ü"));
        assert!(serde_json::to_string(&cut).unwrap().len() < LARGEST_MESSAGE);
    }
}
