//! The history of an execution, in the form of
//! [`HistoryEvent`](https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{page, seconds, without_nulls};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::execution::{Event, Failure, Label, What};
use crate::log::Page;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetExecutionHistory {
    execution_arn: String,
    max_results: Option<i64>,
    next_token: Option<String>,
    #[serde(default)]
    reverse_order: bool,
    include_execution_data: Option<bool>,
}

pub(super) async fn get(engine: &Engine, request: GetExecutionHistory) -> Result<Value, EngineError> {
    let row = engine.inner.execution(&request.execution_arn).await?;
    let limit = page::size(request.max_results)?;
    let after = request.next_token.as_deref().map(page::last_number).transpose()?;
    let page = Page { after, limit, reverse: request.reverse_order };
    let events = engine.inner.log.history(row.key, page).await?;
    let next = events.get(limit - 1).map(|event| page::token(&event.id.to_string()));
    let with_data = request.include_execution_data.unwrap_or(true);
    let program = engine.inner.program(row.revision).await?;
    let place = &engine.inner.place;
    let events: Vec<Value> =
        events.iter().map(|event| view(event, with_data, &place.region, &program.role_arn)).collect();
    Ok(without_nulls(json!({ "events": events, "nextToken": next })))
}

/// An event as the API shows it.
fn view(event: &Event, with_data: bool, region: &str, role_arn: &str) -> Value {
    let (kind, details) = describe(&event.what, with_data, region, role_arn);
    let mut shown = json!({
        "timestamp": seconds(event.at),
        "type": kind,
        "id": event.id,
        "previousEventId": event.previous,
    });
    if let Some((field, details)) = details {
        shown[field] = without_nulls(details);
    }
    shown
}

