//! Removal of old data in a long-running `serve`: expired records, which DynamoDB removes itself in an account, and executions that ended
//! long ago, which Step Functions forgets. Free space is returned to the file system.

use super::stream_records::StreamRecords;
use super::table_file::TableFile;
use crate::exit::{Exit, Outcome};
use engine::Engine;
use jiff::{SignedDuration, Timestamp};
use records::Table;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// When the first look is, so that a start is not slower for it.
const FIRST: Duration = Duration::from_secs(10 * 60);

/// How often to look. Requests go first.
const EVERY: Duration = Duration::from_secs(6 * 60 * 60);

/// How long executions that ended are kept, as by the engine.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

/// What needs housekeeping.
pub(crate) struct House {
    /// The table's file.
    pub(crate) file: TableFile,
    /// Its second connection.
    pub(crate) records: Arc<StreamRecords>,
    /// The table.
    pub(crate) table: Table,
    /// The engine.
    pub(crate) engine: Engine,
    /// How long executions that ended are kept in the table.
    pub(crate) kept: SignedDuration,
}

impl House {
    /// Cleans from time to time.
    pub(crate) async fn keep(self) {
        let mut times = tokio::time::interval_at(Instant::now() + FIRST, EVERY);
        loop {
            times.tick().await;
            if let Err(error) = self.clean(Timestamp::now()).await {
                tracing::error!(%error, "old data was not removed; this is retried later");
            }
        }
    }

    /// Removes data that is too old at this time.
    ///
    /// # Errors
    /// If the table or the engine fails; earlier removals are kept.
    pub(crate) async fn clean(&self, now: Timestamp) -> Outcome {
        let executions = self.table.forget_ended_before(now - self.kept).await.map_err(Exit::unreachable)?;
        let records = self.remove_expired(now.as_second()).await?;
        let forgotten = self.engine.forget_old().await.map_err(Exit::unreachable)?;
        let stream = Arc::clone(&self.records);
        let shrunk = tokio::task::spawn_blocking(move || stream.give_back()).await;
        shrunk.map_err(Exit::unreachable)?.map_err(Exit::unreachable)?;
        tracing::info!(executions, records, forgotten, "removed old data");
        Ok(())
    }

    /// Removes expired records in batches, and returns their number.
    async fn remove_expired(&self, before: i64) -> Outcome<usize> {
        let mut count = 0;
        loop {
            let (file, records, table) =
                (self.file.clone(), Arc::clone(&self.records), self.table.name().to_owned());
            let removed = tokio::task::spawn_blocking(move || {
                let expired = records.expired(before).map_err(Exit::unreachable)?;
                for (pk, sk) in &expired {
                    file.remove_expired(&table, (pk, sk), before)
                        .map_err(|error| Exit::unreachable(error.body))?;
                }
                Ok(expired.len())
            });
            match removed.await.map_err(Exit::unreachable)?? {
                0 => return Ok(count),
                some => count += some,
            }
        }
    }
}
