//! GitHub as one of the services of a simulation.

use std::collections::BTreeMap;
use std::path::Path;

use axum::Router;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    GitHub, LineComment, ReportedRun, Settings, Verdict, World, find, manifest, pages, routes, state, uploads,
};
use crate::error::SimulationError;
use crate::service::{Opening, Simulator};
use crate::webhook::Outgoing;

/// People's actions on GitHub.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Delivery {
    /// A label is put on a GitHub issue.
    #[serde(rename = "github-label")]
    Label {
        /// As `owner/name`.
        repository: String,
        /// Number of the issue or pull request.
        issue: u64,
        /// The label.
        label: String,
        /// Login of the person.
        by: String,
    },
    /// A comment is written on a GitHub issue or pull request.
    #[serde(rename = "github-comment")]
    Comment {
        /// As `owner/name`.
        repository: String,
        /// Number of the issue or pull request.
        issue: u64,
        /// Text in Markdown.
        text: String,
        /// Login of the person.
        by: String,
    },
    /// A pull request is reviewed.
    #[serde(rename = "github-review")]
    Review {
        /// As `owner/name`.
        repository: String,
        /// Number of the pull request.
        pull_request: u64,
        /// `approved`, `changes_requested` or `commented`.
        verdict: Verdict,
        /// The review's text in Markdown.
        text: String,
        /// Remarks on lines of the changed files.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        comments: Vec<LineComment>,
        /// Login of the person.
        by: String,
    },
    /// A comment is written on a line of a pull request, outside of a review.
    #[serde(rename = "github-line-comment")]
    LineComment {
        /// As `owner/name`.
        repository: String,
        /// Number of the pull request.
        pull_request: u64,
        /// Path of the file.
        path: String,
        /// Number of the line in the changed file, from 1.
        line: u64,
        /// Text in Markdown.
        text: String,
        /// Login of the person.
        by: String,
    },
    /// An App reports the checks of a branch's newest commit, or only announces them.
    #[serde(rename = "github-checks")]
    Checks {
        /// As `owner/name`.
        repository: String,
        /// The branch.
        branch: String,
        /// The App, whose earlier report of the commit this one replaces.
        app: String,
        /// Its check runs; none yet when empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        runs: Vec<ReportedRun>,
        /// Login of the person who pushed.
        by: String,
    },
    /// A status is given to a branch's newest commit.
    #[serde(rename = "github-status")]
    Status {
        /// As `owner/name`.
        repository: String,
        /// The branch.
        branch: String,
        /// Its context, such as `ci/build`.
        context: String,
        /// `pending`, `success`, `failure` or `error`.
        state: String,
        /// Login of who gives it.
        by: String,
    },
    /// Somebody pushes a commit to a branch.
    #[serde(rename = "github-push")]
    Push {
        /// As `owner/name`.
        repository: String,
        /// The branch.
        branch: String,
        /// Path and text of the changed files; `null` for a deleted file.
        files: BTreeMap<String, Option<String>>,
        /// The commit's message.
        message: String,
        /// Login of the person.
        by: String,
    },
    /// Somebody is asked to review a pull request.
    #[serde(rename = "github-review-request")]
    ReviewRequest {
        /// As `owner/name`.
        repository: String,
        /// Number of the pull request.
        pull_request: u64,
        /// Login of who is to review it.
        reviewer: String,
        /// Login of the person who asks.
        by: String,
    },
    /// A pull request is closed.
    #[serde(rename = "github-close")]
    Close {
        /// As `owner/name`.
        repository: String,
        /// Number of the pull request.
        pull_request: u64,
        /// Whether it is merged first.
        #[serde(default)]
        merge: bool,
        /// Login of the person.
        by: String,
    },
    /// A closed pull request is opened again.
    #[serde(rename = "github-reopen")]
    Reopen {
        /// As `owner/name`.
        repository: String,
        /// Number of the pull request.
        pull_request: u64,
        /// Login of the person.
        by: String,
    },
}

impl Simulator for GitHub {
    type World = World;
    type Delivery = Delivery;

