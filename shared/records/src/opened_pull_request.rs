//! Pull requests that runs opened: the ticket and the branch of each, found by its number or by the ticket.

use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::write::Write;
use domain::{BranchName, RepositoryName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A pull request that a run opened, or found open from the branch that it worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedPullRequest {
    /// Where it is.
    pub repository: RepositoryName,
    /// Its number there.
    pub number: u64,
    /// Where people see it.
    pub url: String,
    /// The branch with the changes.
    pub branch: BranchName,
    /// The branch they go to.
    pub target: BranchName,
    /// The ticket that it implements, by its canonical name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The project's key.
    pub project: String,
    /// The name of the execution that began the run; absent in what earlier versions recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// When it was opened, as far as we know.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

/// Which pull request a ticket has: the newest one.
#[derive(Debug, Serialize, Deserialize)]
struct OfTask {
    number: u64,
}

impl Table {
    /// Records that a run opened a pull request. Of several for one ticket, the last recorded one is the ticket's.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_opened_pull_request(&self, opened: &OpenedPullRequest) -> Result<(), RecordsError> {
        let repository = opened.repository.as_str();
        let expires_at = Some(retention::expires_at(opened.at, retention::EXECUTION));
        let item = to_item(opened, keys::opened_pull_request(repository, opened.number), expires_at)?;
        let mut writes = vec![Write::Put { item, condition: None }];
        if let Some(task_id) = &opened.task_id {
            let key = keys::pull_request_of_task(repository, task_id);
            let item = to_item(&OfTask { number: opened.number }, key, expires_at)?;
            writes.push(Write::Put { item, condition: None });
        }
        // Without a condition nothing can refuse it.
        let _ = self.transact("record a pull request", writes).await?;
        Ok(())
    }

    /// A pull request that a run opened, by its number; `None` for every other one.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn opened_pull_request(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<Option<OpenedPullRequest>, RecordsError> {
        let key = keys::opened_pull_request(repository.as_str(), number);
        self.get(key).await?.map(from_item).transpose()
    }

    /// The newest pull request that a run opened for a ticket in this repository.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn pull_request_of_task(
        &self,
        repository: &RepositoryName,
        task_id: &str,
    ) -> Result<Option<OpenedPullRequest>, RecordsError> {
        let of_task = self.get(keys::pull_request_of_task(repository.as_str(), task_id)).await?;
        match of_task.map(from_item::<OfTask>).transpose()? {
            Some(OfTask { number }) => self.opened_pull_request(repository, number).await,
            None => Ok(None),
        }
    }
}
