//! Another place for the progress comment where the chat refuses it: people give commands in channels that the bot is no member of, and
//! to each other alone.

use super::destination::Destination;
use super::{Feedback, PATIENCE};
use domain::configuration::{Configuration, InstanceName};
use domain::{ActionError, ErrorKind};
use providers::{chat_of, tracker_of, with_patience};
use records::{ExecutionRecord, ExecutionView, Progress, ProgressPlace};

impl Destination {
    /// Where the execution reports, by what became of its first report: a chat that refused it is asked no more.
    pub(super) fn or_elsewhere(self, view: &ExecutionView, configuration: &Configuration) -> Self {
        let is_here = |place: &ProgressPlace| place.provider == *self.provider();
        let refused = |known: &Progress| known.refused > 0 && !known.place.as_ref().is_some_and(is_here);
        match view.progress.as_ref().is_some_and(refused) {
            true => self.instead(&view.execution, configuration).unwrap_or(self),
            false => self,
        }
    }

    /// The place that takes this one's: the ticket, or the channel of the project for work without one. Nothing takes a ticket's.
    fn instead(&self, execution: &ExecutionRecord, configuration: &Configuration) -> Option<Self> {
        let Self::Chat { channel: refused, .. } = self else { return None };
        let project = execution.project.as_deref().and_then(|key| configuration.project(key));
        if let Some(ticket) = execution.task_id.clone() {
            let provider = tracker_of(configuration, project, Some(&ticket))?;
            return Some(Self::Ticket { provider, ticket, restriction: None });
        }
        let channel = project?.channel.clone().filter(|channel| channel != refused)?;
        Some(Self::Chat { provider: chat_of(configuration, project, None)?, channel, thread: None })
    }

    fn provider(&self) -> &InstanceName {
        match self {
            Self::Ticket { provider, .. } | Self::Chat { provider, .. } => provider,
        }
    }
}

impl Feedback {
    /// [`Feedback::write`], with patience where it `must`. If the chat refuses the first report, it is made in the place that takes that one's,
    /// which is `destination` then.
    pub(super) async fn write_somewhere(
        &self,
        configuration: &Configuration,
        view: &ExecutionView,
        destination: &mut Destination,
        place: Option<ProgressPlace>,
        (text, must): (&str, bool),
    ) -> Result<ProgressPlace, ActionError> {
        let is_first = place.is_none();
        let writing = self.write(configuration, view, destination, place, text);
        let done = if must { with_patience(PATIENCE, writing).await } else { writing.await };
        let refused = done.as_ref().is_err_and(|error| error.kind == ErrorKind::Rejected);
        let other = destination.instead(&view.execution, configuration).filter(|_| is_first && refused);
        let Some(other) = other else { return done };
        tracing::info!(
            execution = view.execution.name,
            "the chat refuses its progress, which is shown elsewhere"
        );
        self.table.progress_refused(&view.execution.name).await?;
        *destination = other;
        with_patience(PATIENCE, self.write(configuration, view, destination, None, text)).await
    }
}
