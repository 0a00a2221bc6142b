//! One commit of many files, and taking it back.

use crate::github::{Github, not_there};
use domain::plugins::{Commit, CommitRequest, FileChange, Mark};
use domain::{ActionError, BranchName, CommitSha, RepositoryName};
use edits::check_path;
use http_client::Optional;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Requests with much larger files in a tree have hung; those are uploaded by themselves.
const LARGEST_INLINE: usize = 256 * 1024;

/// Everybody's commits by us have one author; GitHub shows the pull request's author besides. The address belongs to nobody:
/// <https://www.rfc-editor.org/rfc/rfc2606>.
const AUTHOR: (&str, &str) = ("Ticketsmith", "commits@ticketsmith.invalid");

#[derive(Debug, Deserialize)]
struct GitCommit {
    sha: CommitSha,
    #[serde(default)]
    html_url: String,
    tree: Sha,
}

#[derive(Debug, Deserialize)]
struct Sha {
    sha: String,
}

#[derive(Debug, Deserialize)]
struct Comparison {
    status: String,
}

impl Github {
    pub(crate) async fn make_commit(
        &self,
        repository: &RepositoryName,
        request: &CommitRequest,
        mark: &Mark,
    ) -> Result<Commit, ActionError> {
        check_changes(&request.changes)?;
        let (branch, parent) = (&request.branch, &request.parent);
        let head = self.branch_head(repository, branch).await?;
        let head = head.ok_or_else(|| not_there(format!("branch `{branch}` in {repository}")))?;

        // Trees and commits that nothing points to change nothing, so they are made again by a repeat.
        let parent_tree = self.git_commit(repository, parent).await?.tree.sha;
        let tree = self.make_tree(repository, &parent_tree, &request.changes).await?;
        if tree == parent_tree {
            return Err(ActionError::rejected(format!(
                "the changes leave every file of `{branch}` as it is, so there is nothing to commit"
            )));
        }
        let commit = self.make_git_commit(repository, request, &tree, mark).await?;
        let made = Commit { sha: commit.sha, url: commit.html_url };
        if head == made.sha {
            return Ok(made);
        }
        let moved = if head == *parent {
            match self.move_branch(repository, branch, &made.sha, false).await {
                Err(failure) if matches!(failure.status, Some(409 | 422)) => true,
                other => {
                    other?;
                    false
                }
            }
        } else {
            true
        };
        // An earlier attempt may have pushed the commit, and somebody another one on top.
        if moved && !self.is_in(repository, &made.sha, branch).await? {
            return Err(ActionError::conflict(format!(
                "the branch `{branch}` of {repository} has moved: it no longer points to {parent}"
            )));
        }
        Ok(made)
    }

    async fn git_commit(
        &self,
        repository: &RepositoryName,
        sha: &CommitSha,
    ) -> Result<GitCommit, ActionError> {
        let path = "/repos/{owner}/{name}/git/commits/{sha}";
        let request = self.client.get(path, &[repository.owner(), repository.name(), sha.as_str()]);
        let answer = self.send(repository, request).await.optional()?;
        answer.ok_or_else(|| not_there(format!("commit {sha} in {repository}")))?.json()
    }

    async fn make_tree(
        &self,
        repository: &RepositoryName,
        base: &str,
        changes: &[FileChange],
    ) -> Result<String, ActionError> {
        let mut entries = Vec::new();
        for change in changes {
            entries.push(self.tree_entry(repository, change).await?);
        }
        let request =
            self.client.post("/repos/{owner}/{name}/git/trees", &[repository.owner(), repository.name()]);
        let body = json!({"base_tree": base, "tree": entries});
        let tree: Sha = self.send(repository, request.json(&body)).await?.json()?;
        Ok(tree.sha)
    }

