//! The state of the simulated GitHub.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use jiff::Timestamp;
use tempfile::TempDir;

use super::{
    access::{Access, Accounts},
    agreed::Agreed,
    place::Place,
    suites::CheckSuite,
    upload::Upload,
    world::{Check, Role, Ruleset, User, World, invalid},
};
use crate::git::{Git, Signature};
use crate::{clock::Clock, credentials::Secrets, error::WorldError, log::ServiceLog};

pub(super) struct State {
    pub(super) users: Vec<User>,
    pub(super) repositories: Vec<Repository>,
    pub(super) access: Access,
    pub(super) tree_limit: usize,
    /// Whether it is an Enterprise Server.
    pub(super) is_server: bool,
    lag: u32,
    /// How many more requests do not see a new branch or pull request, by the repository's index and its name or number.
    unseen: BTreeMap<(usize, String), u32>,
    pub(super) clock: Clock,
    pub(super) log: ServiceLog,
    /// Address of the API and of the pages, without a slash at its end.
    pub(super) address: String,
    last_id: u64,
    /// Files that people put into issues.
    pub(super) uploads: Vec<Upload>,
    /// Where the App's events go.
    pub(super) app_hook: HookConfig,
    /// The manifest of an App that a person agreed to make.
    pub(super) agreed: Option<Agreed>,
    /// What was sent to the App's webhook, or would have been, the oldest first.
    pub(super) deliveries: Vec<Delivered>,
    /// Holds the repositories; removed when the simulation ends.
    pub(super) folder: TempDir,
}

pub(super) struct Repository {
    pub(super) id: u64,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) private: bool,
    pub(super) default_branch: String,
    pub(super) protected: Vec<String>,
    pub(super) ruleset: Ruleset,
    /// Texts that push protection finds.
    pub(super) secrets: Vec<String>,
    /// Commits that GitHub signed.
    pub(super) signed: BTreeSet<String>,
    pub(super) collaborators: BTreeMap<String, Role>,
    /// Ids of the labels by name.
    pub(super) labels: BTreeMap<String, u64>,
    /// Issues and pull requests by number.
    pub(super) issues: BTreeMap<u64, Issue>,
    pub(super) checks: Vec<Check>,
    pub(super) drafts: bool,
    /// Additional reports of Apps about commits.
    pub(super) suites: Vec<CheckSuite>,
    /// The newest status of each context of each commit.
    pub(super) statuses: Vec<CommitStatus>,
    /// Where its events go.
    pub(super) hooks: Vec<Hook>,
    /// The events of its issues and pull requests, oldest first.
    pub(super) events: Vec<IssueEvent>,
    pub(super) created_at: Timestamp,
    pub(super) pushed_at: Timestamp,
    pub(super) git: Git,
}

impl Repository {
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The commit a branch is at.
    pub(super) fn head_of(&self, branch: &str) -> Option<String> {
        self.git.reference(&format!("refs/heads/{branch}")).map(|reference| reference.sha)
    }

    /// The commit of a branch, tag or commit name.
    pub(super) fn commit_of(&self, name: &str) -> Option<String> {
        let named = [format!("refs/heads/{name}"), format!("refs/tags/{name}")];
        let reference = named.iter().find_map(|name| self.git.resolve(name, "commit"));
        reference.or_else(|| self.git.resolve(name, "commit"))
    }
}

/// A delivery to the App's webhook.
#[derive(Clone)]
pub(super) struct Delivered {
    pub(super) id: u64,
    pub(super) guid: String,
    pub(super) at: Timestamp,
    pub(super) event: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) payload: serde_json::Value,
}

/// A label that was given or taken, an end, that it was none, or another title.
#[derive(Clone)]
pub(super) struct IssueEvent {
    pub(super) id: u64,
    pub(super) number: u64,
    /// `labeled`, `unlabeled`, `closed`, `reopened` or `renamed`.
    pub(super) event: &'static str,
    pub(super) label: Option<String>,
    pub(super) by: String,
    pub(super) at: Timestamp,
}

