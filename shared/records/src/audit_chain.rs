//! Verifies the audit: that each record is unchanged, is where it was written, and follows the previous one.

use crate::audit_record::AuditRecord;
use crate::keys::identity as keys;
use crate::retention;
use crate::timestamp;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The first record's value for the hash of the previous one.
pub(crate) const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Records may be gone from this age on. It is a day less than they are kept, because clocks differ.
const MAY_BE_GONE: SignedDuration = SignedDuration::from_hours(24 * 399);

/// Versions without chains wrote their records before the first one of the chains. For so long, functions of both may have been at work.
const WHILE_DEPLOYED: SignedDuration = SignedDuration::from_hours(1);

/// A record in its chain: the hashed data, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    /// Which chain.
    pub(crate) chain: u8,
    /// Its number in the chain, from 1.
    pub(crate) sequence: u64,
    /// The hash of the record before it.
    pub(crate) before: String,
    /// When that was done: once it is too old, it may be gone.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub(crate) before_at: Option<Timestamp>,
    /// The record.
    pub(crate) record: AuditRecord,
}

/// Where a chain is: its last record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// Which chain.
    pub chain: u8,
    /// The number of its last record.
    pub sequence: u64,
    /// The hash of its last record.
    pub hash: String,
    /// When that was done.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

/// A record as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// The day under which it is, in UTC: `2026-11-29`.
    pub day: String,
    /// Its place in the day.
    pub place: String,
    /// The text that was hashed.
    pub record: String,
    /// Its SHA-256 in hexadecimal.
    pub hash: String,
    /// When it may be removed, in seconds since 1970.
    pub expires_at: String,
    /// Whether nothing else is kept with it.
    pub is_plain: bool,
}

pub(crate) fn hash_of(line: &str) -> String {
    hex::encode(Sha256::digest(line))
}

/// The result of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditVerified {
    /// How many records.
    pub records: usize,
    /// In how many chains.
    pub chains: usize,
}

/// Verifies the whole audit, while more is added to it.
#[derive(Debug)]
pub struct AuditVerifier {
    began: Vec<AuditHead>,
    chains: BTreeMap<u8, BTreeMap<u64, Known>>,
    /// Records in no chain: their places and times.
    outside: Vec<(String, Option<Timestamp>)>,
    /// By person, the IDs of their records with their times.
    people: BTreeMap<String, BTreeMap<String, Timestamp>>,
    problems: Vec<String>,
}

#[derive(Debug)]
struct Known {
    place: String,
    at: Timestamp,
    before: String,
    before_at: Option<Timestamp>,
    hash: String,
}

