//! [Signature Version 4](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html) of requests to a
//! simulated service of AWS, computed anew from what arrived.
//!
//! What listens on this machine is signed for with placeholders, never with an account's credentials, so everybody knows the key.

use axum::http::HeaderMap;
use axum::http::request::Parts;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use jiff::fmt::strtime;
use sha2::{Digest, Sha256};

/// Both parts of the key that requests to this machine are signed with.
const PLACEHOLDER: &str = "local";
/// How far the time of a request may be from the service's.
const MOST_SECONDS: i64 = 5 * 60;

/// Why a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unsigned {
    /// The error's name in AWS's words.
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

fn refused(kind: &'static str, message: impl Into<String>) -> Unsigned {
    Unsigned { kind, message: message.into() }
}

/// Checks the signature of a request to a service, by the name that its signatures have: `bedrock`.
///
/// # Errors
/// Why it is refused, as AWS says it.
pub(crate) fn check(service: &str, parts: &Parts, body: &[u8], now: Timestamp) -> Result<(), Unsigned> {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let Some(authorization) = header("authorization") else {
        return Err(refused("MissingAuthenticationTokenException", "Missing Authentication Token"));
    };
    let incomplete = || {
        refused(
            "IncompleteSignatureException",
            "Authorization header requires 'Credential' parameter, 'Signature' parameter, 'SignedHeaders' parameter and existence of either \
             a 'X-Amz-Date' or a 'Date' header.",
        )
    };
    let fields = authorization.strip_prefix("AWS4-HMAC-SHA256 ").ok_or_else(incomplete)?;
    let field = |name: &str| {
        let found = fields.split(", ").find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        found.ok_or_else(incomplete)
    };
    let (credential, signed_headers, signature) =
        (field("Credential")?, field("SignedHeaders")?, field("Signature")?);
    let date = header("x-amz-date").ok_or_else(incomplete)?;
    let scope: Vec<&str> = credential.split('/').collect();
    let [key, day, region, named, "aws4_request"] = scope.as_slice() else { return Err(incomplete()) };
    if *key != PLACEHOLDER {
        let message = "The security token included in the request is invalid.";
        return Err(refused("UnrecognizedClientException", message));
    }
    if *named != service || !date.starts_with(*day) {
        let message = format!("Credential should be scoped to correct service: '{service}'.");
        return Err(refused("InvalidSignatureException", message));
    }
    let at = strtime::parse("%Y%m%dT%H%M%S%z", format!("{date}0000").replace('Z', "+"));
    let at = at.and_then(|time| time.to_timestamp()).map_err(|_| incomplete())?;
    if at.duration_since(now).as_secs().abs() > MOST_SECONDS {
        let message = format!("Signature expired: {date} is not within 5 min. of the service's time");
        return Err(refused("InvalidSignatureException", message));
    }
    let is_signed = |name: &&str| signed_headers.split(';').any(|signed| signed == *name);
    if let Some(missing) = ["host", "x-amz-date"].iter().find(|name| !is_signed(name)) {
        let message = format!("'{missing}' must be a 'SignedHeader' in the AWS Authorization.");
        return Err(refused("InvalidSignatureException", message));
    }
    let canonical = canonical(parts, signed_headers, body).ok_or_else(incomplete)?;
    let digest = hex::encode(Sha256::digest(canonical));
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{day}/{region}/{named}/aws4_request\n{digest}");
    let key = [*day, *region, *named, "aws4_request"]
        .iter()
        .fold(format!("AWS4{PLACEHOLDER}").into_bytes(), |key, part| hmac(&key, part));
    match hex::encode(hmac(&key, &to_sign)) == signature {
        true => Ok(()),
        false => Err(refused(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and \
             signing method. Consult the service documentation for details.",
        )),
    }
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        // An HMAC takes a key of any length.
        return Vec::new();
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// The request as it is hashed; `None` if a signed header is missing.
fn canonical(parts: &Parts, signed_headers: &str, body: &[u8]) -> Option<String> {
    // The path is encoded a second time.
    let path: String = parts.uri.path().split('/').map(encoded).collect::<Vec<_>>().join("/");
    let mut query: Vec<&str> =
        parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).collect();
    query.sort_unstable();
    let names: Vec<&str> = signed_headers.split(';').collect();
    let headers: Option<String> =
        names.iter().map(|name| Some(format!("{name}:{}\n", value(&parts.headers, name)?))).collect();
    let body = hex::encode(Sha256::digest(body));
    Some(format!("{}\n{path}\n{}\n{}\n{signed_headers}\n{body}", parts.method, query.join("&"), headers?))
}

fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Option<Vec<&str>> =
        headers.get_all(name).iter().map(|value| value.to_str().ok().map(str::trim)).collect();
    values.filter(|values| !values.is_empty()).map(|values| values.join(","))
}

fn encoded(segment: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(segment, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    const BODY: &[u8] = b"{}";

    /// A request that AWS's own `botocore` signed with these placeholders.
    fn signed(authorization: &str, path: &str) -> Parts {
        let request = Request::post(path)
            .header("host", "127.0.0.1:4000")
            .header("content-type", "application/json")
            .header("x-amz-date", "20261129T070000Z")
            .header("authorization", authorization);
        request.body(()).unwrap().into_parts().0
    }

    const PATH: &str = "/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/converse";
    const SIGNATURE: &str = include_str!("aws_signature.txt");

    #[test]
    fn what_botocore_signed_is_accepted_and_each_flipped_bit_is_refused() {
        let now: Timestamp = "2026-11-29T07:01:00Z".parse().unwrap();
        let authorization = SIGNATURE.trim();
        assert_eq!(check("bedrock", &signed(authorization, PATH), BODY, now), Ok(()));
        let of = |result: Result<(), Unsigned>| result.unwrap_err().kind;
        assert_eq!(
            of(check("bedrock", &signed(authorization, PATH), b"{ }", now)),
            "InvalidSignatureException"
        );
        assert_eq!(of(check("events", &signed(authorization, PATH), BODY, now)), "InvalidSignatureException");
        let late = "2026-11-29T07:05:01Z".parse().unwrap();
        assert_eq!(
            of(check("bedrock", &signed(authorization, PATH), BODY, late)),
            "InvalidSignatureException"
        );
        let start = authorization.find("Signature=").unwrap() + "Signature=".len();
        for at in start..authorization.len() {
            for bit in 0..4 {
                let mut flipped = authorization.as_bytes().to_vec();
                let digit = char::from(flipped[at]).to_digit(16).unwrap() ^ (1 << bit);
                flipped[at] = char::from_digit(digit, 16).unwrap() as u8;
                let flipped = String::from_utf8(flipped).unwrap();
                assert!(check("bedrock", &signed(&flipped, PATH), BODY, now).is_err(), "{flipped}");
            }
        }
        assert!(check("bedrock", &signed(authorization, &PATH.replace("v1", "v2")), BODY, now).is_err());
        assert_eq!(
            of(check("bedrock", &signed("Bearer x", PATH), BODY, now)),
            "IncompleteSignatureException"
        );
    }
}
