//! Replies to a delivery's author. `webhooks` records them, because it may not write outside; the listener on the table's
//! stream sends them.

use crate::error::RecordsError;
use crate::item::{Item, from_item, moment, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::update::Update;
use crate::write::ABSENT;
use domain::SourceName;
use domain::plugins::Restriction;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A reply to one delivery. Kept for 30 days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Where the delivery arrived: an instance under `plugins`, or a sender.
    pub source: SourceName,
    /// The delivery's identity; a delivery has one reply.
    pub delivery: String,
    /// Where the person is answered.
    #[serde(with = "crate::json_text")]
    pub place: ReplyPlace,
    /// The answer, in Markdown.
    pub text: String,
    /// When it was recorded.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
    /// When it was sent, or abandoned.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub sent_at: Option<Timestamp>,
    /// Before this, it is not tried again: the service did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub not_before: Option<Timestamp>,
}

impl Reply {
    /// Its identity, which [`crate::TableChange::Reply`] tells.
    pub fn id(&self) -> String {
        keys::reply_id(&self.source, &self.delivery)
    }
}

/// A reply that could not be sent yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingReply {
    /// The reply's identity.
    pub id: String,
    /// When to try again.
    #[serde(with = "timestamp")]
    pub not_before: Timestamp,
}

/// Where a person is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyPlace {
    /// In a comment on a ticket or a pull request.
    Ticket {
        /// The ticket.
        task_id: String,
        /// Who may read the original, and therefore the reply.
        restriction: Option<Restriction>,
    },
    /// In a thread of a chat.
    Thread {
        /// The channel's id.
        channel: String,
        /// The id of the thread's first message.
        thread: String,
    },
    /// Directly, so that nobody else reads it.
    Person {
        /// The person's account at the chat.
        account: String,
        /// The question that it is about, by its waiter's topic and key: once that is decided, it is not sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<(String, String)>,
    },
    /// At an address that the chat gave for this, which shows the answer only to the person.
    Address {
        /// The address.
        address: String,
    },
}

impl Reply {
    pub(crate) fn to_item(&self) -> Result<Item, RecordsError> {
        let expires_at = retention::expires_at(self.at, retention::DELIVERY);
        to_item(self, keys::reply(&self.source, &self.delivery), Some(expires_at))
    }
}

impl Table {
    /// Records a reply, unless its delivery has one already.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_reply(&self, reply: &Reply) -> Result<(), RecordsError> {
        // Refused means that the same delivery came before.
        let _ = self.put("record a reply", reply.to_item()?, Some(ABSENT)).await?;
        Ok(())
    }

    /// The reply with this identity, from [`crate::TableChange::Reply`].
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn reply(&self, id: &str) -> Result<Option<Reply>, RecordsError> {
        self.get(keys::reply_named(id)).await?.map(from_item).transpose()
    }

    /// Records that a reply is sent or abandoned; `false` if somebody else did before.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn mark_reply_sent(&self, reply: &Reply, at: Timestamp) -> Result<bool, RecordsError> {
        let update = Update::new(keys::reply(&reply.source, &reply.delivery), "SET #sent_at = :at")
            .condition("attribute_exists(#pk) AND attribute_not_exists(#sent_at)")
            .value(":at", moment(at));
        Ok(self.update("record that a reply is sent", update).await?.is_ok())
    }

    /// Records that a reply was not sent, and is tried again at `not_before`: [`Table::waiting_replies`] lists it then.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn postpone_reply(&self, reply: &Reply, not_before: Timestamp) -> Result<(), RecordsError> {
        let expires_at = retention::expires_at(reply.at, retention::DELIVERY);
        let waiting = WaitingReply { id: reply.id(), not_before };
        let key = keys::waiting_reply(&waiting.id);
        // Without a condition nothing can refuse it.
        let _ = self.put("record a waiting reply", to_item(&waiting, key, Some(expires_at))?, None).await?;
        let key = keys::reply(&reply.source, &reply.delivery);
        let update = Update::new(key, "SET #not_before = :not_before REMOVE #sent_at")
            .condition("attribute_exists(#pk)")
            .value(":not_before", moment(not_before));
        let _ = self.update("record that a reply is not sent", update).await?;
        Ok(())
    }

    /// Every reply that could not be sent yet, whether it is to be tried again now or later.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn waiting_replies(&self) -> Result<Vec<WaitingReply>, RecordsError> {
        let items = self.query(keys::WAITING_REPLIES.to_owned(), keys::WAITING).await?;
        items.into_iter().map(from_item).collect()
    }

    /// Records that a reply waits no longer, unless it was postponed again in the meantime.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn end_waiting(&self, waiting: &WaitingReply) -> Result<(), RecordsError> {
        let seen = (":seen", moment(waiting.not_before));
        let key = keys::waiting_reply(&waiting.id);
        self.delete_if("end the waiting of a reply", key, "#not_before = :seen", seen).await
    }
}
