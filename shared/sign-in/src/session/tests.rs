use super::*;
use crate::session_keys::{ENTRY, STARTS_AFTER};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const KEY: [u8; 32] = [7; 32];

fn now() -> Timestamp {
    "2026-11-29T12:00:00Z".parse().unwrap()
}

fn keys_of(installation: &str, keys: &[(&str, [u8; 32], Timestamp)]) -> SessionKeys {
    let keys: Vec<Value> = keys
        .iter()
        .map(|(id, key, signs_from)| {
            json!({"id": id, "secret": URL_SAFE_NO_PAD.encode(key), "signs_from": signs_from})
        })
        .collect();
    let secret = json!({ENTRY: {"installation": installation, "keys": keys}}).to_string();
    SessionKeys::of_secret(&secret).unwrap().unwrap()
}

fn keys() -> SessionKeys {
    keys_of("here", &[("k1", KEY, now() - SignedDuration::from_hours(48))])
}

fn person() -> Subject {
    Subject::Person("ada".to_owned())
}

/// What one of our own tokens says.
fn claims() -> Value {
    json!({
        "iss": "ticketsmith/here", "aud": AUDIENCE, "sub": "person:ada", "jti": "s1", "by": "link", "carrier": "bearer",
        "iat": now().as_second(), "nbf": now().as_second(), "exp": (now() + LIFE).as_second(),
    })
}

fn header() -> Value {
    json!({"alg": "HS256", "typ": TYPE, "kid": "k1"})
}

fn with(mut whole: Value, name: &str, value: impl Into<Value>) -> Value {
    whole[name] = value.into();
    whole
}

/// A token with this header and these claims, signed with HMAC-SHA-256.
fn signed(header: &Value, claims: &Value, key: &[u8]) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn checked(keys: &SessionKeys, token: &str, now: Timestamp) -> Result<Session, SessionRefusal> {
    verify(keys, PresentedToken::Bearer(token), now)
}

#[test]
fn a_cookie_counts_only_with_its_proof_and_never_as_a_bearers() {
    use secrecy::ExposeSecret;
    let cookie = || issue(&keys(), person(), SignInWay::Link, Carrier::Cookie, now()).unwrap();
    let (new, other) = (cookie(), cookie());
    let token = new.token.expose_secret();
    let sent = |proof: Option<&str>| verify(&keys(), PresentedToken::Cookie { token, proof }, now());
    assert_eq!(sent(new.proof.as_ref().map(|proof| proof.expose_secret())), Ok(new.session.clone()));
    for proof in [None, Some(""), Some(token), other.proof.as_ref().map(|proof| proof.expose_secret())] {
        assert_eq!(sent(proof), Err(SessionRefusal::Proof));
    }
    assert_eq!(checked(&keys(), token, now()), Err(SessionRefusal::Carrier));
    let bearers = issue(&keys(), person(), SignInWay::Link, Carrier::Bearer, now()).unwrap();
    assert!(bearers.proof.is_none());
    let presented = PresentedToken::Cookie { token: bearers.token.expose_secret(), proof: None };
    assert_eq!(verify(&keys(), presented, now()), Err(SessionRefusal::Carrier));
}

#[test]
fn a_session_proves_its_person_for_twelve_hours() {
    let new = issue(&keys(), person(), SignInWay::Github, Carrier::Bearer, now()).unwrap();
    let token = secrecy::ExposeSecret::expose_secret(&new.token);
    assert_eq!(checked(&keys(), token, now()), Ok(new.session.clone()));
    assert_eq!((new.session.subject, new.session.by), (person(), SignInWay::Github));
    let last = now() + LIFE - SignedDuration::from_nanos(1);
    assert!(checked(&keys(), token, last).is_ok());
    assert_eq!(checked(&keys(), token, now() + LIFE), Err(SessionRefusal::Ended));
    let operator = issue(&keys(), Subject::Operator, SignInWay::Link, Carrier::Bearer, now()).unwrap();
    let operator = checked(&keys(), secrecy::ExposeSecret::expose_secret(&operator.token), now()).unwrap();
    assert_eq!(operator.subject, Subject::Operator);
    let endless = Subject::Person("a".repeat(2_000));
    assert!(issue(&keys(), endless, SignInWay::Link, Carrier::Bearer, now()).is_none());
}

