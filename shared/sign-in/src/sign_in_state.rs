//! The state of signing in by somebody else: which of our requests a callback answers. Nothing of it is kept, only that it was used.
//! <https://www.rfc-editor.org/rfc/rfc9700>

use crate::session_keys::{SessionKey, SessionKeys};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How long signing in may take.
pub const STATE_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// The longest state that is parsed.
const LONGEST: usize = 200;

/// A sign-in in progress. Its text is in the browser's cookie and in the provider's callback, and both must be the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInState {
    /// Its text.
    pub text: String,
    /// The secret that only we can send to the provider when the code is exchanged (PKCE, RFC 7636).
    pub verifier: String,
    /// The value that an ID token must repeat.
    pub nonce: String,
    /// From when it is refused.
    pub valid_until: Timestamp,
}

impl SignInState {
    /// A new one, for signing in by `way`; `None` if there is no key.
    pub fn new(keys: &SessionKeys, way: &str, now: Timestamp) -> Option<Self> {
        let text = format!("{}.{}", now.as_second(), crate::random_text());
        let key = keys.signing(now)?;
        let mac = mac(key, "state", way, &text)?;
        Self::of(key, way, format!("{text}.{mac}"), now)
    }

    /// The state with this text, if we made it for this way within ten minutes.
    pub fn read(keys: &SessionKeys, way: &str, text: &str, now: Timestamp) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (signed, given) = text.rsplit_once('.')?;
        let (seconds, _) = signed.split_once('.')?;
        let begun_at = Timestamp::from_second(seconds.parse().ok()?).ok()?;
        // The key that signed then.
        let key = keys.signing(begun_at)?;
        let expected = mac(key, "state", way, signed)?;
        let is_ours = bool::from(expected.as_bytes().ct_eq(given.as_bytes()));
        let state = Self::of(key, way, text.to_owned(), begun_at)?;
        (is_ours && begun_at.as_second() <= now.as_second() && now < state.valid_until).then_some(state)
    }

    fn of(key: &SessionKey, way: &str, text: String, begun_at: Timestamp) -> Option<Self> {
        let begun_at = Timestamp::from_second(begun_at.as_second()).ok()?;
        Some(Self {
            verifier: mac(key, "verifier", way, &text)?,
            nonce: mac(key, "nonce", way, &text)?,
            text,
            valid_until: begun_at + STATE_LIFE,
        })
    }

    /// The challenge of the verifier, for the beginning (`S256`).
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()))
    }

    /// The name under which it is recorded that it was used.
    pub fn digest(&self) -> String {
        crate::digest(&self.text)
    }
}

fn mac(key: &SessionKey, purpose: &str, way: &str, text: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.bytes()?).ok()?;
    mac.update(format!("ticketsmith sign-in {purpose}\0{way}\0{text}").as_bytes());
    Some(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_ours_of_its_way_and_in_time() {
        let now: Timestamp = "2026-11-29T12:00:00.5Z".parse().unwrap();
        let keys = SessionKeys::new(now - SignedDuration::from_hours(1));
        let state = SignInState::new(&keys, "github", now).unwrap();
        let read = |text: &str, way: &str, at: Timestamp| SignInState::read(&keys, way, text, at);
        assert_eq!(read(&state.text, "github", now), Some(state.clone()));
        assert_ne!(state.verifier, state.nonce);
        assert!(state.verifier.len() >= 43, "RFC 7636");
        // Another key that has signed since changes nothing.
        let rotated = keys.rotated(now).unwrap();
        let later = now + SignedDuration::from_mins(9);
        assert_eq!(SignInState::read(&rotated, "github", &state.text, later), Some(state.clone()));
        assert_eq!(read(&state.text, "oidc", now), None);
        assert_eq!(read(&state.text, "github", now + STATE_LIFE), None);
        assert_eq!(read(&state.text, "github", now - SignedDuration::from_secs(2)), None);
        assert_eq!(SignInState::read(&SessionKeys::new(now - STATE_LIFE), "github", &state.text, now), None);
        for text in ["", ".", "..", "x.y.z", &state.text[1..], &"9".repeat(300)] {
            assert_eq!(read(text, "github", now), None, "{text}");
        }
    }
}
