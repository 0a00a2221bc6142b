//! A checked workflow, planned: everything a definition needs, still free of Step Functions' own form.

use crate::agent_states::AgentStates;
use crate::model::{OnError, OnTimeout, Retry};
use crate::types::Type;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A checked workflow.
pub(crate) struct Plan {
    pub(crate) flow: Flow,
    /// Every variable path that something reads.
    pub(crate) reads: BTreeSet<Vec<String>>,
    /// Those that are read in the result of the step that would set them, and so need not be set.
    pub(crate) result_reads: BTreeSet<Vec<String>>,
    /// Actions that a rollback or an undo step may call, to take effects back or to look for them.
    pub(crate) inverses: BTreeSet<String>,
    /// The types of the workflow's outputs.
    pub(crate) outputs: BTreeMap<String, Type>,
}

/// Steps in a separate scope: a workflow's, a branch's, an iteration's.
pub(crate) struct Flow {
    pub(crate) block: Block,
    /// Its output, read from variables.
    pub(crate) outputs: Value,
    /// The same, read in the last step's own state.
    pub(crate) last_outputs: Value,
    /// For whom it gives that.
    pub(crate) readers: Readers,
}

/// The reader of a flow's output.
pub(crate) enum Readers {
    /// Whoever started the execution.
    Starter,
    /// These variable paths outside, by field.
    Fields(BTreeMap<String, Vec<Vec<String>>>),
    /// These variable paths outside, the whole.
    Whole(Vec<Vec<String>>),
}

/// Sequential steps.
#[derive(Default)]
pub(crate) struct Block {
    pub(crate) groups: Vec<Group>,
    /// Whether every way through it ends the flow it is in.
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
    /// Its time limit, if it contains other steps.
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
    Agent(Box<Agent>),
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
    /// Whether it calls a provider, and so may have to wait until that takes calls again.
    pub(crate) calls_provider: bool,
    /// Whether people are asked before it creates something again that may exist.
    pub(crate) confirms: bool,
    pub(crate) required: bool,
    /// The step's own inverse, with `{"$output": "path"}` in place of the action's output.
    pub(crate) inverse: Option<Value>,
}

/// An agent's work: its session is opened; then the model thinks and tools run in turn, until a choice says that it is done.
pub(crate) struct Agent {
    pub(crate) states: AgentStates,
    pub(crate) open: Task,
    pub(crate) think: Task,
    pub(crate) run_tools: Task,
    pub(crate) answer: Task,
    pub(crate) load: Task,
    pub(crate) check: Task,
    /// The input of the question that it asks people.
    pub(crate) ask: Value,
    pub(crate) ask_timeout_seconds: u64,
    /// The variable that holds the session, its turn and its next need.
    pub(crate) session: String,
    /// How many turns there may be.
    pub(crate) most_turns: u64,
}

pub(crate) struct Approval {
    pub(crate) input: Value,
    pub(crate) timeout_seconds: u64,
    pub(crate) on_timeout: OnTimeout,
    pub(crate) retry: Option<Retry>,
    /// The variables that the step sets when nobody answered in time and that counts as a yes.
    pub(crate) approved_by_timeout: Vec<(Vec<String>, String)>,
}

impl Approval {
    pub(crate) fn approves_on_timeout(&self) -> bool {
        self.on_timeout == OnTimeout::Approve
    }
}

pub(crate) struct Foreach {
    /// The list, or the expression of one.
    pub(crate) items: Value,
    /// The name of an item.
    pub(crate) item: String,
    pub(crate) max_concurrency: u64,
    /// How many iterations there may be.
    pub(crate) most_items: u64,
    pub(crate) flow: Flow,
    pub(crate) retry: Option<Retry>,
}

pub(crate) struct Loop {
    pub(crate) body: Block,
    /// The condition that ends it.
    pub(crate) until: String,
    pub(crate) max_iterations: u64,
    /// Whether the workflow continues if the condition never held.
    pub(crate) goes_on: bool,
    /// The variable that counts the finished rounds, and how it is read: it is not set before the first round ends.
    pub(crate) counter: String,
    /// The variables that the step sets if the condition never held.
    pub(crate) exhausted: Vec<(Vec<String>, String)>,
}

impl Loop {
    /// The number of finished rounds, as JSONata.
    pub(crate) fn rounds(&self) -> String {
        rounds(&self.counter)
    }
}

pub(super) fn rounds(counter: &str) -> String {
    format!("($exists(${counter}) ? ${counter} : 0)")
}

/// One branch.
pub(crate) struct Branch {
    pub(crate) name: String,
    pub(crate) flow: Flow,
}

pub(crate) struct Switch {
    pub(crate) cases: Vec<Case>,
    pub(crate) default: Option<Block>,
}

pub(crate) struct Case {
    pub(crate) condition: String,
    pub(crate) block: Block,
}

/// A pause, as the fields of a `Wait` state say it.
pub(crate) enum Pause {
    Seconds(Value),
    Timestamp(Value),
}

pub(crate) struct AwaitedEvent {
    pub(crate) input: Value,
    pub(crate) timeout_seconds: u64,
    pub(crate) retry: Option<Retry>,
}

pub(crate) struct SubWorkflow {
    /// A placeholder for the ARN of its state machine.
    pub(crate) state_machine: String,
    pub(crate) inputs: Value,
    pub(crate) timeout_seconds: u64,
    pub(crate) retry: Option<Retry>,
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

    /// The inner blocks that are part of the same flow.
    pub(crate) fn blocks(&self) -> Vec<&Block> {
        match &self.kind {
            PlannedKind::Loop(repeated) => vec![&repeated.body],
            PlannedKind::Switch(switch) => {
                switch.cases.iter().map(|case| &case.block).chain(&switch.default).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The inner flows, each in a separate scope.
    pub(crate) fn flows(&self) -> Vec<&Flow> {
        match &self.kind {
            PlannedKind::Parallel { branches, .. } => branches.iter().map(|branch| &branch.flow).collect(),
            PlannedKind::Foreach(foreach) => vec![&foreach.flow],
            _ => Vec::new(),
        }
    }

    /// Whether the following steps may be reached without the success of the step's own state.
    pub(crate) fn may_be_passed_over(&self) -> bool {
        let approves =
            matches!(&self.kind, PlannedKind::Approval(approval) if approval.approves_on_timeout());
        self.on_error == OnError::Continue || approves
    }

    /// Whether the last of its states is a choice, which cannot be the last of a flow.
    pub(crate) fn is_choice(&self) -> bool {
        matches!(self.kind, PlannedKind::Agent(_) | PlannedKind::Loop(_) | PlannedKind::Switch(_))
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
