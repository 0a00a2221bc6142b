//! Branches, trees, files and comparisons.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answer::{Answer, Call, Failure};
use super::state::Project;
use super::world::Level;
use crate::git::TreeEntry;

impl Call<'_> {
    fn shown_branch(&self, name: &str, sha: &str) -> Result<Value, Failure> {
        let project = self.project();
        Ok(json!({
            "name": name, "commit": self.shown_commit(sha)?, "merged": false, "can_push": true,
            "protected": project.protected.iter().any(|known| known == name),
            "default": name == project.default_branch,
            "web_url": format!("{}/{}/-/tree/{name}", self.state.address, project.path),
        }))
    }

    /// Refuses to change a protected branch.
    pub(super) fn demand_push(&self, branch: &str) -> Result<(), Failure> {
        let project = self.project();
        let is_protected = project.protected.iter().any(|known| known == branch);
        match is_protected && self.demand(Level::Maintainer).is_err() {
            true => Err(Failure::new(400, "You are not allowed to push into this branch")),
            false => Ok(()),
        }
    }
}

pub(super) fn get_branch(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let name = call.parameter("branch");
    let sha = call.project().head_of(name).ok_or_else(|| Failure::not_found("Branch"))?;
    Ok(Answer::ok(call.shown_branch(name, &sha)?))
}

pub(super) fn create_branch(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (name, reference) = (call.text("branch")?, call.text("ref")?);
    let full = format!("refs/heads/{name}");
    let project = call.project();
    if project.head_of(&name).is_some() {
        return Err(Failure::new(400, "Branch already exists"));
    }
    if !project.git.is_legal_reference(&full) {
        return Err(Failure::new(400, "Branch name is invalid"));
    }
    let sha = project.commit_of(&reference);
    let sha = sha.ok_or_else(|| Failure::new(400, format!("Invalid reference name: {reference}")))?;
    project.git.set_reference(&full, &sha)?;
    Ok(Answer::created(call.shown_branch(&name, &sha)?))
}

pub(super) fn delete_branch(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let name = call.parameter("branch");
    let project = call.project();
    project.head_of(name).ok_or_else(|| Failure::not_found("Branch"))?;
    if name == project.default_branch || project.protected.iter().any(|known| known == name) {
        return Err(Failure::new(403, "Protected branch can't be removed"));
    }
    project.git.delete_reference(&format!("refs/heads/{name}"))?;
    Ok(Answer::gone())
}

pub(super) fn tree(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let project = call.project();
    let reference = call.queried("ref").unwrap_or(&project.default_branch);
    let sha = project.commit_of(reference).ok_or_else(|| Failure::not_found("Tree"))?;
    let entries = project.git.list_tree(&sha, call.queried("recursive") == Some("true"))?;
    let shown = entries.into_iter().map(|entry| {
        let name = entry.path.rsplit('/').next().unwrap_or_default();
        json!({ "id": entry.sha, "name": name, "type": entry.kind, "path": entry.path, "mode": entry.mode })
    });
    Ok(call.page(shown.collect()))
}

impl Project {
    /// The commit that changed a file last, seen from a commit.
    pub(super) fn last_change(&self, sha: &str, path: &str) -> Result<String, Failure> {
        let mut at = sha.to_owned();
        let mut there = None;
        loop {
            let commit = self.git.read_commit(&at)?;
            let Some(parent) = commit.parents.first() else { return Ok(at) };
            let there = there.get_or_insert_with(|| self.git.resolve_path(sha, path));
            match self.git.resolve_path(parent, path) == *there {
                true => at.clone_from(parent),
                false => return Ok(at),
            }
        }
    }

    /// The mode of the file at a path.
    pub(super) fn mode_of(&self, sha: &str, path: &str) -> Result<Option<String>, Failure> {
        Ok(self.file_at(sha, path)?.map(|entry| entry.mode))
    }

    /// The file at a path.
    fn file_at(&self, sha: &str, path: &str) -> Result<Option<TreeEntry>, Failure> {
        let found = self.git.entries_at(sha, &[path])?.remove(path);
        Ok(found.filter(|entry| entry.kind == "blob"))
    }
}

pub(super) fn file(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let project = call.project();
    let path = call.parameter("file_path");
    let reference = call.queried("ref").ok_or_else(|| Failure::new(400, "ref is missing"))?;
    let sha = project.commit_of(reference).ok_or_else(|| Failure::not_found("Commit"))?;
    let TreeEntry { mode, sha: blob, .. } =
        project.file_at(&sha, path)?.ok_or_else(|| Failure::not_found("File"))?;
    let bytes = project.git.read_blob(&blob)?;
    Ok(Answer::ok(json!({
        "file_name": path.rsplit('/').next(), "file_path": path, "size": bytes.len(), "encoding": "base64",
        "content": STANDARD.encode(&bytes), "content_sha256": hex::encode(Sha256::digest(&bytes)), "ref": reference,
        "blob_id": blob, "commit_id": sha, "last_commit_id": project.last_change(&sha, path)?,
        "execute_filemode": mode == "100755",
    })))
}

/// The changed files between two commits, as merge requests and comparisons show them.
pub(super) fn diffs_between(project: &Project, before: &str, after: &str) -> Result<Vec<Value>, Failure> {
    let raw = project.git.raw_diff(before, after)?;
    let mut parts = raw.into_iter();
    let mut shown = Vec::new();
    while let (Some(columns), Some(old)) = (parts.next(), parts.next()) {
        let kind = columns.rsplit(' ').next().and_then(|status| status.chars().next()).unwrap_or('M');
        let new = if matches!(kind, 'R' | 'C') { parts.next().unwrap_or_default() } else { old.clone() };
        let diff = project.git.diff(before, after, &[&old, &new])?;
        let patch = diff.find("@@").map_or("", |at| &diff[at..]).to_owned();
        shown.push(json!({
            "old_path": old, "new_path": new, "diff": patch, "new_file": kind == 'A', "renamed_file": kind == 'R',
            "deleted_file": kind == 'D',
        }));
    }
    Ok(shown)
}

pub(super) fn compare(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let project = call.project();
    let commit = |name: &str| {
        let named = call.queried(name).ok_or_else(|| Failure::new(400, format!("{name} is missing")))?;
        project.commit_of(named).ok_or_else(|| Failure::not_found("Ref"))
    };
    let (from, to) = (commit("from")?, commit("to")?);
    let before = match call.queried("straight") {
        Some("true") => from.clone(),
        _ => project.git.merge_base(&from, &to).unwrap_or_else(|| from.clone()),
    };
    let commits = project.git.commits_between(&from, &to)?;
    let commits = commits.iter().map(|sha| call.shown_commit(sha)).collect::<Result<Vec<_>, _>>()?;
    Ok(Answer::ok(json!({
        "commit": commits.last(), "commits": commits, "diffs": diffs_between(project, &before, &to)?,
        "compare_timeout": false, "compare_same_ref": from == to,
    })))
}
