//! The sentences that say why a state and each of its fields exist.

use crate::states::{States, is_too_late, parks, resource, successors};
use domain::ErrorKind;
use serde_json::Value;
use workflow::{AgentStates, StepSummary};

/// Why a state that the compiler added belongs to the step that became `own`; `None` if it does not.
pub(super) fn of_helper(name: &str, state: &Value, step: &StepSummary, scope: &Value) -> Option<String> {
    let own_name = step.state.as_str();
    if let Some(why) = step.agent.as_ref().and_then(|agent| of_agent(name, &agent.states)) {
        return Some(why.to_owned());
    }
    if let Some(why) = of_limit(name, own_name) {
        return Some(why.to_owned());
    }
    // An agent's work is several states, each with its own.
    let owners = || step.agent.iter().flat_map(|agent| agent.states.all()).chain([own_name]);
    let catchers = || owners().filter_map(|owner| scope["States"][owner]["Catch"].as_array()).flatten();
    let caught_to = |wanted: Option<ErrorKind>| {
        catchers().any(|catcher| parks(catcher) == wanted && catcher["Next"] == name)
    };
    if caught_to(Some(ErrorKind::BudgetExceeded)) {
        return Some(
            "It waits, at no cost, until somebody raises the limit that stopped the step; then the step runs again."
                .to_owned(),
        );
    }
    if caught_to(Some(ErrorKind::Throttled)) {
        return Some(
            "It waits, at no cost, until the provider that postponed the step accepts calls again; then the step runs again."
                .to_owned(),
        );
    }
    if caught_to(Some(ErrorKind::Unconfirmed)) {
        return Some(
            "It asks people whether the step may act again, because the response to its request was lost and it is not known what happened."
                .to_owned(),
        );
    }
    if caught_to(Some(ErrorKind::AtCapacity)) {
        return Some(
            "It waits in line, at no cost, until reviewers have room for another pull request; then the step runs again."
                .to_owned(),
        );
    }
    if caught_to(None) && state["Type"] != "Succeed" {
        return Some("An error in the step leads here.".to_owned());
    }
    let leads_to_it = successors(state).any(|next| next == own_name);
    if state["Type"] == "Choice" && leads_to_it && name.starts_with(own_name) {
        return Some("It evaluates the step's `when`.".to_owned());
    }
    name.starts_with(own_name).then(|| "The compiler needs it for the step.".to_owned())
}

/// Why a state of an agent's work exists.
fn of_agent(name: &str, states: &AgentStates) -> Option<&'static str> {
    let reasons = [
        (&states.think, "It asks the model for the agent's next turn."),
        (
            &states.run_tools,
            "It runs the tools that the turn called, on the session's copy of the repository.",
        ),
        (&states.next, "It decides what comes next: another turn, people, files, or the end."),
        (&states.ask, "It asks people the agent's question, and waits at no cost."),
        (&states.answer, "It gives the agent their answer; a no is an answer, too."),
        (
            &states.load,
            "It fetches files that the agent asked for and that were not loaded when the session was opened.",
        ),
        (&states.check, "It runs the project's own checks on the session's copy of the repository."),
        (
            &states.unknown,
            "It ends with an error if the session needs something that this definition does not support.",
        ),
    ];
    reasons.into_iter().find(|(state, _)| *state == name).map(|(_, why)| why)
}

/// Why a state exists that a `timeout` of the step or of an enclosing step requires.
fn of_limit(name: &str, own_name: &str) -> Option<&'static str> {
    match name.strip_prefix(own_name)?.trim_end_matches('_') {
        "Deadline" => Some(
            "It records when the step's `timeout` ends: Step Functions can limit the duration of calls, but not of the steps that contain them.",
        ),
        "InTime" => Some("It checks the time: an enclosing step has a `timeout`."),
        "TimedOut" | "ScopeTimedOut" => {
            Some("What would begin after a `timeout` has passed ends here with States.Timeout.")
        }
        _ => None,
    }
}

