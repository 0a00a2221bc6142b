//! The calls that executions ask for: functions, other executions, and their ends.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Message;
use super::actor::Actor;
use crate::definition::Pattern;
use crate::engine::Inner;
use crate::error::EngineError;
use crate::execution::{Answer, Call, CallKind, Failure, Reading};
use crate::executions::Start;
use crate::invoke::FunctionError;
use crate::log::{ExecutionRow, Parent};

impl Actor {
    /// Makes every open call that has not been made yet.
    pub(super) async fn call(&mut self) -> Result<(), EngineError> {
        if *self.engine.stopping.borrow() {
            return Ok(());
        }
        for Call { branch, scheduled, kind } in self.state.calls() {
            match kind {
                CallKind::Invoke { function, payload, reading } => {
                    if self.at_work.insert((branch.clone(), scheduled)) {
                        self.invoke(branch, scheduled, function, payload, reading);
                    }
                }
                CallKind::Start { state_machine_arn, name, input, pattern } => {
                    let answer = self.start(scheduled, state_machine_arn, name, &input, pattern).await?;
                    let draft = self.state.answer(&branch, scheduled, answer);
                    self.add(draft);
                }
                CallKind::Await { execution_arn, as_json } => {
                    let row = self.engine.log.execution(execution_arn).await?;
                    if let Some(answer) = row.and_then(|row| ended(&row, as_json)) {
                        let draft = self.state.answer(&branch, scheduled, answer);
                        self.add(draft);
                    }
                }
            }
        }
        if self.orphans_possible {
            self.stop_orphans().await?;
            self.orphans_possible = false;
        }
        Ok(())
    }

    /// Stops the executions that tasks started and no longer wait for, as Step Functions does.
    pub(super) async fn stop_orphans(&self) -> Result<(), EngineError> {
        let waiting: HashSet<u64> = self.state.calls().into_iter().map(|call| call.scheduled).collect();
        for (child, task) in self.engine.log.awaited_children(self.row.key).await? {
            if !waiting.contains(&task) {
                let cause = Some("The task that waited for this execution is over.".to_owned());
                let stop = Message::Stop { failure: Failure { cause, ..Failure::default() }, reply: None };
                self.engine.deliver(child, stop);
            }
        }
        Ok(())
    }

    fn invoke(&self, branch: Vec<usize>, scheduled: u64, function: String, payload: Value, reading: Reading) {
        let functions = Arc::clone(&self.engine.functions);
        let mailbox = self.mailbox.clone();
        tokio::spawn(async move {
            // A function's panic must not leave its execution waiting forever.
            let work = tokio::spawn(async move { functions.invoke(&function, payload).await });
            let result = work.await.unwrap_or_else(|error| {
                Err(FunctionError::new("Lambda.Unknown", format!("The function died: {error}")))
            });
            let answer = read_result(result, reading);
            // The actor may be gone because nothing waits for this answer anymore.
            let _ = mailbox.send(Message::Answer { branch, scheduled, answer });
        });
    }

    async fn start(
        &self,
        scheduled: u64,
        state_machine_arn: String,
        name: Option<String>,
        input: &Value,
        pattern: Pattern,
    ) -> Result<Answer, EngineError> {
        // A name made from the task makes the start repeatable after a crash.
        let made = || {
            let bytes = self.row.seed.derive("child", scheduled);
            let mut first = [0; 16];
            first.copy_from_slice(&bytes[..16]);
            uuid::Builder::from_random_bytes(first).into_uuid().to_string()
        };
        let waits = matches!(pattern, Pattern::Sync | Pattern::Sync2);
        let parent = Parent { key: self.row.key, task: scheduled, waits };
        let name = Some(name.unwrap_or_else(made));
        self.engine.start_for_task((state_machine_arn, name, input), Some(parent), pattern).await
    }
}

/// The meaning of a function's return value or error for the task that called it.
fn read_result(result: Result<Value, FunctionError>, reading: Reading) -> Answer {
    let response = |payload| json!({ "ExecutedVersion": "$LATEST", "Payload": payload, "StatusCode": 200 });
    match (result, reading) {
        (Ok(output), Reading::Bare) => Answer::Success(output),
        (Ok(output), Reading::Response) => Answer::Success(response(output)),
        (Ok(output), Reading::HandedOver) => Answer::Submitted(response(output)),
        (Err(error), _) => Answer::Failure(Failure::new(error.error_type.clone(), error.cause())),
    }
}

impl Inner {
    /// Makes a call for a task that belongs to no execution.
    pub(crate) async fn call_for_trial(self: &Arc<Self>, kind: CallKind) -> Result<Answer, EngineError> {
        match kind {
            CallKind::Invoke { function, payload, reading } => {
                Ok(read_result(self.functions.invoke(&function, payload).await, reading))
            }
            CallKind::Start { state_machine_arn, name, input, pattern } => {
                self.start_for_task((state_machine_arn, name, &input), None, pattern).await
            }
            CallKind::Await { .. } => {
                let message = "A state that waits for an execution can only be tested with a mock";
                Err(EngineError::Validation(message.to_owned()))
            }
        }
    }

    /// Starts an execution for a task. That it cannot be started is the task's failure.
    async fn start_for_task(
        self: &Arc<Self>,
        (state_machine_arn, name, input): (String, Option<String>, &Value),
        parent: Option<Parent>,
        pattern: Pattern,
    ) -> Result<Answer, EngineError> {
        let input = match input {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match self.start(Start { state_machine_arn, name, input: Some(input), parent }).await {
            Ok(started) => {
                let output = json!({
                    "ExecutionArn": started.arn,
                    "StartDate": started.started.as_millisecond(),
                });
                Ok(match pattern {
                    Pattern::RequestResponse => Answer::Success(output),
                    Pattern::TaskToken | Pattern::Sync | Pattern::Sync2 => Answer::Submitted(output),
                })
            }
            Err(EngineError::Log(error)) => Err(EngineError::Log(error)),
            Err(refused) => Ok(Answer::Failure(Failure::new(
                format!("StepFunctions.{}Exception", refused.name()),
                refused.to_string(),
            ))),
        }
    }
}

/// The meaning of an awaited execution's end for the waiting task, in the words of `DescribeExecution`.
fn ended(row: &ExecutionRow, as_json: bool) -> Option<Answer> {
    let stopped = row.stopped?;
    let data = |text: &str| {
        let text = text.to_owned();
        if as_json { serde_json::from_str(&text).unwrap_or(Value::String(text)) } else { Value::String(text) }
    };
    let mut output = json!({
        "ExecutionArn": row.arn,
        "Input": data(&row.input),
        "InputDetails": { "Included": true },
        "Name": row.name,
        "StartDate": row.started.as_millisecond(),
        "StateMachineArn": row.state_machine_arn,
        "Status": row.status,
        "StopDate": stopped.as_millisecond(),
    });
    for (field, text) in [("Error", &row.error), ("Cause", &row.cause)] {
        if let Some(text) = text {
            output[field] = json!(text);
        }
    }
    if let Some(text) = &row.output {
        output["Output"] = data(text);
        output["OutputDetails"] = json!({ "Included": true });
    }
    Some(match row.status.as_str() {
        "SUCCEEDED" => Answer::Success(output),
        _ => Answer::Failure(Failure::new("States.TaskFailed", output.to_string())),
    })
}
