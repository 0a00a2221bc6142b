//! Waiting between two tries of a request.

use async_trait::async_trait;
use std::fmt;
use std::time::Duration;

/// Lets time pass between two tries; tests do not wait.
#[async_trait]
pub trait Pause: Send + Sync + fmt::Debug {
    /// Ends after this long.
    async fn pause(&self, duration: Duration);
}

/// Really waits.
#[derive(Debug)]
pub(crate) struct SystemPause;

#[async_trait]
impl Pause for SystemPause {
    async fn pause(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