/// Why a field exists.
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
            Some(next) => format!("If the condition holds, {} comes next.", states.name(next)),
            None => "A way out of this state.".to_owned(),
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
        "Comment" => "The step's description and its place in the file, for readers of the console.".to_owned(),
        "Resource" => resource_reason(resource(state)).to_owned(),
        "Arguments.FunctionName" => {
            "The action's function; deployment replaces the placeholder with its ARN.".to_owned()
        }
        "Arguments.StateMachineArn" => {
            "The other workflow's state machine; deployment replaces the placeholder with its ARN.".to_owned()
        }
        "TimeoutSeconds" => timeout(state).to_owned(),
        "HeartbeatSeconds" => "The state fails if no heartbeat arrives for this long.".to_owned(),
        "Assign" => {
            "The variables that later states read; fields that nothing reads are not kept. Expressions see the values from before the state."
                .to_owned()
        }
        "Output" if value.as_object().is_some_and(serde_json::Map::is_empty) => {
            "Its result is in variables, so the next state gets no input.".to_owned()
        }
        "Output" if state["End"] == true => "The result of the execution, branch or iteration.".to_owned(),
        "Output" => "The input of the next state.".to_owned(),
        "Next" => format!("After success, {} comes next.", to(value)),
        "End" => "The execution, branch or iteration ends here.".to_owned(),
        "Default" => format!("If no condition holds, {} comes next.", to(value)),
        "Error" => "The name of the error that the execution ends with.".to_owned(),
        "Cause" => "The reason, for people to read.".to_owned(),
        "Branches" => "The steps of each branch; all must finish. Use `explain` with a step's name for each of them.".to_owned(),
        "Items" => "The list to go through; a single value becomes a list of one.".to_owned(),
        "ItemSelector" => "The input of each iteration: the item and its position, which is part of its steps' keys.".to_owned(),
        "ItemProcessor" => "The steps for each item. Use `explain` with a step's name for each of them.".to_owned(),
        "MaxConcurrency" => "The largest number of iterations at the same time.".to_owned(),
        "Seconds" | "Timestamp" => "How long it waits; waiting costs nothing.".to_owned(),
        "QueryLanguage" => "Expressions are JSONata.".to_owned(),
        _ => "A field of the States Language: https://states-language.net/.".to_owned(),
    }
}

fn kind(kind: &str, state: &Value) -> &'static str {
    match (kind, resource(state)) {
        ("Task", resource) if resource.contains("states:startExecution") => "It runs another workflow.",
        ("Task", _) => "It calls one function.",
        ("Choice", _) => "It decides which state comes next.",
        ("Pass", _) => "It only sets values.",
        ("Parallel", _) => "It runs branches at the same time.",
        ("Map", _) => "It runs the same steps for every item of a list.",
        ("Wait", _) => "It waits for a period.",
        ("Succeed", _) => "It ends with success.",
        ("Fail", _) => "It ends with an error.",
        _ => "A state of the States Language.",
    }
}

fn resource_reason(resource: &str) -> &'static str {
    if resource.ends_with("waitForTaskToken") {
        "It calls the function and then waits, at no cost, until the task token is answered."
    } else if resource.ends_with("sync:2") {
        "It starts the other workflow and waits for its end; its output arrives as JSON."
    } else {
        "Step Functions calls the Lambda function directly, with no code of ours in between."
    }
}

fn timeout(state: &Value) -> &'static str {
    if state["TimeoutSeconds"].is_string() {
        "Its own limit or the time left to an enclosing step, whichever is shorter; if no time is left, it does not begin."
    } else if resource(state).ends_with("waitForTaskToken") {
        "If no answer arrives in this time, the state fails with States.Timeout."
    } else if resource(state).contains("lambda") {
        "The step's `timeout`, or the function's timeout plus five seconds, so that the function's own error arrives first."
    } else {
        "A longer call fails with States.Timeout."
    }
}

