//! What the plugins of all models do with an answer.

use domain::plugins::{StopReason, WhyRefused};
use domain::{ActionError, ErrorKind};
use http_client::Answer;

/// A reason to stop, safe to record: its name is quoted from outside if we do not know it.
pub fn recorded_stop(answer: &Answer, stop: StopReason) -> StopReason {
    match stop {
        StopReason::Other(name) => StopReason::Other(answer.quote(&name)),
        known => known,
    }
}

/// Why a service refused a request: the first reason with a phrase, in lower case, that is in the error's message.
pub fn refused_for(error: &ActionError, reasons: &[(WhyRefused, &[&str])]) -> Option<WhyRefused> {
    if error.kind != ErrorKind::Rejected {
        return None;
    }
    let message = error.message.to_ascii_lowercase();
    let is_said = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    reasons.iter().find(|(_, phrases)| is_said(phrases)).map(|(why, _)| *why)
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
    fn only_what_was_refused_is_judged_by_its_words() {
        let reasons: [(_, &[&str]); 2] =
            [(WhyRefused::TooLong, &["prompt is too long"]), (WhyRefused::Picture, &["image"])];
        for (words, why) in [
            ("Prompt is TOO long: 9 tokens", Some(WhyRefused::TooLong)),
            ("prompt is too long for an image", Some(WhyRefused::TooLong)),
            ("Could not process image", Some(WhyRefused::Picture)),
            ("there is no such model", None),
        ] {
            assert_eq!(refused_for(&ActionError::rejected(words), &reasons), why, "{words}");
            assert_eq!(refused_for(&ActionError::unavailable(words), &reasons), None, "{words}");
        }
    }

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
