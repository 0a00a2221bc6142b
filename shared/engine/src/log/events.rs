//! The entries of executions.

use rusqlite::{Connection, params};

use super::{Log, LogError, Progress, progress};
use crate::execution::Event;

/// A part of a history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    /// Only entries after this id (before it, in reverse order); `None` begins at the start.
    pub(crate) after: Option<u64>,
    pub(crate) limit: usize,
    pub(crate) reverse: bool,
}

/// Entries as they are written: their ids and their JSON. Making and reading the JSON is left to the callers' tasks, since
/// all of them share the log's one thread.
pub(super) type Encoded = Vec<(u64, String)>;

pub(super) fn encode(events: &[Event]) -> Result<Encoded, LogError> {
    events.iter().map(|event| Ok((event.id, serde_json::to_string(event)?))).collect()
}

fn decode(bodies: Vec<String>) -> Result<Vec<Event>, LogError> {
    bodies.iter().map(|body| Ok(serde_json::from_str(body)?)).collect()
}

/// Writes `entries` as those from number `first` on.
pub(super) fn insert(
    connection: &Connection,
    execution: i64,
    first: usize,
    entries: &Encoded,
) -> Result<(), LogError> {
    let mut statement = connection
        .prepare_cached("INSERT INTO events (execution, sequence, id, body) VALUES (?1, ?2, ?3, ?4)")?;
    for (offset, (id, body)) in entries.iter().enumerate() {
        statement.execute(params![execution, (first + offset) as i64, id.cast_signed(), body])?;
    }
    Ok(())
}

impl Log {
    /// Adds `events` to an execution that has `length` entries so far, and records its state after them.
    pub(crate) async fn append(
        &self,
        execution: i64,
        length: usize,
        events: &[Event],
        progress: Progress,
    ) -> Result<(), LogError> {
        let entries = encode(events)?;
        self.run(move |connection| {
            insert(connection, execution, length, &entries)?;
            progress::record(connection, execution, &progress)
        })
        .await
    }

    /// All entries of an execution, private ones too.
    pub(crate) async fn entries(&self, execution: i64) -> Result<Vec<Event>, LogError> {
        let bodies = self.run(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT body FROM events WHERE execution = ?1 ORDER BY sequence")?;
            let bodies = statement.query_map([execution], |row| row.get::<_, String>(0))?;
            Ok(bodies.collect::<Result<_, _>>()?)
        });
        decode(bodies.await?)
    }

    /// A page of an execution's public history.
    pub(crate) async fn history(&self, execution: i64, page: Page) -> Result<Vec<Event>, LogError> {
        let bodies = self.run(move |connection| {
            let (comparison, order, start) =
                if page.reverse { ("<", "DESC", i64::MAX) } else { (">", "ASC", 0) };
            let mut statement = connection.prepare_cached(&format!(
                "SELECT body FROM events WHERE execution = ?1 AND id > 0 AND id {comparison} ?2 \
                 ORDER BY id {order} LIMIT ?3"
            ))?;
            let after = page.after.map_or(start, |after| after as i64);
            let bodies = statement
                .query_map(params![execution, after, page.limit as i64], |row| row.get::<_, String>(0))?;
            Ok(bodies.collect::<Result<_, _>>()?)
        });
        decode(bodies.await?)
    }
}
