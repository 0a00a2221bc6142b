//! The lists in the index: things that are searched for and that have no partition of their own.
//!
//! Items written before a listing existed are not in it until they are written again or `backfill` finds them: until then a reader finds fewer
//! things, never wrong ones.

use crate::error::RecordsError;
use crate::item::{Item, attribute, from_item, text};
use crate::keys::{self, GSI1, GSI1_PK, GSI1_SK, Key, PK, SK};
use crate::page::{PAGE_LIMIT, Page};
use crate::session_parts::AgentAtWork;
use crate::socket::OpenSocket;
use crate::table::Table;
use crate::task::{TaskRecord, TaskState};
use crate::waiter::Waiter;
use aws_sdk_dynamodb::operation::query::QueryInput;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// A kind of partition of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Listing {
    /// Agents that are at work, oldest first.
    Agents,
    /// Questions that wait for people, the oldest first.
    Approvals,
    /// Decided questions that are not shown everywhere, oldest decision first.
    Decided,
    /// Executions that have not ended, in the order of the sweeper's checks.
    OpenExecutions,
    /// Sockets at the account's gateway, the oldest first.
    Sockets,
    /// The tickets of a project in a state, the latest change last.
    Tasks,
}

impl Listing {
    /// How its partitions are named, as IAM compares them: `OPEN`, `TASKS#*`.
    pub fn pattern(self) -> &'static str {
        match self {
            Self::Agents => keys::AGENTS,
            Self::Approvals => keys::APPROVALS,
            Self::Decided => keys::DECIDED,
            Self::OpenExecutions => keys::OPEN,
            Self::Sockets => keys::socket::SOCKETS,
            Self::Tasks => "TASKS#*",
        }
    }

    /// Whether a partition of the index is one of it.
    pub fn includes(self, partition: &str) -> bool {
        match self.pattern().strip_suffix('*') {
            Some(start) => partition.starts_with(start),
            None => partition == self.pattern(),
        }
    }
}

impl Table {
    /// A page of the tickets of a project, by its key, in a state, most recently changed first; as [`Table::list_executions`].
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn list_tasks(
        &self,
        project: &str,
        state: TaskState,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<TaskRecord>, RecordsError> {
        let key_of = |after: &str| {
            let (_, id) = after.split_once('#')?;
            Some(keys::task(id))
        };
        self.list(keys::tasks(project, state.as_str()), Order::NewestFirst, after, limit, key_of).await
    }

    /// A page of the questions that wait for people, the oldest first; as [`Table::list_executions`].
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn list_approvals(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Waiter>, RecordsError> {
        self.list(keys::APPROVALS.to_owned(), Order::OldestFirst, after, limit, waiter_listed).await
    }

    /// A page of the decided questions that are not shown everywhere, oldest decision first; as [`Table::list_executions`].
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn list_decided(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Waiter>, RecordsError> {
        self.list(keys::DECIDED.to_owned(), Order::OldestFirst, after, limit, waiter_listed).await
    }

    /// A page of the agents that are at work in executions that have not ended, oldest first; as [`Table::list_executions`].
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn list_agents(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<AgentAtWork>, RecordsError> {
        let key_of = |after: &str| {
            let (_, rest) = after.split_once('#')?;
            let (execution, session) = rest.split_once('#')?;
            Some(keys::agent_at_work(execution, session))
        };
        self.list(keys::AGENTS.to_owned(), Order::OldestFirst, after, limit, key_of).await
    }

    /// A page of the open sockets at the account's gateway, the oldest first; as [`Table::list_executions`].
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn list_sockets(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<OpenSocket>, RecordsError> {
        let key_of = |after: &str| {
            let (_, rest) = after.split_once('#')?;
            let (topic, id) = rest.split_once('#')?;
            Some(keys::socket::opened(topic, id))
        };
        self.list(keys::socket::SOCKETS.to_owned(), Order::OldestFirst, after, limit, key_of).await
    }

    /// Records by their index entries. A position is the sort key of the last one, from which its own key follows.
    async fn list<T: DeserializeOwned>(
        &self,
        partition: String,
        order: Order,
        after: Option<&str>,
        limit: usize,
        key_of: impl Fn(&str) -> Option<Key>,
    ) -> Result<Page<T>, RecordsError> {
        let position = after.and_then(|after| {
            let key = key_of(after)?;
            Some(HashMap::from([
                (GSI1_PK.to_owned(), text(partition.clone())),
                (GSI1_SK.to_owned(), text(after)),
                (PK.to_owned(), text(key.pk)),
                (SK.to_owned(), text(key.sk)),
            ]))
        });
        let limit = limit.clamp(1, PAGE_LIMIT);
        let page = self
            .query_page(
                "list records",
                QueryInput::builder()
                    .index_name(GSI1)
                    .key_condition_expression("gsi1pk = :partition")
                    .expression_attribute_values(":partition", text(&partition))
                    .set_exclusive_start_key(position)
                    .scan_index_forward(order == Order::OldestFirst)
                    .limit(i32::try_from(limit).unwrap_or(i32::MAX)),
            )
            .await?;
        let next = page.last_evaluated_key.as_ref().and_then(|last| attribute(last, GSI1_SK));
        let next = next.map(str::to_owned);
        let entries = page.items.unwrap_or_default();
        let place = |item: &Item| {
            let (pk, sk) = (attribute(item, PK)?.to_owned(), attribute(item, SK)?.to_owned());
            Some(Key { pk, sk })
        };
        let keys: Vec<Key> = entries.iter().filter_map(place).collect();
        let mut items = self.get_many(keys.clone()).await?;
        // The index follows the table with a delay: items that have left the listing since are left out.
        items.retain(|item| attribute(item, GSI1_PK) == Some(&partition));
        items.sort_by_key(|item| place(item).and_then(|place| keys.iter().position(|key| *key == place)));
        Ok(Page { items: items.into_iter().map(from_item).collect::<Result<_, _>>()?, next })
    }
}

/// The waiter at a position of a listing.
fn waiter_listed(position: &str) -> Option<Key> {
    let (_, rest) = position.split_once('#')?;
    let (topic, key) = rest.split_once('#')?;
    Some(keys::waiter(topic, key))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    NewestFirst,
    OldestFirst,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_includes_its_own_partitions_alone() {
        assert!(Listing::OpenExecutions.includes("OPEN") && !Listing::OpenExecutions.includes("OPEN#"));
        assert!(Listing::Tasks.includes(&keys::tasks("SHOP", "at_work")));
        assert!(!Listing::Tasks.includes("TASKS") && !Listing::Approvals.includes("TASKS#SHOP#failed"));
    }
}
