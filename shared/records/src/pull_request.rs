//! Pull requests that were closed, merged or not: what later figures are made of. One that was opened again is kept as such, so that a
//! delivery about its end that comes late does not count.

use crate::error::RecordsError;
use crate::item::{Item, from_item, moment, to_item};
use crate::keys::{self, Key};
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::update::Update;
use crate::write::{ABSENT, Write};
use domain::RepositoryName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A pull request that was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedPullRequest {
    /// Whose it is.
    pub repository: RepositoryName,
    /// Its number there.
    pub number: u64,
    /// The branch it came from.
    pub branch: String,
    /// Whether it was merged.
    pub merged: bool,
    /// When it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub opened_at: Option<Timestamp>,
    /// When it was closed.
    #[serde(with = "timestamp")]
    pub closed_at: Timestamp,
}

/// When it was opened again after that end.
const REOPENED_AT: &str = "reopened_at";

fn is_reopened(item: &Item) -> bool {
    item.contains_key(REOPENED_AT)
}

/// The entry of a merged pull request in the list by time. It may have been opened again or merged at another time since, so what is read of it is
/// only its number.
#[derive(Serialize, Deserialize)]
struct Merged {
    number: u64,
}

impl ClosedPullRequest {
    fn key(&self) -> Key {
        keys::pull_request(self.repository.as_str(), self.number)
    }

    // Everybody's pull requests are recorded, not only ours.
    fn expires_at(&self) -> i64 {
        retention::expires_at(self.closed_at, retention::LISTED)
    }

    /// Its entry in the list of those that were merged.
    fn entry(&self) -> Result<Item, RecordsError> {
        let key = keys::merged(self.repository.as_str(), self.closed_at, self.number);
        to_item(&Merged { number: self.number }, key, Some(self.expires_at()))
    }
}

impl Table {
    /// Records that a pull request was closed; if it is recorded again, the latest record wins. Records from before it was reopened no longer
    /// count.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_closed_pull_request(&self, closed: &ClosedPullRequest) -> Result<(), RecordsError> {
        let item = to_item(closed, closed.key(), Some(closed.expires_at()))?;
        let condition = "attribute_not_exists(#reopened_at) OR #reopened_at <= :closed_at";
        let mut writes =
            vec![Write::Replace { item, condition, value: (":closed_at", moment(closed.closed_at)) }];
        if closed.merged {
            writes.push(Write::Put { item: closed.entry()?, condition: None });
        }
        // Refused means that it is open again.
        let _ = self.transact("record a closed pull request", writes).await?;
        Ok(())
    }

    /// Records that a closed pull request is open again. Returns whether that is news.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_reopened_pull_request(
        &self,
        repository: &RepositoryName,
        number: u64,
        at: Timestamp,
    ) -> Result<bool, RecordsError> {
        let key = keys::pull_request(repository.as_str(), number);
        let update = Update::new(key, "SET #reopened_at = :at")
            .condition("attribute_exists(#pk) AND #closed_at <= :at AND attribute_not_exists(#reopened_at)")
            .value(":at", moment(at));
        Ok(self.update("record a reopened pull request", update).await?.is_ok())
    }

    /// Whether a pull request was closed and not reopened, according to deliveries.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn was_closed(&self, repository: &RepositoryName, number: u64) -> Result<bool, RecordsError> {
        let item = self.get(keys::pull_request(repository.as_str(), number)).await?;
        Ok(item.is_some_and(|item| !is_reopened(&item)))
    }

    /// The pull requests of a repository that were merged in a calendar month in UTC, such as `2026-11`, in the order in which they were. What it
    /// reads does not grow with those of other months.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn merged_pull_requests(
        &self,
        repository: &RepositoryName,
        month: &str,
    ) -> Result<Vec<ClosedPullRequest>, RecordsError> {
        let partition = keys::repository_partition(repository.as_str());
        let entries = self.query(partition, &format!("{}{month}-", keys::MERGED)).await?;
        // One that was reported with two times has two entries.
        let mut numbers = BTreeSet::new();
        for entry in entries {
            numbers.insert(from_item::<Merged>(entry)?.number);
        }
        let of = |number| keys::pull_request(repository.as_str(), number);
        let items = self.get_many(numbers.into_iter().map(of).collect()).await?;
        let closed = items.into_iter().filter(|item| !is_reopened(item)).map(from_item::<ClosedPullRequest>);
        let mut merged = closed.collect::<Result<Vec<_>, _>>()?;
        merged.retain(|closed| closed.merged && timestamp::month(closed.closed_at) == month);
        merged.sort_by_key(|closed| (closed.closed_at, closed.number));
        Ok(merged)
    }

    /// Lists the merged pull requests of a repository that an earlier version recorded. Returns how many.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub(crate) async fn list_merged(&self, repository: &RepositoryName) -> Result<usize, RecordsError> {
        let mut listed = 0;
        for closed in self.closed_pull_requests(repository).await?.iter().filter(|closed| closed.merged) {
            let put = self.put("list a merged pull request", closed.entry()?, Some(ABSENT)).await?;
            listed += usize::from(put.is_ok());
        }
        Ok(listed)
    }

    /// The closed pull requests of a repository, by their numbers.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn closed_pull_requests(
        &self,
        repository: &RepositoryName,
    ) -> Result<Vec<ClosedPullRequest>, RecordsError> {
        let partition = keys::repository_partition(repository.as_str());
        let items = self.query(partition, keys::PULL_REQUEST).await?.into_iter();
        items.filter(|item| !is_reopened(item)).map(from_item).collect()
    }
}
