//! Words of people outside `may_trigger` that a session took in, and the changes of it that somebody approved since: what decides
//! whether a push waits for an approval.

use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Words of somebody who may not start work, which a session took in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrangerWords {
    /// Their author, as their service names them.
    pub by: String,
    /// Where they are, for people: `a comment on SHOP-1`.
    pub place: String,
    /// When the session took them in.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

/// The newest change of a session that somebody approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedChange {
    /// The change's identity.
    pub digest: String,
    /// The person who approved it.
    pub by: String,
    /// When it was pushed.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

impl Table {
    /// Records that a session takes in words of somebody outside `may_trigger`. It is recorded before the words are, so that no push
    /// overlooks them.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn note_stranger(&self, session: &str, words: &StrangerWords) -> Result<(), RecordsError> {
        let key = keys::stranger_words(session, words.at, &words.by);
        let item = to_item(words, key, Some(retention::expires_at(words.at, retention::SESSION)))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("record whose words a session took in", item, None).await?;
        Ok(())
    }

    /// Records words of somebody outside `may_trigger` that work on a ticket may take in without passing an inbox: an edit of the ticket,
    /// an event that a step waited for. `ticket` is its canonical name; an execution without one has its own.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn note_outside_words(&self, ticket: &str, words: &StrangerWords) -> Result<(), RecordsError> {
        let key = keys::outside_words(ticket, &words.by, &words.place);
        let item = to_item(words, key, Some(retention::expires_at(words.at, retention::SESSION)))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("record whose words a ticket has from outside", item, None).await?;
        Ok(())
    }

    /// The words of people outside `may_trigger` that a session took in since its last approved change, and those that came to its `ticket`
    /// otherwise since then and since its run began, at `since`.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn strangers_since_approval(
        &self,
        session: &str,
        ticket: &str,
        since: Timestamp,
    ) -> Result<Vec<StrangerWords>, RecordsError> {
        let approved: Option<ApprovedChange> =
            self.get(keys::approved_change(session)).await?.map(from_item).transpose()?;
        let items = self.query(keys::session_partition(session), keys::STRANGER).await?;
        let mut words: Vec<StrangerWords> = items.into_iter().map(from_item).collect::<Result<_, _>>()?;
        for item in self.query(keys::inbox_partition(ticket), keys::OUTSIDE).await? {
            words.extend(Some(from_item::<StrangerWords>(item)?).filter(|words| words.at >= since));
        }
        words.retain(|words| approved.as_ref().is_none_or(|approved| words.at > approved.at));
        Ok(words)
    }

    /// Records that a change of a session was approved and pushed.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn change_approved(&self, session: &str, change: &ApprovedChange) -> Result<(), RecordsError> {
        let expires_at = retention::expires_at(change.at, retention::SESSION);
        let item = to_item(change, keys::approved_change(session), Some(expires_at))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("record an approved change", item, None).await?;
        Ok(())
    }
}
