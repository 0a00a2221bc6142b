//! Errors of actions, named for what the workflow does next.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// What should happen after an error. The compiler writes `Retry` and `Catch` from this same list, and the name is the
/// `errorType` that Step Functions sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ErrorKind {
    /// The request is wrong or not allowed: tell the person, stop.
    Rejected,
    /// The provider asks for fewer requests: wait, then try again.
    Throttled,
    /// The provider or a lease is not available now: try again later.
    Unavailable,
    /// An external resource changed: its newer state must be read first.
    Conflict,
    /// A limit would be exceeded: park until someone raises it.
    BudgetExceeded,
    /// A call of a model that may be billed gave no reply, and its worst case is booked: try again twice, then wait for the
    /// provider.
    ReplyLost,
    /// The answer to a creation was lost and nothing shows yet whether it happened: look again for ten minutes, then ask people.
    Unconfirmed,
    /// Reviewers have as many of our pull requests as a project's `capacity` allows: park until one is merged or closed.
    AtCapacity,
    /// A bug in Ticketsmith.
    Internal,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Rejected,
        Self::Throttled,
        Self::Unavailable,
        Self::Conflict,
        Self::BudgetExceeded,
        Self::ReplyLost,
        Self::Unconfirmed,
        Self::AtCapacity,
        Self::Internal,
    ];

    /// The kinds that are retried automatically.
    pub const RETRIED: [Self; 2] = [Self::Throttled, Self::Unavailable];

    /// The kinds after which a step that asks a model waits for the model's provider, once its retries are used up.
    pub const WAITED_OUT: [Self; 2] = [Self::Throttled, Self::ReplyLost];

    /// The `errorType` a state machine matches on.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "Rejected",
            Self::Throttled => "Throttled",
            Self::Unavailable => "Unavailable",
            Self::Conflict => "Conflict",
            Self::BudgetExceeded => "BudgetExceeded",
            Self::ReplyLost => "ReplyLost",
            Self::Unconfirmed => "Unconfirmed",
            Self::AtCapacity => "AtCapacity",
            Self::Internal => "Internal",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Why an action failed. The kind decides what the workflow does; the message tells a person what to do.
///
/// The message never contains a secret, a signature or a request body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ActionError {
    /// The kind, which decides what happens next.
    pub kind: ErrorKind,
    /// A message for people: what went wrong, where, and what is accepted.
    pub message: String,
    /// How long to wait before retrying, if the provider said so.
    pub retry_after: Option<Duration>,
}

impl ActionError {
    /// An error of any kind without a retry-after.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after: None }
    }

    /// The request is wrong or not allowed.
    pub fn rejected(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Rejected, message)
    }

    /// The provider or a lease is not available now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// An external resource changed.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    /// A bug in Ticketsmith.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// The provider asks to retry after `retry_after`.
    pub fn throttled(message: impl Into<String>, retry_after: Option<Duration>) -> Self {
        Self { kind: ErrorKind::Throttled, message: message.into(), retry_after }
    }

    /// Nothing shows yet whether a creation happened whose answer was lost.
    pub fn unconfirmed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unconfirmed, message)
    }

    /// Reviewers have as many pull requests as they may have.
    pub fn at_capacity(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::AtCapacity, message)
    }

    /// A limit would be exceeded.
    pub fn budget_exceeded(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BudgetExceeded, message)
    }
}
