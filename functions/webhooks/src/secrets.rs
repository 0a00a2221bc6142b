//! The signing secrets: one bundle in Secrets Manager, `{"jira": …, "github": …, "slack": …}`.

use crate::signature::Sender;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::sync::Arc;
use tokio::sync::Mutex;

/// How long the secrets are used without asking again.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// A failed signature may mean that a secret was rotated, or that anybody is knocking: it is looked up at most this often.
const REREAD: SignedDuration = SignedDuration::from_secs(10);

/// The secrets that deliveries are signed with. What it prints holds none of them.
#[derive(Debug, Deserialize)]
pub(crate) struct SigningSecrets {
    jira: Option<SecretString>,
    github: Option<SecretString>,
    slack: Option<SecretString>,
}

impl SigningSecrets {
    /// The secret of a sender; an empty one is none, since everybody could sign with it.
    pub(crate) fn of(&self, sender: Sender) -> Option<&SecretString> {
        let secret = match sender {
            Sender::Jira => &self.jira,
            Sender::Github => &self.github,
            Sender::Slack => &self.slack,
        };
        secret.as_ref().filter(|secret| !secret.expose_secret().is_empty())
    }
}

/// Why the secrets cannot be had now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretsError {
    #[error("the secret `{name}` cannot be read: {cause}")]
    Unavailable { name: String, cause: String },
    #[error(
        "the secret `{name}` is not a JSON object of texts; accepted: {{\"jira\": …, \"github\": …, \"slack\": …}}"
    )]
    Malformed { name: String },
}

/// Reads the bundle and keeps it for five minutes.
#[derive(Debug)]
pub(crate) struct SecretsCache {
    client: Client,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    name: String,
    secrets: Option<Arc<SigningSecrets>>,
    asked_at: Option<Timestamp>,
}

impl SecretsCache {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, state: Mutex::default() }
    }

    /// The secrets under this name, read again when they are older than five minutes. While they cannot be read, those read last
    /// stay in use.
    pub(crate) async fn current(
        &self,
        name: &str,
        now: Timestamp,
    ) -> Result<Arc<SigningSecrets>, SecretsError> {
        let mut state = self.state.lock().await;
        let fresh = state.name == name && state.asked_within(FRESH, now);
        if let Some(secrets) = state.secrets.as_ref().filter(|_| fresh) {
            return Ok(secrets.clone());
        }
        match self.read(name, now, &mut state).await {
            Ok(secrets) => Ok(secrets),
            Err(error) => match state.secrets.as_ref().filter(|_| state.name == name) {
                Some(secrets) => {
                    tracing::warn!(%error, "the signing secrets could not be read again; the last ones stay in use");
                    Ok(secrets.clone())
                }
                None => Err(error),
            },
        }
    }

    /// The secrets read anew after a failed signature; `None` when they were read less than ten seconds ago or cannot be read.
    pub(crate) async fn after_failure(&self, name: &str, now: Timestamp) -> Option<Arc<SigningSecrets>> {
        let mut state = self.state.lock().await;
        if state.asked_within(REREAD, now) {
            return None;
        }
        self.read(name, now, &mut state)
            .await
            .inspect_err(|error| tracing::warn!(%error, "the signing secrets could not be read again"))
            .ok()
    }

    async fn read(
        &self,
        name: &str,
        now: Timestamp,
        state: &mut State,
    ) -> Result<Arc<SigningSecrets>, SecretsError> {
        state.asked_at = Some(now);
        let answer = self.client.get_secret_value().secret_id(name).send().await.map_err(|error| {
            SecretsError::Unavailable {
                name: name.to_owned(),
                // The whole error could hold the answer, and with it the secret.
                cause: error.message().unwrap_or("no answer in time").to_owned(),
            }
        })?;
        // The parser's own error could quote a secret, so it is not passed on.
        let secrets: SigningSecrets = answer
            .secret_string()
            .and_then(|text| serde_json::from_str(text).ok())
            .ok_or_else(|| SecretsError::Malformed { name: name.to_owned() })?;
        let secrets = Arc::new(secrets);
        state.secrets = Some(secrets.clone());
        state.name = name.to_owned();
        Ok(secrets)
    }
}

impl State {
    fn asked_within(&self, span: SignedDuration, now: Timestamp) -> bool {
        self.asked_at.is_some_and(|asked| now.duration_since(asked) < span)
    }
}
