//! The identity of a request's sender.
//!
//! Each kind of credential is one file, registered in [`all`]. A kind that does not recognize a request's credential leaves it to the next; if
//! none knows it, the request is refused.

mod installation;
mod keys;
mod machine_token;
mod session;

pub(crate) use keys::Keys;
pub(crate) use session::COOKIE;

use crate::problem::Problem;
use async_trait::async_trait;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use control::Authority;
pub(crate) use control::OPERATOR;
use domain::{Actor, Clock, SourceName};
use installation::ON_BEHALF_OF;
use jiff::Timestamp;
use records::Table;
use sign_in::Session;
use std::sync::Arc;

/// How somebody proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// The installation's own token.
    Installation,
    /// A session.
    Session(Session),
    /// A machine token.
    Token {
        /// Its public part.
        id: String,
        /// From when it is refused.
        valid_until: Timestamp,
    },
}

impl Credential {
    /// Its name in records: `installation`, how a session began, or `token` with its id.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Installation => "installation".to_owned(),
            Self::Session(session) => session.by.as_str().to_owned(),
            Self::Token { id, .. } => format!("token {id}"),
        }
    }

    /// The key by which its uses are counted; uses of the installation's own token are not counted.
    pub(crate) fn counted_as(&self) -> Option<String> {
        match self {
            Self::Installation => None,
            Self::Session(session) => Some(format!("session {}", session.id)),
            Self::Token { .. } => Some(self.name()),
        }
    }
}

/// Somebody who was identified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The identity. The configured person is filled in afterward.
    pub actor: Actor,
    /// How their credential changes what their roles allow.
    pub authority: Authority,
    /// How they signed in.
    pub credential: Credential,
}

impl Identity {
    /// A person, by the name under `users:` in the configuration.
    pub fn person(name: impl Into<String>, credential: Credential) -> Self {
        Self { actor: actor(name.into()), authority: Authority::Roles, credential }
    }

    /// Somebody with the installation's own credentials, who could read the records anyway, and the name they give.
    pub fn installation(name: impl Into<String>, credential: Credential) -> Self {
        Self { actor: actor(name.into()), authority: Authority::Installation, credential }
    }
}

/// Somebody whom the API knows by this name.
pub(crate) fn actor(id: String) -> Actor {
    Actor { source: SourceName::API, id, display_name: None, person: None }
}

/// A kind of credential.
#[async_trait]
pub trait Identify: Send + Sync {
    /// Identifies the sender of a request; `None` if it has no credential of this kind.
    ///
    /// # Errors
    /// A problem for the sender if the credential is of this kind and is invalid, or cannot be checked.
    async fn identify(&self, head: &Parts) -> Result<Option<Identity>, Problem>;
}

/// Every kind of credential.
pub(crate) fn all(table: &Table, clock: &Arc<dyn Clock>, keys: &Arc<Keys>) -> Vec<Box<dyn Identify>> {
    vec![
        Box::new(machine_token::MachineTokens::new(table.clone(), Arc::clone(clock))),
        Box::new(session::SessionToken::new(table.clone(), Arc::clone(clock), Arc::clone(keys))),
        Box::new(installation::InstallationToken::new(table.clone())),
    ]
}

/// Refuses a request that names somebody else than its sender as the one who asks: only the installation's own token can be used for others.
/// Otherwise, the request would be carried out, and recorded, as the sender's.
///
/// # Errors
/// Invalid for another name.
pub(crate) fn check_on_behalf_of(headers: &HeaderMap, person: &str) -> Result<(), Problem> {
    match headers.get_all(ON_BEHALF_OF).iter().all(|name| name.as_bytes() == person.as_bytes()) {
        true => Ok(()),
        false => Err(Problem::invalid_field(
            ON_BEHALF_OF.as_str(),
            format!(
                "only the installation's own token can be used for others; accepted: `{person}`, or no such header"
            ),
        )),
    }
}

/// The token in the header `Authorization: Bearer TOKEN`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
