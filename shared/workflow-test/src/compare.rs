//! Expectations compared with results.

use crate::execution::Ended;
use crate::file::{Expectations, ExpectedOutcome};
use crate::names::Names;
use domain::execution::Outcome;
use serde::Serialize;
use serde_json::Value;

/// The name of the comparison of outcomes.
pub(crate) const OUTCOME: &str = "the outcome";

/// One thing that came differently.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The name of a comparison, for people: ``inputs of `create_branch`, `branch` ``.
    pub what: String,
    /// The case's expectation.
    pub expected: Value,
    /// What came; `null` for nothing.
    pub actual: Value,
}

impl Difference {
    pub(crate) fn new(what: impl Into<String>, expected: impl Into<Value>, actual: impl Into<Value>) -> Self {
        Self { what: what.into(), expected: expected.into(), actual: actual.into() }
    }
}

/// The states and the calls of an execution, by the names of test files.
pub(crate) fn path(ended: &Ended, names: &Names) -> Vec<String> {
    let mut undone: Vec<_> = ended.state.calls.iter().filter(|call| call.name.starts_with("undo ")).collect();
    // A repeated call is listed once.
    undone.dedup_by_key(|call| (&call.name, &call.iteration));
    let mut undone = undone.into_iter();
    ended
        .history
        .visits()
        .iter()
        .filter(|visit| !names.is_admission(&visit.state))
        .filter(|visit| !names.agent(&visit.state).is_some_and(|(_, role)| role.is_inside()))
        .filter_map(|visit| {
            let name = names.of_state(&visit.state);
            match names.call(&name) {
                Some(call) if call.takes_back => undone.next().map(|call| call.name.clone()),
                Some(_) => Some(name),
                None => names.is_step(&visit.state).then_some(name),
            }
        })
        .collect()
}

fn outcome_of(ended: &Ended) -> Outcome {
    Outcome::from_status(&ended.status, ended.error.as_deref())
}

/// The outcome of an execution, followed by its error and the cause, if it has them.
pub(crate) fn how_it_ended(ended: &Ended) -> String {
    let outcome = outcome_of(ended);
    match (&ended.error, &ended.cause) {
        (Some(error), Some(cause)) => format!("{outcome}: {error}: {cause}"),
        (Some(error), None) => format!("{outcome}: {error}"),
        _ => outcome.to_string(),
    }
}

/// Everything that came differently than expected.
pub(crate) fn differences(expected: &Expectations, ended: &Ended, path: &[String]) -> Vec<Difference> {
    let mut found = Vec::new();
    if let Some(outcome) = expected.outcome
        && outcome.as_str() != outcome_of(ended).as_str()
    {
        found.push(Difference::new(OUTCOME, outcome.as_str(), how_it_ended(ended)));
    }
    if let Some(error) = &expected.error
        && ended.error.as_ref() != Some(error)
    {
        found.push(Difference::new("the error", error.as_str(), ended.error.clone()));
    }
    if let Some(cause) = &expected.cause {
        compare_cause(cause, ended.cause.as_deref(), &mut found);
    }
    compare_path(expected, path, &mut found);
    for (name, count) in &expected.calls {
        let actual = calls_of(ended, name).len();
        if actual != *count {
            found.push(Difference::new(format!("the calls of `{name}`"), *count, actual));
        }
    }
    for (name, inputs) in &expected.inputs {
        compare_inputs(name, inputs, &calls_of(ended, name), &mut found);
    }
    if let Some(outputs) = &expected.outputs
        && ended.output.as_ref() != Some(outputs)
    {
        match &ended.output {
            Some(actual) => compare("the outputs", outputs, actual, true, &mut found),
            None => found.push(Difference::new("the outputs", outputs.clone(), Value::Null)),
        }
    }
    if let Some(cost) = &expected.cost {
        let transitions = ended.history.transitions();
        if let Some(expected) = cost.transitions.filter(|expected| *expected != transitions) {
            found.push(Difference::new("the state transitions", expected, transitions));
        }
        let spent = ended.state.model_usd;
        if let Some(expected) = cost.model_usd.filter(|expected| (expected - spent).abs() > 5e-7) {
            found.push(Difference::new("the dollars for models", expected, spent));
        }
    }
    found
}

