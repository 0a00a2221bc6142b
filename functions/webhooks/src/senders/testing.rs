//! Tests for every sender, given its own vectors.

use super::delivery::{Bot, Delivery, Malformed};
use super::signature::SignatureError;
use super::spec::SenderSpec;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use domain::configuration::Webhooks;
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use secrecy::SecretString;
use serde_json::Value;

/// How a sender's deliveries are verified.
type Verify = fn(&[u8], &HeaderMap, &SecretString, Timestamp) -> Result<(), SignatureError>;

/// A signed delivery from the sender's documentation.
pub(super) struct Published {
    pub(super) secret: &'static str,
    /// The headers that are signed or contain the signature.
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) body: &'static str,
    /// When it was sent, in seconds since 1970.
    pub(super) at: i64,
}

/// The parts of a sender's random deliveries, chosen so that they reach the deeper code.
pub(super) struct Vocabulary {
    /// Headers, one set per form of a delivery.
    pub(super) headers: &'static [&'static [(&'static str, &'static str)]],
    /// Names of fields.
    pub(super) names: &'static [&'static str],
    /// Texts in those fields.
    pub(super) words: &'static [&'static str],
}

pub(super) fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect()
}

/// Parses without verification, for a bot without its own account.
pub(super) fn parse(sender: &SenderSpec, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Malformed> {
    (sender.parse)(headers, body, &Bot::at([sender.name; 2], &Webhooks::default(), None))
}

impl Published {
    /// Verifies it, sent at `now`.
    pub(super) fn check_at(&self, verify: Verify, now: i64) -> Result<(), SignatureError> {
        verified(verify, self.secret.as_bytes(), &self.header_bytes(), self.body.as_bytes(), now)
    }

    fn header_bytes(&self) -> Vec<(&'static str, Vec<u8>)> {
        self.headers.iter().map(|(name, value)| (*name, value.as_bytes().to_vec())).collect()
    }
}

fn verified(
    verify: Verify,
    secret: &[u8],
    headers: &[(&'static str, Vec<u8>)],
    body: &[u8],
    now: i64,
) -> Result<(), SignatureError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        // A flipped bit can produce a byte that HTTP servers reject.
        let Ok(value) = HeaderValue::from_bytes(value) else { return Err(SignatureError::Wrong(name)) };
        map.insert(*name, value);
    }
    let secret = SecretString::from(String::from_utf8_lossy(secret).into_owned());
    verify(body, &map, &secret, Timestamp::from_second(now).unwrap())
}

/// The published delivery is accepted; with any bit flipped, or a signature missing or shortened, it is not.
pub(super) fn check_signature(verify: Verify, published: &Published) {
    let Published { secret, headers, body, at: now } = published;
    let whole = published.header_bytes();
    assert_eq!(published.check_at(verify, *now), Ok(()));
    let flips = |length: usize| (0..length * 8).map(|bit| (bit / 8, 1u8 << (bit % 8)));
    for (at, bit) in flips(body.len()) {
        let mut changed = body.as_bytes().to_vec();
        changed[at] ^= bit;
        assert!(verified(verify, secret.as_bytes(), &whole, &changed, *now).is_err(), "body byte {at}");
    }
    for (at, bit) in flips(secret.len()) {
        let mut changed = secret.as_bytes().to_vec();
        changed[at] ^= bit;
        assert!(verified(verify, &changed, &whole, body.as_bytes(), *now).is_err(), "secret byte {at}");
    }
    for which in 0..headers.len() {
        let (name, value) = headers[which];
        for (at, bit) in flips(value.len()) {
            let mut changed = whole.clone();
            changed[which].1[at] ^= bit;
            // Hex digits and the method's name mean the same in upper case.
            if changed[which].1.eq_ignore_ascii_case(value.as_bytes()) {
                continue;
            }
            let result = verified(verify, secret.as_bytes(), &changed, body.as_bytes(), *now);
            assert!(result.is_err(), "{name} byte {at}");
        }
        let mut missing = whole.clone();
        missing.remove(which);
        let result = verified(verify, secret.as_bytes(), &missing, body.as_bytes(), *now);
        assert_eq!(result, Err(SignatureError::Missing(name)));
        let mut shortened = whole.clone();
        shortened[which].1.truncate(value.len() - 2);
        assert!(verified(verify, secret.as_bytes(), &shortened, body.as_bytes(), *now).is_err());
    }
}

/// Parsing any JSON or form returns a delivery or an error.
pub(super) fn check_any_delivery(sender: &SenderSpec, vocabulary: &Vocabulary) {
    let Vocabulary { headers: forms, names, words } = vocabulary;
    TestRunner::default()
        .run(&any_json(names, words), |value| {
            let json = value.to_string();
            let form = serde_urlencoded::to_string([("payload", &json)]).unwrap();
            for pairs in *forms {
                for body in [&json, &form] {
                    parse(sender, &headers(pairs), body.as_bytes()).ok();
                }
            }
            Ok(())
        })
        .unwrap();
}

fn any_json(names: &'static [&str], words: &'static [&str]) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(words).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(names), inner), 0..8).prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}
