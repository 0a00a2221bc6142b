//! Inquiries: events that may have happened, about which a provider is asked until its answer is clear.

use crate::error::RecordsError;
use crate::item::{from_item, moment, number, text};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::update::Update;
use domain::{Actor, EventKey, EventName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A pending question to a provider. There is one for each event key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inquiry {
    /// The event's key as text.
    pub key: String,
    /// The event that it may be.
    pub kind: EventName,
    /// The known fields of the event: at least the identifying ones.
    #[serde(with = "crate::json_text")]
    pub fields: Map<String, Value>,
    /// The person who caused it, if a delivery says so.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub by: Option<Actor>,
    /// Whether a delivery said that it may have happened; otherwise only a step waits for it.
    #[serde(default)]
    pub reported: bool,
    /// When it was first asked about.
    #[serde(with = "timestamp")]
    pub since: Timestamp,
    /// When to ask next.
    #[serde(with = "timestamp")]
    pub ask_at: Timestamp,
    /// How often it was asked about since it was last wanted to be.
    #[serde(default)]
    pub asked: u32,
}

/// The subject of a new inquiry.
#[derive(Debug, Clone, PartialEq)]
pub struct NewInquiry {
    /// The event that it may be.
    pub kind: EventName,
    /// The known fields of the event: at least the identifying ones.
    pub fields: Map<String, Value>,
    /// The person who caused it.
    pub by: Option<Actor>,
    /// Whether a delivery said that it may have happened.
    pub reported: bool,
}

impl Table {
    /// Requests that a provider be asked about an event now. The listener to the table's stream asks. What a delivery said before about the same
    /// event stays known.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn inquire(
        &self,
        key: &EventKey,
        inquiry: &NewInquiry,
        now: Timestamp,
    ) -> Result<(), RecordsError> {
        let invalid = |error| RecordsError::Invalid(format!("an inquiry cannot be stored: {error}"));
        let fields = serde_json::to_string(&inquiry.fields).map_err(invalid)?;
        let mut set = "SET #key = :key, #kind = :kind, #ask_at = :now, #asked = :none, \
                       #since = if_not_exists(#since, :now), #expires_at = :expires_at"
            .to_owned();
        set.push_str(match inquiry.reported {
            true => ", #reported = :reported, #fields = :fields",
            false => ", #fields = if_not_exists(#fields, :fields)",
        });
        if inquiry.by.is_some() {
            set.push_str(", #by = :by");
        }
        let mut update = Update::new(keys::inquiry(key.as_str()), set)
            .value(":key", text(key.as_str()))
            .value(":kind", text(inquiry.kind.as_str()))
            .value(":fields", text(fields))
            .value(":none", number(0))
            .value(":expires_at", number(retention::expires_at(now, retention::DELIVERY)))
            .value(":now", moment(now));
        if inquiry.reported {
            update = update.value(":reported", aws_sdk_dynamodb::types::AttributeValue::Bool(true));
        }
        if let Some(by) = &inquiry.by {
            update = update.value(":by", text(serde_json::to_string(by).map_err(invalid)?));
        }
        // Without a condition nothing can refuse it.
        let _ = self.update("record an inquiry", update).await?;
        Ok(())
    }

    /// The inquiry about an event, by the key's text.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn inquiry(&self, key: &str) -> Result<Option<Inquiry>, RecordsError> {
        self.get(keys::inquiry(key)).await?.map(from_item).transpose()
    }

    /// Every open inquiry.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn inquiries(&self) -> Result<Vec<Inquiry>, RecordsError> {
        let items = self.query(keys::INQUIRIES.to_owned(), keys::INQUIRY).await?;
        items.into_iter().map(from_item).collect()
    }

    /// Asks again at `ask_at`, unless it was requested again in the meantime. `counts` says whether the provider answered: what it did not
    /// answer is not counted.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn ask_again(
        &self,
        inquiry: &Inquiry,
        ask_at: Timestamp,
        counts: bool,
    ) -> Result<(), RecordsError> {
        let update = Update::new(keys::inquiry(&inquiry.key), "SET #ask_at = :ask_at, #asked = :asked")
            .condition("#ask_at = :seen AND #asked = :counted")
            .value(":ask_at", moment(ask_at))
            .value(":asked", number(inquiry.asked + u32::from(counts)))
            .value(":counted", number(inquiry.asked))
            .value(":seen", moment(inquiry.ask_at));
        // Refused means that another call asked, or that it was requested again.
        let _ = self.update("put off an inquiry", update).await?;
        Ok(())
    }

    /// Ends an inquiry, unless it was requested again in the meantime.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn end_inquiry(&self, inquiry: &Inquiry) -> Result<(), RecordsError> {
        let seen = (":seen", moment(inquiry.ask_at));
        self.delete_if("end an inquiry", keys::inquiry(&inquiry.key), "#ask_at = :seen", seen).await
    }
}
