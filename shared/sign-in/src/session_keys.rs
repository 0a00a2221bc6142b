//! The keys that sign sessions, and their rotation.
//!
//! They are an entry of the secret [`secret_name`]. A new key signs only [`STARTS_AFTER`] later, when every function has read the secret again.
//! A key is accepted until twelve hours after its successor signs: until the last session that it signed has expired.

use crate::random_text;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

/// How long a session lasts.
pub const LIFE: SignedDuration = SignedDuration::from_hours(12);

/// The secret's name in the deployment whose table has this name, which is also its prefix.
pub fn secret_name(table: &str) -> String {
    format!("{table}/sign-in")
}

/// The secret's entry with the keys.
pub const ENTRY: &str = "sessions";

/// After how long a new key signs: functions read secrets again every five minutes.
pub const STARTS_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// The length of a key.
const BYTES: usize = 32;

/// The most characters of a key's name.
const NAME_LIMIT: usize = 64;

/// A key that signs sessions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionKey {
    /// Its name, the `kid` of its signatures.
    pub id: String,
    /// 32 bytes in base64url.
    #[serde(serialize_with = "exposed")]
    secret: SecretString,
    /// From when it signs.
    pub signs_from: Timestamp,
}

/// The keys of one installation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionKeys {
    /// The installation's name, which is part of every session: those of another installation are refused.
    pub installation: String,
    /// The keys, in the order in which they sign.
    keys: Vec<SessionKey>,
}

/// Why keys cannot be used. No message holds a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionKeysError {
    /// They are not in the form that rotation writes.
    #[error(
        "the entry `{ENTRY}` of the secret of signing in cannot be read: {0}; `ticketsmith auth rotate-key --new` replaces it"
    )]
    Form(String),
    /// The secret is not a JSON object.
    #[error("the secret of signing in is not a JSON object")]
    NotAnObject,
}

fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

impl SessionKey {
    fn new(signs_from: Timestamp) -> Self {
        Self { id: uuid::Uuid::new_v4().simple().to_string(), secret: random_text().into(), signs_from }
    }

    /// The key itself.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(self.secret.expose_secret()).ok()?;
        (bytes.len() == BYTES).then_some(bytes)
    }
}

impl SessionKeys {
    /// The first key of a new installation, which signs at once.
    pub fn new(now: Timestamp) -> Self {
        Self { installation: uuid::Uuid::new_v4().simple().to_string(), keys: vec![SessionKey::new(now)] }
    }

