//! The driver: it lets executions advance, does what they ask for, and records what comes of it.
//!
//! Each execution that has something to do is advanced by one task (an actor), which reads the log, folds it, and goes
//! away again when nothing but time or a token can move the execution on.

mod actor;
mod calls;
mod timers;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

pub(crate) use timers::Timers;

use crate::engine::{Inner, lock};
use crate::execution::{Answer, Claim, Failure, Obstacle, Rejection};

/// A message to an actor.
#[derive(Debug)]
pub(crate) enum Message {
    /// Look what time it is, or what became of an awaited execution.
    Wake,
    /// A call has an answer.
    Answer { branch: Vec<usize>, scheduled: u64, answer: Answer },
    /// Somebody presents a task token.
    Token { claim: Claim, answer: Answer, reply: oneshot::Sender<Result<(), Rejection>> },
    /// End the execution. The reply is when it ended.
    Stop { failure: Failure, reply: Option<oneshot::Sender<Timestamp>> },
    /// Let the execution go on. The reply is when it first did so with this token.
    Redrive { client_token: Option<String>, reply: oneshot::Sender<Result<Timestamp, Obstacle>> },
}

/// The mailboxes of the executions that are being advanced.
#[derive(Debug, Default)]
pub(crate) struct Actors(Mutex<HashMap<i64, mpsc::UnboundedSender<Message>>>);

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

    /// Takes the actor away, unless a message has arrived since.
    fn retire(&self, key: i64, messages: &mpsc::UnboundedReceiver<Message>) -> bool {
        let mut actors = lock(&self.actors.0);
        if !messages.is_empty() {
            return false;
        }
        actors.remove(&key);
        true
    }
}
