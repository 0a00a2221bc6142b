//! The progress comment of an execution: its location, so that it is edited in place, and when it was edited last, so that
//! edits are coalesced.

use crate::error::RecordsError;
use crate::item::{from_item, moment, number, text};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp::{self, fixed_width};
use crate::update::Update;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::configuration::InstanceName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The clocks of functions differ by less. What seems to begin later than that from now was begun by a clock that was set back since.
const CLOCKS_DIFFER: Duration = Duration::from_secs(20);

/// The stored state of an execution's progress comment or message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The execution's name.
    pub execution: String,
    /// Its location, once it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<ProgressPlace>,
    /// The digest of its text, once it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Whether the starting event was acknowledged.
    #[serde(default)]
    pub acknowledged: bool,
    /// When an edit was last begun.
    #[serde(with = "timestamp")]
    pub edited_at: Timestamp,
    /// How often the service refused an edit.
    #[serde(default)]
    pub refused: u32,
    /// Whether somebody left newer content to whoever made the comment.
    #[serde(default)]
    pub outdated: bool,
}

/// The location of a comment or message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressPlace {
    /// Whose it is, by the provider's name in the configuration.
    pub provider: InstanceName,
    /// Its location: the ticket's key, or the channel's ID.
    pub container: String,
    /// Its id there.
    pub id: String,
}

/// The answer to a request to edit a progress comment, with the comment's stored state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditClaim {
    /// The caller edits it now.
    Granted(Progress),
    /// The comment already has the content, or another edit was begun shortly before. `None` if the record expired in the meantime.
    Refused(Option<Progress>),
}

impl Progress {
    /// Whether the last edit seems to begin so long after `now` that the clock was set back since. Nobody waits for such an edit.
    pub fn is_ahead_of(&self, now: Timestamp) -> bool {
        self.edited_at > latest_of_others(now)
    }
}

/// The latest time by other clocks.
fn latest_of_others(now: Timestamp) -> Timestamp {
    now.checked_add(CLOCKS_DIFFER).unwrap_or(now)
}

impl Table {
    /// The stored state of an execution's progress comment.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn progress(&self, execution: &str) -> Result<Option<Progress>, RecordsError> {
        self.get(keys::progress(execution)).await?.map(from_item).transpose()
    }

    /// Requests to edit the progress comment now, so that it has the content with this digest. The request is refused if it already has,
    /// or if an edit was begun after `latest`: too short a time ago, or since the content was read, which may be older than what that edit
    /// writes. Edit, then call [`Table::progress_edited`]: an edit that was never made is granted again. As long as the
    /// comment does not exist, whoever was granted an edit has the time `making` to make it, even if nobody waits for an interval; only the one
    /// whose attempt failed does not wait for it: `own` is when that attempt began. An edit that [`Progress::is_ahead_of`] `now` is no obstacle.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn claim_progress_edit(
        &self,
        execution: &str,
        digest: &str,
        latest: Timestamp,
        making: Duration,
        own: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<EditClaim, RecordsError> {
        let made_by = now.checked_sub(making).unwrap_or(now);
        let update = Update::new(
            keys::progress(execution),
            "SET #execution = :execution, #edited_at = :now, #expires_at = :expires_at",
        )
        .condition(
            "attribute_not_exists(#edited_at) OR \
             ((#edited_at <= :latest OR #edited_at > :never) AND \
             (attribute_not_exists(#digest) OR #digest <> :digest) AND \
             (attribute_exists(#place) OR #edited_at <= :made_by OR #edited_at > :never OR #edited_at = :own))",
        )
        .value(":execution", text(execution))
        .value(":digest", text(digest))
        .value(":now", moment(now))
        .value(":latest", text(fixed_width(latest)))
        .value(":never", text(fixed_width(latest_of_others(now))))
        .value(":made_by", text(fixed_width(made_by)))
        .value(":own", moment(own.unwrap_or(made_by)))
        .value(":expires_at", number(retention::expires_at(now, retention::EXECUTION)));
        Ok(match self.update("claim an edit", update).await? {
            Ok(item) => EditClaim::Granted(from_item(item)?),
            Err(refused) => EditClaim::Refused(refused.item.map(from_item).transpose()?),
        })
    }

    /// Records that the starting event was acknowledged.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn progress_acknowledged(&self, execution: &str) -> Result<(), RecordsError> {
        let update = Update::new(keys::progress(execution), "SET #acknowledged = :yes")
            .condition("attribute_exists(#pk)")
            .value(":yes", AttributeValue::Bool(true));
        // Refused means that it expired.
        let _ = self.update("record an acknowledgement", update).await?;
        Ok(())
    }

    /// Leaves newer content to whoever makes the progress comment now: [`Table::progress_edited`] says so to them. `false` if it exists
    /// already, or if nobody makes it; then the caller edits it.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn leave_to_maker(&self, execution: &str) -> Result<bool, RecordsError> {
        let update = Update::new(keys::progress(execution), "SET #outdated = :yes")
            .condition("attribute_exists(#pk) AND attribute_not_exists(#place)")
            .value(":yes", AttributeValue::Bool(true));
        Ok(self.update("leave an edit to who makes the comment", update).await?.is_ok())
    }

    /// Records the progress comment's text and location; the first location is kept. `acknowledged` records also that the starting event was
    /// acknowledged. Returns the stored state: if an edit was begun after the caller's, it may have arrived before.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when no edit was ever claimed.
    pub async fn progress_edited(
        &self,
        execution: &str,
        digest: &str,
        place: &ProgressPlace,
        acknowledged: bool,
    ) -> Result<Progress, RecordsError> {
        let place = serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value(place)
            .map_err(|error| RecordsError::Invalid(format!("a place cannot be stored: {error}")))?;
        let edit = "SET #digest = :digest, #place = if_not_exists(#place, :place)";
        let key = keys::progress(execution);
        let update = match acknowledged {
            true => Update::new(key, format!("{edit}, #acknowledged = :yes"))
                .value(":yes", AttributeValue::Bool(true)),
            false => Update::new(key, edit),
        };
        let update =
            update.condition("attribute_exists(#pk)").value(":digest", text(digest)).value(":place", place);
        match self.update("record an edit", update).await? {
            Ok(item) => from_item(item),
            Err(_) => Err(RecordsError::Missing(format!("progress of execution `{execution}`"))),
        }
    }

    /// Records that the service refused an edit; gives how often it has.
    ///
    /// # Errors
    /// [`RecordsError::Missing`] when no edit was ever claimed.
    pub async fn progress_refused(&self, execution: &str) -> Result<u32, RecordsError> {
        let update = Update::new(keys::progress(execution), "ADD #refused :one")
            .condition("attribute_exists(#pk)")
            .value(":one", number(1));
        match self.update("record a refused edit", update).await? {
            Ok(item) => Ok(from_item::<Progress>(item)?.refused),
            Err(_) => Err(RecordsError::Missing(format!("progress of execution `{execution}`"))),
        }
    }
}
