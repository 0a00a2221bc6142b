//! Threads that we opened in a chat: the ticket that each of our messages is about, so that replies there are about it, too.

use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A message of ours in a chat, with which a thread may begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedThread {
    /// The channel's id.
    pub channel: String,
    /// The message's id.
    pub message: String,
    /// The ticket that it is about, by its canonical name.
    pub task_id: String,
    /// When it was sent.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

impl Table {
    /// Records that a message is about a ticket.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_opened_thread(&self, opened: &OpenedThread) -> Result<(), RecordsError> {
        let expires_at = retention::expires_at(opened.at, retention::EXECUTION);
        let item = to_item(opened, keys::thread(&opened.channel, &opened.message), Some(expires_at))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("record a thread", item, None).await?;
        Ok(())
    }

    /// The thread that begins with this message; `None` if the message is not ours or is not about a ticket.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn opened_thread(
        &self,
        channel: &str,
        message: &str,
    ) -> Result<Option<OpenedThread>, RecordsError> {
        self.get(keys::thread(channel, message)).await?.map(from_item).transpose()
    }
}
