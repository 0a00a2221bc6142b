//! Secrets from Secrets Manager, read when first needed and reread so that rotated ones take effect.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use domain::configuration::secret_id;
use domain::{ActionError, Clock};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// How long a secret is used before it is reread.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// The minimum time between rereads of a secret that does not work: it may have been rotated, or someone may be guessing.
const REREAD: SignedDuration = SignedDuration::from_secs(10);

/// How often everything that was read in this process was declared old.
static CHANGES: AtomicU64 = AtomicU64::new(0);

/// Has every reader in this process read its secrets again before their next use, because one has changed: for the owner of the secrets
/// in the process that uses them.
pub fn secrets_changed() {
    CHANGES.fetch_add(1, Ordering::AcqRel);
}

/// Reads secrets by their names in the configuration. A name may end with `#` and an entry, `ticketsmith/work#jira`: the whole
/// secret is read and returned, and several entries of one secret are read once.
#[derive(Debug)]
pub struct Secrets {
    client: Client,
    clock: Arc<dyn Clock>,
    keeps_last: bool,
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Debug)]
struct Known {
    read_at: Timestamp,
    /// The count of [`secrets_changed`] before it was read.
    changes: u64,
    value: Option<SecretString>,
}

/// Why a secret is not available. Messages never contain a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It does not exist, or is being deleted.
    #[error(
        "the secret `{0}`, which the configuration names, does not exist; set it with `ticketsmith secrets set`"
    )]
    Missing(String),
    /// The caller's role does not allow reading it.
    #[error("the secret `{0}`, which the configuration names, is not readable by this function")]
    Denied(String),
    /// It is binary.
    #[error("the secret `{0}` is not text; accepted: JSON")]
    NotText(String),
    /// Secrets Manager does not answer, or fails.
    #[error("the secret `{name}` could not be read: {cause}")]
    Unavailable {
        /// The secret.
        name: String,
        /// AWS's name of the error.
        cause: String,
    },
}

impl From<SecretError> for ActionError {
    fn from(error: SecretError) -> Self {
        let message = error.to_string();
        match error {
            SecretError::Missing(_) | SecretError::Denied(_) | SecretError::NotText(_) => {
                Self::rejected(message)
            }
            SecretError::Unavailable { .. } => Self::unavailable(message),
        }
    }
}

impl Known {
    fn within(&self, span: SignedDuration, now: Timestamp) -> bool {
        // A clock that was set back must not keep an old value until it is there again.
        now.duration_since(self.read_at).abs() < span && self.changes == CHANGES.load(Ordering::Acquire)
    }
}

impl Secrets {
    /// A new reader. The caller sets the client's timeouts.
    pub fn new(client: Client, clock: Arc<dyn Clock>) -> Self {
        Self { client, clock, keeps_last: false, known: Mutex::default() }
    }

    /// Keeps using the last value for another five minutes if the secret cannot be reread.
    #[must_use]
    pub fn keeping_last(mut self) -> Self {
        self.keeps_last = true;
        self
    }

    /// The secret with this name, read at most five minutes ago.
    ///
    /// # Errors
    /// [`SecretError`]; with [`Secrets::keeping_last`] only for a secret that was never read.
    pub async fn get(&self, name: &str) -> Result<SecretString, SecretError> {
        let (id, now) = (secret_id(name), self.clock.now());
        let mut known = self.known.lock().await;
        if let Some(Known { value: Some(value), .. }) = known.get(id).filter(|known| known.within(FRESH, now))
        {
            return Ok(value.clone());
        }
        let last = known.remove(id).and_then(|known| known.value).filter(|_| self.keeps_last);
        let changes = CHANGES.load(Ordering::Acquire);
        let value = match (self.read(name).await, last) {
            (Ok(value), _) => value,
            (Err(error), Some(last)) => {
                tracing::warn!(%error, "a secret could not be reread; its last value stays in use");
                last
            }
            (Err(error), None) => {
                known.insert(id.to_owned(), Known { read_at: now, changes, value: None });
                return Err(error);
            }
        };
        known.insert(id.to_owned(), Known { read_at: now, changes, value: Some(value.clone()) });
        Ok(value)
    }

    /// The secret, reread because its last value did not work; `None` if it was read less than ten seconds ago or cannot be read,
    /// which is logged.
    pub async fn read_again(&self, name: &str) -> Option<SecretString> {
        let (id, now) = (secret_id(name), self.clock.now());
        let mut known = self.known.lock().await;
        if known.get(id).is_some_and(|known| known.within(REREAD, now)) {
            return None;
        }
        let changes = CHANGES.load(Ordering::Acquire);
        let read = self.read(name).await;
        let read = read.inspect_err(|error| tracing::warn!(%error, "a secret could not be reread")).ok();
        let entry = known.entry(id.to_owned()).or_insert(Known { read_at: now, changes, value: None });
        (entry.read_at, entry.changes) = (now, changes);
        entry.value = read.clone().or_else(|| entry.value.take());
        read
    }

    async fn read(&self, name: &str) -> Result<SecretString, SecretError> {
        let owned = || name.to_owned();
        let answer = Box::pin(self.client.get_secret_value().secret_id(secret_id(name)).send()).await;
        // The whole error could contain the response, including the secret.
        let answer = answer.map_err(|error| match error.code() {
            Some("ResourceNotFoundException" | "InvalidRequestException") => SecretError::Missing(owned()),
            Some("AccessDeniedException") => SecretError::Denied(owned()),
            code => SecretError::Unavailable { name: owned(), cause: code.unwrap_or("timed out").to_owned() },
        })?;
        answer.secret_string.map(SecretString::from).ok_or_else(|| SecretError::NotText(owned()))
    }
}
