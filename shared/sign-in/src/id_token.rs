//! ID tokens of OpenID Connect: <https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation>.

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};

/// The longest token that is parsed, in bytes.
const LONGEST: usize = 16 * 1024;

/// How far the provider's clock may be ahead of or behind ours.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// The required claims of an ID token.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedIdToken<'a> {
    /// The provider's issuer, exactly.
    pub issuer: &'a str,
    /// Our name at the provider.
    pub client_id: &'a str,
    /// The beginning of the sign-in.
    pub nonce: &'a str,
}

/// The person who signed in, in the provider's words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IdTokenClaims {
    /// The provider's own id of the account.
    pub sub: String,
    /// Their address.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether the provider has verified that the address is theirs.
    #[serde(default, deserialize_with = "truth")]
    pub email_verified: bool,
    /// Their name.
    #[serde(default)]
    pub name: Option<String>,
    iss: String,
    aud: Audience,
    #[serde(default)]
    azp: Option<String>,
    exp: Seconds,
    iat: Seconds,
    #[serde(default)]
    nbf: Option<Seconds>,
    #[serde(default)]
    nonce: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// A time in seconds since 1970. Some providers write it with a fraction, which [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519#section-2) allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Number")]
struct Seconds(i64);

impl TryFrom<Number> for Seconds {
    type Error = &'static str;

    fn try_from(said: Number) -> Result<Self, Self::Error> {
        let cut = |seconds| SignedDuration::try_from_secs_f64(seconds).ok().map(|time| time.as_secs());
        said.as_i64().or_else(|| said.as_f64().and_then(cut)).map(Self).ok_or("it is no time in seconds")
    }
}

/// A claim that is true or false. Some providers write it as text, as Apple may, or as null: what does not say that it is true is false.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let said = Value::deserialize(deserializer)?;
    Ok(said.as_bool().unwrap_or(said == "true"))
}

/// Why an ID token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenRefusal {
    /// It is not a token, or is too long.
    #[error("it has another form")]
    Form,
    /// The provider has no such key; it may have a new one.
    #[error("its key is unknown")]
    Key,
    /// The key did not sign it, or in another way than the key is for.
    #[error("its signature is wrong")]
    Signature,
    /// It is from or for somebody else, or of another sign-in.
    #[error("it is of another issuer, audience or sign-in")]
    Other,
    /// Its time is over, or has not begun.
    #[error("it is not valid at this time")]
    Time,
}

/// The claims of an ID token, if one of the provider's keys signed it and it is for us.
///
/// # Errors
/// [`IdTokenRefusal`].
pub fn verify_id_token(
    keys: &JwkSet,
    token: &str,
    expected: ExpectedIdToken<'_>,
    now: Timestamp,
) -> Result<IdTokenClaims, IdTokenRefusal> {
    if token.len() > LONGEST {
        return Err(IdTokenRefusal::Form);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| IdTokenRefusal::Form)?;
    let mut usable = keys.keys.iter().filter_map(|key| Some((key, algorithm(key)?)));
    let found = match &header.kid {
        Some(kid) => usable.find(|(key, _)| key.common.key_id.as_deref() == Some(kid)),
        // Without a name it must be the only one.
        None => usable.next().filter(|_| usable.next().is_none()),
    };
    let (key, algorithm) = found.ok_or(IdTokenRefusal::Key)?;
    let mut validation = Validation::new(algorithm);
    // All of these are checked below, with the injected clock.
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
    let key = DecodingKey::from_jwk(key).map_err(|_| IdTokenRefusal::Key)?;
    let claims: IdTokenClaims =
        jsonwebtoken::decode(token, &key, &validation).map_err(|_| IdTokenRefusal::Signature)?.claims;
    check(&claims, expected, now)?;
    Ok(claims)
}

fn check(
    claims: &IdTokenClaims,
    expected: ExpectedIdToken<'_>,
    now: Timestamp,
) -> Result<(), IdTokenRefusal> {
    let is_for_us = match &claims.aud {
        Audience::One(audience) => audience == expected.client_id,
        Audience::Several(audiences) => {
            let is_named = audiences.iter().any(|audience| audience == expected.client_id);
            let is_only = audiences.len() == 1;
            is_named && (is_only || claims.azp.as_deref() == Some(expected.client_id))
        }
    };
    let azp_is_us = claims.azp.as_deref().is_none_or(|azp| azp == expected.client_id);
    let is_ours = claims.nonce.as_deref() == Some(expected.nonce);
    if claims.iss != expected.issuer || !is_for_us || !azp_is_us || !is_ours || claims.sub.is_empty() {
        return Err(IdTokenRefusal::Other);
    }
    let at = |Seconds(seconds)| Timestamp::from_second(seconds).map_err(|_| IdTokenRefusal::Form);
    let begins = at(claims.iat)?.max(at(claims.nbf.unwrap_or(claims.iat))?);
    match now - SKEW < at(claims.exp)? && begins <= now + SKEW {
        true => Ok(()),
        false => Err(IdTokenRefusal::Time),
    }
}

