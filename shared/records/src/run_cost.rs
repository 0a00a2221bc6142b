//! The cost of a workflow's runs, from which the cost of the next one is forecast.

use crate::error::RecordsError;
use crate::item::{from_item, to_item};
use crate::keys;
use crate::retention;
use crate::table::Table;
use crate::timestamp;
use domain::MicroUsd;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Older runs say little about the next one.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

/// The result of a successful run, including its redrives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCost {
    /// The workflow's name.
    pub workflow: String,
    /// The name of the execution that began the run.
    pub began_as: String,
    /// When that began.
    #[serde(with = "timestamp")]
    pub begun_at: Timestamp,
    /// Its cost, with calls of unknown cost at their worst case.
    pub cost: MicroUsd,
}

impl Table {
    /// Records a run's cost. A redrive of the same run replaces the earlier record.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_run_cost(&self, run: &RunCost) -> Result<(), RecordsError> {
        let key = keys::run_cost(&run.workflow, run.begun_at, &run.began_as);
        let item = to_item(run, key, Some(retention::expires_at(run.begun_at, KEPT)))?;
        // Without a condition nothing can refuse it.
        let _ = self.put("record what a run cost", item, None).await?;
        Ok(())
    }

    /// The cost of the newest runs of a workflow that began before a moment, at most `limit` of them.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn run_costs(
        &self,
        workflow: &str,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<MicroUsd>, RecordsError> {
        let before = Some(timestamp::fixed_width(before));
        let newest = self.query_newest(keys::run_costs(workflow), keys::RUN_COST, before, limit).await?;
        newest.into_iter().map(|item| from_item::<RunCost>(item).map(|run| run.cost)).collect()
    }
}
