//! The signing secrets: one bundle in Secrets Manager, a JSON object that maps names in webhook paths to secrets.

use crate::senders;
use runtime::{SecretError, Secrets};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::sync::Mutex;

/// The secrets that deliveries are signed with. `Debug` output does not contain them.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct SigningSecrets(BTreeMap<String, Entry>);

/// The most secrets of one sender: the current one, and another one during rotation. Each one costs a digest of the whole body.
const MOST: usize = 2;

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Entry {
    Secret(SecretString),
    /// While a secret is rotated: what either of them signs is accepted.
    Rotated(Vec<SecretString>),
    Absent(()),
    Other(IgnoredAny),
}

impl Entry {
    /// The secrets; empty ones do not count, because anyone could sign with them.
    fn secrets(&self) -> &[SecretString] {
        let secrets = match self {
            Self::Secret(secret) => std::slice::from_ref(secret),
            Self::Rotated(secrets) => secrets.as_slice(),
            Self::Absent(()) | Self::Other(_) => &[],
        };
        let is_usable = secrets.len() <= MOST && !secrets.iter().any(|one| one.expose_secret().is_empty());
        if is_usable { secrets } else { &[] }
    }
}

impl SigningSecrets {
    /// Reads a bundle; `None` if it is not a JSON object, or a sender's value is neither a text nor a list of at most two.
    fn read(text: &str) -> Option<Self> {
        // The parser's own error could quote a secret, so it is not passed on.
        let secrets: Self = serde_json::from_str(text).ok()?;
        let is_wrong = |(name, entry): (&String, &Entry)| {
            let is_none = matches!(entry, Entry::Other(_))
                || matches!(entry, Entry::Rotated(_) if entry.secrets().is_empty());
            is_none && senders::find(name).is_some()
        };
        (!secrets.0.iter().any(is_wrong)).then_some(secrets)
    }

    /// The secrets for the name in a path: none, one, or two while one is rotated.
    pub(crate) fn of(&self, name: &str) -> &[SecretString] {
        self.0.get(name).map(Entry::secrets).unwrap_or_default()
    }
}

/// Why a bundle of signing secrets does not let the senders at these endpoints in; `None` if it does. An endpoint is the name at the end of
/// a webhook's path. The message contains no secret.
pub fn signing_problem(bundle: &Value, endpoints: &[String]) -> Option<String> {
    let Some(entries) = bundle.as_object() else { return Some("it is not a JSON object".to_owned()) };
    let problems: Vec<_> = endpoints
        .iter()
        .filter_map(|name| {
            let Some(entry) = entries.get(name) else {
                return Some(format!("`{name}` is missing, so its deliveries are refused"));
            };
            signing_entry_problem(entry).map(|problem| format!("`{name}` {problem}"))
        })
        .collect();
    (!problems.is_empty()).then(|| problems.join("; "))
}

/// Why one entry of the bundle is not usable; `None` if it is. The message contains no secret.
pub fn signing_entry_problem(entry: &Value) -> Option<String> {
    let is_secret = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let is_usable = match entry {
        Value::Array(entries) => (1..=MOST).contains(&entries.len()) && entries.iter().all(is_secret),
        entry => is_secret(entry),
    };
    (!is_usable).then(|| "must be a text, or a list of at most two texts while one is rotated".to_owned())
}

/// Why the secrets are not available.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SigningError {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("the secret `{name}` is not a JSON object of texts; accepted: {}", senders::signing_form())]
    Malformed { name: String },
}

/// Reads the bundle. While it is unreadable or invalid, the last valid one stays in use.
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
    use serde_json::json;

    #[test]
    fn a_bundle_holds_a_text_for_each_name() {
        let sender = senders::ALL[0].name();
        let bundle = |entry: &str| format!(r#"{{"{sender}": {entry}, "other": "b", "note": 1, "none": ""}}"#);
        let read = SigningSecrets::read(&bundle("\"a1b2\"")).unwrap();
        assert_eq!(read.of(sender)[0].expose_secret(), "a1b2");
        assert_eq!(read.of("other")[0].expose_secret(), "b");
        for absent in ["none", "note", "unknown"] {
            assert!(read.of(absent).is_empty(), "{absent}");
        }
        assert!(SigningSecrets::read(&bundle("null")).unwrap().of(sender).is_empty());
        assert!(SigningSecrets::read(&bundle("1")).is_none());
        assert!(SigningSecrets::read("[]").is_none());
        assert!(!format!("{read:?}").contains("a1b2"));
        assert!(senders::signing_form().starts_with(&format!("{{\"{sender}\": …")));
    }

    #[test]
    fn two_secrets_count_while_one_is_rotated() {
        let sender = senders::ALL[0].name();
        let of = |entry: Value| {
            let bundle = json!({ sender: entry });
            let read = SigningSecrets::read(&bundle.to_string());
            let problem = signing_problem(&bundle, &[sender.to_owned()]);
            let count = read.map(|secrets| secrets.of(sender).len());
            assert_eq!(problem.is_none(), count.is_some_and(|count| count > 0), "{problem:?}");
            assert!(problem.is_none_or(|problem| !problem.contains("hunter2")));
            count
        };
        assert_eq!(of(json!("hunter2")), Some(1));
        assert_eq!(of(json!(["hunter2"])), Some(1));
        assert_eq!(of(json!(["hunter2", "hunter3"])), Some(2));
        for wrong in [json!([]), json!(["hunter2", ""]), json!(["hunter2", 1]), json!(["a", "b", "hunter2"])]
        {
            assert_eq!(of(wrong), None);
        }
        assert_eq!(of(json!("")), Some(0));
        let lacking = signing_problem(&json!({"other": "hunter2"}), &[sender.to_owned()]).unwrap();
        assert!(lacking.contains("is missing") && !lacking.contains("hunter2"), "{lacking}");
    }
}
