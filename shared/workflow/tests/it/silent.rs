//! Nothing is silently something else: what is read otherwise than it looks is refused or warned of, with its place.

use crate::support::{catalog, compiled, found};
use std::collections::BTreeSet;
use workflow::{Environment, Source, compile, render};

/// A workflow that says something; `inputs` and `message` are written as they are.
fn workflow(inputs: &str, message: &str) -> String {
    format!(
        "name: Test\ninputs: {inputs}\nsteps:\n  - {{ name: tell, plugin: communication, action: send_message, inputs: {{ message: {message} }} }}\n"
    )
}

#[test]
fn texts_that_look_like_numbers_are_taken_as_they_are_written() {
    let text = "name: 1.10
description: 3.10
version: 61e9540
inputs: { v: { type: string, description: 2.0, default: x } }
steps:
  - { name: tell, description: 0017, plugin: communication, action: send_message, inputs: { message: \"${v}\" } }
";
    let compilation = compiled(&Source::new("workflows/number.yaml", text));
    assert!(!compilation.has_errors(), "{:?}", compilation.diagnostics);
    assert_eq!(compilation.route.title, "1.10");
    assert_eq!(compilation.route.inputs["v"].description.as_deref(), Some("2.0"));
    let definition = compilation.definition.unwrap();
    assert_eq!(definition["Comment"], "3.10");
    assert_eq!(definition["States"]["Tell"]["Comment"], "0017 (number.yaml:6)");
}

#[test]
fn values_that_would_become_something_else_are_refused() {
    for (inputs, message, told) in [
        (
            "{ p: { type: string, one_of: [a, 3.10] } }",
            "x",
            "a value of `one_of` is a number, but the input is of type string",
        ),
        (
            "{ p: { type: integer, one_of: [1, two] } }",
            "x",
            "a value of `one_of` is text, but the input is of type integer",
        ),
        ("{ p: { type: string, one_of: [] } }", "x", "`one_of` needs at least one value"),
        ("{ p: { type: any, default: { sha: 61e9540 } } }", "x", "`61e9540` is a number too large"),
        ("{ p: { type: number, default: .nan } }", "x", "`.nan` is a number that JSON does not have"),
        ("{ p: { type: any, default: 9223372036854775808 } }", "x", "`9223372036854775808` has more digits"),
        ("{ p: { type: any, default: 007 } }", "x", "`007` starts with a zero"),
        ("{ p: any }", "-.inf", "`-.inf` is a number that JSON does not have"),
        ("{ p: any }", "!env x", "the tag `!env` means nothing here"),
        ("{ p: any }", "{ <<: x }", "`<<` does not merge mappings here"),
        ("{ p: any }", "{ p }", "write `\"${p}\"` in quotes"),
    ] {
        let shown = found(&workflow(inputs, message));
        assert!(shown.contains(told), "{inputs} {message}: {shown}");
        assert_eq!(shown.matches("error:").count(), 1, "{shown}");
    }
}

#[test]
fn names_in_braces_without_a_dollar_sign_are_warned_of() {
    for (message, warned) in [
        ("'run {p}'", true),
        ("'run {{ p }}'", true),
        ("'run {q}'", false),
        ("'run $${p}'", false),
        ("'run ${p}'", false),
        ("'{\"p\": 1}'", false),
    ] {
        let shown = found(&workflow("{ p: { type: string, default: x } }", message));
        assert_eq!(shown.contains("warning: `{p}` is plain text here"), warned, "{message}: {shown}");
        assert!(!shown.contains("error"), "{message}: {shown}");
    }
}

/// What other languages write is told once, with JSONata's own way.
#[test]
fn foreign_operators_and_braces_are_told_once_with_a_hint() {
    for (expression, hint) in [
        ("${p == 'x'}", "JSONata writes `=` for `==`"),
        ("${p = 'x' && true}", "JSONata writes `and` for `&&`"),
        ("${{ p }}", "one pair of braces is enough: `${p}`"),
    ] {
        let message = workflow("{ p: string }", &format!("\"{expression}\""));
        let when = message.replace("name: tell,", &format!("name: tell, when: \"{expression}\","));
        let when = when.replace(&format!("message: \"{expression}\""), "message: x");
        for text in [message, when] {
            let shown = found(&text);
            assert!(shown.contains(hint), "{text}: {shown}");
            assert_eq!(shown.matches("error:").count(), 1, "{text}: {shown}");
            assert_eq!(shown.matches("warning:").count(), 0, "{text}: {shown}");
        }
    }
}

#[test]
fn approvers_whom_the_configuration_does_not_know_are_refused_beside_one() {
    let text = "name: Test\nsteps:\n  - { name: ask, type: approval, question: Go?, approvers: [leads, aba, \"${who}\"] }\n";
    let source = Source::new("workflows/test.yaml", text);
    let known = ["ada", "leads"].map(str::to_owned);
    let environment = Environment { approvers: Some(BTreeSet::from(known)), ..Environment::default() };
    let told = render(&compile(&source, &catalog(), &environment).diagnostics, &source, false);
    assert!(told.contains("`aba` is neither a person nor a group of the configuration"), "{told}");
    assert!(told.contains("did you mean `ada`?"), "{told}");
    assert_eq!(told.matches("error:").count(), 1, "{told}");
    assert!(!found(text).contains("error:"));
}

#[test]
fn a_trigger_that_would_never_fire_is_refused() {
    let told = |trigger: &str| {
        found(&format!(
            "name: A\ntriggers: [{{ {trigger} }}]\nsteps:\n  - {{ name: note, type: set, variables: {{ a: 1 }} }}\n"
        ))
    };
    for (trigger, expected) in [
        ("jira.labelled: { label: \"\" }", "`label` is empty"),
        ("jira.transitioned: { to: \" \" }", "`to` is empty"),
        ("jira.labelled: { label: \"${x}\" }", "`label` is compared as it is written"),
        ("checks.completed: { conclusion: failed }", "did you mean `failure`?"),
        ("pull_request.closed: { merged: maybe }", "`maybe` is not a value of `merged`"),
        ("pull_request.closed: { merged: true }", "put it in quotes"),
        ("chat.command: { text: \"go {task\" }", "`{task` captures nothing"),
        ("chat.command: { text: \"{a}{b}\" }", "`{a}{b}` captures nothing"),
        ("chat.command: { text: \"go {} x\" }", "`{}` captures nothing"),
        ("chat.command: { text: \"go {a} {a}\" }", "`{a}` captures two words"),
        ("schedule: { cron: \"0 6 31 2 ? *\" }", "that day does not exist"),
        ("schedule: { cron: \"0 25 ? * * *\" }", "`25` is not accepted as the hours: 0 to 23"),
    ] {
        let told = told(trigger);
        assert!(told.contains(expected), "{trigger}: {told}");
    }
    for trigger in [
        "checks.completed: { conclusion: Failure, head: all }",
        "chat.command: { text: \"go {count} {rest}\" }",
        "pull_request.closed: { merged: \"true\" }",
        "schedule: { cron: \"0 6 29 2 ? *\" }",
    ] {
        let told = told(&trigger.replace("all", "fork"));
        assert!(!told.contains("error"), "{trigger}: {told}");
    }
}
