//! Pull requests that were closed, merged or not: what later figures are made of.

use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::table::Table;
use crate::timestamp;
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

impl Table {
    /// Records that a pull request was closed; if it is recorded again or was reopened, the latest record wins.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_closed_pull_request(&self, closed: &ClosedPullRequest) -> Result<(), RecordsError> {
        let key = keys::pull_request(closed.repository.as_str(), closed.number);
        // Without a condition nothing can refuse it.
        let _ = self.put("record a closed pull request", to_item(closed, key, None)?, None).await?;
        Ok(())
    }

    /// Whether a pull request was closed, as far as deliveries told.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn was_closed(&self, repository: &RepositoryName, number: u64) -> Result<bool, RecordsError> {
        Ok(self.get(keys::pull_request(repository.as_str(), number)).await?.is_some())
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
        self.query(partition, keys::PULL_REQUEST).await?.into_iter().map(from_item).collect()
    }
}
