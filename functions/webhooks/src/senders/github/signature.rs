//! `X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the body>`
//! (<https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>). GitHub sends no timestamp; a repeat is
//! recognized by its delivery id.

use crate::senders::signature::{SignatureError, header, hmac_matches};
use axum::http::HeaderMap;
use hmac::Hmac;
use jiff::Timestamp;
use secrecy::SecretString;
use sha2::Sha256;

const HEADER: &str = "x-hub-signature-256";

pub(super) fn verify(
    body: &[u8],
    headers: &HeaderMap,
    secret: &SecretString,
    _: Timestamp,
) -> Result<(), SignatureError> {
    let malformed = SignatureError::Malformed { header: HEADER, expected: "`sha256=` and 64 hex digits" };
    let signature = header(headers, HEADER)?.strip_prefix("sha256=").ok_or(malformed)?;
    match hmac_matches::<Hmac<Sha256>>(secret, &[body], signature) {
        Some(true) => Ok(()),
        Some(false) => Err(SignatureError::Wrong(HEADER)),
        None => Err(malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::senders::testing::{Published, check_signature};

    #[test]
    fn the_published_signature_is_believed_and_no_other() {
        let published = Published {
            secret: "It's a Secret to Everybody",
            headers: vec![(
                HEADER,
                "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            )],
            body: "Hello, World!",
            at: 1_531_420_618,
        };
        check_signature(verify, &published);
    }
}
