//! The bot's own account at a provider, according to the provider. Webhooks use it to distinguish the bot from people, and have no credentials to ask.

use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The bot's account at an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnAccount {
    /// The provider's own id of it; `None` if it says none.
    pub account: Option<String>,
    /// When the provider was asked.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

impl Table {
    /// Keeps the bot's account at an instance for a month.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_own_account(&self, instance: &str, own: &OwnAccount) -> Result<(), RecordsError> {
        let expires_at = retention::expires_at(own.at, retention::DELIVERY);
        let item = to_item(own, keys::own_account(instance), Some(expires_at))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("keep the bot's account", item, None).await?;
        Ok(())
    }

    /// The stored data about the bot's account at an instance.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn own_account(&self, instance: &str) -> Result<Option<OwnAccount>, RecordsError> {
        self.get(keys::own_account(instance)).await?.map(from_item).transpose()
    }
}
