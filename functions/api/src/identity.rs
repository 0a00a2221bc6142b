//! Who sends a request.
//!
//! Each kind of credential is one file, registered in [`all`]. A kind that does not know the credential of a request leaves it to the next; if
//! none knows it, the request is refused.

mod installation;

use crate::problem::Problem;
use async_trait::async_trait;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use domain::{Actor, Clock, EventName, SourceName};
use records::Table;
use std::sync::Arc;

/// Somebody who was identified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// Who they are. The configured person is filled in afterward.
    pub actor: Actor,
    /// How they ask: [`EventName::API_RUN`] for the installation's own credential, which may start any work, else
    /// [`EventName::API_REQUEST`].
    pub trigger: EventName,
    /// Whether they hold the installation's own credential, with which they could read the records anyway.
    pub is_installation: bool,
}

impl Identified {
    /// A person, by the name under `users:` in the configuration.
    pub fn person(name: impl Into<String>) -> Self {
        Self { actor: actor(name.into()), trigger: EventName::API_REQUEST, is_installation: false }
    }

    /// Whoever holds the installation's own credential, and calls themselves this.
    pub fn installation(name: impl Into<String>) -> Self {
        Self { actor: actor(name.into()), trigger: EventName::API_RUN, is_installation: true }
    }
}

fn actor(id: String) -> Actor {
    Actor { source: SourceName::API, id, display_name: None, person: None }
}

/// A kind of credential.
#[async_trait]
pub trait Identify: Send + Sync {
    /// Finds out who sends a request; `None` where it has no credential of this kind.
    ///
    /// # Errors
    /// A problem for the sender, where the credential is of this kind and is not valid, or cannot be checked.
    async fn identify(&self, head: &Parts) -> Result<Option<Identified>, Problem>;
}

/// Every kind of credential.
pub(crate) fn all(table: &Table, _clock: &Arc<dyn Clock>) -> Vec<Box<dyn Identify>> {
    vec![
        Box::new(installation::InstallationToken::new(table.clone())), //
    ]
}

/// The token in the header `Authorization: Bearer TOKEN`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
