//! The journal of effects: a run's changes outside, so that they happen once and can be taken back.
//!
//! A *run* is the outermost execution's ARN; an effect's *key* is the step's idempotency key. An invocation looks up the key,
//! looks outside, [intends](Table::intend) under a lease, acts, and records [done](Table::effect_done) with the output and what
//! takes it back. A worker that finds a dead lease takes it over and learns so: it must check outside before it acts. Between
//! intention and end, [sent](Table::effect_sent) says that a request may have left; see `doubt.rs`.

use crate::effect_record::{
    EffectEnd, EffectIntent, EffectRecord, EffectStatus, IntendResult, NewEffect, SeenEffect,
};
use crate::error::RecordsError;
use crate::item::{attribute, from_item, moment, number, text, to_item, whole_number};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::update::Update;
use crate::write::{ABSENT, Refused, Write};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

/// The largest output the journal keeps, in bytes of JSON; larger values are stored and passed by reference. Output and inverse
/// share one item, which holds 400 KB.
pub const EFFECT_OUTPUT_LIMIT: usize = 200 * 1024;

/// The largest inverse the journal keeps, in bytes of JSON.
pub const EFFECT_INVERSE_LIMIT: usize = 100 * 1024;

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
            _ if before.is_leased(new.at) && before.holder != new.holder => Err(leased(&before, new.at)),
            EffectStatus::Intended | EffectStatus::Sent => self.take_over(new, &before).await,
        }
    }

    /// An effect, and how many intentions its run has, as one reading gives them.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn seen_effect(&self, run: &str, key: &str) -> Result<SeenEffect, RecordsError> {
        let [effect, run] = self.get_each([keys::effect(run, key), keys::run(run)]).await?;
        SeenEffect::of(effect, run.as_ref())
    }

    /// Like [`Table::intend`], for an effect that was never intended when its run had this many intentions: one transaction, as long as both
    /// is still so.
    ///
    /// # Errors
    /// As [`Table::intend`].
    pub async fn intend_first(&self, new: &NewEffect, intentions: u64) -> Result<IntendResult, RecordsError> {
        let expires_at = retention::expires_at(new.at, retention::EXECUTION);
        let effect = intended(new, intentions + 1);
        let count = Update::new(keys::run(&new.run), "SET #expires_at = :expires_at, #sequence = :next")
            .condition(
                "attribute_not_exists(#closed_at) AND (attribute_not_exists(#sequence) OR #sequence = :before)",
            )
            .value(":expires_at", number(expires_at))
            .value(":next", number(effect.sequence))
            .value(":before", number(intentions));
        let item = to_item(&effect, keys::effect(&new.run, &new.key), Some(expires_at))?;
        let mut writes = vec![Write::Update(count), Write::Put { item, condition: Some(ABSENT) }];
        if let Some(request) = &new.request {
            writes.extend(request.write(&new.run, &new.key, expires_at)?);
        }
        match self.transact("intend an effect", writes).await? {
            Ok(()) => Ok(IntendResult::Act(anew(&effect))),
            // Other steps of the run intended something, it was closed, or this effect exists: the current state decides.
            Err(_) => self.intend(new).await,
        }
    }

    async fn intend_anew(
        &self,
        new: &NewEffect,
        before: Option<&EffectRecord>,
    ) -> Result<IntendResult, RecordsError> {
        let effect = intended(new, self.next_sequence(&new.run, new.at).await?);
        let expires_at = retention::expires_at(new.at, retention::EXECUTION);
        let key = keys::effect(&new.run, &new.key);
        let write = match before {
            None => Write::Put { item: to_item(&effect, key, Some(expires_at))?, condition: Some(ABSENT) },
            Some(before) => Write::Update(
                Update::new(
                    key,
                    "SET #sequence = :sequence, #action = :action, #status = :intended, #existed = :existed, \
                     #at = :at, #holder = :holder, #lease_until = :until, #expires_at = :expires_at, \
                     #announced = :announced, #refused = :refused \
                     REMOVE #output, #inverse, #cost, #done_at, #undone_at, #sent_at, #place, #asked_at",
                )
                .condition("#sequence = :before AND #status = :status")
                .value(":sequence", number(effect.sequence))
                .value(":action", text(new.action.as_str()))
                .value(":intended", text(EffectStatus::Intended.as_str()))
                .value(":existed", AttributeValue::Bool(new.existed))
                .value(":announced", AttributeValue::Bool(true))
                .value(":refused", AttributeValue::Bool(false))
                .value(":at", moment(new.at))
                .value(":holder", text(&new.holder))
                .value(":until", moment(new.lease_until))
                .value(":expires_at", number(expires_at))
                .value(":before", number(before.sequence))
                .value(":status", text(before.status.as_str())),
            ),
        };
        let mut writes = vec![write];
        if let Some(request) = &new.request {
            writes.extend(request.write(&new.run, &new.key, expires_at)?);
        }
        self.intend_unless_closed(new, writes).await?;
        Ok(IntendResult::Act(anew(&effect)))
    }

    async fn take_over(&self, new: &NewEffect, before: &EffectRecord) -> Result<IntendResult, RecordsError> {
        self.intend_unless_closed(new, vec![Write::Update(taken_over(new, before))]).await?;
        Ok(IntendResult::Act(resumed(before)))
    }

    async fn intend_unless_closed(&self, new: &NewEffect, writes: Vec<Write>) -> Result<(), RecordsError> {
        let open = Write::Check {
            key: keys::run(&new.run),
            condition: "attribute_not_exists(#closed_at)",
            value: None,
        };
        match self.transact("intend an effect", [vec![open], writes].concat()).await? {
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
            .condition("#status IN (:intended, :sent) AND #holder = :holder")
            .value(":until", moment(until))
            .value(":intended", text(EffectStatus::Intended.as_str()))
            .value(":sent", text(EffectStatus::Sent.as_str()))
            .value(":holder", text(holder));
        self.as_holder("renew a lease", key, update).await
    }

    /// Records that an effect happened, its output and its inverse. Repeating it is not an error.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] when the output is over [`EFFECT_OUTPUT_LIMIT`] or the inverse over [`EFFECT_INVERSE_LIMIT`];
    /// [`RecordsError::Conflict`] when another invocation has taken the lease over.
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
        let within = |what: &str, text: String, limit: usize| match text.len() {
            bytes if bytes > limit => Err(RecordsError::Invalid(format!(
                "the {what} of effect `{key}` has {bytes} bytes; at most {limit} are accepted"
            ))),
            _ => Ok(text),
        };
        let output = serde_json::to_string(&end.output).map_err(json)?;
        let output = within("output", output, EFFECT_OUTPUT_LIMIT)?;
        let mut set = "SET #status = :done, #done_at = :at, #output = :output".to_owned();
        let mut values = vec![(":output", text(output))];
        if let Some(inverse) = &end.inverse {
            set.push_str(", #inverse = :inverse");
            let inverse = serde_json::to_string(inverse).map_err(json)?;
            values.push((":inverse", text(within("inverse", inverse, EFFECT_INVERSE_LIMIT)?)));
        }
        if let Some(cost) = end.cost {
            set.push_str(", #cost = :cost");
            values.push((":cost", number(cost.0)));
        }
        let mut update = Update::new(keys::effect(run, key), set)
            .condition("#holder = :holder AND #status IN (:intended, :sent, :done)")
            .value(":done", text(EffectStatus::Done.as_str()))
            .value(":intended", text(EffectStatus::Intended.as_str()))
            .value(":sent", text(EffectStatus::Sent.as_str()))
            .value(":at", moment(end.at))
            .value(":holder", text(holder));
        for (placeholder, value) in values {
            update = update.value(placeholder, value);
        }
        self.as_holder("record an effect", key, update).await
    }

    /// Abandons an effect before any request was sent. After that, let the lease expire, so that the next invocation looks outside
    /// first.
    ///
    /// # Errors
    /// [`RecordsError::Conflict`] when the holder no longer holds it, or a request has left.
    pub async fn abandon_effect(&self, run: &str, key: &str, holder: &str) -> Result<(), RecordsError> {
        let update = Update::new(keys::effect(run, key), "SET #status = :abandoned")
            .condition("#holder = :holder AND #status IN (:intended, :abandoned)")
            .value(":abandoned", text(EffectStatus::Abandoned.as_str()))
            .value(":intended", text(EffectStatus::Intended.as_str()))
            .value(":holder", text(holder));
        self.as_holder("abandon an effect", key, update).await
    }

    pub(crate) async fn as_holder(
        &self,
        operation: &str,
        key: &str,
        update: Update,
    ) -> Result<(), RecordsError> {
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

/// An effect that is about to happen, as the intention with this number.
fn intended(new: &NewEffect, sequence: u64) -> EffectRecord {
    EffectRecord {
        run: new.run.clone(),
        key: new.key.clone(),
        sequence,
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
        announced: true,
        sent_at: None,
        refused: false,
        place: None,
        asked_at: None,
    }
}

/// What the invocation knows that renewed this intention.
fn anew(effect: &EffectRecord) -> EffectIntent {
    EffectIntent {
        existed: effect.existed,
        at: effect.at,
        sequence: effect.sequence,
        resumed: false,
        doubtful: false,
        asked: false,
    }
}

/// The change by which an invocation takes over another one's effect.
pub(crate) fn taken_over(new: &NewEffect, before: &EffectRecord) -> Update {
    Update::new(keys::effect(&new.run, &new.key), "SET #holder = :holder, #lease_until = :until")
        .condition("#status = :status AND #holder = :before AND #lease_until = :ended")
        .value(":holder", text(&new.holder))
        .value(":until", moment(new.lease_until))
        .value(":status", text(before.status.as_str()))
        .value(":before", text(&before.holder))
        .value(":ended", moment(before.lease_until))
}

/// What the new holder knows about the earlier ones.
pub(crate) fn resumed(before: &EffectRecord) -> EffectIntent {
    EffectIntent {
        existed: before.existed,
        at: before.at,
        sequence: before.sequence,
        resumed: true,
        doubtful: before.is_doubtful(),
        asked: before.asked_at.is_some(),
    }
}

pub(crate) fn leased(effect: &EffectRecord, now: Timestamp) -> RecordsError {
    let left = effect.lease_until.duration_since(now);
    RecordsError::Leased {
        key: effect.key.clone(),
        until: effect.lease_until,
        retry_after: left.try_into().unwrap_or_default(),
    }
}
