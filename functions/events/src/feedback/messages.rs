//! Messages in chats other than progress comments.

use super::{Feedback, PATIENCE};
use domain::ActionError;
use domain::configuration::{Configuration, Project};
use domain::plugins::{Mark, Message, MessageBody, SentMessage};
use providers::{Place, chat_of, with_patience};

impl Feedback {
    /// Sends a message in a project's chat.
    pub(crate) async fn send_message(
        &self,
        configuration: &Configuration,
        project: &Project,
        message: &Message,
        mark: &Mark,
    ) -> Result<(), ActionError> {
        let place = Place { configuration, project, task_id: None };
        let chat = self.providers.chat(place).await?;
        with_patience(PATIENCE, chat.send_message(message, mark)).await?;
        Ok(())
    }

    /// Sends a message in a project's chat, unless one with its mark is there.
    pub(crate) async fn send_marked(
        &self,
        configuration: &Configuration,
        project: &Project,
        message: &Message,
        mark: &Mark,
    ) -> Result<SentMessage, ActionError> {
        let place = Place { configuration, project, task_id: None };
        let chat = self.providers.chat(place).await?;
        if let Some(sent) = chat.find_message(&message.channel, None, mark).await? {
            return Ok(sent);
        }
        with_patience(PATIENCE, chat.send_message(message, mark)).await
    }

    /// Replaces a message in the chat of an execution's project.
    pub(crate) async fn replace_message(
        &self,
        execution: &str,
        sent: &SentMessage,
        body: &MessageBody,
    ) -> Result<(), ActionError> {
        let configuration = self.table.configuration(self.clock.now()).await?;
        let execution = self.table.execution(execution).await?;
        let key = execution.as_ref().and_then(|execution| execution.project.as_deref());
        let project = key.and_then(|key| configuration.project(key));
        let chat = chat_of(&configuration, project, None)
            .ok_or_else(|| ActionError::rejected("no chat provider is configured under plugins"))?;
        self.providers.chat_named(&configuration, &chat).await?.update_message(sent, body, None).await
    }
}
