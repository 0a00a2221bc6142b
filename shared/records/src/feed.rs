//! The events of an execution, as frames for programs that follow it: numbered one by one, each reported once. They have a separate
//! partition, so that readers of an execution do not read them, too.

use crate::error::RecordsError;
use crate::execution_record::ExecutionRecord;
use crate::item::{Item, attribute, from_item, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::write::{ABSENT, Write};
use domain::configuration::Configuration;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// So many frames are written at once; a transaction takes a hundred items.
const AT_ONCE: usize = 50;

/// The kind of the last frame of every execution.
const END: &str = "execution.ended";

/// Something that happened in an execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// Its number in the execution, from 1 without gaps.
    pub sequence: u64,
    /// The kind of event: `workflow.step_completed`.
    pub event: String,
    /// Its data.
    #[serde(with = "crate::json_text")]
    pub data: Value,
    /// When it was noticed.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

/// An event without a number yet.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFrame {
    /// The kind of event.
    pub event: &'static str,
    /// Its data.
    pub data: Value,
}

/// The last report of an execution: the number of the last frame, and the state of each of its parts then.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The number of the last frame.
    pub last: u64,
    /// The state, by the name of the part.
    #[serde(with = "crate::json_text")]
    pub seen: BTreeMap<String, String>,
}

/// What [`Table::told_and_configuration`] read: reports, each an error if it is damaged, and the configuration.
pub type Reports = (Vec<Result<Told, RecordsError>>, Result<Arc<Configuration>, RecordsError>);

impl Table {
    /// The last report of an execution.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn told(&self, execution: &str) -> Result<Told, RecordsError> {
        let told = self.get(keys::feed(execution)).await?.map(from_item).transpose()?;
        Ok(told.unwrap_or_default())
    }

    /// The last reports of executions, in the order of these names, which differ, and the configuration in force as [`Table::configuration`]
    /// returns it, all in one reading.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn told_and_configuration(
        &self,
        names: &[&str],
        now: Timestamp,
    ) -> Result<Reports, RecordsError> {
        let mut wanted = self.configured_keys(now);
        wanted.extend(names.iter().map(|name| keys::feed(name)));
        let items = self.get_many(wanted).await?;
        let configured = self.configured_in(&items, now).await;
        let mut of_feeds: HashMap<String, Item> = items
            .into_iter()
            .filter(|item| attribute(item, keys::SK) == Some(keys::TOLD))
            .filter_map(|item| Some((attribute(&item, keys::PK)?.to_owned(), item)))
            .collect();
        let told = names.iter().map(|name| {
            let told = of_feeds.remove(&keys::feed(name).pk).map(from_item).transpose();
            told.map(Option::unwrap_or_default)
        });
        Ok((told.collect(), configured.map(|configured| configured.configuration)))
    }

    /// Appends frames to those of an execution, with the state they report: `false` if another invocation has reported more since `told` was read,
    /// and then only some or none of them were appended.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn tell(
        &self,
        execution: &str,
        mut told: Told,
        seen: BTreeMap<String, String>,
        frames: &[NewFrame],
        now: Timestamp,
    ) -> Result<bool, RecordsError> {
        let expires_at = Some(retention::expires_at(now, retention::EXECUTION));
        let mut parts = frames.chunks(AT_ONCE).peekable();
        loop {
            let part = parts.next().unwrap_or_default();
            let before = told.last;
            let mut writes = Vec::with_capacity(part.len() + 1);
            for (sequence, new) in (before + 1..).zip(part) {
                let NewFrame { event, data } = new.clone();
                let frame = Frame { sequence, event: event.to_owned(), data, at: now };
                let item = to_item(&frame, keys::frame(execution, sequence), expires_at)?;
                writes.push(Write::Put { item, condition: None });
                told.last = sequence;
            }
            if parts.peek().is_none() {
                told.seen.clone_from(&seen);
            }
            let item = to_item(&told, keys::feed(execution), expires_at)?;
            writes.push(match before {
                0 => Write::Put { item, condition: Some(ABSENT) },
                _ => Write::Replace {
                    item,
                    condition: "#last = :before",
                    value: (":before", crate::item::number(before)),
                },
            });
            if self.transact("tell what happened", writes).await?.is_err() {
                return Ok(false);
            }
            if parts.peek().is_none() {
                return Ok(true);
            }
        }
    }

    /// Frames of an execution with numbers above `after`, in their order; at most `limit` (up to 100).
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn frames(
        &self,
        execution: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Frame>, RecordsError> {
        let last = keys::frame(execution, after);
        let limit = limit.clamp(1, 100);
        let items = self.query_after(last.pk, keys::FRAME, &last.sk, limit).await?;
        items.into_iter().map(from_item).collect()
    }

    /// Whether nothing follows the frames of an execution that [`Self::frames`] returned for `after`, because it has ended.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn nothing_follows(
        &self,
        execution: &ExecutionRecord,
        after: u64,
        frames: &[Frame],
    ) -> Result<bool, RecordsError> {
        if let Some(last) = frames.last() {
            return Ok(last.event == END);
        }
        // A reader who has all frames, the last one included, is given none that says so.
        if execution.ended_at.is_none() {
            return Ok(false);
        }
        let last = self.told(&execution.name).await?.last;
        let before = match last.checked_sub(1) {
            Some(before) if last <= after => before,
            _ => return Ok(false),
        };
        let frames = self.frames(&execution.name, before, 1).await?;
        Ok(frames.last().is_some_and(|last| last.event == END))
    }
}
