//! Acknowledges the event that started an execution.

use super::destination::{Destination, field};
use super::{Feedback, PATIENCE};
use domain::configuration::{Configuration, InstanceName};
use domain::plugins::{CommentId, SentMessage};
use domain::{ActionError, ErrorKind};
use providers::with_patience;
use records::{ExecutionRecord, Progress};

impl Feedback {
    /// As [`Feedback::acknowledge_now`], and records it: for a comment that needs no edit. Returns whether nothing is left to be acknowledged.
    pub(super) async fn acknowledge(
        &self,
        configuration: &Configuration,
        destination: &Destination,
        execution: &ExecutionRecord,
        progress: &Progress,
    ) -> Result<bool, ActionError> {
        if progress.acknowledged || execution.continues.is_some() {
            return Ok(true);
        }
        let is_over = self.acknowledge_now(configuration, destination, execution, progress).await;
        if is_over {
            self.table.progress_acknowledged(&execution.name).await?;
        }
        Ok(is_over)
    }

    /// Acknowledges the starting event, once: reacts with 👀 if the destination supports it, and removes the label that started it,
    /// so that it can be added again; not for a redrive. What fails is logged, and tried again with the next change unless it was refused.
    /// Returns whether the caller has to record that this is over.
    pub(super) async fn acknowledge_now(
        &self,
        configuration: &Configuration,
        destination: &Destination,
        execution: &ExecutionRecord,
        progress: &Progress,
    ) -> bool {
        if progress.acknowledged || execution.continues.is_some() {
            return false;
        }
        let acknowledging = self.acknowledge_at(configuration, destination, execution);
        let done = with_patience(PATIENCE, acknowledging).await;
        if let Err(error) = &done {
            tracing::warn!(execution = execution.name, %error, "the starting event was not fully acknowledged");
        }
        done.err().is_none_or(|error| !ErrorKind::RETRIED.contains(&error.kind))
    }

    async fn acknowledge_at(
        &self,
        configuration: &Configuration,
        destination: &Destination,
        execution: &ExecutionRecord,
    ) -> Result<(), ActionError> {
        match destination {
            Destination::Ticket { provider, ticket, .. } => {
                self.acknowledge_on_ticket(configuration, provider, ticket, execution).await
            }
            Destination::Chat { provider, .. } => {
                self.acknowledge_in_chat(configuration, provider, execution).await
            }
        }
    }

    async fn acknowledge_on_ticket(
        &self,
        configuration: &Configuration,
        provider: &InstanceName,
        ticket: &str,
        execution: &ExecutionRecord,
    ) -> Result<(), ActionError> {
        let label = field(execution, "label");
        let is_comment = execution.input.event.contains_key("comment_id");
        if label.is_none() && !is_comment {
            return Ok(());
        }
        let tracker = self.tracker(configuration, provider).await?;
        let removed = match label {
            Some(label) => tracker.remove_label(ticket, label).await,
            None => Ok(()),
        };
        let comment = field(execution, "comment_id").map(|id| CommentId { id: id.to_owned(), url: None });
        removed.and(tracker.react(ticket, comment.as_ref()).await)
    }

    async fn acknowledge_in_chat(
        &self,
        configuration: &Configuration,
        provider: &InstanceName,
        execution: &ExecutionRecord,
    ) -> Result<(), ActionError> {
        let (Some(channel), Some(_), Some(message)) =
            (field(execution, "channel"), field(execution, "thread"), field(execution, "message"))
        else {
            return Ok(());
        };
        let sent = SentMessage { channel: channel.to_owned(), id: message.to_owned(), url: None };
        self.providers.chat_named(configuration, provider).await?.react(&sent, "eyes").await
    }
}
