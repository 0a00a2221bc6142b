//! Sessions: of programs in the header `Authorization`, of browsers in a cookie with a proof in another header.

use super::keys::Keys;
use super::{Credential, Identify, Identity, bearer};
use crate::cookies::cookie;
use crate::problem::Problem;
use async_trait::async_trait;
use axum::http::HeaderName;
use axum::http::request::Parts;
use domain::Clock;
use records::Table;
use sign_in::{PresentedToken, Session, SessionRefusal, Subject, TOKEN_PREFIX, verify};
use std::sync::Arc;

/// The cookie with a browser's session.
pub(crate) const COOKIE: &str = "ticketsmith_session";

/// The header with the proof that the cookie was issued to its sender: browsers send cookies to every port of this machine.
pub(crate) const PROOF: HeaderName = HeaderName::from_static("ticketsmith-proof");

/// A session.
pub(super) struct SessionToken {
    table: Table,
    clock: Arc<dyn Clock>,
    keys: Arc<Keys>,
}

impl SessionToken {
    /// Sessions that these keys have signed.
    pub(super) fn new(table: Table, clock: Arc<dyn Clock>, keys: Arc<Keys>) -> Self {
        Self { table, clock, keys }
    }

    async fn session(&self, presented: PresentedToken<'_>) -> Result<Session, Problem> {
        let now = self.clock.now();
        let verified = match verify(&self.keys.current().await?, presented, now) {
            Err(SessionRefusal::Key) => match self.keys.again().await {
                Some(keys) => verify(&keys, presented, now),
                None => Err(SessionRefusal::Key),
            },
            verified => verified,
        };
        let session = verified.map_err(|refusal| {
            tracing::info!(%refusal, "a session was refused");
            refused()
        })?;
        let ended = self.table.ended_sessions(&session.subject.as_text()).await?;
        match ended.include(&session.id, session.begun_at) {
            true => Err(refused()),
            false => Ok(session),
        }
    }
}

#[async_trait]
impl Identify for SessionToken {
    async fn identify(&self, head: &Parts) -> Result<Option<Identity>, Problem> {
        let presented = match bearer(&head.headers) {
            // It is a machine's.
            Some(token) if token.starts_with(TOKEN_PREFIX) => return Ok(None),
            // Only a JSON Web Token can be one of ours.
            Some(token) if token.split('.').count() == 3 => PresentedToken::Bearer(token),
            Some(_) => return Ok(None),
            None => match cookie(&head.headers, COOKIE) {
                Some(token) => {
                    let proof = head.headers.get(PROOF).and_then(|proof| proof.to_str().ok());
                    PresentedToken::Cookie { token, proof }
                }
                None => return Ok(None),
            },
        };
        let session = self.session(presented).await?;
        Ok(Some(match session.subject.clone() {
            Subject::Person(name) => Identity::person(name, Credential::Session(session)),
            Subject::Operator => Identity::installation(super::OPERATOR, Credential::Session(session)),
        }))
    }
}

/// The sender learns no more: the reason is in the log.
fn refused() -> Problem {
    Problem::unauthenticated("the session is not valid, or has ended; sign in again")
}
