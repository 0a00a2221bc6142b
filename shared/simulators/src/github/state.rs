//! What the simulated GitHub remembers.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use tempfile::TempDir;

use super::{
    access::{Access, Accounts},
    git::{Git, GitError, Signature, TreeChange},
    world::{self, Check, Role, User, World},
};
use crate::{clock::Clock, credentials::Secrets, log::ServiceLog, world::WorldError};

pub(super) struct State {
    pub(super) users: Vec<User>,
    pub(super) repositories: Vec<Repository>,
    pub(super) access: Access,
    pub(super) tree_limit: usize,
    pub(super) clock: Clock,
    pub(super) log: ServiceLog,
    /// Address of the API and of the pages, without a slash at its end.
    pub(super) address: String,
    last_id: u64,
    /// Holds the repositories; removed when the simulation ends.
    _folder: TempDir,
}

pub(super) struct Repository {
    pub(super) id: u64,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) private: bool,
    pub(super) default_branch: String,
    pub(super) protected: Vec<String>,
    pub(super) collaborators: BTreeMap<String, Role>,
    /// Ids of the labels by name.
    pub(super) labels: BTreeMap<String, u64>,
    /// Issues and pull requests by number.
    pub(super) issues: BTreeMap<u64, Issue>,
    pub(super) checks: Vec<Check>,
    pub(super) created_at: Timestamp,
    pub(super) pushed_at: Timestamp,
    pub(super) git: Git,
}

impl Repository {
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The commit a branch stands at.
    pub(super) fn head_of(&self, branch: &str) -> Option<String> {
        self.git.reference(&format!("refs/heads/{branch}")).map(|reference| reference.sha)
    }

    /// The commit that a branch, tag or commit name stands for.
    pub(super) fn commit_of(&self, name: &str) -> Option<String> {
        let named = [format!("refs/heads/{name}"), format!("refs/tags/{name}")];
        let reference = named.iter().find_map(|name| self.git.resolve(name, "commit"));
        reference.or_else(|| self.git.resolve(name, "commit"))
    }
}

#[derive(Clone)]
pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) body: Option<String>,
    pub(super) user: String,
    pub(super) labels: Vec<String>,
    pub(super) comments: Vec<Comment>,
    pub(super) reactions: Vec<Reaction>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// When and by whom it was closed, and GitHub's reason: `completed` or `not_planned`.
    pub(super) closed: Option<Closed>,
    /// What makes it a pull request.
    pub(super) pull: Option<Pull>,
}

#[derive(Clone)]
pub(super) struct Closed {
    pub(super) at: Timestamp,
    pub(super) by: String,
    pub(super) reason: String,
}

#[derive(Clone)]
pub(super) struct Pull {
    pub(super) head: String,
    pub(super) base: String,
    /// Where both stood when last seen; what remains when a branch goes.
    pub(super) head_sha: String,
    pub(super) base_sha: String,
    pub(super) draft: bool,
    pub(super) merged: Option<Merged>,
    pub(super) reviews: Vec<Review>,
    pub(super) review_comments: Vec<ReviewComment>,
}

#[derive(Clone)]
pub(super) struct Merged {
    pub(super) at: Timestamp,
    pub(super) by: String,
    pub(super) sha: String,
}

#[derive(Clone)]
pub(super) struct Review {
    pub(super) id: u64,
    pub(super) user: String,
    pub(super) body: String,
    /// `APPROVED`, `CHANGES_REQUESTED` or `COMMENTED`.
    pub(super) state: &'static str,
    pub(super) commit: String,
    pub(super) at: Timestamp,
}

#[derive(Clone)]
pub(super) struct ReviewComment {
    pub(super) id: u64,
    pub(super) review: u64,
    pub(super) user: String,
    pub(super) body: String,
    pub(super) path: String,
    pub(super) line: u64,
    pub(super) commit: String,
    pub(super) at: Timestamp,
}

#[derive(Clone)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) user: String,
    pub(super) body: String,
    pub(super) reactions: Vec<Reaction>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

#[derive(Clone)]
pub(super) struct Reaction {
    pub(super) id: u64,
    pub(super) user: String,
    pub(super) content: String,
    pub(super) at: Timestamp,
}

/// What a simulated GitHub is started with besides its world.
pub struct Settings {
    /// The folder that relative paths in the world start from: the world file's own.
    pub folder: PathBuf,
    /// The address the router will be served at, such as `http://127.0.0.1:4001`; it stands in the answers.
    pub address: String,
    /// The time.
    pub clock: Clock,
    /// Where installation tokens are made known, so that the log leaves them out.
    pub log: ServiceLog,
}