    /// The keys in the whole secret; `None` if it has none.
    ///
    /// # Errors
    /// [`SessionKeysError`] says what is wrong with them.
    pub fn of_secret(secret: &str) -> Result<Option<Self>, SessionKeysError> {
        let whole: Map<String, Value> =
            serde_json::from_str(secret).map_err(|_| SessionKeysError::NotAnObject)?;
        let Some(entry) = whole.get(ENTRY) else { return Ok(None) };
        let form = |problem: String| SessionKeysError::Form(problem);
        // The parser's own message could repeat a key.
        let mut keys: Self = Self::deserialize(entry).map_err(|_| form("it has another form".to_owned()))?;
        let is_name = |name: &str| {
            (1..=NAME_LIMIT).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        for key in &keys.keys {
            if !is_name(&key.id) {
                return Err(form("a key's id is not 1 to 64 letters, digits, `-` and `_`".to_owned()));
            }
            if key.bytes().is_none() {
                return Err(form(format!("the key `{}` is not {BYTES} bytes in base64url", key.id)));
            }
        }
        if keys.keys.is_empty() || !is_name(&keys.installation) {
            return Err(form("it has no key, or no installation name".to_owned()));
        }
        keys.keys.sort_by_key(|key| key.signs_from);
        Ok(Some(keys))
    }

    /// The keys with a new one, which signs soon, and without those that are not accepted anymore; `None` if a new key has not signed
    /// yet.
    pub fn rotated(&self, now: Timestamp) -> Option<Self> {
        if self.keys.iter().any(|key| key.signs_from > now) {
            return None;
        }
        let mut keys: Vec<SessionKey> =
            self.keys.iter().filter(|key| self.accepted(&key.id, now).is_some()).cloned().collect();
        keys.push(SessionKey::new(now + STARTS_AFTER));
        Some(Self { installation: self.installation.clone(), keys })
    }

    /// The newest key's name, and from when it signs.
    pub fn newest(&self) -> Option<(&str, Timestamp)> {
        self.keys.last().map(|key| (key.id.as_str(), key.signs_from))
    }

    /// The key that signs now. The first one signs before its time, too: it was made by a clock that was ahead of this one, and until then
    /// nobody could sign in.
    pub(crate) fn signing(&self, now: Timestamp) -> Option<&SessionKey> {
        self.keys.iter().rev().find(|key| key.signs_from <= now).or_else(|| self.keys.first())
    }

    /// The keys of which what they signed is accepted.
    pub(crate) fn all_accepted(&self, now: Timestamp) -> impl Iterator<Item = &SessionKey> {
        self.keys.iter().filter(move |key| self.accepted(&key.id, now).is_some())
    }

    /// The key of this name, if what it signed is accepted.
    pub(crate) fn accepted(&self, id: &str, now: Timestamp) -> Option<&SessionKey> {
        let position = self.keys.iter().position(|key| key.id == id)?;
        let successor = self.keys.get(position + 1);
        let is_retired = successor.is_some_and(|successor| successor.signs_from + LIFE <= now);
        self.keys.get(position).filter(|_| !is_retired)
    }
}

/// The whole secret with these keys in it; its other entries stay. `None` if the secret is not a JSON object.
pub fn with_session_keys(secret: Option<&SecretString>, keys: &SessionKeys) -> Option<SecretString> {
    let mut whole: Map<String, Value> = match secret {
        Some(secret) => serde_json::from_str(secret.expose_secret()).ok()?,
        None => Map::new(),
    };
    whole.insert(ENTRY.to_owned(), serde_json::to_value(keys).ok()?);
    Some(Value::Object(whole).to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn keys_survive_the_secret_and_leave_its_other_entries() {
        let keys = SessionKeys::new(at("2026-11-29T12:00:00Z"));
        let secret = with_session_keys(Some(&r#"{"github":{"client_secret":"x"}}"#.into()), &keys).unwrap();
        let whole: Value = serde_json::from_str(secret.expose_secret()).unwrap();
        assert_eq!(whole["github"]["client_secret"], "x");
        let again = SessionKeys::of_secret(secret.expose_secret()).unwrap().unwrap();
        assert_eq!((again.newest(), &again.installation), (keys.newest(), &keys.installation));
        assert!(SessionKeys::of_secret("{}").unwrap().is_none());
        assert!(!format!("{keys:?}").contains(keys.keys[0].secret.expose_secret()));
    }

    #[test]
    fn what_is_no_key_is_refused_without_repeating_it() {
        let key = |id: &str, secret: &str| {
            json!({ENTRY: {"installation": "i", "keys": [
                {"id": id, "secret": secret, "signs_from": "2026-11-29T12:00:00Z"}
            ]}})
        };
        let good = URL_SAFE_NO_PAD.encode([7; 32]);
        assert!(SessionKeys::of_secret(&key("k", &good).to_string()).unwrap().is_some());
        for secret in [
            key("k", "hunter2"),
            key("../k", &good),
            key("", &good),
            json!({ENTRY: {"installation": "i", "keys": []}}),
            json!({ENTRY: "hunter2"}),
            json!(["hunter2"]),
        ] {
            let refused = SessionKeys::of_secret(&secret.to_string()).unwrap_err().to_string();
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn a_new_key_signs_after_everyone_has_read_it_and_the_old_one_retires_after_the_last_session() {
        let start = at("2026-11-29T00:00:00Z");
        let first = SessionKeys::new(start);
        let rotated_at = start + SignedDuration::from_hours(24);
        let both = first.rotated(rotated_at).unwrap();
        assert!(both.rotated(rotated_at).is_none(), "one new key at a time");
        let [old, new] = [0, 1].map(|index| both.keys[index].id.clone());
        let behind = start - SignedDuration::from_hours(1);
        assert_eq!(both.signing(behind).unwrap().id, old, "the clock was set back, or is another one");
        assert!(both.accepted(&old, behind).is_some());
        let signs = rotated_at + STARTS_AFTER;
        let just_before = signs - SignedDuration::from_nanos(1);
        assert_eq!(both.signing(just_before).unwrap().id, old);
        assert_eq!(both.signing(signs).unwrap().id, new);
        // A session that began at the last moment ends as the key retires.
        assert!(both.accepted(&old, just_before + LIFE).is_some());
        assert!(both.accepted(&old, signs + LIFE).is_none());
        let later = both.rotated(signs + LIFE).unwrap();
        assert_eq!(later.keys.iter().map(|key| &key.id).filter(|id| **id == old).count(), 0);
        assert_eq!(later.keys.len(), 2);
    }
}
