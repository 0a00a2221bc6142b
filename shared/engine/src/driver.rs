//! The driver: it advances executions, makes their calls, and records the results.
//!
//! Each execution that has something to do is advanced by one task (an actor), which reads the log, folds it, and goes
//! away again when nothing but time or a token can move the execution on.

mod actor;
mod calls;
mod kept;
mod mailboxes;
mod timekeeper;
mod timers;

use std::sync::Arc;

use tokio::sync::mpsc;

pub(crate) use kept::Kept;
pub(crate) use mailboxes::{Actors, Message};
pub(crate) use timers::Timers;

use crate::engine::Inner;
use crate::lock::lock;

impl Inner {
    /// Hands a message to the execution's actor, and brings one to life if there is none.
    pub(crate) fn deliver(self: &Arc<Self>, key: i64, message: Message) {
        let mut actors = lock(&self.actors.0);
        let message = match actors.get(&key) {
            Some(mailbox) => match mailbox.send(message) {
                Ok(()) => return,
                Err(mpsc::error::SendError(message)) => message,
            },
            None => message,
        };
        let (mailbox, messages) = mpsc::unbounded_channel();
        // The receiver is in our hands, so the first message cannot fail to arrive.
        let _ = mailbox.send(message);
        actors.insert(key, mailbox.clone());
        tokio::spawn(actor::run(actor::Running::begin(self), key, mailbox, messages));
    }

    /// Has the execution advanced, if it can be.
    pub(crate) fn wake(self: &Arc<Self>, key: i64) {
        self.deliver(key, Message::Wake);
    }

    /// Takes the actor away, unless a message has arrived since. `keep` is called before another can take its place.
    fn retire(&self, key: i64, messages: &mpsc::UnboundedReceiver<Message>, keep: impl FnOnce()) -> bool {
        let mut actors = lock(&self.actors.0);
        if !messages.is_empty() {
            return false;
        }
        keep();
        actors.remove(&key);
        true
    }
}
