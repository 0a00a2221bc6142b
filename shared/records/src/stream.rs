//! The table's stream: which execution a changed item belongs to, for listeners that do not know keys.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>

use crate::access::Partition;
use crate::keys;

/// Items whose changes a function receives: those in partitions of one kind whose sort keys have one of these prefixes. Others
/// never reach it, so that its own writes need not invoke it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamedItems {
    /// The kind of partition.
    pub partition: Partition,
    /// How their sort keys may begin.
    pub sort_keys: &'static [&'static str],
}

/// People's decisions and events: answers, awaited events, requests to stop, pull requests that were closed.
pub const DECISIONS: &[StreamedItems] = &[
    StreamedItems { partition: Partition::Waiter, sort_keys: &[keys::WAITER] },
    StreamedItems { partition: Partition::Event, sort_keys: &[keys::OCCURRENCE] },
    StreamedItems { partition: Partition::Execution, sort_keys: &[keys::STOP] },
    StreamedItems { partition: Partition::Repository, sort_keys: &[keys::PULL_REQUEST] },
];

/// Feedback on executions, replies, and questions to providers: all of it calls providers, and no decision waits for
/// them.
pub const PROGRESS: &[StreamedItems] = &[
    StreamedItems { partition: Partition::Execution, sort_keys: &[keys::EXECUTION, keys::STEP, keys::COST] },
    StreamedItems { partition: Partition::Inquiry, sort_keys: &[keys::INQUIRY] },
    StreamedItems { partition: Partition::Reply, sort_keys: &[keys::REPLY] },
    StreamedItems { partition: Partition::Inbox, sort_keys: &[keys::WORD] },
    StreamedItems { partition: Partition::Waiter, sort_keys: &[keys::SHOWN] },
    StreamedItems { partition: Partition::Feed, sort_keys: &[keys::TOLD] },
    StreamedItems { partition: Partition::Socket, sort_keys: &[keys::socket::SOCKET] },
];

/// The execution whose frame this item is; `None` for any other item.
pub fn execution_of_frame<'a>(pk: &'a str, sk: &str) -> Option<&'a str> {
    pk.strip_prefix("FEED#").filter(|_| sk.starts_with(keys::FRAME))
}

impl StreamedItems {
    /// Whether the item with these keys is one of them.
    pub fn include(&self, pk: &str, sk: &str) -> bool {
        // Every change in the table is compared with all of them: most kinds differ in their first letters.
        let is_of_kind = |rest: &str| rest.is_empty() || rest.starts_with('#');
        pk.strip_prefix(self.partition.as_str()).is_some_and(is_of_kind)
            && self.sort_keys.iter().any(|start| sk.starts_with(start))
    }
}

/// Changes in the table, as far as listeners care.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TableChange {
    /// An execution was begun, started, parked or ended; by its name.
    Execution(String),
    /// A person asked to stop an execution; by its name.
    Stop(String),
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
    /// A place where a question is shown was recorded, or has to show the outcome.
    Shown {
        /// [`crate::Topic`] as text.
        topic: String,
        /// The key of the question's step, and which place it is.
        place: String,
    },
    /// An event that something may wait for; by its key's text.
    Occurrence(String),
    /// A delivery is to be answered, or was; by [`Table::reply`](crate::Table::reply)'s identity.
    Reply(String),
    /// Words for the agents of a ticket came, or were taken in; by the ticket.
    Word(String),
    /// A pull request was merged, closed, or opened again.
    PullRequestClosed {
        /// `owner/name`, as the code host spells it.
        repository: String,
        /// Its number there.
        number: u64,
    },
    /// Something to ask a provider about; by the event key's text.
    Inquiry(String),
    /// New frames of an execution for programs that follow it; by its name.
    Told(String),
    /// A socket was opened at the account's gateway, or is gone.
    Socket {
        /// The followed subject.
        topic: String,
        /// The gateway's name for it.
        id: String,
    },
    /// Anything else.
    Other,
}

impl TableChange {
    /// Reads it from the keys of a stream record: its `Keys.pk.S` and `Keys.sk.S`.
    pub fn from_keys(pk: &str, sk: &str) -> Self {
        if let (Some(topic), Some(key)) = (pk.strip_prefix(keys::WAITER), sk.strip_prefix(keys::WAITER)) {
            return Self::Waiter { topic: topic.to_owned(), key: key.to_owned() };
        }
        if let (Some(topic), Some(place)) = (pk.strip_prefix(keys::WAITER), sk.strip_prefix(keys::SHOWN)) {
            return Self::Shown { topic: topic.to_owned(), place: place.to_owned() };
        }
        if let (Some(key), true) = (pk.strip_prefix("EVENT#"), sk.starts_with(keys::OCCURRENCE)) {
            return Self::Occurrence(key.to_owned());
        }
        if let (Some(id), keys::REPLY) = (pk.strip_prefix(keys::REPLY_PARTITION), sk) {
            return Self::Reply(id.to_owned());
        }
        if let (Some(task_id), true) = (pk.strip_prefix(keys::INBOX_PARTITION), sk.starts_with(keys::WORD)) {
            return Self::Word(task_id.to_owned());
        }
        if let (keys::INQUIRIES, Some(key)) = (pk, sk.strip_prefix(keys::INQUIRY)) {
            return Self::Inquiry(key.to_owned());
        }
        if let (Some(repository), Some(number)) =
            (pk.strip_prefix(keys::REPOSITORY), sk.strip_prefix(keys::PULL_REQUEST))
        {
            let repository = repository.to_owned();
            return number
                .parse()
                .map_or(Self::Other, |number| Self::PullRequestClosed { repository, number });
        }
        if let (Some(execution), keys::TOLD) = (pk.strip_prefix("FEED#"), sk) {
            return Self::Told(execution.to_owned());
        }
        if let (Some(topic), Some(id)) =
            (pk.strip_prefix(keys::socket::SOCKET), sk.strip_prefix(keys::socket::SOCKET))
        {
            return Self::Socket { topic: topic.to_owned(), id: id.to_owned() };
        }
        let Some(execution) = pk.strip_prefix("EXECUTION#").map(str::to_owned) else {
            return Self::Other;
        };
        match sk {
            keys::EXECUTION => Self::Execution(execution),
            keys::STOP => Self::Stop(execution),
            sk if sk.starts_with(keys::STEP) => Self::Step(execution),
            sk if sk.starts_with(keys::COST) => Self::Cost(execution),
            _ => Self::Other,
        }
    }

