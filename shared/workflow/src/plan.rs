//! Processes the steps in order, checks each in its context, and plans its states.

mod agent;
mod approval;
mod assign;
mod calls;
mod ends;
mod foreach;
mod history;
mod loop_;
mod parallel;
mod planned;
mod sub_workflow;
mod switch;
mod variables;
mod wait;
mod walk;

pub(crate) use planned::{
    Agent, Approval, AwaitedEvent, Block, Branch, Flow, Foreach, Group, Loop, Pause, Plan, Planned,
    PlannedKind, Readers, SubWorkflow, Switch, Task,
};

use crate::callees::Callees;
use crate::check::Checker;
use crate::model::{Step, Workflow, all};
use std::collections::BTreeMap;
use walk::Walk;

/// Checks every step and the outputs.
pub(crate) fn plan(
    workflow: &Workflow,
    steps: &[Step],
    callees: &Callees,
    checker: &mut Checker<'_, '_>,
) -> Plan {
    unique_names(steps, checker);
    let mut walk = Walk::new(checker, callees);
    let mut outputs = BTreeMap::new();
    let flow = walk.flow(steps, Readers::Starter, &mut |walk| {
        let (fields, kinds) = walk.outputs(workflow);
        outputs = kinds;
        fields
    });
    let (reads, result_reads, inverses) = walk.finish();
    history::check(steps, &flow.block, checker);
    Plan { flow, reads, result_reads, inverses, outputs }
}

fn unique_names(steps: &[Step], checker: &mut Checker<'_, '_>) {
    let mut seen: BTreeMap<String, &Step> = BTreeMap::new();
    for step in all(steps) {
        if let Some(earlier) = seen.insert(step.state(), step) {
            let span = if step.implicit { earlier.name.span } else { step.name.span };
            checker
                .problems
                .error(span, format!("two steps become the state `{}`", step.state()))
                .help(format!("the other is in line {}; every step needs its own name", earlier.line));
        }
    }
}

/// A placeholder for a function's ARN, by its action: `create_branch` gives `${CreateBranchFunctionArn}`.
pub(crate) fn function_placeholder(action: &str) -> String {
    format!("${{{}}}", crate::substitute::function_placeholder(action))
}
