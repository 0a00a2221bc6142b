//! What executions are likely to cost, as it was when that was first shown of each: it is shown again with every edit until they cost something
//! themselves. Executions of a workflow that begin at about the same time are shown the same.

use control::Forecast;
use jiff::{SignedDuration, Timestamp};
use records::{ExecutionRecord, RecordsError, Table};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// So many executions are known; of others it is read again.
const MOST: usize = 64;

/// So long, what was read for one execution of a workflow is shown of others, too, unless a run of it ends here: one that ends elsewhere
/// says little.
const FRESH: SignedDuration = SignedDuration::from_secs(10);

/// Forecasts, the oldest in front.
#[derive(Default)]
pub(crate) struct Forecasts(Mutex<VecDeque<Known>>);

struct Known {
    execution: String,
    workflow: String,
    forecast: Option<Forecast>,
    /// When it was read from the table, as long as nothing newer is known to be there.
    read_at: Option<Timestamp>,
}

impl Forecasts {
    /// The likely cost of an execution, based on earlier ones.
    pub(super) async fn of(
        &self,
        table: &Table,
        execution: &ExecutionRecord,
        now: Timestamp,
    ) -> Result<Option<Forecast>, RecordsError> {
        let (name, workflow) = (&execution.name, &execution.workflow);
        if let Some(known) = self.known(name) {
            return Ok(known);
        }
        let (forecast, read_at) = match self.fresh(workflow, now) {
            Some(fresh) => fresh,
            None => (Forecast::read(table, workflow, execution.begun_at).await?, Some(now)),
        };
        self.keep(name, workflow, forecast, read_at);
        Ok(forecast)
    }

    /// Has the next execution of a workflow read it again, because the cost of a run was recorded.
    pub(crate) fn forget(&self, workflow: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for one in known.iter_mut().filter(|one| one.workflow == workflow) {
            one.read_at = None;
        }
    }

    fn known(&self, name: &str) -> Option<Option<Forecast>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|known| known.execution == name).map(|known| known.forecast)
    }

    /// What was read of a workflow shortly before `now`, and when.
    fn fresh(&self, workflow: &str, now: Timestamp) -> Option<(Option<Forecast>, Option<Timestamp>)> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = known.iter().rev().find(|known| known.workflow == workflow)?;
        let age = now.duration_since(newest.read_at?);
        let is_fresh = !age.is_negative() && age < FRESH;
        is_fresh.then_some((newest.forecast, newest.read_at))
    }

    fn keep(&self, execution: &str, workflow: &str, forecast: Option<Forecast>, read_at: Option<Timestamp>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.pop_front();
        }
        let (execution, workflow) = (execution.to_owned(), workflow.to_owned());
        known.push_back(Known { execution, workflow, forecast, read_at });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_known() {
        let forecasts = Forecasts::default();
        for number in 0..=MOST {
            forecasts.keep(&number.to_string(), "nightly", None, None);
        }
        assert_eq!(forecasts.known("0"), None);
        assert_eq!((forecasts.known("1"), forecasts.known(&MOST.to_string())), (Some(None), Some(None)));
    }

    #[test]
    fn others_of_the_same_workflow_are_shown_what_was_just_read() {
        let forecasts = Forecasts::default();
        let read_at = Timestamp::UNIX_EPOCH;
        let after = |seconds| read_at + SignedDuration::from_secs(seconds);
        forecasts.keep("one", "nightly", None, Some(read_at));
        let fresh = forecasts.fresh("nightly", after(9));
        assert_eq!(fresh, Some((None, Some(read_at))), "shown of others, it is as old as it was");
        assert_eq!(forecasts.fresh("nightly", after(10)), None);
        assert_eq!(forecasts.fresh("nightly", after(-1)), None);
        assert_eq!(forecasts.fresh("weekly", after(1)), None);
        forecasts.forget("nightly");
        assert_eq!(forecasts.fresh("nightly", after(1)), None);
        assert_eq!(forecasts.known("one"), Some(None));
    }
}
