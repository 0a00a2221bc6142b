//! Fetching events from a service that cannot deliver them, because we have no public address.

use async_trait::async_trait;
use domain::{ActionError, RepositoryName};
use serde_json::Value;
use std::time::Duration;

/// Something that happened, in the form in which the service would have delivered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledDelivery {
    /// The headers that describe it, in lower case. None of them is a signature: we asked for it with our own credentials.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

/// The receiver of fetched deliveries.
#[async_trait]
pub trait Receiver: Send + Sync {
    /// Acts on a delivery, once, however often and whichever way it comes. Returns the response for the service, which need
    /// not reach the service. An invalid delivery is logged and counts as accepted.
    ///
    /// # Errors
    /// If it cannot be accepted now; it has to be handed over again.
    async fn receive(&self, delivery: PulledDelivery) -> Result<Value, ActionError>;

    /// How far something was fetched, as it was kept last.
    ///
    /// # Errors
    /// When the records do not answer.
    async fn place(&self, of: &str) -> Result<Option<Value>, ActionError>;

    /// Keeps how far it was fetched.
    ///
    /// # Errors
    /// When the records do not answer.
    async fn keep_place(&self, of: &str, place: Value) -> Result<(), ActionError>;
}

/// A service whose events can be fetched.
#[async_trait]
pub trait Pull: Send + Sync {
    /// Fetches events since the last time and hands them over in order, even if the last time was days ago; a service that
    /// keeps a connection hands over until that ends. `repositories` are those of the projects that use the service. Returns how long to
    /// wait before the next time.
    ///
    /// # Errors
    /// Those of the connection and of the receiver. Events that were not handed over come again the next time.
    async fn pull(&self, repositories: &[RepositoryName], to: &dyn Receiver)
    -> Result<Duration, ActionError>;
}
