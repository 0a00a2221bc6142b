//! Signatures of deliveries. A body cannot be read before its signature was checked: [`Unverified`] gives nothing away, and
//! only [`Unverified::verify`] makes a [`Verified`] of it.

mod github;
mod jira;
mod slack;

use axum::body::Bytes;
use axum::http::HeaderMap;
use hmac::{KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// Who signs deliveries that arrive over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    Jira,
    Github,
    Slack,
}

impl Sender {
    /// The sender that a path names, `None` for any other word.
    pub(crate) fn from_path(name: &str) -> Option<Self> {
        match name {
            "jira" => Some(Self::Jira),
            "github" => Some(Self::Github),
            "slack" => Some(Self::Slack),
            _ => None,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Jira => "jira",
            Self::Github => "github",
            Self::Slack => "slack",
        }
    }
}

/// The raw bytes of a delivery that anybody may have sent.
pub(crate) struct Unverified(Bytes);

/// The raw bytes of a delivery whose sender is proven.
pub(crate) struct Verified(Bytes);

/// Why a delivery is not believed. Never holds a signature, a secret or a part of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    #[error("the header {0} is missing")]
    Missing(&'static str),
    #[error("the header {header} is not {expected}")]
    Malformed { header: &'static str, expected: &'static str },
    #[error("the timestamp in {0} is more than five minutes away from now")]
    Stale(&'static str),
    #[error("the signature in {0} does not match the body")]
    Wrong(&'static str),
}

impl Unverified {
    pub(crate) fn new(body: Bytes) -> Self {
        Self(body)
    }

    /// Checks the sender's signature over the raw bytes in constant time, and the replay window where the sender defines one.
    pub(crate) fn verify(
        &self,
        sender: Sender,
        headers: &HeaderMap,
        secret: &SecretString,
        now: Timestamp,
    ) -> Result<Verified, SignatureError> {
        match sender {
            Sender::Jira => jira::verify(&self.0, headers, secret)?,
            Sender::Github => github::verify(&self.0, headers, secret)?,
            Sender::Slack => slack::verify(&self.0, headers, secret, now)?,
        }
        Ok(Verified(self.0.clone()))
    }
}

impl Verified {
    pub(crate) fn bytes(&self) -> &[u8] {
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

fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, SignatureError> {
    headers
        .get(name)
        .ok_or(SignatureError::Missing(name))?
        .to_str()
        .map_err(|_| SignatureError::Malformed { header: name, expected: "printable ASCII" })
}

/// Compares a hex signature with the HMAC of the parts, in constant time.
fn hmac_matches<M: Mac + KeyInit>(secret: &SecretString, parts: &[&[u8]], signature_hex: &str) -> bool {
    let Ok(signature) = hex::decode(signature_hex) else { return false };
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(secret.expose_secret().as_bytes()) else {
        return false;
    };
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(&signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const SECRET: &str = "It's a Secret to Everybody";
    const SLACK_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const SLACK_BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";

    type Headers = Vec<(&'static str, &'static str)>;

    /// The senders' own published examples: secret, headers, body.
    fn published() -> Vec<(Sender, &'static str, Headers, &'static str)> {
        vec![
            (
                Sender::Github,
                SECRET,
                vec![(
                    "x-hub-signature-256",
                    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
                )],
                "Hello, World!",
            ),
            (
                Sender::Jira,
                SECRET,
                vec![(
                    "x-hub-signature",
                    "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
                )],
                "Hello World!",
            ),
            (
                Sender::Slack,
                SLACK_SECRET,
                vec![
                    ("x-slack-request-timestamp", "1531420618"),
                    (
                        "x-slack-signature",
                        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
                    ),
                ],
                SLACK_BODY,
            ),
        ]
    }

    fn check(
        sender: Sender,
        secret: &[u8],
        headers: &[(&'static str, Vec<u8>)],
        body: &[u8],
        now: i64,
    ) -> Result<(), SignatureError> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            // A flipped bit can make a byte that no HTTP server lets through.
            let Ok(value) = HeaderValue::from_bytes(value) else { return Err(SignatureError::Wrong(name)) };
            map.insert(*name, value);
        }
        let secret = SecretString::from(String::from_utf8_lossy(secret).into_owned());
        Unverified::new(Bytes::copy_from_slice(body))
            .verify(sender, &map, &secret, Timestamp::from_second(now).unwrap())
            .map(drop)
    }

    fn bytes(headers: &[(&'static str, &'static str)]) -> Vec<(&'static str, Vec<u8>)> {
        headers.iter().map(|(name, value)| (*name, value.as_bytes().to_vec())).collect()
    }

    #[test]
    fn published_signatures_are_accepted() {
        for (sender, secret, headers, body) in published() {
            assert_eq!(
                check(sender, secret.as_bytes(), &bytes(&headers), body.as_bytes(), 1_531_420_618),
                Ok(())
            );
        }
    }

    #[test]
    fn one_flipped_bit_anywhere_is_refused() {
        for (sender, secret, headers, body) in published() {
            let flips = |length: usize| (0..length * 8).map(|bit| (bit / 8, 1u8 << (bit % 8)));
            for (at, bit) in flips(body.len()) {
                let mut changed = body.as_bytes().to_vec();
                changed[at] ^= bit;
                let result = check(sender, secret.as_bytes(), &bytes(&headers), &changed, 1_531_420_618);
                assert!(result.is_err(), "{sender:?}: body byte {at}");
            }
            for (at, bit) in flips(secret.len()) {
                let mut changed = secret.as_bytes().to_vec();
                changed[at] ^= bit;
                let result = check(sender, &changed, &bytes(&headers), body.as_bytes(), 1_531_420_618);
                assert!(result.is_err(), "{sender:?}: secret byte {at}");
            }
            for which in 0..headers.len() {
                for (at, bit) in flips(headers[which].1.len()) {
                    let mut changed = bytes(&headers);
                    changed[which].1[at] ^= bit;
                    // Hex digits and the method's name mean the same in upper case.
                    if changed[which].1.eq_ignore_ascii_case(headers[which].1.as_bytes()) {
                        continue;
                    }
                    let result = check(sender, secret.as_bytes(), &changed, body.as_bytes(), 1_531_420_618);
                    assert!(result.is_err(), "{sender:?}: {} byte {at}", headers[which].0);
                }
            }
        }
    }

    #[test]
    fn a_missing_or_shortened_signature_is_refused() {
        for (sender, secret, headers, body) in published() {
            for which in 0..headers.len() {
                let mut missing = bytes(&headers);
                missing.remove(which);
                let result = check(sender, secret.as_bytes(), &missing, body.as_bytes(), 1_531_420_618);
                assert_eq!(result, Err(SignatureError::Missing(headers[which].0)));
                let mut shortened = bytes(&headers);
                shortened[which].1.truncate(headers[which].1.len() - 2);
                assert!(
                    check(sender, secret.as_bytes(), &shortened, body.as_bytes(), 1_531_420_618).is_err()
                );
            }
        }
    }

    #[test]
    fn slack_is_believed_for_five_minutes() {
        let (sender, secret, headers, body) = published().remove(2);
        for (now, accepted) in [
            (1_531_420_618, true),
            (1_531_420_618 + 300, true),
            (1_531_420_618 + 301, false),
            (1_531_420_618 - 300, true),
            (1_531_420_618 - 301, false),
        ] {
            let result = check(sender, secret.as_bytes(), &bytes(&headers), body.as_bytes(), now);
            assert_eq!(result.is_ok(), accepted, "{now}: {result:?}");
        }
    }

    #[test]
    fn nothing_of_the_body_or_the_signature_is_printed() {
        let body = Unverified::new(Bytes::from_static(b"confidential"));
        assert_eq!(format!("{body:?}"), "Unverified(12 bytes)");
        assert!(!SignatureError::Wrong("x-hub-signature-256").to_string().contains("sha256="));
    }
}
