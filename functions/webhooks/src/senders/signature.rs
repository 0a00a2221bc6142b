//! Signatures of deliveries. A body cannot be read until its signature is verified: [`Unverified`] does not expose it, and
//! only [`super::SenderSpec::verify`] turns it into a [`Verified`].

use axum::body::Bytes;
use axum::http::HeaderMap;
use hmac::{KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// The raw bytes of a delivery from an unproven sender.
pub(crate) struct Unverified(Bytes);

/// The raw bytes of a delivery from a proven sender.
pub(crate) struct Verified(Bytes);

/// Why a delivery is not trusted. Never contains a signature, a secret or part of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    #[error("the header {0} is missing")]
    Missing(&'static str),
    #[error("the header {header} is not {expected}")]
    Malformed { header: &'static str, expected: &'static str },
    #[error("the timestamp in {0} is more than five minutes from now")]
    Stale(&'static str),
    #[error("{0} in the body is missing or more than a minute from now")]
    StaleBody(&'static str),
    #[error("the signature in {0} does not match the body")]
    Wrong(&'static str),
}

impl Unverified {
    pub(crate) fn new(body: Bytes) -> Self {
        Self(body)
    }

    /// Makes the bytes readable if `verify` proves their sender.
    pub(super) fn verified_by(
        &self,
        verify: impl FnOnce(&[u8]) -> Result<(), SignatureError>,
    ) -> Result<Verified, SignatureError> {
        verify(&self.0)?;
        Ok(Verified(self.0.clone()))
    }
}

impl Verified {
    /// Deliveries that we fetched ourselves: the sender is proven by the connection, which we opened to the service with our own credentials.
    pub(crate) fn fetched(body: String) -> Self {
        Self(body.into())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Unverified {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Unverified({} bytes)", self.0.len())
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Verified({} bytes)", self.0.len())
    }
}

/// The text of a header that a signature needs.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, SignatureError> {
    headers
        .get(name)
        .ok_or(SignatureError::Missing(name))?
        .to_str()
        .map_err(|_| SignatureError::Malformed { header: name, expected: "printable ASCII" })
}

/// Compares a hex signature with the HMAC of the parts, in constant time. `None` if it is not hex or does not have the length of an HMAC.
pub(super) fn hmac_matches<M: Mac + KeyInit>(
    secret: &SecretString,
    parts: &[&[u8]],
    signature_hex: &str,
) -> Option<bool> {
    let signature = hex::decode(signature_hex).ok().filter(|bytes| bytes.len() == M::output_size())?;
    let mut mac = <M as KeyInit>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac.verify_slice(&signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_body_or_the_signature_is_printed() {
        let body = Unverified::new(Bytes::from_static(b"confidential"));
        assert_eq!(format!("{body:?}"), "Unverified(12 bytes)");
        assert!(!SignatureError::Wrong("x-hub-signature-256").to_string().contains("sha256="));
    }
}
