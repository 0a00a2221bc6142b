//! `Parallel` states.

use super::compiler::{Compiler, Next};
use super::retry::{Hopeless, whole};
use super::task::ordered;
use crate::model::Retry;
use crate::plan::{Branch, Flow, Planned};
use serde_json::{Map, Value, json};

impl<'p> Compiler<'p> {
    pub(super) fn parallel(
        &mut self,
        step: &'p Planned,
        branches: &'p [Branch],
        retry: Option<&Retry>,
        next: &Next,
    ) {
        let mut asks_for_rollback = false;
        let mut written = Vec::new();
        let around = self.enter(step);
        for branch in branches {
            let (states, asks) = self.inner(&branch.flow, self.frame.clone());
            asks_for_rollback |= asks;
            let mut document = json!({"Comment": branch.name});
            if let (Some(document), Value::Object(states)) = (document.as_object_mut(), states) {
                document.extend(states);
            }
            written.push(document);
        }
        self.deadline = around;
        let mut state = Map::new();
        state.insert("Type".to_owned(), "Parallel".into());
        state.insert("Branches".to_owned(), written.into());
        self.scope(state, step, retry, next, asks_for_rollback);
    }

    /// The states of a scope inside, and whether it asks for a rollback.
    pub(super) fn inner(&self, flow: &'p Flow, frame: super::Frame) -> (Value, bool) {
        let first = flow.block.steps().next().map(|step| step.state.as_str()).unwrap_or_default();
        let mut inner = Compiler::new(self.document, flow, frame, self.deadline_within(first));
        let start = inner.entry(&flow.block);
        inner.whole_flow();
        let asks = inner.needs_rollback || inner.asks_for_rollback;
        (json!({"StartAt": start, "States": inner.states}), asks)
    }

    /// A state that holds scopes, with all that such states have in common.
    pub(super) fn scope(
        &mut self,
        mut state: Map<String, Value>,
        step: &'p Planned,
        retry: Option<&Retry>,
        next: &Next,
        asks_for_rollback: bool,
    ) {
        state.insert("Comment".to_owned(), step.comment.as_str().into());
        if let Some(retry) = retry {
            state.insert("Retry".to_owned(), whole(retry, Hopeless::Scope));
        }
        let catchers = self.scope_catchers(step, next, asks_for_rollback);
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
