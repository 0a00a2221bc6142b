//! `on_error`: the `Catch` of a step.

use super::compiler::{Compiler, Next};
use crate::check::evaluated;
use crate::expression::string_literal;
use crate::model::OnError;
use crate::names::{FAILURE, ROLLBACK_ERROR};
use crate::plan::Planned;
use crate::scope::literal_text;
use serde_json::{Map, Value, json};

/// A cause travels out of a scope as JSON inside another cause, of which Step Functions cuts what is behind 32,768
/// characters.
const LONGEST_INNER_CAUSE: usize = 8_000;

/// How something failed, as JSONata.
pub(super) struct Failure {
    pub(super) error: String,
    pub(super) cause: String,
}

impl Failure {
    /// The error that a `Catch` caught. Some errors, such as a timeout, have no cause.
    pub(super) fn caught() -> Self {
        Self { error: "$states.errorOutput.Error".to_owned(), cause: caught_cause().to_owned() }
    }

    pub(super) fn of(error: &str, cause: &str) -> Self {
        Self { error: string_literal(error), cause: string_literal(cause) }
    }
}

/// The cause of the caught error, which is never undefined.
pub(super) fn caught_cause() -> &'static str {
    "($states.errorOutput.Cause != null ? $states.errorOutput.Cause : '')"
}

impl<'p> Compiler<'p> {
    /// The `Assign` that tells a rollback its reason.
    pub(super) fn rollback_of(&mut self, step: &str, error: &str, cause: &str) -> Value {
        self.needs_rollback = true;
        json!({FAILURE: {"step": step, "error": error, "cause": cause}})
    }

    /// The `Catch` of the step's `on_error`, for every error.
    pub(super) fn policy(&mut self, step: &'p Planned, next: &Next) -> Option<Value> {
        self.catcher(step, next, "States.ALL", Failure::caught())
    }

    /// The `Catch` of a step that is a single call.
    pub(super) fn policy_of_call(&mut self, step: &'p Planned, next: &Next) -> Option<Value> {
        self.policy(step, next).or_else(|| self.too_late())
    }

    /// The `Catch` for one error of the step's `on_error`, which it reports as `failure`.
    pub(super) fn catcher(
        &mut self,
        step: &'p Planned,
        next: &Next,
        caught: &str,
        failure: Failure,
    ) -> Option<Value> {
        let mut catcher = Map::new();
        catcher.insert("ErrorEquals".to_owned(), json!([caught]));
        match step.on_error {
            OnError::Fail | OnError::Retry => return None,
            OnError::Continue => {
                let mut absent: Vec<(Vec<String>, String)> =
                    self.needed(step).map(|(path, _)| (path.clone(), "null".to_owned())).collect();
                let Failure { error, cause } = &failure;
                absent.extend(
                    self.error_variable(step)
                        .map(|path| (path, format!("{{'error': {error}, 'cause': {cause}}}"))),
                );
                if !absent.is_empty() {
                    catcher.insert(
                        "Assign".to_owned(),
                        self.assigned.assignment(absent.iter().map(|(path, text)| (path, text))),
                    );
                }
                catcher.insert("Output".to_owned(), self.frame.passed_on());
                let next = self.state_of(next);
                catcher.insert("Next".to_owned(), self.in_time(step, next).into());
            }
            OnError::Rollback => {
                let failure = self.told_in_time(failure, caught);
                catcher.extend(self.catch_for_rollback(&step.step, &failure));
            }
        }
        Some(Value::Object(catcher))
    }

    /// The fields of a `Catch` that takes effects back. An inner scope cannot assign what the outer one reads, so there the
    /// failure travels as the input of the state that ends the scope.
    fn catch_for_rollback(&mut self, step: &str, failure: &Failure) -> Map<String, Value> {
        self.needs_rollback = true;
        let mut fields = Map::new();
        if self.is_outermost() {
            let failure = json!({
                "step": step, "error": evaluated(&failure.error), "cause": evaluated(&failure.cause),
            });
            fields.insert("Assign".to_owned(), json!({FAILURE: failure}));
            fields.insert("Output".to_owned(), json!({}));
        } else {
            fields.insert("Output".to_owned(), json!({"cause": inner_cause(step, failure)}));
        }
        fields.insert("Next".to_owned(), self.rollback.as_str().into());
        fields
    }

    /// The `Catch` of a step that holds scopes: those inside that ask for a rollback are heard first.
    pub(super) fn scope_catchers(&mut self, step: &'p Planned, next: &Next, asks: bool) -> Vec<Value> {
        let mut catchers = Vec::new();
        if asks {
            self.needs_rollback = true;
            let mut catcher = Map::new();
            catcher.insert("ErrorEquals".to_owned(), json!([ROLLBACK_ERROR]));
            if self.is_outermost() {
                catcher
                    .insert("Assign".to_owned(), json!({FAILURE: "{% $parse($states.errorOutput.Cause) %}"}));
                catcher.insert("Output".to_owned(), json!({}));
            } else {
                catcher.insert("Output".to_owned(), json!({"cause": "{% $states.errorOutput.Cause %}"}));
            }
            catcher.insert("Next".to_owned(), self.rollback.as_str().into());
            catchers.push(catcher.into());
        }
        catchers.extend(self.policy(step, next));
        catchers
    }

    /// A step of type `fail`.
    pub(super) fn fail(&mut self, step: &'p Planned, error: &Value, cause: &Value) {
        let failure = Failure { error: expression_of(error), cause: expression_of(cause) };
        let state = match (step.on_error, self.is_outermost()) {
            (OnError::Rollback, true) => {
                self.needs_rollback = true;
                json!({
                    "Type": "Pass",
                    "Comment": step.comment,
                    "Assign": {FAILURE: {"step": step.step, "error": error, "cause": cause}},
                    "Next": self.rollback,
                })
            }
            (OnError::Rollback, false) => self.end_for_rollback(&step.step, &failure, &step.comment),
            _ => json!({"Type": "Fail", "Comment": step.comment, "Error": error, "Cause": cause}),
        };
        self.states.insert(step.state.clone(), state);
    }

    /// A `Fail` state that makes the surrounding scope take effects back.
    pub(super) fn end_for_rollback(&mut self, step: &str, failure: &Failure, comment: &str) -> Value {
        self.asks_for_rollback = true;
        json!({
            "Type": "Fail",
            "Comment": comment,
            "Error": ROLLBACK_ERROR,
            "Cause": inner_cause(step, failure),
        })
    }

    /// The path of the variable that says how the step failed, where something reads it.
    pub(super) fn error_variable(&self, step: &Planned) -> Option<Vec<String>> {
        step.error_variable.iter().map(|name| vec![name.clone()]).find(|path| self.is_read(path))
    }
}

fn inner_cause(step: &str, failure: &Failure) -> Value {
    let Failure { error, cause } = failure;
    evaluated(&format!(
        "$string({{'step': '{step}', 'error': {error}, 'cause': $substring({cause}, 0, {LONGEST_INNER_CAUSE})}})"
    ))
}

/// A value of a definition as JSONata.
pub(super) fn expression_of(value: &Value) -> String {
    let Some(text) = value.as_str() else { return literal_text(value) };
    match text.strip_prefix("{%").and_then(|rest| rest.strip_suffix("%}")) {
        Some(expression) => format!("({})", expression.trim()),
        None => string_literal(text),
    }
}