impl AuditVerifier {
    /// Begins with the heads of the chains before any of their records is read.
    pub fn new(began: Vec<AuditHead>) -> Self {
        Self {
            began,
            chains: BTreeMap::new(),
            outside: Vec::new(),
            people: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// Takes a record, and checks it by itself. Every record of every day has to be passed.
    pub fn take(&mut self, line: &AuditLine) {
        if let Err(problem) = self.check(line) {
            self.problems.push(format!("{} {}: {problem}", line.day, line.place));
        }
    }

    /// Everybody who has records, to be passed to [`Self::take_list_of`] with the list of what they did; nobody if a record is wrong, because then
    /// the lists cannot be read.
    pub fn people(&self) -> Vec<String> {
        match self.problems.is_empty() {
            true => self.people.keys().cloned().collect(),
            false => Vec::new(),
        }
    }

    /// Checks that the list of what somebody did has all of their records. `listed` are the IDs of those in it that are theirs.
    pub fn take_list_of(&mut self, who: &str, listed: &BTreeSet<String>, now: Timestamp) {
        let known = self.people.get(who).into_iter().flatten();
        let mut missing = known.filter(|(id, at)| !listed.contains(*id) && !may_be_gone(**at, now));
        if let Some((id, _)) = missing.next() {
            let all = missing.count() + 1;
            self.problems
                .push(format!("the list of what {who} did lacks {all} of their records, such as {id}"));
        }
    }

    fn check(&mut self, line: &AuditLine) -> Result<(), String> {
        if line.record.is_empty() && line.hash.is_empty() && !line.is_plain {
            let at = line.place.split_once('#').and_then(|(at, _)| at.parse::<Timestamp>().ok());
            // Whoever lists a day sees it, whatever time it claims.
            let at = at.filter(|at| keys::audit_day(*at) == line.day);
            self.outside.push((format!("{} {}", line.day, line.place), at));
            return Ok(());
        }
        if hash_of(&line.record) != line.hash {
            return Err("the record does not have its hash: it was changed".into());
        }
        let link: Link = serde_json::from_str(&line.record)
            .map_err(|error| format!("the record cannot be read: {error}"))?;
        let (record, day) = (&link.record, keys::audit_day(link.record.at));
        let place = match record.status {
            None => keys::audit(record.at, &record.id).sk,
            Some(_) => keys::audit_answer(record.at, &record.id).sk,
        };
        if line.day != day || place.strip_prefix(keys::AUDIT) != Some(&line.place) {
            return Err("the record is not in its place: it was moved".into());
        }
        if line.expires_at != retention::expires_at(record.at, retention::AUDIT).to_string() {
            return Err("the record does not expire when it should".into());
        }
        if !line.is_plain {
            return Err("something was added to the record".into());
        }
        let known = Known {
            place: line.place.clone(),
            at: record.at,
            before: link.before,
            before_at: link.before_at,
            hash: line.hash.clone(),
        };
        // An answer is listed with its request.
        if record.status.is_none() {
            self.people.entry(record.who.clone()).or_default().insert(record.id.clone(), record.at);
        }
        match self.chains.entry(link.chain).or_default().insert(link.sequence, known) {
            None => Ok(()),
            Some(other) => Err(format!(
                "it has the number {} of chain {}, as {} has",
                link.sequence, link.chain, other.place
            )),
        }
    }

    /// Verifies the chains with their heads after all records were read, and returns the result.
    ///
    /// # Errors
    /// All problems, for people.
    pub fn finish(mut self, ended: &[AuditHead], now: Timestamp) -> Result<AuditVerified, Vec<String>> {
        let chains = std::mem::take(&mut self.chains);
        let first = chains.values().flat_map(BTreeMap::values).map(|known| known.at).min();
        for (place, at) in std::mem::take(&mut self.outside) {
            let is_newer =
                |at: Timestamp| first.is_some_and(|first| at.duration_since(first) > WHILE_DEPLOYED);
            if at.is_none_or(is_newer) {
                self.problems.push(format!("{place}: the record is in no chain: it was added to the others"));
            }
        }
        for (chain, records) in &chains {
            self.check_links(*chain, records, now);
            let last = records.keys().next_back().copied().unwrap_or_default();
            match ended.iter().find(|head| head.chain == *chain) {
                Some(head) if last <= head.sequence => {}
                _ => self.problems.push(format!("chain {chain}: its continuation to {last} is not recorded")),
            }
        }
        for head in std::mem::take(&mut self.began) {
            let AuditHead { chain, sequence, hash, at } = &head;
            if !ended.iter().any(|later| later.chain == *chain && later.sequence >= *sequence) {
                self.problems.push(format!("chain {chain}: it went on to {sequence}, and was set back"));
            }
            match chains.get(chain).and_then(|records| records.get(sequence)) {
                Some(known) if known.hash == *hash && known.at == *at => {}
                Some(known) => self.problems.push(format!(
                    "chain {chain}: the record {sequence} ({}) is not the last one",
                    known.place
                )),
                // All of it is too old.
                None if !chains.contains_key(chain) && may_be_gone(*at, now) => {}
                None => self
                    .problems
                    .push(format!("chain {chain}: the record {sequence}, which was last, is missing")),
            }
        }
        match self.problems.is_empty() {
            true => {
                Ok(AuditVerified { records: chains.values().map(BTreeMap::len).sum(), chains: chains.len() })
            }
            false => Err(self.problems),
        }
    }

    fn check_links(&mut self, chain: u8, records: &BTreeMap<u64, Known>, now: Timestamp) {
        let mut before: Option<(u64, &Known)> = None;
        for (sequence, known) in records {
            let first_missing = before.map_or(1, |(last, _)| last.saturating_add(1));
            let follows = match before {
                _ if first_missing != *sequence => {
                    let gone = known.before_at.is_some_and(|at| may_be_gone(at, now));
                    if before.is_some() || !gone {
                        let last = sequence.saturating_sub(1);
                        let problem = format!("chain {chain}: records {first_missing} to {last} are missing");
                        self.problems.push(problem);
                    }
                    true
                }
                None => known.before == NO_HASH && known.before_at.is_none(),
                Some((_, last)) => known.before == last.hash && known.before_at == Some(last.at),
            };
            if !follows {
                self.problems.push(format!(
                    "chain {chain}: the record {sequence} ({}) does not follow the previous one",
                    known.place
                ));
            }
            before = Some((*sequence, known));
        }
    }
}

/// Whether a record of this moment may have been removed because of its age.
fn may_be_gone(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at) > MAY_BE_GONE
}