/// The message to a case that expects no execution when one starts, and the reverse.
pub(crate) fn not_started(expected: &Expectations, why: &str) -> Vec<Difference> {
    let mut found = Vec::new();
    match expected.outcome {
        Some(ExpectedOutcome::NotStarted) => {
            if let Some(cause) = &expected.cause {
                compare_cause(cause, Some(why), &mut found);
            }
        }
        other => {
            let expected = other.map_or("an execution", ExpectedOutcome::as_str);
            found.push(Difference::new(OUTCOME, expected, format!("not_started: {why}")));
        }
    }
    found
}

fn compare_cause(expected: &Value, actual: Option<&str>, found: &mut Vec<Difference>) {
    let text = actual.unwrap_or_default();
    match expected {
        Value::String(part) if text.contains(part.as_str()) => {}
        Value::Object(_) => match serde_json::from_str::<Value>(text) {
            Ok(actual) => compare("the cause", expected, &actual, false, found),
            Err(_) => found.push(Difference::new("the cause", expected.clone(), actual)),
        },
        _ => found.push(Difference::new("the cause", expected.clone(), actual)),
    }
}

fn compare_path(expected: &Expectations, path: &[String], found: &mut Vec<Difference>) {
    if let Some(whole) = &expected.path
        && whole != path
    {
        found.push(Difference::new("the path", whole.clone(), path.to_vec()));
    }
    if let Some(part) = &expected.path_contains {
        let mut steps = path.iter();
        if !part.iter().all(|wanted| steps.any(|step| step == wanted)) {
            found.push(Difference::new("the path, which should contain", part.clone(), path.to_vec()));
        }
    }
    for name in expected.not_taken.iter().filter(|name| path.contains(name)) {
        found.push(Difference::new(format!("whether `{name}` is taken"), false, true));
    }
}

/// The inputs of a step, call by call; `name[2]` is the third iteration's.
fn calls_of<'e>(ended: &'e Ended, name: &str) -> Vec<&'e Value> {
    let (name, iteration) = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
        Some((name, iteration)) => (name, Some(iteration)),
        None => (name, None),
    };
    let calls = ended.state.calls.iter();
    calls
        .filter(|call| call.name == name && iteration.is_none_or(|iteration| call.iteration == iteration))
        .map(|call| &call.input)
        .collect()
}

fn compare_inputs(name: &str, expected: &Value, sent: &[&Value], found: &mut Vec<Difference>) {
    let what = format!("the inputs of `{name}`");
    let is_none_expected = expected.as_array().is_some_and(Vec::is_empty);
    if sent.is_empty() && !is_none_expected {
        found.push(Difference::new(what, expected.clone(), Value::Null));
        return;
    }
    match expected {
        Value::Array(each) if each.len() != sent.len() => {
            found.push(Difference::new(format!("the calls of `{name}`"), each.len(), sent.len()));
        }
        Value::Array(each) => {
            for (number, (expected, actual)) in each.iter().zip(sent).enumerate() {
                compare(&format!("{what}, call {}", number + 1), expected, actual, false, found);
            }
        }
        one => {
            let before = found.len();
            for actual in sent {
                compare(&what, one, actual, false, found);
                // A retry is sent the same; once is enough to say.
                if found.len() > before {
                    break;
                }
            }
        }
    }
}

/// Compares two values field by field. Unless `whole`, other fields may be present.
fn compare(what: &str, expected: &Value, actual: &Value, whole: bool, found: &mut Vec<Difference>) {
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(given)) => {
            for (name, expected) in wanted {
                match given.get(name) {
                    // A missing field is `null` to its receiver.
                    None if expected.is_null() && !whole => {}
                    Some(actual) => compare(&format!("{what}, `{name}`"), expected, actual, whole, found),
                    None => found.push(Difference::new(
                        format!("{what}, `{name}`"),
                        expected.clone(),
                        Value::Null,
                    )),
                }
            }
            if whole {
                for (name, actual) in given.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
                    found.push(Difference::new(format!("{what}, `{name}`"), Value::Null, actual.clone()));
                }
            }
        }
        (Value::Array(wanted), Value::Array(given)) if wanted.len() == given.len() => {
            for (place, (expected, actual)) in wanted.iter().zip(given).enumerate() {
                compare(&format!("{what}, item {place}"), expected, actual, whole, found);
            }
        }
        // YAML's 1 and JSON's 1.0 are one number.
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => {}
        (expected, actual) if expected == actual => {}
        _ => found.push(Difference::new(what, expected.clone(), actual.clone())),
    }
}
