//! `Retry` and `Catch`, written from the same list of errors that actions raise.

use crate::model::Retry;
use domain::ErrorKind;
use serde_json::{Value, json};

/// Lambda's own errors that a retry can fix:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception>.
const LAMBDA_ERRORS: [&str; 6] = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
];

/// Errors of a function that asks a model which leave it unknown whether the model was paid: no reply came of a call, or the function
/// ended without an answer.
const MAYBE_PAID: [&str; 4] = [
    ErrorKind::ReplyLost.as_str(),
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
];

/// How often a call that may have been paid for is repeated.
const MOST_PAID_REPEATS: u64 = 2;

/// A step that its provider puts off is tried again so often before it parks: what passes in seconds is not worth parking for.
const TRIES_BEFORE_PARKING: u32 = 2;

/// Errors of starting an execution that a retry can fix:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html>.
const START_ERRORS: [&str; 2] = ["StepFunctions.ExecutionLimitExceeded", "StepFunctions.SdkClientException"];

/// The errors that a step's own `Retry`, which is for every error, must not repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hopeless {
    /// Refusals of an action.
    Action,
    /// In addition, a person's answer, and that nobody answered.
    Approval,
    /// In addition to refusals, that an inner scope requests a rollback.
    Scope,
}

impl Hopeless {
    fn errors(self) -> Vec<&'static str> {
        let refused = [ErrorKind::Rejected, ErrorKind::Conflict, ErrorKind::BudgetExceeded];
        let own: &[&str] = match self {
            Self::Action => &[],
            Self::Approval => &["Declined", "States.Timeout"],
            Self::Scope => &[crate::names::ROLLBACK_ERROR],
        };
        std::iter::once("States.QueryEvaluationError")
            .chain(refused.map(ErrorKind::as_str))
            .chain(own.iter().copied())
            .collect()
    }
}

/// The `Retry` of every action, followed by the step's own.
pub(super) fn retriers(own: Option<&Retry>, hopeless: Hopeless) -> Value {
    with_own(&transient(&ErrorKind::RETRIED), own, hopeless)
}

/// The same for a step that waits when its provider keeps postponing it.
pub(super) fn retriers_before_parking(own: Option<&Retry>, hopeless: Hopeless) -> Value {
    let mut retriers = with_own(&transient(&[ErrorKind::Unavailable]), own, hopeless);
    if let Some(retriers) = retriers.as_array_mut() {
        retriers.insert(0, throttled(TRIES_BEFORE_PARKING, 2));
    }
    retriers
}

/// The `Retry` of an action that asks a model, followed by the `others` of a step. Calls that may have been paid for are repeated twice
/// at most, even if the step's own `retry` asks for more, so that an outage of the provider does not use up a limit.
pub(super) fn paid_retriers(own: Option<&Retry>, others: fn(Option<&Retry>, Hopeless) -> Value) -> Value {
    let paid = json!({
        "ErrorEquals": MAYBE_PAID,
        "IntervalSeconds": 5,
        "MaxAttempts": MOST_PAID_REPEATS,
        "BackoffRate": 4.0,
        "MaxDelaySeconds": 60,
        "JitterStrategy": "FULL",
    });
    let own = own.map(|own| Retry { retries: own.retries.min(MOST_PAID_REPEATS), ..own.clone() });
    let mut retriers = others(own.as_ref(), Hopeless::Action);
    if let Some(retriers) = retriers.as_array_mut() {
        retriers.insert(0, paid);
    }
    retriers
}

/// The `Retry` of an undo: it waits days for its provider before it gives up.
pub(super) fn patient_retriers() -> Value {
    let [throttled, others] = [throttled(300, 300), built_in(&transient(&[ErrorKind::Unavailable]))];
    json!([throttled, others])
}

fn transient(kinds: &[ErrorKind]) -> Vec<&'static str> {
    kinds.iter().map(|kind| kind.as_str()).chain(LAMBDA_ERRORS).collect()
}

fn throttled(attempts: u32, longest_delay: u32) -> Value {
    json!({
        "ErrorEquals": [ErrorKind::Throttled.as_str()],
        "IntervalSeconds": 1,
        "MaxAttempts": attempts,
        "BackoffRate": 2.0,
        "MaxDelaySeconds": longest_delay,
        "JitterStrategy": "FULL",
    })
}

fn built_in(errors: &[&str]) -> Value {
    json!({
        "ErrorEquals": errors,
        "IntervalSeconds": 1,
        "MaxAttempts": 14,
        "BackoffRate": 2.0,
        "MaxDelaySeconds": 300,
        "JitterStrategy": "FULL",
    })
}

/// The same, and before it: a creation whose answer was lost is looked for during ten minutes.
pub(super) fn with_looks(retriers: Value) -> Value {
    let look = json!({
        "ErrorEquals": [ErrorKind::Unconfirmed.as_str()],
        "IntervalSeconds": 30,
        "MaxAttempts": 20,
        "BackoffRate": 1.0,
    });
    std::iter::once(look).chain(retriers.as_array().into_iter().flatten().cloned()).collect()
}

/// The `Retry` of a state that runs another state machine.
pub(super) fn started(own: Option<&Retry>) -> Value {
    with_own(&START_ERRORS, own, Hopeless::Action)
}

fn with_own(transient: &[&str], own: Option<&Retry>, hopeless: Hopeless) -> Value {
    let built_in = built_in(transient);
    match own {
        None => json!([built_in]),
        Some(own) => json!([refused(hopeless), built_in, every(own)]),
    }
}

/// The `Retry` of a state that holds scopes: the whole of it is repeated.
pub(super) fn whole(own: &Retry, hopeless: Hopeless) -> Value {
    json!([refused(hopeless), every(own)])
}

/// `States.ALL` would repeat these as well.
fn refused(hopeless: Hopeless) -> Value {
    json!({"ErrorEquals": hopeless.errors(), "MaxAttempts": 0})
}

fn every(own: &Retry) -> Value {
    json!({
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": own.base_delay_seconds,
        "MaxAttempts": own.retries,
        "BackoffRate": own.backoff,
        "MaxDelaySeconds": own.max_delay_seconds,
        "JitterStrategy": if own.jitter { "FULL" } else { "NONE" },
    })
}
