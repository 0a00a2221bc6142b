//! What constructs compile to.

use crate::support::{found, right};
use serde_json::{Value, json};

/// A workflow of these steps, with inputs `task_id` and `wanted`.
fn workflow(steps: &str) -> String {
    format!(
        "name: Test\ninputs:\n  task_id: string\n  wanted: {{ type: boolean, default: true }}\nsteps:\n{steps}"
    )
}

#[track_caller]
fn states(text: &str) -> Value {
    right(text).definition.unwrap()["States"].clone()
}

/// The Payload's input of a state.
fn input<'v>(states: &'v Value, state: &str) -> &'v Value {
    &states[state]["Arguments"]["Payload"]["input"]
}

const FETCH: &str = "  - name: fetch
    plugin: task_management
    action: get_task
    inputs: { task_id: \"${task_id}\" }
    outputs: { task: task }
";

fn send(name: &str, message: &str, more: &str) -> String {
    format!(
        "  - name: {name}\n    plugin: communication\n    action: send_message\n    inputs: {{ message: {} }}\n{more}",
        serde_json::to_string(message).unwrap()
    )
}

#[test]
fn a_whole_expression_keeps_its_type_and_text_joins() {
    let steps = FETCH.to_owned()
        + &send("one", "${task.title}", "")
        + &send("two", "It's ${task.title} by ${task.assignee}", "")
        + &send("three", "a $${literal} {% x %}", "")
        + &send("four", "${ $count(task.labels) > 2 ? 'many' : 'few' }", "");
    let states = states(&workflow(&steps));
    assert_eq!(input(&states, "One")["message"], "{% $task.title %}");
    assert_eq!(
        input(&states, "Two")["message"],
        "{% \"It's \" & $task.title & ' by ' & ($task.assignee != null ? $task.assignee : '') %}"
    );
    assert_eq!(input(&states, "Three")["message"], "{% 'a $\\u007bliteral} {\\u0025 x %\\u007d' %}");
    assert_eq!(input(&states, "Four")["message"], "{% $count($task.labels) > 2 ? 'many' : 'few' %}");
}

#[test]
fn long_texts_are_joined_without_a_chain() {
    let message = (0..20).map(|n| format!("{n} ${{task_id}} ")).collect::<String>();
    let states = states(&workflow(&send("one", &message, "")));
    let text = input(&states, "One")["message"].as_str().unwrap();
    assert!(text.starts_with("{% $join(['0 ', $states.context"), "{text}");
    assert!(text.ends_with("], '') %}"));
}

#[test]
fn texts_of_hundreds_of_pieces_nest_no_deeper() {
    let message = (0..150).map(|n| format!("{n}: ${{task_id}}, ")).collect::<String>();
    let states = states(&workflow(&send("one", &message, "")));
    let text = input(&states, "One")["message"].as_str().unwrap();
    assert!(text.starts_with("{% $join([") && !text.contains(" & "), "{text}");
    let expression = text.trim_start_matches("{%").trim_end_matches("%}");
    let bindings = jlens_core::Bindings::new()
        .var("states", json!({"context": {"Execution": {"Input": {"inputs": {"task_id": "A"}}}}}));
    let value =
        jlens_core::Expression::compile(expression).unwrap().evaluate(None, &bindings).unwrap().unwrap();
    assert_eq!(value, message.replace("${task_id}", "A"));

    let definitions: String =
        (1..40).map(|level| format!("  v{level}: \"${{v{}}}.\"\n", level - 1)).collect();
    let deep = workflow(&send("one", "${v39}", "")) + "variables:\n  v0: x\n" + &definitions;
    assert!(found(&deep).contains("definitions name each other more than 32 deep here"), "{}", found(&deep));
}

#[test]
fn defaults_stand_in_the_expression() {
    let states = states(&workflow(&send("one", "x", "    when: \"${wanted}\"\n")));
    assert_eq!(
        states["OneWhen"]["Choices"],
        json!([{
            "Condition": "{% ($states.context.Execution.Input.inputs.wanted != null ? $states.context.Execution.Input.inputs.wanted : true) and true %}",
            "Next": "One"
        }])
    );
    // The first state is no Task, so a Pass checks the inputs.
    assert_eq!(states["CheckInputs"]["Next"], "OneWhen");
    assert_eq!(states["Done"], json!({"Type": "Succeed", "Output": {}}));
}

#[test]
fn neighbours_with_one_condition_share_a_choice() {
    let when = "    when: \"task.priority = 'High'\"\n";
    let steps = FETCH.to_owned()
        + &send("one", "x", &format!("{when}    outputs: {{ message_id: sent.id }}\n"))
        + &send("two", "${sent.id}", when)
        + &send("three", "${sent.id != null ? sent.id : 'nobody'}", "");
    let states = states(&workflow(&steps));
    let names = states.as_object().unwrap().keys().filter(|name| !name.ends_with("AwaitProvider"));
    assert_eq!(names.collect::<Vec<_>>(), ["Fetch", "OneWhen", "One", "Two", "Three"]);
    assert_eq!(states["OneWhen"]["Default"], "Three");
    assert_eq!(states["OneWhen"]["Assign"], json!({"sent": {"id": null}}));
}

#[test]
fn a_choice_is_made_anew_when_what_it_reads_was_set() {
    let when = "    when: \"${flag}\"\n";
    let set = "  - { name: raise, type: set, variables: { flag: true } }\n";
    let lower = "  - { name: lower, type: set, variables: { flag: false }, when: \"${flag}\" }\n";
    let steps = set.to_owned() + &send("one", "x", when) + lower + &send("two", "y", when);
    let states = states(&workflow(&steps));
    assert!(states["OneWhen"].is_object() && states["TwoWhen"].is_object());
    assert!(states["LowerWhen"].is_null());
    assert_eq!(
        states["Raise"],
        json!({"Type": "Pass", "Comment": "test.yaml:6", "Assign": {"flag": "{% true %}"}, "Next": "OneWhen"})
    );
}

#[test]
fn what_a_skipped_step_would_have_set_is_absent_elsewhere() {
    let when = "    when: \"task.priority = 'High'\"\n    outputs: { message_id: sent }\n";
    let steps = FETCH.to_owned() + &send("one", "x", when) + &send("two", "${sent}", "");
    let found = found(&workflow(&steps));
    assert!(
        found.contains("`message` must not be `null`, but this may be: step `one` may be skipped"),
        "{found}"
    );
    // Under the same condition it is there.
    let again = FETCH.to_owned()
        + &send("one", "x", when)
        + &send("pause", "x", "")
        + &send("two", "${sent}", "    when: \"task.priority = 'High'\"\n");
    right(&workflow(&again));
}

#[test]
fn only_what_is_read_is_assigned_and_fields_merge() {
    let pull_request = "  - name: open
    plugin: version_control
    action: create_pull_request
    inputs: { source_branch: b, title: t }
    outputs: { pr_url: pr.url, number: pr.number, branch: pr.branch }
";
    let sent = "    outputs: { message_id: pr.message }\n";
    let steps = pull_request.to_owned()
        + &send("one", "${pr.url}", sent)
        + &send("two", "${pr.message}${pr.number}", "");
    let states = states(&workflow(&steps));
    assert_eq!(
        states["Open"]["Assign"],
        json!({"pr": {"number": "{% $states.result.Payload.number %}", "url": "{% $states.result.Payload.pr_url %}"}})
    );
    assert_eq!(
        states["One"]["Assign"],
        json!({"pr": "{% $merge([$pr, {'message': $states.result.Payload.message_id}]) %}"})
    );
    assert!(states["Two"]["Assign"].is_null());
}

#[test]
fn outputs_stand_in_the_last_state() {
    let steps = FETCH.to_owned() + &send("one", "x", "    outputs: { message_id: sent.id, url: sent.url }\n");
    let text = workflow(&steps)
        + "outputs:\n  id: \"${sent.id}\"\n  sent: \"${sent}\"\n  title: \"${task.title}\"\n";
    let states = states(&text);
    assert_eq!(
        states["One"]["Output"],
        json!({
            "id": "{% $states.result.Payload.message_id %}",
            "sent": "{% {'id': $states.result.Payload.message_id, 'url': $states.result.Payload.url} %}",
            "title": "{% $task.title %}"
        })
    );
    assert_eq!(states["One"]["End"], true);
    assert!(states["Done"].is_null());
}

#[test]
fn a_tolerated_step_tells_how_it_failed() {
    let more = "    on_error: continue\n    outputs: { message_id: sent }\n";
    let steps =
        send("one", "x", more) + &send("two", "${one_error != null ? one_error.error : 'fine'} ${sent}", "");
    let states = states(&workflow(&steps));
    assert_eq!(
        states["One"]["Catch"][1],
        json!({
            "ErrorEquals": ["States.ALL"],
            "Assign": {"one_error": "{% {'error': $states.errorOutput.Error, 'cause': ($states.errorOutput.Cause != null ? $states.errorOutput.Cause : '')} %}", "sent": null},
            "Output": {},
            "Next": "Two"
        })
    );
    assert_eq!(
        states["One"]["Assign"],
        json!({"one_error": null, "sent": "{% $states.result.Payload.message_id %}"})
    );
    assert_eq!(input(&states, "Two")["message"].as_str().unwrap().matches("$one_error").count(), 2);
}

#[test]
fn a_last_step_that_may_fail_ends_in_done() {
    let states = states(&workflow(&send("one", "x", "    on_error: continue\n")));
    assert_eq!(states["One"]["Catch"][1]["Next"], "Done");
    assert_eq!(states["One"]["End"], true);
}

#[test]
fn retry_counts_retries_and_max_attempts_tries() {
    let own = |more: &str| states(&workflow(&send("one", "x", more)))["One"]["Retry"].clone();
    assert_eq!(own("").as_array().unwrap().len(), 2);
    for more in ["    on_error: retry\n    retry_count: 4\n", "    retry: { max_attempts: 5 }\n"] {
        let retry = own(more);
        assert_eq!(retry[1]["MaxAttempts"], 0, "hopeless errors come before the step's own");
        assert_eq!(
            (retry[3]["ErrorEquals"][0].as_str(), retry[3]["MaxAttempts"].as_u64()),
            (Some("States.ALL"), Some(4))
        );
    }
    let long =
        own("    retry: { max_attempts: 2, base_delay: 2s, max_delay: 1m, backoff: 3, jitter: false }\n");
    assert_eq!(
        long[3],
        json!({"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 1, "BackoffRate": 3.0, "MaxDelaySeconds": 60, "JitterStrategy": "NONE"})
    );
}

#[test]
fn a_rollback_calls_only_inverses_that_can_occur() {
    let branch = "  - name: branch
    plugin: version_control
    action: create_branch
    inputs: { branch: b }
    on_error: rollback
    rollback: { action: close_pull_request, inputs: { number: 7, repository: \"${output.branch}\" } }
";
    let states = states(&workflow(branch));
    assert_eq!(states["Branch"]["Catch"][1]["Next"], "Rollback");
    assert_eq!(states["Branch"]["Catch"][1]["Assign"]["rollback_failure"]["step"], "branch");
    assert_eq!(
        states["Branch"]["Arguments"]["Payload"]["inverse"],
        json!({"action": "close_pull_request", "input": {"number": 7, "repository": {"$output": "branch"}}})
    );
    let undo = &states["Undo"]["ItemProcessor"]["States"]["UndoEffect"];
    assert_eq!(
        undo["Arguments"]["FunctionName"],
        "{% $lookup({'close_pull_request': '${ClosePullRequestFunctionArn}', 'create_branch': '${CreateBranchFunctionArn}', 'delete_branch': '${DeleteBranchFunctionArn}'}, $states.input.inverse.action) %}"
    );
    assert_eq!(undo["Arguments"]["Payload"]["key"], "{% $states.input.key & '/undo' %}");
    assert_eq!(states["Undo"]["Next"], "UndoMore");
    assert_eq!(states["UndoMore"]["Default"], "RolledBack");
}

#[test]
fn inputs_are_checked_before_anything_happens() {
    let text = "name: T\ninputs: { task_id: string, count: { type: integer, default: 3 }, how: { type: string, one_of: [fast, slow] } }\nsteps:\n"
        .to_owned() + FETCH;
    let states = states(&text);
    let check = states["Fetch"]["Arguments"]["Payload"]["v"].as_str().unwrap();
    assert_eq!(check.matches("$assert(").count(), 3);
    let expression = check.trim_start_matches("{%").trim_end_matches("%}");
    let compiled = jlens_core::Expression::compile(expression).unwrap();
    let evaluate = |inputs: Value| {
        let bindings = jlens_core::Bindings::new()
            .var("states", json!({"context": {"Execution": {"Input": {"inputs": inputs}}}}));
        compiled.evaluate(None, &bindings)
    };
    assert_eq!(evaluate(json!({"task_id": "A", "how": "fast"})).unwrap(), Some(json!(1)));
    assert_eq!(evaluate(json!({"task_id": "A", "how": "fast", "count": null})).unwrap(), Some(json!(1)));
    for wrong in [
        json!({"how": "fast"}),
        json!({"task_id": 1, "how": "fast"}),
        json!({"task_id": "A", "how": "x"}),
        json!({"task_id": "A", "how": "fast", "count": 1.5}),
    ] {
        assert!(evaluate(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn a_name_of_an_output_stands_for_its_variable() {
    let steps = FETCH.replace("task: task", "task: ticket.data") + &send("one", "${task.title}", "");
    assert_eq!(input(&states(&workflow(&steps)), "One")["message"], "{% $ticket.data.title %}");
}

#[test]
fn definitions_are_replaced_where_they_are_used() {
    let steps = FETCH.to_owned() + &send("one", "${greeting}!", "") + &send("two", "${all.names[0]}", "");
    let text = workflow(&steps)
        + "variables:\n  who: \"${task.assignee}\"\n  greeting: \"Hello ${who}\"\n  all: { names: [\"${who}\", x], n: 2 }\n";
    let states = states(&text);
    assert_eq!(
        input(&states, "One")["message"],
        "{% ('Hello ' & ($task.assignee != null ? $task.assignee : '')) & '!' %}"
    );
    assert!(
        input(&states, "Two")["message"]
            .as_str()
            .unwrap()
            .contains("{'names': [$task.assignee, 'x'], 'n': 2}.names[0]")
    );
}

#[test]
fn an_execution_ends_as_a_fail_step_says() {
    let steps = FETCH.to_owned()
        + "  - { name: stop, type: fail, error: NotReady, cause: \"${task.task_id} is not ready\", when: \"task.status != 'Ready'\" }\n";
    let states = states(&workflow(&steps));
    assert_eq!(
        states["Stop"],
        json!({"Type": "Fail", "Comment": "test.yaml:11", "Error": "NotReady", "Cause": "{% $task.task_id & ' is not ready' %}"})
    );
    assert_eq!(states["StopWhen"]["Default"], "Done");
}

#[test]
fn a_timeout_outlives_the_function() {
    let timeout = |more: &str| states(&workflow(&send("one", "x", more)))["One"]["TimeoutSeconds"].clone();
    assert_eq!(timeout(""), 65);
    assert_eq!(timeout("    timeout: 60s\n"), 65);
    assert_eq!(timeout("    timeout: 5m\n"), 300);
}
