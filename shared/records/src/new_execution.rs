//! An execution about to be begun.

use crate::word::Inbox;
use domain::event::{Actor, EventName};
use domain::execution::{ExecutionInput, execution_name};
use jiff::Timestamp;

/// An execution about to start.
#[derive(Debug, Clone, PartialEq)]
pub struct NewExecution {
    /// Its name, by [`domain::execution::execution_name`].
    pub name: String,
    /// The workflow's name, the file's stem.
    pub workflow: String,
    /// The event.
    pub trigger: EventName,
    /// The id of the delivery that said so.
    pub delivery: String,
    /// The project's key in the configuration.
    pub project: Option<String>,
    /// The ticket it is about.
    pub task_id: Option<String>,
    /// The person or machine that caused it.
    pub actor: Option<Actor>,
    /// Its input; at most [`crate::INPUT_LIMIT`].
    pub input: ExecutionInput,
    /// When it was accepted.
    pub begun_at: Timestamp,
    /// The name of the execution that it continues, if it is a redrive.
    pub continues: Option<String>,
    /// What it takes over from the execution that holds its ticket.
    pub takes_over: Option<TakenOver>,
}

/// What an execution takes over from one that has ended with words in its inbox: the ticket, and the words that it begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct TakenOver {
    /// The execution that holds the ticket, by its name.
    pub execution: String,
    /// The words.
    pub words: Inbox,
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
            continues: None,
            takes_over: None,
        }
    }

    /// The same, continuing an execution that failed or was stopped, if nothing else has continued or undone that one.
    #[must_use]
    pub fn continuing(self, execution: impl Into<String>) -> Self {
        Self { continues: Some(execution.into()), ..self }
    }

    /// The same, taking the ticket and these words over from an execution that has ended and still holds the ticket.
    #[must_use]
    pub fn taking_over(self, execution: impl Into<String>, words: Inbox) -> Self {
        Self { takes_over: Some(TakenOver { execution: execution.into(), words }), ..self }
    }
}
