//! The position up to which a provider's events were fetched, if they are not delivered.

use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::table::Table;
use crate::timestamp;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The place in one of a provider's lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PulledPlace {
    /// The position, in the provider's own form.
    pub place: Value,
    /// When it was kept.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

impl Table {
    /// Stores the position of an instance's list for the lifetime of the table: after a long pause, fetching continues from there.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_pulled(
        &self,
        instance: &str,
        what: &str,
        place: &PulledPlace,
    ) -> Result<(), RecordsError> {
        let item = to_item(place, keys::pulled(instance, what), None)?;
        // Without a condition nothing can refuse it.
        let _ = self.put("keep how far events were fetched", item, None).await?;
        Ok(())
    }

    /// How far it was fetched; `None` if it never was.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn pulled(&self, instance: &str, what: &str) -> Result<Option<PulledPlace>, RecordsError> {
        self.get(keys::pulled(instance, what)).await?.map(from_item).transpose()
    }
}
