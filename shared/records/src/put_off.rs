//! Until when a provider accepts no calls of an execution, stored while its step parks.

use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PutOffUntil {
    #[serde(with = "timestamp")]
    until: Timestamp,
}

impl Table {
    /// Stores until when a provider accepts no calls of an execution; the newest value replaces an older one.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_off(&self, execution: &str, until: Timestamp) -> Result<(), RecordsError> {
        let expires_at = retention::expires_at(until, retention::RATE);
        let item = to_item(&PutOffUntil { until }, keys::put_off(execution), Some(expires_at))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("keep when a call may be made", item, None).await?;
        Ok(())
    }

    /// Until when a provider took no call of an execution, the last time that one was refused.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_off_until(&self, execution: &str) -> Result<Option<Timestamp>, RecordsError> {
        let kept: Option<PutOffUntil> =
            self.get(keys::put_off(execution)).await?.map(from_item).transpose()?;
        Ok(kept.map(|kept| kept.until))
    }
}
