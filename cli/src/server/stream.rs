//! The table's stream: reads every write, as Lambda does from DynamoDB Streams.

use super::dynamodb::Written;
use dynoxide::Database;
use dynoxide::actions::describe_stream::DescribeStreamRequest;
use dynoxide::actions::get_records::{GetRecordsRequest, Record};
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::actions::list_streams::ListStreamsRequest;
use tokio::sync::watch;

/// How many records are read at a time.
const BATCH: usize = 100;

/// Reads the stream.
pub(crate) struct StreamReader {
    database: Database,
    iterator: String,
    written: watch::Receiver<()>,
}

impl StreamReader {
    /// Starts at the oldest write that the stream still has, a day back at most: what was written just before a kill is told after it. What
    /// was told already changes nothing.
    ///
    /// # Errors
    /// When the table has no stream.
    pub(crate) fn from_oldest(database: Database, table: &str, written: &Written) -> dynoxide::Result<Self> {
        let missing = || dynoxide::DynoxideError::ResourceNotFoundException(format!("{table} has no stream"));
        let streams = database.list_streams(ListStreamsRequest {
            table_name: Some(table.to_owned()),
            ..ListStreamsRequest::default()
        })?;
        let stream_arn = streams.streams.first().ok_or_else(missing)?.stream_arn.clone();
        let description = database.describe_stream(DescribeStreamRequest {
            stream_arn: stream_arn.clone(),
            ..DescribeStreamRequest::default()
        })?;
        let shard = description.stream_description.shards.last().ok_or_else(missing)?;
        let iterator = database.get_shard_iterator(GetShardIteratorRequest {
            stream_arn,
            shard_id: shard.shard_id.clone(),
            shard_iterator_type: "TRIM_HORIZON".to_owned(),
            sequence_number: None,
        })?;
        let iterator = iterator.shard_iterator.ok_or_else(missing)?;
        Ok(Self { database, iterator, written: written.subscribe() })
    }

    /// The records written since the last call; waits for one when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn next(&mut self) -> dynoxide::Result<Vec<Record>> {
        loop {
            let database = self.database.clone();
            let request = GetRecordsRequest { shard_iterator: self.iterator.clone(), limit: Some(BATCH) };
            let answer = tokio::task::spawn_blocking(move || database.get_records(request)).await;
            let answer = answer
                .map_err(|error| dynoxide::DynoxideError::InternalServerError(error.to_string()))
                .and_then(|answer| answer)?;
            if let Some(next) = answer.next_shard_iterator {
                self.iterator = next;
            }
            if !answer.records.is_empty() {
                return Ok(answer.records);
            }
            if self.written.changed().await.is_err() {
                // Nothing can write anymore: `serve` is stopping, and ends this task.
                std::future::pending::<()>().await;
            }
        }
    }
}
