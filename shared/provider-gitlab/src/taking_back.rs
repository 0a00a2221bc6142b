//! Taking a commit back by another one that [reverts](https://docs.gitlab.com/api/commits/#revert-a-commit) it, since no branch can be
//! moved back.

use crate::author::MARK;
use crate::branches::moved;
use crate::gitlab::Gitlab;
use domain::{ActionError, BranchName, CommitSha, ErrorKind, RepositoryName};
use http_client::Optional;
use serde::Deserialize;
use serde_json::{Value, json};

/// GitLab's wording of a revert in a commit's message.
const REVERTS: &str = "This reverts commit ";

/// The commits that one commit has and another does not.
#[derive(Debug, Deserialize)]
struct Comparison {
    commits: Vec<Compared>,
    diffs: Vec<Value>,
    #[serde(default)]
    compare_timeout: bool,
}

#[derive(Debug, Deserialize)]
struct Compared {
    message: String,
}

impl Gitlab {
    /// Whether a branch at `head` has the same content as at `since`: the only new commits are ours, and others of ours revert them.
    pub(crate) async fn has_only_reverted_commits(
        &self,
        project: &RepositoryName,
        since: &CommitSha,
        head: &CommitSha,
    ) -> Result<bool, ActionError> {
        if since == head {
            return Ok(true);
        }
        let request = self.client.get("/projects/{id}/repository/compare", &[project.as_str()]);
        let request = request.query("from", since).query("to", head).query("straight", true);
        let Some(answer) = self.send(project, request).await.optional()? else { return Ok(false) };
        let Comparison { commits, diffs, compare_timeout } = answer.json()?;
        let is_ours = |commit: &Compared| {
            commit.message.lines().any(|line| line.starts_with(MARK) || line.starts_with(REVERTS))
        };
        // Without commits, the branch points to an earlier one.
        Ok(!compare_timeout && diffs.is_empty() && !commits.is_empty() && commits.iter().all(is_ours))
    }

    pub(crate) async fn take_back_commit(
        &self,
        project: &RepositoryName,
        branch: &BranchName,
        commit: &CommitSha,
        parent: &CommitSha,
    ) -> Result<(), ActionError> {
        let Some(head) = self.branch_head(project, branch).await? else {
            return Err(ActionError::conflict(format!("{project} no longer has the branch `{branch}`")));
        };
        if self.has_only_reverted_commits(project, parent, &head).await? {
            return Ok(());
        }
        if !self.has_only_reverted_commits(project, commit, &head).await? {
            return Err(ActionError::conflict(format!(
                "the branch `{branch}` of {project} points to {head} and not to our commit {commit}: somebody has built on it, so it stays"
            )));
        }
        self.revert(project, branch, commit).await
    }

    /// Adds a commit that reverts another. Commits pushed in between stay.
    pub(crate) async fn revert(
        &self,
        project: &RepositoryName,
        branch: &BranchName,
        commit: &CommitSha,
    ) -> Result<(), ActionError> {
        let path = "/projects/{id}/repository/commits/{sha}/revert";
        let request = self.client.post(path, &[project.as_str(), commit.as_str()]);
        match self.send(project, request.json(&json!({"branch": branch.as_str()}))).await {
            Ok(_) => Ok(()),
            // Somebody changed the same lines again, or the change is already gone.
            Err(failure) if failure.status == Some(400) && failure.error.kind == ErrorKind::Rejected => {
                match failure.body["error_code"].as_str() {
                    Some("empty") => Ok(()),
                    Some("conflict") => Err(moved(project, branch, commit)),
                    _ => Err(failure.into()),
                }
            }
            Err(failure) => Err(failure.into()),
        }
    }
}
