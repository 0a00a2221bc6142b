//! Starts a workflow when the time of its `schedule` has come.

use crate::handle::Events;
use domain::ActionError;
use domain::event::{Actor, EventKind, Source};
use domain::execution::ExecutionInput;
use domain::schedule::Schedule;
use jiff::Timestamp;
use records::{Begun, NewExecution};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

impl Events {
    /// Begins the execution of a schedule for one moment, once however often that moment is told. What was begun and could not be started
    /// is started by the sweeper.
    pub(crate) async fn begin_scheduled(
        &self,
        schedule: &Schedule,
        at: Timestamp,
    ) -> Result<(), ActionError> {
        let now = self.clock.now();
        let routes = self.table.routes(now).await?;
        let Some((_, trigger)) = routes.schedules().find(|(known, _)| known == schedule) else {
            tracing::warn!(
                workflow = schedule.workflow,
                cron = schedule.cron,
                "the workflow has no such schedule any more"
            );
            return Ok(());
        };
        let inputs = routes
            .check_inputs(&schedule.workflow, &schedule.with, &Map::new())
            .map_err(|error| ActionError::rejected(error.to_string()))?;
        let task_id = inputs.get("task_id").and_then(Value::as_str).map(str::to_owned);
        let configuration = self.table.configuration(now).await?;
        let project = match (&task_id, &schedule.project) {
            (None, Some(key)) => configuration.project(key),
            _ => configuration.project_of(task_id.as_deref()),
        };
        let project = project.ok_or_else(|| {
            let named = task_id.as_deref().or(schedule.project.as_deref());
            ActionError::rejected(match named {
                Some(named) => {
                    format!("{}: no project in the configuration holds {named}", schedule.workflow)
                }
                None => format!(
                    "{}: there are several projects; name one by `project:` in its schedule",
                    schedule.workflow
                ),
            })
        })?;
        let actor = Actor {
            source: Source::Schedule,
            id: schedule.workflow.clone(),
            display_name: None,
            person: None,
        };
        let input = ExecutionInput::new(inputs, Some(project.key.clone()), Some(actor));
        let (delivery, workflow) = (delivery(schedule, at), schedule.workflow.clone());
        let new = NewExecution::new(EventKind::Schedule, delivery, workflow, task_id, input, now);
        match self.table.begin(&new, trigger.concurrency).await? {
            Begun::Begun(record) => {
                let arn = self.start_state_machine(&record).await?;
                self.table.mark_started(&record.name, &arn, now).await?;
                tracing::info!(execution = record.name, workflow = schedule.workflow, "its time has come");
            }
            Begun::Duplicate(record) => tracing::info!(execution = record.name, "its time was told before"),
            Begun::AlreadyAtWork { execution } => {
                tracing::info!(
                    execution,
                    workflow = schedule.workflow,
                    "its time has come, but its ticket is at work"
                );
            }
        }
        Ok(())
    }
}

/// The same for the same moment of the same schedule, and for nothing else.
fn delivery(schedule: &Schedule, at: Timestamp) -> String {
    let given = format!("{:?} {}", schedule.project, Value::Object(schedule.with.clone()));
    let digest = hex::encode(Sha256::digest(given));
    format!("{} at {at} by {} with {}", schedule.workflow, schedule.cron, &digest[..16])
}
