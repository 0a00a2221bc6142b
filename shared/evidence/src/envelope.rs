//! DSSE envelopes: <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md>.
//!
//! An envelope is one line of JSON in one form: what differs from it in any byte is refused, spaces included. Nothing that can be changed
//! is outside of what the signature or the key covers.

use crate::public_key::PublicKey;
use crate::signature::canonical;
use crate::statement::{PREDICATE_TYPE, STATEMENT_TYPE, Statement};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The payload type of an in-toto statement.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// No envelope is larger, in bytes.
const LARGEST: usize = 4 * 1024 * 1024;

/// An envelope, in the order in which its fields are written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    keyid: String,
    sig: String,
}

/// Why evidence is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is something else.
    #[error("it is not a DSSE envelope: {0}")]
    NotAnEnvelope(String),
    /// It has the parts of an envelope in another form.
    #[error("the envelope is not in the form in which it is written: it was changed, reformatted or cut")]
    OtherForm,
    /// It is an envelope of something else.
    #[error("the envelope contains `{0}`; accepted: `{PAYLOAD_TYPE}`")]
    OtherPayload(String),
    /// Another key signed it.
    #[error("it was signed with the key {found}; the given key is {given}")]
    OtherKey {
        /// The id in the envelope.
        found: String,
        /// The id of the given key.
        given: String,
    },
    /// The signature is not the key's on this payload.
    #[error("the signature does not fit: the evidence was changed after it was signed")]
    Changed,
    /// The signature is the one of two valid ones that is not written here.
    #[error(
        "the signature is the larger of its two valid forms: it was exchanged for the other, or an earlier version signed it"
    )]
    OtherSignature,
    /// The signed content is not evidence about a pull request.
    #[error("the signed content is not evidence about a pull request: {0}")]
    NotEvidence(String),
}

/// A statement before it is signed.
#[derive(Debug, Clone)]
pub struct Unsigned {
    payload: Vec<u8>,
}

impl Unsigned {
    /// The statement as it will be signed.
    ///
    /// # Errors
    /// When it cannot be JSON.
    pub fn new(statement: &Statement) -> Result<Self, serde_json::Error> {
        Ok(Self { payload: serde_json::to_vec(statement)? })
    }

    /// The bytes to sign: the SHA-256 of the pre-authentication encoding.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(encoded(PAYLOAD_TYPE, &self.payload)).into()
    }

    /// The envelope, with the key's signature on [`Self::digest`]: ASN.1 in DER.
    ///
    /// # Errors
    /// When it cannot be JSON.
    pub fn signed(&self, key: &PublicKey, signature: &[u8]) -> Result<String, serde_json::Error> {
        let envelope = Envelope {
            payload: STANDARD.encode(&self.payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: vec![Signature { keyid: key.id(), sig: STANDARD.encode(canonical(signature)) }],
        };
        written(&envelope)
    }
}

