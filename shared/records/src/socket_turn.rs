//! The sender of a socket: one at a time, so that its frames come once and in order, however many invocations have something to send.
//!
//! An invocation that finds a socket taken asks its holder to look again, and ends. A holder that never came back may have sent something that it did not
//! record, so its socket is not used anymore: the reader opens another one, after the last number that they have.

use crate::error::RecordsError;
use crate::item::{attribute, from_item, moment, text};
use crate::keys::Key;
use crate::keys::socket as keys;
use crate::socket::{Cursor, OpenSocket};
use crate::table::Table;
use crate::update::Update;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// So long a holder may take between two pages of frames.
const LEASE: SignedDuration = SignedDuration::from_mins(1);

/// How often to retry because the holder finished at the same moment.
const ROUNDS: usize = 5;

/// What [`Table::take_socket`] came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketTurn {
    /// It is the caller's turn; the numbers of the last frames that were sent, by execution.
    Mine(BTreeMap<String, u64>),
    /// Somebody else is sending, and looks again before they end.
    Asked,
    /// Another invocation was sending and never ended: it is unknown what arrived.
    Abandoned,
    /// The socket is not open anymore.
    Gone,
}

impl Table {
    /// Takes a turn at sending an execution's frames to a socket, under a unique name. Afterward, call [`Table::leave_socket`], or close the socket.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn take_socket(
        &self,
        socket: &OpenSocket,
        name: &str,
        execution: &str,
        now: Timestamp,
    ) -> Result<SocketTurn, RecordsError> {
        for _ in 0..ROUNDS {
            let update = Update::new(cursor_of(socket), "SET #lease = :name, #until = :until")
                .condition("attribute_exists(#pk) AND attribute_not_exists(#lease)")
                .value(":name", text(name))
                .value(":until", moment(now + LEASE));
            let refused = match self.update("take a socket", update).await? {
                Ok(item) => return Ok(SocketTurn::Mine(from_item::<Cursor>(item)?.last)),
                Err(refused) => refused,
            };
            let Some(item) = refused.item else { return Ok(SocketTurn::Gone) };
            let Cursor { lease: Some(holder), until, .. } = from_item(item)? else { continue };
            if until.is_none_or(|until| until < now) {
                return Ok(SocketTurn::Abandoned);
            }
            let update = Update::new(cursor_of(socket), "ADD #asked :execution")
                .condition("#lease = :holder")
                .value(":execution", AttributeValue::Ss(vec![execution.to_owned()]))
                .value(":holder", text(holder));
            if self.update("ask for another look at a socket", update).await?.is_ok() {
                return Ok(SocketTurn::Asked);
            }
        }
        Err(RecordsError::Conflict("others keep sending to the socket".to_owned()))
    }

    /// Records what was sent, and keeps the turn: `false` if it is no longer the caller's.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn advance_socket(
        &self,
        socket: &OpenSocket,
        name: &str,
        last: &BTreeMap<String, u64>,
        now: Timestamp,
    ) -> Result<bool, RecordsError> {
        let last = serde_json::to_string(last)
            .map_err(|error| RecordsError::Invalid(format!("numbers cannot be stored: {error}")))?;
        let update = Update::new(cursor_of(socket), "SET #last = :last, #until = :until")
            .condition("#lease = :name")
            .value(":last", text(last))
            .value(":until", moment(now + LEASE))
            .value(":name", text(name));
        Ok(self.update("record what a socket was sent", update).await?.is_ok())
    }

    /// Ends the turn, unless others had something to send in the meantime: then it returns the executions concerned, and the turn continues.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn leave_socket(&self, socket: &OpenSocket, name: &str) -> Result<Vec<String>, RecordsError> {
        let update = Update::new(cursor_of(socket), "REMOVE #lease, #until")
            .condition("#lease = :name AND attribute_not_exists(#asked)")
            .value(":name", text(name));
        let Err(refused) = self.update("leave a socket", update).await? else { return Ok(Vec::new()) };
        // The turn was ended by closing the socket or taking it over.
        let item = refused.item.filter(|item| attribute(item, "lease") == Some(name));
        let asked = item.and_then(|item| item.get("asked")?.as_ss().ok().cloned()).unwrap_or_default();
        if asked.is_empty() {
            return Ok(asked);
        }
        // Later requests stay.
        let update = Update::new(cursor_of(socket), "DELETE #asked :asked")
            .condition("#lease = :name")
            .value(":asked", AttributeValue::Ss(asked.clone()))
            .value(":name", text(name));
        match self.update("look again at a socket", update).await? {
            Ok(_) => Ok(asked),
            Err(_) => Ok(Vec::new()),
        }
    }

    /// Ends the turn without having sent anything: others' requests are for the next turn.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_off_socket(&self, socket: &OpenSocket, name: &str) -> Result<(), RecordsError> {
        let update = Update::new(cursor_of(socket), "REMOVE #lease, #until")
            .condition("#lease = :name")
            .value(":name", text(name));
        // Refused means that somebody else has ended the turn.
        let _ = self.update("put off a socket", update).await?;
        Ok(())
    }

    /// Whether somebody was sending to a socket and never ended; changes nothing.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn socket_is_abandoned(
        &self,
        socket: &OpenSocket,
        now: Timestamp,
    ) -> Result<bool, RecordsError> {
        let Some(item) = self.get(cursor_of(socket)).await? else { return Ok(true) };
        let cursor: Cursor = from_item(item)?;
        Ok(cursor.lease.is_some() && cursor.until.is_none_or(|until| until < now))
    }
}

fn cursor_of(socket: &OpenSocket) -> Key {
    keys::cursor(&socket.topic(), &socket.id)
}
