//! What the plugins of all models do with an answer.

use domain::plugins::StopReason;
use domain::{ActionError, ErrorKind};
use http_client::Answer;

/// A reason to stop, safe to record: its name is quoted from outside if we do not know it.
pub fn recorded_stop(answer: &Answer, stop: StopReason) -> StopReason {
    match stop {
        StopReason::Other(name) => StopReason::Other(answer.quote(&name)),
        known => known,
    }
}

/// The error of a call that cost nothing: it is tried again like a call that came too often.
pub fn free_of_charge(error: ActionError) -> ActionError {
    match error.kind {
        ErrorKind::Unavailable | ErrorKind::Conflict => ActionError { kind: ErrorKind::Throttled, ..error },
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cost_nothing_is_tried_again_unless_it_was_rejected() {
        for (kind, expected) in [
            (ErrorKind::Unavailable, ErrorKind::Throttled),
            (ErrorKind::Conflict, ErrorKind::Throttled),
            (ErrorKind::Throttled, ErrorKind::Throttled),
            (ErrorKind::Rejected, ErrorKind::Rejected),
        ] {
            let error = ActionError { kind, ..ActionError::internal("what the API says") };
            let free = free_of_charge(error);
            assert_eq!((free.kind, free.message.as_str()), (expected, "what the API says"));
        }
    }
}
