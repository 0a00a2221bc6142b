//! [One commit of many files](https://docs.gitlab.com/api/commits/#create-a-commit-with-multiple-files-and-actions).

use crate::author::mark_line;
use crate::branches::moved;
use crate::files::Stored;
use crate::gitlab::{Gitlab, not_there};
use crate::harmless;
use crate::pages::{PER_PAGE, page};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::plugins::{Commit, CommitRequest, FileChange, FileContent, Mark};
use domain::{ActionError, BranchName, CommitSha, RepositoryName};
use edits::check_changes;
use futures::{StreamExt, TryStreamExt};
use http_client::{Optional, Page, Pages};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Files are looked at so many at a time.
const AT_ONCE: usize = 8;

/// How many of a branch's newest commits are searched for one of ours.
const NEWEST: usize = 300;

#[derive(Debug, Deserialize)]
struct Made {
    id: CommitSha,
    #[serde(default)]
    web_url: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    parent_ids: Vec<String>,
}

impl From<Made> for Commit {
    fn from(made: Made) -> Self {
        Self { sha: made.id, url: made.web_url }
    }
}

impl Gitlab {
    pub(crate) async fn make_commit(
        &self,
        project: &RepositoryName,
        request: &CommitRequest,
        mark: &Mark,
    ) -> Result<Commit, ActionError> {
        check_changes(&request.changes)?;
        let (branch, parent) = (&request.branch, &request.parent);
        let actions = self.actions(project, parent, &request.changes).await?;
        if actions.is_empty() {
            return Err(ActionError::rejected(format!(
                "the changes leave every file of `{branch}` as it is, so there is nothing to commit"
            )));
        }
        let co_author = self.co_author(request.co_author.as_deref()).await?;
        let co_author = co_author.map(|person| format!("Co-authored-by: {person}\n")).unwrap_or_default();
        let message = harmless::plain(request.message.trim_end());
        let mut body = json!({
            "branch": branch.as_str(),
            "commit_message": format!("{message}\n\n{co_author}{}", mark_line(mark)),
            "actions": actions,
        });
        if let Some(author) = &self.author {
            body["author_name"] = json!(author.name);
            body["author_email"] = json!(author.email);
        }
        // As late as possible: GitLab does not make the commit conditional on where the branch points.
        if self.present_head(project, branch).await? != *parent {
            // An earlier attempt may have made the commit, and somebody another one on top.
            let pushed = self.find_marked_commit(project, branch, mark, Some(parent)).await?;
            return pushed.ok_or_else(|| moved(project, branch, parent));
        }
        let call = self.client.post("/projects/{id}/repository/commits", &[project.as_str()]);
        let made: Made = self.send(project, call.json(&body)).await?.json()?;
        if made.parent_ids.iter().any(|made_on| made_on != parent.as_str()) {
            self.revert(project, branch, &made.id).await?;
            return Err(ActionError::conflict(format!(
                "somebody pushed to the branch `{branch}` of {project} while the commit was made, so it was taken back; theirs stays"
            )));
        }
        Ok(made.into())
    }

    /// The operation for each file, given its state at the parent; none if it already has the content.
    async fn actions(
        &self,
        project: &RepositoryName,
        parent: &CommitSha,
        changes: &[FileChange],
    ) -> Result<Vec<Value>, ActionError> {
        let looked: Vec<_> =
            changes.iter().map(|change| self.stored(project, parent.as_str(), change.path())).collect();
        let stored: Vec<Option<Stored>> =
            futures::stream::iter(looked).buffered(AT_ONCE).try_collect().await?;
        let at: BTreeMap<&str, &Stored> = changes
            .iter()
            .zip(&stored)
            .filter_map(|(change, stored)| Some((change.path(), stored.as_ref()?)))
            .collect();
        // Files are moved first, so that nothing else takes the place of one that is still needed.
        let moves = in_order(changes)?;
        let vacated: BTreeSet<&str> = moves.iter().map(|moving| moving.from).collect();
        let mut actions = Vec::new();
        for moving in &moves {
            actions.extend(moving.actions(&at, &vacated)?);
        }
        for change in changes {
            let path = change.path();
            let stored = at.get(path).copied().filter(|_| !vacated.contains(path));
            actions.extend(actions_of(change, stored));
        }
        Ok(actions)
    }

