//! The management API of an account's gateway for sockets: sends to a connection, and closes it.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html>

use aws_account::Account;
use domain::{ActionError, Clock};
use http_client::{Auth, Client, Options};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// What signatures call the service.
const SERVICE: &str = "execute-api";

/// The gateway only forwards, so a request that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The largest message in bytes. The gateway takes 128 KB, but closes a socket over which more than this comes in one WebSocket frame:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>.
pub(crate) const LARGEST_MESSAGE: usize = 32 * 1024;

/// The open connections of a gateway.
#[derive(Debug)]
pub struct Connections(Client);

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The gateway took it.
    Taken,
    /// The connection has ended or is not established yet.
    Gone,
}

impl Connections {
    /// At this address, in this region. Nothing is connected yet.
    ///
    /// # Errors
    /// `Rejected` when the address is not `https`, or `http` on this machine.
    pub fn new(url: &str, region: &str, clock: Arc<dyn Clock>) -> Result<Self, ActionError> {
        let account = Account::new(SERVICE, region, url, Arc::clone(&clock));
        let options = Options::new()?.clock(clock).section("SOCKETS_URL");
        let client = Client::new("API Gateway", url, Auth::Signed(Arc::new(account)), &options)?;
        Ok(Self(client.default_timeout(TIMEOUT)))
    }

    /// Sends a message of at most [`LARGEST_MESSAGE`].
    ///
    /// # Errors
    /// If it is uncertain whether it was accepted, including when the reader no longer accepts frames.
    pub(crate) async fn send(&self, id: &str, message: &impl Serialize) -> Result<Sent, ActionError> {
        let request = self.0.post("/@connections/{connectionId}", &[id]).without_redirects().json(message);
        match request.send().await {
            Ok(_) => Ok(Sent::Taken),
            Err(failure) if failure.status == Some(410) => Ok(Sent::Gone),
            Err(failure) => Err(failure.error),
        }
    }

    /// Closes a connection, if it is open.
    ///
    /// # Errors
    /// When the gateway does not answer or refuses.
    pub(crate) async fn close(&self, id: &str) -> Result<(), ActionError> {
        match self.0.delete("/@connections/{connectionId}", &[id]).without_redirects().send().await {
            Ok(_) => Ok(()),
            Err(failure) if failure.status == Some(410) => Ok(()),
            Err(failure) => Err(failure.error),
        }
    }
}
