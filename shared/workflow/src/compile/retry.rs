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

/// The `Retry` of every action, with the step's own behind it.
pub(super) fn retriers(own: Option<&Retry>) -> Value {
    let transient: Vec<&str> =
        ErrorKind::RETRIED.iter().map(|kind| kind.as_str()).chain(LAMBDA_ERRORS).collect();
    let built_in = json!({
        "ErrorEquals": transient,
        "IntervalSeconds": 1,
        "MaxAttempts": 14,
        "BackoffRate": 2.0,
        "MaxDelaySeconds": 300,
        "JitterStrategy": "FULL",
    });
    let Some(own) = own else { return json!([built_in]) };
    // `States.ALL` would repeat these as well.
    let hopeless: Vec<&str> = std::iter::once("States.QueryEvaluationError")
        .chain([ErrorKind::Rejected, ErrorKind::Conflict, ErrorKind::BudgetExceeded].map(ErrorKind::as_str))
        .collect();
    json!([
        {"ErrorEquals": hopeless, "MaxAttempts": 0},
        built_in,
        {
            "ErrorEquals": ["States.ALL"],
            "IntervalSeconds": own.base_delay_seconds,
            "MaxAttempts": own.retries,
            "BackoffRate": own.backoff,
            "MaxDelaySeconds": own.max_delay_seconds,
            "JitterStrategy": if own.jitter { "FULL" } else { "NONE" },
        },
    ])
}
