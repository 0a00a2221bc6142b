//! A function's access to the table, by kinds of partitions: the basis of its role's leading-key conditions.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>

use crate::listing::Listing;
use std::collections::BTreeSet;

/// A kind of partition: the part of `pk` before the first `#`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Partition {
    /// People's joined accounts and their choice of direct messages.
    Account,
    /// The audit log.
    Audit,
    /// Items that the API configures: projects, people and plugin instances.
    Configured,
    /// Which runs have a place at a project's reviewers.
    Capacity,
    /// What deliveries led to.
    Delivery,
    /// Configuration, routes, prompts and agents.
    Document,
    /// Events that something may wait for.
    Event,
    /// One execution with its steps, costs, reservations and progress.
    Execution,
    /// The events of an execution, for programs that follow it.
    Feed,
    /// Machine tokens, and sign-in data.
    Identity,
    /// Words for the agents of one ticket.
    Inbox,
    /// What providers are asked about.
    Inquiry,
    /// Everybody's executions of a month.
    Month,
    /// A person's spending.
    Person,
    /// The tickets and the page that a plan became.
    Plan,
    /// A project's executions and costs.
    Project,
    /// How fast a provider may be called, and the bot's account there.
    Provider,
    /// Contents of commits that were read.
    Reading,
    /// What deliveries are answered.
    Reply,
    /// A repository's closed pull requests, and the branches that runs commit to.
    Repository,
    /// What requests to the API were answered.
    Request,
    /// The journal of a run's effects.
    Run,
    /// An agent's session: its messages and its workspace.
    Session,
    /// Sockets at the account's gateway, and the tickets that open them.
    Socket,
    /// Spending by day.
    Spend,
    /// Large values.
    Stored,
    /// One ticket: the execution at work on it, and its remaining limit.
    Task,
    /// Threads that we opened in a chat.
    Thread,
    /// Tokens of people and machines, by their hashes.
    Token,
    /// Waiters on task tokens.
    Waiter,
    /// Of which projects' repositories a person is a writer.
    Writer,
}

impl Partition {
    /// The part before the `#`: `EXECUTION`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "ACCOUNT",
            Self::Audit => "AUDIT",
            Self::Configured => "CONFIGURED",
            Self::Capacity => "CAPACITY",
            Self::Delivery => "DELIVERY",
            Self::Document => "DOCUMENT",
            Self::Event => "EVENT",
            Self::Execution => "EXECUTION",
            Self::Feed => "FEED",
            Self::Identity => "IDENTITY",
            Self::Inbox => "INBOX",
            Self::Inquiry => "INQUIRY",
            Self::Month => "MONTH",
            Self::Person => "PERSON",
            Self::Plan => "PLAN",
            Self::Project => "PROJECT",
            Self::Provider => "PROVIDER",
            Self::Reading => "READING",
            Self::Reply => "REPLY",
            Self::Repository => "REPOSITORY",
            Self::Request => "REQUEST",
            Self::Run => "RUN",
            Self::Session => "SESSION",
            Self::Socket => "SOCKET",
            Self::Spend => "SPEND",
            Self::Stored => "STORED",
            Self::Task => "TASK",
            Self::Thread => "THREAD",
            Self::Token => "TOKEN",
            Self::Waiter => "WAITER",
            Self::Writer => "WRITER",
        }
    }
}

/// The partitions that a function reads and those that it also writes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// Read; includes everything that is written.
    pub reads: BTreeSet<Partition>,
    /// Written.
    pub writes: BTreeSet<Partition>,
    /// What of the index is queried.
    pub lists: BTreeSet<Listing>,
}

impl Access {
    /// Nothing but reading these.
    pub fn reading(partitions: impl IntoIterator<Item = Partition>) -> Self {
        Self { reads: partitions.into_iter().collect(), ..Self::default() }
    }

    /// These written as well as read.
    #[must_use]
    pub fn writing(mut self, partitions: impl IntoIterator<Item = Partition>) -> Self {
        self.writes.extend(partitions);
        self.reads.extend(&self.writes);
        self
    }

