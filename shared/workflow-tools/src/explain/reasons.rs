//! The sentences: why a state is there, and each of its fields.

use crate::states::{States, is_too_late, parks, resource, successors};
use domain::ErrorKind;
use serde_json::Value;

/// Why a state that the compiler added belongs to the step that became `own`; `None` where it does not.
pub(super) fn of_helper(name: &str, state: &Value, own_name: &str, own: &Value) -> Option<String> {
    if let Some(why) = of_limit(name, own_name) {
        return Some(why.to_owned());
    }
    let catchers = || own["Catch"].as_array().into_iter().flatten();
    let caught_to =
        |wanted: bool| catchers().any(|catcher| parks(catcher) == wanted && catcher["Next"] == name);
    if caught_to(true) {
        return Some(
            "It waits, at no cost, until somebody raises the limit that stopped the step; then the step is tried anew."
                .to_owned(),
        );
    }
    if caught_to(false) && state["Type"] != "Succeed" {
        return Some("An error of the step leads here.".to_owned());
    }
    let leads_to_it = successors(state).any(|next| next == own_name);
    if state["Type"] == "Choice" && leads_to_it && name.starts_with(own_name) {
        return Some("It decides whether the step is taken: its `when`.".to_owned());
    }
    name.starts_with(own_name).then(|| "The compiler needs it for the step.".to_owned())
}

/// Why a state is there that a `timeout` of the step, or of one around it, asks for.
fn of_limit(name: &str, own_name: &str) -> Option<&'static str> {
    match name.strip_prefix(own_name)?.trim_end_matches('_') {
        "Deadline" => Some(
            "It notes when the step's `timeout` is over: Step Functions limits the time of calls, but not of what holds them.",
        ),
        "InTime" => Some("It looks at the clock: a step around this one has a `timeout`."),
        "TimedOut" | "ScopeTimedOut" => {
            Some("What comes too late, because of a `timeout`, ends here with States.Timeout.")
        }
        _ => None,
    }
}

/// Why a field is there.
pub(super) fn of_field(
    field: &str,
    value: &Value,
    state: &Value,
    of_step: bool,
    states: States<'_>,
) -> String {
    if let Some(place) = field.strip_prefix("Retry[") {
        return retry(value, place.starts_with('0'));
    }
    if field.starts_with("Catch[") {
        return catcher(value, of_step, states);
    }
    if field.starts_with("Choices[") {
        return match value["Next"].as_str() {
            Some(next) => format!("Where the condition holds, {} comes next.", states.name(next)),
            None => "A way on.".to_owned(),
        };
    }
    if let Some(sent) =
        field.strip_prefix("Arguments.Payload.").or_else(|| field.strip_prefix("Arguments.Input."))
    {
        return payload(sent).to_owned();
    }
    let to = |next: &Value| next.as_str().map(|next| states.name(next).to_owned()).unwrap_or_default();
    match field {
        "Type" => kind(value.as_str().unwrap_or_default(), state).to_owned(),
        "Comment" => "What the file says of it, and where, for readers of the console.".to_owned(),
        "Resource" => resource_reason(resource(state)).to_owned(),
        "Arguments.FunctionName" => {
            "The action's function; the deployment puts its ARN in place of the placeholder.".to_owned()
        }
        "Arguments.StateMachineArn" => {
            "The other workflow's state machine; the deployment puts its ARN in place of the placeholder.".to_owned()
        }
        "TimeoutSeconds" => timeout(state).to_owned(),
        "HeartbeatSeconds" => "Without a sign of life for so long, the state fails.".to_owned(),
        "Assign" => {
            "The variables that something later reads; fields that nothing reads are not kept. Expressions see what was before."
                .to_owned()
        }
        "Output" if value.as_object().is_some_and(serde_json::Map::is_empty) => {
            "Its result is in variables, so nothing is passed on as the next state's input.".to_owned()
        }
        "Output" if state["End"] == true => "What the execution, branch or iteration returns.".to_owned(),
        "Output" => "What the next state gets as its input.".to_owned(),
        "Next" => format!("When it succeeds, {} comes next.", to(value)),
        "End" => "Nothing comes after it: the execution, branch or iteration ends here.".to_owned(),
        "Default" => format!("Where no condition holds, {} comes next.", to(value)),
        "Error" => "The name that the execution ends with.".to_owned(),
        "Cause" => "What people read of why it ended.".to_owned(),
        "Branches" => "Each branch's steps; all must finish. `explain` tells of each step by its name.".to_owned(),
        "Items" => "The list that is gone through; a single value is made a list of one.".to_owned(),
        "ItemSelector" => "What each iteration gets: the item, and its position, for its steps' keys.".to_owned(),
        "ItemProcessor" => "The steps for each item. `explain` tells of each step by its name.".to_owned(),
        "MaxConcurrency" => "So many iterations at the same time, at most.".to_owned(),
        "Seconds" | "Timestamp" => "How long it waits; waiting costs nothing.".to_owned(),
        "QueryLanguage" => "Expressions are JSONata.".to_owned(),
        _ => "A part of the state as the States Language has it: https://states-language.net/.".to_owned(),
    }
}

