//! `Retry` and `Catch`: the handling of a failed state.

use serde_json::Value;

use super::assignments::assignments;
use super::fields::{Fields, Problems};
use super::template::{States, Template};
use crate::execution::Failure;
use crate::limits::LONGEST_SECONDS;

/// The `Retry` and `Catch` of a Task, Parallel or Map state.
#[derive(Debug, Default)]
pub(crate) struct Recovery {
    pub(crate) retriers: Vec<Retrier>,
    pub(crate) catchers: Vec<Catcher>,
}

/// One entry of `Retry`.
#[derive(Debug)]
pub(crate) struct Retrier {
    pub(crate) errors: Vec<String>,
    pub(crate) interval_seconds: u64,
    pub(crate) max_attempts: u64,
    pub(crate) backoff_rate: f64,
    pub(crate) max_delay_seconds: Option<u64>,
    pub(crate) full_jitter: bool,
}

/// One entry of `Catch`.
#[derive(Debug)]
pub(crate) struct Catcher {
    pub(crate) errors: Vec<String>,
    pub(crate) next: String,
    pub(crate) assign: Vec<(String, Template)>,
    pub(crate) output: Option<Template>,
}

impl Retrier {
    /// Seconds to wait before retry number `attempt` (from 0), before any jitter.
    pub(crate) fn delay_seconds(&self, attempt: u64) -> f64 {
        let exponent = i32::try_from(attempt).unwrap_or(i32::MAX);
        let delay = self.interval_seconds as f64 * self.backoff_rate.powi(exponent);
        delay.min(self.max_delay_seconds.unwrap_or(LONGEST_SECONDS) as f64)
    }
}

/// Whether `ErrorEquals` names `failure`.
///
/// `States.TaskFailed` matches every error except `States.Timeout`; neither it nor `States.ALL` stands for the
/// two terminal errors.
pub(crate) fn matches(errors: &[String], failure: &Failure) -> bool {
    let error = failure.name();
    let terminal = matches!(error, "States.DataLimitExceeded" | "States.Runtime");
    errors.iter().any(|named| match named.as_str() {
        "States.ALL" => !terminal,
        "States.TaskFailed" => error == "States.TaskFailed" || (!terminal && error != "States.Timeout"),
        "States.HeartbeatTimeout" => failure.missed_heartbeat || error == named,
        named => named == error,
    })
}

pub(super) fn recovery(fields: &mut Fields<'_>, problems: &mut Problems) -> Recovery {
    let retriers = fields.array("Retry", problems).unwrap_or_default();
    let catchers = fields.array("Catch", problems).unwrap_or_default();
    let place = |field: &str, index: usize| format!("{}[{index}]", fields.at(field));
    Recovery {
        retriers: retriers
            .iter()
            .enumerate()
            .filter_map(|(index, value)| {
                retrier(value, place("Retry", index), index + 1 == retriers.len(), problems)
            })
            .collect(),
        catchers: catchers
            .iter()
            .enumerate()
            .filter_map(|(index, value)| {
                catcher(value, place("Catch", index), index + 1 == catchers.len(), problems)
            })
            .collect(),
    }
}

fn retrier(value: &Value, location: String, last: bool, problems: &mut Problems) -> Option<Retrier> {
    let mut fields = Fields::of(value, location, problems)?;
    fields.string("Comment", problems);
    let errors = error_equals(&mut fields, last, problems);
    let interval_seconds = fields.whole("IntervalSeconds", (1, LONGEST_SECONDS), problems);
    let max_attempts = fields.whole("MaxAttempts", (0, LONGEST_SECONDS), problems);
    let max_delay_seconds = fields.whole("MaxDelaySeconds", (1, 31_622_400), problems);
    let backoff_rate = fields.take("BackoffRate").map(|value| match value.as_f64() {
        Some(rate) if rate >= 1.0 => rate,
        _ => {
            problems.schema(&fields.at("BackoffRate"), "Must be a number of at least 1.0");
            1.0
        }
    });
    let full_jitter = match fields.string("JitterStrategy", problems) {
        None | Some("NONE") => false,
        Some("FULL") => true,
        Some(_) => {
            problems.schema(&fields.at("JitterStrategy"), "Must be FULL or NONE");
            false
        }
    };
    let interval_seconds = interval_seconds.unwrap_or(1);
    if max_delay_seconds.is_some_and(|most| most <= interval_seconds) {
        problems.schema(&fields.at("MaxDelaySeconds"), "Must be greater than IntervalSeconds");
    }
    fields.finish("a retrier", problems);
    Some(Retrier {
        errors,
        interval_seconds,
        max_attempts: max_attempts.unwrap_or(3),
        backoff_rate: backoff_rate.unwrap_or(2.0),
        max_delay_seconds,
        full_jitter,
    })
}

