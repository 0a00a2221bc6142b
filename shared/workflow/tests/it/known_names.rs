//! Which names mean something where, and what is said of the others.

use crate::support::found;

/// A workflow that fetches a ticket and sends a message, with these inputs declared.
fn workflow(inputs: &str, message: &str) -> String {
    let message = serde_json::to_string(message).unwrap();
    format!(
        "name: Test
inputs: {inputs}
steps:
  - name: fetch
    plugin: task_management
    action: get_task
    inputs: {{ task_id: SHOP-1 }}
    outputs: {{ task: ticket }}
  - name: send
    plugin: communication
    action: send_message
    inputs: {{ message: {message} }}
"
    )
}

/// Exactly one mistake is found, and it says this.
#[track_caller]
fn refused(text: &str, part: &str) {
    let told = found(text);
    assert!(told.contains(part), "`{part}` is not in {told}");
    assert_eq!(told.lines().filter(|line| line.starts_with("error:")).count(), 1, "{told}");
}

#[test]
fn what_is_declared_wrongly_is_refused_once_and_not_at_each_use() {
    for (inputs, part) in [
        ("{ l: list<string> }", "`list<string>` is not a value of an input's type"),
        ("{ l: [string] }", "an input's type is text, but this is a list"),
        ("{ l: { type: sting, default: x } }", "`sting` is not a value of an input's type"),
        ("{ l: { default: x } }", "an input needs `type:`"),
        ("{ l: { type: any, required: no } }", "`required` is `true` or `false`, but this is text"),
        ("{ l: { type: any, one_of: x } }", "`one_of` is a list, but this is text"),
    ] {
        refused(&workflow(inputs, "There are ${l}, ${$string(l)}"), part);
    }
    let received = workflow("{ l: any }", "${sum.title}").replace("task: ticket", "task: sum");
    refused(&received, "`sum` is the name of a JSONata function");
    let set = "name: Test\nsteps:\n  - { name: s, type: set, variables: { count: 1 } }\noutputs: { n: \"${count}\" }\n";
    refused(set, "`count` is the name of a JSONata function");
}

#[test]
fn a_short_name_is_known_only_where_its_variable_is_set() {
    refused(&workflow("{ l: any }", "${number}"), "known here: ticket, l, task");
    let before = workflow("{ l: any }", "Hello").replace("task_id: SHOP-1", "task_id: \"${number}\"");
    refused(&before, "known here: l\n");
}

#[test]
fn a_wait_for_a_time_is_told_where_its_errors_are_caught() {
    let wait = "name: Test\nsteps:\n  - { name: pause, type: wait, for: 1m, on_error: rollback }\n";
    refused(wait, "a wait for a time has no `on_error`: put it into a `parallel` step that has one");
}

#[test]
fn names_of_other_languages_are_answered_with_ours() {
    for (message, instead) in [
        ("${inputs.l}", "by their own names alone, as in `${task_id}`; known here: ticket, l, task"),
        (
            "${steps.fetch.outputs.task}",
            "under its `outputs:`, and use that name; known here: ticket, l, task",
        ),
    ] {
        refused(&workflow("{ l: any }", message), instead);
    }
}
