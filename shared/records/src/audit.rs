//! Who did what: records that are only ever added, by day and by person, each of which contains the hash of the previous one.
//!
//! There are sixteen chains, so that many writers at once do not wait for each other; a record's id says in which one it is. A record is
//! kept as the text that was hashed. `audit_chain` finds every change, removal and reordering.

use crate::audit_chain::{AuditHead, AuditLine, Link, NO_HASH, hash_of};
use crate::audit_record::{AUDIT_CHAINS, AuditRecord};
use crate::error::RecordsError;
use crate::item::{Item, attribute, from_item, number, text, to_item};
use crate::keys::identity as keys;
use crate::keys::{EXPIRES_AT, PK, SK};
use crate::retention;
use crate::table::Table;
use crate::write::{ABSENT, Refused, Write};
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

/// How often a record is tried to be added to a chain that others add to at the same moment. Writers of one process wait for each other, so
/// these are other processes.
const TRIES: usize = 64;

/// The attribute with the text of a record.
const RECORD: &str = "record";
/// The attribute with its hash.
const HASH: &str = "hash";

/// Records, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// The records.
    pub records: Vec<AuditRecord>,
    /// Where the next page begins; `None` when there is none.
    pub next: Option<String>,
}

/// Where the record of somebody is.
#[derive(Debug, Serialize, Deserialize)]
struct OfPerson {
    day: String,
}

impl Table {
    /// Adds a record to its chain. The same record again changes nothing.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer; [`RecordsError::Unavailable`] when too many add at the same moment.
    pub async fn audit(&self, record: &AuditRecord) -> Result<(), RecordsError> {
        self.append(record).await.map(|_is_new| ())
    }

    /// Records that a request begins.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer; [`RecordsError::Conflict`] when the id is taken.
    pub async fn begin_audit(&self, record: &AuditRecord) -> Result<(), RecordsError> {
        match self.append(record).await? {
            true => Ok(()),
            false => Err(RecordsError::Conflict(format!("the request `{}` is recorded already", record.id))),
        }
    }

    /// Records the response to a request, as a separate record after the request's.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn end_audit(&self, begun: &AuditRecord, status: u16) -> Result<(), RecordsError> {
        self.audit(&AuditRecord { status: Some(status), ..begun.clone() }).await
    }

    /// Whether the record was new.
    async fn append(&self, record: &AuditRecord) -> Result<bool, RecordsError> {
        let chain = record.chain();
        let turn = self.audit_turns.0.get(usize::from(chain));
        let mut turn = match turn {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        // Taken, because it is not known what becomes of an attempt that does not return.
        let mut known = turn.as_deref_mut().and_then(Option::take);
        for _ in 0..TRIES {
            let head = match known.take() {
                Some(known) => Some(known),
                None => self.audit_head(chain).await?,
            };
            let before = head.as_ref().map_or(NO_HASH, |head| head.hash.as_str());
            let sequence = head.as_ref().map_or(0, |head| head.sequence).saturating_add(1);
            let before_at = head.as_ref().map(|head| head.at);
            let link = Link { chain, sequence, before: before.to_owned(), before_at, record: record.clone() };
            let line = serde_json::to_string(&link)
                .map_err(|error| RecordsError::Invalid(format!("a record cannot be stored: {error}")))?;
            let next = AuditHead { chain, sequence, hash: hash_of(&line), at: record.at };
            match self.transact("add to the audit", writes(record, &line, head.as_ref(), &next)?).await? {
                Ok(()) => {
                    if let Some(turn) = turn.as_deref_mut() {
                        *turn = Some(next);
                    }
                    return Ok(true);
                }
                Err(Refused { index: 0, .. }) => return Ok(false),
                // Another process was faster.
                Err(_) => {}
            }
        }
        Err(RecordsError::Unavailable("too many add to the audit at the same moment".into()))
    }

    async fn audit_head(&self, chain: u8) -> Result<Option<AuditHead>, RecordsError> {
        self.get(keys::audit_head(chain)).await?.map(from_item).transpose()
    }

    /// The head of each chain that has any records.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn audit_heads(&self) -> Result<Vec<AuditHead>, RecordsError> {
        let keys = (0..AUDIT_CHAINS).map(keys::audit_head).collect();
        let mut heads: Vec<AuditHead> =
            self.get_many(keys).await?.into_iter().map(from_item).collect::<Result<_, _>>()?;
        heads.sort_by_key(|head| head.chain);
        Ok(heads)
    }

    /// The records of a day (UTC), such as `2026-11-29`, in order and as stored: at most `limit`, after the end of an earlier
    /// page. For [`crate::AuditVerifier`].
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn audit_lines(
        &self,
        day: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<AuditLine>, Option<String>), RecordsError> {
        let after = after.map(|after| format!("{}{after}", keys::AUDIT)).unwrap_or_default();
        let partition = keys::audit_partition(day);
        let mut items = self.query_after(partition, keys::AUDIT, &after, limit + 1).await?;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(place_of);
        Ok((items.iter().map(|item| line_of(item, day)).collect(), next))
    }

    /// The records of a day (UTC), newest first: at most `limit`, from where an earlier page ended. The record of a request that was
    /// answered has its answer's status.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn audit_of(
        &self,
        day: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<AuditPage, RecordsError> {
        let partition = keys::audit_partition(day);
        // A request may have two records, and the place where the last page ended is included in the query.
        let asked = 2 * limit + 2 + usize::from(before.is_some());
        let items = self.query_newest(partition, keys::AUDIT, before.map(str::to_owned), asked).await?;
        let mut found: Vec<(String, AuditRecord)> = Vec::with_capacity(items.len());
        for item in items {
            let (place, record) = (place_of(&item), record_of(item)?);
            match found.last_mut() {
                _ if before.is_some_and(|before| is_shown_before(before, &place)) => {}
                // The page continues after both.
                Some((last, answer)) if answer.answers(&record) => *last = place,
                _ => found.push((place, record)),
            }
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(place, _)| place.clone());
        Ok(AuditPage { records: found.into_iter().map(|(_, record)| record).collect(), next })
    }

    /// The records of somebody, by their name in them, newest first; as [`Table::audit_of`].
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn audit_of_person(
        &self,
        who: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<AuditPage, RecordsError> {
        let asked = limit + 1 + usize::from(before.is_some());
        let partition = keys::audited_person_partition(who);
        let items = self.query_newest(partition, keys::AUDIT, before.map(str::to_owned), asked).await?;
        let mut places = Vec::with_capacity(items.len());
        for item in items {
            let place = place_of(&item);
            if before != Some(place.as_str()) {
                places.push((place, from_item::<OfPerson>(item)?.day));
            }
        }
        let more = places.len() > limit;
        places.truncate(limit);
        let next = places.last().filter(|_| more).map(|(place, _)| place.clone());
        let wanted = places.iter().flat_map(|(place, day)| keys::audit_places(day, place)).collect();
        let mut records: Vec<AuditRecord> =
            self.get_many(wanted).await?.into_iter().map(record_of).collect::<Result<_, _>>()?;
        // Of a request and its answer, the answer.
        records.sort_by(|a, b| (b.at, &b.id, b.status).cmp(&(a.at, &a.id, a.status)));
        records.dedup_by(|later, earlier| earlier.answers(later));
        Ok(AuditPage { records, next })
    }
}