/// Verifies an envelope with a public key, and returns its statement. Needs no network and no clock.
///
/// # Errors
/// [`Refusal`], for people.
pub fn verify(envelope: &[u8], key: &PublicKey) -> Result<Statement, Refusal> {
    if envelope.len() > LARGEST {
        return Err(Refusal::NotAnEnvelope(format!("it has over {LARGEST} bytes")));
    }
    let text = std::str::from_utf8(envelope)
        .map_err(|_| Refusal::NotAnEnvelope("it is not text in UTF-8".to_owned()))?;
    let read: Envelope =
        serde_json::from_str(text).map_err(|error| Refusal::NotAnEnvelope(error.to_string()))?;
    if read.payload_type != PAYLOAD_TYPE {
        return Err(Refusal::OtherPayload(read.payload_type));
    }
    let [signature] = read.signatures.as_slice() else {
        let count = read.signatures.len();
        return Err(Refusal::NotAnEnvelope(format!("it has {count} signatures; accepted: one")));
    };
    if signature.keyid != key.id() {
        return Err(Refusal::OtherKey { found: signature.keyid.clone(), given: key.id() });
    }
    // The form is checked as well, so that not even a space can differ from the original.
    if written(&read).ok().as_deref() != Some(text) {
        return Err(Refusal::OtherForm);
    }
    let payload = STANDARD.decode(&read.payload).map_err(|_| Refusal::Changed)?;
    let sig = STANDARD.decode(&signature.sig).map_err(|_| Refusal::Changed)?;
    if !key.verifies(&encoded(&read.payload_type, &payload), &sig) {
        return Err(Refusal::Changed);
    }
    // Of every signature, a second one can be made without the key.
    if canonical(&sig) != sig {
        return Err(Refusal::OtherSignature);
    }
    let statement: Statement =
        serde_json::from_slice(&payload).map_err(|error| Refusal::NotEvidence(error.to_string()))?;
    for (found, accepted) in [(&statement.kind, STATEMENT_TYPE), (&statement.predicate_type, PREDICATE_TYPE)]
    {
        if found != accepted {
            return Err(Refusal::NotEvidence(format!("its type is `{found}`; accepted: `{accepted}`")));
        }
    }
    match statement.subject.as_slice() {
        [_] => Ok(statement),
        subjects => Err(Refusal::NotEvidence(format!("it has {} subjects; accepted: one", subjects.len()))),
    }
}

fn written(envelope: &Envelope) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string(envelope)? + "\n")
}

