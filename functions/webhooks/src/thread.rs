//! Chat threads that began with one of our messages: messages there are about a ticket.

use crate::act::Acting;
use crate::senders::Received;
use records::{RecordsError, ReplyPlace};

impl Acting<'_> {
    /// Whether a command names a different ticket than its thread's.
    pub(crate) fn names_other(&self, words: Option<&str>, thread: &str) -> bool {
        let typed = words.and_then(|words| words.split_whitespace().nth(1));
        let ticket = typed.and_then(|typed| self.directory.ticket(typed).ok());
        ticket.is_some_and(|ticket| ticket.task_id() != thread)
    }

    /// The ticket of one of our threads, if a message was in one.
    pub(crate) async fn thread_of(&self, received: &Received) -> Result<Option<String>, RecordsError> {
        let Some(ReplyPlace::Thread { channel, thread }) = &received.reply else { return Ok(None) };
        let opened = self.table.opened_thread(channel, thread).await?;
        let is_known = |task_id: &String| self.directory.ticket(task_id).is_ok();
        Ok(opened.map(|opened| opened.task_id).filter(is_known))
    }
}
