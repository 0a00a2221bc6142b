//! Branches.

use crate::github::{Github, not_there};
use crate::references::Target;
use crate::refusal::{explained, is_early};
use domain::{ActionError, BranchName, CommitSha, RepositoryName};
use http_client::{Failure, Optional};
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
struct Reference {
    object: Object,
}

/// A reference in a list.
#[derive(Debug, Deserialize)]
struct Named {
    #[serde(rename = "ref")]
    name: String,
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

    /// The head of a branch that must be there; one that was just made is waited for.
    pub(crate) async fn present_head(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
    ) -> Result<CommitSha, ActionError> {
        let path = "/repos/{owner}/{name}/git/ref/heads/{+branch}";
        let request = self.client.get(path, &[repository.owner(), repository.name(), branch.as_str()]);
        let answer = self.send_settled(repository, request, is_early).await.optional()?;
        let answer = answer.ok_or_else(|| not_there(format!("branch `{branch}` in {repository}")))?;
        Ok(answer.json::<Reference>()?.object.sha)
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
        let is_unknown_commit = |failure: &Failure| failure.status == Some(422) && is_early(failure);
        match self.send_settled(repository, request.json(&body), is_unknown_commit).await {
            Err(failure) if failure.says(422, "already exists") => {
                match self.present_head(repository, branch).await? {
                    head if head == *at => Ok(()),
                    head => Err(ActionError::conflict(format!(
                        "{repository} already has the branch `{branch}`, at {head} and not at {at}"
                    ))),
                }
            }
            // "Reference update failed" is GitHub's whole answer to a name that git has no place for.
            Err(failure) if failure.status == Some(422) && explained(&failure, repository).is_none() => {
                match self.blocking_branch(repository, branch).await? {
                    Some(other) => Err(ActionError::rejected(format!(
                        "{repository} cannot have both the branch `{branch}` and the branch `{other}`: git stores branches like files in \
                         folders, and one of the two would be both. Delete or rename `{other}`, or choose another name in the workflow"
                    ))),
                    None => Err(failure.into()),
                }
            }
            other => Ok(other.map(|_| ())?),
        }
    }

    /// A branch whose name is a folder of this name, or the reverse.
    async fn blocking_branch(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
    ) -> Result<Option<String>, ActionError> {
        for (at, _) in branch.as_str().match_indices('/') {
            let folder = &branch.as_str()[..at];
            if let Ok(folder) = folder.parse()
                && self.branch_head(repository, &folder).await?.is_some()
            {
                return Ok(Some(folder.to_string()));
            }
        }
        let path = "/repos/{owner}/{name}/git/matching-refs/heads/{+branch}";
        let values = [repository.owner(), repository.name(), branch.as_str()];
        let found: Vec<Named> = self.send(repository, self.client.get(path, &values)).await?.json()?;
        let names = found.iter().filter_map(|found| found.name.strip_prefix("refs/heads/"));
        let below = format!("{branch}/");
        Ok(names.into_iter().find(|name| name.starts_with(&below)).map(str::to_owned))
    }

    pub(crate) async fn remove_branch(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        at: &CommitSha,
    ) -> Result<(), ActionError> {
        if self.branch_head(repository, branch).await?.is_none() {
            return Ok(());
        }
        self.swap_branch(repository, branch, at, Target::Gone).await
    }
}
