//! Names of events and their sources.

use crate::repository::InvalidName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// The most characters of a source in an event's name; names of executions begin with it.
const SOURCE_LIMIT: usize = 32;

/// The most characters of a place's name: as many as an instance's.
const PLACE_LIMIT: usize = 40;

/// The most characters of an event's name.
const EVENT_LIMIT: usize = 96;

/// Where something happened: `jira`, `schedule`, `api`. The first part of an event's name and of every execution's name; of a person, the
/// instance under `plugins` where they acted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[a-z][a-z0-9_-]*$"))]
pub struct SourceName(Cow<'static, str>);

impl SourceName {
    /// The scheduler.
    pub const SCHEDULE: Self = Self::from_static("schedule");
    /// A person at the command line or the API.
    pub const API: Self = Self::from_static("api");

    /// A name that is written in the code. In a constant, an illegal name does not compile.
    pub const fn from_static(name: &'static str) -> Self {
        assert!(is_source(name.as_bytes()), "a source is named by lower-case letters, digits, `-` and `_`");
        Self(Cow::Borrowed(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is one of our own sources, so that no instance may have its name: people there are not identified by accounts.
    pub fn is_own(&self) -> bool {
        *self == Self::SCHEDULE || *self == Self::API
    }
}

/// The kind of event: `jira.labelled`, `schedule`, `api.run`. The names are those of the triggers in YAML.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)?$"))]
pub struct EventName(Cow<'static, str>);

impl EventName {
    /// A point in time came.
    pub const SCHEDULE: Self = Self::from_static("schedule");
    /// A person started it by hand. Nothing else can be started by it.
    pub const API_RUN: Self = Self::from_static("api.run");
    /// A request of a person or a machine with its own credential to the API.
    pub const API_REQUEST: Self = Self::from_static("api.request");
    /// Somebody asks for changes to a pull request that a run opened.
    pub const REVISION_REQUESTED: Self = Self::from_static("revision.requested");

    /// A name that is written in the code. In a constant, an illegal name does not compile.
    pub const fn from_static(name: &'static str) -> Self {
        assert!(is_event(name.as_bytes()), "an event is named by one or two words with a `.` between them");
        Self(Cow::Borrowed(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where it happens: the part before the dot.
    pub fn source(&self) -> SourceName {
        let source = self.0.split('.').next().unwrap_or_default();
        SourceName(Cow::Owned(source.to_owned()))
    }
}

const fn is_word_part(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

/// Whether these bytes are a word of lower-case letters, digits and `_` that begins with a letter.
const fn is_word(bytes: &[u8]) -> bool {
    if bytes.is_empty() || !bytes[0].is_ascii_lowercase() {
        return false;
    }
    let mut at = 1;
    while at < bytes.len() {
        if !is_word_part(bytes[at]) {
            return false;
        }
        at += 1;
    }
    true
}

/// Whether these bytes could name an instance: a word, also with `-`.
const fn is_source(bytes: &[u8]) -> bool {
    if bytes.len() > PLACE_LIMIT || bytes.is_empty() || !bytes[0].is_ascii_lowercase() {
        return false;
    }
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] != b'-' && !is_word_part(bytes[at]) {
            return false;
        }
        at += 1;
    }
    true
}

const fn is_event(bytes: &[u8]) -> bool {
    let mut dot = 0;
    while dot < bytes.len() && bytes[dot] != b'.' {
        dot += 1;
    }
    let (source, rest) = bytes.split_at(dot);
    if bytes.len() > EVENT_LIMIT || source.len() > SOURCE_LIMIT || !is_word(source) {
        return false;
    }
    match rest {
        [] => true,
        [_, word @ ..] => is_word(word),
    }
}

impl FromStr for SourceName {
    type Err = InvalidName;

    fn from_str(given: &str) -> Result<Self, InvalidName> {
        given.to_owned().try_into()
    }
}

impl TryFrom<String> for SourceName {
    type Error = InvalidName;

    fn try_from(given: String) -> Result<Self, InvalidName> {
        match is_source(given.as_bytes()) {
            true => Ok(Self(Cow::Owned(given))),
            false => {
                Err(InvalidName { given, expected: "a source; accepted: a lower-case word such as `api`" })
            }
        }
    }
}

impl From<SourceName> for String {
    fn from(name: SourceName) -> Self {
        name.0.into_owned()
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for EventName {
    type Err = InvalidName;

    fn from_str(given: &str) -> Result<Self, InvalidName> {
        given.to_owned().try_into()
    }
}

impl TryFrom<String> for EventName {
    type Error = InvalidName;

    fn try_from(given: String) -> Result<Self, InvalidName> {
        let expected = "an event; accepted: `schedule`, or a source and a word such as `api.run`";
        match is_event(given.as_bytes()) {
            true => Ok(Self(Cow::Owned(given))),
            false => Err(InvalidName { given, expected }),
        }
    }
}

impl From<EventName> for String {
    fn from(name: EventName) -> Self {
        name.0.into_owned()
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_where_it_happens() {
        for (name, source) in
            [("sender.pressed_twice", "sender"), ("schedule", "schedule"), ("api.run", "api")]
        {
            let name: EventName = name.parse().unwrap();
            assert_eq!(name.source().as_str(), source);
            let read: EventName = serde_json::from_str(&serde_json::to_string(&name).unwrap()).unwrap();
            assert_eq!(read, name);
        }
        assert_eq!(EventName::SCHEDULE.source(), SourceName::SCHEDULE);
        assert_eq!(EventName::API_RUN.source(), SourceName::API);
    }

    #[test]
    fn what_could_not_name_an_execution_is_refused() {
        let long = "x".repeat(SOURCE_LIMIT + 1);
        for wrong in
            ["", ".", "a.", ".a", "a.b.c", "A.b", "a.B", "1.a", "a b", "a.b-c", "a-b.c", "a-b", &long]
        {
            assert!(wrong.parse::<EventName>().is_err(), "{wrong}");
        }
        for wrong in ["", "a.b", "A", "1", "-a", &"x".repeat(PLACE_LIMIT + 1)] {
            assert!(wrong.parse::<SourceName>().is_err(), "{wrong}");
        }
        assert!(serde_json::from_str::<EventName>("\"a.b.c\"").is_err());
    }
}
