//! Outside input: results of calls, returned task tokens, and orders to stop.

use serde_json::Value;

use super::evaluate::data_limit_exceeded;
use super::{Branch, Child, Claim, Draft, ExecutionState, Failure, Phase, Position, Visit, What};
use crate::definition::{Flow, Kind, Pattern, Resource, Task};
use crate::limits::{self, PAYLOAD_BYTES};

/// An outside party's report on a task.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// It is done, with this result.
    Success(Value),
    Failure(Failure),
    /// It was handed over to the holder of the token, or to another execution.
    Submitted(Value),
    /// It is still being worked on.
    Heartbeat,
}

/// Why an answer with a task token was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// The token was never issued.
    Invalid,
    /// Its task is over.
    TaskOver,
}

impl ExecutionState {
    /// The event for an answer to call `scheduled` of a branch; `None` if nothing waits for it anymore.
    pub(crate) fn answer(&self, branch: &[usize], scheduled: u64, answer: Answer) -> Option<Draft> {
        if self.outcome.is_some() {
            return None;
        }
        let (task, phase) = self.task_at(branch, scheduled)?;
        let label = task.label();
        let what = match answer {
            Answer::Success(output) if limits::size(&output) > PAYLOAD_BYTES => {
                What::TaskFailed { failure: data_limit_exceeded(&arn(&task.resource)), label }
            }
            Answer::Submitted(output) if limits::size(&output) > PAYLOAD_BYTES => {
                What::TaskFailed { failure: data_limit_exceeded(&arn(&task.resource)), label }
            }
            Answer::Success(output) => What::TaskSucceeded { label, output },
            Answer::Failure(failure) => What::TaskFailed { label, failure },
            Answer::Submitted(output) if matches!(phase, Phase::Started(_)) => {
                What::TaskSubmitted { label, output }
            }
            Answer::Submitted(_) => return None,
            Answer::Heartbeat => What::Heartbeat,
        };
        Some(Draft { branch: branch.to_vec(), what })
    }

    /// The event that an answer with a task token becomes.
    pub(crate) fn answer_token(&self, claim: Claim, answer: Answer) -> Result<Draft, Rejection> {
        if !claim.is_genuine(&self.identity.seed) {
            return Err(Rejection::Invalid);
        }
        let path =
            find(&self.root, &self.identity.definition.flow, claim.scheduled).ok_or(Rejection::TaskOver)?;
        self.answer(&path, claim.scheduled, answer).ok_or(Rejection::TaskOver)
    }

    fn task_at(&self, path: &[usize], scheduled: u64) -> Option<(&Task, &Phase)> {
        let mut flow = &self.identity.definition.flow;
        let mut branch = &self.root;
        for index in path {
            let Position::In(Visit { name, phase: Phase::Spread(spread), .. }) = &branch.position else {
                return None;
            };
            let Child::Live(child) = spread.children.get(*index)? else { return None };
            flow = super::inner_flow(flow.states.get(name)?, *index)?;
            branch = child;
        }
        let Position::In(Visit { name, phase, .. }) = &branch.position else { return None };
        let Kind::Task(task) = &flow.states.get(name)?.kind else { return None };
        match phase {
            Phase::Started(open) | Phase::Submitted(open, _) if open.event == scheduled => {
                Some((task, phase))
            }
            _ => None,
        }
    }
}

/// The branch whose task waits for the token issued with event `scheduled`.
fn find(branch: &Branch, flow: &Flow, scheduled: u64) -> Option<Vec<usize>> {
    let Position::In(Visit { name, phase, .. }) = &branch.position else { return None };
    let state = flow.states.get(name)?;
    match phase {
        Phase::Started(open) | Phase::Submitted(open, _) if open.event == scheduled => {
            let waits =
                matches!(&state.kind, Kind::Task(task) if task.resource.pattern() == Pattern::TaskToken);
            waits.then(|| branch.path.clone())
        }
        Phase::Spread(spread) => spread.children.iter().enumerate().find_map(|(index, child)| match child {
            Child::Live(branch) => find(branch, super::inner_flow(state, index)?, scheduled),
            _ => None,
        }),
        _ => None,
    }
}

fn arn(resource: &Resource) -> String {
    match resource {
        Resource::Function(arn) => arn.clone(),
        _ => format!("arn:aws:states:::{}:{}", resource.service(), resource.action()),
    }
}
