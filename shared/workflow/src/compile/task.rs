//! Task states: one call of one action's function.

use super::{Compiler, DONE, Next};
use crate::check::evaluated;
use crate::compile::retry::retriers;
use crate::model::OnError;
use crate::plan::{Planned, Task, function_placeholder};
use crate::scope::EXECUTION_INPUT;
use domain::ErrorKind;
use domain::execution::PAYLOAD_VERSION;
use serde_json::{Map, Value, json};

const INVOKE: &str = "arn:aws:states:::lambda:invoke";
const INVOKE_AND_WAIT: &str = "arn:aws:states:::lambda:invoke.waitForTaskToken";
/// The action that parks an execution until a limit is raised, and how long it may stand there: 30 days.
const AWAIT_BUDGET: &str = "await_budget";
const BUDGET_TIMEOUT_SECONDS: u64 = 30 * 24 * 3600;

/// What every function is sent: the keys stand in the order people read them.
pub(super) fn payload(state: &str, input: Value) -> Map<String, Value> {
    let parent = format!("{EXECUTION_INPUT}.parent");
    let fields = [
        ("v", PAYLOAD_VERSION.into()),
        ("run", evaluated(&format!("{parent} != null ? {parent}.run : $states.context.Execution.Id"))),
        (
            "key",
            evaluated(&format!(
                "({parent} != null ? {parent}.at : $states.context.Execution.Id) & '/{state}'"
            )),
        ),
        ("project", evaluated(&format!("{EXECUTION_INPUT}.project"))),
        ("actor", evaluated(&format!("{EXECUTION_INPUT}.actor"))),
        ("input", input),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A Task up to its `Assign`.
pub(super) fn invocation(
    function: &Value,
    payload: Map<String, Value>,
    timeout_seconds: u64,
) -> Map<String, Value> {
    let fields = [
        ("Type", "Task".into()),
        ("Resource", INVOKE.into()),
        ("Arguments", json!({"FunctionName": function, "Payload": payload})),
        ("TimeoutSeconds", timeout_seconds.into()),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The first Task checks the execution's inputs while its arguments are made: that costs no transition.
pub(super) fn check_first(states: &mut Map<String, Value>, first: &str, assertions: &[String]) {
    if let Some(version) = states.get_mut(first).and_then(|state| state.pointer_mut("/Arguments/Payload/v")) {
        *version = evaluated(&format!("({}; {PAYLOAD_VERSION})", assertions.join("; ")));
    }
}

impl<'p> Compiler<'p> {
    pub(super) fn task(&mut self, step: &'p Planned, task: &Task, next: &Next) {
        let mut sent = payload(&step.state, task.input.clone());
        if task.required {
            sent.insert("required".to_owned(), true.into());
        }
        if let Some(inverse) = &task.inverse {
            sent.insert("inverse".to_owned(), inverse.clone());
        }
        let mut state = invocation(&function_placeholder(&task.action).into(), sent, task.timeout_seconds);
        state.insert("Comment".to_owned(), step.comment.as_str().into());
        state.insert("Retry".to_owned(), retriers(task.retry.as_ref()));
        let mut catchers = Vec::new();
        let policy = self.policy(step, next);
        let parked = self.free_name(&format!("{}AwaitBudget", step.state));
        let parks = task.parks && self.catalog.find(AWAIT_BUDGET).is_some();
        if parks {
            catchers.push(json!({
                "ErrorEquals": [ErrorKind::BudgetExceeded.as_str()],
                "Output": {"reason": "{% $states.errorOutput.Cause %}"},
                "Next": parked,
            }));
        }
        catchers.extend(policy.clone());
        if !catchers.is_empty() {
            state.insert("Catch".to_owned(), catchers.into());
        }
        let mut needed: Vec<(Vec<String>, String)> = self.needed(step).cloned().collect();
        needed.extend(self.error_variable(step).map(|path| (path, "null".to_owned())));
        if !needed.is_empty() {
            state.insert(
                "Assign".to_owned(),
                self.assigned.assignment(needed.iter().map(|(path, text)| (path, text))),
            );
        }
        // What the action gave stands in variables; it need not travel on as the next state's input.
        if let Next::State(_) = next {
            state.insert("Output".to_owned(), json!({}));
        }
        self.go(&mut state, next);
        self.states.insert(step.state.clone(), ordered(state));
        if parks {
            self.park(parked, step, policy.as_ref());
        }
    }

    /// The `Catch` of the step's `on_error`.
    pub(super) fn policy(&self, step: &'p Planned, next: &Next) -> Option<Value> {
        match step.on_error {
            OnError::Fail | OnError::Retry => None,
            OnError::Continue => {
                let mut absent: Vec<(Vec<String>, String)> =
                    self.needed(step).map(|(path, _)| (path.clone(), "null".to_owned())).collect();
                absent.extend(self.error_variable(step).map(|path| {
                    (
                        path,
                        "{'error': $states.errorOutput.Error, 'cause': $states.errorOutput.Cause}".to_owned(),
                    )
                }));
                let mut catcher = Map::new();
                catcher.insert("ErrorEquals".to_owned(), json!(["States.ALL"]));
                if !absent.is_empty() {
                    catcher.insert(
                        "Assign".to_owned(),
                        self.assigned.assignment(absent.iter().map(|(path, text)| (path, text))),
                    );
                }
                catcher.insert("Output".to_owned(), json!({}));
                let name = match next {
                    Next::State(name) => name.as_str(),
                    Next::End => DONE,
                };
                catcher.insert("Next".to_owned(), name.into());
                Some(Value::Object(catcher))
            }
            OnError::Rollback => Some(json!({
                "ErrorEquals": ["States.ALL"],
                "Assign": {"rollback_failure": {
                    "step": step.step,
                    "error": "{% $states.errorOutput.Error %}",
                    "cause": "{% $states.errorOutput.Cause %}",
                }},
                "Output": {},
                "Next": "Rollback",
            })),
        }
    }

    /// The path of the variable that says how the step failed, where something reads it.
    fn error_variable(&self, step: &Planned) -> Option<Vec<String>> {
        step.error_variable.iter().map(|name| vec![name.clone()]).find(|path| self.is_read(path))
    }

    /// The state in which a step waits until somebody raises the limit; then the step is tried anew.
    fn park(&mut self, name: String, step: &'p Planned, policy: Option<&Value>) {
        let mut sent = payload(&name, json!({"reason": "{% $states.input.reason %}"}));
        sent.insert("task_token".to_owned(), "{% $states.context.Task.Token %}".into());
        let mut state = invocation(&function_placeholder(AWAIT_BUDGET).into(), sent, BUDGET_TIMEOUT_SECONDS);
        state.insert("Resource".to_owned(), INVOKE_AND_WAIT.into());
        state.insert(
            "Comment".to_owned(),
            format!("Waits until a limit that stopped {} is raised", step.step).into(),
        );
        state.insert("Retry".to_owned(), retriers(None));
        if let Some(policy) = policy {
            state.insert("Catch".to_owned(), json!([policy]));
        }
        state.insert("Output".to_owned(), json!({}));
        state.insert("Next".to_owned(), step.state.as_str().into());
        self.states.insert(name, ordered(state));
    }
}

/// A state's fields in the order people read them.
pub(super) fn ordered(mut state: Map<String, Value>) -> Value {
    const ORDER: [&str; 12] = [
        "Type",
        "Comment",
        "Resource",
        "Arguments",
        "TimeoutSeconds",
        "Retry",
        "Catch",
        "Assign",
        "Output",
        "Next",
        "End",
        "Default",
    ];
    let mut sorted = Map::new();
    for name in ORDER {
        if let Some(value) = state.remove(name) {
            sorted.insert(name.to_owned(), value);
        }
    }
    sorted.extend(state);
    Value::Object(sorted)
}