#[test]
fn what_is_forged_is_refused() {
    assert!(checked(&keys(), &signed(&header(), &claims(), &KEY), now()).is_ok());
    let (header, claims) = (header, claims);
    let unsigned = |alg: &str| {
        let token = signed(&with(header(), "alg", alg), &claims(), &KEY);
        let (text, _) = token.rsplit_once('.').unwrap();
        format!("{text}.")
    };
    let hour = 3_600;
    let retired = keys_of(
        "here",
        &[("k1", KEY, now() - SignedDuration::from_hours(48)), ("k2", [8; 32], now() - LIFE)],
    );
    for (forgery, keys, token, expected) in [
        ("none", keys(), unsigned("none"), SessionRefusal::Form),
        ("None", keys(), unsigned("nOnE"), SessionRefusal::Form),
        ("no signature", keys(), unsigned("HS256"), SessionRefusal::Signature),
        (
            "key confusion",
            keys(),
            signed(&with(header(), "alg", "RS256"), &claims(), &KEY),
            SessionRefusal::Signature,
        ),
        (
            "another algorithm",
            keys(),
            signed(&with(header(), "alg", "HS512"), &claims(), &KEY),
            SessionRefusal::Signature,
        ),
        (
            "a key of its own",
            keys(),
            signed(&with(header(), "jwk", json!({"kty": "oct", "k": "AAAA"})), &claims(), &[0; 3]),
            SessionRefusal::Signature,
        ),
        (
            "foreign issuer",
            keys(),
            signed(&header(), &with(claims(), "iss", "https://evil.example"), &KEY),
            SessionRefusal::Issuer,
        ),
        (
            "audience",
            keys(),
            signed(&header(), &with(claims(), "aud", "other"), &KEY),
            SessionRefusal::Audience,
        ),
        (
            "expired",
            keys(),
            signed(&header(), &with(claims(), "exp", now().as_second()), &KEY),
            SessionRefusal::Ended,
        ),
        (
            "not yet valid",
            keys(),
            signed(&header(), &with(claims(), "nbf", now().as_second() + hour), &KEY),
            SessionRefusal::NotBegun,
        ),
        (
            "without end",
            keys(),
            signed(&header(), &with(claims(), "exp", now().as_second() + 24 * hour), &KEY),
            SessionRefusal::Form,
        ),
        ("retired key", retired, signed(&header(), &claims(), &KEY), SessionRefusal::Key),
        (
            "oversized",
            keys(),
            signed(&with(header(), "x5c", "A".repeat(9_000)), &claims(), &KEY),
            SessionRefusal::TooLong,
        ),
        (
            "kid with a path",
            keys(),
            signed(&with(header(), "kid", "../../etc/passwd"), &claims(), &KEY),
            SessionRefusal::Key,
        ),
        ("no kid", keys(), signed(&with(header(), "kid", Value::Null), &claims(), &KEY), SessionRefusal::Key),
        ("wrong type", keys(), signed(&with(header(), "typ", "JWT"), &claims(), &KEY), SessionRefusal::Type),
        (
            "other installation",
            keys_of("elsewhere", &[("k1", KEY, now() - LIFE)]),
            signed(&header(), &claims(), &KEY),
            SessionRefusal::Issuer,
        ),
        ("nobody", keys(), signed(&header(), &with(claims(), "sub", "person:"), &KEY), SessionRefusal::Form),
        ("empty", keys(), String::new(), SessionRefusal::Form),
        ("no token", keys(), "a.b.c".to_owned(), SessionRefusal::Form),
    ] {
        assert_eq!(checked(&keys, &token, now()), Err(expected), "{forgery}");
    }
    // One changed character of the claims.
    let token = signed(&header(), &claims(), &KEY);
    let parts: Vec<&str> = token.split('.').collect();
    let other = signed(&header(), &with(claims(), "sub", "operator"), &KEY);
    let claims_of_other = other.split('.').nth(1).unwrap();
    let mixed = format!("{}.{claims_of_other}.{}", parts[0], parts[2]);
    assert_eq!(checked(&keys(), &mixed, now()), Err(SessionRefusal::Signature));
}

#[test]
fn rotation_ends_no_session_before_its_time() {
    let first = keys();
    let both = first.rotated(now()).unwrap();
    let signs = now() + STARTS_AFTER;
    for begun_at in [now(), signs - SignedDuration::from_secs(1), signs, signs + SignedDuration::from_secs(1)]
    {
        let new = issue(&both, person(), SignInWay::Link, Carrier::Bearer, begun_at).unwrap();
        let token = secrecy::ExposeSecret::expose_secret(&new.token);
        let last = begun_at + LIFE - SignedDuration::from_secs(1);
        assert!(checked(&both, token, last).is_ok(), "{begun_at}");
        // Functions that have not read the new key yet are not sent anything that it signed.
        if begun_at < signs {
            assert!(checked(&first, token, begun_at).is_ok());
        }
    }
}
