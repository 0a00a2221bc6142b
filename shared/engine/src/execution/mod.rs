//! One execution: a pure fold of its log.
//!
//! [`ExecutionState::apply`] folds an event into the state, [`ExecutionState::decide`] gives the next event that
//! follows from the state and the time alone, and [`ExecutionState::calls`] lists what the world outside must be
//! asked for. Nothing here does I/O, so reading the log again after a crash gives the same state.

mod answer;
mod apply;
mod begin;
mod calls;
mod decide;
mod evaluate;
mod event;
mod finish;
mod recover;
mod token;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

pub(crate) use answer::{Answer, Rejection};
pub(crate) use calls::{Call, CallKind, Reading};
pub(crate) use event::{Event, Failure, Label, What};
pub(crate) use token::{Claim, Seed};

use crate::definition::{Definition, Flow, State};

/// What is fixed about an execution from its start.
#[derive(Debug)]
pub(crate) struct Identity {
    /// Its key in the log.
    pub(crate) key: i64,
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) state_machine_arn: String,
    pub(crate) state_machine_name: String,
    pub(crate) role_arn: String,
    pub(crate) seed: Seed,
    pub(crate) definition: Arc<Definition>,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Succeeded(Value),
    Failed(Failure),
    TimedOut(Failure),
    Aborted(Failure),
}

/// Everything that the log of an execution says about its present.
#[derive(Debug)]
pub(crate) struct ExecutionState {
    pub(crate) identity: Arc<Identity>,
    input: Value,
    started_at: Timestamp,
    /// The number of public events so far.
    events: u64,
    root: Branch,
    outcome: Option<Outcome>,
    ended_at: Option<Timestamp>,
}

/// A flow in progress: the machine itself, a branch of a Parallel, or an iteration of a Map.
#[derive(Debug)]
struct Branch {
    path: Vec<usize>,
    /// The public event from which the next one follows.
    last_event: u64,
    variables: Map<String, Value>,
    /// The index and item of a Map iteration.
    item: Option<(usize, Value)>,
    position: Position,
}

/// Where a flow is.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "almost every flow in progress is in a state")]
enum Position {
    /// Before a state.
    Before { state: String, input: Value },
    /// In a state.
    In(Visit),
    /// Past its last state, with its output.
    Done(Value),
    /// Failed, with nothing that caught it.
    Failed(Failure),
}

/// One stay in a state.
#[derive(Debug)]
struct Visit {
    name: String,
    input: Value,
    entered: u64,
    /// The public event that led to the state.
    entered_after: u64,
    entered_at: Timestamp,
    /// How often each retrier was used.
    attempts: Vec<u64>,
    phase: Phase,
}

/// How far a stay in a state has come.
#[derive(Debug)]
enum Phase {
    /// To begin, at first or again.
    Ready,
    /// A task is scheduled but not started.
    Scheduled(Scheduled),
    /// The task is started.
    Started(Scheduled),
    /// The task was handed over; a token, or another execution, will tell how it ended.
    Submitted(Scheduled, Value),
    /// Until then, nothing happens.
    Waiting(Timestamp),
    /// Until then, a retry waits.
    Backoff(Timestamp),
    /// Branches or iterations run.
    Spread(Spread),
    /// The result is there; output and variables follow.
    Returned(Value),
    /// Failed; whether to retry, catch or give up is not decided. `told` once the history shows the failure of a
    /// Parallel or Map as a whole.
    Failing { failure: Failure, told: bool },
}

/// A scheduled task.
#[derive(Debug)]
struct Scheduled {
    event: u64,
    at: Timestamp,
    parameters: Value,
    timeout: Option<u64>,
    heartbeat: Option<u64>,
    /// When the token's holder was last heard of.
    alive_at: Timestamp,
}

/// The branches of a Parallel or the iterations of a Map.
#[derive(Debug)]
struct Spread {
    children: Vec<Child>,
    /// How many may run at once.
    concurrency: usize,
}

