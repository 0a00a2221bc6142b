//! The table's stream: reads every write, as Lambda does from DynamoDB Streams.

use super::dynamodb::Written;
use super::stream_pages::Page;
use super::stream_records::StreamRecords;
use dynoxide::{Database, DynoxideError};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How many records are handed over before they are removed, when more keep coming.
const REMOVED_AT_ONCE: usize = 500;

/// How long the stream must be quiet before processed records are removed.
const QUIET: Duration = Duration::from_secs(1);

/// How long to wait after a write at least: an execution's writes come in bursts, and reading after each one costs as much as the write.
const GATHERED: Duration = Duration::from_millis(20);

/// Changes a stream that was created with images to leave them out: nothing reads them.
///
/// # Errors
/// When the database fails.
pub(crate) fn leave_out_images(database: &Database, table: &str) -> dynoxide::Result<()> {
    let read = |error: serde_json::Error| DynoxideError::InternalServerError(error.to_string());
    let described =
        database.describe_table(serde_json::from_value(json!({ "TableName": table })).map_err(read)?)?;
    let described = serde_json::to_value(described).map_err(read)?;
    let keys_only = json!({ "StreamEnabled": true, "StreamViewType": "KEYS_ONLY" });
    if described["Table"]["StreamSpecification"] != keys_only {
        let request = json!({ "TableName": table, "StreamSpecification": keys_only });
        database.update_table(serde_json::from_value(request).map_err(read)?)?;
    }
    Ok(())
}

/// Reads the stream. Several readers read it independently.
pub(crate) struct StreamReader {
    written: watch::Receiver<()>,
    records: Arc<StreamRecords>,
    number: usize,
    /// The number of the last record that was handed over.
    position: i64,
    /// How many records were handed over and not removed.
    handed_over: usize,
    removed_at_once: usize,
    collected: Duration,
}

impl StreamReader {
    /// Starts at the oldest write that some reader has not processed. Repeated records change nothing. `number`
    /// is the reader's index among those that the records know.
    pub(crate) fn from_oldest(written: &Written, records: Arc<StreamRecords>, number: usize) -> Self {
        Self {
            written: written.subscribe(),
            records,
            number,
            position: 0,
            handed_over: 0,
            removed_at_once: REMOVED_AT_ONCE,
            collected: GATHERED,
        }
    }

    /// Lets so much time, at least 20 milliseconds, pass after a write before it is read, with those that follow it.
    pub(crate) fn collecting(self, collected: Duration) -> Self {
        Self { collected: collected.max(GATHERED), ..self }
    }

    /// What was written since the last call, which confirms the records of the previous call; waits for a write if there was
    /// none.
    ///
    /// # Errors
    /// A description of why the file cannot be read; the next call tries again.
    pub(crate) async fn next(&mut self) -> Result<Arc<Page>, String> {
        loop {
            if self.handed_over >= self.removed_at_once {
                self.remove().await;
            }
            let (records, position) = (Arc::clone(&self.records), self.position);
            let page = tokio::task::spawn_blocking(move || records.after(position)).await;
            let page = page.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
            if !page.changed.is_empty() {
                self.position = page.last;
                self.handed_over += page.changed.len();
                return Ok(page);
            }
            let quiet = if self.handed_over > 0 { QUIET } else { Duration::MAX };
            match tokio::time::timeout(quiet, self.written.changed()).await {
                Ok(Ok(())) => tokio::time::sleep(self.collected).await,
                // Nothing can write anymore: `serve` is stopping, and ends this task.
                Ok(Err(_)) => std::future::pending().await,
                Err(_) => self.remove().await,
            }
        }
    }

