//! The keys of people's accounts.
//!
//! | what is asked | how | `pk` | `sk` |
//! |---|---|---|---|
//! | whose an account is | get, put if absent | `ACCOUNT#<digest of source and account>` | `LINK` |
//! | a code that joins two accounts | get, update | `ACCOUNT#CODE/<digest>` | `CODE` |
//! | the accounts that were joined to a person | query | `ACCOUNT#PERSON/<digest of the name>` | `JOINED#<digest of source and account>` |
//! | what a person is told directly | get | `ACCOUNT#PERSON/<digest of the name>` | `NOTIFY` |

use super::{Key, digest};
use domain::folded;

pub(crate) const JOINED: &str = "JOINED#";

/// Names of accounts are compared ignoring case, as in the configuration.
fn account(source: &str, id: &str) -> String {
    digest(&format!("{source}/{}", folded(id)))
}

pub(crate) fn link(source: &str, id: &str) -> Key {
    Key::new(format!("ACCOUNT#{}", account(source, id)), "LINK")
}

pub(crate) fn code(code: &str) -> Key {
    Key::new(format!("ACCOUNT#CODE/{}", digest(code)), "CODE")
}

pub(crate) fn person_partition(person: &str) -> String {
    format!("ACCOUNT#PERSON/{}", digest(person))
}

pub(crate) fn joined(person: &str, source: &str, id: &str) -> Key {
    Key::new(person_partition(person), format!("{JOINED}{}", account(source, id)))
}

pub(crate) fn notify(person: &str) -> Key {
    Key::new(person_partition(person), "NOTIFY")
}
