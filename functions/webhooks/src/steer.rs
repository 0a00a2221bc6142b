//! What people want of an execution that was begun: an answer to its question, its end, its effects taken back.
//!
//! It is only written down here. The `events` function, which hears of it from the table's stream, tells Step Functions: the
//! function that strangers can reach cannot let a parked execution go on, nor end one.

use crate::answer::Outcome;
use crate::command::{Steering, SteeringWord};
use crate::receive::{Refusal, Webhooks};
use crate::route::{Planned, canonical};
use domain::configuration::{Configuration, Project};
use domain::execution::ExecutionInput;
use domain::routes::Concurrency;
use domain::{Actor, EventKind};
use jiff::Timestamp;
use records::{Answer, ExecutionRecord, Topic, Waiter};
use serde_json::{Map, json};

/// The workflow that takes a run's effects back.
const UNDO: &str = "undo";

/// How many executions of a ticket are looked through for one to take back.
const LOOKED_THROUGH: usize = 20;

/// Somebody who steers, and by what.
pub(crate) struct Steerer<'a> {
    pub(crate) configuration: &'a Configuration,
    /// With the configured person filled in.
    pub(crate) actor: &'a Actor,
    pub(crate) kind: EventKind,
    /// The delivery's id.
    pub(crate) delivery: &'a str,
    pub(crate) now: Timestamp,
}

/// What became of it, in words for the person; data in it is as people wrote it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Steered {
    Done(String),
    Refused(String),
}

impl From<Steered> for Outcome {
    fn from(steered: Steered) -> Self {
        match steered {
            Steered::Done(_) => Self::Recorded,
            Steered::Refused(reason) => Self::Refused { reason },
        }
    }
}

