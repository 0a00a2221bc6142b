//! Tells the API about executions with news, so that it can push them, with a separate reader of the table's stream, so that no
//! slow socket delays the functions.

use super::stream::StreamReader;
use records::execution_of_frame;
use runtime::News;
use std::time::Duration;

/// How many names a busy socket queues; beyond that, it looks at its execution again, or is closed if it follows a project.
const WAITING: usize = 1_024;

/// How long to wait after the table failed.
const PAUSE: Duration = Duration::from_secs(5);

/// The sender.
pub(crate) fn news() -> News {
    News::new(WAITING)
}

/// Forwards news from the stream for as long as there is one.
pub(crate) async fn tell(mut reader: StreamReader, news: News) {
    loop {
        match reader.next().await {
            Ok(page) => {
                for changed in &page.changed {
                    if let Some(execution) = execution_of_frame(&changed.pk, &changed.sk) {
                        news.tell(execution);
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