/// A webhook of a repository.
#[derive(Clone)]
pub(super) struct Hook {
    pub(super) id: u64,
    pub(super) active: bool,
    pub(super) events: Vec<String>,
    pub(super) config: HookConfig,
    pub(super) created_at: Timestamp,
}

/// Where a webhook delivers, and with what secret.
#[derive(Clone, Default)]
pub(super) struct HookConfig {
    pub(super) url: String,
    pub(super) content_type: String,
    pub(super) secret: Option<String>,
}

#[derive(Clone)]
pub(super) struct CommitStatus {
    pub(super) id: u64,
    pub(super) sha: String,
    pub(super) context: String,
    /// `pending`, `success`, `failure` or `error`.
    pub(super) state: String,
    pub(super) at: Timestamp,
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
    /// The ids of the issues by which it is blocked.
    pub(super) blocked_by: Vec<u64>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// When and by whom it was closed, and GitHub's reason: `completed` or `not_planned`.
    pub(super) closed: Option<Closed>,
    /// Its properties as a pull request.
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
    /// Where both were when last seen; kept when a branch is deleted.
    pub(super) head_sha: String,
    pub(super) base_sha: String,
    pub(super) draft: bool,
    pub(super) merged: Option<Merged>,
    pub(super) reviews: Vec<Review>,
    pub(super) review_comments: Vec<ReviewComment>,
    /// The repository of the head branch, if it is a different one.
    pub(super) fork: Option<String>,
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
    pub(super) place: Place,
    pub(super) commit: String,
    pub(super) at: Timestamp,
    /// The comment that began the thread, for one that answers in it.
    pub(super) answers: Option<u64>,
    /// Whether the thread that it began is resolved.
    pub(super) resolved: bool,
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

/// The additional inputs that a simulated GitHub starts with.
pub struct Settings {
    /// The folder that relative paths in the world start from: the world file's own.
    pub folder: PathBuf,
    /// The address at which the router will be served, such as `http://127.0.0.1:4001`; answers contain it.
    pub address: String,
    /// The time.
    pub clock: Clock,
    /// Where installation tokens are registered, so that the log omits them.
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
            is_server: world.enterprise_server,
            lag: world.lag,
            unseen: BTreeMap::new(),
            address: settings.address.trim_end_matches('/').to_string(),
            clock: settings.clock,
            log: settings.log,
            last_id: 1_000,
            uploads: Vec::new(),
            app_hook: HookConfig::default(),
            agreed: None,
            deliveries: Vec::new(),
            folder,
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

    /// Remembers that a branch or pull request is new, so that some requests do not see it yet.
    pub(super) fn just_made(&mut self, repository: usize, name: &str) {
        if self.lag > 0 {
            self.unseen.insert((repository, name.to_string()), self.lag);
        }
    }

    /// Whether a request does not see a branch or pull request yet, which uses up one such request.
    pub(super) fn is_unseen(&mut self, repository: usize, name: &str) -> bool {
        match self.unseen.get_mut(&(repository, name.to_string())) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
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

    /// Remembers what somebody did to an issue or pull request; `label` is what they gave or took.
    pub(super) fn happened(
        &mut self,
        repository: usize,
        number: u64,
        event: &'static str,
        label: Option<&str>,
        by: &str,
    ) {
        let (id, at) = (self.next_id(), self.now());
        let (label, by) = (label.map(str::to_string), by.to_string());
        self.repositories[repository].events.push(IssueEvent { id, number, event, label, by, at });
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
        let issue = Issue {
            id,
            number,
            title,
            body,
            user,
            labels,
            comments,
            reactions,
            blocked_by: Vec::new(),
            created_at: now,
            updated_at: now,
            closed: None,
            pull,
        };
        issues.insert(number, issue);
        number
    }
}
