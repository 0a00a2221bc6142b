//! States that run another state machine and take its output:
//! <https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html>.

use super::compiler::{Compiler, Next};
use super::frame::run;
use super::retry::started;
use super::task::ordered;
use crate::check::evaluated;
use crate::plan::{Planned, SubWorkflow};
use crate::scope::EXECUTION_INPUT;
use domain::execution::PAYLOAD_VERSION;
use serde_json::{Map, json};

/// Waits for the execution's end and gives its output as JSON.
const RUN: &str = "arn:aws:states:::states:startExecution.sync:2";

impl<'p> Compiler<'p> {
    pub(super) fn sub_workflow(&mut self, step: &'p Planned, sub: &'p SubWorkflow, next: &Next) {
        let mut state = Map::new();
        state.insert("Type".to_owned(), "Task".into());
        state.insert("Comment".to_owned(), step.comment.as_str().into());
        state.insert("Resource".to_owned(), RUN.into());
        // Without a name, a start that is tried again starts another execution; the place in the parent lets that one
        // find the effects of the first.
        let input = json!({
            "inputs": sub.inputs,
            "event": evaluated(&format!("{EXECUTION_INPUT}.event")),
            "project": evaluated(&format!("{EXECUTION_INPUT}.project")),
            "actor": evaluated(&format!("{EXECUTION_INPUT}.actor")),
            "parent": {"run": run(), "at": evaluated(&self.frame.key(&step.state)), "v": PAYLOAD_VERSION},
        });
        state.insert("Arguments".to_owned(), json!({"StateMachineArn": sub.state_machine, "Input": input}));
        state.insert("TimeoutSeconds".to_owned(), self.time_limit(sub.timeout_seconds));
        state.insert("Retry".to_owned(), started(sub.retry.as_ref()));
        if let Some(catcher) = self.policy_of_call(step, next) {
            state.insert("Catch".to_owned(), json!([catcher]));
        }
        if let Some(assignment) = self.assignment(step) {
            state.insert("Assign".to_owned(), assignment);
        }
        self.go_without_result(&mut state, next);
        self.states.insert(step.state.clone(), ordered(state));
    }
}
