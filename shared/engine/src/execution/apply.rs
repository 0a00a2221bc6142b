//! The fold: how each event changes the state.

use std::mem;

use serde_json::Value;

use super::{
    Branch, Child, Event, ExecutionState, Failing, Failure, Outcome, Phase, Position, Scheduled, Spread,
    Visit, What, inner_flow,
};
use crate::definition::{Flow, Kind, State};
use crate::limits;

impl ExecutionState {
    /// Folds one event into the state. Events that do not fit the state, which only a damaged log could hold, change
    /// nothing but the count.
    pub(crate) fn apply(&mut self, event: &Event) {
        if event.id > 0 {
            self.events = event.id;
        }
        match &event.what {
            What::ExecutionStarted { input } => {
                self.input = input.clone();
                self.started_at = event.at;
                self.resumed_at = event.at;
                // AWS links the first state to no event.
                self.root = Branch::new(Vec::new(), 0, &self.identity.definition.flow, input.clone());
            }
            What::ExecutionSucceeded { output } => self.end(Outcome::Succeeded(output.clone()), event),
            What::ExecutionFailed(failure) => self.end(Outcome::Failed(failure.clone()), event),
            // The history names the error, and the execution itself has none.
            What::ExecutionTimedOut(_) => self.end(Outcome::TimedOut(Failure::default()), event),
            What::ExecutionAborted(failure) => self.end(Outcome::Aborted(failure.clone()), event),
            What::ExecutionRedriven { client_token, .. } => self.apply_redrive(event, client_token.clone()),
            What::MapIterationSucceeded { .. } | What::MapIterationFailed { .. } => self.end_iteration(event),
            _ => {
                if let Some((branch, flow)) = self.branch_mut(&event.branch) {
                    branch.apply(flow, event);
                }
                self.tell_parent(event);
            }
        }
    }

    fn end(&mut self, outcome: Outcome, event: &Event) {
        self.outcome = Some(outcome);
        self.ended_at = Some(event.at);
    }

    /// The event after a branch's end follows from the branch's last one.
    fn tell_parent(&mut self, event: &Event) {
        let Some((_, parent)) = event.branch.split_last() else { return };
        let ended = self.branch(&event.branch).and_then(|branch| {
            matches!(branch.position, Position::Done(_) | Position::Failed(..)).then_some(branch.last_event)
        });
        if let Some(last_event) = ended
            && let Some((parent, _)) = self.branch_mut(parent)
        {
            parent.last_event = last_event;
        }
    }

    fn end_iteration(&mut self, event: &Event) {
        let Some((index, parent)) = event.branch.split_last() else { return };
        let Some((parent, _)) = self.branch_mut(parent) else { return };
        let Position::In(visit) = &mut parent.position else { return };
        let Phase::Spread(spread) = &mut visit.phase else { return };
        let Some(child) = spread.children.get_mut(*index) else { return };
        let Child::Live(branch) = child else { return };
        match &mut branch.position {
            Position::Done(output) => {
                *child = Child::Finished(mem::take(output));
                // The state after the Map is linked to its last iteration, and a next iteration to a state of this one.
                if spread.children.iter().all(|child| matches!(child, Child::Finished(_))) {
                    parent.last_event = event.id;
                }
            }
            // The first failed iteration fails the Map; results of the others no longer count.
            Position::Failed(_, failure) => {
                let failure = failure.clone();
                visit.fail(failure);
            }
            _ => {}
        }
    }
}

impl Branch {
    fn apply(&mut self, flow: &Flow, event: &Event) {
        // An iteration's start belongs to the iteration, and AWS links nothing to the end of all of them, nor to what
        // was aborted.
        let apart = matches!(
            event.what,
            What::MapIterationStarted { .. }
                | What::MapIterationAborted { .. }
                | What::MapStateSucceeded
                | What::ParallelStateSucceeded
                | What::StateAborted { .. }
        );
        if event.id > 0 && !apart {
            self.last_event = event.id;
        }
        match &event.what {
            What::StateEntered { name, input, .. } => {
                let retriers = flow.states.get(name).map_or(0, |state| state.recovery.retriers.len());
                self.position = Position::In(Visit {
                    name: name.clone(),
                    input: input.clone(),
                    entered: event.id,
                    entered_after: event.previous,
                    entered_at: event.at,
                    since: event.at,
                    aborted: false,
                    attempts: vec![0; retriers],
                    phase: Phase::Ready,
                });
            }
            What::StateExited { output, assigned, next, .. } => {
                for (name, value) in assigned {
                    self.variables_bytes += limits::size(value);
                    let before = self.variables.insert(name.clone(), value.clone());
                    self.variables_bytes -= before.as_ref().map_or(0, limits::size);
                }
                self.position = match next {
                    Some(state) => Position::Before { state: state.clone(), input: output.clone() },
                    None => Position::Done(output.clone()),
                };
            }
            What::BranchFailed(failure) => {
                self.position = match mem::replace(&mut self.position, Position::Done(Value::Null)) {
                    Position::In(visit) => Position::Failed(Box::new(visit), failure.clone()),
                    other => other,
                };
            }
            What::StateAborted { .. } => {
                if let Some(visit) = self.position.visit_mut() {
                    visit.aborted = true;
                }
            }
            What::MapIterationAborted { .. } => self.aborted = true,
            _ => {
                if let Position::In(visit) = &mut self.position
                    && let Some(state) = flow.states.get(&visit.name)
                {
                    visit.apply(state, &self.path, event);
                }
            }
        }
    }
}

