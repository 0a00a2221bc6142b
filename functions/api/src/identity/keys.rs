//! The keys that sign sessions, read from their secret.

use crate::problem::{Code, Problem};
use runtime::Secrets;
use secrecy::{ExposeSecret, SecretString};
use sign_in::SessionKeys;

/// Reads the keys.
#[derive(Debug)]
pub(crate) struct Keys {
    secrets: Secrets,
    name: String,
}

impl Keys {
    /// Reads them from the secret of this name.
    pub(crate) fn new(secrets: Secrets, name: String) -> Self {
        Self { secrets: secrets.keeping_last(), name }
    }

    /// The keys, at most five minutes old.
    ///
    /// # Errors
    /// Unavailable if there are none, or they cannot be read.
    pub(crate) async fn current(&self) -> Result<SessionKeys, Problem> {
        let unavailable = |detail: &str| Problem::new(Code::Unavailable, detail);
        let secret = self.secrets.get(&self.name).await.map_err(|error| {
            tracing::warn!(%error, "the keys of sessions could not be read");
            unavailable("nobody can sign in now, because the session keys cannot be read")
        })?;
        match SessionKeys::of_secret(secret.expose_secret()) {
            Ok(Some(keys)) => Ok(keys),
            Ok(None) => {
                Err(unavailable("nobody can sign in, because the installation has no session keys yet"))
            }
            Err(error) => {
                tracing::error!(%error, "the keys of sessions cannot be used");
                Err(unavailable("nobody can sign in now, because the session keys cannot be used"))
            }
        }
    }

    /// Our client secret at a sign-in provider.
    ///
    /// # Errors
    /// Unavailable if there is none, or it cannot be read.
    pub(crate) async fn client_secret(&self, way: &str) -> Result<SecretString, Problem> {
        let unavailable = || {
            Problem::new(
                Code::Unavailable,
                format!("{way} cannot sign anybody in: our client secret there is not set"),
            )
        };
        let secret = self.secrets.get(&self.name).await.map_err(|error| {
            tracing::warn!(%error, "the secret of signing in could not be read");
            unavailable()
        })?;
        let whole: serde_json::Value =
            serde_json::from_str(secret.expose_secret()).map_err(|_| unavailable())?;
        let found = whole.get(way).and_then(|entry| entry.get("client_secret")?.as_str());
        found.map(SecretString::from).ok_or_else(unavailable)
    }

    /// The keys, read again because a session names an unknown one; `None` if that was done moments ago.
    pub(crate) async fn again(&self) -> Option<SessionKeys> {
        let secret = self.secrets.read_again(&self.name).await?;
        SessionKeys::of_secret(secret.expose_secret()).ok().flatten()
    }
}
