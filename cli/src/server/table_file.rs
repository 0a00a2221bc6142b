//! The table in its file: one connection writes, others read concurrently, and writes share disk syncs.

use super::aws_error::AwsError;
use super::data_folder::beside;
use super::disk::{Disk, DiskFailed};
use super::dynamodb::{self, Written};
use super::repeated_transactions::{RepeatedTransactions, Tokens};
use axum::body::Bytes;
use dynoxide::{Database, DynoxideError};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::json;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// How many requests read at once. Additional processors are busy with other things.
const READERS: usize = 2;

/// Free pages are given back to the file system, some at a time: see [`super::housekeeping`].
const SHRINKS: &str = "PRAGMA auto_vacuum = INCREMENTAL; VACUUM";

/// How an operation uses the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// It reads.
    Reads,
    /// It writes, and is answered when that is on disk.
    Writes,
    /// It writes what would be written again if it were lost.
    WritesInPassing,
}

/// Why an operation was not performed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// The database's answer.
    #[error(transparent)]
    Answered(#[from] DynoxideError),
    /// Nothing can be written, or the database failed.
    #[error("{0}")]
    Unavailable(String),
}

impl AskError {
    /// Whether it is not the request's fault.
    fn is_of_the_table(&self) -> bool {
        match self {
            Self::Answered(error) => error.status_code() >= 500,
            Self::Unavailable(_) => true,
        }
    }
}

/// The table's file. Clones share it.
#[derive(Clone)]
pub(crate) struct TableFile(Arc<Connections>);

struct Connections {
    writer: Database,
    /// Held while something is written, so that writes end in the order in which they begin, and a transaction that arrives again waits for the
    /// answer to the first.
    turn: Mutex<RepeatedTransactions>,
    tokens: Tokens,
    readers: [Database; READERS],
    next_reader: AtomicUsize,
    disk: Disk,
    written: Written,
}

