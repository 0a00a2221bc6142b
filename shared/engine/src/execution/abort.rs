//! States and iterations that do not finish, because the execution, or the Parallel or Map around them,
//! ended first.

use super::{Branch, Child, Draft, ExecutionState, Failure, Position, Spread, What, inner_flow};
use crate::definition::{Flow, Kind, State};

impl ExecutionState {
    /// The next of the events that end the execution by order; `None` once it has ended.
    pub(crate) fn abort(&self, failure: &Failure) -> Option<Draft> {
        if self.outcome.is_some() {
            return None;
        }
        let end = || Draft { branch: Vec::new(), what: What::ExecutionAborted(failure.clone()) };
        Some(self.abort_states().unwrap_or_else(end))
    }

    /// The event of the next state that is no longer left.
    pub(super) fn abort_states(&self) -> Option<Draft> {
        self.root.abort(&self.identity.definition.flow)
    }
}

impl Branch {
    /// The event of the next state or iteration, from the inside out, that was not left.
    pub(super) fn abort(&self, flow: &Flow) -> Option<Draft> {
        let visit = self.position.visit().filter(|visit| !visit.aborted)?;
        let state = flow.states.get(&visit.name)?;
        if let Some(inside) = visit.spread().and_then(|spread| spread.abort(state, &visit.name)) {
            return Some(inside);
        }
        // The other types never wait, and AWS has no such event for them.
        let waits =
            matches!(state.kind, Kind::Task(_) | Kind::Wait(_) | Kind::Map(_) | Kind::Parallel { .. });
        let what = What::StateAborted { kind: state.kind.name().to_owned() };
        waits.then(|| Draft { branch: self.path.clone(), what })
    }
}

impl Spread {
    /// The event of the next unfinished state or iteration inside. `name` is that of the surrounding state.
    pub(super) fn abort(&self, state: &State, name: &str) -> Option<Draft> {
        self.children.iter().enumerate().find_map(|(index, child)| {
            let Child::Live(branch) = child else { return None };
            if let Some(inside) = branch.abort(inner_flow(state, index)?) {
                return Some(inside);
            }
            let open =
                matches!(branch.position, Position::In(_) | Position::Before { .. }) && !branch.aborted;
            let what = What::MapIterationAborted { name: name.to_owned(), index };
            (open && matches!(state.kind, Kind::Map(_))).then(|| Draft { branch: branch.path.clone(), what })
        })
    }
}
