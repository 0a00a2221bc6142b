//! The moment by which a step that holds others must be over.

use crate::expression::string_literal;
use crate::model::OnError;

/// The nearest limit of time around a state.
#[derive(Debug, Clone)]
pub(super) struct Deadline {
    /// The variable that holds the moment, in milliseconds since 1970. It is never later than the deadline of an outer limit.
    pub(super) variable: String,
    /// The step with the limit.
    pub(super) step: String,
    /// The state to which everything goes that comes too late.
    pub(super) timed_out: String,
    /// The body of that state.
    pub(super) on_error: OnError,
}

impl Deadline {
    pub(super) fn is_over(&self) -> String {
        format!("$millis() >= ${}", self.variable)
    }

    /// The remaining seconds, as JSONata; zero or fewer once the time is over.
    pub(super) fn seconds_left(&self) -> String {
        format!("$ceil((${} - $millis()) / 1000)", self.variable)
    }

    pub(super) fn cause(&self) -> String {
        string_literal(&format!("{} has run out of time", self.step))
    }
}
