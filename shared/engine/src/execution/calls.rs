//! The calls that the current state requires.

use serde_json::Value;

use super::{Child, ExecutionState, Phase, Position, Scheduled, Visit};
use crate::definition::{Flow, Kind, Pattern, Resource, Task, function_name};

/// One open request to the outside. It is named by its branch and by the event that scheduled its task.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) branch: Vec<usize>,
    pub(crate) scheduled: u64,
    pub(crate) kind: CallKind,
}

/// The kind of call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CallKind {
    /// Run a function with a payload.
    Invoke { function: String, payload: Value, reading: Reading },
    /// Start another execution. The task is over with that only if its pattern is request and response.
    Start { state_machine_arn: String, name: Option<String>, input: Value, pattern: Pattern },
    /// Tell when the execution with this ARN has ended; its data as JSON or as text.
    Await { execution_arn: String, as_json: bool },
}

/// The meaning of a function's return value for the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// It is the result.
    Bare,
    /// The result is Lambda's response around it.
    Response,
    /// The work was handed over, and the result comes with the task token.
    HandedOver,
}

impl ExecutionState {
    /// All open requests. A task that waits for its token only asks for nothing.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let mut calls = Vec::new();
        if self.outcome.is_none() {
            collect(&self.root, &self.identity.definition.flow, &mut calls);
        }
        calls
    }
}

fn collect(branch: &super::Branch, flow: &Flow, calls: &mut Vec<Call>) {
    let Position::In(Visit { name, phase, .. }) = &branch.position else { return };
    let Some(state) = flow.states.get(name) else { return };
    let call = match (&state.kind, phase) {
        (Kind::Task(task), Phase::Started(scheduled)) => {
            first_call(task, scheduled).map(|kind| (scheduled.event, kind))
        }
        (Kind::Task(task), Phase::Submitted(scheduled, output)) => {
            awaited(task, output).map(|kind| (scheduled.event, kind))
        }
        (_, Phase::Spread(spread)) => {
            for (index, child) in spread.children.iter().enumerate() {
                if let (Child::Live(branch), Some(flow)) = (child, super::inner_flow(state, index)) {
                    collect(branch, flow, calls);
                }
            }
            None
        }
        _ => None,
    };
    calls.extend(call.map(|(scheduled, kind)| Call { branch: branch.path.clone(), scheduled, kind }));
}

fn first_call(task: &Task, scheduled: &Scheduled) -> Option<CallKind> {
    let parameters = &scheduled.parameters;
    let text = |field: &str| parameters.get(field).and_then(Value::as_str);
    match &task.resource {
        Resource::Function(arn) => {
            let function = function_name(arn)?.to_owned();
            Some(CallKind::Invoke { function, payload: parameters.clone(), reading: Reading::Bare })
        }
        Resource::LambdaInvoke(pattern) => Some(CallKind::Invoke {
            function: function_name(text("FunctionName")?)?.to_owned(),
            payload: parameters.get("Payload").map_or_else(|| serde_json::json!({}), as_sent),
            reading: if *pattern == Pattern::TaskToken { Reading::HandedOver } else { Reading::Response },
        }),
        Resource::StartExecution(pattern) => Some(CallKind::Start {
            state_machine_arn: text("StateMachineArn")?.to_owned(),
            name: text("Name").map(str::to_owned),
            input: parameters.get("Input").cloned().unwrap_or_else(|| serde_json::json!({})),
            pattern: *pattern,
        }),
    }
}

/// In recordings, AWS sends a text that is JSON unchanged, and any other value as JSON.
fn as_sent(payload: &Value) -> Value {
    let written = payload.as_str().and_then(|text| serde_json::from_str(text).ok());
    written.unwrap_or_else(|| payload.clone())
}

fn awaited(task: &Task, output: &Value) -> Option<CallKind> {
    match task.resource {
        Resource::StartExecution(pattern @ (Pattern::Sync | Pattern::Sync2)) => {
            let execution_arn = output.get("ExecutionArn").and_then(Value::as_str)?.to_owned();
            Some(CallKind::Await { execution_arn, as_json: pattern == Pattern::Sync2 })
        }
        _ => None,
    }
}