fn kind(kind: &str, state: &Value) -> &'static str {
    match (kind, resource(state)) {
        ("Task", resource) if resource.contains("states:startExecution") => "It runs another workflow.",
        ("Task", _) => "It calls one function.",
        ("Choice", _) => "It decides where to go on.",
        ("Pass", _) => "It calls nothing and only sets values.",
        ("Parallel", _) => "It runs branches at the same time.",
        ("Map", _) => "It runs the same steps for every item of a list.",
        ("Wait", _) => "It waits for a time.",
        ("Succeed", _) => "It ends well.",
        ("Fail", _) => "It ends with an error.",
        _ => "A state of the States Language.",
    }
}

fn resource_reason(resource: &str) -> &'static str {
    if resource.ends_with("waitForTaskToken") {
        "It calls the function and then waits, at no cost, until somebody hands back the token."
    } else if resource.ends_with("sync:2") {
        "It starts the other workflow and waits for its end; its output arrives as JSON."
    } else {
        "Step Functions' own call of a Lambda function: none of our code is in between."
    }
}

fn timeout(state: &Value) -> &'static str {
    if state["TimeoutSeconds"].is_string() {
        "Its own limit, or what is left of the time of a step around it, whichever is less; when nothing is left, it does not begin."
    } else if resource(state).ends_with("waitForTaskToken") {
        "Without an answer for so long, the state fails with States.Timeout."
    } else if resource(state).contains("lambda") {
        "The step's `timeout`, or the function's own and five seconds, so that the function's own error is heard first."
    } else {
        "What takes longer fails with States.Timeout."
    }
}

fn payload(field: &str) -> &'static str {
    match field {
        "v" => "The version of what functions are sent: parked executions outlive deployments.",
        "run" => "The outermost execution: the journal of effects is kept by it.",
        "key" => {
            "The idempotency key: run, state and the enclosing loops' indexes. A repeated call with it does nothing twice."
        }
        "admitted_as" => "The run whose admission this needs: it works on another one.",
        "project" => "The project whose configuration and providers hold.",
        "actor" => "Who started the execution: their limits hold, and their rights.",
        "input" => "The action's input, from the step's `inputs`.",
        "inputs" => "The other workflow's inputs.",
        "parent" => "Who runs it and where, so that a restarted child repeats nothing.",
        "event" => "The event that started the execution.",
        "task_token" => "Whoever has it can let the execution go on.",
        "required" => "The step says `required: true`: a project without the plugin is an error.",
        "inverse" => {
            "The step's own `rollback`, stored with the effect; it takes the place of the action's inverse."
        }
        _ => "What the function is sent.",
    }
}

fn errors(of: &Value) -> Vec<&str> {
    of["ErrorEquals"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn retry(value: &Value, first: bool) -> String {
    let errors = errors(value);
    let attempts = value["MaxAttempts"].as_u64().unwrap_or(3);
    if attempts == 0 {
        return format!("{} will not pass by itself, so it is never tried again.", errors.join(", "));
    }
    let passing = ErrorKind::RETRIED.iter().all(|kind| errors.contains(&kind.as_str()));
    let delays = match (value["IntervalSeconds"].as_u64(), value["MaxDelaySeconds"].as_u64()) {
        (Some(first), Some(longest)) => format!(", first after {first} s, at most after {longest} s"),
        (Some(first), None) => format!(", first after {first} s"),
        _ => String::new(),
    };
    let spread = if value["JitterStrategy"] == "FULL" {
        ", spread at random so that many do not come back together"
    } else {
        ""
    };
    match (passing && first, errors.as_slice()) {
        (true, _) => format!(
            "Every action has it: what passes by itself, providers that ask for patience and Lambda's own hiccups, is tried again up to {attempts} times{delays}{spread}."
        ),
        (false, ["States.ALL"]) => format!(
            "The step's own `retry`: any error is tried again up to {attempts} times{delays}{spread}."
        ),
        (false, _) => format!("These errors are tried again up to {attempts} times{delays}{spread}."),
    }
}

fn catcher(value: &Value, of_step: bool, states: States<'_>) -> String {
    let next = value["Next"].as_str().unwrap_or_default();
    if parks(value) {
        return "Every agent's step has it: a spent limit parks the execution instead of ending it."
            .to_owned();
    }
    if is_too_late(value) {
        return "A step around it has a `timeout`: a call that could not begin in time ends as States.Timeout."
            .to_owned();
    }
    match (next, errors(value).as_slice()) {
        ("Rollback", _) => {
            "`on_error: rollback`: whatever could not be helped by retries leads to the taking back of what was done, and the error is remembered for the receipt.".to_owned()
        }
        (next, ["States.ALL"]) if of_step => format!(
            "`on_error: continue`: any error is remembered, what the step would have set becomes null, and {} comes next.",
            states.name(next)
        ),
        (next, ["States.ALL"]) => format!("Any error leads to {}.", states.name(next)),
        (next, errors) => format!("{} leads to {}.", errors.join(", "), states.name(next)),
    }
}