/// Whether a place was on the page that ended at `before`: it itself, or the answer of the same request.
fn is_shown_before(before: &str, place: &str) -> bool {
    place.strip_prefix(before).is_some_and(|rest| rest.is_empty() || rest == keys::ANSWERED)
}

fn place_of(item: &Item) -> String {
    let place = attribute(item, SK).unwrap_or_default();
    place.strip_prefix(keys::AUDIT).unwrap_or_default().to_owned()
}

/// The record in an item. Records of earlier versions are in no chain, and have their fields as attributes.
fn record_of(item: Item) -> Result<AuditRecord, RecordsError> {
    match attribute(&item, RECORD) {
        None => from_item(item),
        Some(line) => serde_json::from_str::<Link>(line).map(|link| link.record).map_err(|error| {
            RecordsError::Corrupt(format!("the record `{}` cannot be read: {error}", place_of(&item)))
        }),
    }
}

/// The stored form of a record, for verification. One of an earlier version, which is in no chain, has neither a text nor a hash.
fn line_of(item: &Item, day: &str) -> AuditLine {
    let names = [PK, SK, EXPIRES_AT, RECORD, HASH];
    let expires_at = item.get(EXPIRES_AT).and_then(|value| value.as_n().ok()).cloned().unwrap_or_default();
    AuditLine {
        day: day.to_owned(),
        place: place_of(item),
        record: attribute(item, RECORD).unwrap_or_default().to_owned(),
        hash: attribute(item, HASH).unwrap_or_default().to_owned(),
        expires_at,
        is_plain: item.keys().all(|name| names.contains(&name.as_str())),
    }
}

fn writes(
    record: &AuditRecord,
    line: &str,
    head: Option<&AuditHead>,
    next: &AuditHead,
) -> Result<Vec<Write>, RecordsError> {
    let expires_at = retention::expires_at(record.at, retention::AUDIT);
    let key = record.key();
    let place = key.sk.clone();
    let item = Item::from([
        (PK.to_owned(), text(key.pk)),
        (SK.to_owned(), text(key.sk)),
        (EXPIRES_AT.to_owned(), number(expires_at)),
        (RECORD.to_owned(), text(line)),
        (HASH.to_owned(), text(&next.hash)),
    ]);
    let mut writes = vec![Write::Put { item, condition: Some(ABSENT) }];
    let next = to_item(next, keys::audit_head(next.chain), None)?;
    writes.push(match head {
        None => Write::Put { item: next, condition: Some(ABSENT) },
        Some(head) => Write::Replace {
            item: next,
            condition: "#hash = :hash",
            value: (":hash", AttributeValue::S(head.hash.clone())),
        },
    });
    if record.status.is_none() {
        let day = keys::audit_day(record.at);
        let key = keys::audited_person(&record.who, &place);
        let item = to_item(&OfPerson { day }, key, Some(expires_at))?;
        writes.push(Write::Put { item, condition: None });
    }
    Ok(writes)
}
