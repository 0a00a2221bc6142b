//! Reads the table's stream from the embedded DynamoDB's file, through a connection of its own.
//!
//! Readers need only the keys of the items that changed. The database's own operation builds every field of every record, for each reader
//! anew and on a connection that functions read with, which took most of the time that a backlog did.

use rusqlite::{Connection, params};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

/// How many records to read at a time. Most belong to different items, and several of one item are one change.
const RECORDS: usize = 1000;

/// How many full pages are kept for the other readers. Those that are further behind read again.
const KEPT: usize = 8;

/// Numbers are compared in the expression of the index, or the query does not use it.
pub(super) const READ: &str = "SELECT CAST(sequence_number AS INTEGER), keys_json ->> '$.pk.S', keys_json ->> '$.sk.S' \
                               FROM _stream_records WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) > ?2 \
                               ORDER BY CAST(sequence_number AS INTEGER) LIMIT ?3";

/// The keys of an item that changed; empty if the table has no such key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Changed {
    /// The partition key.
    pub(crate) pk: String,
    /// The sort key.
    pub(crate) sk: String,
}

/// Consecutive records of the stream.
#[derive(Debug)]
pub(crate) struct Page {
    /// The number after which it begins.
    after: i64,
    /// The number of its last record.
    pub(crate) last: i64,
    /// What changed, oldest first.
    pub(crate) changed: Vec<Changed>,
}

/// The stream of one table, in pages.
pub(crate) struct StreamPages {
    connection: Connection,
    table: String,
    kept: VecDeque<Arc<Page>>,
}

impl StreamPages {
    /// Opens the file, which has the index of the numbers.
    ///
    /// # Errors
    /// When SQLite cannot open the file.
    pub(crate) fn open(file: &Path, table: &str) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        Ok(Self { connection, table: table.to_owned(), kept: VecDeque::new() })
    }

    /// The first records with higher numbers than this; none if there are none. Blocks.
    ///
    /// # Errors
    /// When SQLite cannot read.
    pub(crate) fn after(&mut self, number: i64) -> rusqlite::Result<Arc<Page>> {
        if let Some(page) = self.kept.iter().find(|page| page.after == number) {
            return Ok(Arc::clone(page));
        }
        let page = Arc::new(self.read(number)?);
        // Numbers only rise, so nothing joins a full page anymore.
        if page.changed.len() == RECORDS {
            self.kept.truncate(KEPT - 1);
            self.kept.push_front(Arc::clone(&page));
        }
        Ok(page)
    }

    fn read(&self, after: i64) -> rusqlite::Result<Page> {
        let mut page = Page { after, last: after, changed: Vec::new() };
        let mut statement = self.connection.prepare_cached(READ)?;
        let mut rows = statement.query(params![self.table, after, RECORDS])?;
        while let Some(row) = rows.next()? {
            page.last = row.get(0)?;
            let key = |column: usize| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
            page.changed.push(Changed { pk: key(1)?, sk: key(2)? });
        }
        Ok(page)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use dynoxide::Database;

    const TABLE: &str = "ticketsmith";

    /// Adds records of the items `TASK#<number>` to the stream of a table.
    pub(crate) fn add_records(file: &Path, table: &str, numbers: std::ops::Range<i64>) {
        let connection = Connection::open(file).unwrap();
        connection
            .execute(
                "WITH RECURSIVE numbers(number) AS (SELECT ?2 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?3)
                 INSERT INTO _stream_records (table_name, event_name, keys_json, sequence_number, shard_id, created_at)
                 SELECT ?1, 'MODIFY', '{\"sk\":{\"S\":\"a \\\"task\\\"\"},\"pk\":{\"S\":\"TASK#' || number || '\"}}', number, 's', 0
                 FROM numbers",
                params![table, numbers.start, numbers.end - 1],
            )
            .unwrap();
    }

    /// The keys of those items.
    pub(crate) fn changed(numbers: std::ops::Range<i64>) -> Vec<Changed> {
        numbers.map(|number| Changed { pk: format!("TASK#{number}"), sk: "a \"task\"".to_owned() }).collect()
    }

    fn pages(folder: &Path) -> (std::path::PathBuf, StreamPages) {
        let file = folder.join("table.db");
        drop(Database::new(file.to_str().unwrap()).unwrap());
        let pages = StreamPages::open(&file, TABLE).unwrap();
        (file, pages)
    }

    #[test]
    fn full_pages_are_read_once_for_all_and_others_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (file, mut pages) = pages(folder.path());
        add_records(&file, TABLE, 1..1501);
        add_records(&file, "another", 1..10);
        let (first, second) = (pages.after(0).unwrap(), pages.after(1000).unwrap());
        assert_eq!((&first.changed, first.last), (&changed(1..1001), 1000));
        assert_eq!((&second.changed, second.last), (&changed(1001..1501), 1500));
        assert!(Arc::ptr_eq(&first, &pages.after(0).unwrap()));
        add_records(&file, TABLE, 1501..1502);
        assert_eq!(pages.after(1000).unwrap().changed, changed(1001..1502));
        let none = pages.after(1501).unwrap();
        assert!(none.changed.is_empty());
        assert_eq!(none.last, 1501);
    }

    #[test]
    fn few_pages_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (file, mut pages) = pages(folder.path());
        let full = i64::try_from(RECORDS).unwrap();
        let count = i64::try_from(KEPT).unwrap() + 1;
        add_records(&file, TABLE, 1..count * full + 1);
        let first = pages.after(0).unwrap();
        for page in 1..count {
            pages.after(page * full).unwrap();
        }
        assert_eq!(pages.kept.len(), KEPT);
        let again = pages.after(0).unwrap();
        assert!(!Arc::ptr_eq(&first, &again));
        assert_eq!(again.changed, first.changed);
    }
}
