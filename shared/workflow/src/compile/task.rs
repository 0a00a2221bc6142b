//! Task states: one call of one action's function.

use super::compiler::{Compiler, Next};
use super::frame::Frame;
use super::retry::{Hopeless, paid_retriers, retriers, retriers_before_parking, with_looks};
use crate::check::evaluated;
use crate::plan::{Planned, Task, function_placeholder};
use domain::ErrorKind;
use domain::built_in_actions::{AWAIT_BUDGET, AWAIT_CAPACITY, AWAIT_PROVIDER, REQUEST_APPROVAL};
use serde_json::{Map, Value, json};

const INVOKE: &str = "arn:aws:states:::lambda:invoke";
pub(super) const INVOKE_AND_WAIT: &str = "arn:aws:states:::lambda:invoke.waitForTaskToken";
/// Where an iteration's frame is while a step of it waits.
const KEPT: &str = "frame";
/// How long a step may be parked. A limit of a month opens with the next one, which may be 31 days away.
const PARKED_TIMEOUT_SECONDS: u64 = 35 * 24 * 3600;
/// When a state was entered, in milliseconds.
const ENTERED: &str = "$string($toMillis($states.context.State.EnteredTime))";

/// The question to people when an answer was lost, as JSONata over the error's cause. A function's cause is JSON, in which its message
/// is.
fn confirmation(step: &str) -> String {
    let message = "$contains($states.input.reason, 'errorMessage') ? $parse($states.input.reason).errorMessage \
                   : $states.input.reason";
    format!(
        "'Create it again? ' & ({message}) & ' Approve if it is not there: {step} then creates it; deny to end the run.'"
    )
}

/// A state in which a step waits through an action that parks; then the step is tried again.
struct Parking {
    /// The errors that lead there.
    errors: &'static [ErrorKind],
    action: &'static str,
    state: String,
    comment: String,
    input: Value,
}

