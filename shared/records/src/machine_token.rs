//! Records of machine tokens. The tokens themselves are shown once and not stored; their digests are.

use crate::error::RecordsError;
use crate::item::{Item, attribute, from_item, moment, text, to_item};
use crate::keys::identity as keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::update::Update;
use crate::write::ABSENT;
use domain::Scope;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most tokens that an installation keeps, expired ones included.
pub const MOST_TOKENS: usize = 1_000;

/// The most of them that are one person's, so that nobody keeps all others from having any.
pub const MOST_TOKENS_OF_ONE: usize = 200;

/// A machine token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineToken {
    /// Its public part, by which it is listed and revoked.
    pub id: String,
    /// Its purpose, in its owner's words.
    pub name: String,
    /// The person it acts for, by their name in the configuration.
    pub owner: String,
    /// Its scope.
    pub scope: Scope,
    /// The SHA-256 of its secret part, in hexadecimal.
    pub sha256: String,
    /// When it was created.
    #[serde(with = "timestamp")]
    pub created_at: Timestamp,
    /// From when it is refused.
    #[serde(with = "timestamp")]
    pub valid_until: Timestamp,
    /// When it was revoked.
    #[serde(default, with = "timestamp::option", skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// The person who revoked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_by: Option<String>,
}

/// What came of keeping a new token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKept {
    /// It is kept.
    Kept,
    /// There are [`MOST_TOKENS`] already.
    TooMany,
    /// Its owner has [`MOST_TOKENS_OF_ONE`] already.
    TooManyOfOwner,
}

impl Table {
    /// Stores a new token; the record of an expired one is kept for another month.
    ///
    /// # Errors
    /// [`RecordsError::Conflict`] when its id is taken.
    pub async fn put_token(&self, token: &MachineToken) -> Result<TokenKept, RecordsError> {
        let known = self.query_fields(keys::tokens_partition(), keys::TOKEN, &["owner"]).await?;
        if known.len() >= MOST_TOKENS {
            return Ok(TokenKept::TooMany);
        }
        let is_theirs = |known: &&Item| attribute(known, "owner") == Some(token.owner.as_str());
        if known.iter().filter(is_theirs).count() >= MOST_TOKENS_OF_ONE {
            return Ok(TokenKept::TooManyOfOwner);
        }
        let expires_at = retention::expires_at(token.valid_until, retention::DELIVERY);
        let item = to_item(token, keys::token(&token.id), Some(expires_at))?;
        match self.put("keep a token", item, Some(ABSENT)).await? {
            Ok(()) => Ok(TokenKept::Kept),
            Err(_) => Err(RecordsError::Conflict(format!("a token has the id `{}` already", token.id))),
        }
    }

    /// The token with this id, if it is known.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn token(&self, id: &str) -> Result<Option<MachineToken>, RecordsError> {
        self.get(keys::token(id)).await?.map(from_item).transpose()
    }

    /// All tokens, the newest first.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn tokens(&self) -> Result<Vec<MachineToken>, RecordsError> {
        let items = self.query(keys::tokens_partition(), keys::TOKEN).await?;
        let mut tokens: Vec<MachineToken> = items.into_iter().map(from_item).collect::<Result<_, _>>()?;
        tokens.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
        Ok(tokens)
    }

    /// Revokes a token, at once and for good. Gives it as it is then; `None` when it is not known. A second time changes nothing.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn revoke_token(
        &self,
        id: &str,
        by: &str,
        now: Timestamp,
    ) -> Result<Option<MachineToken>, RecordsError> {
        let update = Update::new(keys::token(id), "SET #revoked_at = :now, #revoked_by = :by")
            .condition("attribute_exists(#pk) AND attribute_not_exists(#revoked_at)")
            .value(":now", moment(now))
            .value(":by", text(by));
        match self.update("revoke a token", update).await? {
            Ok(item) => from_item(item).map(Some),
            Err(refused) => refused.item.map(from_item).transpose(),
        }
    }
}
