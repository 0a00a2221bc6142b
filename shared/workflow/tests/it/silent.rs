//! Nothing is silently something else: what is read otherwise than it looks is refused or warned of, with its place.
//!
//! The many ways to be misread make the file longer than others.

use crate::support::{catalog, compiled, found};
use std::collections::{BTreeMap, BTreeSet};
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
        ("{ p: { type: string, default: null } }", "x", "the default is nothing"),
        ("{ p: { type: any, default: } }", "x", "the default is nothing"),
        ("{ p: { type: string, one_of: [] } }", "x", "`one_of` needs at least one value"),
        ("{ p: { type: any, default: { sha: 61e9540 } } }", "x", "`61e9540` is a number too large"),
        ("{ p: { type: number, default: .nan } }", "x", "`.nan` is a number that JSON does not have"),
        ("{ p: { type: any, default: 9223372036854775808 } }", "x", "`9223372036854775808` has more digits"),
        ("{ p: { type: any, default: 1234567890123456789 } }", "x", "`1234567890123456789` has more digits"),
        (
            "{ p: { type: number, default: 0.12345678901234567890 } }",
            "x",
            "`0.12345678901234567890` has more",
        ),
        ("{ p: any }", "\"${p = 1234567890123456789}\"", "`1234567890123456789` has more digits"),
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

/// A default is not an expression.
#[test]
fn expressions_in_defaults_are_warned_of() {
    for default in ["\"${now}\"", "[a, { b: \"on ${now}\" }]"] {
        let shown = found(&workflow(&format!("{{ p: {{ type: any, default: {default} }} }}"), "x"));
        assert!(shown.contains("warning: the default is taken as it is written"), "{default}: {shown}");
        assert!(!shown.contains("error"), "{default}: {shown}");
    }
    assert_eq!(found(&workflow("{ p: { type: any, required: false, default: null } }", "x")), "");
}