fn catcher(value: &Value, location: String, last: bool, problems: &mut Problems) -> Option<Catcher> {
    let mut fields = Fields::of(value, location, problems)?;
    fields.string("Comment", problems);
    let errors = error_equals(&mut fields, last, problems);
    let next = fields.required_string("Next", problems).unwrap_or_default().to_owned();
    let assign = assignments(&mut fields, States::ErrorOutput, problems);
    let output = fields.take("Output");
    let output =
        output.map(|output| Template::parse(output, States::ErrorOutput, &fields.at("Output"), problems));
    fields.finish("a catcher", problems);
    Some(Catcher { errors, next, assign, output })
}

fn error_equals(fields: &mut Fields<'_>, last: bool, problems: &mut Problems) -> Vec<String> {
    if !fields.has("ErrorEquals") {
        problems.schema(&fields.location, "The field 'ErrorEquals' is required");
    }
    let names = fields.array("ErrorEquals", problems).unwrap_or_default();
    let location = fields.at("ErrorEquals");
    let errors: Vec<String> = names.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if errors.len() != names.len() {
        problems.schema(&location, "Must contain the names of errors, as strings");
    }
    if errors.iter().any(|error| error == "States.ALL") && (errors.len() > 1 || !last) {
        problems.schema(&location, "'States.ALL' must be alone in its list, in the last entry");
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(errors: &[&str], error: &str) -> bool {
        let errors: Vec<String> = errors.iter().map(|name| (*name).to_owned()).collect();
        matches(&errors, &Failure::new(error, ""))
    }

    #[test]
    fn wildcards_stand_for_what_they_are_documented_to() {
        assert!(names(&["States.ALL"], "Throttled"));
        assert!(names(&["States.ALL"], "States.Timeout"));
        assert!(!names(&["States.ALL"], "States.Runtime"));
        assert!(!names(&["States.ALL"], "States.DataLimitExceeded"));
        assert!(names(&["States.TaskFailed"], "Throttled"));
        assert!(!names(&["States.TaskFailed"], "States.Timeout"));
        assert!(!names(&["Throttled"], "Unavailable"));
    }

    #[test]
    fn a_missed_heartbeat_has_a_name_of_its_own_and_is_a_timeout() {
        for name in ["States.HeartbeatTimeout", "States.Timeout", "States.ALL"] {
            assert!(matches(&[name.to_owned()], &Failure::timeout(true)), "{name}");
        }
        assert!(!matches(&["States.TaskFailed".to_owned()], &Failure::timeout(true)));
        assert!(!matches(&["States.HeartbeatTimeout".to_owned()], &Failure::timeout(false)));
    }

    #[test]
    fn delays_double_up_to_the_greatest() {
        let retrier = Retrier {
            errors: Vec::new(),
            interval_seconds: 3,
            max_attempts: 9,
            backoff_rate: 2.0,
            max_delay_seconds: Some(20),
            full_jitter: false,
        };
        let delays: Vec<f64> = (0..5).map(|attempt| retrier.delay_seconds(attempt)).collect();
        assert_eq!(delays, [3.0, 6.0, 12.0, 20.0, 20.0]);
        assert_eq!(retrier.delay_seconds(u64::MAX), 20.0);
    }
}
