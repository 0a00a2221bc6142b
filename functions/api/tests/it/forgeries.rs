//! Credentials that nobody was given are refused without a reason.

use crate::world::World;
use axum::http::Method;
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sign_in::{SessionKeys, with_session_keys};

/// The parts of a token, changed and put together again without the key.
fn changed(token: &str, header: impl FnOnce(&mut Value), claims: impl FnOnce(&mut Value)) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let (mut one, mut two) = (decoded(parts[0]), decoded(parts[1]));
    header(&mut one);
    claims(&mut two);
    format!("{}.{}.{}", encoded(&one), encoded(&two), parts[2])
}

fn decoded(part: &str) -> Value {
    use base64::Engine as _;
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn encoded(value: &Value) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The one key of the installation, used to sign something that it would never sign.
fn key(keys: &SessionKeys) -> (String, Vec<u8>) {
    use base64::Engine as _;
    let secret = with_session_keys(None, keys).unwrap();
    let whole: Value = serde_json::from_str(secrecy::ExposeSecret::expose_secret(&secret)).unwrap();
    let key = &whole["sessions"]["keys"][0];
    let bytes =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(key["secret"].as_str().unwrap()).unwrap();
    (key["id"].as_str().unwrap().to_owned(), bytes)
}

fn resigned(
    keys: &SessionKeys,
    token: &str,
    algorithm: Algorithm,
    change: impl FnOnce(&mut Value),
) -> String {
    let (kid, key) = key(keys);
    let mut claims = decoded(token.split('.').nth(1).unwrap());
    change(&mut claims);
    let mut header = Header::new(algorithm);
    (header.typ, header.kid) = (Some("ticketsmith-session+jwt".to_owned()), Some(kid));
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&key)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_forgeries_are_refused() {
    let world = World::new().await;
    let good = world.session("admin");
    let get = async |token: &str| world.ask(Method::GET, "/api/v1/me", Some(token), None).await;
    assert_eq!(get(&good).await.status, 200);
    let keep = |_: &mut Value| {};
    let resign = |change: fn(&mut Value)| resigned(&world.keys, &good, Algorithm::HS256, change);
    assert_eq!(get(&resign(|_| {})).await.status, 200, "the helper signs as the installation does");

    let revoked = world.session("admin");
    assert_eq!(world.ask(Method::POST, "/api/v1/auth/sign-out", Some(&revoked), None).await.status, 204);
    let retired = {
        // Long ago another key signed.
        let old = SessionKeys::new(world.now() - SignedDuration::from_hours(48));
        let subject = sign_in::Subject::Person("admin".to_owned());
        let way = sign_in::SignInWay::Link;
        let new = sign_in::issue(&old, subject, way, sign_in::Carrier::Bearer, world.now()).unwrap();
        secrecy::ExposeSecret::expose_secret(&new.token).to_owned()
    };
    let unsigned = changed(&good, |header| header["alg"] = "none".into(), keep);
    let unsigned = format!("{}.", unsigned.rsplit_once('.').unwrap().0);
    for (forgery, token) in [
        ("none", unsigned),
        ("key confusion", resigned(&world.keys, &good, Algorithm::HS512, keep)),
        ("foreign issuer", resign(|claims| claims["iss"] = "https://evil.example".into())),
        ("audience", resign(|claims| claims["aud"] = "other".into())),
        ("expired", resign(|claims| claims["exp"] = claims["iat"].clone())),
        ("not yet valid", resign(|claims| claims["nbf"] = json!(claims["exp"].as_i64().unwrap() - 60))),
        ("revoked", revoked),
        ("retired key", retired),
        ("oversized", changed(&good, |header| header["x"] = "A".repeat(6_000).into(), keep)),
        ("kid with a path", changed(&good, |header| header["kid"] = "../../dev/null".into(), keep)),
        ("wrong type", changed(&good, |header| header["typ"] = "JWT".into(), keep)),
        ("other installation", resign(|claims| claims["iss"] = "ticketsmith/elsewhere".into())),
        ("somebody else", changed(&good, |_| {}, |claims| claims["sub"] = "operator".into())),
        ("a machine's without its secret", "tsm_0123456789abcdef_".to_owned() + &"A".repeat(43)),
        ("nothing", String::new()),
    ] {
        let answer = get(&token).await;
        assert_eq!(answer.status, 401, "{forgery}: {}", answer.text);
        let problem = answer.json();
        assert_eq!(problem["code"], "unauthenticated", "{forgery}");
        assert!(answer.headers.contains_key("www-authenticate"), "{forgery}");
        for word in ["signature", "issuer", "audience", "kid", "key"] {
            assert!(!problem["detail"].as_str().unwrap().contains(word), "{forgery}: {problem}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_token_is_refused_when_it_is_revoked_or_over() {
    let world = World::new().await;
    let (token, id) = world.machine_token("developer", &[domain::configuration::Role::Viewer], None).await;
    let (other, _) = world.machine_token("developer", &[domain::configuration::Role::Viewer], None).await;
    let get = async |token: &str| world.ask(Method::GET, "/api/v1/me", Some(token), None).await.status;
    assert_eq!((get(&token).await, get(&other).await), (200, 200));
    let path = format!("/api/v1/tokens/{id}");
    let revoked = world.ask(Method::DELETE, &path, Some(&world.session("developer")), None).await;
    assert_eq!((revoked.status, &revoked.json()["state"]), (200, &json!("revoked")));
    assert_eq!((get(&token).await, get(&other).await), (401, 200));
    world.advance(SignedDuration::from_hours(24));
    assert_eq!(get(&other).await, 401);
    let mut guessed = other.clone();
    guessed.replace_range(other.len() - 1.., if other.ends_with('A') { "B" } else { "A" });
    assert_eq!(get(&guessed).await, 401);
}
