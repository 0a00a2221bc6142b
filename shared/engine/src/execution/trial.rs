//! Tries out one state, as `TestState` does.
//!
//! The state goes through the same steps as in an execution. What it would wait for does not take any time, and what it
//! would call can be mocked.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::{
    Answer, Call, Child, Draft, Event, ExecutionState, Failure, Identity, Phase, Position, Visit, What,
};
use crate::definition::{State, matches};

/// For how long a state is tried out; the same as on AWS.
const LONGEST_TRIAL: SignedDuration = SignedDuration::from_mins(5);

/// The inputs of a trial.
#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) input: Value,
    pub(crate) variables: Map<String, Value>,
    /// The context object, instead of the trial's own.
    pub(crate) context: Option<Value>,
    pub(crate) mock: Option<Mock>,
    /// How often the retrier that names the mocked error was used before.
    pub(crate) retries: u64,
}

/// The result the state gets instead of doing its work.
#[derive(Clone, Debug)]
pub(crate) enum Mock {
    Result(Value),
    Failure(Failure),
}

/// The next state in a trial.
#[derive(Debug)]
pub(crate) enum Step {
    /// This must be called, and its answer given to [`Trial::answer`] within this time.
    Call(Call, SignedDuration),
    Ended(Verdict),
}

/// What came of a trial.
#[derive(Debug)]
pub(crate) enum Verdict {
    Succeeded { output: Value, next: Option<String> },
    Caught { output: Value, next: Option<String>, failure: Failure, catcher: Option<usize> },
    Retriable { failure: Failure, retrier: usize, wait: SignedDuration },
    Failed(Failure),
}

/// The trace of a trial.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The evaluated arguments.
    pub(crate) arguments: Option<Value>,
    /// The inputs of a Map's iterations.
    pub(crate) items: Option<Vec<Value>>,
    /// The maximum number of concurrent iterations, if the state sets one.
    pub(crate) concurrency: Option<usize>,
    /// The raw result.
    pub(crate) result: Option<Value>,
}

/// A state being tried out.
#[derive(Debug)]
pub(crate) struct Trial {
    state: ExecutionState,
    now: Timestamp,
    ends_by: Timestamp,
    mock: Option<Mock>,
    retries: u64,
    failure: Option<Failure>,
    pub(crate) seen: Seen,
}

impl Trial {
    /// A trial of the only state in the definition of `identity`.
    pub(crate) fn new(identity: Identity, configuration: Configuration, now: Timestamp) -> Self {
        let Configuration { input, variables, context, mock, retries } = configuration;
        let mut state = ExecutionState::new(Arc::new(identity));
        state.apply(&ExecutionState::start(input, now));
        state.context = context;
        state.root.variables = variables;
        Self {
            state,
            now,
            ends_by: now.checked_add(LONGEST_TRIAL).unwrap_or(Timestamp::MAX),
            mock,
            retries,
            failure: None,
            seen: Seen::default(),
        }
    }

    /// The variables as they are now.
    pub(crate) fn variables(&self) -> &Map<String, Value> {
        &self.state.root.variables
    }

    /// Goes on until something must be called, or to the end.
    pub(crate) fn advance(&mut self) -> Step {
        loop {
            if let Some(call) = self.state.calls().into_iter().next() {
                match self.mock.take() {
                    Some(mock) => self.answer(&call, mock.answer()),
                    None => return Step::Call(call, self.time_left()),
                }
            } else if let Some(draft) = self.state.decide(self.now) {
                if let Some(verdict) = self.apply(draft) {
                    return Step::Ended(verdict);
                }
            } else {
                match self.state.wakes_at().filter(|until| *until <= self.ends_by) {
                    Some(until) => self.now = until,
                    None => return Step::Ended(Verdict::Failed(Failure::timeout(false))),
                }
            }
        }
    }

    /// How long the task may take, or the trial.
    fn time_left(&self) -> SignedDuration {
        let end = self.state.wakes_at().map_or(self.ends_by, |until| until.min(self.ends_by));
        end.duration_since(self.now)
    }

    /// Takes in the answer to a call.
    pub(crate) fn answer(&mut self, call: &Call, answer: Answer) {
        if let Some(draft) = self.state.answer(&call.branch, call.scheduled, answer) {
            // An answer to a call does not end anything by itself.
            let _ = self.apply(draft);
        }
    }

