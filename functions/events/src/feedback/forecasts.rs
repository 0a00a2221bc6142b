//! What executions are likely to cost, as it was when that was first shown of each: it is shown again with every edit until they cost something
//! themselves.

use control::Forecast;
use records::{ExecutionRecord, RecordsError, Table};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// So many executions are known; of others it is read again.
const MOST: usize = 64;

/// Forecasts by the names of executions, the oldest in front.
#[derive(Default)]
pub(crate) struct Forecasts(Mutex<VecDeque<(String, Option<Forecast>)>>);

impl Forecasts {
    /// The likely cost of an execution, based on earlier ones.
    pub(super) async fn of(
        &self,
        table: &Table,
        execution: &ExecutionRecord,
    ) -> Result<Option<Forecast>, RecordsError> {
        if let Some(known) = self.known(&execution.name) {
            return Ok(known);
        }
        let forecast = Forecast::read(table, &execution.workflow, execution.begun_at).await?;
        self.keep(&execution.name, forecast);
        Ok(forecast)
    }

    fn known(&self, name: &str) -> Option<Option<Forecast>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(other, _)| other == name).map(|(_, forecast)| *forecast)
    }

    fn keep(&self, name: &str, forecast: Option<Forecast>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.pop_front();
        }
        known.push_back((name.to_owned(), forecast));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_known() {
        let forecasts = Forecasts::default();
        for number in 0..=MOST {
            forecasts.keep(&number.to_string(), None);
        }
        assert_eq!(forecasts.known("0"), None);
        assert_eq!((forecasts.known("1"), forecasts.known(&MOST.to_string())), (Some(None), Some(None)));
    }
}
