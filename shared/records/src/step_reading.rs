//! The reads before a step is performed: in one request, because each step begins with it.

use crate::admission::Admission;
use crate::configured::Configured;
use crate::effect_record::SeenEffect;
use crate::error::RecordsError;
use crate::item::{Item, from_item, is_under};
use crate::keys::{self, Key};
use crate::table::Table;
use jiff::Timestamp;

/// The data that a function reads before it performs a step.
#[derive(Debug)]
pub struct StepReading {
    /// The configuration.
    ///
    /// # Errors
    /// Like [`Table::configured`]: its error is the step's failure, which is recorded.
    pub configured: Result<Configured, RecordsError>,
    /// The requested admission of the run; `None` if it was not admitted.
    pub admission: Option<Admission>,
    /// The effect that was asked for.
    pub effect: Option<SeenEffect>,
}

impl Table {
    /// The configuration, the admission of a run, and an effect by its run and key, the latter two if requested.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn read_for_step(
        &self,
        admission_of: Option<&str>,
        effect: Option<(&str, &str)>,
        now: Timestamp,
    ) -> Result<StepReading, RecordsError> {
        let mut wanted = self.configured_keys(now);
        wanted.extend(admission_of.map(keys::admission));
        wanted.extend(effect.into_iter().flat_map(|(run, key)| [keys::effect(run, key), keys::run(run)]));
        let items = self.get_many(wanted).await?;
        let of = |key: Key| -> Option<&Item> { items.iter().find(|item| is_under(item, &key)) };
        let admission = admission_of.and_then(|run| of(keys::admission(run)));
        let seen = |(run, key)| SeenEffect::of(of(keys::effect(run, key)).cloned(), of(keys::run(run)));
        Ok(StepReading {
            admission: admission.cloned().map(from_item).transpose()?,
            effect: effect.map(seen).transpose()?,
            configured: self.configured_in(&items, now).await,
        })
    }
}
