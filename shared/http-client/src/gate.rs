//! A hook that runs before every request.

use async_trait::async_trait;
use domain::ActionError;
use std::time::Duration;

/// How a provider responded to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// It answered, with success or a refusal.
    Answered,
    /// It answered, and its limit leaves no further request for this long.
    AnsweredLast(Duration),
    /// It asked for fewer requests, and for how long if it said so.
    AskedToWait(Option<Duration>),
    /// It could not be reached, gave no whole answer in time, or failed itself (408, 425, 5xx).
    Failed,
}

/// Decides whether a request may be sent now: what many functions know together of a provider.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Awaited before each request. An error is given to the caller instead of sending anything.
    async fn pass(&self) -> Result<(), ActionError>;

    /// Told how each request that was let through ended. It must not fail: the request's own outcome is on its way to the workflow.
    async fn ended(&self, reply: Reply);
}
