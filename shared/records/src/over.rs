//! How a question to people ends without an answer.

use crate::error::RecordsError;
use crate::timestamp;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A question that was closed without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Over {
    /// Why.
    pub why: OverReason,
    /// Since when.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
}

/// Why a question is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverReason {
    /// Nobody answered in time.
    TimedOut,
    /// Somebody stopped the execution; by their name.
    Stopped(String),
    /// The execution ended.
    Ended,
}

/// The error of an answer to a question that is [`Over`].
pub(crate) fn asked_no_more() -> RecordsError {
    RecordsError::Conflict("the question is closed".to_owned())
}
