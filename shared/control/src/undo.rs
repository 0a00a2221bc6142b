//! Undo: starts the workflow that takes back a run's effects.

use crate::authorize::Operation;
use crate::caller::Caller;
use crate::control::Control;
use crate::directory::Ticket;
use crate::left::UndoPreview;
use crate::plan::StartRequest;
use crate::start::StartResult;
use domain::configuration::Project;
use domain::execution::{ExecutionInput, UNDO_WORKFLOW};
use domain::routes::{Concurrency, InvalidInputs};
use domain::{Actor, EventName, Grant};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use records::{ExecutionRecord, LIST_LIMIT, RecordsError};
use serde_json::{Map, Value, json};

/// The result of a request to undo.
#[derive(Debug, Clone, PartialEq)]
pub enum UndoResult {
    /// Its effects are being taken back, or will be when the sweeper starts the undo.
    Accepted {
        /// The name of the execution whose effects are taken back.
        execution: String,
    },
    /// A workflow is at work on the ticket; it must end or be stopped first.
    AtWork {
        /// The workflow's name.
        workflow: String,
    },
    /// Another execution claimed the ticket at the same moment.
    AlreadyAtWork {
        /// The other execution's name.
        execution: String,
    },
    /// It differs from what the caller was shown; this is the present state.
    Changed(Box<UndoPreview>),
    /// No execution has effects that are left to be taken back.
    NothingDone,
    /// There is no execution with this name.
    Unknown,
    /// They may not; the reason is for them.
    Denied(String),
}

/// Why the undo workflow could not be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UndoError {
    /// There is no undo workflow, or it does not accept a run.
    #[error(transparent)]
    Inputs(#[from] InvalidInputs),
    /// The table does not answer.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

/// The target of an undo, or why there is none.
pub(crate) type Target<'a> = Result<(&'a Project, ExecutionRecord), UndoResult>;

/// The field of an event that says in which channel it happened.
const CHANNEL: &str = "channel";

/// How long after an execution ended what it did can be taken back.
const UNDONE_WITHIN: SignedDuration = SignedDuration::from_hours(24 * 90);

/// Why an execution can no longer be undone, for people; `None` while it can.
pub fn too_old_to_undo(execution: &ExecutionRecord, now: Timestamp) -> Option<String> {
    let ended = execution.ended_at.filter(|ended| now.duration_since(*ended) > UNDONE_WITHIN)?;
    let day = ended.to_zoned(TimeZone::UTC).date();
    Some(format!("`{}` ended on {day}; an execution can be undone for 90 days after its end", execution.name))
}

impl Control {
    /// Starts the workflow that takes back the newest execution of a ticket that still has effects; undos do not count. The
    /// caller must be allowed to: the person who started the execution, or as `authorize` says. With `shown`, the code of an
    /// [`UndoPreview`], only what that showed is taken back.
    ///
    /// # Errors
    /// [`UndoError`] when the table does not answer or the undo workflow is not deployed.
    pub async fn undo(
        &self,
        caller: &Caller<'_>,
        ticket: &Ticket<'_>,
        shown: Option<&str>,
    ) -> Result<UndoResult, UndoError> {
        match self.undo_target(caller, ticket).await? {
            Ok((project, execution)) => self.undo_of(caller, project, &execution, shown).await,
            Err(result) => Ok(result),
        }
    }

    /// Starts the workflow that takes back the effects of an execution, by the name that `status` shows. The caller must be allowed to, and
    /// `shown` counts, as for [`Control::undo`].
    ///
    /// # Errors
    /// As [`Control::undo`].
    pub async fn undo_execution(
        &self,
        caller: &Caller<'_>,
        name: &str,
        shown: Option<&str>,
    ) -> Result<UndoResult, UndoError> {
        match self.undo_target_named(caller, name).await? {
            Ok((project, execution)) => self.undo_of(caller, project, &execution, shown).await,
            Err(result) => Ok(result),
        }
    }

