//! The journal of effects: what a run changed outside, so that it happens once and can be taken back.
//!
//! A *run* is the outermost execution's ARN; an effect's *key* is the step's idempotency key. An invocation looks up the key,
//! looks outside, [intends](Table::intend) under a lease, acts, and records [done](Table::effect_done) with the output and what
//! takes it back. A worker that finds a dead lease takes it over and learns so: it must check outside before it acts.

use crate::error::RecordsError;
use crate::item::{attribute, from_item, moment, number, text, to_item, whole_number};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use crate::write::{ABSENT, Refused, Update, Write};
use domain::execution::Inverse;
use domain::{ActionId, MicroUsd};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The largest output the journal keeps, in bytes of JSON; larger values are stored and passed by reference.
pub const EFFECT_OUTPUT_LIMIT: usize = 300 * 1024;

/// The status of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectStatus {
    /// It may have happened, or may be happening.
    Intended,
    /// It was given up before anything happened outside.
    Abandoned,
    /// It happened.
    Done,
    /// It was taken back.
    Undone,
}

impl EffectStatus {
    /// The name in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Abandoned => "abandoned",
            Self::Done => "done",
            Self::Undone => "undone",
        }
    }
}

/// One effect in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EffectRecord {
    /// The outermost execution's ARN.
    pub run: String,
    /// The idempotency key.
    pub key: String,
    /// Its place among the run's effects: a later intention has a greater number.
    pub sequence: u64,
    /// What acts.
    pub action: ActionId,
    /// Its status.
    pub status: EffectStatus,
    /// Whether the first intention found it outside already, so that it is not ours to take back.
    pub existed: bool,
    /// When it was first intended: the same for every attempt.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
    /// The invocation that holds the lease.
    pub holder: String,
    /// When the lease ends.
    #[serde(with = "timestamp")]
    pub lease_until: Timestamp,
    /// What the action returned.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub output: Option<Value>,
    /// What takes it back.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub inverse: Option<Inverse>,
    /// What it cost, where it called a model and the price is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<MicroUsd>,
    /// When it was done.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub done_at: Option<Timestamp>,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::option")]
    pub undone_at: Option<Timestamp>,
}

impl EffectRecord {
    /// Whether an invocation is (as far as we know) performing it at `now`: a rollback must wait for it.
    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.status == EffectStatus::Intended && self.lease_until > now
    }
}

/// An effect about to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEffect {
    /// The outermost execution's ARN.
    pub run: String,
    /// The idempotency key.
    pub key: String,
    /// What acts.
    pub action: ActionId,
    /// Whether it was found outside already.
    pub existed: bool,
    /// The invocation's id.
    pub holder: String,
    /// Now.
    pub at: Timestamp,
    /// Until when no other worker may act; renew it before.
    pub lease_until: Timestamp,
}

/// The right to act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectIntent {
    /// Whether the *first* intention found it outside already: then it has no inverse.
    pub existed: bool,
    /// When it was first intended: the date of what is made, so that a repeat makes the same.
    pub at: Timestamp,
    /// Whether an earlier invocation intended it and was never heard of again: look outside before acting.
    pub resumed: bool,
}

/// What [`Table::intend`] came to.
#[derive(Debug, Clone, PartialEq)]
pub enum IntendResult {
    /// Act, then record it as done.
    Act(EffectIntent),
    /// Another worker has done it: use its output.
    Done(Box<EffectRecord>),
}

/// What an effect came to.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectEnd {
    /// What the action returned; at most [`EFFECT_OUTPUT_LIMIT`].
    pub output: Value,
    /// What takes it back; `None` for what existed before and for what cannot be taken back.
    pub inverse: Option<Inverse>,
    /// What it cost, where it called a model and the price is known.
    pub cost: Option<MicroUsd>,
    /// When.
    pub at: Timestamp,
}

