//! Tells the API of executions in which something happened, so that it can push it: a reader of the table's stream of its own, so that no
//! slow socket delays what functions are told.

use super::stream::StreamReader;
use records::execution_of_frame;
use runtime::News;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;

/// How many names wait for a socket that is busy; beyond them, it looks at all that it follows.
const WAITING: usize = 1_024;

/// How long to wait after the table failed.
const PAUSE: Duration = Duration::from_secs(5);

/// Something to tell by.
pub(crate) fn news() -> News {
    broadcast::channel(WAITING).0
}

/// Tells what the stream says, for as long as there is one.
pub(crate) async fn tell(mut reader: StreamReader, news: News) {
    loop {
        match reader.next().await {
            Ok(records) => {
                let records = serde_json::json!(records);
                for record in records.as_array().into_iter().flatten() {
                    let keys = &record["dynamodb"]["Keys"];
                    let key = |name: &str| keys[name]["S"].as_str().unwrap_or_default();
                    if let Some(execution) = execution_of_frame(key("pk"), key("sk")) {
                        // Nobody may be listening.
                        let _unheard = news.send(Arc::from(execution));
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, retry_in_seconds = PAUSE.as_secs(), "the table's stream cannot be read for sockets");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
