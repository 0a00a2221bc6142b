//! Credentials from Secrets Manager, read when first needed and kept for a while.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use domain::{ActionError, Clock};
use http_client::secret_id;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// How long a secret is used before it is read again, so that a rotated one arrives.
const KEPT: SignedDuration = SignedDuration::from_mins(5);

/// Reads secrets by their names in the configuration.
#[derive(Debug)]
pub(crate) struct Secrets {
    client: Client,
    clock: Arc<dyn Clock>,
    kept: Mutex<HashMap<String, (Timestamp, SecretString)>>,
}

impl Secrets {
    /// Reads nothing yet.
    pub(crate) fn new(client: Client, clock: Arc<dyn Clock>) -> Self {
        Self { client, clock, kept: Mutex::default() }
    }

    /// The secret of this name, at most five minutes old.
    ///
    /// # Errors
    /// `Rejected` when it does not exist, is no text, or may not be read; `Unavailable` when Secrets Manager does not answer.
    pub(crate) async fn get(&self, name: &str) -> Result<SecretString, ActionError> {
        let now = self.clock.now();
        let mut kept = self.kept.lock().await;
        if let Some((since, secret)) = kept.get(name)
            && now.duration_since(*since) < KEPT
        {
            return Ok(secret.clone());
        }
        let answer = self.client.get_secret_value().secret_id(secret_id(name)).send().await.map_err(|error| {
            match error.code() {
                Some(code @ ("ResourceNotFoundException" | "AccessDeniedException" | "InvalidRequestException")) => {
                    ActionError::rejected(format!(
                        "the secret `{name}`, which the configuration names, cannot be read ({code}); create it, or let this \
                         function read it"
                    ))
                }
                code => ActionError::unavailable(format!(
                    "the secret `{name}` could not be read: {}",
                    code.unwrap_or("no answer")
                )),
            }
        })?;
        let text = answer.secret_string.ok_or_else(|| {
            ActionError::rejected(format!("the secret `{name}` holds no text; accepted: JSON"))
        })?;
        let secret = SecretString::from(text);
        kept.insert(name.to_owned(), (now, secret.clone()));
        Ok(secret)
    }
}
