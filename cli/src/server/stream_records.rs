//! The embedded DynamoDB's file through other connections, for what the database does not do itself.
//!
//! It removes no record of the stream, and every write looks through all of them for the last number: here they get an index, and those that
//! every reader has handed over go. It looks through the whole table for expired items: here they are found by an index, too.

use super::stream_pages::{Page, StreamPages};
use super::table_file::TableFile;
use rusqlite::{Connection, params};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a removal waits for a write of the table.
const BUSY: Duration = Duration::from_secs(5);

/// The expression is the database's own, to the letter, or its queries do not use the index.
const INDEX: &str = "CREATE INDEX IF NOT EXISTS ticketsmith_stream_numbers \
                     ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

/// The last processed record stays: numbers continue from the highest one, and would otherwise fall back with the clock.
const REMOVE: &str =
    "DELETE FROM _stream_records WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) < ?2";

/// The records of one table's stream, and how far each reader has come.
pub(crate) struct StreamRecords {
    connection: Mutex<Connection>,
    pages: Mutex<StreamPages>,
    table: String,
    positions: Mutex<Vec<i64>>,
    /// Says whether the disk takes anything.
    file: Option<TableFile>,
}

impl StreamRecords {
    /// Opens the file, which the embedded DynamoDB has opened before, and makes the index. Nothing is removed before each of so many
    /// readers has handed over.
    ///
    /// # Errors
    /// When SQLite cannot open the file or make the index.
    pub(crate) fn open(file: &Path, table: &str, readers: usize) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.busy_timeout(BUSY)?;
        // A removal that is lost in a power failure is repeated; the table's own connection waits for the disk.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch(INDEX)?;
        connection.execute_batch(&format!(
            "CREATE INDEX IF NOT EXISTS ticketsmith_expiry ON \"{table}\" ({EXPIRES_AT}) WHERE {EXPIRES_AT} IS NOT NULL"
        ))?;
        Ok(Self {
            connection: Mutex::new(connection),
            pages: Mutex::new(StreamPages::open(file, table)?),
            table: table.to_owned(),
            positions: Mutex::new(vec![0; readers]),
            file: None,
        })
    }

    /// The same, which removes nothing once the disk of the table's file has failed.
    pub(crate) fn beside(self, file: TableFile) -> Self {
        Self { file: Some(file), ..self }
    }

    fn has_failed(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.usable().is_err())
    }

    /// The first records with higher numbers than this; none if there are none. Blocks.
    ///
    /// # Errors
    /// When SQLite cannot read.
    pub(crate) fn after(&self, number: i64) -> rusqlite::Result<Arc<Page>> {
        lock(&self.pages).after(number)
    }

    /// Notes that a reader (counted from zero) has handed over everything up to a number, and removes what every reader has. Blocks.
    ///
    /// # Errors
    /// When SQLite cannot remove; the next removal makes up for it.
    pub(crate) fn handed_over(&self, reader: usize, number: i64) -> rusqlite::Result<()> {
        let (before, first) = {
            let mut positions = lock(&self.positions);
            let before = slowest(&positions);
            if let Some(position) = positions.get_mut(reader) {
                *position = number;
            }
            (before, slowest(&positions))
        };
        // Everything before the slowest reader, which is another one, was removed already.
        if first == before && first < number {
            return Ok(());
        }
        if !self.has_failed() {
            let connection = lock(&self.connection);
            let remove = || connection.execute(REMOVE, params![self.table, first]);
            match &self.file {
                Some(file) => file.in_turn(remove)?,
                None => remove()?,
            };
        }
        Ok(())
    }

    /// The keys, `pk` and `sk`, of some items that expired before a moment, in seconds since 1970. Blocks.
    ///
    /// # Errors
    /// When SQLite cannot read.
    pub(crate) fn expired(&self, before: i64) -> rusqlite::Result<Vec<(String, String)>> {
        let connection = lock(&self.connection);
        let query = format!("SELECT pk, sk FROM \"{}\" WHERE {EXPIRES_AT} < ?1 LIMIT {ITEMS}", self.table);
        let mut statement = connection.prepare_cached(&query)?;
        // A key is kept with its type before it.
        let text = |key: String| key.strip_prefix("S:").map_or(key.clone(), str::to_owned);
        let keys = statement.query_map([before], |row| Ok((text(row.get(0)?), text(row.get(1)?))))?;
        keys.collect()
    }

    /// Gives the pages of the file that hold nothing back to the file system, some at a time. Blocks.
    ///
    /// # Errors
    /// When SQLite cannot; nothing is lost.
    pub(crate) fn give_back(&self) -> rusqlite::Result<()> {
        while !self.has_failed() {
            let connection = lock(&self.connection);
            let free: i64 = connection.query_row(FREE_PAGES, [], |row| row.get(0))?;
            if free == 0 {
                // Earlier writes are in the log next to the file until it is copied.
                return connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            }
            let mut statement = connection.prepare_cached(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
            let mut freed = statement.query([])?;
            // Each step frees one page.
            while freed.next()?.is_some() {}
            let left: i64 = connection.query_row(FREE_PAGES, [], |row| row.get(0))?;
            if left >= free {
                break;
            }
        }
        Ok(())
    }
}

/// When an item expires, in seconds since 1970, as the database keeps it.
const EXPIRES_AT: &str = "CAST(item_json ->> '$.expires_at.N' AS INTEGER)";

/// How many expired items are looked for at a time.
const ITEMS: usize = 100;

const FREE_PAGES: &str = "PRAGMA freelist_count";

/// How many pages are given back at a time: writes to the table wait for it.
const PAGES: i64 = 256;

fn slowest(positions: &[i64]) -> i64 {
    positions.iter().copied().min().unwrap_or_default()
}

/// Locked data stays consistent if its holder panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
