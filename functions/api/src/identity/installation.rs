//! The installation's own token: `serve` creates one at each start, puts its hash in the table, and writes it to the data
//! folder. Without one, as in an account, it identifies nobody.

use super::{Credential, Identify, Identity, OPERATOR, bearer};
use crate::problem::Problem;
use async_trait::async_trait;
use axum::http::HeaderName;
use axum::http::request::Parts;
use records::{Table, token_digest};
use subtle::ConstantTimeEq;

/// The header in which the holder of the token names the person they act for, as under `users:`.
pub(super) const ON_BEHALF_OF: HeaderName = HeaderName::from_static("ticketsmith-as");

/// The most characters of a name.
const NAME_LIMIT: usize = 100;

/// The installation's own token.
pub(super) struct InstallationToken {
    table: Table,
}

impl InstallationToken {
    /// The token whose hash is in this table.
    pub(super) fn new(table: Table) -> Self {
        Self { table }
    }
}

#[async_trait]
impl Identify for InstallationToken {
    async fn identify(&self, head: &Parts) -> Result<Option<Identity>, Problem> {
        let Some(token) = bearer(&head.headers) else { return Ok(None) };
        let Some(known) = self.table.installation_token().await? else { return Ok(None) };
        if !bool::from(known.as_bytes().ct_eq(token_digest(token).as_bytes())) {
            return Ok(None);
        }
        let mut names = head.headers.get_all(ON_BEHALF_OF).iter();
        let name = match (names.next(), names.next()) {
            (None, _) => Some(OPERATOR),
            // Names under `users:` are in any alphabet.
            (Some(name), None) => std::str::from_utf8(name.as_bytes()).ok().filter(|name| {
                (1..=NAME_LIMIT).contains(&name.chars().count()) && !name.contains(char::is_control)
            }),
            (Some(_), Some(_)) => None,
        };
        let name = name.ok_or_else(|| {
            Problem::invalid_field(
                ON_BEHALF_OF.as_str(),
                "accepted: one name of 1 to 100 characters in UTF-8, without control characters",
            )
        })?;
        Ok(Some(Identity::installation(name, Credential::Installation)))
    }
}
