//! Sockets at an account's gateway: the tickets that open them, and who follows what.
//!
//! No credential is stored with them, only its owner and its identity, so that its validity can be checked again.

use crate::error::RecordsError;
use crate::item::{from_item, listed, moment, to_item};
use crate::keys::socket as keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::update::Update;
use crate::write::{ABSENT, Write};
use domain::folded;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long the gateway keeps a socket open:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>.
pub const SOCKET_LIFE: SignedDuration = SignedDuration::from_hours(2);

/// How long after its end a record of a ticket or a socket is kept: clocks differ.
const LEEWAY: SignedDuration = SignedDuration::from_mins(10);

/// Whose credential opened a socket, and which it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SocketHolder {
    /// A session.
    Session {
        /// The person, by their name in the configuration; `None` for the installation's own operator.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<String>,
        /// Whose sessions it is ended with, as [`Table::ended_sessions`] takes it.
        subject: String,
        /// Its name.
        id: String,
        /// When it began.
        #[serde(with = "timestamp")]
        begun_at: Timestamp,
        /// When it expires.
        #[serde(with = "timestamp")]
        ends_at: Timestamp,
    },
    /// A machine token.
    Token {
        /// Its public part.
        id: String,
    },
}

/// A ticket that opens a socket once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketTicket {
    /// To whom it was given.
    pub holder: SocketHolder,
    /// The host of the API that issued it; it may be used only from that host's pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// From when it is refused.
    #[serde(with = "timestamp")]
    pub valid_until: Timestamp,
}

/// A socket that somebody opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSocket {
    /// The gateway's name for the connection.
    pub id: String,
    /// The person who opened it.
    pub holder: SocketHolder,
    /// The execution that it follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// The project that it follows, in place of an execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// When it was opened.
    #[serde(with = "timestamp")]
    pub opened_at: Timestamp,
}

/// How far a socket is.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// The number of the last frame that was sent, by execution.
    #[serde(with = "crate::json_text")]
    pub(crate) last: BTreeMap<String, u64>,
    /// The current sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lease: Option<String>,
    /// Until when.
    #[serde(default, with = "timestamp::option", skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Place {
    topic: String,
}

impl OpenSocket {
    /// The followed subject, for keys.
    pub(crate) fn topic(&self) -> String {
        match (&self.execution, &self.project) {
            (Some(execution), _) => of_execution(execution),
            (None, project) => of_project(project.as_deref().unwrap_or_default()),
        }
    }
}

fn of_execution(name: &str) -> String {
    format!("execution/{name}")
}

/// Keys of projects are typed in any case.
fn of_project(key: &str) -> String {
    format!("project/{}", folded(key))
}

impl Table {
    /// Keeps a ticket by the SHA-256 of its text, in hexadecimal.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_socket_ticket(&self, sha256: &str, ticket: &SocketTicket) -> Result<(), RecordsError> {
        let expires_at = retention::expires_at(ticket.valid_until, LEEWAY);
        let item = to_item(ticket, keys::ticket(sha256), Some(expires_at))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("keep a ticket for a socket", item, None).await?;
        Ok(())
    }

    /// Uses a ticket up: only its first use before its expiry succeeds.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn use_socket_ticket(
        &self,
        sha256: &str,
        now: Timestamp,
    ) -> Result<Option<SocketTicket>, RecordsError> {
        let update = Update::new(keys::ticket(sha256), "SET #used_at = :now")
            .condition("attribute_exists(#pk) AND attribute_not_exists(#used_at) AND #valid_until > :now")
            .value(":now", moment(now));
        match self.update("use a ticket for a socket", update).await? {
            Ok(item) => from_item(item).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Records a socket, with the number of the last frame that its reader has of each execution. The table's stream reports it.
    ///
    /// # Errors
    /// [`RecordsError::Conflict`] when a socket of that name is open.
    pub async fn open_socket(
        &self,
        socket: &OpenSocket,
        last: BTreeMap<String, u64>,
    ) -> Result<(), RecordsError> {
        let (topic, id) = (socket.topic(), &socket.id);
        let expires_at = Some(retention::expires_at(socket.opened_at + SOCKET_LIFE, LEEWAY));
        let opened = to_item(socket, keys::opened(&topic, id), expires_at)?;
        let opened = listed(opened, keys::SOCKETS, socket.opened_at, &format!("{topic}#{id}"));
        let cursor =
            to_item(&Cursor { last, lease: None, until: None }, keys::cursor(&topic, id), expires_at)?;
        let place = to_item(&Place { topic: topic.clone() }, keys::place(id), expires_at)?;
        let put = |item, condition| Write::Put { item, condition };
        let writes = vec![put(opened, None), put(cursor, None), put(place, Some(ABSENT))];
        match self.transact("open a socket", writes).await? {
            Ok(()) => Ok(()),
            Err(_) => Err(RecordsError::Conflict(format!("the socket `{id}` is open already"))),
        }
    }

    /// An open socket, by the listener's data.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn socket(&self, topic: &str, id: &str) -> Result<Option<OpenSocket>, RecordsError> {
        self.get(keys::opened(topic, id)).await?.map(from_item).transpose()
    }

    /// The open socket of a connection.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn socket_of_connection(&self, id: &str) -> Result<Option<OpenSocket>, RecordsError> {
        let Some(place) = self.get(keys::place(id)).await? else { return Ok(None) };
        let place: Place = from_item(place)?;
        self.socket(&place.topic, id).await
    }

    /// The sockets that follow an execution, or its project.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn sockets_about(
        &self,
        execution: &str,
        project: Option<&str>,
    ) -> Result<Vec<OpenSocket>, RecordsError> {
        let mut sockets = Vec::new();
        for topic in [Some(of_execution(execution)), project.map(of_project)].into_iter().flatten() {
            let items = self.query(keys::partition(&topic), keys::SOCKET).await?;
            let found: Result<Vec<OpenSocket>, _> = items.into_iter().map(from_item).collect();
            sockets.extend(found?);
        }
        Ok(sockets)
    }

    /// Forgets a socket.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn close_socket(&self, socket: &OpenSocket) -> Result<(), RecordsError> {
        let (topic, id) = (socket.topic(), &socket.id);
        let all = [keys::opened(&topic, id), keys::cursor(&topic, id), keys::place(id)];
        let writes = all.into_iter().map(|key| Write::Delete { key }).collect();
        // Without a condition nothing can refuse it.
        let _ = self.transact("close a socket", writes).await?;
        Ok(())
    }
}
