//! The keys that sign sessions, read from their secret.

use crate::problem::{Code, Problem};
use identity::{SECRET, SessionKeys};
use runtime::Secrets;
use secrecy::ExposeSecret;

/// Reads the keys.
#[derive(Debug)]
pub(crate) struct Keys {
    secrets: Secrets,
}

impl Keys {
    /// Reads them with this reader of secrets.
    pub(crate) fn new(secrets: Secrets) -> Self {
        Self { secrets: secrets.keeping_last() }
    }

    /// The keys, at most five minutes old.
    ///
    /// # Errors
    /// Unavailable where there are none, or they cannot be read.
    pub(crate) async fn current(&self) -> Result<SessionKeys, Problem> {
        let unavailable = |detail: &str| Problem::new(Code::Unavailable, detail);
        let secret = self.secrets.get(SECRET).await.map_err(|error| {
            tracing::warn!(%error, "the keys of sessions could not be read");
            unavailable("nobody can sign in now: the keys of sessions cannot be read")
        })?;
        match SessionKeys::of_secret(secret.expose_secret()) {
            Ok(Some(keys)) => Ok(keys),
            Ok(None) => Err(unavailable("nobody can sign in: the installation has no keys of sessions yet")),
            Err(error) => {
                tracing::error!(%error, "the keys of sessions cannot be used");
                Err(unavailable("nobody can sign in now: the keys of sessions cannot be used"))
            }
        }
    }

    /// The keys read anew, because a session names another one; `None` where that was done moments ago.
    pub(crate) async fn again(&self) -> Option<SessionKeys> {
        let secret = self.secrets.read_again(SECRET).await?;
        SessionKeys::of_secret(secret.expose_secret()).ok().flatten()
    }
}