    /// The newest execution of a ticket that still has effects, if the caller may take them back.
    pub(crate) async fn undo_target<'a>(
        &self,
        caller: &Caller<'_>,
        ticket: &'a Ticket<'_>,
    ) -> Result<Target<'a>, RecordsError> {
        let task_id = ticket.task_id();
        let project = ticket.project();
        if let Some(execution) = self.open_execution(task_id).await? {
            let denied = self.undo_denied(caller, project, execution.actor.as_ref()).await?;
            return Ok(Err(denied.unwrap_or(UndoResult::AtWork { workflow: execution.workflow })));
        }
        // An execution that began after the caller asked is not the one they meant.
        let could_see = |execution: &ExecutionRecord| caller.could_see(execution.begun_at);
        let found = self.newest_with_effects_where(task_id, could_see).await?;
        let starter = match &found {
            Some(execution) => execution.actor.clone(),
            None => self.latest_starter(task_id).await?,
        };
        if let Some(denied) = self.undo_denied(caller, project, starter.as_ref()).await? {
            return Ok(Err(denied));
        }
        Ok(found.map(|execution| (project, execution)).ok_or(UndoResult::NothingDone))
    }

    /// The execution of this name, if the caller may take its effects back.
    pub(crate) async fn undo_target_named<'a>(
        &self,
        caller: &Caller<'a>,
        name: &str,
    ) -> Result<Target<'a>, RecordsError> {
        let Some(execution) = self.table.execution(name).await? else { return Ok(Err(UndoResult::Unknown)) };
        let configuration = caller.directory.configuration();
        let Some(project) = execution.project.as_deref().and_then(|key| configuration.project(key)) else {
            let reason = self.without_project(caller, &execution).await?;
            return Ok(Err(reason.map_or(UndoResult::Unknown, UndoResult::Denied)));
        };
        if let Some(denied) = self.undo_denied(caller, project, execution.actor.as_ref()).await? {
            return Ok(Err(denied));
        }
        if !execution.outcome.is_final() {
            return Ok(Err(UndoResult::AtWork { workflow: execution.workflow }));
        }
        if !has_effects(&execution) {
            return Ok(Err(UndoResult::NothingDone));
        }
        Ok(Ok((project, execution)))
    }

    /// The refusal if the caller may not take back what was done in a project. It is checked first, so that nobody else learns what happens
    /// there.
    async fn undo_denied(
        &self,
        caller: &Caller<'_>,
        project: &Project,
        starter: Option<&Actor>,
    ) -> Result<Option<UndoResult>, RecordsError> {
        let operation = Operation::Undo { project, starter };
        Ok(self.denial(caller, &operation).await?.map(UndoResult::Denied))
    }

    /// Why nobody can take back an execution's effects now; `None` if they can be taken back.
    pub(crate) async fn undo_obstacle(
        &self,
        execution: &ExecutionRecord,
    ) -> Result<Option<UndoResult>, RecordsError> {
        // Executions that continue each other have one journal: none of them may be at work.
        let newest = self.table.continued(&execution.name).await?.pop();
        if let Some(redrive) = newest.filter(|newest| !newest.outcome.is_final()) {
            return Ok(Some(UndoResult::AtWork { workflow: redrive.workflow }));
        }
        Ok(too_old_to_undo(execution, self.clock.now()).map(UndoResult::Denied))
    }

    /// The newest execution of a ticket, by its canonical name, with effects that are left to be taken back.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn newest_with_effects(&self, task_id: &str) -> Result<Option<ExecutionRecord>, RecordsError> {
        self.newest_with_effects_where(task_id, |_| true).await
    }

    async fn newest_with_effects_where(
        &self,
        task_id: &str,
        is_meant: impl Fn(&ExecutionRecord) -> bool,
    ) -> Result<Option<ExecutionRecord>, RecordsError> {
        let mut before = None;
        loop {
            let page = self.table.executions_of_task(task_id, before, LIST_LIMIT).await?;
            before = page.last().map(|oldest| oldest.begun_at);
            if let Some(found) =
                page.into_iter().find(|execution| has_effects(execution) && is_meant(execution))
            {
                return Ok(Some(found));
            }
            if before.is_none() {
                return Ok(None);
            }
        }
    }

    async fn undo_of(
        &self,
        caller: &Caller<'_>,
        project: &Project,
        execution: &ExecutionRecord,
        shown: Option<&str>,
    ) -> Result<UndoResult, UndoError> {
        if let Some(obstacle) = self.undo_obstacle(execution).await? {
            return Ok(obstacle);
        }
        if let Some(shown) = shown {
            // The same delivery gets the same answer again, although the effects are gone by now.
            let source = caller.trigger.source();
            let began = self.table.delivery(&source, caller.delivery).await?;
            if began.is_none() && !self.code_of(execution).await?.eq_ignore_ascii_case(shown) {
                let now = self.preview_of(execution).await?;
                return Ok(match now.effects.is_empty() {
                    true => UndoResult::NothingDone,
                    false => UndoResult::Changed(Box::new(now)),
                });
            }
        }
        let Some(run) = execution.run() else { return Ok(UndoResult::NothingDone) };
        let request = UndoRequest {
            run: run.to_owned(),
            project: Some(project.key.clone()),
            task_id: execution.task_id.clone(),
            channel: channel_of(execution),
            actor: Some(caller.actor.clone()),
            trigger: caller.trigger.clone(),
            delivery: caller.delivery.to_owned(),
            concurrency: Concurrency::OnePerTask,
        };
        Ok(match self.start_undo(request).await? {
            StartResult::AlreadyAtWork { execution } => UndoResult::AlreadyAtWork { execution },
            StartResult::Started { .. }
            | StartResult::Pending { .. }
            | StartResult::InLine { .. }
            | StartResult::Duplicate { .. } => UndoResult::Accepted { execution: execution.name.clone() },
        })
    }

    /// Takes back the effects of a run whose own rollback could not run; exactly once, even if requested repeatedly. The undo
    /// uses the project, ticket and actor of `execution`, and runs even while another execution is at work on the ticket.
    ///
    /// # Errors
    /// As [`Control::undo`].
    pub async fn undo_run(&self, run: &str, execution: &ExecutionRecord) -> Result<StartResult, UndoError> {
        self.start_undo(UndoRequest {
            run: run.to_owned(),
            project: execution.project.clone(),
            task_id: execution.task_id.clone(),
            channel: channel_of(execution),
            actor: execution.actor.clone(),
            trigger: EventName::API_RUN,
            delivery: format!("undo {run}"),
            concurrency: Concurrency::Any,
        })
        .await
    }

    /// Starts the undo workflow. Whether the actor may ask for it is the caller's to decide.
    ///
    /// # Errors
    /// As [`Control::undo`].
    pub async fn start_undo(&self, request: UndoRequest) -> Result<StartResult, UndoError> {
        let routes = self.table.routes(self.clock.now()).await?;
        let given: Map<String, Value> = [("run".to_owned(), json!(request.run))].into_iter().collect();
        let inputs = routes.check_inputs(UNDO_WORKFLOW, &given, &Map::new())?;
        let start = StartRequest {
            workflow: UNDO_WORKFLOW.to_owned(),
            trigger: request.trigger,
            delivery: request.delivery,
            task_id: request.task_id,
            concurrency: request.concurrency,
            input: ExecutionInput {
                event: request
                    .channel
                    .map(|channel| (CHANNEL.to_owned(), channel.into()))
                    .into_iter()
                    .collect(),
                ..ExecutionInput::new(inputs, request.project, request.actor).granted(Grant::Undo)
            },
        };
        Ok(self.start(start).await?)
    }
}

