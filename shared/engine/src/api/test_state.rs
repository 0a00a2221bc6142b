//! Trying out one state without an execution.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::without_nulls;
use crate::definition::{Definition, Kind, Pattern, State, matches};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::execution::{Answer, Configuration, Failure, Identity, Mock, Seed, Step, Trial, Verdict};
use crate::limits::PAYLOAD_BYTES;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestState {
    definition: String,
    state_name: Option<String>,
    role_arn: Option<String>,
    input: Option<String>,
    variables: Option<String>,
    context: Option<String>,
    inspection_level: Option<String>,
    mock: Option<MockInput>,
    #[serde(default)]
    state_configuration: StateConfiguration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MockInput {
    result: Option<String>,
    error_output: Option<MockError>,
    field_validation_mode: Option<String>,
}

#[derive(Deserialize)]
struct MockError {
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StateConfiguration {
    retrier_retry_count: Option<u64>,
    error_caused_by_state: Option<String>,
    map_iteration_failure_count: Option<u64>,
    map_item_reader_data: Option<String>,
}

fn invalid<T>(message: impl Into<String>) -> Result<T, EngineError> {
    Err(EngineError::Validation(message.into()))
}

pub(super) async fn test(engine: &Engine, request: TestState) -> Result<Value, EngineError> {
    let detailed = match request.inspection_level.as_deref() {
        None | Some("INFO") => false,
        Some("DEBUG" | "TRACE") => true,
        Some(other) => {
            return invalid(format!("'{other}' is not an inspectionLevel; accepted: INFO, DEBUG and TRACE"));
        }
    };
    let definition = match &request.state_name {
        None => Definition::of_state(&request.definition).map_err(EngineError::InvalidDefinition)?,
        Some(name) => {
            let machine = Definition::parse(&request.definition).map_err(EngineError::InvalidDefinition)?;
            let missing = || EngineError::Validation(format!("The definition has no state '{name}'"));
            machine.isolate(name).ok_or_else(missing)?
        }
    };
    let Some((name, state)) = definition.flow.states.iter().next() else {
        return invalid("The definition has no state");
    };
    let name = name.clone();
    let input = request.input.as_deref().unwrap_or("{}");
    let mock = mock(state, request.mock.as_ref())?;
    check_configuration(state, &request.state_configuration, mock.as_ref())?;
    if request.context.is_some() && mock.is_none() {
        return invalid("A context can only be given together with a mock");
    }
    let configuration = Configuration {
        input: json_of(input).map_err(EngineError::InvalidExecutionInput)?,
        variables: object(request.variables.as_deref(), "variables")?.unwrap_or_default(),
        context: object(request.context.as_deref(), "context")?.map(Value::Object),
        mock,
        retries: request.state_configuration.retrier_retry_count.unwrap_or(0),
    };
    let place = &engine.inner.place;
    let identity = Identity {
        key: 0,
        arn: place.execution("TestState", &name),
        name: name.clone(),
        state_machine_arn: place.state_machine("TestState"),
        state_machine_name: "TestState".to_owned(),
        role_arn: request.role_arn.unwrap_or_default(),
        seed: Seed(rand::random()),
        definition: std::sync::Arc::new(definition),
    };
    let mut trial = Trial::new(identity, configuration, engine.inner.now());
    let verdict = loop {
        match trial.advance() {
            Step::Ended(verdict) => break verdict,
            Step::Call(call, limit) => {
                let work = engine.inner.call_for_trial(call.kind.clone());
                let limit = std::time::Duration::try_from(limit).unwrap_or_default();
                let answer = match tokio::time::timeout(limit, work).await {
                    Ok(answer) => answer?,
                    Err(_) => Answer::Failure(Failure::timeout(false)),
                };
                trial.answer(&call, answer);
            }
        }
    };
    Ok(answer(&verdict, detailed.then(|| inspection(&trial, input, &verdict))))
}

/// The mock's result, if there is a mock; some states can only be tested with one.
fn mock(state: &State, mock: Option<&MockInput>) -> Result<Option<Mock>, EngineError> {
    let kind = state.kind.name();
    let waits = match &state.kind {
        Kind::Task(task) => task.resource.pattern() != Pattern::RequestResponse,
        kind => matches!(kind, Kind::Map(_) | Kind::Parallel { .. }),
    };
    let Some(mock) = mock else {
        return if waits {
            invalid(format!(
                "A mock must be specified for Map and Parallel states and for tasks with .sync or .waitForTaskToken; \
                 this is a {kind} state"
            ))
        } else {
            Ok(None)
        };
    };
    if !matches!(state.kind, Kind::Task(_) | Kind::Map(_) | Kind::Parallel { .. }) {
        return invalid(format!(
            "A mock can only be specified for Task, Map and Parallel states, not for {kind}"
        ));
    }
    match (&mock.result, &mock.error_output) {
        (Some(result), None) => {
            let result = json_of(result).or_else(|problem| invalid(format!("mock.result: {problem}")))?;
            if matches!(state.kind, Kind::Map(_) | Kind::Parallel { .. }) && !result.is_array() {
                return invalid(format!("The mocked result of a {kind} state must be an array"));
            }
            check_fields(state, &result, mock.field_validation_mode.as_deref())?;
            Ok(Some(Mock::Result(result)))
        }
        (None, Some(MockError { error: Some(error), cause })) => Ok(Some(Mock::Failure(Failure {
            error: Some(error.clone()),
            cause: cause.clone(),
            ..Failure::default()
        }))),
        (None, Some(MockError { error: None, .. })) => invalid("mock.errorOutput.error is required"),
        _ => invalid("A mock must have either a result or an errorOutput, and not both"),
    }
}

/// The types of the fields that the mocked answer of a service may have, and those it must have.
fn check_fields(state: &State, result: &Value, mode: Option<&str>) -> Result<(), EngineError> {
    let required = match mode {
        None | Some("STRICT") => true,
        Some("PRESENT") => false,
        Some("NONE") => return Ok(()),
        Some(other) => {
            return invalid(format!(
                "'{other}' is not a fieldValidationMode; accepted: STRICT, PRESENT and NONE"
            ));
        }
    };
    let Kind::Task(task) = &state.kind else { return Ok(()) };
    for (field, kind, must) in task.resource.answer_fields() {
        let problem = match (result.get(field), *kind) {
            (None, _) if *must && required => "is required",
            (Some(value), "string") if !value.is_string() => "must be a string",
            (Some(value), "number") if !value.is_number() => "must be a number",
            _ => continue,
        };
        return invalid(format!(
            "The mocked result does not match the service's answer: the field '{field}' {problem}"
        ));
    }
    Ok(())
}

fn check_configuration(
    state: &State,
    configuration: &StateConfiguration,
    mock: Option<&Mock>,
) -> Result<(), EngineError> {
    if configuration.map_iteration_failure_count.is_some() || configuration.map_item_reader_data.is_some() {
        return invalid(
            "mapIterationFailureCount and mapItemReaderData are for distributed Map states, which are not supported",
        );
    }
    if let Some(count) = configuration.retrier_retry_count {
        let Some(Mock::Failure(failure)) = mock else {
            return invalid("retrierRetryCount can only be given together with a mocked error");
        };
        let names_it = |errors: &[String]| matches(errors, failure);
        if !state.recovery.retriers.iter().any(|retrier| names_it(&retrier.errors)) {
            return invalid(format!(
                "retrierRetryCount is {count}, but no Retry of the state names '{}'",
                failure.name()
            ));
        }
    }
    if let Some(cause) = &configuration.error_caused_by_state {
        if !matches!(mock, Some(Mock::Failure(_))) {
            return invalid("errorCausedByState can only be given together with a mocked error");
        }
        if !state.kind.flows().iter().any(|flow| flow.has(cause)) {
            return invalid(format!("errorCausedByState: there is no state '{cause}' inside the state"));
        }
    }
    Ok(())
}

fn json_of(text: &str) -> Result<Value, String> {
    if text.len() > PAYLOAD_BYTES {
        return Err(format!("the text has {} bytes, and at most {PAYLOAD_BYTES} are allowed", text.len()));
    }
    serde_json::from_str(text).map_err(|error| format!("the text is not JSON: {error}"))
}

fn object(text: Option<&str>, field: &str) -> Result<Option<Map<String, Value>>, EngineError> {
    let Some(text) = text else { return Ok(None) };
    match json_of(text) {
        Ok(Value::Object(fields)) => Ok(Some(fields)),
        Ok(_) => invalid(format!("{field} must be a JSON object")),
        Err(problem) => invalid(format!("{field}: {problem}")),
    }
}

fn answer(verdict: &Verdict, inspection: Option<Value>) -> Value {
    let (status, output, failure, next) = match verdict {
        Verdict::Succeeded { output, next } => ("SUCCEEDED", Some(output), None, next.as_ref()),
        Verdict::Caught { output, next, failure, .. } => {
            ("CAUGHT_ERROR", Some(output), Some(failure), next.as_ref())
        }
        Verdict::Retriable { failure, .. } => ("RETRIABLE", None, Some(failure), None),
        Verdict::Failed(failure) => ("FAILED", None, Some(failure), None),
    };
    without_nulls(json!({
        "status": status,
        "output": output.map(Value::to_string),
        "error": failure.and_then(|failure| failure.error.as_deref()),
        "cause": failure.and_then(|failure| failure.cause.as_deref()),
        "nextState": next,
        "inspectionData": inspection,
    }))
}

fn inspection(trial: &Trial, input: &str, verdict: &Verdict) -> Value {
    let seen = &trial.seen;
    let details = match verdict {
        Verdict::Caught { catcher, .. } => Some(without_nulls(json!({ "catchIndex": catcher }))),
        Verdict::Retriable { retrier, wait, .. } => Some(json!({
            "retryIndex": retrier,
            "retryBackoffIntervalSeconds": wait.as_secs(),
        })),
        Verdict::Succeeded { .. } | Verdict::Failed(_) => None,
    };
    let text = |value: &Option<Value>| value.as_ref().map(Value::to_string);
    let variables = trial.variables();
    without_nulls(json!({
        "input": input,
        "afterArguments": text(&seen.arguments),
        "afterItemSelector": seen.items.as_ref().map(|items| json!(items).to_string()),
        "maxConcurrency": seen.concurrency,
        "result": text(&seen.result),
        "variables": (!variables.is_empty()).then(|| json!(variables).to_string()),
        "errorDetails": details,
    }))
}