    /// These parts of the index queried as well.
    #[must_use]
    pub fn listing(mut self, listings: impl IntoIterator<Item = Listing>) -> Self {
        self.lists.extend(listings);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys;
    use domain::configuration::{Project, User};
    use domain::{PluginInstance, SourceName};

    #[test]
    fn partitions_are_named_as_keys_are() {
        let check = |partition: Partition, pk: &str| {
            assert_eq!(pk.split_once('#').map(|(kind, _)| kind), Some(partition.as_str()));
        };
        check(Partition::Account, &keys::account::link("github", "ada-l").pk);
        check(Partition::Account, &keys::account::code("0a1b").pk);
        check(Partition::Account, &keys::account::notify("ada").pk);
        check(Partition::Audit, &keys::identity::audit_partition("2026-11-29"));
        check(Partition::Audit, &keys::identity::audited_person_partition("ada"));
        check(Partition::Audit, &keys::identity::audit_head(3).pk);
        check(Partition::Identity, &keys::identity::token("t").pk);
        check(Partition::Identity, &keys::identity::once("0a1b").pk);
        check(Partition::Identity, &keys::identity::ended_before("ada").pk);
        check(Partition::Identity, &keys::identity::account("github", "ada-l").pk);
        check(Partition::Identity, &keys::identity::usage("ada").pk);
        check(Partition::Configured, &keys::configured::item::<Project>("SHOP").pk);
        check(Partition::Configured, &keys::configured::item::<User>("ada").pk);
        check(Partition::Configured, &keys::configured::item::<PluginInstance>("jira").pk);
        check(Partition::Configured, &keys::configured::head().pk);
        check(Partition::Capacity, &keys::capacity_partition("SHOP"));
        check(Partition::Delivery, &keys::delivery(&SourceName::API, "1").pk);
        check(Partition::Document, &keys::document("routes").pk);
        check(Partition::Event, &keys::occurrence("jira.labelled/shop-1", "d").pk);
        check(Partition::Inbox, &keys::inbox("SHOP-1").pk);
        check(Partition::Feed, &keys::feed("e").pk);
        check(Partition::Inquiry, &keys::inquiry("github.checks_completed/acme/shop/0a1b").pk);
        check(Partition::Execution, &keys::execution_partition("e"));
        check(Partition::Month, &keys::month_partition("2026-11"));
        check(Partition::Person, &keys::person_partition("ada"));
        check(Partition::Plan, &keys::plan_partition("SHOP", "SHOP-1"));
        check(Partition::Project, &keys::project_partition("SHOP"));
        check(Partition::Provider, &keys::rate("jira").pk);
        check(Partition::Provider, &keys::own_account("jira").pk);
        check(Partition::Reply, &keys::reply(&SourceName::API, "1").pk);
        check(Partition::Reading, &keys::reading_partition("0a1b"));
        check(Partition::Repository, &keys::repository_partition("acme/shop"));
        check(Partition::Request, &keys::request("k").pk);
        check(Partition::Socket, &keys::socket::ticket("0a1b").pk);
        check(Partition::Socket, &keys::socket::opened("execution/e", "c").pk);
        check(Partition::Socket, &keys::socket::place("c").pk);
        check(Partition::Spend, &keys::spend_partition("2026-11", 3));
        check(Partition::Run, &keys::run_partition("r"));
        check(Partition::Session, &keys::session_partition("s"));
        check(Partition::Stored, &keys::stored_partition("s"));
        check(Partition::Task, &keys::task_partition("SHOP-1"));
        check(Partition::Thread, &keys::thread("C1", "1.2").pk);
        check(Partition::Token, &keys::installation_token().pk);
        check(Partition::Waiter, &keys::waiter_partition("t"));
        check(Partition::Writer, &keys::writer("ada", "SHOP").pk);
    }

    #[test]
    fn what_is_written_is_read() {
        let access = Access::reading([Partition::Document]).writing([Partition::Run]);
        assert_eq!(access.reads, BTreeSet::from([Partition::Document, Partition::Run]));
        assert_eq!(access.writes, BTreeSet::from([Partition::Run]));
    }
}
