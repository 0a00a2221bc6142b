//! Authentication: sessions, machine tokens, and single-use tickets.
//!
//! | file | purpose |
//! |---|---|
//! | `session_keys` | the keys that sign sessions, and their rotation |
//! | `session` | sessions: signed by the installation, valid for twelve hours |
//! | `machine_token` | machine tokens: random, kept as digests |
//! | `sign_in_state`, `id_token` | signing in by GitHub or OpenID Connect |
//! | `sealed` | texts that we give out and get back, which nobody else reads or makes |
//! | `ticket` | links that sign in once |
//!
//! Permissions are decided in the crate `control`, not here. This crate does no I/O: the records are kept by `records`.

mod id_token;
mod machine_token;
mod sealed;
mod session;
mod session_keys;
mod sign_in_state;
mod ticket;

pub use id_token::{ExpectedIdToken, IdTokenClaims, IdTokenRefusal, verify_id_token};
pub use jsonwebtoken::jwk::JwkSet;
pub use machine_token::{LONGEST_LIFE, MachineTokenText, TOKEN_PREFIX, new_token};
pub use sealed::{seal, unseal};
pub use session::{
    AUDIENCE, Carrier, NewSession, PresentedToken, Session, SessionRefusal, SignInWay, Subject, issue, verify,
};
pub use session_keys::{
    ENTRY, LIFE, STARTS_AFTER, SessionKey, SessionKeys, SessionKeysError, secret_name, with_session_keys,
};
pub use sign_in_state::{STATE_LIFE, SignInState};
pub use ticket::{TICKET_LIFE, Ticket, ticket_digest};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 256 random bits in 43 characters of base64url.
fn random_text() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// The SHA-256 of a text, in hexadecimal.
fn digest(text: &str) -> String {
    use sha2::{Digest as _, Sha256};
    hex::encode(Sha256::digest(text.as_bytes()))
}
