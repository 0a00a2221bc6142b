//! `Retry` and `Catch`, written from the same list of errors that actions raise.

use crate::model::Retry;
use domain::ErrorKind;
use serde_json::{Value, json};

/// Lambda's own errors that a repeat can mend:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception>.
const LAMBDA_ERRORS: [&str; 6] = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
];

/// Errors of starting an execution that a repeat can mend:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html>.
const START_ERRORS: [&str; 2] = ["StepFunctions.ExecutionLimitExceeded", "StepFunctions.SdkClientException"];

/// What a step's own `Retry`, which is for every error, must not repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hopeless {
    /// What an action refuses.
    Action,
    /// Besides that, the answer of a person, and that nobody answered.
    Approval,
    /// Besides what an action refuses, that a scope inside asks for a rollback.
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

/// The `Retry` of every action, with the step's own behind it.
pub(super) fn retriers(own: Option<&Retry>, hopeless: Hopeless) -> Value {
    let transient: Vec<&str> =
        ErrorKind::RETRIED.iter().map(|kind| kind.as_str()).chain(LAMBDA_ERRORS).collect();
    with_own(&transient, own, hopeless)
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
    let built_in = json!({
        "ErrorEquals": transient,
        "IntervalSeconds": 1,
        "MaxAttempts": 14,
        "BackoffRate": 2.0,
        "MaxDelaySeconds": 300,
        "JitterStrategy": "FULL",
    });
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
