//! A [signing token](https://docs.gitlab.com/user/project/integrations/webhooks/#signing-tokens), `whsec_` and base64, signs by
//! [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md):
//! `webhook-signature: v1,<base64 HMAC-SHA256 of "id.timestamp.body">`. Any other secret is the plain token of `X-Gitlab-Token`. A delivery that
//! is signed, or one whose secret is a signing token, is never believed for its plain token.

use crate::senders::signature::{SignatureError, header, hmac_matches};
use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

const SIGNATURE: &str = "webhook-signature";
const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const TOKEN: &str = "x-gitlab-token";

/// The prefix of a signing token.
const SIGNING_TOKEN: &str = "whsec_";

/// How far the timestamp may be from now, in either direction, in seconds.
const WINDOW: u64 = 300;

pub(super) fn verify(
    body: &[u8],
    headers: &HeaderMap,
    secret: &SecretString,
    now: Timestamp,
) -> Result<(), SignatureError> {
    let signing_token = secret.expose_secret().strip_prefix(SIGNING_TOKEN);
    let is_signed = [SIGNATURE, ID, TIMESTAMP].iter().any(|name| headers.contains_key(*name));
    if signing_token.is_some() || is_signed {
        return verify_signature(body, headers, signing_token.unwrap_or_default(), now);
    }
    let given = header(headers, TOKEN)?;
    // The digests are compared, so that neither the place of a difference nor the length shows in the time that it takes.
    let expected = digest(secret, secret.expose_secret());
    let is_same = hmac_matches::<Hmac<Sha256>>(secret, &[given.as_bytes()], &hex::encode(expected));
    match is_same {
        Some(true) if !given.is_empty() => Ok(()),
        _ => Err(SignatureError::Wrong(TOKEN)),
    }
}

fn digest(key: &SecretString, text: &str) -> Vec<u8> {
    // A key of any length is accepted; an empty digest would match nothing.
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.expose_secret().as_bytes());
    mac.map(|mac| mac.chain_update(text).finalize().into_bytes().to_vec()).unwrap_or_default()
}

fn verify_signature(
    body: &[u8],
    headers: &HeaderMap,
    signing_token: &str,
    now: Timestamp,
) -> Result<(), SignatureError> {
    let (id, timestamp) = (header(headers, ID)?, header(headers, TIMESTAMP)?);
    let no_time = SignatureError::Malformed { header: TIMESTAMP, expected: "seconds since 1970" };
    let seconds: i64 = timestamp.parse().map_err(|_| no_time)?;
    // Several may be given while a token is replaced.
    let given: Vec<Vec<u8>> = header(headers, SIGNATURE)?
        .split(' ')
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
        .filter(|signature| signature.len() == 32)
        .collect();
    if given.is_empty() {
        return Err(SignatureError::Malformed {
            header: SIGNATURE,
            expected: "`v1,` and 32 bytes in base64",
        });
    }
    if seconds.abs_diff(now.as_second()) > WINDOW {
        return Err(SignatureError::Stale(TIMESTAMP));
    }
    let wrong = SignatureError::Wrong(SIGNATURE);
    let key = STANDARD.decode(signing_token).ok().filter(|key| !key.is_empty()).ok_or(wrong)?;
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).map_err(|_| wrong)?;
    let mac = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body]
        .into_iter()
        .fold(mac, |mac, part| mac.chain_update(part));
    match given.iter().any(|signature| mac.clone().verify_slice(signature).is_ok()) {
        true => Ok(()),
        false => Err(wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::senders::testing::{Published, check_signature, headers};

    fn published() -> Published {
        Published {
            secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            headers: vec![
                (ID, "msg_p5jXN8AQM9LWM0D4loKWxJek"),
                (TIMESTAMP, "1614265330"),
                (SIGNATURE, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            ],
            body: r#"{"test": 2432232314}"#,
            at: 1_614_265_330,
        }
    }

    #[test]
    fn the_published_signature_is_believed_and_no_other() {
        check_signature(verify, &published());
    }

    #[test]
    fn it_is_believed_for_five_minutes() {
        let published = published();
        for (after, accepted) in [(300, true), (301, false), (-300, true), (-301, false)] {
            assert_eq!(published.check_at(verify, published.at + after).is_ok(), accepted, "{after}");
        }
    }

    #[test]
    fn a_plain_token_is_compared_whole_and_never_stands_in_for_a_signature() {
        let check = |pairs: &[(&'static str, &'static str)], secret: &str| {
            let secret = SecretString::from(secret.to_owned());
            verify(b"{}", &headers(pairs), &secret, Timestamp::from_second(1_614_265_330).unwrap())
        };
        assert_eq!(check(&[(TOKEN, "plain")], "plain"), Ok(()));
        for given in ["plai", "plain2", "Plain", ""] {
            assert_eq!(check(&[(TOKEN, given)], "plain"), Err(SignatureError::Wrong(TOKEN)), "{given}");
        }
        assert_eq!(check(&[(TOKEN, "")], ""), Err(SignatureError::Wrong(TOKEN)));
        assert_eq!(check(&[], "plain"), Err(SignatureError::Missing(TOKEN)));
        let signed = [(TOKEN, "plain"), (ID, "x"), (TIMESTAMP, "1614265330")];
        assert_eq!(check(&signed, "plain"), Err(SignatureError::Missing(SIGNATURE)));
        let signing_token = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        assert_eq!(check(&[(TOKEN, signing_token)], signing_token), Err(SignatureError::Missing(ID)));
    }
}
