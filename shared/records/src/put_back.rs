//! Restoring lost records from a copy of the table, made by its point-in-time recovery:
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.Tutorial.html>.
//!
//! Nothing already in the table is overwritten: the outside world went on after the copy's moment, and so did money and the journal.
//! A copy is the only thing that is ever scanned, and no request waits for it.

use crate::access::Partition;
use crate::error::RecordsError;
use crate::item::{Item, whole_number};
use crate::keys::{EXECUTION, EXPIRES_AT, Key, PK, SK};
use crate::table::Table;
use crate::write::ABSENT;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of partitions with short-lived state: provider rates, events that something could have waited for, pending
/// inquiries, and replies to people.
const MOMENTARY: [Partition; 4] =
    [Partition::Provider, Partition::Event, Partition::Inquiry, Partition::Reply];

/// How many records are looked up and restored at a time.
const AT_A_TIME: usize = 100;

/// Records that a copy has and the table lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    keys: Vec<Key>,
}

impl Lost {
    /// How many there are of each kind: the part of `pk` before the first `#`.
    pub fn by_kind(&self) -> BTreeMap<&str, usize> {
        let mut kinds = BTreeMap::new();
        for key in &self.keys {
            *kinds.entry(kind(&key.pk)).or_default() += 1;
        }
        kinds
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

fn kind(pk: &str) -> &str {
    pk.split_once('#').map_or(pk, |(kind, _)| kind)
}

/// Listeners to the stream act on these, so they come after everything that they refer to.
fn is_acted_on(key: &Key) -> bool {
    key.sk == EXECUTION || kind(&key.pk) == Partition::Waiter.as_str()
}

impl Table {
    /// Finds records that `copy` has and this table lacks, except expired records and short-lived state:
    /// the pace of providers, and events.
    ///
    /// # Errors
    /// [`RecordsError`] when a table does not answer, or the copy holds something else than records.
    pub async fn lost_since(&self, copy: &Table, now: Timestamp) -> Result<Lost, RecordsError> {
        let mut keys = Vec::new();
        let mut start = None;
        loop {
            let page = copy
                .client
                .scan()
                .table_name(&*copy.name)
                .projection_expression("#pk, #sk, #expires_at")
                .expression_attribute_names("#pk", PK)
                .expression_attribute_names("#sk", SK)
                .expression_attribute_names("#expires_at", EXPIRES_AT)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| RecordsError::from_sdk("read the copy", &error))?;
            let mut wanted = Vec::new();
            for item in page.items.unwrap_or_default() {
                let expires_at = whole_number(&item, EXPIRES_AT)?;
                let key = key_of(&item)?;
                let is_expired = expires_at > 0 && i128::from(expires_at) <= i128::from(now.as_second());
                if !is_expired && !MOMENTARY.iter().any(|momentary| momentary.as_str() == kind(&key.pk)) {
                    wanted.push(key);
                }
            }
            let present = self.present(&wanted).await?;
            keys.extend(wanted.into_iter().filter(|key| !present.contains(key)));
            start = page.last_evaluated_key;
            if start.is_none() {
                keys.sort_by_key(is_acted_on);
                return Ok(Lost { keys });
            }
        }
    }

    /// Restores the found records and returns their number: fewer than were found if some were written since, which
    /// then stay as they are. Cut off, it can be done again.
    ///
    /// # Errors
    /// [`RecordsError`] if a table does not answer; records restored by then stay.
    pub async fn put_back(&self, copy: &Table, lost: &Lost) -> Result<usize, RecordsError> {
        let mut count = 0;
        for keys in lost.keys.chunk_by(|one, next| is_acted_on(one) == is_acted_on(next)) {
            for keys in keys.chunks(AT_A_TIME) {
                for item in copy.get_many(keys.to_vec()).await? {
                    count += usize::from(self.put("put a record back", item, Some(ABSENT)).await?.is_ok());
                }
            }
        }
        Ok(count)
    }

    async fn present(&self, keys: &[Key]) -> Result<BTreeSet<Key>, RecordsError> {
        let mut present = BTreeSet::new();
        for keys in keys.chunks(AT_A_TIME) {
            for item in self.get_many(keys.to_vec()).await? {
                present.insert(key_of(&item)?);
            }
        }
        Ok(present)
    }
}

fn key_of(item: &Item) -> Result<Key, RecordsError> {
    let text = |name: &str| {
        let value = item.get(name).map(AttributeValue::as_s);
        value
            .and_then(Result::ok)
            .cloned()
            .ok_or_else(|| RecordsError::Corrupt(format!("an item of the copy has no text in `{name}`")))
    };
    Ok(Key { pk: text(PK)?, sk: text(SK)? })
}
