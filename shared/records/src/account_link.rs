//! Accounts that people joined to themselves: by a code that both accounts confirmed.

use crate::error::RecordsError;
use crate::item::{from_item, moment, text, to_item};
use crate::keys::account as keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::update::Update;
use crate::write::{ABSENT, Write};
use domain::SourceName;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a code is kept after its end, for people who look why it did not work.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// An account at a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkAccount {
    /// The service, or its instance under `plugins`.
    pub source: SourceName,
    /// The service's id of it.
    pub id: String,
    /// A label for people.
    pub name: String,
}

impl LinkAccount {
    /// Whether another one is the same account.
    pub fn is(&self, other: &Self) -> bool {
        self.source == other.source && domain::same_name(&self.id, &other.id)
    }
}

/// A code, with its accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkCode {
    /// The account that asked for the code.
    #[serde(with = "crate::json_text")]
    pub first: LinkAccount,
    /// The account that used it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub second: Option<LinkAccount>,
    /// When the first account confirmed, knowing the second.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub first_confirmed_at: Option<Timestamp>,
    /// When the second account confirmed, knowing the first.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub second_confirmed_at: Option<Timestamp>,
    /// When it joined them.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub joined_at: Option<Timestamp>,
    /// From when it is refused.
    #[serde(with = "timestamp")]
    pub valid_until: Timestamp,
}

/// An account that was joined to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinedAccount {
    /// The account.
    #[serde(with = "crate::json_text")]
    pub account: LinkAccount,
    /// The account of the person's that confirmed.
    #[serde(with = "crate::json_text")]
    pub by: LinkAccount,
    /// The name of the person under `users`.
    pub person: String,
    /// When.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

/// One side of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkSide {
    /// The account that asked for the code.
    First,
    /// The account that used it.
    Second,
}

impl Table {
    /// Keeps a code, unless it is kept already.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_link_code(&self, code: &str, link: &LinkCode) -> Result<(), RecordsError> {
        let expires_at = retention::expires_at(link.valid_until, KEPT);
        let item = to_item(link, keys::code(code), Some(expires_at))?;
        // Refused means that the same delivery came before.
        let _ = self.put("keep a code", item, Some(ABSENT)).await?;
        Ok(())
    }

    /// The accounts of a code; `None` if there is no such code, or it has expired.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn link_code(&self, code: &str, now: Timestamp) -> Result<Option<LinkCode>, RecordsError> {
        let link: Option<LinkCode> = self.get(keys::code(code)).await?.map(from_item).transpose()?;
        Ok(link.filter(|link| link.valid_until > now))
    }

    /// Makes an account the second one of a code, unless another one is.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn claim_link_code(
        &self,
        code: &str,
        second: &LinkAccount,
        now: Timestamp,
    ) -> Result<bool, RecordsError> {
        let second = serde_json::to_string(second)
            .map_err(|error| RecordsError::Invalid(format!("an account cannot be stored: {error}")))?;
        let update = Update::new(keys::code(code), "SET #second = :second")
            .condition("attribute_exists(#pk) AND attribute_not_exists(#second) AND #valid_until > :now")
            .value(":second", text(second))
            .value(":now", moment(now));
        Ok(self.update("use a code", update).await?.is_ok())
    }

    /// Records that one of a code's accounts confirms it; `None` if nobody has used it yet, or it has expired.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn confirm_link_code(
        &self,
        code: &str,
        side: LinkSide,
        now: Timestamp,
    ) -> Result<Option<LinkCode>, RecordsError> {
        let expression = match side {
            LinkSide::First => "SET #first_confirmed_at = :now",
            LinkSide::Second => "SET #second_confirmed_at = :now",
        };
        let update = Update::new(keys::code(code), expression)
            .condition("attribute_exists(#second) AND #valid_until > :now")
            .value(":now", moment(now));
        match self.update("confirm a code", update).await? {
            Ok(item) => from_item(item).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Joins an account to a person by a code that both accounts confirmed; `false` if one did not, the code was used, or the account
    /// is joined already.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn join_account(&self, code: &str, joined: &JoinedAccount) -> Result<bool, RecordsError> {
        let account = &joined.account;
        let source = account.source.as_str();
        let use_up = Update::new(keys::code(code), "SET #joined_at = :now")
            .condition(
                "attribute_exists(#first_confirmed_at) AND attribute_exists(#second_confirmed_at) \
                 AND attribute_not_exists(#joined_at) AND #valid_until > :now",
            )
            .value(":now", moment(joined.at));
        let put = |key, condition| -> Result<Write, RecordsError> {
            Ok(Write::Put { item: to_item(joined, key, None)?, condition })
        };
        let writes = vec![
            Write::Update(use_up),
            put(keys::link(source, &account.id), Some(ABSENT))?,
            put(keys::joined(&joined.person, source, &account.id), None)?,
        ];
        Ok(self.transact("join an account", writes).await?.is_ok())
    }

    /// Whom an account was joined to.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn joined_account(
        &self,
        source: &str,
        id: &str,
    ) -> Result<Option<JoinedAccount>, RecordsError> {
        self.get(keys::link(source, id)).await?.map(from_item).transpose()
    }

    /// The accounts that were joined to a person.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn joined_accounts(&self, person: &str) -> Result<Vec<JoinedAccount>, RecordsError> {
        let items = self.query(keys::person_partition(person), keys::JOINED).await?;
        items.into_iter().map(from_item).collect()
    }

    /// Separates an account from the person that it was joined to.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn separate_account(&self, joined: &JoinedAccount) -> Result<(), RecordsError> {
        let LinkAccount { source, id, .. } = &joined.account;
        let writes = vec![
            Write::Delete { key: keys::link(source.as_str(), id) },
            Write::Delete { key: keys::joined(&joined.person, source.as_str(), id) },
        ];
        // Without a condition nothing can refuse it.
        let _ = self.transact("separate an account", writes).await?;
        Ok(())
    }
}
