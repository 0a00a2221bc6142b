//! The states of a machine, as types.

use std::sync::Arc;

use super::{Flow, Quantity, Recovery, Resource, Template};
use crate::expressions::Expression;

/// One state.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) kind: Kind,
    /// The state that follows; `None` ends the flow. A Choice says so in its rules instead.
    pub(crate) next: Option<String>,
    pub(crate) assign: Vec<(String, Template)>,
    pub(crate) output: Option<Template>,
    pub(crate) recovery: Recovery,
}

/// The type of a state and its fields.
#[derive(Debug)]
pub(crate) enum Kind {
    Task(Task),
    Choice(Choice),
    Pass,
    Wait(Wait),
    Map(Box<Map>),
    Parallel { arguments: Option<Template>, branches: Vec<Flow> },
    Succeed,
    Fail { error: Option<Template>, cause: Option<Template> },
}

impl Kind {
    /// The state's `Type`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Task(_) => "Task",
            Self::Choice(_) => "Choice",
            Self::Pass => "Pass",
            Self::Wait(_) => "Wait",
            Self::Map(_) => "Map",
            Self::Parallel { .. } => "Parallel",
            Self::Succeed => "Succeed",
            Self::Fail { .. } => "Fail",
        }
    }

    /// The flows inside the state.
    pub(crate) fn flows(&self) -> &[Flow] {
        match self {
            Self::Parallel { branches, .. } => branches,
            Self::Map(map) => std::slice::from_ref(&map.processor),
            _ => &[],
        }
    }

    pub(super) fn flows_mut(&mut self) -> &mut [Flow] {
        match self {
            Self::Parallel { branches, .. } => branches,
            Self::Map(map) => std::slice::from_mut(&mut map.processor),
            _ => &mut [],
        }
    }
}

/// A Task state's own fields.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) resource: Resource,
    pub(crate) arguments: Option<Template>,
    pub(crate) timeout: Option<Quantity>,
    pub(crate) heartbeat: Option<Quantity>,
    /// The ARN of the role under `Credentials`.
    pub(crate) role_arn: Option<Template>,
}

/// A Choice state's own fields. Its `Assign` and `Output` count only when no rule holds.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) rules: Vec<Rule>,
    pub(crate) default: Option<String>,
}

/// One entry of `Choices`.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) condition: Template,
    pub(crate) next: String,
    pub(crate) assign: Vec<(String, Template)>,
    pub(crate) output: Option<Template>,
}

/// Until when a Wait state waits.
#[derive(Debug)]
pub(crate) enum Wait {
    Seconds(Quantity),
    /// A moment written down, already checked.
    Timestamp(jiff::Timestamp),
    ComputedTimestamp(Arc<dyn Expression>),
}

/// A Map state's own fields.
#[derive(Debug)]
pub(crate) struct Map {
    pub(crate) items: Option<Template>,
    pub(crate) item_selector: Option<Template>,
    pub(crate) max_concurrency: Option<Quantity>,
    pub(crate) tolerated_count: Option<Quantity>,
    pub(crate) tolerated_percentage: Option<Quantity>,
    pub(crate) processor: Flow,
}
