//! Branches.

use crate::github::Github;
use domain::{ActionError, BranchName, CommitSha, RepositoryName};
use http_client::Optional;
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
struct Reference {
    object: Object,
}

#[derive(Debug, Deserialize)]
struct Object {
    sha: CommitSha,
}

impl Github {
    pub(crate) async fn branch_head(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
    ) -> Result<Option<CommitSha>, ActionError> {
        let path = "/repos/{owner}/{name}/git/ref/heads/{+branch}";
        let request = self.client.get(path, &[repository.owner(), repository.name(), branch.as_str()]);
        let Some(answer) = self.send(repository, request).await.optional()? else { return Ok(None) };
        Ok(Some(answer.json::<Reference>()?.object.sha))
    }

    pub(crate) async fn make_branch(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        at: &CommitSha,
    ) -> Result<(), ActionError> {
        let body = json!({"ref": format!("refs/heads/{branch}"), "sha": at.as_str()});
        let request =
            self.client.post("/repos/{owner}/{name}/git/refs", &[repository.owner(), repository.name()]);
        match self.send(repository, request.json(&body)).await {
            Err(failure) if failure.says(422, "already exists") => {
                match self.branch_head(repository, branch).await? {
                    Some(head) if head == *at => Ok(()),
                    Some(head) => Err(ActionError::conflict(format!(
                        "{repository} already has the branch `{branch}`, at {head} and not at {at}"
                    ))),
                    None => Err(failure.into()),
                }
            }
            other => Ok(other.map(|_| ())?),
        }
    }

    pub(crate) async fn remove_branch(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
    ) -> Result<(), ActionError> {
        let path = "/repos/{owner}/{name}/git/refs/heads/{+branch}";
        let request = self.client.delete(path, &[repository.owner(), repository.name(), branch.as_str()]);
        match self.send(repository, request).await {
            Err(failure) if failure.says(422, "does not exist") => Ok(()),
            other => Ok(other.map(|_| ())?),
        }
    }

    /// Points a branch to a commit. Without force GitHub refuses what is not built on the branch's present head.
    pub(crate) async fn move_branch(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        to: &CommitSha,
        force: bool,
    ) -> Result<(), http_client::Failure> {
        let path = "/repos/{owner}/{name}/git/refs/heads/{+branch}";
        let request = self.client.patch(path, &[repository.owner(), repository.name(), branch.as_str()]);
        let body = json!({"sha": to.as_str(), "force": force});
        self.send(repository, request.json(&body)).await.map(|_| ())
    }
}
