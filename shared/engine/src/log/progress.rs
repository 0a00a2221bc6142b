//! The state of executions.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{LogError, state_machines};
use crate::execution::Outcome;

/// The state of an execution after an append.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// Whether it needs action at once after a restart, and not only at `wakes_at` or on a message.
    pub(crate) awake: bool,
    pub(crate) wakes_at: Option<Timestamp>,
    /// How and when it ended.
    pub(crate) end: Option<(Outcome, Timestamp)>,
    /// That it was redriven just now: how often so far, and when.
    pub(crate) redriven: Option<(u64, Timestamp)>,
}

/// Records the state of an execution. Its start was published before anything else could happen to it.
pub(super) fn record(connection: &Connection, key: i64, progress: &Progress) -> Result<(), LogError> {
    let wakes_at = progress.wakes_at.map(Timestamp::as_millisecond);
    if let Some((redrives, redriven)) = progress.redriven {
        // Its earlier end was published before; publish the new start after this.
        connection
            .prepare_cached(
                "UPDATE executions SET awake = 1, wakes_at = NULL, status = 'RUNNING', error = NULL, cause = NULL, \
                 stopped = NULL, redrives = ?2, redriven = ?3 WHERE key = ?1",
            )?
            .execute(params![key, redrives.cast_signed(), redriven.as_millisecond()])?;
        return Ok(());
    }
    let Some((outcome, stopped)) = &progress.end else {
        connection
            .prepare_cached(
                "UPDATE executions SET awake = ?2, wakes_at = ?3, told = 'RUNNING' WHERE key = ?1",
            )?
            .execute(params![key, progress.awake, wakes_at])?;
        return Ok(());
    };
    let (status, output, failure) = match outcome {
        Outcome::Succeeded(output) => ("SUCCEEDED", Some(output.to_string()), None),
        Outcome::Failed(failure) => ("FAILED", None, Some(failure)),
        Outcome::TimedOut(failure) => ("TIMED_OUT", None, Some(failure)),
        Outcome::Aborted(failure) => ("ABORTED", None, Some(failure)),
    };
    let error = failure.and_then(|failure| failure.error.as_deref());
    let cause = failure.and_then(|failure| failure.cause.as_deref());
    connection
        .prepare_cached(
            "UPDATE executions SET awake = 0, wakes_at = NULL, status = ?2, output = ?3, error = ?4, cause = ?5, \
             stopped = ?6, told = 'RUNNING' WHERE key = ?1",
        )?
        .execute(params![key, status, output, error, cause, stopped.as_millisecond()])?;
    state_machines::delete_if_idle(connection, key)
}
