//! An execution about to start, and the record that it begins with.

use crate::execution::ExecutionRecord;
use crate::open_execution::FIRST_CHECK;
use domain::event::{Actor, EventName};
use domain::execution::{ExecutionInput, Outcome, execution_name};
use domain::routes::Concurrency;
use jiff::Timestamp;

/// An execution about to start.
#[derive(Debug, Clone, PartialEq)]
pub struct NewExecution {
    /// Its name, by [`domain::execution::execution_name`].
    pub name: String,
    /// The workflow's name, the file's stem.
    pub workflow: String,
    /// What happened.
    pub trigger: EventName,
    /// The id of the delivery that said so.
    pub delivery: String,
    /// The project's key in the configuration.
    pub project: Option<String>,
    /// The ticket it is about.
    pub task_id: Option<String>,
    /// Who caused it.
    pub actor: Option<Actor>,
    /// What it starts with; at most [`crate::INPUT_LIMIT`].
    pub input: ExecutionInput,
    /// When it was accepted.
    pub begun_at: Timestamp,
}

impl NewExecution {
    /// The execution that one delivery asks for: named after it, so that it can be begun only once, and for the project and the actor of its
    /// input.
    pub fn new(
        trigger: EventName,
        delivery: String,
        workflow: String,
        task_id: Option<String>,
        input: ExecutionInput,
        begun_at: Timestamp,
    ) -> Self {
        Self {
            name: execution_name(&trigger.source(), task_id.as_deref(), &delivery),
            workflow,
            trigger,
            delivery,
            project: input.project.clone(),
            task_id,
            actor: input.actor.clone(),
            input,
            begun_at,
        }
    }

    /// The record that it begins with.
    pub(crate) fn pending(&self, concurrency: Concurrency) -> ExecutionRecord {
        ExecutionRecord {
            name: self.name.clone(),
            workflow: self.workflow.clone(),
            trigger: self.trigger.clone(),
            delivery: self.delivery.clone(),
            project: self.project.clone(),
            task_id: self.task_id.clone(),
            actor: self.actor.clone(),
            input: self.input.clone(),
            outcome: Outcome::Pending,
            arn: None,
            begun_at: self.begun_at,
            started_at: None,
            ended_at: None,
            error: None,
            cause: None,
            output: None,
            question: None,
            stop_requested_by: None,
            check_at: Some(self.begun_at + FIRST_CHECK),
            checks: 0,
            claims_task: concurrency == Concurrency::OnePerTask && self.task_id.is_some(),
        }
    }
}