    async fn tree_entry(
        &self,
        repository: &RepositoryName,
        change: &FileChange,
    ) -> Result<Value, ActionError> {
        let (path, content, executable) = match change {
            FileChange::Write { path, content, executable } => (path, content, executable),
            FileChange::Delete { path } => {
                return Ok(json!({"path": path, "mode": "100644", "type": "blob", "sha": null}));
            }
        };
        let mode = if *executable { "100755" } else { "100644" };
        if content.len() <= LARGEST_INLINE {
            return Ok(json!({"path": path, "mode": mode, "type": "blob", "content": content}));
        }
        let request =
            self.client.post("/repos/{owner}/{name}/git/blobs", &[repository.owner(), repository.name()]);
        let body = json!({"content": content, "encoding": "utf-8"});
        let blob: Sha = self.send(repository, request.json(&body)).await?.json()?;
        Ok(json!({"path": path, "mode": mode, "type": "blob", "sha": blob.sha}))
    }

    async fn make_git_commit(
        &self,
        repository: &RepositoryName,
        request: &CommitRequest,
        tree: &str,
        mark: &Mark,
    ) -> Result<GitCommit, ActionError> {
        // Fixed people and dates give the same commit to the same request.
        let date = mark.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let person = json!({"name": AUTHOR.0, "email": AUTHOR.1, "date": date});
        let body = json!({
            "message": format!("{}\n\nTicketsmith-Mark: {}", request.message.trim_end(), mark.digest()),
            "tree": tree, "parents": [request.parent.as_str()], "author": person, "committer": person,
        });
        let request =
            self.client.post("/repos/{owner}/{name}/git/commits", &[repository.owner(), repository.name()]);
        self.send(repository, request.json(&body)).await?.json()
    }

    /// Whether the branch's history holds the commit.
    async fn is_in(
        &self,
        repository: &RepositoryName,
        commit: &CommitSha,
        branch: &BranchName,
    ) -> Result<bool, ActionError> {
        let Some(head) = self.branch_head(repository, branch).await? else { return Ok(false) };
        let range = format!("{commit}...{head}");
        let path = "/repos/{owner}/{name}/compare/{range}";
        let request = self.client.get(path, &[repository.owner(), repository.name(), &range]);
        let Some(answer) = self.send(repository, request.query("per_page", 1)).await.optional()? else {
            return Ok(false);
        };
        let comparison: Comparison = answer.json()?;
        Ok(matches!(comparison.status.as_str(), "ahead" | "identical"))
    }

    /// GitHub moves a branch back only by force, so the head is compared right before.
    pub(crate) async fn take_back_commit(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        commit: &CommitSha,
        parent: &CommitSha,
    ) -> Result<(), ActionError> {
        match self.branch_head(repository, branch).await? {
            Some(head) if head == *parent => Ok(()),
            Some(head) if head == *commit => Ok(self.move_branch(repository, branch, parent, true).await?),
            Some(head) => Err(ActionError::conflict(format!(
                "the branch `{branch}` of {repository} points to {head} and not to our commit {commit}: \
                 somebody has built on it, so it stays"
            ))),
            None => Err(ActionError::conflict(format!("{repository} has no branch `{branch}` any more"))),
        }
    }
}

fn check_changes(changes: &[FileChange]) -> Result<(), ActionError> {
    if changes.is_empty() {
        return Err(ActionError::rejected("there are no changes to commit"));
    }
    let mut paths = BTreeSet::new();
    for path in changes.iter().map(FileChange::path) {
        check_path(path).map_err(|error| ActionError::rejected(error.to_string()))?;
        if !paths.insert(path) {
            return Err(ActionError::rejected(format!("`{path}` is changed twice in one commit")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_that_cannot_be_one_commit() {
        let delete = |path: &str| FileChange::Delete { path: path.into() };
        assert!(check_changes(&[delete("a"), delete("b")]).is_ok());
        let check = |changes: &[FileChange], words: &str| {
            let error = check_changes(changes).unwrap_err();
            assert!(error.message.contains(words), "{error}");
        };
        check(&[], "no changes");
        check(&[delete("a"), delete("a")], "twice");
        check(&[delete("../a")], "inside the repository");
        check(&[delete(".git/config")], "inside the repository");
    }
}