    /// The commit with the mark among a branch's newest ones, and on `parent` if one is given.
    pub(crate) async fn find_marked_commit(
        &self,
        project: &RepositoryName,
        branch: &BranchName,
        mark: &Mark,
        parent: Option<&CommitSha>,
    ) -> Result<Option<Commit>, ActionError> {
        let load = |at: String| async move {
            let request = self.client.get("/projects/{id}/repository/commits", &[project.as_str()]);
            let request = request.query("ref_name", branch).query("per_page", PER_PAGE).query("page", at);
            // A missing branch has none of our commits.
            match self.send(project, request).await.optional()? {
                Some(answer) => page::<Made>(&answer, "page"),
                None => Ok::<_, ActionError>(Page { items: Vec::new(), next: None, bytes: 0 }),
            }
        };
        let own = mark_line(mark);
        let is_ours = |made: &Made| {
            made.message.lines().any(|line| line == own)
                && parent.is_none_or(|parent| made.parent_ids.iter().any(|on| on == parent.as_str()))
        };
        let newest = Pages::of(format!("GitLab's commits of `{branch}` in {project}"));
        let newest = newest.collect("1".to_owned(), NEWEST, load).await?;
        Ok(newest.into_iter().find(is_ours).map(Commit::from))
    }

    /// A file at a commit; `None` if it does not exist there.
    pub(crate) async fn stored(
        &self,
        project: &RepositoryName,
        commit: &str,
        path: &str,
    ) -> Result<Option<Stored>, ActionError> {
        let template = "/projects/{id}/repository/files/{file_path}";
        let request = self.client.get(template, &[project.as_str(), path]).query("ref", commit);
        match self.send(project, request).await {
            // Distinguish a missing file from a missing repository or commit.
            Err(failure) if failure.says(404, "file not found") => Ok(None),
            other => {
                let what = || not_there(format!("commit {commit} in {project}"));
                Ok(Some(other.optional()?.ok_or_else(what)?.json()?))
            }
        }
    }
}

/// A file that is moved without its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moving<'a> {
    from: &'a str,
    path: &'a str,
    executable: bool,
}

impl Moving<'_> {
    /// The operations, given the files at the parent and the paths that moves leave.
    fn actions(
        &self,
        at: &BTreeMap<&str, &Stored>,
        vacated: &BTreeSet<&str>,
    ) -> Result<Vec<Value>, ActionError> {
        let Self { from, path, executable } = *self;
        let stored = at.get(from).ok_or_else(|| {
            ActionError::conflict(format!("`{from}` is gone, so it cannot be moved to `{path}`"))
        })?;
        let mut actions = Vec::new();
        if let Some(taken) = at.get(path).filter(|_| !vacated.contains(path)) {
            actions
                .push(json!({"action": "delete", "file_path": path, "last_commit_id": taken.last_commit_id}));
        }
        // Without `content`, it stays as it is. A commit that somebody pushes meanwhile is found by its parent.
        actions.push(json!({"action": "move", "file_path": path, "previous_path": from}));
        if stored.execute_filemode != executable {
            actions.push(json!({"action": "chmod", "file_path": path, "execute_filemode": executable}));
        }
        Ok(actions)
    }
}

/// The moves in an order in which each one's new path is free by then.
///
/// # Errors
/// `Rejected` if files exchange their places, which GitLab cannot do in one commit.
fn in_order(changes: &[FileChange]) -> Result<Vec<Moving<'_>>, ActionError> {
    let mut left: Vec<Moving<'_>> = changes
        .iter()
        .filter_map(|change| match change {
            FileChange::Move { path, from, executable, .. } => {
                Some(Moving { from, path, executable: *executable })
            }
            FileChange::Write { .. } | FileChange::Delete { .. } => None,
        })
        .collect();
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let is_free = |moving: &Moving<'_>| left.iter().all(|other| other.from != moving.path);
        let Some(next) = left.iter().position(is_free) else {
            let paths: Vec<_> = left.iter().map(|moving| format!("`{}`", moving.path)).collect();
            return Err(ActionError::rejected(format!(
                "GitLab cannot exchange files in one commit: {}; move them in two",
                paths.join(", ")
            )));
        };
        ordered.push(left.remove(next));
    }
    Ok(ordered)
}

fn actions_of(change: &FileChange, stored: Option<&Stored>) -> Vec<Value> {
    let path = change.path();
    let last = stored.map(|stored| &stored.last_commit_id);
    match (change, stored) {
        (FileChange::Move { .. }, _) | (FileChange::Delete { .. }, None) => Vec::new(),
        (FileChange::Delete { .. }, Some(_)) => {
            vec![json!({"action": "delete", "file_path": path, "last_commit_id": last})]
        }
        (FileChange::Write { content, executable, .. }, stored) => {
            let mut actions = Vec::new();
            let (text, encoding) = match content {
                FileContent::Text(text) => (text.clone(), "text"),
                FileContent::Binary(bytes) => (STANDARD.encode(bytes), "base64"),
            };
            let mut write = json!({"file_path": path, "content": text, "encoding": encoding});
            match stored {
                None => write["action"] = "create".into(),
                Some(_) => {
                    write["action"] = "update".into();
                    write["last_commit_id"] = json!(last);
                }
            }
            if stored.is_none_or(|stored| !stored.holds(content)) {
                actions.push(write);
            }
            if stored.map_or(*executable, |stored| stored.execute_filemode != *executable) {
                actions.push(json!({"action": "chmod", "file_path": path, "execute_filemode": executable}));
            }
            actions
        }
    }
}
