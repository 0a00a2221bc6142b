//! Executions as answers show them.

use crate::id;
use domain::execution::Outcome;
use domain::{Actor, MicroUsd};
use jiff::Timestamp;
use records::{CostTotal, ExecutionRecord, ExecutionView, StepRecord};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Where an execution is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ExecutionOutcome {
    /// Accepted, not started yet.
    Pending,
    /// At work.
    Running,
    /// Parked on a question, a limit or an event.
    Waiting,
    /// Done.
    Succeeded,
    /// Failed, with a reason.
    Failed,
    /// Failed, and its effects were taken back.
    RolledBack,
    /// Stopped by a person.
    Stopped,
}

impl From<Outcome> for ExecutionOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Pending => Self::Pending,
            Outcome::Running => Self::Running,
            Outcome::Waiting => Self::Waiting,
            Outcome::Succeeded => Self::Succeeded,
            Outcome::Failed => Self::Failed,
            Outcome::RolledBack => Self::RolledBack,
            Outcome::Stopped => Self::Stopped,
        }
    }
}

/// An execution in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExecutionSummary {
    /// Its name, unique forever.
    pub(super) name: String,
    /// The workflow's name.
    workflow: String,
    /// Where it is.
    outcome: ExecutionOutcome,
    /// The project's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    /// The ticket's name in its tracker.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<String>,
    /// The ticket's id in paths.
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    /// What started it.
    trigger: String,
    /// Who started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    started_by: Option<String>,
    /// When it was accepted.
    begun_at: Timestamp,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    /// What it waits for, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<String>,
}

impl ExecutionSummary {
    /// The summary of a record.
    pub(super) fn of(record: &ExecutionRecord) -> Self {
        Self {
            name: record.name.clone(),
            workflow: record.workflow.clone(),
            outcome: record.outcome.into(),
            project: record.project.clone(),
            task_id: record.task_id.clone(),
            task: record.task_id.as_deref().map(id::id_of),
            trigger: record.trigger.to_string(),
            started_by: record.actor.as_ref().map(Actor::account),
            begun_at: record.begun_at,
            ended_at: record.ended_at,
            question: record.question.clone(),
        }
    }
}

/// An execution with its steps and costs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Execution {
    #[serde(flatten)]
    summary: ExecutionSummary,
    /// When its state machine was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    /// The inputs of its workflow.
    #[schema(value_type = Object)]
    inputs: Map<String, Value>,
    /// The error's name, if it did not succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Why it did not succeed, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// Its output; absent if that is over 100 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    output: Option<Value>,
    /// The person who asked to stop it.
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_requested_by: Option<String>,
    /// Whether any of its effects can still be taken back, once that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    effects_left: Option<bool>,
    /// The execution that took back its effects.
    #[serde(skip_serializing_if = "Option::is_none")]
    undone_by: Option<String>,
    /// The execution that it continues.
    #[serde(skip_serializing_if = "Option::is_none")]
    continues: Option<String>,
    /// The execution that continues it.
    #[serde(skip_serializing_if = "Option::is_none")]
    continued_by: Option<String>,
    /// Its steps, in the order in which they were first started.
    steps: Vec<Step>,
    /// Its cost.
    cost: Cost,
}

/// A step of an execution.
#[derive(Debug, Serialize, ToSchema)]
struct Step {
    /// The state's name, with its loop indexes.
    name: String,
    /// The action that it calls.
    action: String,
    /// `running`, `succeeded`, `failed` or `skipped`.
    status: String,
    /// How often it was started.
    attempts: u32,
    /// When it was first started.
    started_at: Timestamp,
    /// When its last attempt ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    /// The error's name, if the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Why it failed or was skipped, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

/// A sum of costs.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(super) struct Cost {
    /// The known cost, in micro-dollars.
    known_micro_usd: u64,
    /// The amount booked at worst case for calls of unknown cost, in micro-dollars.
    unknown_micro_usd: u64,
    /// How many calls those are.
    unknown_calls: u64,
}

impl From<CostTotal> for Cost {
    fn from(total: CostTotal) -> Self {
        let (MicroUsd(known_micro_usd), MicroUsd(unknown_micro_usd)) = (total.priced, total.unknown_booked);
        Self { known_micro_usd, unknown_micro_usd, unknown_calls: total.unknown_calls }
    }
}

impl From<StepRecord> for Step {
    fn from(step: StepRecord) -> Self {
        Self {
            name: step.state,
            action: step.action.to_string(),
            status: step.status.to_string(),
            attempts: step.attempts,
            started_at: step.started_at,
            ended_at: step.ended_at,
            error: step.error,
            cause: step.cause,
        }
    }
}

impl From<ExecutionView> for Execution {
    fn from(view: ExecutionView) -> Self {
        let cost = view.cost().into();
        let ExecutionView { execution, steps, .. } = view;
        Self {
            summary: ExecutionSummary::of(&execution),
            started_at: execution.started_at,
            inputs: execution.input.inputs,
            error: execution.error,
            cause: execution.cause,
            output: execution.output,
            stop_requested_by: execution.stop_requested_by,
            effects_left: execution.effects_left,
            undone_by: execution.undone_by,
            continues: execution.continues,
            continued_by: execution.continued_by,
            steps: steps.into_iter().map(Step::from).collect(),
            cost,
        }
    }
}
