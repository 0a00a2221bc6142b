//! Invokes functions on their own sources, as DynamoDB Streams, EventBridge and EventBridge Scheduler do in an account.

use super::functions::Connected;
use super::stream::StreamReader;
use super::stream_pages::Changed;
use super::stream_records::StreamRecords;
use super::table_file::TableFile;
use super::{asynchronous, functions, news, schedules};
use backon::{ExponentialBuilder, Retryable};
use domain::Clock;
use engine::Engine;
use records::{StreamedItems, Table};
use runtime::{Function, News, Source};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::task::JoinSet;

/// The inputs of the sources.
pub(crate) struct Sources<'a> {
    /// The table's file.
    pub(crate) file: &'a TableFile,
    /// The records of the table's stream.
    pub(crate) records: &'a Arc<StreamRecords>,
    /// The engine that runs executions.
    pub(crate) engine: &'a Engine,
    /// The table, for the routes with their schedules.
    pub(crate) table: &'a Table,
    /// The time of day.
    pub(crate) clock: &'a Arc<dyn Clock>,
    /// What notifies sockets.
    pub(crate) news: &'a News,
}

/// How many status changes are handled at once, with those that are handled again in a minute or two. The others wait in the engine, which
/// forgets the oldest of thousands; the sweeper finds what they would have said.
const MOST_CHANGES: usize = 256;

/// How long a reader of the stream waits after the table failed.
const PAUSE: Duration = Duration::from_secs(5);

impl Sources<'_> {
    /// Starts the tasks that invoke functions, one for each source. HTTP requests and steps have their own listeners.
    pub(crate) fn start(&self, tasks: &mut JoinSet<()>, connected: &[Connected]) {
        let mut readers = 0;
        for (connected, source) in
            connected.iter().flat_map(|one| one.spec.sources.iter().map(move |source| (one, source)))
        {
            let function = Arc::clone(&connected.function);
            match source {
                Source::TableStream { items, collected_seconds } => {
                    let reader =
                        self.reader(readers).collecting(Duration::from_secs(u64::from(*collected_seconds)));
                    readers += 1;
                    tasks.spawn(follow_stream(reader, items, function));
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
                // What opens a socket here is a request of the API.
                Source::Http { .. } | Source::Api { .. } | Source::Sockets | Source::Steps => {}
            }
        }
        tasks.spawn(news::tell(self.reader(readers), self.news.clone()));
    }

    fn reader(&self, number: usize) -> StreamReader {
        StreamReader::from_oldest(self.file.written(), Arc::clone(self.records), number)
    }
}

/// How many readers the table's stream has: the functions' sources, and the one for sockets.
pub(crate) fn stream_readers(functions: &[Connected]) -> usize {
    let sources = functions.iter().flat_map(|function| function.spec.sources);
    sources.filter(|source| matches!(source, Source::TableStream { .. })).count() + 1
}

async fn follow_stream(
    mut reader: StreamReader,
    items: &'static [StreamedItems],
    function: Arc<dyn Function>,
) {
    loop {
        let page = match reader.next().await {
            Ok(page) => page,
            Err(error) => {
                tracing::error!(%error, retry_in_seconds = PAUSE.as_secs(), "the table's stream cannot be read");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let wanted = page.changed.iter().filter(|changed| is_among(changed, items));
        let records: Vec<Value> = wanted.map(record).collect();
        if records.is_empty() {
            continue;
        }
        let batch = json!({ "Records": records });
        // As in Lambda, a batch is retried for a while. The sweeper finds the contents of dropped ones.
        let handed = (|| functions::invoke(&*function, batch.clone()))
            .retry(ExponentialBuilder::default().with_jitter());
        if let Err(error) = handed.await {
            tracing::warn!(%error, "changes of records were not handled; the sweeper finds them");
        }
    }
}

/// Whether the item that changed is one of these.
fn is_among(changed: &Changed, items: &[StreamedItems]) -> bool {
    items.iter().any(|items| items.include(&changed.pk, &changed.sk))
}

/// A change as Lambda tells it, with what functions read of it.
fn record(changed: &Changed) -> Value {
    json!({ "dynamodb": { "Keys": { "pk": { "S": changed.pk }, "sk": { "S": changed.sk } } } })
}

async fn follow_status(mut changes: Receiver<engine::StatusChange>, function: Arc<dyn Function>) {
    let mut handled = JoinSet::new();
    loop {
        while handled.len() >= MOST_CHANGES {
            let _ended = handled.join_next().await;
        }
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
        if let Err(error) = functions::invoke(&*function, document.clone()).await {
            tracing::warn!(%error, "an every-minute invocation failed; the next one is in a minute");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::functions::tests::Held;
    use super::*;
    use tokio::sync::{Notify, broadcast, mpsc};

    #[tokio::test]
    async fn a_bounded_number_of_status_changes_is_handled_at_once_and_none_is_lost() {
        const MORE: usize = 3;
        let (sender, changes) = broadcast::channel(2 * MOST_CHANGES);
        for number in 0..MOST_CHANGES + MORE {
            let (execution_arn, status) = (number.to_string(), "RUNNING".to_owned());
            sender.send(engine::StatusChange { execution_arn, status, document: json!(number) }).unwrap();
        }
        let (begun, mut begins) = mpsc::unbounded_channel();
        let allowed = Arc::new(Notify::new());
        let following =
            tokio::spawn(follow_status(changes, Arc::new(Held { begun, allowed: Arc::clone(&allowed) })));
        for _ in 0..MOST_CHANGES {
            begins.recv().await.unwrap();
        }
        for _ in 0..MORE {
            for _ in 0..10 * MOST_CHANGES {
                tokio::task::yield_now().await;
            }
            assert!(begins.try_recv().is_err(), "more than {MOST_CHANGES} are handled at once");
            allowed.notify_one();
            begins.recv().await.unwrap();
        }
        following.abort();
    }

    #[test]
    fn only_changes_of_wanted_items_are_handed_over() {
        let changed = |pk: &str, sk: &str| Changed { pk: pk.to_owned(), sk: sk.to_owned() };
        assert!(is_among(&changed("EXECUTION#a", "STEP#b"), records::PROGRESS));
        assert!(!is_among(&changed("EXECUTIONS#a", "STEP#b"), records::PROGRESS));
        assert!(!is_among(&changed("EXECUTION#a", "PROGRESS"), records::PROGRESS));
        assert!(!is_among(&changed("EXECUTION#a", "STEP#b"), records::DECISIONS));
        assert!(!is_among(&changed("", ""), records::DECISIONS));
    }
}
