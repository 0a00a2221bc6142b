//! Tickets that we created, as their trackers report them in deliveries: a delivery may come before the tracker's search shows the
//! ticket. Kept for a month.

use crate::error::RecordsError;
use crate::item::{attribute, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use jiff::Timestamp;
use serde::Serialize;

#[derive(Serialize)]
struct Creation<'a> {
    task_id: &'a str,
}

impl Table {
    /// Records that a ticket carries a mark, by the mark's [digest](domain::plugins::Mark::digest). The first one counts.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_creation(&self, digest: &str, task_id: &str, at: Timestamp) -> Result<(), RecordsError> {
        let expires_at = retention::expires_at(at, retention::DELIVERY);
        let item = to_item(&Creation { task_id }, keys::creation(digest), Some(expires_at))?;
        // A refusal means that another delivery reported it before.
        let _ = self.put("record a created ticket", item, Some(crate::write::ABSENT)).await?;
        Ok(())
    }

    /// The ticket that carries a mark, if a delivery reported it.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn creation(&self, digest: &str) -> Result<Option<String>, RecordsError> {
        let item = self.get(keys::creation(digest)).await?;
        Ok(item.and_then(|item| attribute(&item, "task_id").map(str::to_owned)))
    }
}