    /// The name of the execution whose feedback may need an edit.
    pub fn execution(&self) -> Option<&str> {
        match self {
            Self::Execution(name) | Self::Step(name) | Self::Cost(name) => Some(name),
            Self::Stop(_) | Self::Waiter { .. } | Self::Shown { .. } | Self::Occurrence(_) => None,
            Self::PullRequestClosed { .. } | Self::Told(_) | Self::Socket { .. } => None,
            Self::Inquiry(_) | Self::Reply(_) | Self::Word(_) | Self::Other => None,
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
        assert_eq!(of(keys::stop("e")), TableChange::Stop("e".into()));
        assert_eq!(of(keys::progress("e")), TableChange::Other);
        let waiter = TableChange::Waiter { topic: "budget".into(), key: "run/State".into() };
        assert_eq!(of(keys::waiter("budget", "run/State")), waiter);
        let reply = keys::reply(&domain::SourceName::API, "a#b");
        assert_eq!(of(reply), TableChange::Reply("api#a#b".into()));
        let labelled = "jira.labelled/shop-1";
        for key in [keys::occurrence(labelled, "d"), keys::newest_occurrence(labelled)] {
            assert_eq!(of(key), TableChange::Occurrence(labelled.into()));
        }
        assert_eq!(of(keys::feed("e")), TableChange::Told("e".into()));
        let socket = TableChange::Socket { topic: "execution/e".into(), id: "L0SM9cOFvHcCIhw=".into() };
        assert_eq!(of(keys::socket::opened("execution/e", "L0SM9cOFvHcCIhw=")), socket);
        assert_eq!(of(keys::inquiry("a.b/c")), TableChange::Inquiry("a.b/c".into()));
        let closed = TableChange::PullRequestClosed { repository: "acme/shop".into(), number: 7 };
        assert_eq!(of(keys::pull_request("acme/shop", 7)), closed);
    }

    #[test]
    fn decisions_and_progress_are_told_apart_and_what_nobody_acts_on_is_left_out() {
        let at = Timestamp::UNIX_EPOCH;
        let of_execution = keys::execution_partition("e");
        let cases = [
            (keys::waiter("budget", "run/State"), (true, false)),
            (keys::shown("approval/e", "run/State", "{}"), (false, true)),
            (keys::occurrence("jira.labelled/shop-1", "d"), (true, false)),
            (keys::inquiry("github.checks_completed/acme/shop"), (false, true)),
            (keys::stop("e"), (true, false)),
            (keys::pull_request("acme/shop", 7), (true, false)),
            (keys::opened_pull_request("acme/shop", 7), (false, false)),
            (keys::word_named("SHOP-1", &keys::word(at, &domain::SourceName::API, "d")), (false, true)),
            (keys::inbox("SHOP-1"), (false, false)),
            (keys::reply(&domain::SourceName::API, "d"), (false, true)),
            (keys::execution("e"), (false, true)),
            (keys::step("e", "State"), (false, true)),
            (keys::cost(of_execution, at, "1"), (false, true)),
            (keys::feed("e"), (false, true)),
            (keys::socket::opened("execution/e", "c"), (false, true)),
            // Written by the listener itself, or read by nobody who listens.
            (keys::frame("e", 1), (false, false)),
            (keys::socket::cursor("execution/e", "c"), (false, false)),
            (keys::socket::place("c"), (false, false)),
            (keys::socket::ticket("0a1b"), (false, false)),
            (keys::progress("e"), (false, false)),
            (keys::refusal("e"), (false, false)),
            (keys::reservation("e", "1"), (false, false)),
            (keys::agent_execution("e", "1"), (false, false)),
            (keys::cost(keys::task_partition("SHOP-1"), at, "1"), (false, false)),
            (keys::listed_execution(keys::month_partition("2026-11"), at, "e"), (false, false)),
        ];
        for (key, expected) in cases {
            let among = |items: &[StreamedItems]| items.iter().any(|items| items.include(&key.pk, &key.sk));
            assert_eq!((among(DECISIONS), among(PROGRESS)), expected, "{key:?}");
            // What is told is something that the listener knows.
            let known = TableChange::from_keys(&key.pk, &key.sk) != TableChange::Other;
            assert_eq!(known, expected != (false, false), "{key:?}");
        }
    }
}
