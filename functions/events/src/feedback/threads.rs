//! Which ticket our messages in a chat are about, so that what people say there is about it, too.

use super::Feedback;
use domain::plugins::SentMessage;
use records::{OpenedThread, RecordsError};

impl Feedback {
    /// Records that our answer in a thread is about the ticket of the thread, if it is about one: in some chats, people reply to single messages.
    pub(crate) async fn note_answer(
        &self,
        (channel, thread): (&str, &str),
        sent: &SentMessage,
    ) -> Result<(), RecordsError> {
        match self.table.opened_thread(channel, thread).await? {
            Some(opened) => self.note_thread(sent, &opened.task_id).await,
            None => Ok(()),
        }
    }

    /// Records that our message in a channel is about a ticket, so that replies to it and in its thread are, too.
    pub(super) async fn note_thread(&self, sent: &SentMessage, task_id: &str) -> Result<(), RecordsError> {
        let opened = OpenedThread {
            channel: sent.channel.clone(),
            message: sent.id.clone(),
            task_id: task_id.to_owned(),
            at: self.clock.now(),
        };
        self.table.put_opened_thread(&opened).await
    }
}
