//! Waiters: executions parked on a task token until something happens.

use crate::error::RecordsError;
use crate::item::{from_item, number, text};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::write::Update;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

/// A step that waits, with the token that lets it go on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Waiter {
    /// What it waits for; whoever makes that happen knows the same text: `approval/<execution>`, `budget/<account>`.
    pub topic: String,
    /// The step's idempotency key.
    pub key: String,
    /// The execution's name.
    pub execution: String,
    /// The task token of the newest attempt. Whoever holds it can answer for the people asked.
    #[serde(serialize_with = "expose")]
    pub token: SecretString,
    /// When it began to wait.
    #[serde(with = "timestamp")]
    pub since: Timestamp,
}

/// The table is where the token is kept; nothing else ever sees it in clear.
fn expose<S: Serializer>(token: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose_secret())
}

impl Table {
    /// Records that a step waits. A newer attempt of the same step replaces an older one's token, never the reverse.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_waiter(&self, waiter: &Waiter) -> Result<(), RecordsError> {
        let update = Update::new(
            keys::waiter(&waiter.topic, &waiter.key),
            "SET #topic = :topic, #key = :key, #execution = :execution, #token = :token, #since = :since, \
             #expires_at = :expires_at",
        )
        .condition("attribute_not_exists(#since) OR #since <= :since")
        .value(":topic", text(&waiter.topic))
        .value(":key", text(&waiter.key))
        .value(":execution", text(&waiter.execution))
        .value(":token", text(waiter.token.expose_secret()))
        .value(":since", crate::item::moment(waiter.since))
        .value(":expires_at", number(retention::expires_at(waiter.since, retention::EXECUTION)));
        // Refused means that a newer attempt waits already.
        let _ = self.update("record a waiter", update).await?;
        Ok(())
    }

    /// Everybody who waits for a topic.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn waiters(&self, topic: &str) -> Result<Vec<Waiter>, RecordsError> {
        let items = self.query(keys::waiter_partition(topic), keys::WAITER).await?;
        items.into_iter().map(from_item).collect()
    }

    /// Forgets a waiter that was answered. Answer first: Step Functions lets one answer to a token count and refuses the others,
    /// and a crash between the two then loses nothing. A newer attempt of the same step is left waiting.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn forget_waiter(&self, waiter: &Waiter) -> Result<(), RecordsError> {
        let token = text(waiter.token.expose_secret());
        let key = keys::waiter(&waiter.topic, &waiter.key);
        self.delete_if("forget a waiter", key, "#token = :token", (":token", token)).await
    }
}
