//! Deliveries: the result of each webhook, so that it takes effect once.

use crate::error::RecordsError;
use crate::item::{Item, from_item, to_item};
use crate::keys;
use crate::new_execution::NewExecution;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use domain::SourceName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The result of one delivery. Kept for 30 days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The sender.
    pub source: SourceName,
    /// Its id, the same when it is sent again.
    pub id: String,
    /// The execution it began, or the one it found already running.
    pub execution: String,
    /// Whether that execution was already running.
    pub already_at_work: bool,
    /// Whether its words went to the inbox of that execution's ticket.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_words: bool,
    /// When it was accepted.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

impl Delivery {
    pub(crate) fn of(new: &NewExecution, execution: &str, already_at_work: bool) -> Self {
        Self {
            source: new.trigger.source(),
            id: new.delivery.clone(),
            execution: execution.to_owned(),
            already_at_work,
            has_words: false,
            at: new.begun_at,
        }
    }

    pub(crate) fn to_item(&self) -> Result<Item, RecordsError> {
        let expires_at = retention::expires_at(self.at, retention::DELIVERY);
        to_item(self, keys::delivery(&self.source, &self.id), Some(expires_at))
    }
}

impl Table {
    /// The result of a delivery; `None` if it began nothing.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn delivery(&self, source: &SourceName, id: &str) -> Result<Option<Delivery>, RecordsError> {
        self.get(keys::delivery(source, id)).await?.map(from_item).transpose()
    }
}