#[test]
fn names_in_braces_without_a_dollar_sign_are_warned_of() {
    for (message, warned) in [
        ("'run {p}'", true),
        ("'run {{ p }}'", true),
        ("'run {p.title}'", true),
        ("'run {q}'", false),
        ("'run {q.p}'", false),
        ("'run $${p}'", false),
        ("'run ${p}'", false),
        ("'{\"p\": 1}'", false),
    ] {
        let shown = found(&workflow("{ p: { type: string, default: x } }", message));
        let told = shown.contains("` is plain text here") && shown.contains("warning: `{p");
        assert_eq!(told, warned, "{message}: {shown}");
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

/// A person, and a group of her and another one.
fn approvers() -> BTreeMap<String, BTreeSet<String>> {
    let known = [("ada", vec!["ada"]), ("leads", vec!["ada", "bob"])];
    let known =
        known.map(|(name, people)| (name.to_owned(), people.into_iter().map(str::to_owned).collect()));
    BTreeMap::from(known)
}

#[test]
fn a_question_that_needs_more_people_than_it_names_is_warned_of() {
    let environment = Environment { approvers: Some(approvers()), ..Environment::default() };
    let told = |ask: &str| {
        let text = format!("name: Test\nsteps:\n  - {{ name: ask, type: approval, question: Go?, {ask} }}\n");
        let source = Source::new("workflows/test.yaml", text);
        render(&compile(&source, &catalog(), &environment).diagnostics, &source, false)
    };
    let warning = "warning: `count` is 3, but `approvers` names fewer people: 2";
    // Who is named alone and in a group is one person.
    assert!(told("approvers: [leads, ada], count: 3").contains(warning));
    for ask in
        ["approvers: [leads], count: 2", "approvers: [leads, \"${who}\"], count: 3", "approvers: [ada]"]
    {
        assert!(!told(ask).contains("fewer people"), "{ask}");
    }
}

#[test]
fn approvers_whom_the_configuration_does_not_know_are_refused_beside_one() {
    let text = "name: Test\nsteps:\n  - { name: ask, type: approval, question: Go?, approvers: [leads, aba, \"${who}\"] }\n";
    let source = Source::new("workflows/test.yaml", text);
    let environment = Environment { approvers: Some(approvers()), ..Environment::default() };
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
        (
            "schedule: { cron: \"0 6 ? * * *\", with: { a: { b: [\"${now}\"] } } }",
            "`with` is taken as it is written, and cannot hold an expression",
        ),
        // People steer with these, which are carried out instead.
        (
            "chat.command: { text: \"stop {words}\" }",
            "`stop` is already a command: it stops the work on it, so",
        ),
        ("chat.command: { text: \"/ts approve\" }", "`approve` is already a command"),
        ("ticket.commented: { command: Stop }", "`stop` is already a command"),
        ("pull_request.commented: { command: \"@ticketsmith undo\" }", "`undo` is already a command"),
        ("github.commented: { command: status }", "`status` is already a command"),
    ] {
        let told = told(trigger);
        assert!(told.contains(expected) && told.contains("error"), "{trigger}: {told}");
    }
    let longer = told("ticket.commented: { command: \"stop load tests\" }");
    assert!(longer.contains("`stop` is already a command") && !longer.contains("error"), "{longer}");
    for trigger in [
        "checks.completed: { conclusion: Failure, head: all }",
        "chat.command: { text: \"go {count} {rest}\" }",
        "chat.command: { text: \"revise {count}\" }",
        "chat.command: { text: \"run {count}\" }",
        "chat.command: { text: \"{words}\" }",
        "ticket.commented: { command: \"run load tests\" }",
        "ticket.commented: { command: revise }",
        "pull_request.closed: { merged: \"true\" }",
        "schedule: { cron: \"0 6 29 2 ? *\" }",
    ] {
        let told = told(&trigger.replace("all", "fork"));
        assert!(!told.contains("error") && !told.contains("command already"), "{trigger}: {told}");
    }
}

/// An event whose field has another type than the input of its name is refused each time.
#[test]
fn a_trigger_that_gives_an_input_another_type_is_refused() {
    let told = |trigger: &str, inputs: &str| {
        found(&format!(
            "name: A\ntriggers: [{{ {trigger} }}]\ninputs: {inputs}\nsteps:\n  - {{ name: note, type: set, variables: {{ a: 1 }} }}\n"
        ))
    };
    let go = "chat.command: { text: \"go {count}\" }";
    for (trigger, inputs, expected) in [
        (go, "{ count: integer }", "chat.command gives `count` as string, but the input is of type integer"),
        (
            "pull_request.closed: {}",
            "{ number: { type: string, default: x } }",
            "pull_request.closed gives `number` as integer, but the input is of type string",
        ),
    ] {
        let told = told(trigger, inputs);
        assert!(told.contains(expected) && told.contains("error"), "{trigger}: {told}");
    }
    for (trigger, inputs) in [
        (go, "{ count: any }"),
        (
            "pull_request.closed: {}",
            "{ number: number, merged: boolean, other: { type: list, default: [] } }",
        ),
    ] {
        let told = told(trigger, inputs);
        assert!(!told.contains("error"), "{trigger}: {told}");
    }
}

/// What is found in a condition of a workflow with these inputs.
fn condition(expression: &str) -> String {
    found(&format!(
        "name: Test
inputs: {{ b: boolean, n: number, s: string, l: list, any: any, opt: {{ type: string, required: false }}, many: {{ type: number, required: false }} }}
steps:
  - {{ name: note, type: set, variables: {{ a: 1 }}, when: '${{{}}}' }}
",
        expression.replace('\'', "''")
    ))
}

#[test]
fn comparisons_that_never_change_are_warned_of() {
    for (expression, told) in [
        ("b = 'true'", "A boolean never equals text, so that this never holds"),
        ("b = 'true'", "compare it with `true` or `false`, without quotes"),
        ("'3' = n", "Text never equals a number, so that this never holds"),
        ("n != '3'", "A number never equals text, so that this always holds"),
        ("l = 'a'", "`'a' in l` asks whether it is in the list"),
    ] {
        let told_of = condition(expression);
        assert!(told_of.contains(told) && told_of.contains("warning:"), "{expression}: {told_of}");
        assert!(!told_of.contains("error:"), "{expression}: {told_of}");
    }
    for expression in [
        "b = true",
        "n = 3",
        "s = 'x'",
        "l = ['a']",
        "'a' in l",
        "any = 'x'",
        "opt = null",
        "opt = 'x'",
        "n = $number(s)",
        "any.x = opt",
        "any.list[id = 'a'].name = 'x'",
    ] {
        assert_eq!(condition(expression), "", "{expression}");
    }
    // What an action gives is one of a few texts.
    let agent = |outcome: &str| {
        found(&format!(
            "name: Test
inputs: {{ task_id: string }}
steps:
  - {{ name: fetch, plugin: task_management, action: get_task, inputs: {{ task_id: \"${{task_id}}\" }}, outputs: {{ task: task }} }}
  - {{ name: work, type: agent, inputs: {{ task: \"${{task}}\" }}, outputs: {{ outcome: outcome }} }}
  - {{ name: note, type: set, variables: {{ a: 1 }}, when: \"${{outcome = '{outcome}'}}\" }}
"
        ))
    };
    let told = agent("dome");
    assert!(told.contains("`outcome` is never `dome`") && told.contains("did you mean `done`?"), "{told}");
    assert!(!agent("done").contains("never"), "{}", agent("done"));
    // What a step has set is only what it is here.
    let told = found(
        "name: Test
steps:
  - { name: begin, type: set, variables: { state: begun, last: none } }
  - name: again
    type: loop
    max_iterations: 3
    until: \"${state = 'done' or state = last}\"
    steps:
      - { name: end, type: set, variables: { state: done }, when: \"${state = 'nearly'}\" }
      - { name: go, type: set, variables: { state: nearly }, when: \"${state = 'begun'}\" }
",
    );
    assert!(!told.contains("never"), "{told}");
}

#[test]
fn operands_and_arguments_that_end_the_execution_are_refused() {
    for (expression, told) in [
        ("n > '3'", "`>` cannot compare a number with text"),
        ("b > true", "`>` compares numbers or texts, but this is a boolean"),
        ("l < 1", "`<` compares numbers or texts, but this is a list"),
        ("-s = 1", "`-` takes a number, but this is text"),
        ("$length(l) > 1", "`$length` takes text, but this is a list"),
        ("$length(l) > 1", "`$count(…)` is how many items a list has"),
        ("$uppercase(n) = 'A'", "`$uppercase` takes text, but this is a number"),
        ("$round(s) = 1", "`$number(…)` makes a number of it"),
        ("$sum(['a', 'b']) > 1", "`$sum` takes a list of numbers, but this is a list (text)"),
        ("$join([1, 2]) = 'a'", "`$join` takes a list of texts"),
        ("s ~> $uppercase('x') = 'A'", "`$uppercase` takes at most 1 value, but is given 2"),
        ("s.$pad('x') = 'A'", "`$pad` takes a number, but this is text"),
        ("s.$contains(5)", "`$contains` takes text or a regular expression, but this is a whole number"),
        ("$substring(s) = 'A'", "`$substring` takes at least 2 values, but is given 1"),
        ("$count(l ~> $map) = 1", "`$map` takes at least 2 values, but is given 1"),
        ("n.$uppercase() = 'A'", "`$uppercase` takes text, but the value around it is a number"),
        ("uppercase(s) = 'A'", "`uppercase` is not a function"),
        ("$uuid(1) = 'A'", "`$uuid` takes no values, but is given 1"),
    ] {
        let told_of = condition(expression);
        assert!(told_of.contains(told) && told_of.contains("error:"), "{expression}: {told_of}");
    }
    for expression in [
        "$length(s) > 1",
        "$length(any) > 1",
        "$count(s) > 1",
        "$sum(l) > 1",
        "$join(l, ', ') = 'a'",
        "$join(s) = 'a'",
        "$number(s) > 1",
        "$number(b) > 1",
        "$contains(s, /a/)",
        "$replace(s, 'a', function($m) { 'b' }) = 'b'",
        "opt != null and $length(opt) > 1",
        "$substring(s, 1) = 'a'",
        "$count($zip([1], [2], [3])) = 1",
        "s < 'x' and n < 3",
    ] {
        assert_eq!(condition(expression), "", "{expression}");
    }
    let told = condition("$length(opt) > 1");
    assert!(told.contains("warning: this may be `null`, which ends the execution in `$length`"), "{told}");
    assert!(told.contains("write `(opt != null ? opt : '')`"), "{told}");
}

/// `x["name"]` is all of `x`, and a function without its parentheses an empty text.
#[test]
fn texts_in_brackets_and_functions_without_a_call_are_refused() {
    for (expression, told) in [
        ("any[\"a-b\"] = 'x'", "a text in `[…]` chooses nothing"),
        ("any.list['id'].id = 'x'", "write .`id` for the field of that name"),
        ("$now = s", "`$now` is a function"),
        ("s & $uuid = 'x'", "write `$uuid()` for its result"),
        ("$now", "`$now` is a function"),
    ] {
        let told_of = condition(expression);
        assert!(told_of.contains(told) && told_of.contains("error:"), "{expression}: {told_of}");
        assert_eq!(told_of.matches("error:").count(), 1, "{expression}: {told_of}");
    }
    let told = found(
        "name: Test
inputs: { l: list, count: number }
steps:
  - { name: note, type: set, variables: { a: 1 }, when: \"${$count(l[$ > $count]) > 0}\" }
",
    );
    assert!(
        told.contains("to read `count` of the workflow here, give it a name that no function has"),
        "{told}"
    );
    for expression in ["any.`a-b` = 'x'", "$count($map(l, $string)) > 0", "any.list[id = 'x'].id = 'x'"] {
        assert_eq!(condition(expression), "", "{expression}");
    }
}

/// `Hello null` is what nobody means. Text around `${ }` leaves out what is absent.
#[test]
fn a_null_that_would_be_written_as_a_word_is_warned_of() {
    let told = found(&workflow("{ opt: { type: string, required: false } }", "\"${'Hello ' & opt}\""));
    assert!(told.contains("warning: this may be `null`, and `&` then writes the word `null`"), "{told}");
    assert!(told.contains("write `(opt != null ? opt : '')`"), "{told}");
    for message in [
        "\"Hello ${opt}\"",
        "\"${'Hello ' & (opt != null ? opt : '')}\"",
        "\"${opt != null ? 'Hello ' & opt : 'x'}\"",
    ] {
        let told = found(&workflow("{ opt: { type: string, required: false } }", message));
        assert!(!told.contains("writes the word"), "{message}: {told}");
    }
}

/// Step Functions has no names in the body of a function, and would refuse the definition.
#[test]
fn names_that_a_function_does_not_see_are_refused() {
    let told = condition("$count($map(l, function($x) { $x = s })) > 0");
    assert!(told.contains("`s` means nothing in a function") && told.contains("write `$s`"), "{told}");
    for expression in [
        "$count($map(l, function($x) { $x = $s })) > 0",
        "$count(any.list.($map(tags, function($t) { $t = id }))) > 0",
        "($down := function($n) { $n > 0 ? $down($n - 1) : 'end' }; $down(2) = 'end')",
    ] {
        assert_eq!(condition(expression), "", "{expression}");
    }
}

#[test]
fn a_name_inside_a_filter_that_was_meant_outside_is_told() {
    let told = condition("$count(any.list[id = s]) > 0");
    assert!(
        told.contains("warning: `s` is a field of each item here") && told.contains("write `$s`"),
        "{told}"
    );
    for expression in
        ["$count(any.list[id = $s]) > 0", "$count(any.list[id = 'x']) > 0", "$count(any.list[s = 'x']) > 0"]
    {
        assert_eq!(condition(expression), "", "{expression}");
    }
    let told = found(
        "name: Test
inputs: { project: string, wanted: string }
steps:
  - { name: find, plugin: task_management, action: get_project_tasks, inputs: { project: \"${project}\" }, outputs: { tasks: tasks } }
outputs: { found: \"${tasks[title = wanted].task_id}\" }
",
    );
    assert!(told.contains("`Task` has no field `wanted`") && told.contains("write `$wanted`"), "{told}");
}

/// A block text ends with a line break, which is no part of a condition.
#[test]
fn blanks_around_a_condition_mean_nothing() {
    for written in ["|\n      ${b}\n", "\" ${b} \"\n", ">-\n      ${b\n        and b}\n"] {
        let text = format!(
            "name: Test\ninputs: {{ b: boolean }}\nsteps:\n  - name: note\n    type: set\n    variables: {{ a: 1 }}\n    when: {written}"
        );
        assert_eq!(found(&text), "", "{text}");
    }
    let told = condition("b} and ${b");
    assert!(told.contains("a condition is one expression"), "{told}");
}

#[test]
fn a_question_that_nobody_could_answer_is_refused() {
    let ask = |more: &str| {
        found(&format!(
            "name: Test\nsteps:\n  - {{ name: ask, type: approval, approvers: [leads], {more} }}\n"
        ))
    };
    let told = ask("question: \" \"");
    assert!(told.contains("`question` is empty"), "{told}");
    let told = ask("question: Go?, approve_status: In Review, decline_status: in_review");
    assert!(told.contains("`In Review` cannot mean both yes and no"), "{told}");
    assert!(!ask("question: Go?, approve_status: Done, decline_status: Open").contains("error:"));
}

/// A variable and a field of it that one step sets: one of them would be lost.
#[test]
fn what_a_step_sets_twice_is_refused() {
    let told = |variables: &str| {
        found(&format!("name: A\nsteps:\n  - {{ name: note, type: set, variables: {{ {variables} }} }}\n"))
    };
    for variables in ["x: 1, x.y: 2", "x.y: 1, x: 2", "x.y.z: 1, x.y: 2"] {
        assert!(told(variables).contains("is set twice by this step"), "{variables}: {}", told(variables));
    }
    assert_eq!(told("x.y: 1, x.z: 2, xy: 3"), "");
}

/// Names that are refused lead to names of the compiler's own, which must be found all the same.
#[test]
fn a_name_that_is_none_is_told_and_ends_nothing_else() {
    for (branch, variable) in [("two words", "x"), ("ä", "x"), ("1", "x"), ("left", "two words"), ("", "x")]
    {
        let told = found(&format!(
            "name: Test\nsteps:\n  - {{ name: both, type: parallel, branches: {{ \"{branch}\": [{{ name: a, type: set, variables: {{ \"{variable}\": 1 }} }}] }} }}\n"
        ));
        assert!(told.contains("is not a valid name: start with a letter"), "{branch} {variable}: {told}");
    }
}
