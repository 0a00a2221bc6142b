//! Effects that may have happened: a request left, and its answer was lost or is still on its way.
//!
//! [`Table::effect_sent`] is written before such a request is sent. From then on, the effect is not abandoned because of an error: the
//! next invocation looks outside first, and a rollback [takes it up](Table::take_up) to look for it, with the input that the step
//! [asked for](Table::effect_request).

use crate::effect::{leased, resumed, taken_over};
use crate::effect_record::{EffectStatus, IntendResult, NewEffect};
use crate::error::RecordsError;
use crate::item::{moment, text};
use crate::keys;
use crate::table::Table;
use crate::update::Update;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

impl Table {
    /// Records that a request that changes something is about to be sent. `place` is where people see whether it had its effect.
    ///
    /// # Errors
    /// [`RecordsError::Conflict`] if the holder no longer holds the effect: the request must not be sent.
    pub async fn effect_sent(
        &self,
        run: &str,
        key: &str,
        holder: &str,
        place: Option<&str>,
        at: Timestamp,
    ) -> Result<(), RecordsError> {
        let mut update = Update::new(
            keys::effect(run, key),
            match place {
                Some(_) => {
                    "SET #status = :sent, #sent_at = :at, #refused = :refused, #place = :place REMOVE #asked_at"
                }
                None => "SET #status = :sent, #sent_at = :at, #refused = :refused REMOVE #asked_at",
            },
        )
        .condition("#holder = :holder AND #status IN (:intended, :sent)")
        .value(":sent", text(EffectStatus::Sent.as_str()))
        .value(":intended", text(EffectStatus::Intended.as_str()))
        .value(":at", moment(at))
        .value(":refused", AttributeValue::Bool(false))
        .value(":holder", text(holder));
        if let Some(place) = place {
            update = update.value(":place", text(place));
        }
        self.as_holder("record that a request leaves", key, update).await
    }

    /// Records that the service refused the only request that left, so that the effect certainly did not happen.
    ///
    /// # Errors
    /// [`RecordsError::Conflict`] when the holder no longer holds the effect.
    pub async fn effect_refused(&self, run: &str, key: &str, holder: &str) -> Result<(), RecordsError> {
        let update = Update::new(keys::effect(run, key), "SET #refused = :refused")
            .condition("#holder = :holder AND #status = :sent")
            .value(":refused", AttributeValue::Bool(true))
            .value(":sent", text(EffectStatus::Sent.as_str()))
            .value(":holder", text(holder));
        self.as_holder("record a refusal", key, update).await
    }

    /// Records that people are asked whether an uncertain effect happened. The step continues only if they say that it may act again.
    ///
    /// # Errors
    /// [`RecordsError::Conflict`] when the effect is not in doubt.
    pub async fn effect_asked(&self, run: &str, key: &str, at: Timestamp) -> Result<(), RecordsError> {
        let update = Update::new(keys::effect(run, key), "SET #asked_at = :at")
            .condition("#status = :sent")
            .value(":at", moment(at))
            .value(":sent", text(EffectStatus::Sent.as_str()));
        match self.update("record a question about an effect", update).await? {
            Ok(_) => Ok(()),
            Err(_) => Err(RecordsError::Conflict(format!("the effect `{key}` is not in doubt"))),
        }
    }

    /// Takes up an effect that may have happened, to look for it. Unlike [`Table::intend`], this is for a run that is closed: whoever
    /// takes it up must not act.
    ///
    /// # Errors
    /// [`RecordsError::Leased`] while another invocation holds it; [`RecordsError::Conflict`] when there is nothing to look for, or
    /// another invocation was faster.
    pub async fn take_up(&self, new: &NewEffect) -> Result<IntendResult, RecordsError> {
        let conflict = |what: &str| RecordsError::Conflict(format!("the effect `{}` {what}", new.key));
        let before = self.effect(&new.run, &new.key).await?.ok_or_else(|| conflict("was never intended"))?;
        if before.status == EffectStatus::Done {
            return Ok(IntendResult::Done(Box::new(before)));
        }
        if !before.is_open() {
            return Err(conflict("is not open"));
        }
        if before.is_leased(new.at) && before.holder != new.holder {
            return Err(leased(&before, new.at));
        }
        match self.update("take up an effect", taken_over(new, &before)).await? {
            Ok(_) => Ok(IntendResult::Act(resumed(&before))),
            Err(_) => Err(conflict("was just changed")),
        }
    }

    /// Records that an effect that was looked for is certainly not there.
    ///
    /// # Errors
    /// [`RecordsError::Conflict`] when the holder no longer holds it.
    pub async fn effect_absent(&self, run: &str, key: &str, holder: &str) -> Result<(), RecordsError> {
        let update = Update::new(keys::effect(run, key), "SET #status = :abandoned")
            .condition("#holder = :holder AND #status IN (:intended, :sent)")
            .value(":abandoned", text(EffectStatus::Abandoned.as_str()))
            .value(":intended", text(EffectStatus::Intended.as_str()))
            .value(":sent", text(EffectStatus::Sent.as_str()))
            .value(":holder", text(holder));
        self.as_holder("record that an effect is not there", key, update).await
    }
}
