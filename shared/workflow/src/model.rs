//! A workflow as it was written: read and well-formed, but not yet checked against the actions.

mod given;

pub(crate) use given::{Form, Given, Part};

use crate::source::{Span, Spanned};
use crate::step_type::StepType;
use domain::event::EventSpec;
use domain::routes::{Concurrency, InputSchema};
use domain::{AgentDefinition, PluginType};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(crate) struct Workflow {
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) triggers: Vec<Trigger>,
    /// Whether events start it only in projects that name it.
    pub(crate) opt_in: bool,
    /// `None` if no `inputs:` are declared, and undefined names become inputs.
    pub(crate) inputs: Option<Vec<(Spanned<String>, InputSchema)>>,
    pub(crate) definitions: Vec<(Spanned<String>, Given)>,
    pub(crate) steps: Vec<Step>,
    pub(crate) outputs: Vec<(Spanned<String>, Given)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Trigger {
    pub(crate) on: Arc<EventSpec>,
    pub(crate) span: Span,
    pub(crate) conditions: Vec<(String, Value)>,
    pub(crate) concurrency: Concurrency,
}

#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) name: Spanned<String>,
    pub(crate) description: Option<String>,
    pub(crate) kind: StepKind,
    pub(crate) when: Option<Given>,
    /// A field of the step's output, and the variable path that receives it.
    pub(crate) outputs: Vec<(Spanned<String>, Spanned<Vec<String>>)>,
    pub(crate) on_error: OnError,
    pub(crate) retry: Option<Retry>,
    pub(crate) timeout_seconds: Option<Spanned<u64>>,
    pub(crate) rollback: Option<Rollback>,
    pub(crate) line: usize,
    /// Whether the compiler added it.
    pub(crate) implicit: bool,
}

/// The type of a step and its keys.
#[derive(Debug, Clone)]
pub(crate) enum StepKind {
    Call(Call),
    Agent(AgentWork),
    Parallel(Parallel),
    Foreach(Foreach),
    Loop(Loop),
    Switch(Switch),
    Approval(Box<Approval>),
    Wait(Wait),
    Workflow(SubWorkflow),
    Set(Vec<(Spanned<String>, Given)>),
    Fail { error: Given, cause: Given },
    Undo { run: Given },
}

/// One call of an action.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) action: Spanned<String>,
    /// The plugin type that was written; an agent's action writes none.
    pub(crate) plugin: Option<Spanned<PluginType>>,
    pub(crate) agent: Option<Agent>,
    pub(crate) inputs: Vec<(Spanned<String>, Given)>,
    /// Whether a project without the plugin is an error.
    pub(crate) required: bool,
}

/// How an `ai_action` describes the model worker.
#[derive(Debug, Clone)]
pub(crate) struct Agent {
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) prompt_template: Option<Spanned<String>>,
}

/// The work of an agent until it is done.
#[derive(Debug, Clone)]
pub(crate) struct AgentWork {
    /// Without a name, it is the usual agent.
    pub(crate) agent: Option<Spanned<String>>,
    pub(crate) inputs: Vec<(Spanned<String>, Given)>,
    /// The people who may answer its questions.
    pub(crate) approvers: Option<Given>,
}

impl AgentWork {
    pub(crate) fn name(&self) -> &str {
        self.agent.as_ref().map_or(AgentDefinition::DEFAULT_NAME, |agent| agent.value.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum OnError {
    #[default]
    Fail,
    Retry,
    Continue,
    Rollback,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Retry {
    /// Retries after the first try.
    pub(crate) retries: u64,
    pub(crate) base_delay_seconds: u64,
    pub(crate) max_delay_seconds: u64,
    pub(crate) backoff: f64,
    pub(crate) jitter: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Self { retries: 2, base_delay_seconds: 1, max_delay_seconds: 30, backoff: 2.0, jitter: true }
    }
}

/// A step's own way to take its effect back.
#[derive(Debug, Clone)]
pub(crate) struct Rollback {
    pub(crate) action: Spanned<String>,
    pub(crate) inputs: Vec<(Spanned<String>, Given)>,
}

/// Branches that run in parallel.
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
    /// The name of an item inside.
    pub(crate) item: Spanned<String>,
    pub(crate) max_concurrency: u64,
    pub(crate) max_items: Spanned<u64>,
    pub(crate) steps: Vec<Step>,
    /// The output of an iteration; `None` for that of its last step.
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
    /// Whether the person who asked for the work may not answer.
    pub(crate) not_by_requester: bool,
    /// How many people must say yes.
    pub(crate) count: Option<u64>,
    /// After how many seconds without an answer people are reminded.
    pub(crate) remind_seconds: Option<u64>,
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
    /// Until the first of these happens.
    Events(Vec<Event>),
}

/// Something that will happen outside, and the fields by which it is recognized.
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
    /// The state's name: `create_branch` becomes `CreateBranch`.
    pub(crate) fn state(&self) -> String {
        pascal(&self.name.value)
    }

    /// Its type.
    pub(crate) fn step_type(&self) -> StepType {
        match &self.kind {
            StepKind::Call(call) if call.agent.is_some() => StepType::AiAction,
            StepKind::Call(_) => StepType::PluginAction,
            StepKind::Agent(_) => StepType::Agent,
            StepKind::Parallel(_) => StepType::Parallel,
            StepKind::Foreach(_) => StepType::Foreach,
            StepKind::Loop(_) => StepType::Loop,
            StepKind::Switch(_) => StepType::Switch,
            StepKind::Approval(_) => StepType::Approval,
            StepKind::Wait(_) => StepType::Wait,
            StepKind::Workflow(_) => StepType::Workflow,
            StepKind::Set(_) => StepType::Set,
            StepKind::Fail { .. } => StepType::Fail,
            StepKind::Undo { .. } => StepType::Undo,
        }
    }

    pub(crate) fn call(&self) -> Option<&Call> {
        match &self.kind {
            StepKind::Call(call) => Some(call),
            _ => None,
        }
    }

    /// Whether it is several states, so that `timeout` limits all of them together.
    pub(crate) fn holds_states(&self) -> bool {
        matches!(self.kind, StepKind::Agent(_)) || !self.blocks().is_empty()
    }

    /// The lists of steps inside, each with its name for people.
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

/// `create_branch` as `CreateBranch`.
pub(crate) fn pascal(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let mut characters = word.chars();
            characters.next().map_or_else(String::new, |first| {
                first.to_ascii_uppercase().to_string() + characters.as_str()
            })
        })
        .collect()
}
