//! Finding a commit by the mark in its message.

use crate::github::Github;
use domain::plugins::{Commit, Mark};
use domain::{ActionError, BranchName, CommitSha, RepositoryName};
use http_client::Optional;
use serde::Deserialize;

/// How far back a commit is looked for: others may have built on it since.
const LOOKED_THROUGH: usize = 50;

#[derive(Debug, Deserialize)]
struct Found {
    sha: CommitSha,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    parents: Vec<Parent>,
}

#[derive(Debug, Deserialize)]
struct Parent {
    sha: CommitSha,
}

impl Github {
    /// The commit with the mark among a branch's newest ones, following first parents.
    pub(crate) async fn find_marked_commit(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        mark: &Mark,
    ) -> Result<Option<Commit>, ActionError> {
        let trailer = format!("Ticketsmith-Mark: {}", mark.digest());
        let mut next = self.branch_head(repository, branch).await?;
        for _ in 0..LOOKED_THROUGH {
            let Some(sha) = next else { return Ok(None) };
            let path = "/repos/{owner}/{name}/git/commits/{sha}";
            let request = self.client.get(path, &[repository.owner(), repository.name(), sha.as_str()]);
            let Some(answer) = self.send(repository, request).await.optional()? else { return Ok(None) };
            let found: Found = answer.json()?;
            if found.message.lines().any(|line| line.trim() == trailer) {
                return Ok(Some(Commit { sha: found.sha, url: found.html_url }));
            }
            next = found.parents.into_iter().next().map(|parent| parent.sha);
        }
        Ok(None)
    }
}
