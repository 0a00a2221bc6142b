//! The signing secrets: one bundle in Secrets Manager, `{"jira": …, "github": …, "slack": …}`.

use crate::signature::Sender;
use runtime::{SecretError, Secrets};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

/// The secrets that deliveries are signed with. What it prints holds none of them.
#[derive(Debug, Clone, Deserialize)]
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
pub(crate) enum SigningError {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(
        "the secret `{name}` is not a JSON object of texts; accepted: {{\"jira\": …, \"github\": …, \"slack\": …}}"
    )]
    Malformed { name: String },
}

/// Reads the bundle. While it cannot be read or makes no sense, the one read last stays in use.
#[derive(Debug)]
pub(crate) struct SigningReader {
    secrets: Secrets,
    last: Mutex<Option<(String, SigningSecrets)>>,
}

impl SigningReader {
    pub(crate) fn new(secrets: Secrets) -> Self {
        Self { secrets: secrets.keeping_last(), last: Mutex::default() }
    }

    /// The secrets under this name, at most five minutes old.
    pub(crate) async fn current(&self, name: &str) -> Result<SigningSecrets, SigningError> {
        let text = self.secrets.get(name).await?;
        let mut last = self.last.lock().await;
        match (parse(name, &text), &*last) {
            (Ok(secrets), _) => {
                *last = Some((name.to_owned(), secrets.clone()));
                Ok(secrets)
            }
            (Err(error), Some((known, secrets))) if known == name => {
                tracing::warn!(%error, "the signing secrets cannot be used; the last ones stay in use");
                Ok(secrets.clone())
            }
            (Err(error), _) => Err(error),
        }
    }

    /// The secrets read anew after a failed signature, which may mean that one was rotated, or that anybody is knocking; `None` when
    /// they were read less than ten seconds ago or cannot be read.
    pub(crate) async fn after_failure(&self, name: &str) -> Option<SigningSecrets> {
        let text = self.secrets.read_again(name).await?;
        parse(name, &text)
            .inspect_err(|error| tracing::warn!(%error, "the signing secrets cannot be used"))
            .ok()
    }
}

fn parse(name: &str, text: &SecretString) -> Result<SigningSecrets, SigningError> {
    // The parser's own error could quote a secret, so it is not passed on.
    serde_json::from_str(text.expose_secret()).map_err(|_| SigningError::Malformed { name: name.to_owned() })
}
