//! The keys of who may sign in, and of who changed what.
//!
//! | what is asked | how | `pk` | `sk` |
//! |---|---|---|---|
//! | one machine token | get | `IDENTITY#TOKENS` | `TOKEN#<id>` |
//! | all machine tokens | query | `IDENTITY#TOKENS` | `TOKEN#` |
//! | a link or a state that can be used once | put if absent, update | `IDENTITY#ONCE/<sha256>` | `ONCE` |
//! | which of a person's sessions have ended before their time | query | `IDENTITY#PERSON/<name>` | `ENDED#<session>`, `ENDED_BEFORE` |
//! | which id an account at a provider has | get, put if absent | `IDENTITY#ACCOUNT/<source>/<account>` | `ACCOUNT` |
//! | how often a credential was used lately | update | `IDENTITY#RATE/<credential>` | `RATE` |
//! | who changed what on a day, newest first | query | `AUDIT#<day>` | `AT#<at>#<id>` |

use super::{Key, digest};
use crate::timestamp::fixed_width;
use domain::folded;
use jiff::Timestamp;

pub(crate) const TOKEN: &str = "TOKEN#";
pub(crate) const ENDED: &str = "ENDED";
pub(crate) const AUDIT: &str = "AT#";

/// The partition of all machine tokens: they are few, and an installation accepts a bounded number.
pub(crate) fn tokens_partition() -> String {
    "IDENTITY#TOKENS".to_owned()
}

pub(crate) fn token(id: &str) -> Key {
    Key::new(tokens_partition(), format!("{TOKEN}{id}"))
}

pub(crate) fn once(sha256: &str) -> Key {
    Key::new(format!("IDENTITY#ONCE/{sha256}"), "ONCE")
}

/// Names are as long as people make them.
pub(crate) fn signed_in_partition(person: &str) -> String {
    format!("IDENTITY#PERSON/{}", digest(person))
}

pub(crate) fn ended_session(person: &str, session: &str) -> Key {
    Key::new(signed_in_partition(person), format!("{ENDED}#{session}"))
}

pub(crate) fn ended_before(person: &str) -> Key {
    Key::new(signed_in_partition(person), "ENDED_BEFORE")
}

pub(crate) fn account(source: &str, account: &str) -> Key {
    Key::new(format!("IDENTITY#ACCOUNT/{}", digest(&format!("{source}/{}", folded(account)))), "ACCOUNT")
}

pub(crate) fn usage(credential: &str) -> Key {
    Key::new(format!("IDENTITY#RATE/{}", digest(credential)), "RATE")
}

/// The records of a day (UTC): `2026-11-29`.
pub(crate) fn audit_partition(day: &str) -> String {
    format!("AUDIT#{day}")
}

pub(crate) fn audit(at: Timestamp, id: &str) -> Key {
    let at = fixed_width(at);
    Key::new(audit_partition(&at[..10]), format!("{AUDIT}{at}#{id}"))
}
