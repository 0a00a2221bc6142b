//! One execution: a pure fold of its log.
//!
//! [`ExecutionState::apply`] folds an event into the state, [`ExecutionState::decide`] returns the next event that
//! follows from the state and the time alone, and [`ExecutionState::calls`] lists what the world outside must be
//! asked for. Nothing here does I/O, so reading the log again after a crash yields the same state.

mod abort;
mod answer;
mod apply;
mod begin;
mod calls;
mod decide;
mod evaluate;
mod event;
mod finish;
mod recover;
mod redrive;
mod token;
mod trial;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

pub(crate) use answer::{Answer, Rejection};
pub(crate) use calls::{Call, CallKind, Reading};
pub(crate) use event::{Event, Failure, Label, What};
pub(crate) use redrive::{Obstacle, Redrive};
pub(crate) use token::{Claim, Seed};
pub(crate) use trial::{Configuration, Mock, Step, Trial, Verdict};

use crate::definition::{Definition, Flow, State};

/// The facts of an execution that are fixed at its start.
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
    /// The context object, if a trial has one.
    context: Option<Value>,
    started_at: Timestamp,
    /// When it was last redriven, or else started: the machine's time limit counts from here.
    resumed_at: Timestamp,
    /// How often it was redriven, when, and by which requests.
    redrives: Vec<Redrive>,
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
    /// The bytes of all of them.
    variables_bytes: usize,
    /// The index and item of a Map iteration.
    item: Option<(usize, Value)>,
    /// The history records that the iteration was not brought to its end.
    aborted: bool,
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
    /// Failed in this state, with nothing that caught it.
    Failed(Box<Visit>, Failure),
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
    /// When it was last redriven, or else entered: a Wait counts from here.
    since: Timestamp,
    /// The history records that the state was not left.
    aborted: bool,
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
    /// The task was handed over; a token or another execution will report how it ended.
    Submitted(Scheduled, Value),
    /// Until then, nothing happens.
    Waiting(Timestamp),
    /// Until then, a retry waits.
    Backoff(Timestamp),
    /// Branches or iterations run.
    Spread(Spread),
    /// The result is there; output and variables follow.
    Returned(Value),
    /// Failed; the choice between retrying, catching and giving up is still open.
    Failing(Failing),
}

/// The failure of a state, and its remaining work.
#[derive(Debug)]
struct Failing {
    failure: Failure,
    /// The history shows the failure of a Parallel or Map as a whole.
    told: bool,
    /// A catcher itself failed, and there is no other exit.
    hopeless: bool,
    /// The branches or iterations as they were, for a redrive to continue.
    spread: Option<Spread>,
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
    /// A waiting iteration, by its item.
    Pending(Value),
    Live(Box<Branch>),
    /// A finished iteration.
    Finished(Value),
}

impl Branch {
    fn new(path: Vec<usize>, last_event: u64, flow: &Flow, input: Value) -> Self {
        Self {
            path,
            last_event,
            variables: Map::new(),
            variables_bytes: 0,
            item: None,
            aborted: false,
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

/// An event to record: where, and what.
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
            context: None,
            started_at: Timestamp::UNIX_EPOCH,
            resumed_at: Timestamp::UNIX_EPOCH,
            redrives: Vec::new(),
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

    /// Numbers and dates a draft, which makes it an event of this execution.
    pub(crate) fn event(&self, draft: Draft, now: Timestamp) -> Event {
        let id = if draft.what.is_public() { self.events + 1 } else { 0 };
        let previous = match draft.what {
            // AWS links the end that came from outside to no event.
            What::ExecutionTimedOut(_) | What::ExecutionAborted(_) => 0,
            _ => self.branch(&draft.branch).map_or(0, |branch| branch.previous(&draft.what)),
        };
        Event { id, previous, at: now, branch: draft.branch, what: draft.what }
    }

    fn branch(&self, path: &[usize]) -> Option<&Branch> {
        path.iter().try_fold(&self.root, |branch, index| {
            match branch.position.visit()?.spread()?.children.get(*index)? {
                Child::Live(child) => Some(child.as_ref()),
                _ => None,
            }
        })
    }

    /// The branch, and the flow it is in.
    fn branch_mut(&mut self, path: &[usize]) -> Option<(&mut Branch, &Flow)> {
        let mut flow = &self.identity.definition.flow;
        let mut branch = &mut self.root;
        for index in path {
            let visit = branch.position.visit_mut()?;
            let state = flow.states.get(&visit.name)?;
            let Child::Live(child) = visit.spread_mut()?.children.get_mut(*index)? else { return None };
            flow = inner_flow(state, *index)?;
            branch = child;
        }
        Some((branch, flow))
    }

    /// The bytes of all variables of the execution.
    fn variables_bytes(&self) -> usize {
        self.root.all_variables_bytes()
    }
}

impl Branch {
    fn all_variables_bytes(&self) -> usize {
        let children =
            self.position.visit().and_then(Visit::spread).map_or(&[][..], |spread| &spread.children);
        let live = children.iter().filter_map(|child| match child {
            Child::Live(branch) if !matches!(branch.position, Position::Done(_)) => Some(branch),
            _ => None,
        });
        self.variables_bytes + live.map(|branch| branch.all_variables_bytes()).sum::<usize>()
    }
}

impl Position {
    /// The state that the flow is in, even if it failed there.
    fn visit(&self) -> Option<&Visit> {
        match self {
            Self::In(visit) => Some(visit),
            Self::Failed(visit, _) => Some(visit),
            Self::Before { .. } | Self::Done(_) => None,
        }
    }

    fn visit_mut(&mut self) -> Option<&mut Visit> {
        match self {
            Self::In(visit) => Some(visit),
            Self::Failed(visit, _) => Some(visit),
            Self::Before { .. } | Self::Done(_) => None,
        }
    }
}

impl Visit {
    /// The branches or iterations, even if they failed.
    fn spread(&self) -> Option<&Spread> {
        match &self.phase {
            Phase::Spread(spread) | Phase::Failing(Failing { spread: Some(spread), .. }) => Some(spread),
            _ => None,
        }
    }

    fn spread_mut(&mut self) -> Option<&mut Spread> {
        match &mut self.phase {
            Phase::Spread(spread) | Phase::Failing(Failing { spread: Some(spread), .. }) => Some(spread),
            _ => None,
        }
    }
}

/// The flow of child `index`: every iteration of a Map has the same, every branch of a Parallel its own.
fn inner_flow(state: &State, index: usize) -> Option<&Flow> {
    match state.kind.flows() {
        [only] => Some(only),
        flows => flows.get(index),
    }
}
