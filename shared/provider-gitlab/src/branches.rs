//! [Branches](https://docs.gitlab.com/api/branches/).

use crate::gitlab::{Gitlab, not_there};
use crate::refusal::is_early;
use domain::{ActionError, BranchName, CommitSha, RepositoryName};
use http_client::Optional;
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
struct Branch {
    commit: Head,
}

#[derive(Debug, Deserialize)]
struct Head {
    id: CommitSha,
}

const BRANCH: &str = "/projects/{id}/repository/branches/{branch}";

impl Gitlab {
    pub(crate) async fn branch_head(
        &self,
        project: &RepositoryName,
        branch: &BranchName,
    ) -> Result<Option<CommitSha>, ActionError> {
        let request = self.client.get(BRANCH, &[project.as_str(), branch.as_str()]);
        let Some(answer) = self.send(project, request).await.optional()? else { return Ok(None) };
        Ok(Some(answer.json::<Branch>()?.commit.id))
    }

    /// The head of a branch that must be there; one that was just made is waited for.
    pub(crate) async fn present_head(
        &self,
        project: &RepositoryName,
        branch: &BranchName,
    ) -> Result<CommitSha, ActionError> {
        let request = self.client.get(BRANCH, &[project.as_str(), branch.as_str()]);
        let answer = self.send_settled(project, request, is_early).await.optional()?;
        let answer = answer.ok_or_else(|| not_there(format!("branch `{branch}` in {project}")))?;
        Ok(answer.json::<Branch>()?.commit.id)
    }

    pub(crate) async fn make_branch(
        &self,
        project: &RepositoryName,
        branch: &BranchName,
        at: &CommitSha,
    ) -> Result<(), ActionError> {
        let body = json!({"branch": branch.as_str(), "ref": at.as_str()});
        let request = self.client.post("/projects/{id}/repository/branches", &[project.as_str()]);
        match self.send(project, request.json(&body)).await {
            Err(failure) if failure.says(400, "already exists") => {
                match self.present_head(project, branch).await? {
                    head if head == *at => Ok(()),
                    head => Err(ActionError::conflict(format!(
                        "{project} already has the branch `{branch}`, at {head} and not at {at}"
                    ))),
                }
            }
            other => {
                other
                    .optional()?
                    .ok_or_else(|| not_there(format!("project {project} with the commit {at}")))?;
                Ok(())
            }
        }
    }

    /// The branch is read just before it is deleted. Commits pushed in between are lost: see the crate's documentation.
    pub(crate) async fn remove_branch(
        &self,
        project: &RepositoryName,
        branch: &BranchName,
        at: &CommitSha,
    ) -> Result<(), ActionError> {
        let Some(head) = self.branch_head(project, branch).await? else { return Ok(()) };
        if !self.has_only_reverted_commits(project, at, &head).await? {
            return Err(moved(project, branch, at));
        }
        if self.branch_head(project, branch).await?.is_some_and(|now| now != head) {
            return Err(moved(project, branch, at));
        }
        let request = self.client.delete(BRANCH, &[project.as_str(), branch.as_str()]);
        self.send(project, request).await.optional()?;
        Ok(())
    }
}

/// That a branch points elsewhere.
pub(crate) fn moved(project: &RepositoryName, branch: &BranchName, from: &CommitSha) -> ActionError {
    ActionError::conflict(format!(
        "the branch `{branch}` of {project} has moved: it no longer points to {from}, so it is left as it is"
    ))
}
