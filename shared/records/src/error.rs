//! Errors of records, named for what the caller does next.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use domain::{ActionError, ErrorKind};
use jiff::Timestamp;
use std::time::Duration;

/// Why a record was not read or written. No message holds a record's contents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordsError {
    /// Somebody else changed the record first, or holds it: the data that was read is out of date.
    #[error("{0}")]
    Conflict(String),
    /// The run was closed to new effects, because it is being rolled back.
    #[error("the run `{run}` is closed to new effects: it is being rolled back")]
    RunClosed {
        /// The run's ARN.
        run: String,
    },
    /// Another invocation is performing the same effect right now; its lease ends at `until` unless it is renewed.
    #[error("the effect `{key}` is being performed by another invocation, at least until {until}")]
    Leased {
        /// The effect's key.
        key: String,
        /// When the lease ends.
        until: Timestamp,
        /// How long that is from now.
        retry_after: Duration,
    },
    /// The table did not answer, or asked for fewer requests: the same request may succeed later.
    #[error("the table is not available: {0}")]
    Unavailable(String),
    /// The record cannot be stored as it is: too large, or with an empty or too long key.
    #[error("{0}")]
    Invalid(String),
    /// A record that must exist does not.
    #[error("there is no {0}")]
    Missing(String),
    /// The stored item is malformed: a bug of ours, or an outside edit.
    #[error("{0}")]
    Corrupt(String),
    /// The table refused us: it does not exist, or our role may not use it.
    #[error("the table cannot be used: {0}")]
    Refused(String),
}

impl RecordsError {
    /// Translates an error of the SDK. `operation` names it for people: `put the execution`.
    pub(crate) fn from_sdk<E, R>(operation: &str, error: &SdkError<E, R>) -> Self
    where
        SdkError<E, R>: ProvideErrorMetadata,
    {
        let said = error.message().unwrap_or("it did not answer in time, or the connection failed");
        let text = format!("could not {operation}: {said}");
        match error.code() {
            Some("ConditionalCheckFailedException") => Self::Conflict(text),
            Some("ValidationException" | "ItemCollectionSizeLimitExceededException") => Self::Invalid(text),
            Some(
                code @ ("ResourceNotFoundException"
                | "AccessDeniedException"
                | "UnrecognizedClientException"
                | "InvalidSignatureException"
                | "MissingAuthenticationTokenException"
                | "ExpiredTokenException"),
            ) => Self::Refused(format!("{text} ({code})")),
            Some(code) => Self::Unavailable(format!("{text} ({code})")),
            None => Self::Unavailable(text),
        }
    }
}

impl From<RecordsError> for ActionError {
    fn from(error: RecordsError) -> Self {
        let kind = match &error {
            RecordsError::Conflict(_) | RecordsError::RunClosed { .. } => ErrorKind::Conflict,
            RecordsError::Leased { .. } | RecordsError::Unavailable(_) => ErrorKind::Unavailable,
            RecordsError::Invalid(_) => ErrorKind::Rejected,
            RecordsError::Missing(_) | RecordsError::Corrupt(_) | RecordsError::Refused(_) => {
                ErrorKind::Internal
            }
        };
        let retry_after = match &error {
            RecordsError::Leased { retry_after, .. } => Some(*retry_after),
            _ => None,
        };
        Self { kind, message: error.to_string(), retry_after }
    }
}
