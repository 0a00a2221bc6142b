//! Machine tokens: opaque, shown once, kept as a digest.

use crate::{digest, random_text};
use domain::Scope;
use jiff::{SignedDuration, Timestamp};
use records::MachineToken;
use secrecy::SecretString;
use subtle::ConstantTimeEq;

/// The longest that a token may be valid.
pub const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(24 * 90);

/// How machine tokens begin, so that people and scanners of repositories know one when they see it.
pub const TOKEN_PREFIX: &str = "tsm_";

/// The length of a token's public part.
const ID: usize = 16;
/// The length of its secret part.
const SECRET: usize = 43;

/// The parts of a machine token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineTokenText<'a> {
    /// Its public part.
    pub id: &'a str,
    secret: &'a str,
}

/// A new token of a person: its text, which cannot be read again, and its stored record.
pub fn new_token(
    owner: &str,
    name: &str,
    scope: Scope,
    now: Timestamp,
    valid_until: Timestamp,
) -> (SecretString, MachineToken) {
    let id = hex::encode(rand::random::<[u8; ID / 2]>());
    let secret = random_text();
    let token = MachineToken {
        id: id.clone(),
        name: name.to_owned(),
        owner: owner.to_owned(),
        scope,
        sha256: digest(&secret),
        created_at: now,
        valid_until,
        revoked_at: None,
        revoked_by: None,
    };
    (format!("{TOKEN_PREFIX}{id}_{secret}").into(), token)
}

impl<'a> MachineTokenText<'a> {
    /// Parses a text; `None` if it is not a machine token.
    pub fn read(text: &'a str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(TOKEN_PREFIX)?.split_once('_')?;
        let is_id = id.len() == ID && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let is_secret = secret.len() == SECRET
            && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        (is_id && is_secret).then_some(Self { id, secret })
    }

    /// Whether it is this token, and valid.
    pub fn proves(&self, token: &MachineToken, now: Timestamp) -> bool {
        let is_it = bool::from(digest(self.secret).as_bytes().ct_eq(token.sha256.as_bytes()));
        is_it && token.id == self.id && token.revoked_at.is_none() && now < token.valid_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::configuration::Role;
    use secrecy::ExposeSecret;

    #[test]
    fn a_token_proves_itself_until_it_ends_or_is_revoked() {
        let now: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
        let scope = Scope { roles: [Role::Viewer].into(), projects: None };
        let until = now + SignedDuration::from_hours(1);
        let (text, token) = new_token("ada", "report", scope, now, until);
        let text = text.expose_secret();
        let read = MachineTokenText::read(text).unwrap();
        assert!(!serde_json::to_string(&token).unwrap().contains(read.secret));
        assert!(read.proves(&token, now));
        assert!(!read.proves(&token, until));
        assert!(!read.proves(&MachineToken { revoked_at: Some(now), ..token.clone() }, now));
        let mut other = text.to_owned();
        let last = if other.pop() == Some('A') { 'B' } else { 'A' };
        other.push(last);
        assert!(!MachineTokenText::read(&other).unwrap().proves(&token, now));
        for wrong in
            ["", "tsm_", "tsm__", &text[1..], &format!("{text}A"), "tsm_../../../../etc_x", "eyJ.a.b"]
        {
            assert_eq!(MachineTokenText::read(wrong), None, "{wrong}");
        }
    }
}
