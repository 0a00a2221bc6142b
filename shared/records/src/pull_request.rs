//! Pull requests that were closed, merged or not: what later figures are made of. One that was opened again is kept as such, so that a
//! delivery about its end that comes late does not count.

use crate::error::RecordsError;
use crate::item::{Item, from_item, moment, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::update::Update;
use crate::write::Write;
use domain::RepositoryName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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

impl Table {
    /// Records that a pull request was closed; if it is recorded again, the latest record wins. Records from before it was reopened no longer
    /// count.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_closed_pull_request(&self, closed: &ClosedPullRequest) -> Result<(), RecordsError> {
        let key = keys::pull_request(closed.repository.as_str(), closed.number);
        // Everybody's pull requests are recorded, not only ours.
        let expires_at = retention::expires_at(closed.closed_at, retention::LISTED);
        let item = to_item(closed, key, Some(expires_at))?;
        let condition = "attribute_not_exists(#reopened_at) OR #reopened_at <= :closed_at";
        let write = Write::Replace { item, condition, value: (":closed_at", moment(closed.closed_at)) };
        // Refused means that it is open again.
        let _ = self.transact("record a closed pull request", vec![write]).await?;
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
