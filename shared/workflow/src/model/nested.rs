//! The kinds of step that hold other steps, or wait for something outside.

use super::{Given, Step, StepKind};
use crate::source::Spanned;
use domain::event::EventSpec;
use std::sync::Arc;

/// Branches that run beside each other.
#[derive(Debug, Clone)]
pub(crate) struct Parallel {
    pub(crate) branches: Vec<Branch>,
}

#[derive(Debug, Clone)]
pub(crate) struct Branch {
    pub(crate) name: Spanned<String>,
    pub(crate) steps: Vec<Step>,
}

/// Steps that run once for each item of a list.
#[derive(Debug, Clone)]
pub(crate) struct Foreach {
    pub(crate) items: Given,
    /// What an item is called inside.
    pub(crate) item: Spanned<String>,
    pub(crate) max_concurrency: u64,
    pub(crate) max_items: Spanned<u64>,
    pub(crate) steps: Vec<Step>,
    /// What an iteration gives; `None` for what its last step gives.
    pub(crate) result: Option<Given>,
}

/// Steps that run again until a condition holds.
#[derive(Debug, Clone)]
pub(crate) struct Loop {
    pub(crate) steps: Vec<Step>,
    pub(crate) until: Given,
    pub(crate) max_iterations: Spanned<u64>,
    pub(crate) on_exhausted: OnExhausted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum OnExhausted {
    #[default]
    Fail,
    Continue,
}

/// The steps of the first case whose condition holds.
#[derive(Debug, Clone)]
pub(crate) struct Switch {
    pub(crate) cases: Vec<Case>,
    /// What runs when no condition holds; without it, nothing does.
    pub(crate) default: Option<Vec<Step>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) when: Given,
    pub(crate) steps: Vec<Step>,
}

/// A question to people.
#[derive(Debug, Clone)]
pub(crate) struct Approval {
    pub(crate) question: Given,
    pub(crate) details: Option<Given>,
    pub(crate) approvers: Option<Given>,
    /// To move the ticket there is a yes.
    pub(crate) approve_status: Option<Given>,
    /// To move the ticket there is a no.
    pub(crate) decline_status: Option<Given>,
    pub(crate) on_timeout: OnTimeout,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum OnTimeout {
    #[default]
    Fail,
    Approve,
    Decline,
}

#[derive(Debug, Clone)]
pub(crate) enum Wait {
    /// So many seconds.
    For(Given),
    /// Until a point in time.
    Until(Given),
    Event(Event),
}

/// Something that will happen outside, and the fields by which it is recognised.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) spec: Arc<EventSpec>,
    pub(crate) matching: Vec<(Spanned<String>, Given)>,
}

/// Another workflow, run as a step.
#[derive(Debug, Clone)]
pub(crate) struct SubWorkflow {
    pub(crate) name: Spanned<String>,
    pub(crate) inputs: Vec<(Spanned<String>, Given)>,
}

impl Step {
    /// The lists of steps inside, each with what people call it.
    pub(crate) fn blocks(&self) -> Vec<(Option<String>, &[Step])> {
        match &self.kind {
            StepKind::Parallel(parallel) => parallel
                .branches
                .iter()
                .map(|branch| (Some(branch.name.value.clone()), branch.steps.as_slice()))
                .collect(),
            StepKind::Foreach(Foreach { steps, .. }) | StepKind::Loop(Loop { steps, .. }) => {
                vec![(None, steps.as_slice())]
            }
            StepKind::Switch(switch) => {
                let cases = switch.cases.iter().enumerate();
                let cases = cases.map(|(place, case)| (Some(format!("case {}", place + 1)), &*case.steps));
                let default = switch.default.iter().map(|steps| (Some("default".to_owned()), &**steps));
                cases.chain(default).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The same lists, to be changed.
    pub(crate) fn blocks_mut(&mut self) -> Vec<&mut Vec<Step>> {
        match &mut self.kind {
            StepKind::Parallel(parallel) => {
                parallel.branches.iter_mut().map(|branch| &mut branch.steps).collect()
            }
            StepKind::Foreach(Foreach { steps, .. }) | StepKind::Loop(Loop { steps, .. }) => vec![steps],
            StepKind::Switch(switch) => {
                switch.cases.iter_mut().map(|case| &mut case.steps).chain(&mut switch.default).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Every step, each before those inside it.
pub(crate) fn all(steps: &[Step]) -> Vec<&Step> {
    let mut found = Vec::new();
    for step in steps {
        found.push(step);
        for (_, inside) in step.blocks() {
            found.extend(all(inside));
        }
    }
    found
}
