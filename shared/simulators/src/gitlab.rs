//! GitLab: the part of the [REST API](https://docs.gitlab.com/api/rest/) that automation uses, over real git repositories, and the webhooks
//! that tell what people do.
//!
//! Not simulated: forks by API, milestones, epics, approvals, merging by API.

mod answer;
mod code;
mod commits;
mod discussions;
mod issues;
mod links;
mod merge_requests;
mod notes;
mod people;
mod pipelines;
mod routes;
mod simulator;
mod state;
mod uploads;
mod webhooks;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;

pub use world::{FailingJob, Issue, Level, Project, User, World, WorldJob};

/// A running GitLab. Clones share one state.
#[derive(Clone)]
pub struct GitLab {
    state: Arc<Mutex<state::State>>,
    token: Arc<SecretString>,
    signing: Arc<SecretString>,
}

impl GitLab {
    fn lock(&self) -> MutexGuard<'_, state::State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request in which git may block. One at a time: each sees what the previous one wrote.
    async fn with_state(
        &self,
        answer: impl FnOnce(&mut state::State) -> Response + Send + 'static,
    ) -> Response {
        let gitlab = self.clone();
        let answered = tokio::task::spawn_blocking(move || answer(&mut gitlab.lock()));
        answered.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }
}
