//! One commit of many files, and taking it back.

use crate::author::trailers;
use crate::github::{Github, not_there};
use crate::harmless;
use crate::pages::PER_PAGE;
use crate::references::{Target, moved};
use crate::refusal::is_early;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::plugins::{Commit, CommitRequest, FileChange, FileContent, Mark};
use domain::{ActionError, BranchName, CommitSha, ErrorKind, RepositoryName};
use edits::check_changes;
use http_client::{Optional, Page, Pages};
use serde::Deserialize;
use serde_json::{Value, json};

/// Requests with much larger files in a tree have hung, so these are uploaded one by one.
const LARGEST_INLINE: usize = 256 * 1024;

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

/// The commits of a branch that another commit does not have, oldest first.
#[derive(Debug, Deserialize)]
struct Comparison {
    commits: Vec<Compared>,
}

#[derive(Debug, Deserialize)]
struct Compared {
    sha: CommitSha,
    #[serde(default)]
    html_url: String,
    commit: Message,
    parents: Vec<Sha>,
}

#[derive(Debug, Deserialize)]
struct Message {
    message: String,
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
        if self.present_head(repository, branch).await? != *parent {
            // An earlier attempt may have pushed the commit, and somebody another one on top.
            let pushed = self.pushed_commit(repository, request, mark).await?;
            return pushed.ok_or_else(|| moved(repository, branch, parent));
        }

        // Trees and commits that nothing points to change nothing, so they are made again by a repeat.
        let parent_tree = self.git_commit(repository, parent).await?.tree.sha;
        let tree = self.make_tree(repository, &parent_tree, &request.changes).await?;
        if tree == parent_tree {
            return Err(ActionError::rejected(format!(
                "the changes leave every file of `{branch}` as it is, so there is nothing to commit"
            )));
        }
        let commit = self.make_git_commit(repository, request, &tree, mark).await?;
        match self.swap_branch(repository, branch, parent, Target::On(&commit.sha)).await {
            Ok(()) => Ok(Commit { sha: commit.sha, url: commit.html_url }),
            Err(error) if error.kind == ErrorKind::Conflict => {
                self.pushed_commit(repository, request, mark).await?.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn git_commit(
        &self,
        repository: &RepositoryName,
        sha: &CommitSha,
    ) -> Result<GitCommit, ActionError> {
        let path = "/repos/{owner}/{name}/git/commits/{sha}";
        let request = self.client.get(path, &[repository.owner(), repository.name(), sha.as_str()]);
        let answer = self.send_settled(repository, request, is_early).await.optional()?;
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
        let tree: Sha = self.send_settled(repository, request.json(&body), is_early).await?.json()?;
        Ok(tree.sha)
    }

    async fn tree_entry(
        &self,
        repository: &RepositoryName,
        change: &FileChange,
    ) -> Result<Value, ActionError> {
        let (path, content, executable) = match change {
            FileChange::Write { path, content, executable } => (path, content, executable),
            FileChange::Move { path, id, executable, .. } => {
                return Ok(json!({"path": path, "mode": mode_of(*executable), "type": "blob", "sha": id}));
            }
            FileChange::Delete { path } => {
                return Ok(json!({"path": path, "mode": "100644", "type": "blob", "sha": null}));
            }
        };
        let mode = mode_of(*executable);
        let body = match content {
            FileContent::Text(text) if text.len() <= LARGEST_INLINE => {
                return Ok(json!({"path": path, "mode": mode, "type": "blob", "content": text}));
            }
            FileContent::Text(text) => json!({"content": text, "encoding": "utf-8"}),
            FileContent::Binary(bytes) => json!({"content": STANDARD.encode(bytes), "encoding": "base64"}),
        };
        let request =
            self.client.post("/repos/{owner}/{name}/git/blobs", &[repository.owner(), repository.name()]);
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
        let co_author = self.co_author(repository, request.co_author.as_deref()).await?;
        let mut body = json!({
            "message": format!("{}\n\n{}", harmless::plain(request.message.trim_end()), trailers(co_author.as_deref(), mark)),
            "tree": tree, "parents": [request.parent.as_str()],
        });
        if let Some(author) = &self.author {
            // A fixed date gives the same commit to the same request.
            let date = mark.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            let person = json!({"name": author.name, "email": author.email, "date": date});
            body["author"] = person.clone();
            body["committer"] = person;
        }
        let request =
            self.client.post("/repos/{owner}/{name}/git/commits", &[repository.owner(), repository.name()]);
        self.send_settled(repository, request.json(&body), is_early).await?.json()
    }

    /// The commit that an earlier attempt pushed: on the same parent and with the same mark, wherever the branch points now.
    async fn pushed_commit(
        &self,
        repository: &RepositoryName,
        request: &CommitRequest,
        mark: &Mark,
    ) -> Result<Option<Commit>, ActionError> {
        let Some(head) = self.branch_head(repository, &request.branch).await? else { return Ok(None) };
        let range = format!("{}...{head}", request.parent);
        let path = "/repos/{owner}/{name}/compare/{range}";
        let values = [repository.owner(), repository.name(), &range];
        let load = |page: usize| async move {
            let compare = self.client.get(path, &values).query("per_page", PER_PAGE).query("page", page);
            // Without a common history, none of our commits can be there.
            let Some(answer) = self.send(repository, compare).await.optional()? else {
                return Ok::<_, ActionError>(Page { items: Vec::new(), next: None, bytes: 0 });
            };
            let Comparison { commits } = answer.json()?;
            let next = (commits.len() >= PER_PAGE).then_some(page + 1);
            Ok(Page { items: commits, next, bytes: answer.size() })
        };
        let own = trailers(None, mark);
        let ours = |found: &Compared| {
            found.parents.iter().any(|parent| parent.sha == request.parent.as_str())
                && found.commit.message.lines().any(|line| line == own)
        };
        let found = Pages::of(format!("GitHub's comparison {range}")).find(1, load, ours).await?;
        Ok(found.map(|found| Commit { sha: found.sha, url: found.html_url }))
    }

    pub(crate) async fn take_back_commit(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
        commit: &CommitSha,
        parent: &CommitSha,
    ) -> Result<(), ActionError> {
        match self.branch_head(repository, branch).await? {
            Some(head) if head == *parent => Ok(()),
            Some(head) if head == *commit => {
                self.swap_branch(repository, branch, commit, Target::Back(parent)).await
            }
            Some(head) => Err(ActionError::conflict(format!(
                "the branch `{branch}` of {repository} points to {head} and not to our commit {commit}: \
                 somebody has built on it, so it stays"
            ))),
            None => Err(ActionError::conflict(format!("{repository} no longer has the branch `{branch}`"))),
        }
    }
}

fn mode_of(executable: bool) -> &'static str {
    if executable { "100755" } else { "100644" }
}
