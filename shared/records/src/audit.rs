//! Who changed what through the API, by day.

use crate::error::RecordsError;
use crate::item::{from_item, number, to_item};
use crate::keys::identity as keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::write::{ABSENT, Update};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// One request that changes something. It is recorded before anything is changed, so that nothing changes without a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// The request's id, which its answer and the logs have too.
    pub id: String,
    /// When it was made.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
    /// Who made it: a person's name in the configuration, or `operator` for the installation's own credentials.
    pub who: String,
    /// How they signed in: `link`, `github`, `oidc`, or `token` with its id.
    pub by: String,
    /// What was asked for: the method and the path.
    pub what: String,
    /// The address that it came from, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whence: Option<String>,
    /// The status that it was answered with; `None` while it is at work, or where that ended without an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// A day's records, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// The records.
    pub records: Vec<AuditRecord>,
    /// Where the next page begins; `None` when there is none.
    pub next: Option<String>,
}

impl Table {
    /// Records that a request begins. It is kept for two years.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer; [`RecordsError::Conflict`] when the id is taken.
    pub async fn begin_audit(&self, record: &AuditRecord) -> Result<(), RecordsError> {
        let expires_at = retention::expires_at(record.at, retention::LISTED);
        let item = to_item(record, keys::audit(record.at, &record.id), Some(expires_at))?;
        match self.put("record a request", item, Some(ABSENT)).await? {
            Ok(()) => Ok(()),
            Err(_) => Err(RecordsError::Conflict(format!("the request `{}` is recorded already", record.id))),
        }
    }

    /// Records what a request was answered.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn end_audit(&self, id: &str, at: Timestamp, status: u16) -> Result<(), RecordsError> {
        let update = Update::new(keys::audit(at, id), "SET #status = :status")
            .condition("attribute_exists(#pk)")
            .value(":status", number(status));
        // Refused means that it was never begun, and then there is nothing to end.
        let _ = self.update("record an answer", update).await?;
        Ok(())
    }

    /// The records of a day (UTC), newest first: at most `limit`, from where an earlier page ended.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn audit_of(
        &self,
        day: Date,
        before: Option<&str>,
        limit: usize,
    ) -> Result<AuditPage, RecordsError> {
        let partition = keys::audit_partition(&day.to_string());
        // The place where the last page ended is part of what is found.
        let asked = limit + 1 + usize::from(before.is_some());
        let items = self.query_newest(partition, keys::AUDIT, before.map(str::to_owned), asked).await?;
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            let place = crate::item::attribute(&item, crate::keys::SK).unwrap_or_default();
            let place = place.strip_prefix(keys::AUDIT).unwrap_or_default().to_owned();
            if before != Some(place.as_str()) {
                found.push((place, from_item::<AuditRecord>(item)?));
            }
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(place, _)| place.clone());
        Ok(AuditPage { records: found.into_iter().map(|(_, record)| record).collect(), next })
    }
}