impl Visit {
    fn apply(&mut self, state: &State, path: &[usize], event: &Event) {
        match &event.what {
            What::TaskScheduled { parameters, timeout, heartbeat, .. } => {
                self.phase = Phase::Scheduled(Scheduled {
                    event: event.id,
                    at: event.at,
                    parameters: parameters.clone(),
                    timeout: *timeout,
                    heartbeat: *heartbeat,
                    alive_at: event.at,
                });
            }
            What::TaskStarted { .. } => {
                if let Phase::Scheduled(task) = mem::replace(&mut self.phase, Phase::Ready) {
                    self.phase = Phase::Started(task);
                }
            }
            What::TaskSubmitted { output, .. } => {
                if let Phase::Started(task) = mem::replace(&mut self.phase, Phase::Ready) {
                    self.phase = Phase::Submitted(task, output.clone());
                }
            }
            What::Heartbeat => {
                if let Phase::Started(task) | Phase::Submitted(task, _) = &mut self.phase {
                    task.alive_at = event.at;
                }
            }
            What::TaskSucceeded { output, .. } => self.phase = Phase::Returned(output.clone()),
            What::TaskFailed { failure, .. }
            | What::TaskTimedOut { failure, .. }
            | What::EvaluationFailed { failure, .. }
            | What::StateFailed(failure) => self.fail(failure.clone()),
            What::RetryScheduled { retrier, until } => {
                if let Some(attempts) = self.attempts.get_mut(*retrier) {
                    *attempts += 1;
                }
                self.phase = Phase::Backoff(*until);
            }
            What::WaitScheduled { until } => self.phase = Phase::Waiting(*until),
            What::ParallelStateStarted { input } => {
                let live = |(index, flow)| {
                    let mut path = path.to_vec();
                    path.push(index);
                    Child::Live(Box::new(Branch::new(path, event.id, flow, input.clone())))
                };
                let children: Vec<_> = state.kind.flows().iter().enumerate().map(live).collect();
                self.phase = Phase::Spread(Spread { concurrency: children.len(), children });
            }
            What::MapStateStarted { items, concurrency } => {
                let children = items.iter().cloned().map(Child::Pending).collect();
                self.phase = Phase::Spread(Spread { children, concurrency: *concurrency });
            }
            What::MapIterationStarted { index, input, .. } => {
                if let Phase::Spread(spread) = &mut self.phase
                    && let Some(child) = spread.children.get_mut(*index)
                    && let Child::Pending(item) = child
                    && let Some(flow) = inner_flow(state, *index)
                {
                    let mut path = path.to_vec();
                    path.push(*index);
                    let mut branch = Branch::new(path, event.id, flow, input.clone());
                    branch.item = Some((*index, mem::take(item)));
                    *child = Child::Live(Box::new(branch));
                }
            }
            What::ParallelStateSucceeded | What::MapStateSucceeded => {
                if let Phase::Spread(spread) = mem::replace(&mut self.phase, Phase::Ready) {
                    self.phase = Phase::Returned(spread.children.into_iter().map(Child::output).collect());
                }
            }
            What::ParallelStateFailed | What::MapStateFailed => {
                if let Phase::Failing(failing) = &mut self.phase {
                    failing.told = true;
                }
            }
            _ => {}
        }
    }

    fn fail(&mut self, failure: Failure) {
        let (hopeless, spread) = match mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Spread(spread) => (false, Some(spread)),
            Phase::Failing(failing) => (true, failing.spread),
            _ => (false, None),
        };
        self.phase = Phase::Failing(Failing { failure, told: false, hopeless, spread });
    }
}

impl Child {
    fn output(self) -> Value {
        match self {
            Self::Finished(output) => output,
            Self::Live(branch) => match branch.position {
                Position::Done(output) => output,
                _ => Value::Null,
            },
            Self::Pending(_) => Value::Null,
        }
    }

    /// Whether it is finished. Iterations must first be recorded as ended.
    pub(super) fn is_over(&self, kind: &Kind) -> bool {
        match self {
            Self::Finished(_) => true,
            Self::Live(branch) => {
                matches!(kind, Kind::Parallel { .. }) && matches!(branch.position, Position::Done(_))
            }
            Self::Pending(_) => false,
        }
    }
}