impl State {
    pub(super) fn new(world: &World, secrets: &Secrets, settings: Settings) -> Result<Self, WorldError> {
        let folder = tempfile::tempdir().map_err(|error| invalid("github", error.to_string()))?;
        let mut state = Self {
            users: world.users.clone(),
            repositories: Vec::new(),
            access: Access::new(world, Accounts::from_secrets(world, secrets)?),
            tree_limit: world.tree_limit,
            address: settings.address.trim_end_matches('/').to_string(),
            clock: settings.clock,
            log: settings.log,
            last_id: 1_000,
            _folder: folder,
        };
        for (index, repository) in world.repositories.iter().enumerate() {
            let place = format!("github.repositories[{index}]");
            state.add_repository(repository, &place, &settings.folder)?;
        }
        Ok(state)
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// The index of a repository; GitHub takes names in any case.
    pub(super) fn find(&self, owner: &str, name: &str) -> Option<usize> {
        self.repositories.iter().position(|repository| {
            repository.owner.eq_ignore_ascii_case(owner) && repository.name.eq_ignore_ascii_case(name)
        })
    }

    pub(super) fn knows_user(&self, login: &str) -> bool {
        self.users.iter().any(|user| user.login.eq_ignore_ascii_case(login))
    }

    /// Name and address of an account in commits.
    pub(super) fn signature(&self, login: &str, date: Timestamp) -> Signature {
        let user = self.users.iter().find(|user| user.login == login);
        let name = user.and_then(|user| user.name.clone()).unwrap_or_else(|| login.to_string());
        let email = user.and_then(|user| user.email.clone());
        let email = email.unwrap_or_else(|| format!("{login}@users.noreply.github.com"));
        Signature { name, email, date }
    }

    /// Makes sure that a repository has a label, as GitHub does when an issue is given one it does not know.
    pub(super) fn ensure_label(&mut self, repository: usize, name: &str) -> String {
        let known =
            self.repositories[repository].labels.keys().find(|known| known.eq_ignore_ascii_case(name));
        if let Some(known) = known {
            return known.clone();
        }
        let id = self.next_id();
        self.repositories[repository].labels.insert(name.to_string(), id);
        name.to_string()
    }

    /// Opens an issue, or with `pull` a pull request, under the repository's next number.
    pub(super) fn open(
        &mut self,
        repository: usize,
        title: String,
        body: Option<String>,
        user: String,
        pull: Option<Pull>,
    ) -> u64 {
        let (id, now) = (self.next_id(), self.now());
        let issues = &mut self.repositories[repository].issues;
        let number = issues.last_key_value().map_or(1, |(last, _)| last + 1);
        let (labels, comments, reactions) = (Vec::new(), Vec::new(), Vec::new());
        let (created_at, updated_at) = (now, now);
        let issue = Issue {
            id,
            number,
            title,
            body,
            user,
            labels,
            comments,
            reactions,
            created_at,
            updated_at,
            closed: None,
            pull,
        };
        issues.insert(number, issue);
        number
    }

    fn add_repository(
        &mut self,
        described: &world::Repository,
        place: &str,
        folder: &Path,
    ) -> Result<(), WorldError> {
        let Some((owner, name)) = described.name.split_once('/') else {
            return Err(invalid(format!("{place}.name"), format!("`{}` is not owner/name", described.name)));
        };
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
            collaborators: described.collaborators.clone(),
            labels: BTreeMap::new(),
            issues: BTreeMap::new(),
            checks: described.checks.clone(),
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
        let target = self._folder.path().join(format!("{}.git", described.name));
        let git = Git::init(&target, &described.default_branch).map_err(failed)?;
        let tree = match &described.path {
            Some(_) if !described.files.is_empty() => {
                return Err(invalid(place, "give `path` or `files`, not both".into()));
            }
            Some(path) => {
                let path = folder.join(path);
                let found = path.canonicalize();
                let path = found.map_err(|error| {
                    invalid(format!("{place}.path"), format!("{}: {error}", path.display()))
                })?;
                if path.join(".git").exists() || path.join("HEAD").is_file() {
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

pub(super) fn invalid(place: impl Into<String>, problem: String) -> WorldError {
    WorldError::Invalid { place: place.into(), problem }
}
