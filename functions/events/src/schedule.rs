//! Starts a workflow when its `schedule` is due.

use crate::handle::Events;
use control::{Authority, DirectoryError, PlanError, StartResult, WorkflowRequest, plan};
use domain::ActionError;
use domain::event::{Actor, EventName, SourceName};
use domain::schedule::Schedule;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

impl Events {
    /// Begins the execution of a schedule for one moment, exactly once even if called repeatedly. If it cannot be started, the sweeper
    /// starts it.
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
                "the workflow no longer has this schedule"
            );
            return Ok(());
        };
        let request = WorkflowRequest {
            workflow: schedule.workflow.clone(),
            inputs: schedule.with.clone(),
            // A ticket takes precedence.
            project: schedule.project.clone().filter(|_| !schedule.with.contains_key("task_id")),
            actor: Actor {
                source: SourceName::SCHEDULE,
                id: schedule.workflow.clone(),
                display_name: None,
                person: None,
            },
            authority: Authority::Roles,
            trigger: EventName::SCHEDULE,
            delivery: delivery(schedule, at),
            concurrency: trigger.concurrency,
        };
        let directory = self.control.directory().await?;
        let request = plan(&directory, &routes, request).map_err(|error| {
            let how = match &error {
                PlanError::Directory(DirectoryError::Ambiguous { .. }) => "; set `project:` in the schedule",
                _ => "",
            };
            ActionError::rejected(format!("{}: {error}{how}", schedule.workflow))
        })?;
        let workflow = &schedule.workflow;
        match self.control.start(request).await? {
            StartResult::Started { execution, .. } => {
                tracing::info!(execution, workflow, "started on schedule");
            }
            StartResult::Pending { execution, .. } => {
                tracing::warn!(execution, workflow, "due on schedule; the sweeper starts it");
            }
            StartResult::InLine { execution, before, .. } => {
                tracing::info!(execution, workflow, before, "due on schedule; it waits in line");
            }
            StartResult::Duplicate { execution } => {
                tracing::info!(execution, "already started for this time");
            }
            StartResult::AlreadyAtWork { execution } => {
                tracing::info!(
                    execution,
                    workflow,
                    "due on schedule, but its ticket is already being worked on"
                );
            }
        }
        Ok(())
    }
}

/// An ID that is unique to one moment of one schedule.
fn delivery(schedule: &Schedule, at: Timestamp) -> String {
    let given = format!("{:?} {}", schedule.project, Value::Object(schedule.with.clone()));
    let digest = hex::encode(Sha256::digest(given));
    format!("{} at {at} by {} with {}", schedule.workflow, schedule.cron, &digest[..16])
}
