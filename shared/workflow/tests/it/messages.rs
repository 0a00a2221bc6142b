//! Every class of mistake in steps that hold or wait for others, as people read it: the snapshots show the whole text.

use crate::support::found;

pub(crate) const HEAD: &str =
    "name: Test\ninputs: { how: string, list: array, maybe: { type: number, required: false } }\nsteps:\n";

/// What is found in workflows of these steps, each under its heading.
fn told(cases: &[(&str, &str)]) -> String {
    cases
        .iter()
        .map(|(heading, steps)| format!("# {heading}\n{}\n", found(&format!("{HEAD}{steps}"))))
        .collect()
}

macro_rules! shows {
    ($name:literal, $told:expr) => {
        insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(concat!("told-of-", $name), $told);
        });
    };
}
pub(crate) use shows;

#[test]
fn of_steps_that_are_not_well_formed() {
    shows!(
        "form",
        told(&[
            ("an unknown key", "  - { name: a, type: parallel, branchs: {} }\n"),
            ("no branch", "  - { name: a, type: parallel, branches: {} }\n"),
            ("an empty branch", "  - { name: a, type: parallel, branches: { one: [] } }\n"),
            ("no steps", "  - { name: a, type: foreach, items: \"${list}\", as: x, steps: [] }\n"),
            (
                "too much at once",
                "  - { name: a, type: foreach, items: \"${list}\", as: x, max_concurrency: 41, steps: [{ name: b, type: wait, for: 1 }] }\n"
            ),
            (
                "an item's name",
                "  - { name: a, type: foreach, items: \"${list}\", as: at, steps: [{ name: b, type: wait, for: 1 }] }\n"
            ),
            (
                "no bound",
                "  - { name: a, type: loop, until: \"${how = 'x'}\", steps: [{ name: b, type: wait, for: 1 }] }\n"
            ),
            (
                "a bound of nothing",
                "  - { name: a, type: loop, until: \"${how = 'x'}\", max_iterations: 0, steps: [{ name: b, type: wait, for: 1 }] }\n"
            ),
            ("no case", "  - { name: a, type: switch, cases: [] }\n"),
            (
                "a case without condition",
                "  - { name: a, type: switch, cases: [{ steps: [{ name: b, type: wait, for: 1 }] }] }\n"
            ),
            ("no question", "  - { name: a, type: approval, approvers: [x] }\n"),
            (
                "a policy that is none",
                "  - { name: a, type: approval, question: x, approvers: [x], on_timeout: ignore }\n"
            ),
            ("two ways to wait", "  - { name: a, type: wait, for: 1m, until: \"${how}\" }\n"),
            ("a time that is none", "  - { name: a, type: wait, until: tomorrow }\n"),
            ("a key of another wait", "  - { name: a, type: wait, for: 1m, timeout: 2m }\n"),
            (
                "an event that is none",
                "  - { name: a, type: wait, event: github.check_completed, match: { sha: a } }\n"
            ),
            (
                "an event that nothing waits for",
                "  - { name: a, type: wait, event: slack.command, match: { text: a } }\n"
            ),
            (
                "a match that is not enough",
                "  - { name: a, type: wait, event: github.checks_completed, match: { sha: a, conclusion: b }, timeout: 1h }\n"
            ),
            ("a policy of a pause", "  - { name: a, type: wait, for: 1m, on_error: continue }\n"),
            ("a policy of an end", "  - { name: a, type: fail, error: E, cause: c, on_error: retry }\n"),
            ("an error of somebody else", "  - { name: a, type: fail, error: States.Timeout, cause: c }\n"),
            (
                "an undo among branches",
                "  - { name: a, type: parallel, branches: { one: [{ name: b, type: undo, run: \"${how}\" }] } }\n"
            ),
        ])
    );
}

