//! The state of the simulated GitLab.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tempfile::TempDir;

use super::world::{self, Level, User, World, WorldJob};
use crate::clock::Clock;
use crate::error::WorldError;
use crate::git::{Git, Signature};
use crate::git_content::Content;
use crate::service::Opening;

pub(super) struct State {
    pub(super) users: Vec<User>,
    pub(super) bot: String,
    pub(super) scopes: Vec<String>,
    pub(super) projects: Vec<Project>,
    /// Whether one issue can block another, as in the paid tiers.
    pub(super) blocking_links: bool,
    pub(super) links: Vec<IssueLink>,
    pub(super) clock: Clock,
    /// Without a slash at its end.
    pub(super) address: String,
    last_id: u64,
    /// How many webhooks were sent.
    pub(super) sent: u64,
    /// Holds the repositories; removed when the simulation ends.
    folder: TempDir,
}

pub(super) struct Project {
    pub(super) id: u64,
    pub(super) path: String,
    pub(super) description: Option<String>,
    pub(super) default_branch: String,
    pub(super) protected: Vec<String>,
    pub(super) members: BTreeMap<String, Level>,
    pub(super) labels: BTreeSet<String>,
    pub(super) issues: BTreeMap<u64, Issue>,
    pub(super) merge_requests: BTreeMap<u64, MergeRequest>,
    pub(super) pipelines: Vec<Pipeline>,
    pub(super) merged_results: bool,
    /// The jobs of a new commit's pipeline.
    pub(super) jobs: Vec<WorldJob>,
    /// Files that people uploaded.
    pub(super) uploads: Vec<Upload>,
    pub(super) git: Git,
}

/// A file that somebody uploaded to a project.
pub(super) struct Upload {
    /// What only those know who see a link to it.
    pub(super) secret: String,
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
    /// Whether it is linked, but gone.
    pub(super) deleted: bool,
}

impl Project {
    /// The commit a branch is at.
    pub(super) fn head_of(&self, branch: &str) -> Option<String> {
        self.git.reference(&format!("refs/heads/{branch}")).map(|reference| reference.sha)
    }

    /// The commit that a branch or commit name means.
    pub(super) fn commit_of(&self, name: &str) -> Option<String> {
        self.head_of(name).or_else(|| self.git.resolve(name, "commit"))
    }
}

pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) iid: u64,
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) author: String,
    pub(super) labels: Vec<String>,
    pub(super) is_open: bool,
    pub(super) notes: Vec<Note>,
    pub(super) awards: BTreeSet<(String, String)>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// A link between two issues, each by its project's id and its number there.
pub(super) struct IssueLink {
    pub(super) id: u64,
    pub(super) source: (u64, u64),
    pub(super) target: (u64, u64),
    /// `relates_to`, or `blocks`, which applies to the source.
    pub(super) kind: &'static str,
}

impl IssueLink {
    pub(super) fn blocks(&self) -> bool {
        self.kind == "blocks"
    }
}

pub(super) struct MergeRequest {
    pub(super) id: u64,
    pub(super) iid: u64,
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) author: String,
    pub(super) source: String,
    pub(super) target: String,
    /// Where both were when last seen; kept when a branch is deleted.
    pub(super) head: String,
    pub(super) base: String,
    /// `opened`, `closed` or `merged`.
    pub(super) state: &'static str,
    /// The commit that merged it.
    pub(super) merge_commit: Option<String>,
    /// The fork that it comes from.
    pub(super) source_project: Option<u64>,
    /// Each reviewer's verdict.
    pub(super) reviewers: BTreeMap<String, &'static str>,
    pub(super) notes: Vec<Note>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

#[derive(Clone)]
pub(super) struct Note {
    pub(super) id: u64,
    pub(super) body: String,
    pub(super) author: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// The line that it is about.
    pub(super) position: Option<Position>,
    /// The note that began its discussion; its own id for one that did.
    pub(super) discussion: u64,
    pub(super) resolved: bool,
    pub(super) awards: BTreeSet<(String, String)>,
}

/// A line of a diff.
#[derive(Clone)]
pub(super) struct Position {
    pub(super) new_path: String,
    pub(super) old_path: String,
    pub(super) old_line: Option<u64>,
    pub(super) new_line: Option<u64>,
}

impl Position {
    /// A line of a changed file.
    pub(super) fn after(path: String, line: u64) -> Self {
        Self { old_path: path.clone(), new_path: path, old_line: None, new_line: Some(line) }
    }
}

pub(super) struct Pipeline {
    pub(super) id: u64,
    pub(super) sha: String,
    pub(super) branch: String,
    pub(super) jobs: Vec<Job>,
}

pub(super) struct Job {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) trace: String,
}

