//! Slack: `X-Slack-Signature: v0=<hex HMAC-SHA256 of "v0:timestamp:body">`, with the timestamp in
//! `X-Slack-Request-Timestamp` (<https://docs.slack.dev/authentication/verifying-requests-from-slack/>).

use super::{SignatureError, header, hmac_matches};
use axum::http::HeaderMap;
use hmac::Hmac;
use jiff::Timestamp;
use secrecy::SecretString;
use sha2::Sha256;

const SIGNATURE: &str = "x-slack-signature";
const TIMESTAMP: &str = "x-slack-request-timestamp";

/// How far the timestamp may be from now, in either direction, in seconds.
const WINDOW: u64 = 300;

pub(super) fn verify(
    body: &[u8],
    headers: &HeaderMap,
    secret: &SecretString,
    now: Timestamp,
) -> Result<(), SignatureError> {
    let timestamp = header(headers, TIMESTAMP)?;
    let malformed = SignatureError::Malformed { header: TIMESTAMP, expected: "seconds since 1970" };
    let seconds: i64 = timestamp.parse().map_err(|_| malformed)?;
    let signature = header(headers, SIGNATURE)?
        .strip_prefix("v0=")
        .ok_or(SignatureError::Malformed { header: SIGNATURE, expected: "`v0=` and hex digits" })?;
    if seconds.abs_diff(now.as_second()) > WINDOW {
        return Err(SignatureError::Stale(TIMESTAMP));
    }
    if hmac_matches::<Hmac<Sha256>>(secret, &[b"v0:", timestamp.as_bytes(), b":", body], signature) {
        Ok(())
    } else {
        Err(SignatureError::Wrong(SIGNATURE))
    }
}