#[test]
fn of_scopes() {
    shows!(
        "scopes",
        told(&[
            (
                "two branches that set one name",
                "  - name: both
    type: parallel
    branches:
      one: [{ name: a, type: set, variables: { x: 1 } }]
      two: [{ name: b, type: set, variables: { x.y: 2 } }]
"
            ),
            (
                "an iteration that sets what the outer scope sets",
                "  - { name: start, type: set, variables: { total: 0 } }
  - { name: each, type: foreach, items: \"${list}\", as: i, steps: [{ name: add, type: set, variables: { total: \"${total + 1}\" } }] }
"
            ),
            (
                "a branch that sets what a later step sets",
                "  - { name: both, type: parallel, branches: { one: [{ name: a, type: set, variables: { x: 1 } }] } }
  - { name: later, type: set, variables: { x: 2 } }
"
            ),
            (
                "a tolerated loop that sets what the outer scope sets",
                "  - { name: start, type: set, variables: { total: 0 } }
  - { name: again, type: loop, on_error: continue, max_iterations: 2, until: \"${total > 1}\", steps: [{ name: add, type: set, variables: { total: \"${total + 1}\" } }] }
"
            ),
            (
                "what a sibling sets",
                "  - name: both
    type: parallel
    branches:
      one: [{ name: a, type: set, variables: { x: 1 } }]
      two: [{ name: b, type: set, variables: { y: \"${x}\" } }]
"
            ),
            (
                "what an iteration set",
                "  - { name: each, type: foreach, items: \"${list}\", as: i, steps: [{ name: a, type: set, variables: { x: 1 } }] }
  - { name: b, type: set, variables: { y: \"${x}\" } }
"
            ),
            (
                "an item outside",
                "  - { name: each, type: foreach, items: \"${list}\", as: word, steps: [{ name: a, type: set, variables: { x: 1 } }] }
  - { name: b, type: set, variables: { y: \"${word}\" } }
"
            ),
            (
                "an item that shadows",
                "  - name: outer
    type: foreach
    items: \"${list}\"
    as: word
    max_items: 10
    steps: [{ name: inner, type: foreach, items: \"${list}\", as: word, max_items: 10, steps: [{ name: a, type: wait, for: 1 }] }]
"
            ),
            (
                "an item that is an input as well",
                "  - { name: each, type: foreach, items: \"${list}\", as: how, steps: [{ name: a, type: wait, for: 1 }] }\n"
            ),
        ])
    );
}

#[test]
fn of_what_is_not_there_on_every_way() {
    let send = |message: &str| {
        format!(
            "  - {{ name: tell, plugin: communication, action: send_message, inputs: {{ message: \"{message}\" }} }}\n"
        )
    };
    let got = "{ name: got, plugin: communication, action: send_message, inputs: { message: a }, outputs: { message_id: id } }";
    shows!(
        "absence",
        told(&[
            (
                "what one case alone sets",
                &(format!(
                    "  - {{ name: which, type: switch, cases: [{{ when: \"${{how = 'a'}}\", steps: [{got}] }}] }}\n"
                ) + &send("${id}"))
            ),
            (
                "what a later round sets",
                &format!(
                    "  - {{ name: again, type: loop, max_iterations: 2, until: \"${{id = 'x'}}\", steps: [{{ name: first, plugin: communication, action: send_message, inputs: {{ message: \"${{id}}\" }} }}, {got}] }}\n"
                )
            ),
            (
                "what a tolerated branch sets",
                &(format!("  - {{ name: both, type: parallel, on_error: continue, branches: {{ one: [{got}] }} }}\n")
                    + &send("${id}"))
            ),
            (
                "what a skipped step of a branch sets",
                &(format!(
                    "  - {{ name: both, type: parallel, branches: {{ one: [{}] }} }}\n",
                    got.replace("action:", "when: \"${how = 'a'}\", action:")
                ) + &send("${id}"))
            ),
            (
                "what any round may have set to null",
                "  - { name: start, type: set, variables: { n: 1 } }
  - { name: again, type: loop, max_iterations: 2, until: \"${n > 3}\", steps: [{ name: next, type: set, variables: { n: \"${maybe}\" } }] }
"
            ),
        ])
    );
}

#[test]
fn of_types_through_steps() {
    let fetch = "  - { name: fetch, plugin: task_management, action: get_project_tasks, outputs: { tasks: tasks } }\n";
    let each = |steps: &str, more: &str| {
        format!(
            "{fetch}  - {{ name: each, type: foreach, items: \"${{tasks}}\", as: item, steps: [{steps}]{more} }}\n"
        )
    };
    let pause = "{ name: pause, type: wait, for: 1 }";
    shows!(
        "types",
        told(&[
            ("a field of an item", &each("{ name: a, type: set, variables: { x: \"${item.titel}\" } }", "")),
            (
                "a field of an item that a filter picks",
                &each("{ name: a, type: set, variables: { x: \"${item.titel}\" } }", "")
                    .replace("${tasks}", "${tasks[status = 'Open']}")
            ),
            (
                "a field of a result",
                &(each(pause, ", result: { id: \"${item.task_id}\" }, outputs: { results: done }")
                    + "  - { name: b, type: foreach, items: \"${done}\", as: one, steps: [{ name: c, type: set, variables: { x: \"${one.idd}\" } }] }\n")
            ),
            ("an output that is none", &each(pause, ", outputs: { result: done }")),
            (
                "items that are no list",
                "  - { name: a, type: foreach, items: \"${how}\", as: x, steps: [{ name: b, type: wait, for: 1 }] }\n"
            ),
            (
                "a field of an answer",
                "  - { name: a, type: approval, question: x, approvers: [y], outputs: { who: who } }\n"
            ),
            (
                "approvers that are no list",
                "  - { name: a, type: approval, question: x, approvers: \"${how}\" }\n"
            ),
            (
                "a field of an event",
                "  - { name: a, type: wait, event: github.checks_completed, match: { repository: a, sha: b }, timeout: 1h, outputs: { result: r } }\n"
            ),
            ("seconds that are text", "  - { name: a, type: wait, for: \"${how}\" }\n"),
            (
                "an output of a loop",
                "  - { name: a, type: loop, max_iterations: 2, until: \"${how = 'x'}\", steps: [{ name: b, type: wait, for: 1 }], outputs: { round: r } }\n"
            ),
        ])
    );
}

#[test]
fn of_steps_that_never_run() {
    let stop = |name: &str| format!("{{ name: {name}, type: fail, error: E, cause: c }}");
    let after = "  - { name: after, type: wait, for: 1 }\n";
    shows!(
        "ends",
        told(&[
            (
                "behind a switch all of whose cases fail",
                &format!(
                    "  - {{ name: which, type: switch, cases: [{{ when: \"${{how = 'a'}}\", steps: [{}] }}], default: [{}] }}\n{after}",
                    stop("one"),
                    stop("two")
                )
            ),
            (
                "behind a branch that fails",
                &format!(
                    "  - {{ name: both, type: parallel, branches: {{ one: [{}] }} }}\n{after}",
                    stop("one")
                )
            ),
            (
                "behind an end under the same condition",
                "  - { name: stop, type: fail, error: E, cause: c, when: \"${how = 'a'}\" }
  - { name: after, type: wait, for: 1, when: \"${how = 'a'}\" }
"
            ),
            (
                "a condition behind a body that fails",
                &format!(
                    "  - {{ name: again, type: loop, max_iterations: 2, until: \"${{how = 'x'}}\", steps: [{}] }}\n",
                    stop("one")
                )
            ),
            (
                "one name for two steps",
                "  - { name: both, type: parallel, branches: { one: [{ name: a, type: wait, for: 1 }], two: [{ name: a, type: wait, for: 1 }] } }\n"
            ),
        ])
    );
}

#[test]
fn of_histories_that_grow_too_long() {
    let send = "{ name: b, plugin: communication, action: send_message, inputs: { message: x } }";
    shows!(
        "history",
        told(&[
            (
                "a loop",
                &format!(
                    "  - {{ name: a, type: loop, max_iterations: 5000, until: \"${{how = 'x'}}\", steps: [{send}] }}\n"
                )
            ),
            (
                "a foreach in a foreach",
                &format!(
                    "  - name: outer
    type: foreach
    items: \"${{list}}\"
    as: x
    steps: [{{ name: inner, type: foreach, items: \"${{list}}\", as: y, steps: [{send}] }}]
"
                )
            ),
        ])
    );
}

#[test]
fn of_what_is_probably_not_meant() {
    let token = format!("ghp_{}", "a1B2".repeat(9));
    shows!(
        "warnings",
        told(&[
            (
                "a secret",
                &format!("  - {{ name: a, plugin: communication, action: send_message, inputs: {{ message: \"{token}\" }} }}\n")
            ),
            ("no approvers", "  - { name: a, type: approval, question: x }\n"),
            ("no timeout", "  - { name: a, type: wait, event: github.checks_completed, match: { repository: a, sha: b } }\n"),
            ("always", "  - { name: a, type: wait, for: 1, when: \"${1 = 1}\" }\n"),
            ("never", "  - { name: a, type: loop, max_iterations: 2, until: \"${false}\", steps: [{ name: b, type: wait, for: 1 }] }\n"),
            (
                "limits that a limit around them makes pointless",
                "  - name: a
    type: parallel
    timeout: 1h
    branches:
      one:
        - { name: b, type: wait, for: 90m }
        - { name: c, type: wait, event: github.checks_completed, match: { repository: a, sha: b } }
        - name: d
          type: loop
          timeout: 2h
          max_iterations: 2
          until: \"${how = 'x'}\"
          steps: [{ name: e, type: approval, question: x, approvers: [x], timeout: 1d }]
"
            ),
            ("text for a condition", "  - { name: a, type: switch, cases: [{ when: \"${how}\", steps: [{ name: b, type: wait, for: 1 }] }] }\n"),
        ])
        .replace(&token, "<a token>")
        .replace(&"^".repeat(token.len() + 2), "^^^")
    );
}

#[test]
fn of_every_mistake_in_retry() {
    let told = found(&format!(
        "{HEAD}  - {{ name: a, plugin: task_management, action: get_task, inputs: {{ task_id: A-1 }}, on_error: retry, \
         retry: {{ max_attempts: 0, base_delay: 0s, max_delay: soon, backoff: 0, jitter: 5 }} }}\n"
    ));
    for name in ["max_attempts", "base_delay", "max_delay", "backoff", "jitter"] {
        assert!(told.contains(&format!("`{name}`")), "{name}: {told}");
    }
}
