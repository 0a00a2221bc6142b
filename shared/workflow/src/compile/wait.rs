//! `Wait` states, and states that wait until something has happened outside.

use super::compiler::{Compiler, Next};
use super::retry::{Hopeless, retriers};
use super::task::{INVOKE_AND_WAIT, invocation, ordered};
use crate::plan::{AwaitedEvent, Pause, Planned, function_placeholder};
use domain::built_in_actions::{AWAIT_EVENT, REQUEST_APPROVAL};
use serde_json::{Map, Value};

impl<'p> Compiler<'p> {
    pub(super) fn pause(&mut self, step: &'p Planned, pause: &Pause, next: &Next) {
        let mut state = Map::new();
        state.insert("Type".to_owned(), "Wait".into());
        state.insert("Comment".to_owned(), step.comment.as_str().into());
        let (field, value) = self.wait_within_limit(pause);
        state.insert(field.to_owned(), value);
        self.go_in_time(step, &mut state, next);
        self.states.insert(step.state.clone(), ordered(state));
    }

    pub(super) fn event(&mut self, step: &'p Planned, event: &'p AwaitedEvent, next: &Next) {
        let retry = retriers(event.retry.as_ref(), Hopeless::Action);
        let catchers = self.policy_of_call(step, next).into_iter().collect();
        self.parked(step, AWAIT_EVENT, &event.input, event.timeout_seconds, retry, catchers, next);
    }

    /// A call whose answer comes from elsewhere: the state waits until somebody hands back its task token.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a field of the state, and named where it is given"
    )]
    pub(super) fn parked(
        &mut self,
        step: &'p Planned,
        action: &str,
        input: &Value,
        timeout_seconds: u64,
        retry: Value,
        catchers: Vec<Value>,
        next: &Next,
    ) {
        let limit = self.time_limit(timeout_seconds);
        let mut input = input.clone();
        if action == REQUEST_APPROVAL {
            // Later answers are told so, and the question is no longer shown as open.
            input["timeout_seconds"] = limit.clone();
        }
        let mut sent = self.frame.payload(&step.state, input);
        sent.insert("task_token".to_owned(), "{% $states.context.Task.Token %}".into());
        let mut state = invocation(&function_placeholder(action).into(), sent, limit);
        state.insert("Resource".to_owned(), INVOKE_AND_WAIT.into());
        state.insert("Comment".to_owned(), step.comment.as_str().into());
        state.insert("Retry".to_owned(), retry);
        if !catchers.is_empty() {
            state.insert("Catch".to_owned(), catchers.into());
        }
        if let Some(assignment) = self.assignment(step) {
            state.insert("Assign".to_owned(), assignment);
        }
        self.go_without_result(&mut state, next);
        self.states.insert(step.state.clone(), ordered(state));
    }
}
