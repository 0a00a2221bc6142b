//! Lists and shows executions.

use crate::authorize::Operation;
use crate::caller::Caller;
use crate::control::Control;
use domain::Actor;
use domain::execution::{Outcome, UNDO_WORKFLOW};
use records::{ExecutionRecord, ExecutionView, LIST_LIMIT, RecordsError};
use std::collections::BTreeMap;

/// Which executions are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecutionFilter {
    /// Those of this ticket, by its canonical name.
    pub task_id: Option<String>,
    /// Those with this outcome.
    pub outcome: Option<Outcome>,
    /// Those that this person started: by our name for them, or by their service's name; ignoring case.
    pub person: Option<String>,
}

impl ExecutionFilter {
    fn includes(&self, execution: &ExecutionRecord) -> bool {
        let is_theirs = |name: &String| {
            let starter = execution.actor.as_ref();
            starter.is_some_and(|actor| {
                [Some(&actor.id), actor.person.as_ref(), actor.display_name.as_ref()]
                    .into_iter()
                    .flatten()
                    .any(|known| known.eq_ignore_ascii_case(name))
            })
        };
        self.outcome.is_none_or(|outcome| execution.outcome == outcome)
            && self.person.as_ref().is_none_or(is_theirs)
    }
}

/// The executions that somebody may see.
#[derive(Debug, Clone, PartialEq)]
pub enum StatusResult {
    /// These, the newest first.
    Executions(Vec<ExecutionRecord>),
    /// They may see none of the ticket's; the reason is for them.
    Denied(String),
}

impl Control {
    /// The newest executions of a ticket, by its canonical name, or of all; at most `limit` (up to [`records::LIST_LIMIT`]).
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn executions(
        &self,
        task_id: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ExecutionRecord>, RecordsError> {
        match task_id {
            Some(task_id) => self.table.executions_of_task(task_id, None, limit).await,
            None => self.table.recent_executions(self.clock.now(), limit).await,
        }
    }

    /// The newest executions that match a filter, at most `limit`. Without a ticket, those of this calendar month and the previous one.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn filtered_executions(
        &self,
        filter: &ExecutionFilter,
        limit: usize,
    ) -> Result<Vec<ExecutionRecord>, RecordsError> {
        let now = self.clock.now();
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = match &filter.task_id {
                Some(task_id) => self.table.executions_of_task(task_id, before, LIST_LIMIT).await?,
                None => self.table.recent_executions_before(now, before, LIST_LIMIT).await?,
            };
            before = page.last().map(|oldest| oldest.begun_at);
            found.extend(page.into_iter().filter(|execution| filter.includes(execution)));
            if found.len() >= limit || before.is_none() {
                found.truncate(limit);
                return Ok(found);
            }
        }
    }

    /// The same for a caller: only what they may see. A ticket of which they may see nothing is denied.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn visible_executions(
        &self,
        caller: &Caller<'_>,
        task_id: Option<&str>,
        limit: usize,
    ) -> Result<StatusResult, RecordsError> {
        let configuration = caller.directory.configuration();
        let ticket = task_id.and_then(|task_id| caller.directory.ticket(task_id).ok());
        let mut denials = BTreeMap::new();
        let mut denied = match &ticket {
            Some(ticket) => {
                let project = ticket.project();
                let see = Operation::See { project: Some(project), starter: None };
                let denial = self.denial(caller, &see).await?;
                denials.insert(Some(project.key.clone()), denial.clone());
                denial
            }
            None => None,
        };
        let mut visible = Vec::new();
        for execution in self.executions(task_id, LIST_LIMIT).await? {
            let project = execution.project.as_deref().and_then(|key| configuration.project(key));
            let key = project.map(|project| project.key.clone());
            let denial = match denials.get(&key) {
                Some(known) => known.clone(),
                None => {
                    let denial = self.denial(caller, &Operation::See { project, starter: None }).await?;
                    denials.insert(key, denial.clone());
                    denial
                }
            };
            let starter = execution.actor.as_ref();
            match denial {
                Some(reason) if starter.is_none_or(|starter| !starter.is(caller.actor)) => {
                    denied = Some(reason);
                }
                _ => visible.push(execution),
            }
            if visible.len() == limit {
                break;
            }
        }
        Ok(match denied.filter(|_| task_id.is_some() && visible.is_empty()) {
            Some(reason) => StatusResult::Denied(reason),
            None => StatusResult::Executions(visible),
        })
    }

    /// The execution of this name, if the caller may see it: to whoever may not, it does not exist.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn visible_execution(
        &self,
        caller: &Caller<'_>,
        name: &str,
    ) -> Result<Option<ExecutionRecord>, RecordsError> {
        let Some(execution) = self.table.execution(name).await? else { return Ok(None) };
        let may_see = self.may_see(caller, &execution).await?;
        Ok(Some(execution).filter(|_| may_see))
    }

    /// Whether the caller may see an execution.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn may_see(
        &self,
        caller: &Caller<'_>,
        execution: &ExecutionRecord,
    ) -> Result<bool, RecordsError> {
        let key = execution.project.as_deref();
        let project = key.and_then(|key| caller.directory.configuration().project(key));
        let see = Operation::See { project, starter: execution.actor.as_ref() };
        Ok(self.denial(caller, &see).await?.is_none())
    }

    /// Why nobody can steer an execution whose project is not configured, for those who may see it. `None` for everybody else: to them, it does not
    /// exist.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub(crate) async fn without_project(
        &self,
        caller: &Caller<'_>,
        execution: &ExecutionRecord,
    ) -> Result<Option<String>, RecordsError> {
        let (name, key) = (&execution.name, execution.project.as_deref().unwrap_or("none"));
        let may_see = self.may_see(caller, execution).await?;
        Ok(may_see.then(|| format!("the project of `{name}` is not configured: {key}")))
    }

    /// The execution with this name, with its steps and costs, if it exists.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn execution(&self, name: &str) -> Result<Option<ExecutionView>, RecordsError> {
        self.table.execution_view(name).await
    }

    /// Who started the newest execution of a ticket, by its canonical name; undos do not count.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub(crate) async fn latest_starter(&self, task_id: &str) -> Result<Option<Actor>, RecordsError> {
        let newest = self.table.executions_of_task(task_id, None, LIST_LIMIT).await?;
        let work = newest.into_iter().find(|execution| execution.workflow != UNDO_WORKFLOW);
        Ok(work.and_then(|work| work.actor))
    }

    /// The open execution on a ticket, by its canonical name.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn open_execution(&self, task_id: &str) -> Result<Option<ExecutionRecord>, RecordsError> {
        let Some(task) = self.table.task(task_id).await? else { return Ok(None) };
        let Some(name) = task.open_execution else { return Ok(None) };
        self.table.execution(&name).await
    }
}
