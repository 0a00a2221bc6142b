//! Commands in a chat about a ticket that does not exist. Only the tracker knows that, and `webhooks` cannot ask it, so an execution begins, and
//! fails at its first step. People are told as if the command had been refused at once, because nothing was done.

use super::destination::Destination;
use super::render::refused;
use super::{Feedback, digest_of};
use domain::configuration::Configuration;
use domain::execution::Outcome;
use domain::{ActionError, ErrorKind};
use providers::tracker_of;
use records::{ExecutionRecord, ExecutionView, RecordsError};

impl Feedback {
    /// Whether a channel may be told that the execution is at work. In a chat, people may type something that is not a ticket: then the channel
    /// is told only how the execution ended.
    pub(super) async fn may_announce(
        &self,
        configuration: &Configuration,
        destination: &Destination,
        execution: &ExecutionRecord,
    ) -> Result<bool, ActionError> {
        let (Destination::Chat { .. }, Some(ticket)) = (destination, &execution.task_id) else {
            return Ok(true);
        };
        let project = execution.project.as_deref().and_then(|key| configuration.project(key));
        let Some(provider) = tracker_of(configuration, project, Some(ticket)) else { return Ok(true) };
        match self.tracker(configuration, &provider).await?.get_task(ticket).await {
            Err(error) if error.kind == ErrorKind::Rejected => {
                tracing::info!(execution = execution.name, %error, "the channel is not told that it is at work");
                Ok(false)
            }
            other => other.map(|_| true),
        }
    }

    /// What the channel is told of an execution that failed because its ticket does not exist, in place of its progress; `None` if something
    /// was done or told before.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(super) async fn refusal(
        &self,
        configuration: &Configuration,
        destination: &Destination,
        view: &ExecutionView,
    ) -> Result<Option<String>, RecordsError> {
        let execution = &view.execution;
        let is_in_chat = matches!(destination, Destination::Chat { .. });
        let is_rejected = execution.error.as_deref() == Some(ErrorKind::Rejected.as_str());
        if !is_in_chat || execution.outcome != Outcome::Failed || !is_rejected || !view.costs.is_empty() {
            return Ok(None);
        }
        let refusal = refused(execution);
        // What was told shows whether the ticket existed, so it is not asked for again.
        if let Some(told) = view.progress.as_ref().filter(|told| told.place.is_some()) {
            return Ok((told.digest == Some(digest_of(&refusal))).then_some(refusal));
        }
        if let Some(run) = execution.run()
            && self.table.few_effects_of(run, 0).await?.is_none()
        {
            return Ok(None);
        }
        match self.may_announce(configuration, destination, execution).await {
            Ok(may) => Ok((!may).then_some(refusal)),
            Err(error) => {
                tracing::warn!(execution = execution.name, %error, "its failure is shown without asking for its ticket");
                Ok(None)
            }
        }
    }
}
