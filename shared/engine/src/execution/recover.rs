//! What follows a failure: a retry, a catcher, or the failure of the whole flow.

use jiff::SignedDuration;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::decide::whole_millisecond;
use super::evaluate::Evaluation;
use super::{Draft, Failing, Failure, What};
use crate::definition::{Catcher, Kind, Retrier, State, matches};

impl Evaluation<'_> {
    /// The event that follows a failure.
    pub(super) fn recover(&self, state: &State, failing: &Failing) -> Draft {
        let Failing { failure, told, hopeless, spread } = failing;
        if !failure.is_of_machine()
            && let Some(aborted) = spread.as_ref().and_then(|spread| spread.abort(state, &self.visit.name))
        {
            return aborted;
        }
        if !hopeless && let Some(retry) = self.retry(state, failure) {
            return retry;
        }
        let whole = match state.kind {
            Kind::Map(_) => Some(What::MapStateFailed),
            Kind::Parallel { .. } => Some(What::ParallelStateFailed),
            _ => None,
        };
        if let Some(whole) = whole.filter(|_| !told && !failure.is_of_machine()) {
            return self.draft(whole);
        }
        let catchers = if *hopeless { &[][..] } else { &state.recovery.catchers };
        match catchers.iter().position(|catcher| matches(&catcher.errors, failure)) {
            Some(index) => self.catch(state, &catchers[index], index, failure),
            None => self.draft(What::BranchFailed(failure.clone())),
        }
    }

    /// Each retrier counts separately; the first that names the error decides.
    fn retry(&self, state: &State, failure: &Failure) -> Option<Draft> {
        let retriers = &state.recovery.retriers;
        let index = retriers.iter().position(|retrier| matches(&retrier.errors, failure))?;
        let retrier = &retriers[index];
        let attempt = self.visit.attempts.get(index).copied().unwrap_or(0);
        if attempt >= retrier.max_attempts {
            return None;
        }
        let delay =
            SignedDuration::try_from_secs_f64(self.jittered(retrier, attempt)).unwrap_or(SignedDuration::MAX);
        let until = whole_millisecond(self.now.checked_add(delay).unwrap_or(jiff::Timestamp::MAX));
        Some(self.draft(What::RetryScheduled { retrier: index, until }))
    }

    /// Full jitter spreads the retry over the whole delay.
    fn jittered(&self, retrier: &Retrier, attempt: u64) -> f64 {
        let delay = retrier.delay_seconds(attempt);
        if !retrier.full_jitter {
            return delay;
        }
        let purpose = format!("retry {:?}", self.scope.branch.path);
        let seed = self.state.identity.seed.derive(&purpose, self.state.events);
        delay * StdRng::from_seed(seed).random::<f64>()
    }

    fn catch(&self, state: &State, catcher: &Catcher, index: usize, failure: &Failure) -> Draft {
        // AWS returns null if nothing was given, but a timeout has an empty cause.
        let timed_out = failure.name() == "States.Timeout";
        let cause = failure.cause.clone().or_else(|| timed_out.then(String::new));
        let error_output = json!({ "Error": failure.error, "Cause": cause });
        let environment = self.environment(Some(("errorOutput", error_output.clone())), None);
        let prefix = format!("Catch[{index}]/");
        let output = catcher.output.as_ref();
        self.exit(
            state,
            &environment,
            &catcher.assign,
            output,
            &prefix,
            Some(&error_output),
            Some(&catcher.next),
        )
        .unwrap_or_else(|fault| self.failed(fault))
    }
}
