//! What stands before every request.

use async_trait::async_trait;
use domain::ActionError;
use std::time::Duration;

/// Decides whether a request may be sent now: a rate limit that many functions share.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Awaited before each request. An error is given to the caller instead of sending anything.
    async fn pass(&self) -> Result<(), ActionError>;

    /// Told when the provider asked for fewer requests, and for how long where it said so. It must not fail: the request's
    /// own error is on its way to the workflow.
    async fn throttled(&self, retry_after: Option<Duration>);
}
