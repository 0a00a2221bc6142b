//! GitHub: the part of the [REST API](https://docs.github.com/rest) that automation uses, over real git repositories,
//! and the webhooks that tell what people do.
//!
//! Each repository of the world is a bare git repository in a temporary folder, and every object of the git database is
//! made and read by git itself, so that [`GitHub::export`] gives a clone like any other. What an app's token may do is
//! enforced: a token narrowed to `contents: read` cannot push.
//!
//! Not simulated: forks, GraphQL, milestones, assignees, statuses other than check runs, merging by API.

mod access;
mod call;
mod demand;
mod failure;
mod git;
mod opening;
mod pages;
mod routes;
mod shapes;
mod simulator;
mod state;
#[cfg(test)]
mod tests;
mod webhooks;
mod world;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use secrecy::SecretString;
use serde_json::{Value, json};

pub use state::Settings;
pub use webhooks::{LineComment, Verdict};
pub use world::{App, Check, Comment, Issue, Level, PullRequest, Repository, Role, User, UserType, World};

use crate::{credentials::Secrets, error::WorldError};

/// A running GitHub. Clones share one state.
#[derive(Clone)]
pub struct GitHub {
    state: Arc<Mutex<state::State>>,
    signing: Arc<SecretString>,
}

impl GitHub {
    /// Opens what the world describes. `secrets` holds the secret that the world names; `signing` is the secret of the
    /// webhooks. Runs git, so it takes some milliseconds for each repository.
    ///
    /// # Errors
    /// [`WorldError::Invalid`] when the section contradicts itself, lacks a secret, names a folder that cannot be read,
    /// or git is not installed.
    pub fn start(
        world: &World,
        secrets: &Secrets,
        signing: SecretString,
        settings: Settings,
    ) -> Result<Self, WorldError> {
        let state = state::State::new(world, secrets, settings)?;
        Ok(Self { state: Arc::new(Mutex::new(state)), signing: Arc::new(signing) })
    }

    /// The API, to be served at the address given in [`Settings`]. Unknown calls are left to the fallback of whoever
    /// serves it.
    pub fn router(&self) -> Router {
        routes::router(self)
    }

    /// Pages for people at the `html_url` of issues and pull requests, to be served at the same address as the API. They
    /// are no part of it, so they stand outside of any check of its requests.
    pub fn pages(&self) -> Router {
        pages::router(self)
    }

    /// Clones a repository, given as `owner/name`, into a folder that does not exist yet or is empty: a real clone, with
    /// a local branch for every branch. Runs git, so call it where blocking for some milliseconds does no harm.
    ///
    /// # Errors
    /// A sentence that says why: there is no such repository, it has no commit, or the folder cannot be written.
    pub fn export(&self, repository: &str, target: &Path) -> Result<(), String> {
        let state = self.lock();
        let repository = &state.repositories[find(&state, repository)?];
        if repository.head_of(&repository.default_branch).is_none() {
            return Err(format!("{} is empty; there is nothing to clone", repository.full_name()));
        }
        let remote = format!("{}.git", state.web(repository));
        repository.git.export(target, &remote, &repository.default_branch).map_err(|error| error.to_string())
    }

    /// Names of all repositories, as `owner/name`.
    #[must_use]
    pub fn repositories(&self) -> Vec<String> {
        self.lock().repositories.iter().map(state::Repository::full_name).collect()
    }

    /// Everything that can be seen, as JSON: `repositories`, each with `full_name`, `branches` by name, `issues` and
    /// `pull_requests` in the form of the API, their `comments` and, for pull requests, the changed `files`.
    #[must_use]
    pub fn state(&self) -> Value {
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
                    issues.push(shown);
                    continue;
                };
                let (before, head) = pull.range(repository, issue.closed.is_none());
                let mut shown = state.full_pull(repository, issue, pull).unwrap_or_default();
                shown["comments"] = Value::from(comments);
                let (number, reviews, remarks) = (issue.number, &pull.reviews, &pull.review_comments);
                shown["reviews"] =
                    reviews.iter().map(|review| state.review(repository, number, review)).collect();
                shown["review_comments"] =
                    remarks.iter().map(|remark| state.review_comment(repository, number, remark)).collect();
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

    fn lock(&self) -> MutexGuard<'_, state::State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request where git may block. One request at a time: what one wrote, the next one reads.
    async fn with_state(
        &self,
        answer: impl FnOnce(&mut state::State) -> Response + Send + 'static,
    ) -> Response {
        let github = self.clone();
        let answered = tokio::task::spawn_blocking(move || answer(&mut github.lock()));
        answered.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }
}

fn find(state: &state::State, full_name: &str) -> Result<usize, String> {
    let found = full_name.split_once('/').and_then(|(owner, name)| state.find(owner, name));
    found.ok_or_else(|| {
        let known: Vec<_> = state.repositories.iter().map(state::Repository::full_name).collect();
        format!("there is no repository `{full_name}`; there are: {}", known.join(", "))
    })
}
