//! Events that something may wait for: the newest of each kind about the same thing, kept for a month.

use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use domain::EventKey;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An event that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Occurrence {
    /// Its fields.
    #[serde(with = "crate::json_text")]
    pub fields: Map<String, Value>,
    /// When it was received.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

impl Table {
    /// Keeps an event for those who wait for it, or will within a month. A newer one of the same key takes its place.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_occurrence(&self, key: &EventKey, occurrence: &Occurrence) -> Result<(), RecordsError> {
        let expires_at = retention::expires_at(occurrence.at, retention::DELIVERY);
        let item = to_item(occurrence, keys::occurrence(key.as_str()), Some(expires_at))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("keep an event", item, None).await?;
        Ok(())
    }

    /// The newest event of a key, by the key's text.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn occurrence(&self, key: &str) -> Result<Option<Occurrence>, RecordsError> {
        self.get(keys::occurrence(key)).await?.map(from_item).transpose()
    }
}
