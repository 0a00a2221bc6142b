//! `X-Signature-Ed25519`, the Ed25519 signature in hexadecimal of `X-Signature-Timestamp` and the body
//! (<https://docs.discord.com/developers/interactions/overview#validating-security-request-headers>). The signing secret is the
//! application's public key, as Discord shows it: anyone may know it, but only Discord can sign.

use crate::senders::signature::{SignatureError, header};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use axum::http::HeaderMap;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

const SIGNATURE: &str = "x-signature-ed25519";
const TIMESTAMP: &str = "x-signature-timestamp";

/// How far the timestamp may be from now, in either direction, in seconds.
const WINDOW: u64 = 300;

const SIGNATURE_BYTES: usize = 64;

pub(super) fn verify(
    body: &[u8],
    headers: &HeaderMap,
    secret: &SecretString,
    now: Timestamp,
) -> Result<(), SignatureError> {
    let timestamp = header(headers, TIMESTAMP)?;
    let no_time = SignatureError::Malformed { header: TIMESTAMP, expected: "seconds since 1970" };
    let seconds: i64 = timestamp.parse().map_err(|_| no_time)?;
    let malformed = SignatureError::Malformed { header: SIGNATURE, expected: "128 hex digits" };
    let signature = hex::decode(header(headers, SIGNATURE)?).map_err(|_| malformed)?;
    if signature.len() != SIGNATURE_BYTES {
        return Err(malformed);
    }
    if seconds.abs_diff(now.as_second()) > WINDOW {
        return Err(SignatureError::Stale(TIMESTAMP));
    }
    let message = [timestamp.as_bytes(), body].concat();
    let key = public_key(secret).ok_or(SignatureError::Wrong(SIGNATURE))?;
    let verified = UnparsedPublicKey::new(&ED25519, key).verify(&message, &signature);
    verified.map_err(|_| SignatureError::Wrong(SIGNATURE))
}

/// The key in the form in which Discord shows it: in small letters.
fn public_key(secret: &SecretString) -> Option<Vec<u8>> {
    let text = secret.expose_secret().trim();
    if text.chars().any(|c| c.is_ascii_uppercase()) { None } else { hex::decode(text).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::senders::testing::{Published, check_signature};

    /// The key of RFC 8032's first test; `verify_key` of PyPI's `discord-interactions` accepts the signature.
    fn published() -> Published {
        Published {
            secret: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            headers: vec![
                (TIMESTAMP, "1531420618"),
                (
                    SIGNATURE,
                    "5dddde0612f335c8939507612e69436c8bac6f3dbbd8101b64ddad9ac3da9b7039b46294d43c8fc973db1179e3bffba5670d9e804c9dd8d668b090d55984a305",
                ),
            ],
            body: r#"{"type":1}"#,
            at: 1_531_420_618,
        }
    }

    #[test]
    fn the_published_signature_is_believed_and_no_other() {
        check_signature(verify, &published());
    }

    #[test]
    fn it_is_believed_for_five_minutes() {
        let published = published();
        for (after, accepted) in [(0, true), (300, true), (301, false), (-300, true), (-301, false)] {
            let result = published.check_at(verify, published.at + after);
            assert_eq!(result.is_ok(), accepted, "{after}: {result:?}");
        }
    }

    #[test]
    fn without_a_key_nothing_is_believed() {
        let published = published();
        for secret in ["", "x", "d75a", "D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A"] {
            let other = Published { secret, ..self::published() };
            assert_eq!(
                other.check_at(verify, published.at),
                Err(SignatureError::Wrong(SIGNATURE)),
                "{secret}"
            );
        }
    }
}
