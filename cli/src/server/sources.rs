//! Invokes functions on their own sources, as DynamoDB Streams, EventBridge and EventBridge Scheduler do in an account.

use super::dynamodb::Written;
use super::functions::Connected;
use super::stream::StreamReader;
use super::{asynchronous, schedules};
use backon::{ExponentialBuilder, Retryable};
use domain::Clock;
use dynoxide::Database;
use engine::Engine;
use records::{Partition, Table};
use runtime::{Function, Source};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::task::JoinSet;

/// What the sources are fed by.
pub(crate) struct Sources<'a> {
    /// The database of the table.
    pub(crate) database: &'a Database,
    /// Signals every write to it.
    pub(crate) written: &'a Written,
    /// The engine that runs executions.
    pub(crate) engine: &'a Engine,
    /// The table, for the routes with their schedules.
    pub(crate) table: &'a Table,
    /// The time of day.
    pub(crate) clock: &'a Arc<dyn Clock>,
}

impl Sources<'_> {
    /// Starts the tasks that invoke a function, one for each of its sources. Requests over HTTP and steps have listeners of their own.
    ///
    /// # Errors
    /// When the table has no stream.
    pub(crate) fn start(&self, tasks: &mut JoinSet<()>, connected: &Connected) -> dynoxide::Result<()> {
        for source in connected.spec.sources {
            let function = Arc::clone(&connected.function);
            match source {
                Source::TableStream(partitions) => {
                    let reader =
                        StreamReader::from_oldest(self.database.clone(), self.table.name(), self.written)?;
                    tasks.spawn(follow_stream(reader, partitions, function));
                }
                Source::StatusChanges => {
                    tasks.spawn(follow_status(self.engine.subscribe(), function));
                }
                Source::EveryMinute { document } => {
                    tasks.spawn(every_minute(document, function));
                }
                Source::Schedules => {
                    tasks.spawn(schedules::keep(function, self.table.clone(), Arc::clone(self.clock)));
                }
                Source::Http { .. } | Source::Steps => {}
            }
        }
        Ok(())
    }
}

async fn follow_stream(
    mut reader: StreamReader,
    partitions: &'static [Partition],
    function: Arc<dyn Function>,
) {
    loop {
        let records = match reader.next().await {
            Ok(records) => records,
            Err(error) => {
                tracing::error!(%error, "the table's stream cannot be read; feedback stops");
                return;
            }
        };
        let mut records = json!(records);
        if let Some(records) = records.as_array_mut() {
            records.retain(|record| is_in(record, partitions));
        }
        if records == json!([]) {
            continue;
        }
        let batch = json!({ "Records": records });
        // As Lambda does, a batch is retried for a while. The sweeper finds what was in one that is dropped.
        let handed = (|| function.invoke(batch.clone())).retry(ExponentialBuilder::default().with_jitter());
        if let Err(error) = handed.await {
            tracing::warn!(%error, "changes of records were not handled; the sweeper finds them");
        }
    }
}

/// Whether the item that changed is in one of these partitions.
fn is_in(record: &Value, partitions: &[Partition]) -> bool {
    let partition = record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap_or_default();
    let kind = partition.split_once('#').map_or(partition, |(kind, _)| kind);
    partitions.iter().any(|partition| partition.as_str() == kind)
}

async fn follow_status(mut changes: Receiver<engine::StatusChange>, function: Arc<dyn Function>) {
    let mut handled = JoinSet::new();
    loop {
        match changes.recv().await {
            Ok(change) => {
                let function = Arc::clone(&function);
                // Each invocation has its own task, as on Lambda: a slow service must not delay the others.
                handled.spawn(async move { asynchronous::invoke(&*function, change.document).await });
                while handled.try_join_next().is_some() {}
            }
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "status changes were missed; the sweeper finds them");
            }
            Err(RecvError::Closed) => return,
        }
    }
}

async fn every_minute(document: &'static str, function: Arc<dyn Function>) {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let mut tick = tokio::time::interval(Duration::from_secs(60));
    loop {
        tick.tick().await;
        if let Err(error) = function.invoke(document.clone()).await {
            tracing::warn!(%error, "an every-minute invocation failed; the next one is in a minute");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_of_wanted_partitions_are_handed_over() {
        let record = |pk: &str| json!({"dynamodb": {"Keys": {"pk": {"S": pk}, "sk": {"S": "X"}}}});
        let wanted = [Partition::Execution, Partition::Event];
        assert!(is_in(&record("EXECUTION#a"), &wanted));
        assert!(!is_in(&record("EXECUTIONS#a"), &wanted));
        assert!(!is_in(&record("TASK#SHOP-1"), &wanted));
        assert!(!is_in(&json!({}), &wanted));
    }
}