    fn apply(&mut self, draft: Draft) -> Option<Verdict> {
        let mut event = self.state.event(draft, self.now);
        if let What::MapStateStarted { items, concurrency } = &mut event.what {
            self.seen.concurrency = Some(*concurrency);
            // All iterations begin, so that all of their inputs are seen.
            *concurrency = items.len().max(1);
        }
        self.state.apply(&event);
        match &event.what {
            What::TaskScheduled { parameters, .. } => self.seen.arguments = Some(parameters.clone()),
            What::ParallelStateStarted { input } => {
                self.seen.arguments = Some(input.clone());
                self.mock_spread(&event);
            }
            What::MapStateStarted { items, .. } => {
                self.seen.items = Some(Vec::new());
                if items.is_empty() {
                    self.mock_spread(&event);
                }
            }
            What::MapIterationStarted { input, .. } => {
                let seen = self.seen.items.get_or_insert_default();
                seen.push(input.clone());
                if self.has_begun_all() {
                    self.mock_spread(&event);
                }
            }
            What::TaskSucceeded { output, .. } => self.seen.result = Some(output.clone()),
            What::TaskFailed { failure, .. }
            | What::TaskTimedOut { failure, .. }
            | What::EvaluationFailed { failure, .. }
            | What::StateFailed(failure) => self.fail(failure.clone()),
            What::RetryScheduled { retrier, until } => {
                let wait = until.duration_since(self.now);
                let failure = self.failure.take().unwrap_or_default();
                return Some(Verdict::Retriable { failure, retrier: *retrier, wait });
            }
            What::BranchFailed(failure) => return Some(Verdict::Failed(failure.clone())),
            What::StateExited { output, next, .. } => {
                let (output, next) = (output.clone(), next.clone());
                return Some(match self.failure.take() {
                    None => Verdict::Succeeded { output, next },
                    Some(failure) => {
                        let catchers = self.tried().map_or(&[][..], |state| &state.recovery.catchers);
                        let catcher = catchers.iter().position(|catcher| matches(&catcher.errors, &failure));
                        Verdict::Caught { output, next, failure, catcher }
                    }
                });
            }
            _ => {}
        }
        None
    }

    /// The state tried out.
    fn tried(&self) -> Option<&State> {
        self.state.identity.definition.flow.states.values().next()
    }

    fn visit(&mut self) -> Option<&mut Visit> {
        match &mut self.state.root.position {
            Position::In(visit) => Some(visit),
            _ => None,
        }
    }

    fn has_begun_all(&self) -> bool {
        let spread = self.state.root.position.visit().and_then(Visit::spread);
        let pending = |child: &Child| matches!(child, Child::Pending(_));
        spread.is_some_and(|spread| !spread.children.iter().any(pending))
    }

    /// Lets a Parallel or Map have the mocked result, or fail.
    fn mock_spread(&mut self, last: &Event) {
        let (id, previous, at) = (last.id, last.previous, last.at);
        match self.mock.take() {
            Some(Mock::Result(result)) => {
                self.seen.result = Some(result.clone());
                if let Some(visit) = self.visit() {
                    visit.phase = Phase::Returned(result);
                }
            }
            Some(Mock::Failure(failure)) => {
                let what = What::StateFailed(failure.clone());
                self.state.apply(&Event { id, previous, at, branch: Vec::new(), what });
                self.fail(failure);
            }
            None => {}
        }
    }

    /// Notes a failure, and how often it was retried before.
    fn fail(&mut self, failure: Failure) {
        let retriers = self.tried().map_or(&[][..], |state| &state.recovery.retriers);
        let index = retriers.iter().position(|retrier| matches(&retrier.errors, &failure));
        let retries = self.retries;
        if let (Some(index), Some(visit)) = (index, self.visit())
            && let Some(attempts) = visit.attempts.get_mut(index)
        {
            *attempts = retries;
        }
        self.failure = Some(failure);
    }
}

impl Mock {
    fn answer(self) -> Answer {
        match self {
            Self::Result(result) => Answer::Success(result),
            Self::Failure(failure) => Answer::Failure(failure),
        }
    }
}
