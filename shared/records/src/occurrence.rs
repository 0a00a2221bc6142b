//! Events that something may wait for, each kept for a month, and which of them met a waiting step already.

use crate::error::RecordsError;
use crate::item::{Item, from_item, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::waiter::Waiter;
use crate::write::{ABSENT, Refused, Write};
use domain::EventKey;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// An event that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Occurrence {
    /// Its fields.
    #[serde(with = "crate::json_text")]
    pub fields: Map<String, Value>,
    /// When it was received.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
    /// The ID of the delivery that reported it. Empty in old records.
    #[serde(default)]
    pub delivery: String,
    /// The author, if they may not start work: their text comes from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stranger: Option<String>,
}

/// Whether an event may meet a waiting step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meeting {
    /// It may, and met no step of the run before.
    First,
    /// It may, and met this step, or another one that waited at the same time, before: the step may have been told.
    Again,
    /// It met an earlier step of the run.
    Refused,
}

/// A waiting step that an event met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Met {
    /// The waiter's key.
    key: String,
    /// When they met.
    #[serde(with = "timestamp")]
    at: Timestamp,
}

impl Table {
    /// Keeps an event under each of these keys for those who wait for it, or will within a month. The same delivery again
    /// changes nothing.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_occurrences(
        &self,
        under: &[EventKey],
        occurrence: &Occurrence,
    ) -> Result<(), RecordsError> {
        let of_key = |key: &str| item(occurrence, keys::occurrence(key, &occurrence.delivery));
        // A transaction takes no item twice.
        let under: BTreeSet<&str> = under.iter().map(EventKey::as_str).collect();
        let mut items = under.into_iter().map(of_key).collect::<Result<Vec<Item>, _>>()?;
        if items.len() > 1 {
            let writes = items.iter().cloned().map(|item| Write::Put { item, condition: Some(ABSENT) });
            match self.transact("keep an event", writes.collect()).await? {
                Ok(()) => return Ok(()),
                // This one is kept already; an earlier version, which wrote them one by one, may have been killed before the others.
                Err(Refused { index, .. }) => drop(items.remove(index.min(items.len() - 1))),
            }
        }
        for item in items {
            // Refused means that it is kept already.
            let _ = self.put("keep an event", item, Some(ABSENT)).await?;
        }
        Ok(())
    }

    /// Stores an event that reports a current state. It replaces the stored one with the same key.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_state(&self, key: &EventKey, occurrence: &Occurrence) -> Result<(), RecordsError> {
        let item = item(occurrence, keys::newest_occurrence(key.as_str()))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("keep how something is", item, None).await?;
        Ok(())
    }

    /// The stored events with a key, by the key's text, oldest first.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn occurrences(&self, key: &str) -> Result<Vec<Occurrence>, RecordsError> {
        let items = self.query(keys::occurrence_partition(key), keys::OCCURRENCE).await?;
        let mut found: Vec<Occurrence> = items.into_iter().map(from_item).collect::<Result<_, _>>()?;
        found.sort_by_key(|occurrence| occurrence.at);
        Ok(found)
    }

    /// Records that an event meets a waiting step, unless it met an earlier one of the same run. Steps that waited at the same time are
    /// all met.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn meet(
        &self,
        waiter: &Waiter,
        event: &str,
        occurrence: &Occurrence,
        now: Timestamp,
    ) -> Result<Meeting, RecordsError> {
        let key = keys::meeting(&waiter.execution, event, &occurrence.delivery);
        let met = Met { key: waiter.key.clone(), at: now };
        let item = to_item(&met, key, Some(retention::expires_at(now, retention::EXECUTION)))?;
        let Err(refused) = self.put("record that an event met a step", item, Some(ABSENT)).await? else {
            return Ok(Meeting::First);
        };
        let Some(earlier) = refused.item else { return Ok(Meeting::Refused) };
        let earlier: Met = from_item(earlier)?;
        let is_again = earlier.key == waiter.key || earlier.at >= waiter.since;
        Ok(if is_again { Meeting::Again } else { Meeting::Refused })
    }

    /// Reverts the first [`Table::meet`]: the step no longer waited, so the event met nobody.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn part(
        &self,
        waiter: &Waiter,
        event: &str,
        occurrence: &Occurrence,
    ) -> Result<(), RecordsError> {
        let key = keys::meeting(&waiter.execution, event, &occurrence.delivery);
        let own = (":key", crate::item::text(&waiter.key));
        self.delete_if("forget that an event met a step", key, "#key = :key", own).await
    }
}

fn item(occurrence: &Occurrence, key: keys::Key) -> Result<Item, RecordsError> {
    to_item(occurrence, key, Some(retention::expires_at(occurrence.at, retention::DELIVERY)))
}