/// An undo to start.
#[derive(Debug, Clone, PartialEq)]
pub struct UndoRequest {
    /// The ARN of the run to take back.
    pub run: String,
    /// The key of the project it was about.
    pub project: Option<String>,
    /// The canonical name of the ticket it was about.
    pub task_id: Option<String>,
    /// Where it reports if it was about no ticket: the id of the channel in which the run was asked for; without one, the project's channel.
    pub channel: Option<String>,
    /// Who asks.
    pub actor: Option<Actor>,
    /// How they asked.
    pub trigger: EventName,
    /// The ID of the delivery by which they asked; it starts at most one undo.
    pub delivery: String,
    /// How many executions the ticket may have at once.
    pub concurrency: Concurrency,
}

/// The channel in which a run about no ticket was asked for: its undo has no other place to report.
fn channel_of(execution: &ExecutionRecord) -> Option<String> {
    let channel = execution.input.event.get(CHANNEL).and_then(Value::as_str);
    channel.filter(|_| execution.task_id.is_none()).map(str::to_owned)
}

/// Whether an execution did something that may be left to be taken back. One whose end was not looked at yet may have.
fn has_effects(execution: &ExecutionRecord) -> bool {
    let is_undo = execution.workflow == UNDO_WORKFLOW;
    !is_undo
        && execution.run().is_some()
        && execution.outcome.is_final()
        && execution.effects_left != Some(false)
}