#[derive(Debug)]
enum Child {
    /// An iteration that has not begun, by its item.
    Pending(Value),
    Live(Box<Branch>),
    /// An iteration that is over.
    Finished(Value),
}

impl Branch {
    fn new(path: Vec<usize>, last_event: u64, flow: &Flow, input: Value) -> Self {
        Self {
            path,
            last_event,
            variables: Map::new(),
            item: None,
            position: Position::Before { state: flow.start_at.clone(), input },
        }
    }
}

impl Branch {
    /// The public event from which `what` follows.
    fn previous(&self, what: &What) -> u64 {
        match (what, &self.position) {
            // AWS links a failed evaluation to what came before the state that it entered; only when a Timestamp is
            // read is the state under way.
            (What::EvaluationFailed { location, .. }, Position::In(visit))
                if visit.entered == self.last_event && location.as_deref() != Some("Timestamp") =>
            {
                visit.entered_after
            }
            _ => self.last_event,
        }
    }
}

/// An event to be: where, and what.
#[derive(Debug)]
pub(crate) struct Draft {
    branch: Vec<usize>,
    pub(crate) what: What,
}

impl ExecutionState {
    /// The state before anything happened. The first event to apply is `ExecutionStarted`.
    pub(crate) fn new(identity: Arc<Identity>) -> Self {
        let root = Branch::new(Vec::new(), 0, &identity.definition.flow, Value::Null);
        Self {
            identity,
            input: Value::Null,
            started_at: Timestamp::UNIX_EPOCH,
            events: 0,
            root,
            outcome: None,
            ended_at: None,
        }
    }

    /// Folds a whole log.
    pub(crate) fn replay(identity: Arc<Identity>, log: &[Event]) -> Self {
        let mut state = Self::new(identity);
        log.iter().for_each(|event| state.apply(event));
        state
    }

    /// How the execution ended, if it has.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// When the execution ended, if it has.
    pub(crate) fn ended_at(&self) -> Option<Timestamp> {
        self.ended_at
    }

    /// The event that starts the execution.
    pub(crate) fn start(input: Value, now: Timestamp) -> Event {
        Event { id: 1, previous: 0, at: now, branch: Vec::new(), what: What::ExecutionStarted { input } }
    }

    /// Gives a draft its number and time, which makes it an event of this execution.
    pub(crate) fn event(&self, draft: Draft, now: Timestamp) -> Event {
        let id = if draft.what.is_public() { self.events + 1 } else { 0 };
        let previous = self.branch(&draft.branch).map_or(0, |branch| branch.previous(&draft.what));
        Event { id, previous, at: now, branch: draft.branch, what: draft.what }
    }

    fn branch(&self, path: &[usize]) -> Option<&Branch> {
        path.iter().try_fold(&self.root, |branch, index| match &branch.position {
            Position::In(Visit { phase: Phase::Spread(spread), .. }) => match spread.children.get(*index)? {
                Child::Live(child) => Some(child.as_ref()),
                _ => None,
            },
            _ => None,
        })
    }

    /// The branch, and the flow it is in.
    fn branch_mut(&mut self, path: &[usize]) -> Option<(&mut Branch, &Flow)> {
        let mut flow = &self.identity.definition.flow;
        let mut branch = &mut self.root;
        for index in path {
            let Position::In(visit) = &mut branch.position else { return None };
            let state = flow.states.get(&visit.name)?;
            let Phase::Spread(spread) = &mut visit.phase else { return None };
            let Child::Live(child) = spread.children.get_mut(*index)? else { return None };
            flow = inner_flow(state, *index)?;
            branch = child;
        }
        Some((branch, flow))
    }
}

/// The flow of child `index`: every iteration of a Map has the same, every branch of a Parallel its own.
fn inner_flow(state: &State, index: usize) -> Option<&Flow> {
    match state.kind.flows() {
        [only] => Some(only),
        flows => flows.get(index),
    }
}
