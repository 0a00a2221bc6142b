//! Fetching what happens at a service where it cannot be delivered, because nothing of ours has a public address.

use async_trait::async_trait;
use domain::{ActionError, RepositoryName};
use serde_json::Value;
use std::time::Duration;

/// Something that happened, in the form in which the service would have delivered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledDelivery {
    /// The headers that say what it is, in small letters. None of them is a signature: we asked for it with our own credentials.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

/// Who takes what was fetched.
#[async_trait]
pub trait Receiver: Send + Sync {
    /// Acts on a delivery, once, however often it comes and by whatever road. Gives what the service is answered; nothing of it need
    /// reach the service. A delivery that makes no sense is logged and counts as taken.
    ///
    /// # Errors
    /// When it cannot be accepted now; it has to be handed over again.
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
    /// Fetches what happened since the last time and hands it over in its order, also when the last time was days ago; a service that
    /// keeps a connection hands over until that ends. `repositories` are those of the projects that use the service. Gives how long to
    /// wait before the next time.
    ///
    /// # Errors
    /// Those of the connection and of the receiver. What was not handed over comes the next time.
    async fn pull(&self, repositories: &[RepositoryName], to: &dyn Receiver)
    -> Result<Duration, ActionError>;
}
