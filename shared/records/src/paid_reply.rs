//! Replies of models that were paid for, kept so that a repeat of the same step asks nothing twice.
//!
//! A reply is written in the transaction that settles its reservation. One that does not fit an item is stored before, in chunks.

use crate::error::RecordsError;
use crate::item::{Item, attribute, number, text};
use crate::keys::{self, PK, SK};
use crate::retention;
use crate::stored::{CHUNK_SIZE, compress, decompress};
use crate::table::Table;
use crate::update::Update;
use crate::write::Write;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::plugins::{ModelReply, ModelRequest};
use domain::{MicroUsd, Stored};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

const REPLY: &str = "reply";
const USELESS: &str = "useless_to";

/// A kept reply is never larger: an answer of a provider is at most a quarter of this.
const REPLY_LIMIT: u64 = 64 * 1024 * 1024;

/// Tells one question of one step from every other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionId {
    /// The name of the execution that began the run.
    execution: String,
    /// The SHA-256 of the state and the whole request.
    sha256: String,
}

impl QuestionId {
    /// The id of a request that a state, by its name with its loop indexes, makes in a run, by the name of the execution that
    /// began it.
    pub fn new(execution: &str, state: &str, request: &ModelRequest) -> Self {
        let mut digest = Sha256::new();
        digest.update(state);
        digest.update([0]);
        // A request is made of texts, numbers and JSON, which cannot fail to be JSON.
        digest.update(serde_json::to_vec(request).unwrap_or_default());
        Self { execution: execution.to_owned(), sha256: hex::encode(digest.finalize()) }
    }

    fn key(&self) -> keys::Key {
        keys::paid_reply(&self.execution, &self.sha256)
    }
}

/// A reply and its cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaidReply {
    /// The model's reply.
    pub reply: ModelReply,
    /// The price; `None` if unknown.
    pub price: Option<MicroUsd>,
}

/// Where a reply is: in its item, or stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    Here(u64),
    Stored(Stored<PaidReply>),
}

impl Table {
    /// The paid reply to the same question; `None` if none was stored, or the stored one was unusable for
    /// another execution than `asking`: a redrive of that one asks again.
    ///
    /// # Errors
    /// [`RecordsError`] if the table does not answer or its data is damaged.
    pub async fn paid_reply(
        &self,
        question: &QuestionId,
        asking: &str,
    ) -> Result<Option<PaidReply>, RecordsError> {
        let Some(item) = self.get(question.key()).await? else { return Ok(None) };
        if attribute(&item, USELESS).is_some_and(|execution| execution != asking) {
            return Ok(None);
        }
        let corrupt =
            |why: &str| RecordsError::Corrupt(format!("the kept reply `{}` {why}", question.sha256));
        let place = item.get("place").and_then(|place| place.as_s().ok());
        let place = place.and_then(|place| serde_json::from_str(place).ok());
        match place.ok_or_else(|| corrupt("does not say where it is"))? {
            Place::Stored(stored) => self.load(&stored).await.map(Some),
            Place::Here(size) => {
                let bytes = item.get(REPLY).and_then(|bytes| bytes.as_b().ok());
                let json = bytes.and_then(|bytes| decompress(bytes.as_ref(), size.min(REPLY_LIMIT)));
                let json = json.ok_or_else(|| corrupt("cannot be decompressed to its size"))?;
                let reply = serde_json::from_slice(&json);
                reply.map(Some).map_err(|error| corrupt(&format!("cannot be read: {error}")))
            }
        }
    }

    /// Records that a stored reply was unusable for an execution, which fails because of it. Does nothing if none is stored.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn note_useless_reply(
        &self,
        question: &QuestionId,
        execution: &str,
    ) -> Result<(), RecordsError> {
        let update = Update::new(question.key(), format!("SET #{USELESS} = :execution"))
            .condition("attribute_exists(#pk)")
            .value(":execution", text(execution));
        // Refused means that none is kept.
        let _ = self.update("record a useless reply", update).await?;
        Ok(())
    }

    /// The write that keeps a reply.
    pub(crate) async fn reply_write(
        &self,
        question: &QuestionId,
        reply: &PaidReply,
        now: Timestamp,
    ) -> Result<Write, RecordsError> {
        let json = serde_json::to_vec(reply)
            .map_err(|error| RecordsError::Invalid(format!("a reply cannot be kept: {error}")))?;
        let compressed = compress(&json)?;
        let key = question.key();
        let expires_at = retention::expires_at(now, retention::PAID_REPLY);
        let mut item: Item = HashMap::from([
            (PK.to_owned(), text(key.pk)),
            (SK.to_owned(), text(key.sk)),
            (keys::EXPIRES_AT.to_owned(), number(expires_at)),
        ]);
        let place = if compressed.len() <= CHUNK_SIZE {
            item.insert(REPLY.to_owned(), AttributeValue::B(Blob::new(compressed)));
            Place::Here(json.len() as u64)
        } else {
            Place::Stored(self.store(&question.execution, reply, now).await?)
        };
        let place = serde_json::to_string(&place)
            .map_err(|error| RecordsError::Invalid(format!("a reply cannot be kept: {error}")))?;
        item.insert("place".to_owned(), text(place));
        Ok(Write::Put { item, condition: None })
    }
}