/// The algorithm that a key is for: the key decides it, never the token. `None` for keys that sign no ID tokens.
fn algorithm(key: &Jwk) -> Option<Algorithm> {
    if !matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let algorithm = match &key.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => Algorithm::ES256,
        _ => return None,
    };
    let said = key.common.key_algorithm.as_ref();
    let is_it = said.is_none_or(|said| *said == KeyAlgorithm::from(algorithm));
    is_it.then_some(algorithm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;

    const EXPECTED: ExpectedIdToken<'static> =
        ExpectedIdToken { issuer: "https://id.example", client_id: "ticketsmith", nonce: "n1" };

    fn now() -> Timestamp {
        "2026-11-29T12:00:00Z".parse().unwrap()
    }

    fn ec() -> EncodingKey {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        EncodingKey::from_ec_der(pkcs8.as_ref())
    }

    fn jwk(key: &EncodingKey, algorithm: Algorithm, kid: &str) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(key, algorithm).unwrap();
        jwk.common.key_id = Some(kid.to_owned());
        jwk
    }

    fn claims() -> Value {
        json!({
            "iss": "https://id.example", "aud": "ticketsmith", "sub": "42", "nonce": "n1",
            "email": "ada@acme.example", "email_verified": true,
            "iat": now().as_second(), "exp": now().as_second() + 300,
        })
    }

    fn signed(algorithm: Algorithm, kid: Option<&str>, claims: &Value, key: &EncodingKey) -> String {
        let mut header = Header::new(algorithm);
        header.kid = kid.map(str::to_owned);
        jsonwebtoken::encode(&header, claims, key).unwrap()
    }

    fn with(mut claims: Value, name: &str, value: Value) -> Value {
        claims[name] = value;
        claims
    }

    #[test]
    fn a_token_of_the_provider_for_this_sign_in_is_accepted() {
        let (one, two) = (ec(), ec());
        let keys =
            JwkSet { keys: vec![jwk(&one, Algorithm::ES256, "k1"), jwk(&two, Algorithm::ES256, "k2")] };
        let token = signed(Algorithm::ES256, Some("k2"), &claims(), &two);
        let said = verify_id_token(&keys, &token, EXPECTED, now()).unwrap();
        assert_eq!((said.sub.as_str(), said.email.as_deref()), ("42", Some("ada@acme.example")));
        let several =
            with(with(claims(), "aud", json!(["other", "ticketsmith"])), "azp", json!("ticketsmith"));
        let token = signed(Algorithm::ES256, Some("k1"), &several, &one);
        assert!(verify_id_token(&keys, &token, EXPECTED, now()).is_ok());
        let unnamed = signed(Algorithm::ES256, None, &claims(), &one);
        assert_eq!(verify_id_token(&keys, &unnamed, EXPECTED, now()), Err(IdTokenRefusal::Key));
        let only = JwkSet { keys: vec![jwk(&one, Algorithm::ES256, "k1")] };
        assert!(verify_id_token(&only, &unnamed, EXPECTED, now()).is_ok());
    }

    #[test]
    fn an_address_is_verified_where_the_provider_says_so_in_any_form() {
        let key = ec();
        let keys = JwkSet { keys: vec![jwk(&key, Algorithm::ES256, "k1")] };
        for (said, expected) in [
            (json!(true), true),
            (json!("true"), true),
            (json!(false), false),
            (json!("false"), false),
            (json!("TRUE?"), false),
            (json!(1), false),
            (Value::Null, false),
        ] {
            let token =
                signed(Algorithm::ES256, Some("k1"), &with(claims(), "email_verified", said.clone()), &key);
            let claims = verify_id_token(&keys, &token, EXPECTED, now()).unwrap();
            assert_eq!(claims.email_verified, expected, "{said}");
        }
    }

    #[test]
    fn a_time_may_have_a_fraction() {
        let key = ec();
        let keys = JwkSet { keys: vec![jwk(&key, Algorithm::ES256, "k1")] };
        let checked = |name: &str, value: Value| {
            let token = signed(Algorithm::ES256, Some("k1"), &with(claims(), name, value), &key);
            verify_id_token(&keys, &token, EXPECTED, now()).map(|_| ())
        };
        let at = |seconds: &str| {
            serde_json::from_str::<Value>(&format!("{}{seconds}", now().as_second())).unwrap()
        };
        for name in ["exp", "iat", "nbf"] {
            assert_eq!(checked(name, at(".75")), Ok(()), "{name}");
        }
        assert_eq!(checked("exp", json!(1.5)), Err(IdTokenRefusal::Time));
        for no_time in [json!(1e300), json!("soon"), json!(u64::MAX)] {
            assert!(checked("exp", no_time.clone()).is_err(), "{no_time}");
        }
    }

    #[test]
    fn an_rsa_key_signs_with_rs256_alone() {
        use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RsaEncoding};
        let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
        let components = jsonwebtoken::jwk::RSAKeyParameters {
            key_type: jsonwebtoken::jwk::RSAKeyType::RSA,
            n: base64(&pair_public(&pair).0),
            e: base64(&pair_public(&pair).1),
        };
        let jwk = Jwk { common: Default::default(), algorithm: AlgorithmParameters::RSA(components) };
        let keys = JwkSet { keys: vec![jwk] };
        let signed_by = |name: &str, padding: &'static dyn RsaEncoding| {
            let part = |part: &Value| base64(part.to_string().as_bytes());
            let text = format!("{}.{}", part(&json!({"alg": name})), part(&claims()));
            let mut signature = vec![0; pair.public_modulus_len()];
            let random = aws_lc_rs::rand::SystemRandom::new();
            pair.sign(padding, &random, text.as_bytes(), &mut signature).unwrap();
            format!("{text}.{}", base64(&signature))
        };
        let token = signed_by("RS256", &RSA_PKCS1_SHA256);
        assert!(verify_id_token(&keys, &token, EXPECTED, now()).is_ok());
        let other = signed_by("RS512", &RSA_PKCS1_SHA512);
        assert_eq!(verify_id_token(&keys, &other, EXPECTED, now()), Err(IdTokenRefusal::Signature));
        // Key confusion: what everybody can read signs as a shared key.
        let hmac = EncodingKey::from_secret(&pair_public(&pair).0);
        let confused = signed(Algorithm::HS256, None, &claims(), &hmac);
        assert_eq!(verify_id_token(&keys, &confused, EXPECTED, now()), Err(IdTokenRefusal::Signature));
    }

    fn base64(bytes: &[u8]) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    }

    fn pair_public(pair: &aws_lc_rs::rsa::KeyPair) -> (Vec<u8>, Vec<u8>) {
        use aws_lc_rs::signature::KeyPair as _;
        let public = pair.public_key();
        (
            public.modulus().big_endian_without_leading_zero().to_vec(),
            public.exponent().big_endian_without_leading_zero().to_vec(),
        )
    }

    #[test]
    fn whatever_is_of_somebody_else_is_refused() {
        let (key, other) = (ec(), ec());
        let keys = JwkSet { keys: vec![jwk(&key, Algorithm::ES256, "k1")] };
        let checked = |claims: &Value, key: &EncodingKey| {
            verify_id_token(&keys, &signed(Algorithm::ES256, Some("k1"), claims, key), EXPECTED, now())
        };
        assert_eq!(checked(&claims(), &other), Err(IdTokenRefusal::Signature));
        for (name, value, expected) in [
            ("iss", json!("https://id.example/"), IdTokenRefusal::Other),
            ("aud", json!("other"), IdTokenRefusal::Other),
            ("aud", json!(["ticketsmith", "other"]), IdTokenRefusal::Other),
            ("azp", json!("other"), IdTokenRefusal::Other),
            ("nonce", json!("n2"), IdTokenRefusal::Other),
            ("nonce", Value::Null, IdTokenRefusal::Other),
            ("sub", json!(""), IdTokenRefusal::Other),
            ("exp", json!(now().as_second() - 60), IdTokenRefusal::Time),
            ("iat", json!(now().as_second() + 61), IdTokenRefusal::Time),
            ("nbf", json!(now().as_second() + 61), IdTokenRefusal::Time),
            ("sub", json!(42), IdTokenRefusal::Signature),
        ] {
            assert_eq!(checked(&with(claims(), name, value.clone()), &key), Err(expected), "{name} {value}");
        }
        let encryption = {
            let mut jwk = jwk(&key, Algorithm::ES256, "k1");
            jwk.common.public_key_use = Some(PublicKeyUse::Encryption);
            JwkSet { keys: vec![jwk] }
        };
        let token = signed(Algorithm::ES256, Some("k1"), &claims(), &key);
        assert_eq!(verify_id_token(&encryption, &token, EXPECTED, now()), Err(IdTokenRefusal::Key));
        for token in ["", "a.b.c", &"a".repeat(20_000)] {
            assert_eq!(verify_id_token(&keys, token, EXPECTED, now()), Err(IdTokenRefusal::Form));
        }
    }
}
