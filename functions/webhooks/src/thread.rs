//! Chat threads that began with one of our messages: messages there are about a ticket.

use crate::act::Acting;
use crate::command::Command;
use crate::senders::Received;
use domain::same_name;
use records::{RecordsError, ReplyPlace};

impl Acting<'_> {
    /// Whether a command names a different ticket than its thread's. Other words may: `Like SHOP-2` is said about the thread's ticket.
    pub(crate) fn names_other(&self, words: Option<&str>, thread: &str) -> bool {
        let is_command = |words: &&str| !matches!(Command::read(words, None), Command::Unknown { .. });
        let named = words.filter(is_command).and_then(|words| self.named_in(words, &[thread]));
        named.is_some_and(|named| !same_name(&named, &self.directory.canonical(thread)))
    }

    /// The ticket of one of our threads, if a message was in one.
    pub(crate) async fn thread_of(&self, received: &Received) -> Result<Option<String>, RecordsError> {
        let Some(ReplyPlace::Thread { channel, thread }) = &received.reply else { return Ok(None) };
        let opened = self.table.opened_thread(channel, thread).await?;
        let is_known = |task_id: &String| self.directory.ticket(task_id).is_ok();
        Ok(opened.map(|opened| opened.task_id).filter(is_known))
    }
}
