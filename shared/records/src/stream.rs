//! The table's stream: which execution a changed item belongs to, for listeners that do not know keys.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>

use crate::keys;

/// What changed in the table, as far as listeners care.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TableChange {
    /// An execution was begun, started, parked or ended; by its name.
    Execution(String),
    /// A step of an execution started or ended; by the execution's name.
    Step(String),
    /// A call of a model in an execution was settled; by the execution's name.
    Cost(String),
    /// A step began to wait, or was answered.
    Waiter {
        /// [`crate::Topic`] as text.
        topic: String,
        /// The step's idempotency key.
        key: String,
    },
    /// An event that something may wait for; by its key's text.
    Occurrence(String),
    /// A delivery is to be answered, or was; by [`Table::reply`](crate::Table::reply)'s identity.
    Reply(String),
    /// Anything else.
    Other,
}

impl TableChange {
    /// Reads it from the keys of a stream record: its `Keys.pk.S` and `Keys.sk.S`.
    pub fn from_keys(pk: &str, sk: &str) -> Self {
        if let (Some(topic), Some(key)) = (pk.strip_prefix(keys::WAITER), sk.strip_prefix(keys::WAITER)) {
            return Self::Waiter { topic: topic.to_owned(), key: key.to_owned() };
        }
        if let (Some(key), keys::OCCURRENCE) = (pk.strip_prefix("EVENT#"), sk) {
            return Self::Occurrence(key.to_owned());
        }
        if let (Some(id), keys::REPLY) = (pk.strip_prefix(keys::REPLY_PARTITION), sk) {
            return Self::Reply(id.to_owned());
        }
        let Some(execution) = pk.strip_prefix("EXECUTION#").map(str::to_owned) else {
            return Self::Other;
        };
        match sk {
            keys::EXECUTION => Self::Execution(execution),
            sk if sk.starts_with(keys::STEP) => Self::Step(execution),
            sk if sk.starts_with(keys::COST) => Self::Cost(execution),
            _ => Self::Other,
        }
    }

    /// The name of the execution whose feedback may need an edit.
    pub fn execution(&self) -> Option<&str> {
        match self {
            Self::Execution(name) | Self::Step(name) | Self::Cost(name) => Some(name),
            Self::Waiter { .. } | Self::Occurrence(_) | Self::Reply(_) | Self::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn every_key_of_an_execution_is_recognized() {
        let of = |key: keys::Key| TableChange::from_keys(&key.pk, &key.sk);
        assert_eq!(of(keys::execution("jira-SHOP-1-ab")), TableChange::Execution("jira-SHOP-1-ab".into()));
        assert_eq!(of(keys::step("e", "CreateBranch.0")), TableChange::Step("e".into()));
        let cost = keys::cost(keys::execution_partition("e"), Timestamp::UNIX_EPOCH, "1");
        assert_eq!(of(cost), TableChange::Cost("e".into()));
        // The same record under a task is the same change, reported once.
        let copy = keys::cost(keys::task_partition("SHOP-1"), Timestamp::UNIX_EPOCH, "1");
        assert_eq!(of(copy), TableChange::Other);
        assert_eq!(of(keys::progress("e")), TableChange::Other);
        let waiter = TableChange::Waiter { topic: "budget".into(), key: "run/State".into() };
        assert_eq!(of(keys::waiter("budget", "run/State")), waiter);
        let reply = keys::reply(&domain::SourceName::API, "a#b");
        assert_eq!(of(reply), TableChange::Reply("api#a#b".into()));
        assert_eq!(
            of(keys::occurrence("jira.labelled/shop-1")),
            TableChange::Occurrence("jira.labelled/shop-1".into())
        );
    }
}
