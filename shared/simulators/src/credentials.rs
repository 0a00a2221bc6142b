//! What callers must show, and how the simulators compare it.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::error::WorldError;

/// The world's secrets by name, each a set of named fields: what a secret store would hold for the program under
/// simulation, and what the simulators demand of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Secrets(BTreeMap<String, BTreeMap<String, SecretString>>);

impl Secrets {
    /// One field of a named secret.
    ///
    /// # Errors
    /// [`WorldError::Invalid`] naming `section` if the world has no such secret or the secret has no such field.
    pub fn field(&self, section: &str, secret: &str, field: &str) -> Result<SecretString, WorldError> {
        let invalid = |problem: String| WorldError::Invalid { place: format!("{section}.secret"), problem };
        let fields = self.0.get(secret).ok_or_else(|| {
            let known = self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            invalid(format!("no secret `{secret}` under `secrets`; there are: {known}"))
        })?;
        fields
            .get(field)
            .cloned()
            .ok_or_else(|| invalid(format!("secret `{secret}` lacks the field `{field}`")))
    }

    /// All secrets by name, to be put into the secret store of the program under simulation.
    #[must_use]
    pub fn by_name(&self) -> &BTreeMap<String, BTreeMap<String, SecretString>> {
        &self.0
    }

    /// Every secret value, in plain text: the log must not show these.
    pub(crate) fn values(&self) -> impl Iterator<Item = String> + '_ {
        self.0
            .values()
            .flat_map(BTreeMap::iter)
            // Account names and IDs are not secrets, and a short one would remove half of the log.
            .filter(|(field, _)| !matches!(field.as_str(), "email" | "app_id" | "installation_id"))
            .map(|(_, value)| value.expose_secret().to_owned())
    }
}

/// Compares text with a secret in constant time.
#[must_use]
pub fn same(text: &str, secret: &SecretString) -> bool {
    text.as_bytes().ct_eq(secret.expose_secret().as_bytes()).into()
}

/// The token of an `Authorization: Bearer` header.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Whether an `Authorization: Basic` header carries this user and password
/// ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)).
#[must_use]
pub fn is_basic(headers: &HeaderMap, user: &str, password: &SecretString) -> bool {
    let decoded = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((given_user, given_password)) => given_user == user && same(given_password, password),
        None => false,
    }
}
