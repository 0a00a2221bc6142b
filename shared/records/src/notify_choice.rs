//! A person's choice of direct messages.

use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys::account as keys;
use crate::table::Table;
use crate::timestamp;
use domain::configuration::Notice;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A person's choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifyChoice {
    /// The chosen subjects; `None` uses the configuration's choice.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub notices: Option<BTreeSet<Notice>>,
    /// When they chose.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

impl Table {
    /// Stores the choice of direct messages of a person, by their name under `users`.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_notify_choice(&self, person: &str, choice: &NotifyChoice) -> Result<(), RecordsError> {
        // Without a condition nothing can refuse it.
        let _ = self.put("keep a choice", to_item(choice, keys::notify(person), None)?, None).await?;
        Ok(())
    }

    /// A person's choice of direct messages; `None` if they did not choose, or left it to the configuration.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn notify_choice(&self, person: &str) -> Result<Option<BTreeSet<Notice>>, RecordsError> {
        let choice: Option<NotifyChoice> =
            self.get(keys::notify(person)).await?.map(from_item).transpose()?;
        Ok(choice.and_then(|choice| choice.notices))
    }
}
