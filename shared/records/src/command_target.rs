//! The target of a delivery's command: found once, and the same whenever the delivery is sent again.

use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::write::ABSENT;
use domain::SourceName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The target of a person's command. Kept for 30 days, like deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandTarget {
    /// The execution, by its name; `None` if there was none that they could mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// The key of the step that asked, if the command answers a question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// When it was found.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

impl Table {
    /// Binds a command of a delivery to its target. The first binding stays; it is returned.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn bind(
        &self,
        source: &SourceName,
        delivery: &str,
        command: &str,
        found: CommandTarget,
    ) -> Result<CommandTarget, RecordsError> {
        let expires_at = retention::expires_at(found.at, retention::DELIVERY);
        let item = to_item(&found, keys::steered(source, delivery, command), Some(expires_at))?;
        match self.put("bind a command", item, Some(ABSENT)).await? {
            Ok(_) => Ok(found),
            Err(refused) => refused.item.map_or(Ok(found), from_item),
        }
    }
}
