//! Fills a simulated GitHub with what its world describes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    git::{Git, GitError, TreeChange},
    state::{Comment, Pull, Repository, State},
    world::{self, invalid},
};
use crate::error::WorldError;
use crate::inside;

/// Whether this is a name as GitHub gives them, which is also the name of one folder.
fn is_name(name: &str) -> bool {
    let is_part = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    (1..=100).contains(&name.len()) && name.chars().all(is_part) && !matches!(name, "." | "..")
}

impl State {
    pub(super) fn add_repository(
        &mut self,
        described: &world::Repository,
        place: &str,
        folder: &Path,
    ) -> Result<(), WorldError> {
        let Some((owner, name)) = described.name.split_once('/') else {
            return Err(invalid(format!("{place}.name"), format!("`{}` is not owner/name", described.name)));
        };
        if !is_name(owner) || !is_name(name) {
            let accepted =
                "accepted: owner/name of letters, digits, `-`, `_` and `.`, at most 100 characters each";
            let problem = format!("`{}` is not a repository name; {accepted}", described.name);
            return Err(invalid(format!("{place}.name"), problem));
        }
        if self.find(owner, name).is_some() {
            return Err(invalid(format!("{place}.name"), format!("`{}` is named twice", described.name)));
        }
        for login in described.collaborators.keys() {
            self.demand_user(login, &format!("{place}.collaborators"))?;
        }
        let git = self.content(described, place, folder, owner)?;
        let id = self.next_id();
        self.repositories.push(Repository {
            id,
            owner: owner.into(),
            name: name.into(),
            description: described.description.clone(),
            private: described.private,
            default_branch: described.default_branch.clone(),
            protected: described.protected.clone(),
            ruleset: described.ruleset.clone(),
            secrets: described.secrets.clone(),
            signed: BTreeSet::new(),
            collaborators: described.collaborators.clone(),
            labels: BTreeMap::new(),
            issues: BTreeMap::new(),
            checks: described.checks.clone(),
            drafts: described.drafts,
            suites: Vec::new(),
            statuses: Vec::new(),
            created_at: described.created_at,
            pushed_at: described.created_at,
            git,
        });
        let repository = self.repositories.len() - 1;
        for label in &described.labels {
            self.ensure_label(repository, label);
        }
        for (index, issue) in described.issues.iter().enumerate() {
            self.add_issue(repository, issue, &format!("{place}.issues[{index}]"))?;
        }
        for (index, pull) in described.pull_requests.iter().enumerate() {
            self.add_pull(repository, pull, &format!("{place}.pull_requests[{index}]"))?;
        }
        Ok(())
    }

    fn content(
        &self,
        described: &world::Repository,
        place: &str,
        folder: &Path,
        owner: &str,
    ) -> Result<Git, WorldError> {
        let failed = |error: GitError| invalid(place, error.to_string());
        let target = self.folder.path().join(format!("{}.git", described.name));
        let git = Git::init(&target, &described.default_branch).map_err(failed)?;
        let tree = match &described.path {
            Some(_) if !described.files.is_empty() => {
                return Err(invalid(place, "give `path` or `files`, not both".into()));
            }
            Some(path) => {
                let wrong = |problem: String| invalid(format!("{place}.path"), problem);
                let path = inside::existing(folder, path).map_err(wrong)?;
                if path.join(".git").exists() || path.join("HEAD").is_file() {
                    inside::check_clone(&path).map_err(wrong)?;
                    git.fetch(&path).map_err(failed)?;
                    None
                } else {
                    Some(git.tree_of_folder(&path).map_err(failed)?)
                }
            }
            None if described.files.is_empty() => None,
            None => {
                let changes = described.files.iter().map(|(path, text)| {
                    let sha = git.write_blob(text.as_bytes())?;
                    Ok(TreeChange { path: path.clone(), object: Some(("100644".into(), sha)) })
                });
                let changes = changes.collect::<Result<Vec<_>, GitError>>().map_err(failed)?;
                Some(git.write_tree(None, &changes).map_err(failed)?)
            }
        };
        if let Some(tree) = tree {
            let author = self.signature(owner, described.created_at);
            let commit = git.write_commit(&tree, &[], &author, &author, "First version\n").map_err(failed)?;
            let branch = format!("refs/heads/{}", described.default_branch);
            git.set_reference(&branch, &commit).map_err(failed)?;
        } else if described.path.is_some()
            && git.reference(&format!("refs/heads/{}", described.default_branch)).is_none()
        {
            let problem = format!("the clone has no branch `{}`", described.default_branch);
            return Err(invalid(format!("{place}.default_branch"), problem));
        }
        Ok(git)
    }

    fn add_issue(&mut self, repository: usize, issue: &world::Issue, place: &str) -> Result<(), WorldError> {
        self.demand_user(&issue.user, &format!("{place}.user"))?;
        let number = self.open(repository, issue.title.clone(), issue.body.clone(), issue.user.clone(), None);
        for label in &issue.labels {
            let label = self.ensure_label(repository, label);
            if let Some(issue) = self.repositories[repository].issues.get_mut(&number) {
                issue.labels.push(label);
            }
        }
        for comment in &issue.comments {
            self.demand_user(&comment.user, &format!("{place}.comments"))?;
            let (id, at) = (self.next_id(), self.now());
            if let Some(issue) = self.repositories[repository].issues.get_mut(&number) {
                let (user, body) = (comment.user.clone(), comment.body.clone());
                let comment =
                    Comment { id, user, body, reactions: Vec::new(), created_at: at, updated_at: at };
                issue.comments.push(comment);
            }
        }
        Ok(())
    }

    fn add_pull(
        &mut self,
        repository: usize,
        pull: &world::PullRequest,
        place: &str,
    ) -> Result<(), WorldError> {
        self.demand_user(&pull.user, &format!("{place}.user"))?;
        let base = pull.base.clone();
        let base = base.unwrap_or_else(|| self.repositories[repository].default_branch.clone());
        let stands_at = |branch: &str| {
            let missing = || invalid(place, format!("the repository has no branch `{branch}`"));
            self.repositories[repository].head_of(branch).ok_or_else(missing)
        };
        let (head_sha, base_sha) = (stands_at(&pull.head)?, stands_at(&base)?);
        let (head, draft) = (pull.head.clone(), pull.draft);
        let (reviews, review_comments) = (Vec::new(), Vec::new());
        let opened = Pull { head, base, head_sha, base_sha, draft, merged: None, reviews, review_comments };
        self.open(repository, pull.title.clone(), pull.body.clone(), pull.user.clone(), Some(opened));
        Ok(())
    }

    fn demand_user(&self, login: &str, place: &str) -> Result<(), WorldError> {
        if self.knows_user(login) {
            return Ok(());
        }
        Err(invalid(place, format!("no user `{login}` under `github.users`")))
    }
}