impl Webhooks {
    /// Writes down what a person wants of the execution of a ticket.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn steer(&self, by: &Steerer<'_>, steering: Steering) -> Result<Steered, Refusal> {
        let Some(typed) = &steering.task_id else {
            return Ok(Steered::Refused(
                "Which ticket? Type its key behind the word, such as `SHOP-12`.".into(),
            ));
        };
        let Some(project) = by.configuration.project_of_task(typed) else {
            return Ok(Steered::Refused(format!("no project in the configuration holds {typed}")));
        };
        let task_id = match canonical(project, typed) {
            Ok(task_id) => task_id,
            Err(reason) => return Ok(Steered::Refused(reason)),
        };
        match steering.word {
            SteeringWord::Approve => self.answer_ticket(by, &task_id, true, steering.comment).await,
            SteeringWord::Deny => self.answer_ticket(by, &task_id, false, steering.comment).await,
            SteeringWord::Stop => self.stop(by, project, &task_id).await,
            SteeringWord::Undo => self.undo(by, project, &task_id).await,
        }
    }

    /// Writes down what a button says: its value names the execution and the step that asks.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn press(
        &self,
        by: &Steerer<'_>,
        action: &str,
        value: &str,
    ) -> Result<Steered, Refusal> {
        let approved = match action {
            "approve" => true,
            "deny" => false,
            other => return Ok(Steered::Refused(format!("nothing listens to the button `{other}`"))),
        };
        let waiter = match value.split_once(' ') {
            Some((execution, key)) => {
                self.table.waiter(&Topic::Approval(execution.to_owned()).to_string(), key).await?
            }
            None => None,
        };
        match waiter {
            Some(waiter) => self.answer(by, &waiter, approved, None).await,
            None => Ok(Steered::Refused("nothing waits for this button".into())),
        }
    }

    /// Writes down what a move of the ticket answers; nothing where no question on it waits for such a move.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn move_ticket(
        &self,
        by: &Steerer<'_>,
        task_id: &str,
        status: &str,
    ) -> Result<Option<Steered>, Refusal> {
        for waiter in self.open_questions(task_id).await? {
            if let Some(approved) = waiter.moves.answer(status) {
                return self.answer(by, &waiter, approved, None).await.map(Some);
            }
        }
        Ok(None)
    }

    /// The questions on a ticket that nobody answered yet, the one that was asked first before the others.
    async fn open_questions(&self, task_id: &str) -> Result<Vec<Waiter>, Refusal> {
        let Some(execution) = self.open_execution(task_id).await? else { return Ok(Vec::new()) };
        let mut waiters = self.table.waiters(&Topic::Approval(execution.name)).await?;
        waiters.retain(|waiter| waiter.answer.is_none());
        waiters.sort_by_key(|waiter| waiter.since);
        Ok(waiters)
    }

    async fn answer_ticket(
        &self,
        by: &Steerer<'_>,
        task_id: &str,
        approved: bool,
        comment: Option<String>,
    ) -> Result<Steered, Refusal> {
        match self.open_questions(task_id).await?.first() {
            Some(waiter) => self.answer(by, waiter, approved, comment).await,
            None => Ok(Steered::Refused(format!("nothing on {task_id} waits for an answer"))),
        }
    }

    async fn answer(
        &self,
        by: &Steerer<'_>,
        waiter: &Waiter,
        approved: bool,
        comment: Option<String>,
    ) -> Result<Steered, Refusal> {
        let question = waiter.question.as_deref().unwrap_or("it");
        if !by.configuration.may_approve(&waiter.approvers, by.actor) {
            let who = match waiter.approvers.as_slice() {
                [] => "people with the role approver or admin".to_owned(),
                named => named.join(", "),
            };
            let name = name(by.actor);
            return Ok(Steered::Refused(format!(
                "{name} may not answer \u{201c}{question}\u{201d}; {who} may"
            )));
        }
        let answer = Answer { approved, by: by.actor.account(), via: by.actor.source, at: by.now, comment };
        Ok(match self.table.answer_waiter(waiter, &answer).await? {
            None => {
                tracing::info!(execution = waiter.execution, approved, "its question was answered");
                Steered::Done(format!("{}: \u{201c}{question}\u{201d}", verdict(approved)))
            }
            Some(earlier) => Steered::Refused(format!(
                "{} was faster, and answered \u{201c}{question}\u{201d}: {}",
                earlier.by,
                verdict(earlier.approved)
            )),
        })
    }

    async fn stop(&self, by: &Steerer<'_>, project: &Project, task_id: &str) -> Result<Steered, Refusal> {
        let Some(execution) = self.open_execution(task_id).await? else {
            return Ok(Steered::Refused(format!("nothing is at work on {task_id}")));
        };
        if let Some(refused) = may_not_steer(by, project, &execution) {
            return Ok(refused);
        }
        Ok(match self.table.request_stop(&execution.name, &name(by.actor)).await? {
            true => {
                tracing::info!(execution = execution.name, "a person asked to stop it");
                Steered::Done(format!(
                    "{} on {task_id} is being stopped. What it did stays; `undo {task_id}` takes it back.",
                    execution.workflow
                ))
            }
            false => Steered::Refused(format!("{} on {task_id} has just ended", execution.workflow)),
        })
    }

    /// Starts `undo` for the newest execution of the ticket that is over.
    async fn undo(&self, by: &Steerer<'_>, project: &Project, task_id: &str) -> Result<Steered, Refusal> {
        if let Some(execution) = self.open_execution(task_id).await? {
            return Ok(Steered::Refused(format!(
                "{} is at work on {task_id}; `stop {task_id}` comes first",
                execution.workflow
            )));
        }
        let executions = self.table.executions_of_task(task_id, None, LOOKED_THROUGH).await?;
        let newest = executions.into_iter().find(|execution| execution.workflow != UNDO);
        let Some((execution, run)) = newest.and_then(|newest| Some((newest.clone(), newest.arn?))) else {
            return Ok(Steered::Refused(format!("nothing was ever done on {task_id}")));
        };
        if let Some(refused) = may_not_steer(by, project, &execution) {
            return Ok(refused);
        }
        let given = Map::from_iter([("run".to_owned(), json!(run))]);
        let routes = self.table.routes(by.now).await?;
        let inputs = match routes.check_inputs(UNDO, &given, &Map::new()) {
            Ok(inputs) => inputs,
            Err(invalid) => return Ok(Steered::Refused(invalid.to_string())),
        };
        let planned = Planned {
            workflow: UNDO.to_owned(),
            kind: by.kind,
            delivery: by.delivery.to_owned(),
            task_id: Some(task_id.to_owned()),
            concurrency: Concurrency::OnePerTask,
            input: ExecutionInput::new(inputs, Some(project.key.clone()), Some(by.actor.clone())),
        };
        Ok(match self.starter.start(planned, by.now).await? {
            Outcome::AlreadyAtWork { execution } => {
                Steered::Refused(format!("`{execution}` is at work on {task_id}"))
            }
            _ => Steered::Done(format!("What `{}` did on {task_id} is being taken back.", execution.name)),
        })
    }

    async fn open_execution(&self, task_id: &str) -> Result<Option<ExecutionRecord>, Refusal> {
        let Some(task) = self.table.task(task_id).await? else { return Ok(None) };
        let Some(name) = task.open_execution else { return Ok(None) };
        Ok(self.table.execution(&name).await?)
    }
}

/// Why the person may not stop or undo it: neither did they start it, nor do they belong to those who may.
fn may_not_steer(by: &Steerer<'_>, project: &Project, execution: &ExecutionRecord) -> Option<Steered> {
    let started_it = execution.actor.as_ref().is_some_and(|actor| actor.account() == by.actor.account());
    (!started_it && !by.configuration.may_steer(project, by.actor)).then(|| {
        Steered::Refused(format!(
            "{} may not steer work on {}; accepted: who started it, members of {}, people with the role developer or admin",
            name(by.actor),
            project.key,
            project.may_trigger.join(", ")
        ))
    })
}

fn name(actor: &Actor) -> String {
    let shown = actor.person.as_ref().or(actor.display_name.as_ref());
    shown.unwrap_or(&actor.id).clone()
}

fn verdict(approved: bool) -> &'static str {
    if approved { "approved" } else { "declined" }
}
