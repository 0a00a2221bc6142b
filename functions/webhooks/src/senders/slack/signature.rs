//! `X-Slack-Signature: v0=<hex HMAC-SHA256 of "v0:timestamp:body">`, with the timestamp in
//! `X-Slack-Request-Timestamp` (<https://docs.slack.dev/authentication/verifying-requests-from-slack/>).

use crate::senders::signature::{SignatureError, header, hmac_matches};
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
    let no_time = SignatureError::Malformed { header: TIMESTAMP, expected: "seconds since 1970" };
    let seconds: i64 = timestamp.parse().map_err(|_| no_time)?;
    let malformed = SignatureError::Malformed { header: SIGNATURE, expected: "`v0=` and 64 hex digits" };
    let signature = header(headers, SIGNATURE)?.strip_prefix("v0=").ok_or(malformed)?;
    if seconds.abs_diff(now.as_second()) > WINDOW {
        return Err(SignatureError::Stale(TIMESTAMP));
    }
    match hmac_matches::<Hmac<Sha256>>(secret, &[b"v0:", timestamp.as_bytes(), b":", body], signature) {
        Some(true) => Ok(()),
        Some(false) => Err(SignatureError::Wrong(SIGNATURE)),
        None => Err(malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::senders::testing::{Published, check_signature};

    fn published() -> Published {
        Published {
            secret: "8f742231b10e8888abcd99yyyzzz85a5",
            headers: vec![
                (TIMESTAMP, "1531420618"),
                (SIGNATURE, "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
            ],
            body: "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
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
}