/// The type of an event, and its details with the name of their field.
fn describe(what: &What, with_data: bool, region: &str, role_arn: &str) -> (String, Option<(String, Value)>) {
    let data = |value: &Value| with_data.then(|| value.to_string());
    let truncated = json!({ "truncated": false });
    match what {
        What::ExecutionStarted { input } => simple(
            "ExecutionStarted",
            json!({ "input": data(input), "inputDetails": truncated, "roleArn": role_arn }),
        ),
        What::ExecutionSucceeded { output } => {
            simple("ExecutionSucceeded", json!({ "output": data(output), "outputDetails": truncated }))
        }
        What::ExecutionFailed(failure) => simple("ExecutionFailed", reasons(failure)),
        What::ExecutionTimedOut(failure) => simple("ExecutionTimedOut", reasons(failure)),
        What::ExecutionAborted(failure) => simple("ExecutionAborted", reasons(failure)),
        What::ExecutionRedriven { count, .. } => {
            simple("ExecutionRedriven", json!({ "redriveCount": count }))
        }
        What::StateEntered { kind, name, input } => (
            format!("{kind}StateEntered"),
            Some((
                "stateEnteredEventDetails".to_owned(),
                json!({ "name": name, "input": data(input), "inputDetails": truncated }),
            )),
        ),
        What::StateExited { kind, name, output, assigned, .. } => {
            let mut details = json!({ "name": name, "output": data(output), "outputDetails": truncated });
            if !assigned.is_empty() {
                let assigned: Map<String, Value> = assigned
                    .iter()
                    .map(|(name, value)| (name.clone(), Value::String(value.to_string())))
                    .collect();
                details["assignedVariables"] = if with_data { Value::Object(assigned) } else { Value::Null };
                details["assignedVariablesDetails"] = truncated;
            }
            (format!("{kind}StateExited"), Some(("stateExitedEventDetails".to_owned(), details)))
        }
        What::StateAborted { kind } => (format!("{kind}StateAborted"), None),
        What::TaskScheduled { label, parameters, timeout, heartbeat, role_arn: role } => {
            match &label.function {
                Some(function) => simple(
                    "LambdaFunctionScheduled",
                    json!({
                        "resource": function,
                        "input": data(parameters),
                        "inputDetails": truncated,
                        "timeoutInSeconds": timeout,
                        "taskCredentials": role.as_ref().map(|role| json!({ "roleArn": role })),
                    }),
                ),
                None => simple(
                    "TaskScheduled",
                    json!({
                        "resourceType": label.service,
                        "resource": label.action,
                        "region": region,
                        "parameters": if with_data { parameters.to_string() } else { String::new() },
                        "timeoutInSeconds": timeout,
                        "heartbeatInSeconds": heartbeat,
                        "taskCredentials": role.as_ref().map(|role| json!({ "roleArn": role })),
                    }),
                ),
            }
        }
        What::TaskStarted { label } if label.function.is_some() => ("LambdaFunctionStarted".to_owned(), None),
        What::TaskStarted { label } => of_task("Started", label, Value::Null),
        What::TaskSubmitted { label, output } => {
            of_task("Submitted", label, json!({ "output": data(output), "outputDetails": truncated }))
        }
        What::TaskSucceeded { label, output } => {
            of_task("Succeeded", label, json!({ "output": data(output), "outputDetails": truncated }))
        }
        What::TaskFailed { label, failure } => of_task("Failed", label, reasons(failure)),
        What::TaskTimedOut { label, failure } => of_task("TimedOut", label, reasons(failure)),
        What::EvaluationFailed { state, location, failure } => {
            let mut details = reasons(failure);
            details["location"] = json!(location);
            details["state"] = json!(state);
            simple("EvaluationFailed", details)
        }
        What::ParallelStateStarted { .. } => ("ParallelStateStarted".to_owned(), None),
        What::ParallelStateSucceeded => ("ParallelStateSucceeded".to_owned(), None),
        What::ParallelStateFailed => ("ParallelStateFailed".to_owned(), None),
        What::MapStateStarted { items, .. } => simple("MapStateStarted", json!({ "length": items.len() })),
        What::MapIterationStarted { name, index, .. } => iteration("MapIterationStarted", name, *index),
        What::MapIterationSucceeded { name, index } => iteration("MapIterationSucceeded", name, *index),
        What::MapIterationFailed { name, index } => iteration("MapIterationFailed", name, *index),
        What::MapIterationAborted { name, index } => iteration("MapIterationAborted", name, *index),
        What::MapStateSucceeded => ("MapStateSucceeded".to_owned(), None),
        What::MapStateFailed => ("MapStateFailed".to_owned(), None),
        // Private entries are not shown; their names only serve a reader of the log.
        What::StateFailed(_) => ("StateFailed".to_owned(), None),
        What::BranchFailed(_) => ("BranchFailed".to_owned(), None),
        What::RetryScheduled { .. } => ("RetryScheduled".to_owned(), None),
        What::WaitScheduled { .. } => ("WaitScheduled".to_owned(), None),
        What::Heartbeat => ("Heartbeat".to_owned(), None),
    }
}

fn simple(kind: &str, details: Value) -> (String, Option<(String, Value)>) {
    (kind.to_owned(), Some((field(kind), details)))
}

fn iteration(kind: &str, name: &str, index: usize) -> (String, Option<(String, Value)>) {
    simple(kind, json!({ "name": name, "index": index }))
}

fn of_task(what: &str, label: &Label, mut details: Value) -> (String, Option<(String, Value)>) {
    if label.function.is_some() {
        return simple(&format!("LambdaFunction{what}"), details);
    }
    details["resourceType"] = json!(label.service);
    details["resource"] = json!(label.action);
    simple(&format!("Task{what}"), details)
}

fn reasons(failure: &Failure) -> Value {
    without_nulls(json!({ "error": failure.error, "cause": failure.cause }))
}

/// `MapStateStarted` has its details in `mapStateStartedEventDetails`.
fn field(kind: &str) -> String {
    let mut characters = kind.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).chain("EventDetails".chars()).collect()
}
