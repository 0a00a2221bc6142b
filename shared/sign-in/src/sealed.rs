//! Texts that we give to somebody who gives them back: nobody else can read them, make one, or change one. They are sealed with the keys of
//! sessions, so that they are good at least until the session ends that asked for them.

use crate::session_keys::{SessionKey, SessionKeys};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use sha2::Sha256;

const NONCE: usize = 24;

/// Seals a text for a purpose, which whoever opens it must name; `None` where there is no key. The same text is sealed alike by one key.
pub fn seal(keys: &SessionKeys, purpose: &[&str], text: &str, now: Timestamp) -> Option<String> {
    let key = keys.signing(now)?;
    let purpose = in_one(purpose);
    // It differs wherever the text or the purpose does, so that none is used for two of them.
    let derived = derived(key, "nonce", &[&purpose, text.as_bytes()].concat())?;
    let nonce: [u8; NONCE] = *derived.first_chunk()?;
    let payload = Payload { msg: text.as_bytes(), aad: &purpose };
    let sealed = cipher(key)?.encrypt(&XNonce::from(nonce), payload).ok()?;
    Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), sealed.as_slice()].concat()))
}

/// What was sealed for this purpose; `None` for what we have not sealed, have sealed for another, or with a key that has retired.
pub fn unseal(keys: &SessionKeys, purpose: &[&str], sealed: &str, now: Timestamp) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
    let purpose = in_one(purpose);
    let opened = keys.all_accepted(now).find_map(|key| {
        let payload = Payload { msg: sealed, aad: &purpose };
        cipher(key)?.decrypt(&XNonce::from(*nonce), payload).ok()
    });
    String::from_utf8(opened?).ok()
}

/// The parts of a purpose in one: no two purposes are alike in it.
fn in_one(purpose: &[&str]) -> Vec<u8> {
    let count = u64::try_from(purpose.len()).unwrap_or(u64::MAX);
    let mut whole = count.to_be_bytes().to_vec();
    for part in purpose {
        whole.extend(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        whole.extend(part.as_bytes());
    }
    whole
}

fn cipher(key: &SessionKey) -> Option<XChaCha20Poly1305> {
    XChaCha20Poly1305::new_from_slice(&derived(key, "key", b"")?).ok()
}

/// Bytes that nobody can make without the key, and that say nothing about what else it signs.
fn derived(key: &SessionKey, use_of_it: &str, text: &[u8]) -> Option<Vec<u8>> {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&key.bytes()?).ok()?;
    mac.update(format!("ticketsmith sealed {use_of_it}\0").as_bytes());
    mac.update(text);
    Some(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session_keys::{LIFE, STARTS_AFTER};
    use jiff::SignedDuration;

    #[test]
    fn what_is_sealed_is_read_by_us_alone_and_for_its_purpose() {
        let now: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
        let keys = SessionKeys::new(now);
        let (purpose, text) = (&["executions", "all"][..], "2026-11 jira-SECRET-1-ab");
        let sealed = seal(&keys, purpose, text, now).unwrap();
        assert_eq!(unseal(&keys, purpose, &sealed, now).as_deref(), Some(text));
        assert_eq!(seal(&keys, purpose, text, now).unwrap(), sealed, "the same page has the same cursor");
        let read = String::from_utf8_lossy(&URL_SAFE_NO_PAD.decode(&sealed).unwrap()).into_owned();
        assert!(!read.contains("SECRET"), "{read}");
        for other in [
            &["executions", "ALL"][..],
            &["executions", "allx"],
            &["executionsall"],
            &["executions", "all", ""],
            &[],
        ] {
            assert_eq!(unseal(&keys, other, &sealed, now), None, "{other:?}");
        }
        assert_eq!(unseal(&SessionKeys::new(now), purpose, &sealed, now), None, "another installation's");
        for at in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(unseal(&keys, purpose, &changed, now), None, "{at}");
        }
        for none in ["", "x", "%", "AAAA", &"A".repeat(10_000)] {
            assert_eq!(unseal(&keys, purpose, none, now), None, "{none}");
        }
    }

    #[test]
    fn it_is_good_until_its_key_retires() {
        let now: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
        let keys = SessionKeys::new(now);
        let sealed = seal(&keys, &["x"], "position", now).unwrap();
        let rotated = keys.rotated(now).unwrap();
        let retired = now + STARTS_AFTER + LIFE;
        let opened = |at: Timestamp| unseal(&rotated, &["x"], &sealed, at);
        assert!(opened(retired - SignedDuration::from_secs(1)).is_some());
        assert_eq!(opened(retired), None);
        // By a clock that is behind the one by which the key was made.
        assert_eq!(seal(&keys, &["x"], "position", now - SignedDuration::from_secs(1)), Some(sealed));
    }
}
