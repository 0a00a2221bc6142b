//! Commits: listing, making one of many files, and reverting.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::{Answer, Call, Failure};
use crate::git::TreeChange;

impl Call<'_> {
    pub(super) fn shown_commit(&self, sha: &str) -> Result<Value, Failure> {
        let commit = self.project().git.read_commit(sha)?;
        Ok(json!({
            "id": commit.sha, "short_id": commit.sha.get(..8), "title": commit.message.lines().next(),
            "message": commit.message, "parent_ids": commit.parents,
            "author_name": commit.author.name, "author_email": commit.author.email,
            "authored_date": commit.author.date.to_string(), "committer_name": commit.committer.name,
            "committer_email": commit.committer.email, "committed_date": commit.committer.date.to_string(),
            "created_at": commit.committer.date.to_string(),
            "web_url": format!("{}/{}/-/commit/{}", self.state.address, self.project().path, commit.sha),
        }))
    }

    /// Stores a commit on top of a branch and moves it.
    fn push(&mut self, branch: &str, parent: &str, tree: &str, message: &str) -> Result<Value, Failure> {
        let state = &self.state;
        let committer = state.signature(&state.bot, state.now());
        let mut author = committer.clone();
        if let (Some(name), Some(email)) = (self.optional("author_name"), self.optional("author_email")) {
            (author.name, author.email) = (name, email);
        }
        let git = &self.project().git;
        let sha =
            git.write_commit(tree, &[parent.to_owned()], &author, &committer, &format!("{message}\n"))?;
        git.set_reference(&format!("refs/heads/{branch}"), &sha)?;
        self.run_pipeline(branch, &sha);
        self.shown_commit(&sha)
    }
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let sha = call.project().commit_of(call.parameter("sha")).ok_or_else(|| Failure::not_found("Commit"))?;
    Ok(Answer::ok(call.shown_commit(&sha)?))
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let project = call.project();
    let reference = call.queried("ref_name").unwrap_or(&project.default_branch);
    let head = project.commit_of(reference).ok_or_else(|| Failure::not_found("Commit"))?;
    let mut shown = Vec::new();
    let mut at = Some(head);
    while let Some(sha) = at {
        at = project.git.read_commit(&sha)?.parents.into_iter().next();
        shown.push(call.shown_commit(&sha)?);
    }
    Ok(call.page(shown))
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (branch, message) = (call.text("branch")?, call.text("commit_message")?);
    call.demand_push(&branch)?;
    let project = call.project();
    let missing = || Failure::new(400, "You can only create or edit files when you are on a branch");
    let parent = project.head_of(&branch).ok_or_else(missing)?;
    let actions = call.body["actions"].as_array().filter(|actions| !actions.is_empty());
    let mut changes: Vec<TreeChange> = Vec::new();
    for action in actions.ok_or_else(|| Failure::new(400, "actions is missing"))? {
        let more = change(call, &parent, &changes, action)?;
        changes.extend(more);
    }
    let tree = project.git.write_tree(Some(&parent), &changes)?;
    Ok(Answer::created(call.push(&branch, &parent, &tree, &message)?))
}

fn change(
    call: &Call<'_>,
    parent: &str,
    before: &[TreeChange],
    action: &Value,
) -> Result<Vec<TreeChange>, Failure> {
    let project = call.project();
    let text = |name: &str| action[name].as_str();
    let (kind, path) = (text("action").unwrap_or_default(), text("file_path").unwrap_or_default());
    // The state left by an earlier action of the same commit.
    let earlier = before.iter().rev().find(|change| change.path == path);
    let mode = match earlier {
        Some(change) => change.object.as_ref().map(|(mode, _)| mode.clone()),
        None => project.mode_of(parent, path)?,
    };
    let earlier = earlier.and_then(|change| change.object.clone());
    if kind == "move" {
        let from = text("previous_path").unwrap_or_default();
        let mode = mode.is_none().then(|| project.mode_of(parent, from)).transpose()?;
        let taken = || Failure::new(400, "A file with this name already exists");
        let gone = || Failure::new(400, "A file with this name doesn't exist");
        let mode = mode.ok_or_else(taken)?.ok_or_else(gone)?;
        let blob = project.git.resolve_path(parent, from).ok_or_else(gone)?;
        let left = TreeChange { path: from.to_owned(), object: None };
        return Ok(vec![left, TreeChange { path: path.to_owned(), object: Some((mode, blob)) }]);
    }
    if let (Some(expected), true) = (text("last_commit_id"), mode.is_some())
        && project.last_change(parent, path)? != expected
    {
        let words = "You are attempting to update a file that has changed since you started editing it.";
        return Err(Failure::new(400, words));
    }
    let object = match (kind, mode, earlier) {
        ("create", Some(_), _) => return Err(Failure::new(400, "A file with this name already exists")),
        ("update" | "delete" | "chmod", None, None) => {
            return Err(Failure::new(400, "A file with this name doesn't exist"));
        }
        ("delete", ..) => None,
        ("chmod", mode, earlier) => {
            let blob = earlier.map(|(_, sha)| sha).or_else(|| project.git.resolve_path(parent, path));
            let mode = if action["execute_filemode"] == true {
                "100755"
            } else {
                mode.map_or("100644", |_| "100644")
            };
            blob.map(|blob| (mode.to_owned(), blob))
        }
        ("create" | "update", mode, _) => {
            let content = text("content").unwrap_or_default();
            let bytes = match text("encoding") {
                Some("base64") => {
                    STANDARD.decode(content).map_err(|_| Failure::new(400, "content is not base64"))?
                }
                _ => content.as_bytes().to_vec(),
            };
            Some((mode.unwrap_or_else(|| "100644".to_owned()), project.git.write_blob(&bytes)?))
        }
        (other, ..) => return Err(Failure::new(400, format!("Unknown action: {other}"))),
    };
    Ok(vec![TreeChange { path: path.to_owned(), object }])
}

pub(super) fn revert(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let branch = call.text("branch")?;
    call.demand_push(&branch)?;
    let project = call.project();
    let sha = project.commit_of(call.parameter("sha")).ok_or_else(|| Failure::not_found("Commit"))?;
    let head = project.head_of(&branch).ok_or_else(|| Failure::not_found("Branch"))?;
    let reverted = project.git.read_commit(&sha)?;
    let refused = |code: &str| {
        let words = "Sorry, we cannot revert this commit automatically. This commit may already have been reverted, or a more \
                     recent commit may have updated some of its content.";
        Failure { status: 400, body: json!({ "message": words, "error_code": code }) }
    };
    let parent = reverted.parents.first().ok_or_else(|| refused("conflict"))?;
    // A commit whose tree is the parent's, on top of the reverted one: merged, it takes the change back.
    let by = call.state.signature(&call.state.bot, call.state.now());
    let before = project.git.read_commit(parent)?.tree;
    let inverse = project.git.write_commit(&before, std::slice::from_ref(&sha), &by, &by, "inverse\n")?;
    let tree = project.git.merged_tree(&head, &inverse).ok_or_else(|| refused("conflict"))?;
    if tree == project.git.read_commit(&head)?.tree {
        return Err(refused("empty"));
    }
    let title = reverted.message.lines().next().unwrap_or_default();
    let message = format!("Revert \"{title}\"\n\nThis reverts commit {sha}");
    Ok(Answer::created(call.push(&branch, &head, &tree, &message)?))
}
