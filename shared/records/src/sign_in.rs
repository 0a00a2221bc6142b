//! Signing in: single-use values, sessions that were ended early, and the accounts that people signed in with.

use crate::error::RecordsError;
use crate::item::{attribute, from_item, moment, text, to_item};
use crate::keys::identity as keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::update::Update;
use crate::write::ABSENT;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How long after its end a record of signing in is kept: clocks differ.
const LEEWAY: SignedDuration = SignedDuration::from_hours(1);

/// A ticket that a person exchanges once for a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInTicket {
    /// The person who signs in with it: the name of a configured person, or `None` for the installation's own operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// From when it is refused.
    #[serde(with = "timestamp")]
    pub valid_until: Timestamp,
}

/// An account at a provider, as it was when a person first signed in with it. Names of accounts are given to others after a while; their ids are not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInAccount {
    /// The provider's own id of the account, which is never given to another.
    pub id: String,
    /// When somebody first signed in with it.
    #[serde(with = "timestamp")]
    pub bound_at: Timestamp,
}

/// A person's sessions that ended before their time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EndedSessions {
    sessions: BTreeSet<String>,
    before: Option<Timestamp>,
}

impl EndedSessions {
    /// Whether this session, begun at `begun_at`, has ended.
    pub fn include(&self, session: &str, begun_at: Timestamp) -> bool {
        // Sessions record their beginning in whole seconds.
        let began_before = |end: Timestamp| begun_at.as_second() <= end.as_second();
        self.sessions.contains(session) || self.before.is_some_and(began_before)
    }
}

impl Table {
    /// Keeps a ticket by the SHA-256 of its text, in hexadecimal.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_sign_in_ticket(&self, sha256: &str, ticket: &SignInTicket) -> Result<(), RecordsError> {
        let expires_at = retention::expires_at(ticket.valid_until, LEEWAY);
        let item = to_item(ticket, keys::once(sha256), Some(expires_at))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("keep a ticket to sign in", item, None).await?;
        Ok(())
    }

    /// Uses a ticket up: only its first use before its expiry succeeds.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn use_sign_in_ticket(
        &self,
        sha256: &str,
        now: Timestamp,
    ) -> Result<Option<SignInTicket>, RecordsError> {
        let update = Update::new(keys::once(sha256), "SET #used_at = :now")
            .condition("attribute_exists(#pk) AND attribute_not_exists(#used_at) AND #valid_until > :now")
            .value(":now", moment(now));
        match self.update("use a ticket to sign in", update).await? {
            Ok(item) => from_item(item).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Uses up a value that is valid until `valid_until` and was not stored before; `false` if it was already used.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn use_once(&self, sha256: &str, valid_until: Timestamp) -> Result<bool, RecordsError> {
        let used = SignInTicket { person: None, valid_until };
        let expires_at = retention::expires_at(valid_until, LEEWAY);
        let mut item = to_item(&used, keys::once(sha256), Some(expires_at))?;
        item.insert("used_at".to_owned(), moment(valid_until));
        Ok(self.put("use up what signs in once", item, Some(ABSENT)).await?.is_ok())
    }

    /// Ends one session of a person, which would have lasted until `until`.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn end_session(
        &self,
        person: &str,
        session: &str,
        until: Timestamp,
    ) -> Result<(), RecordsError> {
        let update = Update::new(keys::ended_session(person, session), "SET #expires_at = :expires_at")
            .value(":expires_at", crate::item::number(retention::expires_at(until, LEEWAY)));
        // Without a condition nothing can refuse it.
        let _ = self.update("end a session", update).await?;
        Ok(())
    }

    /// Ends every session of a person that began by now, the last of which would have lasted until `until`.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn end_sessions(
        &self,
        person: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), RecordsError> {
        let update = Update::new(keys::ended_before(person), "SET #at = :now, #expires_at = :expires_at")
            .value(":now", moment(now))
            .value(":expires_at", crate::item::number(retention::expires_at(until, LEEWAY)));
        // Without a condition nothing can refuse it.
        let _ = self.update("end a person's sessions", update).await?;
        Ok(())
    }

    /// The sessions of a person that were ended early.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn ended_sessions(&self, person: &str) -> Result<EndedSessions, RecordsError> {
        let mut ended = EndedSessions::default();
        for item in self.query(keys::signed_in_partition(person), keys::ENDED).await? {
            let sk = attribute(&item, crate::keys::SK).unwrap_or_default();
            match sk.strip_prefix(keys::ENDED).and_then(|rest| rest.strip_prefix('#')) {
                Some(session) => {
                    ended.sessions.insert(session.to_owned());
                }
                None => {
                    let at: Option<Timestamp> = attribute(&item, "at").and_then(|at| at.parse().ok());
                    let corrupt = || RecordsError::Corrupt(format!("the record `{sk}` has no time"));
                    ended.before = Some(at.ok_or_else(corrupt)?);
                }
            }
        }
        Ok(ended)
    }

    /// Binds the name of an account to its ID, if it is not bound yet. Returns the ID it is bound to.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn bind_account(
        &self,
        source: &str,
        account: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<SignInAccount, RecordsError> {
        let bound = SignInAccount { id: id.to_owned(), bound_at: now };
        let mut item = to_item(&bound, keys::account(source, account), None)?;
        // For people who look: the key is a digest.
        item.insert("source".to_owned(), text(source));
        item.insert("account".to_owned(), text(account));
        match self.put("bind an account", item, Some(ABSENT)).await? {
            Ok(()) => Ok(bound),
            Err(refused) => refused.item.map_or(Ok(bound), from_item),
        }
    }
}