    const NAME: &'static str = "github";
    const TITLE: &'static str = "GitHub";
    const DESCRIPTIONS: &'static [&'static str] = &["api.github.com.json"];
    const CHECKS_ITSELF: &'static [&'static str] = &["/graphql"];

    fn open(world: World, opening: Opening<'_>) -> Result<Self, SimulationError> {
        let signing = opening.signing_of(Self::NAME)?;
        let settings = Settings {
            folder: opening.folder.to_owned(),
            address: opening.address,
            clock: opening.clock,
            log: opening.log,
        };
        Ok(Self::start(&world, opening.secrets, signing, settings)?)
    }

    fn fail_first_checks(world: &mut World) {
        world.repositories.iter_mut().for_each(|repository| repository.fail_first_checks());
    }

    /// Unknown calls are left to the server's fallback.
    fn router(&self) -> Router {
        match self.lock().is_server {
            true => Router::new().nest("/api/v3", routes::router(self)),
            false => routes::router(self),
        }
    }

    /// The pages at the `html_url` of issues and pull requests, the files that people put into them, and where people make an App.
    fn pages(&self) -> Router {
        pages::router(self).merge(uploads::router(self)).merge(manifest::router(self))
    }

    /// Everything that can be seen, as JSON: `repositories`, each with `full_name`, `branches` by name, `issues` and
    /// `pull_requests` in the form of the API, their `comments` and, for pull requests, the changed `files`.
    fn state(&self) -> Value {
        let state = self.lock();
        let repositories = state.repositories.iter().map(|repository| {
            let branches = repository.git.references("refs/heads").unwrap_or_default();
            let branches = branches.into_iter().map(|reference| {
                (reference.name.trim_start_matches("refs/heads/").to_string(), Value::from(reference.sha))
            });
            let (mut issues, mut pulls) = (Vec::new(), Vec::new());
            for issue in repository.issues.values() {
                let comments = issue.comments.iter();
                let comments: Vec<Value> =
                    comments.map(|comment| state.comment(repository, issue, comment)).collect();
                let Some(pull) = &issue.pull else {
                    let mut shown = state.issue(repository, issue);
                    shown["comments"] = Value::from(comments);
                    shown["blocked_by"] = Value::from(issue.blocked_by.clone());
                    issues.push(shown);
                    continue;
                };
                let (before, head) = pull.range(repository, issue.closed.is_none());
                let mut shown = state.full_pull(repository, issue, pull).unwrap_or_default();
                shown["comments"] = Value::from(comments);
                let (number, reviews, remarks) = (issue.number, &pull.reviews, &pull.review_comments);
                shown["reviews"] =
                    reviews.iter().map(|review| state.review(repository, number, review)).collect();
                shown["review_comments"] = remarks
                    .iter()
                    .map(|remark| {
                        let mut shown = state.review_comment(repository, number, remark);
                        shown["resolved"] = remark.resolved.into();
                        shown
                    })
                    .collect();
                shown["files"] = state.changed_files(repository, &before, &head).unwrap_or_default().into();
                pulls.push(shown);
            }
            json!({
                "full_name": repository.full_name(),
                "branches": branches.collect::<serde_json::Map<_, _>>(),
                "issues": issues,
                "pull_requests": pulls,
            })
        });
        json!({ "repositories": repositories.collect::<Vec<_>>() })
    }

    fn act(&self, delivery: Delivery) -> Result<Outgoing, String> {
        match delivery {
            Delivery::Label { repository, issue, label, by } => {
                self.labelled(&repository, issue, &label, &by)
            }
            Delivery::Comment { repository, issue, text, by } => {
                self.commented(&repository, issue, &text, &by)
            }
            Delivery::Review { repository, pull_request, verdict, text, comments, by } => {
                self.reviewed(&repository, pull_request, verdict, &text, &comments, &by)
            }
            Delivery::LineComment { repository, pull_request, path, line, text, by } => {
                let said = LineComment { path, line, body: text };
                self.commented_on_line(&repository, pull_request, said, &by)
            }
            Delivery::Checks { repository, branch, app, runs, by } => {
                self.checked(&repository, &branch, &app, &runs, &by)
            }
            Delivery::Status { repository, branch, context, state, by } => {
                self.given_status(&repository, &branch, &context, &state, &by)
            }
            Delivery::Push { repository, branch, files, message, by } => {
                self.pushed(&repository, &branch, &files, &message, &by)
            }
            Delivery::ReviewRequest { repository, pull_request, reviewer, by } => {
                self.review_requested(&repository, pull_request, &reviewer, &by)
            }
            Delivery::Close { repository, pull_request, merge, by } => {
                self.closed(&repository, pull_request, merge, &by)
            }
            Delivery::Reopen { repository, pull_request, by } => {
                self.reopened(&repository, pull_request, &by)
            }
        }
    }

    fn repositories(&self) -> Vec<String> {
        self.lock().repositories.iter().map(state::Repository::full_name).collect()
    }

    /// A real clone, with a local branch for every branch. Runs git, so call it where blocking for some milliseconds does no
    /// harm. Refused where there is no such repository, it has no commit, or the folder cannot be written.
    fn export(&self, repository: &str, target: &Path) -> Result<(), String> {
        let state = self.lock();
        let repository = &state.repositories[find(&state, repository)?];
        if repository.head_of(&repository.default_branch).is_none() {
            return Err(format!("{} is empty; there is nothing to clone", repository.full_name()));
        }
        let remote = format!("{}.git", state.web(repository));
        repository.git.export(target, &remote, &repository.default_branch).map_err(|error| error.to_string())
    }
}