/// DSSE's encoding before authentication: it binds the type to the payload.
fn encoded(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut encoded = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    encoded.extend_from_slice(payload);
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::other;
    use crate::signing_key::{SigningKey, SigningKeyError};
    use crate::statement::{InForce, Predicate, PullRequest};
    use domain::CommitSha;

    fn statement() -> Statement {
        let commit: CommitSha = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567".parse().unwrap();
        let pull_request = PullRequest {
            repository: "acme/shop".parse().unwrap(),
            number: 7,
            url: "https://github.example/acme/shop/pull/7".into(),
            branch: "feature/SHOP-1".into(),
            target: "main".into(),
            task_id: Some("SHOP-1".into()),
            project: "SHOP".into(),
        };
        let predicate = Predicate {
            pull_request,
            signed_at: "2026-11-29T07:00:00Z".parse().unwrap(),
            executions: Vec::new(),
            commits: Vec::new(),
            checks: Vec::new(),
            spent_micro_usd: 480_000,
            booked_micro_usd: 0,
            in_force: InForce::default(),
            audit: Vec::new(),
        };
        Statement::new(&commit, predicate)
    }

    fn key() -> SigningKey {
        SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap()
    }

    fn signed(key: &SigningKey, statement: &Statement) -> String {
        let unsigned = Unsigned::new(statement).unwrap();
        unsigned.signed(key.public(), &key.sign_digest(&unsigned.digest()).unwrap()).unwrap()
    }

    #[test]
    fn what_was_signed_is_verified_by_the_public_key_alone() {
        let key = key();
        let envelope = signed(&key, &statement());
        let public = PublicKey::from_pem(&key.public().to_pem()).unwrap();
        let verified = verify(envelope.as_bytes(), &public).unwrap();
        assert_eq!(verified, statement());
        assert_eq!(verified.commit(), "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567");
        assert_eq!(verified.reference(), "acme/shop#7");
        // As others read it.
        let read: serde_json::Value = serde_json::from_str(&envelope).unwrap();
        assert_eq!(read["payloadType"], "application/vnd.in-toto+json");
        let payload = STANDARD.decode(read["payload"].as_str().unwrap()).unwrap();
        let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(payload["_type"], "https://in-toto.io/Statement/v1");
        assert_eq!(payload["subject"][0]["digest"]["gitCommit"], verified.commit());
    }

    #[test]
    fn every_change_of_a_byte_is_found() {
        let key = key();
        let envelope = signed(&key, &statement()).into_bytes();
        verify(&envelope, key.public()).unwrap();
        for place in 0..envelope.len() {
            for flip in [0x01_u8, 0x20, 0x80] {
                let mut changed = envelope.clone();
                changed[place] ^= flip;
                assert!(verify(&changed, key.public()).is_err(), "byte {place} ^ {flip:#x}");
            }
            let mut shorter = envelope.clone();
            shorter.remove(place);
            assert!(verify(&shorter, key.public()).is_err(), "without byte {place}");
            let mut longer = envelope.clone();
            longer.insert(place, b' ');
            assert!(verify(&longer, key.public()).is_err(), "a space before byte {place}");
        }
        assert!(verify(&[envelope.as_slice(), b"\n"].concat(), key.public()).is_err());
        assert!(verify(&envelope[..envelope.len() - 1], key.public()).is_err());
    }

    #[test]
    fn the_other_valid_signature_is_a_change() {
        let key = key();
        // Half of all signatures are written in the other form by the key itself.
        for _ in 0..16 {
            let envelope = signed(&key, &statement());
            verify(envelope.as_bytes(), key.public()).unwrap();
            let mut read: Envelope = serde_json::from_str(&envelope).unwrap();
            let sig = other(&STANDARD.decode(&read.signatures[0].sig).unwrap());
            let payload = STANDARD.decode(&read.payload).unwrap();
            assert!(key.public().verifies(&encoded(PAYLOAD_TYPE, &payload), &sig), "it is valid by itself");
            read.signatures[0].sig = STANDARD.encode(sig);
            let exchanged = written(&read).unwrap();
            assert_eq!(verify(exchanged.as_bytes(), key.public()), Err(Refusal::OtherSignature));
        }
    }

    #[test]
    fn another_key_another_type_and_another_statement_are_told_apart() {
        let (key, other) = (key(), key());
        let envelope = signed(&key, &statement());
        assert!(matches!(verify(envelope.as_bytes(), other.public()), Err(Refusal::OtherKey { .. })));
        let typed = envelope.replace(PAYLOAD_TYPE, "text/plain");
        assert_eq!(verify(typed.as_bytes(), key.public()), Err(Refusal::OtherPayload("text/plain".into())));
        let foreign = Statement { predicate_type: "https://slsa.dev/provenance/v1".into(), ..statement() };
        let refused = verify(signed(&key, &foreign).as_bytes(), key.public());
        assert!(matches!(refused, Err(Refusal::NotEvidence(_))), "{refused:?}");
        assert!(matches!(verify(b"{}", key.public()), Err(Refusal::NotAnEnvelope(_))));
        assert!(matches!(verify(&vec![b' '; LARGEST + 1], key.public()), Err(Refusal::NotAnEnvelope(_))));
    }

    #[test]
    fn the_encoding_is_the_specifications_example() {
        let expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world";
        assert_eq!(encoded("http://example.com/HelloWorld", b"hello world"), expected);
    }

    #[test]
    fn keys_are_read_as_they_are_written_and_nothing_else_is_a_key() {
        let pem = SigningKey::generate().unwrap();
        let key = SigningKey::from_pem(&pem).unwrap();
        assert!(!format!("{key:?}").contains("PRIVATE"));
        let public = key.public().to_pem();
        assert_eq!(PublicKey::from_pem(&public).as_ref(), Ok(key.public()));
        for text in ["", "x", &pem, &public.replace("PUBLIC", "RSA PUBLIC"), &public[..60]] {
            assert!(PublicKey::from_pem(text).is_err(), "{text}");
        }
        for text in ["", &public, &pem.replace("PRIVATE", "EC PRIVATE")] {
            assert_eq!(SigningKey::from_pem(text).unwrap_err(), SigningKeyError::NotAKey);
        }
        assert_eq!(key.sign_digest(b"short").unwrap_err(), SigningKeyError::NotADigest);
    }
}
