//! Fills a simulated GitHub with the contents of its world.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    state::{Comment, Pull, Repository, State},
    world::{self, invalid},
};
use crate::error::WorldError;
use crate::git::{Git, GitError, TreeChange};
use crate::git_content::Content;

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
            hooks: Vec::new(),
            events: Vec::new(),
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
        let content = Content {
            path: described.path.as_deref(),
            files: &described.files,
            default_branch: &described.default_branch,
            author: self.signature(owner, described.created_at),
        };
        content.open(&self.folder.path().join(format!("{}.git", described.name)), place, folder)
    }

    fn add_issue(&mut self, repository: usize, issue: &world::Issue, place: &str) -> Result<(), WorldError> {
        self.demand_user(&issue.user, &format!("{place}.user"))?;
        let body = self.upload_all_of(repository, issue);
        let body = body.map_err(|problem| invalid(format!("{place}.attachments"), problem))?;
        let number = self.open(repository, issue.title.clone(), body, issue.user.clone(), None);
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
        self.make_branch(repository, pull, &base).map_err(|error| invalid(place, error.to_string()))?;
        let stands_at = |branch: &str| {
            let missing = || invalid(place, format!("the repository has no branch `{branch}`"));
            self.repositories[repository].head_of(branch).ok_or_else(missing)
        };
        let (head_sha, base_sha) = (stands_at(&pull.head)?, stands_at(&base)?);
        let (head, draft) = (pull.head.clone(), pull.draft);
        let (reviews, review_comments) = (Vec::new(), Vec::new());
        let (merged, fork) = (None, pull.fork.clone());
        let opened = Pull { head, base, head_sha, base_sha, draft, merged, reviews, review_comments, fork };
        self.open(repository, pull.title.clone(), pull.body.clone(), pull.user.clone(), Some(opened));
        Ok(())
    }

    /// Makes the branch of a pull request whose files are described: one commit by who opened it.
    fn make_branch(&self, index: usize, pull: &world::PullRequest, base: &str) -> Result<(), GitError> {
        let repository = &self.repositories[index];
        let Some(parent) = repository.head_of(base).filter(|_| !pull.files.is_empty()) else { return Ok(()) };
        let git = &repository.git;
        let changes = pull.files.iter().map(|(path, text)| {
            let object = match text {
                Some(text) => Some(("100644".into(), git.write_blob(text.as_bytes())?)),
                None => None,
            };
            Ok(TreeChange { path: path.clone(), object })
        });
        let changes = changes.collect::<Result<Vec<_>, GitError>>()?;
        let tree = git.write_tree(Some(&git.read_commit(&parent)?.tree), &changes)?;
        let who = self.signature(&pull.user, repository.created_at);
        let commit = git.write_commit(&tree, &[parent], &who, &who, &format!("{}\n", pull.title))?;
        git.set_reference(&format!("refs/heads/{}", pull.head), &commit)
    }

    fn demand_user(&self, login: &str, place: &str) -> Result<(), WorldError> {
        if self.knows_user(login) {
            return Ok(());
        }
        Err(invalid(place, format!("no user `{login}` under `github.users`")))
    }
}