impl Pipeline {
    pub(super) fn status(&self) -> &'static str {
        let any = |status: &str| self.jobs.iter().any(|job| job.status == status);
        match () {
            () if any("running") || any("pending") || self.jobs.is_empty() => "running",
            () if any("failed") => "failed",
            () if any("canceled") => "canceled",
            () => "success",
        }
    }
}

impl State {
    pub(super) fn new(world: &World, opening: &Opening<'_>) -> Result<Self, WorldError> {
        let invalid = |place: String, problem: String| WorldError::Invalid { place, problem };
        let folder = tempfile::tempdir().map_err(|error| invalid("gitlab".into(), error.to_string()))?;
        let mut state = Self {
            users: world.users.clone(),
            bot: world.bot.clone(),
            scopes: world.scopes.clone(),
            projects: Vec::new(),
            blocking_links: world.blocking_links,
            links: Vec::new(),
            clock: opening.clock.clone(),
            address: opening.address.clone(),
            last_id: 1_000,
            sent: 0,
            folder,
        };
        if state.user(&world.bot).is_none() {
            return Err(invalid(
                "gitlab.bot".into(),
                format!("no user `{}` under `gitlab.users`", world.bot),
            ));
        }
        for (index, described) in world.projects.iter().enumerate() {
            state.add(described, &format!("gitlab.projects[{index}]"), opening)?;
        }
        Ok(state)
    }

    fn add(
        &mut self,
        described: &world::Project,
        place: &str,
        opening: &Opening<'_>,
    ) -> Result<(), WorldError> {
        let invalid =
            |key: &str, problem: String| WorldError::Invalid { place: format!("{place}.{key}"), problem };
        let is_part = |part: &str| {
            !matches!(part, "" | "." | "..")
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        if !(2..=20).contains(&described.path.split('/').count()) || !described.path.split('/').all(is_part) {
            return Err(invalid("path", format!("`{}` is not group/project", described.path)));
        }
        for named in described.members.keys().chain(described.issues.iter().map(|issue| &issue.author)) {
            if self.user(named).is_none() {
                return Err(invalid("members", format!("no user `{named}` under `gitlab.users`")));
            }
        }
        let content = Content {
            path: described.content.as_deref(),
            files: &described.files,
            default_branch: &described.default_branch,
            author: self.signature(&self.bot.clone(), described.created_at),
        };
        let id = self.next_id();
        let git = content.open(&self.folder.path().join(format!("{id}.git")), place, opening.folder)?;
        let mut project = Project {
            id,
            path: described.path.clone(),
            description: described.description.clone(),
            default_branch: described.default_branch.clone(),
            protected: described.protected.clone(),
            members: described.members.clone(),
            labels: BTreeSet::new(),
            issues: BTreeMap::new(),
            merge_requests: BTreeMap::new(),
            pipelines: Vec::new(),
            jobs: described.jobs.clone(),
            merged_results: described.merged_results,
            uploads: Vec::new(),
            git,
        };
        let now = self.now();
        for (iid, issue) in (1..).zip(&described.issues) {
            project.labels.extend(issue.labels.iter().cloned());
            let at = format!("issues[{}].attachments", iid - 1);
            let (uploads, description) =
                Upload::all_of(issue, &described.path, iid).map_err(|problem| invalid(&at, problem))?;
            project.uploads.extend(uploads);
            project.issues.insert(
                iid,
                Issue {
                    id: self.next_id(),
                    iid,
                    title: issue.title.clone(),
                    description,
                    author: issue.author.clone(),
                    labels: issue.labels.clone(),
                    is_open: true,
                    notes: Vec::new(),
                    awards: BTreeSet::new(),
                    created_at: now,
                    updated_at: now,
                },
            );
        }
        self.projects.push(project);
        Ok(())
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn user(&self, username: &str) -> Option<&User> {
        self.users.iter().find(|user| user.username.eq_ignore_ascii_case(username))
    }

    /// The id of an account, which follows from its place.
    pub(super) fn user_id(&self, username: &str) -> u64 {
        let at = self.users.iter().position(|user| user.username.eq_ignore_ascii_case(username));
        at.and_then(|at| u64::try_from(at).ok()).map_or(0, |at| at + 1)
    }

    /// The index of the project with this path in any case, or this id.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.projects.iter().position(|project| {
            project.path.eq_ignore_ascii_case(name) || name.parse().is_ok_and(|id: u64| id == project.id)
        })
    }

    pub(super) fn signature(&self, username: &str, date: Timestamp) -> Signature {
        let user = self.user(username);
        let name = user.map_or_else(|| username.to_owned(), |user| user.name.clone());
        let email = user.and_then(|user| user.email.clone());
        let email = email
            .unwrap_or_else(|| format!("{}-{username}@users.noreply.gitlab.com", self.user_id(username)));
        Signature { name, email, date }
    }
}
