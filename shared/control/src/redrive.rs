//! Redrive: continues a run that failed or was stopped, as a new execution of the current workflow. Completed effects and
//! paid replies replay from its journal; only the rest is done. A run that was rolled back cannot be continued, so it starts over.

use crate::authority::Authority;
use crate::authorize::{Authorization, Operation};
use crate::caller::Caller;
use crate::control::Control;
use crate::directory::Ticket;
use crate::plan::grant;
use crate::start::StartResult;
use domain::configuration::Project;
use domain::execution::{ExecutionInput, Outcome, Parent, UNDO_WORKFLOW};
use domain::routes::{Concurrency, InvalidInputs};
use domain::{EventName, Grant, SourceName};
use jiff::Timestamp;
use records::{CONTINUED_WITHIN, CommandTarget, ExecutionRecord, LIST_LIMIT, NewExecution, RecordsError};
use serde_json::Map;
use std::fmt;

/// The result of a request to continue a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedriveResult {
    /// A new execution continues it, or will when its turn comes or the sweeper starts it.
    Accepted {
        /// The name of the new execution.
        execution: String,
        /// The name of the execution that it continues, or starts over.
        continues: String,
        /// Whether it starts over, because a rollback took everything back.
        anew: bool,
    },
    /// It cannot be continued.
    Refused(RedriveRefusal),
    /// There is no execution with this name.
    Unknown,
    /// They may not; the reason is for them.
    Denied(String),
}

/// Why a run cannot be continued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedriveRefusal {
    /// The name of its newest execution; `None` if nothing was ever started on the ticket.
    pub execution: Option<String>,
    reason: String,
}

impl fmt::Display for RedriveRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}