impl TableFile {
    /// Opens the file, or creates it.
    ///
    /// # Errors
    /// A description of what is wrong with the file.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        Self::on(path, Disk::of)
    }

    /// The same on a disk made of the path of the file's log.
    fn on(path: &Path, disk: impl FnOnce(&Path) -> std::io::Result<Disk>) -> Result<Self, String> {
        let at = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        prepare(path).map_err(|error| at(&error))?;
        let open = || Database::new(&path.to_string_lossy()).map_err(|error| at(&error));
        let writer = open()?;
        // This sets `synchronous=NORMAL`, which is why it is called: we do the syncs.
        writer.disable_bulk_loading().map_err(|error| at(&error))?;
        let readers = [open()?, open()?];
        let disk = disk(&beside(path, "-wal")).map_err(|error| at(&error))?;
        Ok(Self(Arc::new(Connections {
            writer,
            turn: Mutex::default(),
            tokens: Tokens::default(),
            readers,
            next_reader: AtomicUsize::new(0),
            disk,
            written: Written::default(),
        })))
    }

    /// The connection that writes.
    pub(crate) fn writer(&self) -> &Database {
        &self.0.writer
    }

    /// A connection for reading. Its data may not be on disk yet.
    pub(crate) fn reader(&self) -> &Database {
        let next = self.0.next_reader.fetch_add(1, Ordering::Relaxed);
        &self.0.readers[next % READERS]
    }

    /// Signals every write.
    pub(crate) fn written(&self) -> &Written {
        &self.0.written
    }

    /// Performs one operation. It answers when everything in the answer is on disk.
    ///
    /// # Errors
    /// As [`dynamodb::perform`]; and when the disk fails.
    pub(crate) async fn perform(&self, operation: String, body: Bytes) -> Result<String, AwsError> {
        observability::metrics::table_call(&operation);
        let lasting = !(operation == "UpdateItem" && may_be_lost(&body));
        let (file, asked) = (self.clone(), operation.clone());
        let performed = tokio::task::spawn_blocking(move || file.perform_now(&asked, &body, lasting));
        let answer = performed.await.map_err(|error| {
            tracing::error!(%error, "the embedded database failed");
            AwsError::new(500, "InternalServerError", "the embedded database failed")
        })?;
        if let Err(error) = &answer
            && error.status >= 500
        {
            tracing::error!(operation, error = error.body, "the table cannot be used now");
        }
        if lasting {
            self.0.disk.synced().await?;
        }
        answer
    }

    /// Performs one operation in the database's own types on a thread that may block. It answers when everything in the answer is on disk.
    ///
    /// # Errors
    /// [`AskError`]
    pub(crate) async fn ask<Answer: Send + 'static>(
        &self,
        operation: &'static str,
        uses: Use,
        ask: impl FnOnce(&Database) -> Result<Answer, DynoxideError> + Send + 'static,
    ) -> Result<Answer, AskError> {
        observability::metrics::table_call(operation);
        let file = self.clone();
        let asked = tokio::task::spawn_blocking(move || match uses {
            Use::Reads => Ok(ask(file.reader())?),
            Use::Writes => file.write(true, |writer, _| Ok(ask(writer)?)),
            Use::WritesInPassing => file.write(false, |writer, _| Ok(ask(writer)?)),
        });
        let answer = asked.await.unwrap_or_else(|error| {
            tracing::error!(%error, "the embedded database failed");
            Err(AskError::Unavailable("the embedded database failed".to_owned()))
        });
        if let Err(error) = &answer
            && error.is_of_the_table()
        {
            tracing::error!(operation, %error, "the table cannot be used now");
        }
        if uses != Use::WritesInPassing {
            self.0.disk.synced().await?;
        }
        answer
    }

    /// Writes, one at a time, and signals it.
    fn write<Answer, Error: From<DiskFailed>>(
        &self,
        lasting: bool,
        write: impl FnOnce(&Database, &mut RepeatedTransactions) -> Result<Answer, Error>,
    ) -> Result<Answer, Error> {
        let Connections { writer, turn, disk, written, .. } = &*self.0;
        let mut repeated = turn.lock().unwrap_or_else(PoisonError::into_inner);
        disk.usable()?;
        let mut begun = match lasting {
            true => Some(disk.write()?),
            false => None,
        };
        let answer = write(writer, &mut repeated);
        if let Some(begun) = &mut begun {
            begun.changed = answer.is_ok();
        }
        if answer.is_ok() {
            written.signal();
        }
        answer
    }

    /// Performs a write of another connection while nothing else is written here: of two that collide, SQLite would let one sleep
    /// and try again. Blocks.
    pub(crate) fn in_turn<Answer>(&self, write: impl FnOnce() -> Answer) -> Answer {
        let _turn = self.0.turn.lock().unwrap_or_else(PoisonError::into_inner);
        write()
    }

    /// Removes an item that expired before a moment, in seconds since 1970, unless its expiry has been extended. Blocks.
    ///
    /// # Errors
    /// As [`dynamodb::perform`].
    pub(crate) fn remove_expired(
        &self,
        table: &str,
        (pk, sk): (&str, &str),
        before: i64,
    ) -> Result<(), AwsError> {
        let request = json!({
            "TableName": table,
            "Key": { "pk": { "S": pk }, "sk": { "S": sk } },
            "ConditionExpression": "expires_at < :before",
            "ExpressionAttributeValues": { ":before": { "N": before.to_string() } },
        });
        // Changes lost in a power failure are repeated.
        match self.perform_now("DeleteItem", request.to_string().as_bytes(), false) {
            Err(error) if !error.body.contains("ConditionalCheckFailedException") => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether anything may still be written.
    ///
    /// # Errors
    /// [`DiskFailed`] when the disk failed.
    pub(crate) fn usable(&self) -> Result<(), DiskFailed> {
        self.0.disk.usable()
    }

    /// Waits for a failure of the disk, after which nothing is written.
    pub(crate) async fn failed(&self) -> DiskFailed {
        self.0.disk.failed().await
    }

    fn perform_now(&self, operation: &str, body: &[u8], lasting: bool) -> Result<String, AwsError> {
        if !dynamodb::writes(operation) {
            return dynamodb::perform(self.reader(), operation, body);
        }
        // Others need not wait while a large body is read.
        let identity = match operation {
            "TransactWriteItems" => self.0.tokens.read(body)?,
            _ => None,
        };
        self.write(lasting, |writer, repeated| {
            let perform = || dynamodb::perform(writer, operation, body);
            match identity {
                Some(identity) => repeated.answer(identity, Instant::now(), perform),
                None => perform(),
            }
        })
    }
}

impl From<DiskFailed> for AwsError {
    fn from(failed: DiskFailed) -> Self {
        Self::new(500, "InternalServerError", &failed.to_string())
    }
}

impl From<DiskFailed> for AskError {
    fn from(failed: DiskFailed) -> Self {
        Self::Unavailable(failed.to_string())
    }
}

/// Whether an update would be repeated after a power loss undid it. Nearly half of all writes are like this.
fn may_be_lost(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Update<'a> {
        #[serde(rename = "Key", borrow)]
        key: Key<'a>,
        #[serde(rename = "UpdateExpression", borrow)]
        update: std::borrow::Cow<'a, str>,
    }
    #[derive(Deserialize)]
    struct Key<'a> {
        #[serde(borrow)]
        pk: Text<'a>,
        #[serde(borrow)]
        sk: Text<'a>,
    }
    #[derive(Deserialize)]
    struct Text<'a> {
        #[serde(rename = "S", borrow)]
        text: std::borrow::Cow<'a, str>,
    }
    serde_json::from_slice(body)
        .is_ok_and(|Update { key, update }| records::may_be_lost(&key.pk.text, &key.sk.text, &update))
}

/// Makes a new file return free pages. A file of an earlier version is rewritten once; if there is no space for that, it is left unchanged.
fn prepare(path: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    let kind: i64 = connection.query_row("PRAGMA auto_vacuum", [], |row| row.get(0))?;
    if kind == 0
        && let Err(error) = connection.execute_batch(SHRINKS)
    {
        tracing::warn!(file = %path.display(), %error, "the file cannot be made to return freed space; the next start tries again");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
