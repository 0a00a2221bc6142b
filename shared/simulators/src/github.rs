//! GitHub: the part of the [REST API](https://docs.github.com/rest) that automation uses, over real git repositories,
//! and the webhooks that tell what people do.
//!
//! Each repository of the world is a bare git repository in a temporary folder, and every object of the git database is
//! made and read by git itself, so that an exported repository is a clone like any other. What an app's token may do is
//! enforced: a token narrowed to `contents: read` cannot push.
//!
//! Of GraphQL there are the mutation `updateRefs`, the query of files of a commit, and what is about drafts and threads of reviews.
//!
//! Not simulated: milestones, assignees, merging by API; of a fork, only that a pull request comes from it.

mod access;
mod agreed;
mod call;
mod checking;
mod demand;
mod failure;
mod found_suites;
mod manifest;
mod opening;
mod pages;
mod place;
mod pushing;
mod routes;
mod shapes;
mod simulator;
mod state;
mod suites;
#[cfg(test)]
mod tests;
mod upload;
mod uploads;
mod webhooks;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use secrecy::SecretString;

pub use checking::ReportedRun;
pub use state::Settings;
pub use webhooks::{LineComment, Verdict};
pub use world::{
    Annotation, App, Check, CheckEnd, Comment, Ends, Issue, Level, PullRequest, Repository, Role, Ruleset,
    User, UserType, World,
};

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

    fn lock(&self) -> MutexGuard<'_, state::State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request in which git may block. One at a time: each sees what the previous one wrote.
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
