//! Machine tokens: opaque, found by their public part.

use super::{Credential, Identify, Identity, bearer};
use crate::problem::Problem;
use async_trait::async_trait;
use axum::http::request::Parts;
use control::Authority;
use domain::Clock;
use records::Table;
use sign_in::{MachineTokenText, TOKEN_PREFIX};
use std::sync::Arc;

/// A machine token.
pub(super) struct MachineTokens {
    table: Table,
    clock: Arc<dyn Clock>,
}

impl MachineTokens {
    /// The tokens in this table.
    pub(super) fn new(table: Table, clock: Arc<dyn Clock>) -> Self {
        Self { table, clock }
    }
}

#[async_trait]
impl Identify for MachineTokens {
    async fn identify(&self, head: &Parts) -> Result<Option<Identity>, Problem> {
        let Some(text) = bearer(&head.headers).filter(|text| text.starts_with(TOKEN_PREFIX)) else {
            return Ok(None);
        };
        let refused = || Problem::unauthenticated("the token is not known, has expired, or was revoked");
        let read = MachineTokenText::read(text).ok_or_else(refused)?;
        let token = self.table.token(read.id).await?.ok_or_else(refused)?;
        if !read.proves(&token, self.clock.now()) {
            return Err(refused());
        }
        Ok(Some(Identity {
            authority: Authority::Scoped(token.scope),
            ..Identity::person(
                token.owner,
                Credential::Token { id: token.id, valid_until: token.valid_until },
            )
        }))
    }
}
