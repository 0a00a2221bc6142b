//! Branches that runs commit to: they determine a commit's owner, and who pays for work that its checks start.

use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use domain::{Actor, BranchName, RepositoryName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A branch, with the run that committed to it last or is about to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OwnBranch {
    /// The run: the outermost execution's ARN. Its journal has the commits.
    pub run: String,
    /// The person who started it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub actor: Option<Actor>,
    /// The project it works for.
    pub project: String,
    /// When.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

impl Table {
    /// Records which run is about to commit to a branch.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_own_branch(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        own: &OwnBranch,
    ) -> Result<(), RecordsError> {
        let key = keys::own_branch(repository.as_str(), branch.as_str());
        let item = to_item(own, key, Some(retention::expires_at(own.at, retention::EXECUTION)))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("record whose branch it is", item, None).await?;
        Ok(())
    }

    /// The run that committed to a branch last; `None` when none did.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn own_branch(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
    ) -> Result<Option<OwnBranch>, RecordsError> {
        self.get(keys::own_branch(repository.as_str(), branch.as_str())).await?.map(from_item).transpose()
    }
}