fn payload(field: &str) -> &'static str {
    match field {
        "v" => "The version of the payload: parked executions outlive deployments.",
        "run" => "The outermost execution; effects are recorded in the journal under it.",
        "key" => {
            "The idempotency key: run, state and the indexes of enclosing loops. A repeated call with the same key changes nothing twice."
        }
        "project" => "The project, whose configuration and providers apply.",
        "actor" => "The person who started the execution; their limits and rights apply.",
        "input" => "The action's input, from the step's `inputs`.",
        "inputs" => "The other workflow's inputs.",
        "parent" => "The parent execution and the place in it, so that a restarted child repeats nothing.",
        "event" => "The event that started the execution.",
        "task_token" => "Anyone with this token can resume the execution.",
        "required" => "The step says `required: true`: it is an error if the project lacks the plugin.",
        "inverse" => "The step's own `rollback`, stored with the effect in place of the action's inverse.",
        _ => "A field of the function's payload.",
    }
}

fn errors(of: &Value) -> Vec<&str> {
    of["ErrorEquals"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn retry(value: &Value, first: bool) -> String {
    let errors = errors(value);
    let attempts = value["MaxAttempts"].as_u64().unwrap_or(3);
    if attempts == 0 {
        return format!("{} does not resolve itself, so it is never retried.", errors.join(", "));
    }
    let passing = first && errors.contains(&ErrorKind::Unavailable.as_str());
    let delays = match (value["IntervalSeconds"].as_u64(), value["MaxDelaySeconds"].as_u64()) {
        (Some(first), Some(longest)) => {
            format!(", first after {first} s, then with delays of up to {longest} s")
        }
        (Some(first), None) => format!(", first after {first} s"),
        _ => String::new(),
    };
    let spread = if value["JitterStrategy"] == "FULL" {
        ", with random jitter so that retries do not arrive together"
    } else {
        ""
    };
    match (passing, errors.as_slice()) {
        (_, [lost, ..]) if *lost == ErrorKind::ReplyLost.as_str() => format!(
            "Every AI step has it: a model call that may have been billed is repeated up to {attempts} times{delays}{spread}."
        ),
        (_, ["Throttled"]) => {
            format!("A provider limits requests: the step is retried up to {attempts} times{delays}{spread}.")
        }
        (true, _) => format!(
            "Every action has it: temporary errors of providers and of Lambda are retried up to {attempts} times{delays}{spread}."
        ),
        (false, ["States.ALL"]) => {
            format!("The step's own `retry`: any error is retried up to {attempts} times{delays}{spread}.")
        }
        (false, _) => format!("These errors are retried up to {attempts} times{delays}{spread}."),
    }
}

fn catcher(value: &Value, of_step: bool, states: States<'_>) -> String {
    let next = value["Next"].as_str().unwrap_or_default();
    match parks(value) {
        Some(ErrorKind::BudgetExceeded) => {
            return "Every AI step has it: a spent limit parks the execution instead of ending it."
                .to_owned();
        }
        Some(ErrorKind::Unconfirmed) => {
            return "Every step that creates something has it: a creation whose response was lost parks the execution until people say what happened."
                .to_owned();
        }
        Some(ErrorKind::AtCapacity) => {
            return "It waits in line while the reviewers have as many pull requests as the project's `capacity` allows."
                .to_owned();
        }
        Some(_) => {
            return "Every step that calls a provider has it: a provider that accepts no calls for now parks the execution instead of ending it."
                .to_owned();
        }
        None => {}
    }
    if is_too_late(value) {
        return "An enclosing step has a `timeout`: a call that cannot begin in time ends with States.Timeout."
            .to_owned();
    }
    match (next, errors(value).as_slice()) {
        ("Rollback", _) => {
            "`on_error: rollback`: an error that retries could not resolve leads to the rollback, and the error is kept for the receipt.".to_owned()
        }
        (next, ["States.ALL"]) if of_step => format!(
            "`on_error: continue`: any error is kept, the step's variables become null, and {} comes next.",
            states.name(next)
        ),
        (next, ["States.ALL"]) => format!("Any error leads to {}.", states.name(next)),
        (next, errors) => format!("{} leads to {}.", errors.join(", "), states.name(next)),
    }
}
