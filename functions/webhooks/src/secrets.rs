//! The signing secrets: one bundle in Secrets Manager, a JSON object that maps names in webhook paths to secrets.

use crate::senders;
use runtime::{SecretError, Secrets};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use tokio::sync::Mutex;

/// The secrets that deliveries are signed with. `Debug` output does not contain them.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct SigningSecrets(BTreeMap<String, Entry>);

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Entry {
    Secret(SecretString),
    Absent(()),
    Other(IgnoredAny),
}

impl SigningSecrets {
    /// Reads a bundle; `None` if it is not a JSON object, or a sender's value is not a string.
    fn read(text: &str) -> Option<Self> {
        // The parser's own error could quote a secret, so it is not passed on.
        let secrets: Self = serde_json::from_str(text).ok()?;
        let is_wrong = |(name, entry): (&String, &Entry)| {
            matches!(entry, Entry::Other(_)) && senders::find(name).is_some()
        };
        (!secrets.0.iter().any(is_wrong)).then_some(secrets)
    }

    /// The secret for the name in a path. An empty one does not count, because anyone could sign with it.
    pub(crate) fn of(&self, name: &str) -> Option<&SecretString> {
        match self.0.get(name)? {
            Entry::Secret(secret) if !secret.expose_secret().is_empty() => Some(secret),
            _ => None,
        }
    }
}

/// Why the secrets are not available.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SigningError {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("the secret `{name}` is not a JSON object of texts; accepted: {}", senders::signing_form())]
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

    /// The secrets with this name, at most five minutes old.
    pub(crate) async fn current(&self, name: &str) -> Result<SigningSecrets, SigningError> {
        let text = self.secrets.get(name).await?;
        let mut last = self.last.lock().await;
        match (parse(name, &text), &*last) {
            (Ok(secrets), _) => {
                *last = Some((name.to_owned(), secrets.clone()));
                Ok(secrets)
            }
            (Err(error), Some((known, secrets))) if known == name => {
                tracing::warn!(%error, "the signing secrets are not usable; the previous ones stay in use");
                Ok(secrets.clone())
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Fresh secrets after a failed signature, which can mean a rotated secret or a forged delivery; `None` if they were read less
    /// than ten seconds ago or are not readable.
    pub(crate) async fn after_failure(&self, name: &str) -> Option<SigningSecrets> {
        let text = self.secrets.read_again(name).await?;
        parse(name, &text)
            .inspect_err(|error| tracing::warn!(%error, "the signing secrets are not usable"))
            .ok()
    }
}

fn parse(name: &str, text: &SecretString) -> Result<SigningSecrets, SigningError> {
    let malformed = || SigningError::Malformed { name: name.to_owned() };
    SigningSecrets::read(text.expose_secret()).ok_or_else(malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_holds_a_text_for_each_name() {
        let sender = senders::ALL[0].name();
        let bundle = |entry: &str| format!(r#"{{"{sender}": {entry}, "other": "b", "note": 1, "none": ""}}"#);
        let read = SigningSecrets::read(&bundle("\"a1b2\"")).unwrap();
        assert_eq!(read.of(sender).unwrap().expose_secret(), "a1b2");
        assert_eq!(read.of("other").unwrap().expose_secret(), "b");
        for absent in ["none", "note", "unknown"] {
            assert!(read.of(absent).is_none(), "{absent}");
        }
        assert!(SigningSecrets::read(&bundle("null")).unwrap().of(sender).is_none());
        assert!(SigningSecrets::read(&bundle("1")).is_none());
        assert!(SigningSecrets::read("[]").is_none());
        assert!(!format!("{read:?}").contains("a1b2"));
        assert!(senders::signing_form().starts_with(&format!("{{\"{sender}\": …")));
    }
}