/// A Task up to its `Assign`.
pub(super) fn invocation(
    function: &Value,
    payload: Map<String, Value>,
    timeout_seconds: Value,
) -> Map<String, Value> {
    let fields = [
        ("Type", "Task".into()),
        ("Resource", INVOKE.into()),
        ("Arguments", json!({"FunctionName": function, "Payload": payload})),
        ("TimeoutSeconds", timeout_seconds),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// One call of an action, and its state.
pub(super) struct Invocation<'a> {
    /// The name of the step that it is made for.
    pub(super) step: &'a str,
    pub(super) state: &'a str,
    pub(super) comment: &'a str,
    pub(super) task: &'a Task,
    pub(super) assign: Option<Value>,
    /// The `Catch` of the step's `on_error`.
    pub(super) policy: Option<Value>,
}

impl<'p> Compiler<'p> {
    pub(super) fn task(&mut self, step: &'p Planned, task: &Task, next: &Next) {
        let policy = self.policy_of_call(step, next);
        let assign = self.assignment(step);
        let (name, state, comment) = (&step.step, &step.state, &step.comment);
        self.invoke(Invocation { step: name, state, comment, task, assign, policy }, next);
    }

    /// The state of one call, and those in which it is parked.
    pub(super) fn invoke(&mut self, call: Invocation<'_>, next: &Next) {
        let task = call.task;
        let mut sent = self.frame.payload(call.state, task.input.clone());
        if task.required {
            sent.insert("required".to_owned(), true.into());
        }
        if let Some(inverse) = &task.inverse {
            sent.insert("inverse".to_owned(), inverse.clone());
        }
        let limit = self.time_limit(task.timeout_seconds);
        let mut state = invocation(&function_placeholder(&task.action).into(), sent, limit);
        state.insert("Comment".to_owned(), call.comment.into());
        let parkings = self.parkings(&call);
        let waits = parkings.iter().any(|parking| parking.errors.contains(&ErrorKind::Throttled));
        let retry = if waits { retriers_before_parking } else { retriers };
        let retry = match task.parks {
            true => paid_retriers(task.retry.as_ref(), retry),
            false if task.confirms => with_looks(retry(task.retry.as_ref(), Hopeless::Action)),
            false => retry(task.retry.as_ref(), Hopeless::Action),
        };
        state.insert("Retry".to_owned(), retry);
        let mut catchers = Vec::new();
        for parking in &parkings {
            let mut output = json!({"reason": "{% $states.errorOutput.Cause %}"});
            if self.frame.is_carried() {
                output[KEPT] = self.frame.passed_on();
            }
            catchers.push(json!({
                "ErrorEquals": parking.errors.iter().map(|error| error.as_str()).collect::<Vec<_>>(),
                "Output": output,
                "Next": parking.state,
            }));
        }
        catchers.extend(call.policy.clone());
        if !catchers.is_empty() {
            state.insert("Catch".to_owned(), catchers.into());
        }
        if let Some(assignment) = &call.assign {
            state.insert("Assign".to_owned(), assignment.clone());
        }
        self.go_without_result(&mut state, next);
        self.states.insert(call.state.to_owned(), ordered(state));
        for parking in parkings {
            self.park(parking, &call);
        }
    }

    /// The reasons that a step may have to wait before its call.
    fn parkings(&self, call: &Invocation<'_>) -> Vec<Parking> {
        let task = call.task;
        let parking = |errors, action, suffix, comment: &str| Parking {
            errors,
            action,
            state: self.free_name(&format!("{}{suffix}", call.state)),
            comment: comment.replace("{step}", call.step),
            input: json!({"reason": "{% $states.input.reason %}"}),
        };
        let budget = task.parks.then(|| {
            let comment = "Waits until a limit that stopped {step} is raised";
            parking(&[ErrorKind::BudgetExceeded][..], AWAIT_BUDGET, "AwaitBudget", comment)
        });
        let provider = task.calls_provider.then(|| {
            let comment = "Waits until the provider that postponed {step} accepts calls again";
            let errors: &[ErrorKind] =
                if task.parks { &ErrorKind::WAITED_OUT } else { &[ErrorKind::Throttled] };
            parking(errors, AWAIT_PROVIDER, "AwaitProvider", comment)
        });
        let people = task.confirms.then(|| {
            let comment = "Asks whether {step} may act again, because its response was lost";
            let key = evaluated(&self.frame_while_parked().key(call.state));
            let input = json!({"question": evaluated(&confirmation(call.step)), "effect": key});
            let parking = parking(&[ErrorKind::Unconfirmed][..], REQUEST_APPROVAL, "Confirm", comment);
            Parking { input, ..parking }
        });
        // The same action waits in line with the task token that it lacks in the step's own state.
        let line = (task.action == AWAIT_CAPACITY).then(|| {
            let comment = "Waits in line until reviewers have room for {step}";
            parking(&[ErrorKind::AtCapacity][..], AWAIT_CAPACITY, "InLine", comment)
        });
        let mut parkings: Vec<Parking> =
            budget.into_iter().chain(provider).chain(people).chain(line).collect();
        parkings.retain(|parking| self.document.catalog.find(parking.action).is_some());
        parkings
    }

    fn frame_while_parked(&self) -> Frame {
        if self.frame.is_carried() { self.frame.within(KEPT) } else { self.frame.clone() }
    }

    /// Each question to people has a different key, so that an earlier answer does not count for it.
    fn park(&mut self, parking: Parking, call: &Invocation<'_>) {
        let Parking { action, state: name, comment, input, .. } = parking;
        let frame = self.frame_while_parked();
        let mut sent = frame.payload(&name, input);
        if action == REQUEST_APPROVAL {
            let key = format!("{} & '.' & {ENTERED}", frame.key(&name));
            sent.insert("key".to_owned(), evaluated(&key));
        }
        sent.insert("task_token".to_owned(), "{% $states.context.Task.Token %}".into());
        let limit = self.time_limit(PARKED_TIMEOUT_SECONDS);
        let mut state = invocation(&function_placeholder(action).into(), sent, limit);
        state.insert("Resource".to_owned(), INVOKE_AND_WAIT.into());
        state.insert("Comment".to_owned(), comment.into());
        state.insert("Retry".to_owned(), retriers(None, Hopeless::Action));
        if let Some(policy) = &call.policy {
            state.insert("Catch".to_owned(), json!([policy]));
        }
        let output = if self.frame.is_carried() { "{% $states.input.frame %}".into() } else { json!({}) };
        state.insert("Output".to_owned(), output);
        state.insert("Next".to_owned(), call.state.into());
        self.states.insert(name, ordered(state));
    }
}

/// A state's fields in the order people read them.
pub(super) fn ordered(mut state: Map<String, Value>) -> Value {
    const ORDER: [&str; 19] = [
        "Type",
        "Comment",
        "Resource",
        "Arguments",
        "Seconds",
        "Timestamp",
        "Items",
        "ItemSelector",
        "MaxConcurrency",
        "ItemProcessor",
        "Branches",
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
