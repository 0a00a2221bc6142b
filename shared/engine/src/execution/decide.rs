//! Everything that follows from the state and the time alone.

use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};

use super::evaluate::{Evaluation, Scope};
use super::{Branch, Child, Draft, ExecutionState, Failure, Phase, Position, Scheduled, Spread, Visit, What};
use crate::definition::{Flow, Kind, Pattern, State};
use crate::limits::HISTORY_EVENTS;

impl ExecutionState {
    /// The next event that needs nothing from outside, or `None` while the execution waits or when it has ended.
    pub(crate) fn decide(&self, now: Timestamp) -> Option<Draft> {
        if self.outcome.is_some() || self.events == 0 {
            return None;
        }
        let whole = |what| Some(Draft { branch: Vec::new(), what });
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            let end = What::ExecutionTimedOut(Failure::timeout(false));
            return self.abort_states().or_else(|| whole(end));
        }
        match &self.root.position {
            Position::Done(output) => return whole(What::ExecutionSucceeded { output: output.clone() }),
            Position::Failed(_, failure) => return whole(What::ExecutionFailed(failure.clone())),
            _ => {}
        }
        if self.events + 1 >= HISTORY_EVENTS {
            let cause =
                format!("The execution reached the maximum number of history events ({HISTORY_EVENTS}).");
            return whole(What::ExecutionFailed(Failure::new("States.Runtime", cause)));
        }
        let scope = Scope { branch: &self.root, outer: None };
        self.decide_branch(&self.identity.definition.flow, scope, now)
    }

    /// When the whole execution is stopped for having run too long.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.identity.definition.timeout_seconds.map(|seconds| after(self.resumed_at, seconds))
    }

    fn decide_branch(&self, flow: &Flow, scope: Scope<'_>, now: Timestamp) -> Option<Draft> {
        let branch = scope.branch;
        let visit = match &branch.position {
            Position::Before { state, input } => {
                // Every transition was checked to lead to a state, so the kind is always known.
                let kind = flow.states.get(state).map_or("Pass", |state| state.kind.name());
                let what =
                    What::StateEntered { kind: kind.to_owned(), name: state.clone(), input: input.clone() };
                return Some(Draft { branch: branch.path.clone(), what });
            }
            Position::In(visit) => visit,
            Position::Done(_) | Position::Failed(..) => return None,
        };
        let state = flow.states.get(&visit.name)?;
        let with_token =
            matches!(&state.kind, Kind::Task(task) if task.resource.pattern() == Pattern::TaskToken);
        let evaluation = Evaluation { state: self, scope, visit, now, with_token };
        match &visit.phase {
            Phase::Ready => Some(evaluation.begin(state)),
            Phase::Backoff(until) => (*until <= now).then(|| evaluation.begin(state)),
            Phase::Waiting(until) => (*until <= now).then(|| evaluation.finish(state, None)),
            Phase::Scheduled(_) => match &state.kind {
                Kind::Task(task) => Some(evaluation.draft(What::TaskStarted { label: task.label() })),
                _ => None,
            },
            Phase::Started(task) | Phase::Submitted(task, _) => {
                let failure = task.overdue(now)?;
                match &state.kind {
                    Kind::Task(task) => {
                        Some(evaluation.draft(What::TaskTimedOut { label: task.label(), failure }))
                    }
                    _ => None,
                }
            }
            Phase::Returned(result) => Some(evaluation.finish(state, Some(result))),
            Phase::Failing(failing) => Some(evaluation.recover(state, failing)),
            Phase::Spread(spread) => self.decide_spread(state, &evaluation, spread),
        }
    }

    fn decide_spread(&self, state: &State, evaluation: &Evaluation<'_>, spread: &Spread) -> Option<Draft> {
        let is_map = matches!(state.kind, Kind::Map(_));
        let live = spread.children.iter().filter(|child| matches!(child, Child::Live(_))).count();
        let next = spread.children.iter().enumerate().find_map(|(index, child)| match child {
            Child::Pending(item) => Some((index, item)),
            _ => None,
        });
        if let (Some((index, item)), Kind::Map(map)) = (next, &state.kind)
            && live < spread.concurrency
        {
            return Some(evaluation.begin_iteration(map, index, item));
        }
        for (index, child) in spread.children.iter().enumerate() {
            if let Child::Live(branch) = child
                && let Some(draft) = self.decide_child(state, evaluation, index, branch, is_map)
            {
                return Some(draft);
            }
        }
        let over = spread.children.iter().all(|child| child.is_over(&state.kind));
        let end = if is_map { What::MapStateSucceeded } else { What::ParallelStateSucceeded };
        over.then(|| evaluation.draft(end))
    }

    fn decide_child(
        &self,
        state: &State,
        evaluation: &Evaluation<'_>,
        index: usize,
        branch: &Branch,
        is_map: bool,
    ) -> Option<Draft> {
        let name = evaluation.visit.name.clone();
        match &branch.position {
            Position::Done(_) if is_map => {
                Some(Draft { branch: branch.path.clone(), what: What::MapIterationSucceeded { name, index } })
            }
            // Nothing but the execution's end follows from an error of the machine itself.
            Position::Failed(_, failure) if is_map && !failure.is_of_machine() => {
                let aborted = branch.abort(super::inner_flow(state, index)?);
                let what = What::MapIterationFailed { name, index };
                Some(aborted.unwrap_or_else(|| Draft { branch: branch.path.clone(), what }))
            }
            Position::Failed(_, failure) => Some(evaluation.draft(What::StateFailed(failure.clone()))),
            _ => {
                let flow = super::inner_flow(state, index)?;
                let scope = Scope { branch, outer: Some(&evaluation.scope) };
                self.decide_branch(flow, scope, evaluation.now)
            }
        }
    }

    /// The next moment at which [`ExecutionState::decide`] will return something new without further input.
    pub(crate) fn wakes_at(&self) -> Option<Timestamp> {
        if self.outcome.is_some() {
            return None;
        }
        [self.deadline(), self.root.wakes_at()].into_iter().flatten().min()
    }
}

