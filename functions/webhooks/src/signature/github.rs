//! GitHub: `X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the body>`
//! (<https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>). GitHub sends no timestamp; a repeat is
//! recognized by its delivery id.

use super::{SignatureError, header, hmac_matches};
use axum::http::HeaderMap;
use hmac::Hmac;
use secrecy::SecretString;
use sha2::Sha256;

const HEADER: &str = "x-hub-signature-256";

pub(super) fn verify(body: &[u8], headers: &HeaderMap, secret: &SecretString) -> Result<(), SignatureError> {
    let signature = header(headers, HEADER)?
        .strip_prefix("sha256=")
        .ok_or(SignatureError::Malformed { header: HEADER, expected: "`sha256=` and hex digits" })?;
    if hmac_matches::<Hmac<Sha256>>(secret, &[body], signature) {
        Ok(())
    } else {
        Err(SignatureError::Wrong(HEADER))
    }
}