/// Why a redrive could not be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedriveError {
    /// The workflow is no longer deployed, or it does not accept the inputs of the run.
    #[error(transparent)]
    Inputs(#[from] InvalidInputs),
    /// The table does not answer.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

impl Control {
    /// Continues the newest run of a ticket; undos do not count. The caller must be allowed to start work there. A delivery starts one
    /// redrive: sent again, it is about the same.
    ///
    /// # Errors
    /// [`RedriveError`] when the table does not answer, or the workflow no longer accepts the inputs of the run.
    pub async fn redrive(
        &self,
        caller: &Caller<'_>,
        ticket: &Ticket<'_>,
    ) -> Result<RedriveResult, RedriveError> {
        let newest = self.newest_but_undos(caller, ticket.task_id()).await?;
        let found = CommandTarget {
            execution: newest.map(|newest| newest.name),
            question: None,
            at: self.clock.now(),
        };
        let bound = self.table.bind(&caller.trigger.source(), caller.delivery, "redrive", found).await?;
        let record = match bound.execution {
            Some(name) => self.table.execution(&name).await?,
            None => None,
        };
        match record {
            Some(execution) => self.redrive_of(caller, ticket.project(), execution).await,
            None => {
                let operation = Operation::Redrive { project: ticket.project() };
                if let Some(reason) = self.denial(caller, &operation).await? {
                    return Ok(RedriveResult::Denied(reason));
                }
                Ok(refused(None, format!("nothing has been started on {} yet", ticket.task_id())))
            }
        }
    }

    /// Continues the run of one execution, by the name that `status` shows, as [`Control::redrive`] does.
    ///
    /// # Errors
    /// As [`Control::redrive`].
    pub async fn redrive_execution(
        &self,
        caller: &Caller<'_>,
        name: &str,
    ) -> Result<RedriveResult, RedriveError> {
        let Some(execution) = self.table.execution(name).await? else { return Ok(RedriveResult::Unknown) };
        let configuration = caller.directory.configuration();
        let project = execution.project.as_deref().and_then(|key| configuration.project(key));
        match project {
            Some(project) => self.redrive_of(caller, project, execution).await,
            None => {
                let reason = self.without_project(caller, &execution).await?;
                Ok(reason.map_or(RedriveResult::Unknown, RedriveResult::Denied))
            }
        }
    }

    /// An execution that began after the caller asked is not the one they meant.
    async fn newest_but_undos(
        &self,
        caller: &Caller<'_>,
        task_id: &str,
    ) -> Result<Option<ExecutionRecord>, RecordsError> {
        let newest = self.table.executions_of_task(task_id, None, LIST_LIMIT).await?;
        let is_meant = |execution: &ExecutionRecord| {
            execution.workflow != UNDO_WORKFLOW && caller.could_see(execution.begun_at)
        };
        Ok(newest.into_iter().find(is_meant))
    }

    async fn redrive_of(
        &self,
        caller: &Caller<'_>,
        project: &Project,
        execution: ExecutionRecord,
    ) -> Result<RedriveResult, RedriveError> {
        let operation = match caller.authority {
            Authority::Installation => Operation::StartByHand,
            Authority::Roles | Authority::Scoped(_) => Operation::Redrive { project },
        };
        let granted = match self.authorize(caller, &operation).await? {
            Authorization::Denied(reason) => return Ok(RedriveResult::Denied(reason)),
            Authorization::AskProvider => None,
            Authorization::Allowed => {
                let configuration = caller.directory.configuration();
                grant(configuration, &operation, Some(caller.actor), caller.authority).unwrap_or_default()
            }
        };
        let now = self.clock.now();
        let continues = execution.name.clone();
        let anew = is_taken_back(&execution);
        let new = match self.continuation(caller, &execution, granted, now).await? {
            Ok(new) => new,
            Err(refusal) => return Ok(refused(Some(continues), refusal)),
        };
        // The same delivery gets the same answer again.
        if execution.continued_by.as_ref() == Some(&new.name) {
            return Ok(RedriveResult::Accepted { execution: new.name, continues, anew });
        }
        if let Some(refusal) = self.refusal(&execution, now).await? {
            return Ok(refused(Some(continues), refusal));
        }
        let concurrency = if execution.claims_task { Concurrency::OnePerTask } else { Concurrency::Any };
        let own = new.name.clone();
        let new = if anew { self.anew_once(&execution, new).await? } else { new };
        match self.start_new(&new, concurrency).await? {
            StartResult::Duplicate { execution: other } if other != own => {
                // Under the name of an earlier request that came to nothing, this delivery may have begun it.
                let begun = self.table.execution(&other).await?;
                if begun.is_some_and(|begun| is_by(&begun, caller)) {
                    return Ok(RedriveResult::Accepted { execution: other, continues, anew });
                }
                let reason = format!(
                    "`{continues}` was already started over by `{other}`; that one can be continued if it ends"
                );
                Ok(refused(Some(continues), reason))
            }
            StartResult::Started { execution, .. }
            | StartResult::Pending { execution, .. }
            | StartResult::InLine { execution, .. }
            | StartResult::Duplicate { execution } => {
                tracing::info!(execution, continues, anew, "a run is continued");
                Ok(RedriveResult::Accepted { execution, continues, anew })
            }
            StartResult::AlreadyAtWork { execution: other } => {
                let now_so = self.table.execution(&continues).await?.unwrap_or(execution);
                let refusal = self.refusal(&now_so, now).await?;
                let reason = refusal.unwrap_or_else(|| format!("`{other}` is at work on the same ticket"));
                Ok(refused(Some(continues), reason))
            }
        }
    }

    /// The same, under the name of whoever asked first for the execution to be started over: nothing else keeps two of them from doing so, because
    /// the new run has no part in the old one, and may have no ticket.
    async fn anew_once(
        &self,
        execution: &ExecutionRecord,
        new: NewExecution,
    ) -> Result<NewExecution, RecordsError> {
        let found = CommandTarget { execution: Some(new.name.clone()), question: None, at: new.begun_at };
        let first = self.table.bind(&SourceName::API, &execution.name, "anew", found).await?;
        Ok(match first.execution {
            Some(name) => NewExecution { name, ..new },
            None => new,
        })
    }

    /// The execution that continues another one, or starts over one that was taken back: the same inputs and event, checked against the current workflow. The person who asks
    /// for it is its starter.
    async fn continuation(
        &self,
        caller: &Caller<'_>,
        execution: &ExecutionRecord,
        grant: Option<Grant>,
        now: Timestamp,
    ) -> Result<Result<NewExecution, String>, RedriveError> {
        let Some(run) = execution.run().filter(|_| execution.workflow != UNDO_WORKFLOW) else {
            return Ok(Err(match execution.workflow == UNDO_WORKFLOW {
                true => format!("`{}` is an undo; ask for another `undo` instead", execution.name),
                false => format!(
                    "`{}` did not begin, so there is nothing to continue; {}",
                    execution.name,
                    anew(execution)
                ),
            }));
        };
        let anew = is_taken_back(execution);
        let routes = self.table.routes(now).await?;
        let inputs = routes.check_inputs(&execution.workflow, &execution.input.inputs, &Map::new())?;
        let input = ExecutionInput {
            inputs,
            parent: (!anew).then(|| Parent::continuing(run)),
            actor: Some(caller.actor.clone()),
            grant,
            token: caller.authority.token().cloned(),
            ..execution.input.clone()
        };
        let (trigger, delivery) = (caller.trigger.clone(), caller.delivery.to_owned());
        let (workflow, task_id) = (execution.workflow.clone(), execution.task_id.clone());
        let new = NewExecution::new(trigger, delivery, workflow, task_id, input, now);
        Ok(Ok(if anew { new } else { new.continuing(&execution.name) }))
    }

    /// Why an execution cannot be continued, for the person who asks.
    async fn refusal(
        &self,
        execution: &ExecutionRecord,
        now: Timestamp,
    ) -> Result<Option<String>, RecordsError> {
        let name = &execution.name;
        if let Some(by) = &execution.undone_by {
            let undone = format!("what `{name}` did was undone by `{by}`, so there is nothing to continue");
            return Ok(Some(format!("{undone}; {}", anew(execution))));
        }
        if let Some(by) = &execution.continued_by {
            return Ok(Some(format!(
                "`{name}` is already continued by `{by}`; that one can be continued if it ends"
            )));
        }
        let reason = match execution.outcome {
            Outcome::Pending => format!("`{name}` has not started yet; it continues by itself"),
            Outcome::Running => format!("`{name}` is running; `stop` ends it"),
            Outcome::Waiting => {
                format!("`{name}` is waiting, and continues by itself when it is answered; `stop` ends it")
            }
            Outcome::Succeeded => {
                format!("`{name}` succeeded, so nothing is left to do; {}", anew(execution))
            }
            // It starts over.
            Outcome::RolledBack => return Ok(None),
            Outcome::Failed | Outcome::Stopped => {
                let began = self.table.execution(execution.began_as()).await?;
                let begun_at = began.map_or(execution.begun_at, |began| began.begun_at);
                if now.duration_since(begun_at) <= CONTINUED_WITHIN {
                    return Ok(None);
                }
                let days = CONTINUED_WITHIN.as_hours() / 24;
                format!("`{name}` belongs to a run that began more than {days} days ago; {}", anew(execution))
            }
        };
        Ok(Some(reason))
    }
}

/// Whether a rollback took back an execution's effects.
fn is_taken_back(execution: &ExecutionRecord) -> bool {
    execution.outcome == Outcome::RolledBack && execution.undone_by.is_none()
}

/// Whether the caller's delivery began an execution.
fn is_by(execution: &ExecutionRecord, caller: &Caller<'_>) -> bool {
    execution.trigger == *caller.trigger && execution.delivery == caller.delivery
}

/// How to start over.
fn anew(execution: &ExecutionRecord) -> String {
    let workflow = &execution.workflow;
    let inputs = execution.input.inputs.iter().filter(|(_, value)| !value.is_null());
    // People paste this into a shell, and inputs may hold anybody's words: only plain ones are repeated.
    let is_plain = |text: &str| {
        text.len() <= 100 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./#".contains(c))
    };
    let inputs = inputs.map(|(name, value)| match value.as_str() {
        Some(text) if is_plain(text) => format!(" --input {name}={text}"),
        _ => format!(" --input {name}=…"),
    });
    let by_hand = format!("ticketsmith run {workflow}{}", inputs.collect::<String>());
    match execution.trigger == EventName::API_RUN || execution.continues.is_some() {
        true => format!("to start over, use `{by_hand}`"),
        false => {
            format!("to start over, repeat what started it ({}), or use `{by_hand}`", execution.trigger)
        }
    }
}

fn refused(execution: Option<String>, reason: String) -> RedriveResult {
    RedriveResult::Refused(RedriveRefusal { execution, reason })
}