    async fn remove(&mut self) {
        self.handed_over = 0;
        let (records, number, position) = (Arc::clone(&self.records), self.number, self.position);
        let removed = tokio::task::spawn_blocking(move || records.handed_over(number, position)).await;
        match removed {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "records of the stream were not removed; the next removal does")
            }
            Err(error) => {
                tracing::warn!(%error, "records of the stream were not removed; the next removal does")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::dynamodb::perform;
    use super::super::stream_pages::READ;
    use super::super::stream_pages::tests::{add_records, changed};
    use super::*;
    use rusqlite::Connection;
    use std::path::Path;

    const TABLE: &str = "ticketsmith";

    /// A database in a file with a table, as `serve` of an earlier version made it.
    fn database(file: &Path) -> (Database, Written) {
        let (database, written) = (Database::new(file.to_str().unwrap()).unwrap(), Written::default());
        let request = json!({
            "TableName": TABLE,
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        });
        perform(&database, "CreateTable", request.to_string().as_bytes()).unwrap();
        written.signal();
        (database, written)
    }

    fn put(database: &Database, written: &Written, key: &str) {
        let request = json!({"TableName": TABLE, "Item": {"pk": {"S": key}, "text": {"S": "a long text"}}});
        perform(database, "PutItem", request.to_string().as_bytes()).unwrap();
        written.signal();
    }

    fn keys(page: &Page) -> Vec<&str> {
        page.changed.iter().map(|changed| &*changed.pk).collect()
    }

    fn count(file: &Path) -> usize {
        let connection = Connection::open(file).unwrap();
        connection.query_row("SELECT count(*) FROM _stream_records", [], |row| row.get(0)).unwrap()
    }

    #[tokio::test]
    async fn what_every_reader_handed_over_goes_and_the_next_start_begins_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("table.db");
        let (database, written) = database(&file);
        let records = Arc::new(StreamRecords::open(&file, TABLE, 2).unwrap());
        let reader = |number| {
            let reader = StreamReader::from_oldest(&written, Arc::clone(&records), number);
            StreamReader { removed_at_once: 1, ..reader }
        };
        let (mut first, mut second) = (reader(0), reader(1));
        for key in ["a", "b", "c"] {
            put(&database, &written, key);
        }
        assert_eq!(keys(&first.next().await.unwrap()), ["a", "b", "c"]);
        assert_eq!(keys(&second.next().await.unwrap()), ["a", "b", "c"]);
        put(&database, &written, "d");
        assert_eq!(keys(&first.next().await.unwrap()), ["d"]);
        assert_eq!(count(&file), 4, "the second reader has not said that it handed anything over");
        assert_eq!(keys(&second.next().await.unwrap()), ["d"]);
        // Asking for more says so. The last one stays: numbers go on from it.
        assert_eq!(count(&file), 2);
        assert_eq!(keys(&reader(0).next().await.unwrap()), ["c", "d"]);
    }

    #[tokio::test]
    async fn a_backlog_is_handed_over_once_in_order_and_a_restart_goes_on_with_what_was_not_confirmed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("table.db");
        let (_database, written) = database(&file);
        add_records(&file, TABLE, 1..3501);
        let readers = || {
            let records = Arc::new(StreamRecords::open(&file, TABLE, 2).unwrap());
            [0, 1].map(|number| StreamReader::from_oldest(&written, Arc::clone(&records), number))
        };
        for mut reader in readers() {
            for first in [1, 1001, 2001] {
                assert_eq!(reader.next().await.unwrap().changed, changed(first..first + 1000));
            }
        }
        // Both have confirmed two pages of the three. The last confirmed record stays.
        assert_eq!(count(&file), 1501);
        for mut reader in readers() {
            assert_eq!(reader.next().await.unwrap().changed, changed(2000..3000));
            assert_eq!(reader.next().await.unwrap().changed, changed(3000..3501));
        }
    }

    #[test]
    fn images_are_left_out_of_a_stream_that_had_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("table.db");
        let (database, written) = database(&file);
        leave_out_images(&database, TABLE).unwrap();
        put(&database, &written, "a");
        let connection = Connection::open(&file).unwrap();
        let with_images: usize = connection
            .query_row("SELECT count(*) FROM _stream_records WHERE new_image IS NOT NULL", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!((count(&file), with_images), (1, 0));
    }

    /// The queries that must not look through all records: the embedded database's for each write, and ours for each page.
    #[test]
    fn no_write_and_no_read_looks_through_all_records() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("table.db");
        let (database, written) = database(&file);
        StreamRecords::open(&file, TABLE, 1).unwrap();
        put(&database, &written, "a");
        let connection = Connection::open(&file).unwrap();
        let read = READ.replace("?2", "3").replace("?3", "100");
        for query in [
            "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = ?1",
            &*read,
        ] {
            let plan = format!("EXPLAIN QUERY PLAN {query}");
            let mut statement = connection.prepare(&plan).unwrap();
            let steps: Vec<String> =
                statement.query_map([TABLE], |row| row.get(3)).unwrap().collect::<Result<_, _>>().unwrap();
            let [step] = &*steps else { panic!("{steps:?}") };
            assert!(step.contains("ticketsmith_stream_numbers"), "{query}: {step}");
        }
    }
}
