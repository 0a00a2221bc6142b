//! Jira's admin webhooks: `X-Hub-Signature: <method>=<hex HMAC of the body>`, as WebSub writes it
//! (<https://developer.atlassian.com/cloud/jira/platform/webhooks/>). Jira sends `sha256` and warns that the method may change;
//! the stronger methods of WebSub are accepted, its `sha1` is not.

use super::{SignatureError, header, hmac_matches};
use axum::http::HeaderMap;
use hmac::Hmac;
use secrecy::SecretString;
use sha2::{Sha256, Sha384, Sha512};

const HEADER: &str = "x-hub-signature";

pub(super) fn verify(body: &[u8], headers: &HeaderMap, secret: &SecretString) -> Result<(), SignatureError> {
    let malformed = SignatureError::Malformed {
        header: HEADER,
        expected: "`sha256=`, `sha384=` or `sha512=` and hex digits",
    };
    let (method, signature) = header(headers, HEADER)?.split_once('=').ok_or(malformed)?;
    let matches = match method.to_ascii_lowercase().as_str() {
        "sha256" => hmac_matches::<Hmac<Sha256>>(secret, &[body], signature),
        "sha384" => hmac_matches::<Hmac<Sha384>>(secret, &[body], signature),
        "sha512" => hmac_matches::<Hmac<Sha512>>(secret, &[body], signature),
        _ => return Err(malformed),
    };
    if matches { Ok(()) } else { Err(SignatureError::Wrong(HEADER)) }
}
