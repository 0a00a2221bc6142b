//! Where questions to people are shown, until what became of them is shown there.
//!
//! Each place where a question is shown is an item next to the waiter until it shows the outcome; then the item is removed. A
//! decided question is listed until no such place is left, so that the sweeper finds work left by a crash.

use crate::error::RecordsError;
use crate::item::{from_item, moment, text, to_item};
use crate::keys;
use crate::over::Over;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::update::Update;
use crate::waiter::Waiter;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A place where a question is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownPlace {
    /// The message with the buttons, in the chat of the execution's project.
    Message {
        /// The channel's id.
        channel: String,
        /// The message's id.
        id: String,
    },
    /// A reminder in the chat of the execution's project, known by its mark.
    Reminder {
        /// The channel, by its name or its id.
        channel: String,
        /// The message in whose thread it is.
        thread: Option<String>,
        /// Its mark's key.
        mark: String,
    },
    /// A direct message to a person, identified by its mark.
    Direct {
        /// The chat, by its instance or sender.
        chat: String,
        /// The person's account there.
        account: String,
        /// Its mark's key.
        mark: String,
    },
}

/// A place that does not show yet what became of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The waiter's topic as text.
    pub topic: String,
    /// The waiter's key.
    pub key: String,
    /// The place.
    #[serde(with = "crate::json_text")]
    pub place: ShownPlace,
    /// Since when the question waits: a message found by its mark was sent later.
    #[serde(with = "timestamp")]
    pub since: Timestamp,
    /// When it was recorded last.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
    /// When the question was seen to be decided.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub due: Option<Timestamp>,
}

impl Table {
    /// Records the message that asks people, also as a place that has to show the question's outcome.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn set_waiter_message(
        &self,
        waiter: &Waiter,
        channel: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<(), RecordsError> {
        if waiter.is_question() {
            let shown = ShownPlace::Message { channel: channel.to_owned(), id: id.to_owned() };
            self.put_shown(waiter, &shown, now).await?;
        }
        let place = AttributeValue::L(vec![text(channel), text(id)]);
        let update = Update::new(keys::waiter(&waiter.topic, &waiter.key), "SET #message = :message")
            .condition("attribute_exists(#pk)")
            .value(":message", place);
        let _ = self.update("record the message that asks", update).await?;
        Ok(())
    }

    /// Records that a question is closed, unless it was already answered or closed; returns whether this call did it.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn end_question(&self, waiter: &Waiter, over: &Over) -> Result<bool, RecordsError> {
        let json = serde_json::to_string(over)
            .map_err(|error| RecordsError::Invalid(format!("an end cannot be stored: {error}")))?;
        let update = waiter
            .decide("SET #over = :over", over.at)
            .condition(
                "attribute_exists(#pk) AND attribute_not_exists(#answer) AND attribute_not_exists(#over) \
                 AND #since = :since",
            )
            .value(":over", text(json))
            .value(":since", moment(waiter.since));
        Ok(self.update("end a question", update).await?.is_ok())
    }

    /// Records a place where a question is shown, before it is shown there. Recorded again, it has to show the question's outcome
    /// again.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_shown(
        &self,
        waiter: &Waiter,
        place: &ShownPlace,
        now: Timestamp,
    ) -> Result<(), RecordsError> {
        let json = serde_json::to_string(place)
            .map_err(|error| RecordsError::Invalid(format!("a place cannot be stored: {error}")))?;
        let shown = Shown {
            topic: waiter.topic.clone(),
            key: waiter.key.clone(),
            place: place.clone(),
            since: waiter.since,
            at: now,
            due: None,
        };
        let expires_at = retention::expires_at(waiter.since, retention::EXECUTION);
        let item = to_item(&shown, keys::shown(&waiter.topic, &waiter.key, &json), Some(expires_at))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("record where a question is shown", item, None).await?;
        Ok(())
    }

    /// The places that do not show yet what became of a question.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn shown_of(&self, waiter: &Waiter) -> Result<Vec<Shown>, RecordsError> {
        let start = keys::shown_start(&waiter.key);
        let items = self.query(keys::waiter_partition(&waiter.topic), &start).await?;
        items.into_iter().map(from_item).collect()
    }

    /// Records that a place has to show now what became of its question: the listener on the table's stream edits it.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn shown_is_due(&self, shown: &Shown, now: Timestamp) -> Result<(), RecordsError> {
        let update = Update::new(shown.item_key()?, "SET #due = :now")
            .condition("attribute_exists(#pk) AND attribute_not_exists(#due)")
            .value(":now", moment(now));
        // Refused means that it shows it already, or that somebody else did this.
        let _ = self.update("have a place show what became of a question", update).await?;
        Ok(())
    }

    /// Records that a place shows its question's outcome, unless it was recorded again since it was read.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn shows(&self, shown: &Shown) -> Result<(), RecordsError> {
        let seen = (":seen", moment(shown.at));
        self.delete_if("record that a place is up to date", shown.item_key()?, "#at = :seen", seen).await
    }

    /// Removes a decided question from the list of those whose places have to show it.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn is_shown_everywhere(&self, waiter: &Waiter) -> Result<(), RecordsError> {
        let update = Update::new(keys::waiter(&waiter.topic, &waiter.key), "REMOVE #gsi1pk, #gsi1sk")
            .condition("#gsi1pk = :listing")
            .value(":listing", text(keys::DECIDED));
        let _ = self.update("record that a decision is shown everywhere", update).await?;
        Ok(())
    }
}

impl Shown {
    fn item_key(&self) -> Result<keys::Key, RecordsError> {
        let json = serde_json::to_string(&self.place)
            .map_err(|error| RecordsError::Invalid(format!("a place cannot be stored: {error}")))?;
        Ok(keys::shown(&self.topic, &self.key, &json))
    }
}
