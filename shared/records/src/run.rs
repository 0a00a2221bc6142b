//! Runs, as a rollback sees them: closed to new effects, read newest first, taken back one by one.

use crate::effect_record::{EffectRecord, EffectStatus};
use crate::error::RecordsError;
use crate::item::{Item, from_item, moment, number, text};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::update::Update;
use jiff::Timestamp;

impl Table {
    /// Records that an effect was taken back. Repeating it is not an error.
    ///
    /// # Errors
    /// [`RecordsError::Conflict`] when it is not done: there is nothing to take back.
    pub async fn mark_undone(&self, run: &str, key: &str, at: Timestamp) -> Result<(), RecordsError> {
        let update = Update::new(
            keys::effect(run, key),
            "SET #status = :undone, #undone_at = if_not_exists(#undone_at, :at)",
        )
        .condition("#status IN (:done, :undone)")
        .value(":done", text(EffectStatus::Done.as_str()))
        .value(":undone", text(EffectStatus::Undone.as_str()))
        .value(":at", moment(at));
        match self.update("record that an effect was taken back", update).await? {
            Ok(_) => Ok(()),
            Err(_) => {
                Err(RecordsError::Conflict(format!("the effect `{key}` was not done, so it is not undone")))
            }
        }
    }

    /// Closes a run: from now on no effect of it can be intended. Closing it again changes nothing.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn close_run(&self, run: &str, at: Timestamp) -> Result<(), RecordsError> {
        let update = Update::new(
            keys::run(run),
            "SET #closed_at = if_not_exists(#closed_at, :at), #expires_at = :expires_at",
        )
        .value(":at", moment(at))
        .value(":expires_at", number(retention::expires_at(at, retention::EXECUTION)));
        // Without a condition nothing can refuse it.
        let _ = self.update("close a run", update).await?;
        Ok(())
    }

    /// Whether a run was closed: its effects are being, or were, taken back.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn is_closed(&self, run: &str) -> Result<bool, RecordsError> {
        Ok(self.get(keys::run(run)).await?.is_some_and(|item| item.contains_key("closed_at")))
    }

    /// Whether an effect of the run was ever intended, or the run was closed.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn knows_run(&self, run: &str) -> Result<bool, RecordsError> {
        Ok(self.get(keys::run(run)).await?.is_some())
    }

    /// As [`Table::effects_of`], if the run has at most `most` effects; `None` if it has more, or if they are very large.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn few_effects_of(
        &self,
        run: &str,
        most: usize,
    ) -> Result<Option<Vec<EffectRecord>>, RecordsError> {
        let items = self.query_few(keys::run_partition(run), keys::EFFECT, most).await?;
        items.map(newest_first).transpose()
    }

    /// As [`Table::effects_of`] without the outputs, which together may be large.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn journal_of(&self, run: &str) -> Result<Vec<EffectRecord>, RecordsError> {
        let items = self.query_fields(keys::run_partition(run), keys::EFFECT, FIELDS).await?;
        newest_first(items)
    }

    /// Every effect of a run, newest first, read consistently. After [`Table::close_run`] none is added; those that
    /// [are leased](Effect::is_leased) may still become done.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn effects_of(&self, run: &str) -> Result<Vec<EffectRecord>, RecordsError> {
        let items = self.query(keys::run_partition(run), keys::EFFECT).await?;
        newest_first(items)
    }
}

/// The part of an effect that a rollback reads.
const FIELDS: &[&str] = &[
    "sk",
    "run",
    "key",
    "sequence",
    "action",
    "status",
    "existed",
    "at",
    "holder",
    "lease_until",
    "inverse",
    "undone_at",
    "announced",
    "sent_at",
    "refused",
    "place",
    "asked_at",
];

fn newest_first(items: Vec<Item>) -> Result<Vec<EffectRecord>, RecordsError> {
    let mut effects = items.into_iter().map(from_item).collect::<Result<Vec<EffectRecord>, _>>()?;
    effects.sort_by_key(|effect| std::cmp::Reverse(effect.sequence));
    Ok(effects)
}
