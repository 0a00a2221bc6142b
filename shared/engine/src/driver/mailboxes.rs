//! Messages to actors, and their mailboxes.

use std::collections::HashMap;
use std::sync::Mutex;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

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
    /// Let the execution continue. The reply is when it first did so with this token.
    Redrive { client_token: Option<String>, reply: oneshot::Sender<Result<Timestamp, Obstacle>> },
}

/// The mailboxes of the executions that are being advanced.
#[derive(Debug, Default)]
pub(crate) struct Actors(pub(super) Mutex<HashMap<i64, mpsc::UnboundedSender<Message>>>);