impl Branch {
    fn wakes_at(&self) -> Option<Timestamp> {
        let Position::In(Visit { phase, .. }) = &self.position else { return None };
        match phase {
            Phase::Waiting(until) | Phase::Backoff(until) => Some(*until),
            Phase::Started(task) | Phase::Submitted(task, _) => task.deadline(),
            Phase::Spread(spread) => spread
                .children
                .iter()
                .filter_map(|child| match child {
                    Child::Live(branch) => branch.wakes_at(),
                    _ => None,
                })
                .min(),
            _ => None,
        }
    }
}

impl Scheduled {
    fn timeout_at(&self) -> Option<Timestamp> {
        self.timeout.map(|seconds| after(self.at, seconds))
    }

    fn heartbeat_at(&self) -> Option<Timestamp> {
        self.heartbeat.map(|seconds| after(self.alive_at, seconds))
    }

    fn deadline(&self) -> Option<Timestamp> {
        [self.timeout_at(), self.heartbeat_at()].into_iter().flatten().min()
    }

    /// The failure of a task that has run too long or been silent too long.
    fn overdue(&self, now: Timestamp) -> Option<Failure> {
        let is_past = |deadline: Option<Timestamp>| deadline.is_some_and(|deadline| deadline <= now);
        if is_past(self.timeout_at()) {
            Some(Failure::timeout(false))
        } else {
            is_past(self.heartbeat_at()).then(|| Failure::timeout(true))
        }
    }
}

/// `moment`, or the next whole millisecond after it: events have no finer times, so nothing finer could become due.
pub(super) fn whole_millisecond(moment: Timestamp) -> Timestamp {
    let rounding = TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Ceil);
    moment.round(rounding).unwrap_or(Timestamp::MAX)
}

/// `seconds` after `moment`, or the end of time.
pub(super) fn after(moment: Timestamp, seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    moment.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}