impl Table {
    /// The effect under the key when it was done: its output is replayed. `None` when it was never done, or was taken back.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn effect_output(&self, run: &str, key: &str) -> Result<Option<EffectRecord>, RecordsError> {
        Ok(self.effect(run, key).await?.filter(|effect| effect.status == EffectStatus::Done))
    }

    /// The effect under the key, whatever its status.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn effect(&self, run: &str, key: &str) -> Result<Option<EffectRecord>, RecordsError> {
        self.get(keys::effect(run, key)).await?.map(from_item).transpose()
    }

    /// Takes the lease on an effect before it happens.
    ///
    /// The first intention, and one after an abandoned or undone one, is new. One whose holder let the lease end is taken
    /// over. The same holder may intend again.
    ///
    /// # Errors
    /// [`RecordsError::Leased`] while another invocation holds it; [`RecordsError::RunClosed`] once the run is rolled back;
    /// [`RecordsError::Conflict`] when another invocation was faster at this moment.
    pub async fn intend(&self, new: &NewEffect) -> Result<IntendResult, RecordsError> {
        let Some(before) = self.effect(&new.run, &new.key).await? else {
            return self.intend_anew(new, None).await;
        };
        match before.status {
            EffectStatus::Done => Ok(IntendResult::Done(Box::new(before))),
            EffectStatus::Abandoned | EffectStatus::Undone => self.intend_anew(new, Some(&before)).await,
            EffectStatus::Intended if before.is_leased(new.at) && before.holder != new.holder => {
                Err(leased(&before, new.at))
            }
            EffectStatus::Intended => self.take_over(new, &before).await,
        }
    }

    async fn intend_anew(
        &self,
        new: &NewEffect,
        before: Option<&EffectRecord>,
    ) -> Result<IntendResult, RecordsError> {
        let effect = EffectRecord {
            run: new.run.clone(),
            key: new.key.clone(),
            sequence: self.next_sequence(&new.run, new.at).await?,
            action: new.action.clone(),
            status: EffectStatus::Intended,
            existed: new.existed,
            at: new.at,
            holder: new.holder.clone(),
            lease_until: new.lease_until,
            output: None,
            inverse: None,
            cost: None,
            done_at: None,
            undone_at: None,
        };
        let expires_at = retention::expires_at(new.at, retention::EXECUTION);
        let key = keys::effect(&new.run, &new.key);
        let write = match before {
            None => Write::Put { item: to_item(&effect, key, Some(expires_at))?, condition: Some(ABSENT) },
            Some(before) => Write::Update(
                Update::new(
                    key,
                    "SET #sequence = :sequence, #action = :action, #status = :intended, #existed = :existed, \
                     #at = :at, #holder = :holder, #lease_until = :until, #expires_at = :expires_at \
                     REMOVE #output, #inverse, #cost, #done_at, #undone_at",
                )
                .condition("#sequence = :before AND #status = :status")
                .value(":sequence", number(effect.sequence))
                .value(":action", text(new.action.as_str()))
                .value(":intended", text(EffectStatus::Intended.as_str()))
                .value(":existed", aws_sdk_dynamodb::types::AttributeValue::Bool(new.existed))
                .value(":at", moment(new.at))
                .value(":holder", text(&new.holder))
                .value(":until", moment(new.lease_until))
                .value(":expires_at", number(expires_at))
                .value(":before", number(before.sequence))
                .value(":status", text(before.status.as_str())),
            ),
        };
        self.intend_unless_closed(new, write).await?;
        Ok(IntendResult::Act(EffectIntent { existed: effect.existed, at: effect.at, resumed: false }))
    }

    async fn take_over(&self, new: &NewEffect, before: &EffectRecord) -> Result<IntendResult, RecordsError> {
        let update =
            Update::new(keys::effect(&new.run, &new.key), "SET #holder = :holder, #lease_until = :until")
                .condition("#status = :intended AND #holder = :before AND #lease_until = :ended")
                .value(":holder", text(&new.holder))
                .value(":until", moment(new.lease_until))
                .value(":intended", text(EffectStatus::Intended.as_str()))
                .value(":before", text(&before.holder))
                .value(":ended", moment(before.lease_until));
        self.intend_unless_closed(new, Write::Update(update)).await?;
        Ok(IntendResult::Act(EffectIntent { existed: before.existed, at: before.at, resumed: true }))
    }

    async fn intend_unless_closed(&self, new: &NewEffect, write: Write) -> Result<(), RecordsError> {
        let open = Write::Check { key: keys::run(&new.run), condition: "attribute_not_exists(#closed_at)" };
        match self.transact("intend an effect", vec![open, write]).await? {
            Ok(()) => Ok(()),
            Err(Refused { index: 0, .. }) => Err(RecordsError::RunClosed { run: new.run.clone() }),
            Err(Refused { item: Some(item), .. }) => {
                let winner: EffectRecord = from_item(item)?;
                if winner.is_leased(new.at) {
                    Err(leased(&winner, new.at))
                } else {
                    Err(RecordsError::Conflict(format!("the effect `{}` was just changed", new.key)))
                }
            }
            Err(_) => Err(RecordsError::Conflict(format!("the effect `{}` was just removed", new.key))),
        }
    }

    /// Counts the run's intentions. Numbers may be left out, never given twice.
    async fn next_sequence(&self, run: &str, now: Timestamp) -> Result<u64, RecordsError> {
        let update = Update::new(keys::run(run), "SET #expires_at = :expires_at ADD #sequence :one")
            .condition("attribute_not_exists(#closed_at)")
            .value(":expires_at", number(retention::expires_at(now, retention::EXECUTION)))
            .value(":one", number(1));
        match self.update("count an effect", update).await? {
            Ok(item) => whole_number(&item, "sequence"),
            Err(_) => Err(RecordsError::RunClosed { run: run.to_owned() }),
        }
    }

    /// Prolongs the lease of an effect that takes its time.
    ///
    /// # Errors
    /// [`RecordsError::Conflict`] when the holder no longer holds it: it must stop acting.
    pub async fn renew_effect(
        &self,
        run: &str,
        key: &str,
        holder: &str,
        until: Timestamp,
    ) -> Result<(), RecordsError> {
        let update = Update::new(keys::effect(run, key), "SET #lease_until = :until")
            .condition("#status = :intended AND #holder = :holder")
            .value(":until", moment(until))
            .value(":intended", text(EffectStatus::Intended.as_str()))
            .value(":holder", text(holder));
        self.as_holder("renew a lease", key, update).await
    }

    /// Records that an effect happened, what it returned and what takes it back. Repeating it is not an error.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] when the output is over [`EFFECT_OUTPUT_LIMIT`]; [`RecordsError::Conflict`] when another
    /// invocation has taken the lease over.
    pub async fn effect_done(
        &self,
        run: &str,
        key: &str,
        holder: &str,
        end: &EffectEnd,
    ) -> Result<(), RecordsError> {
        let json = |error: serde_json::Error| {
            RecordsError::Invalid(format!("the output of effect `{key}` is not JSON: {error}"))
        };
        let output = serde_json::to_string(&end.output).map_err(json)?;
        if output.len() > EFFECT_OUTPUT_LIMIT {
            return Err(RecordsError::Invalid(format!(
                "the output of effect `{key}` has {} bytes; at most {EFFECT_OUTPUT_LIMIT} are accepted",
                output.len()
            )));
        }
        let mut set = "SET #status = :done, #done_at = :at, #output = :output".to_owned();
        let mut values = vec![(":output", text(output))];
        if let Some(inverse) = &end.inverse {
            set.push_str(", #inverse = :inverse");
            values.push((":inverse", text(serde_json::to_string(inverse).map_err(json)?)));
        }
        if let Some(cost) = end.cost {
            set.push_str(", #cost = :cost");
            values.push((":cost", number(cost.0)));
        }
        let mut update = Update::new(keys::effect(run, key), set)
            .condition("#holder = :holder AND #status IN (:intended, :done)")
            .value(":done", text(EffectStatus::Done.as_str()))
            .value(":intended", text(EffectStatus::Intended.as_str()))
            .value(":at", moment(end.at))
            .value(":holder", text(holder));
        for (placeholder, value) in values {
            update = update.value(placeholder, value);
        }
        self.as_holder("record an effect", key, update).await
    }

    /// Gives an effect up before anything happened outside. Only for failures that are certain to have changed nothing (the
    /// service refused): after a time-out, leave the lease to end, so that the next invocation looks outside first.
    ///
    /// # Errors
    /// [`RecordsError::Conflict`] when the holder no longer holds it.
    pub async fn abandon_effect(&self, run: &str, key: &str, holder: &str) -> Result<(), RecordsError> {
        let update = Update::new(keys::effect(run, key), "SET #status = :abandoned")
            .condition("#holder = :holder AND #status IN (:intended, :abandoned)")
            .value(":abandoned", text(EffectStatus::Abandoned.as_str()))
            .value(":intended", text(EffectStatus::Intended.as_str()))
            .value(":holder", text(holder));
        self.as_holder("abandon an effect", key, update).await
    }

    async fn as_holder(&self, operation: &str, key: &str, update: Update) -> Result<(), RecordsError> {
        match self.update(operation, update).await? {
            Ok(_) => Ok(()),
            Err(refused) => {
                let now_held_by =
                    refused.item.as_ref().and_then(|item| attribute(item, "holder")).unwrap_or("nobody");
                Err(RecordsError::Conflict(format!(
                    "the effect `{key}` is no longer held by this worker, but by {now_held_by}"
                )))
            }
        }
    }
}

fn leased(effect: &EffectRecord, now: Timestamp) -> RecordsError {
    let left = effect.lease_until.duration_since(now);
    RecordsError::Leased {
        key: effect.key.clone(),
        until: effect.lease_until,
        retry_after: left.try_into().unwrap_or_default(),
    }
}
