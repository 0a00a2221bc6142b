//! Adds records of earlier versions to lists and roll-ups that did not exist then. Each item is changed once, under a condition, so
//! that it can be done while everything is at work, be ended at any moment, and be done again.

use crate::cost::CostRecord;
use crate::error::RecordsError;
use crate::execution_record::ExecutionRecord;
use crate::item::text;
use crate::keys;
use crate::page::{ExecutionList, PAGE_LIMIT};
use crate::spend::rolled_up;
use crate::table::Table;
use crate::task::{TaskRecord, TaskState};
use crate::topic::Topic;
use crate::update::Update;
use crate::write::Write;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// How many items were changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BackfillResult {
    /// Tickets that are now listed under their state.
    pub tasks: usize,
    /// Questions that are now listed.
    pub questions: usize,
    /// Costs that are now in the roll-ups.
    pub costs: usize,
    /// Merged pull requests that are now listed by time.
    pub pull_requests: usize,
}

impl Table {
    /// Adds missing entries to lists and roll-ups, for every execution that is still listed and every configured repository.
    ///
    /// # Errors
    /// [`RecordsError`] if the table does not answer; changes made by then stay.
    pub async fn backfill(&self, now: Timestamp) -> Result<BackfillResult, RecordsError> {
        let (mut done, mut tasks, mut position) = (BackfillResult::default(), BTreeSet::new(), None);
        loop {
            let page =
                self.list_executions(&ExecutionList::OfAll, position.as_deref(), PAGE_LIMIT, now).await?;
            for execution in &page.items {
                if execution.task_id.as_ref().is_some_and(|task| tasks.insert(task.clone())) {
                    done.tasks += usize::from(self.backfill_task(execution).await?);
                }
                if !execution.outcome.is_final() {
                    done.questions += self.backfill_questions(&execution.name).await?;
                }
                for cost in self.costs_of_execution(&execution.name).await? {
                    done.costs += usize::from(self.backfill_cost(&cost, &execution.workflow).await?);
                }
            }
            position = page.next;
            if position.is_none() {
                done.pull_requests = self.backfill_pull_requests(now).await?;
                return Ok(done);
            }
        }
    }

    /// Lists the merged pull requests of the configured repositories.
    async fn backfill_pull_requests(&self, now: Timestamp) -> Result<usize, RecordsError> {
        let configuration = match self.configuration(now).await {
            Ok(configuration) => configuration,
            Err(RecordsError::Missing(_)) => return Ok(0),
            Err(error) => return Err(error),
        };
        let (mut listed, mut seen) = (0, BTreeSet::new());
        for project in &configuration.projects {
            // Several projects may share a repository.
            if seen.insert(project.repository.as_str()) {
                listed += self.list_merged(&project.repository).await?;
            }
        }
        Ok(listed)
    }

    /// Lists the ticket of its newest execution.
    async fn backfill_task(&self, newest: &ExecutionRecord) -> Result<bool, RecordsError> {
        let Some(task_id) = &newest.task_id else { return Ok(false) };
        let Some(TaskRecord { project: Some(project), open_execution, state: None, .. }) =
            self.task(task_id).await?
        else {
            return Ok(false);
        };
        let state =
            if open_execution.is_some() { TaskState::AtWork } else { TaskState::after(newest.outcome) };
        if state == TaskState::AtWork && open_execution.is_none() {
            // It works without a claim, and its end changes no state.
            return Ok(false);
        }
        let at = newest.ended_at.unwrap_or(newest.begun_at);
        let update =
            Update::new(keys::task(task_id), "SET #state = :state, #gsi1pk = :listing, #gsi1sk = :place")
                .condition(match open_execution {
                    Some(_) => "attribute_not_exists(#state) AND #open_execution = :open",
                    None => "attribute_not_exists(#state) AND attribute_not_exists(#open_execution)",
                })
                .value(":state", text(state.as_str()))
                .value(":listing", text(keys::tasks(&project, state.as_str())))
                .value(":place", text(keys::listed_at(at, task_id)));
        let update = match open_execution {
            Some(open) => update.value(":open", text(open)),
            None => update,
        };
        // Refused means that an execution has begun or ended since, which listed it.
        Ok(self.update("list a task", update).await?.is_ok())
    }

    async fn backfill_questions(&self, execution: &str) -> Result<usize, RecordsError> {
        let mut listed = 0;
        for waiter in self.waiters(&Topic::Approval(execution.to_owned())).await? {
            let update = Update::new(
                keys::waiter(&waiter.topic, &waiter.key),
                "SET #gsi1pk = :listing, #gsi1sk = :place",
            )
            .condition(
                "attribute_exists(#pk) AND attribute_not_exists(#answer) AND attribute_not_exists(#over) \
                 AND attribute_not_exists(#gsi1pk)",
            )
            .value(":listing", text(keys::APPROVALS))
            .value(":place", text(keys::listed_at(waiter.since, &waiter.listed_as())));
            listed += usize::from(self.update("list a question", update).await?.is_ok());
        }
        Ok(listed)
    }

    async fn backfill_cost(&self, cost: &CostRecord, workflow: &str) -> Result<bool, RecordsError> {
        let mark = cost.mark_rolled_up();
        let writes = std::iter::once(Write::Update(mark)).chain(rolled_up(cost, Some(workflow)));
        Ok(self.transact("roll up a cost", writes.collect()).await?.is_ok())
    }
}
