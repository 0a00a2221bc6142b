//! Goes through the steps in order, checks each where it stands, and plans the states it becomes.

mod approval;
mod assign;
mod calls;
mod ends;
mod foreach;
mod history;
mod loop_;
mod parallel;
mod sub_workflow;
mod switch;
mod variables;
mod wait;
mod walk;

pub(crate) use approval::Approval;
pub(crate) use foreach::Foreach;
pub(crate) use loop_::Loop;
pub(crate) use parallel::Branch;
pub(crate) use sub_workflow::SubWorkflow;
pub(crate) use switch::Switch;
pub(crate) use wait::{AwaitedEvent, Pause};

use crate::callees::Callees;
use crate::check::Checker;
use crate::model::{OnError, Retry, Step, Workflow, all, pascal};
use crate::types::Type;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use walk::Walk;

/// A checked workflow: everything a definition needs, still free of Step Functions' own form.
pub(crate) struct Plan {
    pub(crate) flow: Flow,
    /// Every variable path that something reads.
    pub(crate) reads: BTreeSet<Vec<String>>,
    /// Those that are read in the result of the step that would set them, and so need not be set.
    pub(crate) result_reads: BTreeSet<Vec<String>>,
    /// Actions whose effects `undo` or a rollback may have to take back.
    pub(crate) inverses: BTreeSet<String>,
    /// The types of the workflow's outputs.
    pub(crate) outputs: BTreeMap<String, Type>,
}

/// Steps in a scope of their own: a workflow's, a branch's, an iteration's.
pub(crate) struct Flow {
    pub(crate) block: Block,
    /// What it gives, read from variables.
    pub(crate) outputs: Value,
    /// The same, read in the last step's own state.
    pub(crate) last_outputs: Value,
    /// For whom it gives that.
    pub(crate) readers: Readers,
}

/// Who reads what a flow gives.
pub(crate) enum Readers {
    /// Whoever started the execution.
    Starter,
    /// These variable paths outside, by field.
    Fields(BTreeMap<String, Vec<Vec<String>>>),
    /// These variable paths outside, the whole.
    Whole(Vec<Vec<String>>),
}

/// Steps one after the other.
#[derive(Default)]
pub(crate) struct Block {
    pub(crate) groups: Vec<Group>,
    /// Whether every way through it ends the flow it stands in.
    pub(crate) ends: bool,
}

/// Neighbours that run under one condition.
pub(crate) struct Group {
    pub(crate) condition: Option<String>,
    pub(crate) steps: Vec<Planned>,
}

/// One step's state.
pub(crate) struct Planned {
    pub(crate) step: String,
    pub(crate) state: String,
    pub(crate) comment: String,
    pub(crate) kind: PlannedKind,
    /// The variable paths it sets, and the expressions of their values.
    pub(crate) sets: Vec<(Vec<String>, String)>,
    /// How long it may take, where it holds other steps.
    pub(crate) time_limit: Option<TimeLimit>,
    pub(crate) on_error: OnError,
    /// The variable that says how it failed, when it may fail and the workflow continues.
    pub(crate) error_variable: Option<String>,
}

/// The `timeout` of a step that holds others.
pub(crate) struct TimeLimit {
    pub(crate) seconds: u64,
    /// The variable that holds when the time is over.
    pub(crate) variable: String,
}

pub(crate) enum PlannedKind {
    Task(Task),
    Parallel { branches: Vec<Branch>, retry: Option<Retry> },
    Foreach(Foreach),
    Loop(Loop),
    Switch(Switch),
    Approval(Approval),
    Pause(Pause),
    Event(AwaitedEvent),
    Workflow(SubWorkflow),
    Set,
    Fail { error: Value, cause: Value },
    Undo { run: String },
}

pub(crate) struct Task {
    /// The action's own name.
    pub(crate) action: String,
    pub(crate) input: Value,
    pub(crate) timeout_seconds: u64,
    pub(crate) retry: Option<Retry>,
    /// Whether it calls a model, and so may have to wait for a limit to be raised.
    pub(crate) parks: bool,
    pub(crate) required: bool,
    /// The step's own inverse, with `{"$output": "path"}` where the action's output goes.
    pub(crate) inverse: Option<Value>,
}

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
                .help(format!("the other stands in line {}; every step needs its own name", earlier.line));
        }
    }
}

impl Planned {
    /// Every variable path that it sets in its own scope, with the step that does: those of the steps inside a loop or a
    /// switch included.
    pub(crate) fn paths(&self) -> Vec<(&str, Vec<String>)> {
        let own = self.sets.iter().map(|(path, _)| path.clone());
        let error = self.error_variable.iter().map(|name| vec![name.clone()]);
        let mut paths: Vec<(&str, Vec<String>)> = Vec::new();
        for block in self.blocks() {
            paths.extend(block.paths());
        }
        paths.extend(own.chain(error).map(|path| (self.step.as_str(), path)));
        paths
    }

    /// The blocks inside that are part of the same flow.
    pub(crate) fn blocks(&self) -> Vec<&Block> {
        match &self.kind {
            PlannedKind::Loop(repeated) => vec![&repeated.body],
            PlannedKind::Switch(switch) => {
                switch.cases.iter().map(|case| &case.block).chain(&switch.default).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The flows inside, each of a scope of its own.
    pub(crate) fn flows(&self) -> Vec<&Flow> {
        match &self.kind {
            PlannedKind::Parallel { branches, .. } => branches.iter().map(|branch| &branch.flow).collect(),
            PlannedKind::Foreach(foreach) => vec![&foreach.flow],
            _ => Vec::new(),
        }
    }

    /// Whether what comes behind may be reached without the step's own state having succeeded.
    pub(crate) fn may_be_passed_over(&self) -> bool {
        let approves =
            matches!(&self.kind, PlannedKind::Approval(approval) if approval.approves_on_timeout());
        self.on_error == OnError::Continue || approves
    }

    /// Whether the state is a choice, which cannot be the last of a flow.
    pub(crate) fn is_choice(&self) -> bool {
        matches!(self.kind, PlannedKind::Loop(_) | PlannedKind::Switch(_))
    }
}

impl Block {
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Planned> {
        self.groups.iter().flat_map(|group| &group.steps)
    }

    /// Every step in it, those inside other steps included.
    pub(crate) fn all(&self) -> Vec<&Planned> {
        let mut found = Vec::new();
        for step in self.steps() {
            found.push(step);
            let flows = step.flows().into_iter().map(|flow| &flow.block);
            for block in step.blocks().into_iter().chain(flows) {
                found.extend(block.all());
            }
        }
        found
    }

    /// Every variable path that it sets in its own scope, with the step that does.
    pub(crate) fn paths(&self) -> Vec<(&str, Vec<String>)> {
        self.steps().flat_map(Planned::paths).collect()
    }
}

/// A placeholder for a function's ARN, by its action: `create_branch` gives `${CreateBranchFunctionArn}`.
pub(crate) fn function_placeholder(action: &str) -> String {
    format!("${{{}FunctionArn}}", pascal(action))
}
