//! The keys of who may sign in, and of who did what.
//!
//! | what is asked | how | `pk` | `sk` |
//! |---|---|---|---|
//! | one machine token | get | `IDENTITY#TOKENS` | `TOKEN#<id>` |
//! | all machine tokens | query | `IDENTITY#TOKENS` | `TOKEN#` |
//! | a link or a state that can be used once | put if absent, update | `IDENTITY#ONCE/<sha256>` | `ONCE` |
//! | which of a person's sessions have ended before their time | query | `IDENTITY#PERSON/<name>` | `ENDED#<session>`, `ENDED_BEFORE` |
//! | which id an account at a provider has | get, put if absent | `IDENTITY#ACCOUNT/<source>/<account>` | `ACCOUNT` |
//! | how often a credential was used lately | update | `IDENTITY#RATE/<credential>` | `RATE` |
//! | who did what on a day, newest first | query | `AUDIT#<day>` | `AT#<at>#<id>` |
//! | what a request to the API was answered | with the query of its day | `AUDIT#<day>` | `AT#<at>#<id>#ANSWERED` |
//! | what somebody did, newest first | query, then batch get | `AUDIT#PERSON/<digest of who>` | `AT#<at>#<id>` |
//! | where a chain of the audit is | get | `AUDIT#CHAIN/<number>` | `HEAD` |

use super::{Key, digest};
use crate::timestamp::fixed_width;
use domain::folded;
use jiff::Timestamp;

pub(crate) const TOKEN: &str = "TOKEN#";
pub(crate) const ENDED: &str = "ENDED";
pub(crate) const AUDIT: &str = "AT#";
pub(crate) const ANSWERED: &str = "#ANSWERED";

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

/// The day (UTC) of a moment: `2026-11-29`.
pub(crate) fn audit_day(at: Timestamp) -> String {
    fixed_width(at).chars().take(10).collect()
}

pub(crate) fn audit(at: Timestamp, id: &str) -> Key {
    Key::new(audit_partition(&audit_day(at)), format!("{AUDIT}{}#{id}", fixed_width(at)))
}

/// Behind the request's own record.
pub(crate) fn audit_answer(at: Timestamp, id: &str) -> Key {
    let Key { pk, sk } = audit(at, id);
    Key::new(pk, sk + ANSWERED)
}

/// The record and its response at a place of a day.
pub(crate) fn audit_places(day: &str, place: &str) -> [Key; 2] {
    ["", ANSWERED].map(|end| Key::new(audit_partition(day), format!("{AUDIT}{place}{end}")))
}

/// Names are as long as people make them.
pub(crate) fn audited_person_partition(who: &str) -> String {
    format!("AUDIT#PERSON/{}", digest(who))
}

pub(crate) fn audited_person(who: &str, sk: &str) -> Key {
    Key::new(audited_person_partition(who), sk)
}

pub(crate) fn audit_head(chain: u8) -> Key {
    Key::new(format!("AUDIT#CHAIN/{chain:02}"), "HEAD")
}
