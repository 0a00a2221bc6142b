//! Steps inside steps, run on the engine.

use crate::bench::{Actions, run, usual};
use crate::support::right;
use engine::FunctionError;
use serde_json::json;

/// A workflow of these steps, with the inputs that its tests give.
pub(crate) fn workflow(steps: &str) -> String {
    format!(
        "name: Test\ninputs:\n  task_id: {{ type: string, default: SHOP-1 }}\n  list: {{ type: array, default: [] }}\n  how: {{ type: string, default: none }}\nsteps:\n{steps}"
    )
}

/// A message as a flow mapping; `more` are further keys of the step.
pub(crate) fn send(name: &str, message: &str, more: &str) -> String {
    format!(
        "{{ name: {name}, plugin: communication, action: send_message, inputs: {{ message: \"{message}\" }}{more} }}"
    )
}

/// Messages answer with an id that tells which they are.
pub(crate) fn numbered() -> Actions {
    Actions::default().with("SendMessage", |_, payload| {
        Ok(json!({"message_id": payload.input["message"], "url": format!("https://x/{}", payload.state()), "channel": "c"}))
    })
}

pub(crate) fn states(ended: &crate::bench::Ended) -> Vec<&str> {
    let mut states: Vec<&str> = ended.calls.iter().map(|(_, payload)| payload.state()).collect();
    states.sort_unstable();
    states
}

#[tokio::test]
async fn branches_run_beside_each_other_and_what_they_set_is_known_behind_them() {
    let text = workflow(&format!(
        "  - name: checks
    type: parallel
    branches:
      lint:
        - {}
        - {}
      test:
        - {}
    outputs: {{ lint_id: ids.lint }}
  - {}
outputs: {{ lint: \"${{lint_id}}\", again: \"${{ids.lint}}\", test: \"${{test_sent.url}}\" }}
",
        send("lint", "lint", ", outputs: { message_id: lint_id }"),
        send("lint_more", "after ${lint_id}", ""),
        send("test", "test", ", outputs: { url: test_sent.url }"),
        send("tell", "${lint_id} ${test_sent.url}", ""),
    ));
    let ended = run(&right(&text), json!({}), numbered()).await;
    assert_eq!(ended.output(), json!({"lint": "lint", "again": "lint", "test": "https://x/Test"}));
    assert_eq!(states(&ended), ["Lint", "LintMore", "Tell", "Test"]);
    assert_eq!(ended.calls.last().unwrap().1.input["message"], "lint https://x/Test");
}

#[tokio::test]
async fn a_branch_that_skips_gives_null() {
    let text = workflow(&format!(
        "  - name: checks
    type: parallel
    branches:
      lint:
        - {}
outputs: {{ lint: \"${{lint_id != null ? lint_id : 'skipped'}}\" }}
",
        send("lint", "lint", ", outputs: { message_id: lint_id }, when: \"${how = 'lint'}\""),
    ));
    let compiled = right(&text);
    assert_eq!(run(&compiled, json!({}), numbered()).await.output(), json!({"lint": "skipped"}));
    assert_eq!(run(&compiled, json!({"how": "lint"}), numbered()).await.output(), json!({"lint": "lint"}));
}

#[tokio::test]
async fn every_item_has_its_iteration_and_its_key() {
    let text = workflow(&format!(
        "  - name: each
    type: foreach
    items: \"${{list}}\"
    as: word
    max_concurrency: 1
    steps:
      - {}
      - {}
    outputs: {{ results: said }}
outputs: {{ said: \"${{said}}\" }}
",
        send("greet", "hello ${word}", ", outputs: { message_id: greeting }"),
        send("ask", "${greeting}, how is ${word}?", ""),
    ));
    let compiled = right(&text);
    let ended = run(&compiled, json!({"list": ["a", "b"]}), numbered()).await;
    let said = |letter: &str, index: usize| json!({"message_id": format!("hello {letter}, how is {letter}?"), "url": format!("https://x/Ask.{index}"), "channel": "c"});
    assert_eq!(ended.output(), json!({"said": [said("a", 0), said("b", 1)]}));
    assert_eq!(states(&ended), ["Ask.0", "Ask.1", "Greet.0", "Greet.1"]);
    assert_eq!(run(&compiled, json!({}), numbered()).await.output(), json!({"said": []}));

    let many: Vec<usize> = (0..101).collect();
    let ended = run(&compiled, json!({"list": many}), numbered()).await;
    assert_eq!(ended.failure().0, "States.QueryEvaluationError");
    assert!(ended.failure().1.to_string().contains("each takes at most 100 items"), "{}", ended.failure().1);
}

#[tokio::test]
async fn iterations_nest_and_keep_their_places() {
    let text = workflow(&format!(
        "  - name: outer
    type: foreach
    items: \"${{list}}\"
    as: row
    max_items: 10
    steps:
      - name: both
        type: parallel
        branches:
          left:
            - name: inner
              type: foreach
              items: \"${{row.cells}}\"
              as: cell
              max_items: 10
              steps: [{}]
              result: \"${{cell}}\"
              outputs: {{ results: cells }}
          right:
            - {}
      - name: pause
        type: wait
        for: 10m
      - {}
    result: {{ row: \"${{row.name}}\", cells: \"${{cells}}\", id: \"${{right_id}}\" }}
    outputs: {{ results: rows }}
outputs: {{ rows: \"${{rows}}\" }}
",
        send("visit", "${row.name}${cell}", ""),
        send("mark", "mark ${row.name}", ", outputs: { message_id: right_id }"),
        send("close", "close ${row.name}", ""),
    ));
    let list = json!([{"name": "a", "cells": [1, 2]}, {"name": "b", "cells": [3]}]);
    let ended = run(&right(&text), json!({"list": list}), numbered()).await;
    assert_eq!(
        ended.output(),
        json!({"rows": [{"row": "a", "cells": [1, 2], "id": "mark a"}, {"row": "b", "cells": [3], "id": "mark b"}]})
    );
    assert_eq!(
        states(&ended),
        ["Close.0", "Close.1", "Mark.0", "Mark.1", "Visit.0.0", "Visit.0.1", "Visit.1.0"]
    );
}

#[tokio::test]
async fn a_filter_gives_the_items_it_finds_however_many() {
    let text = workflow(&format!(
        "  - name: each
    type: foreach
    items: \"${{list[ok].name}}\"
    as: name
    steps: [{}]
    result: \"${{name}}\"
    outputs: {{ results: names }}
outputs: {{ names: \"${{names}}\" }}
",
        send("visit", "${name}", "")
    ));
    let compiled = right(&text);
    for (list, names) in [
        (json!([]), json!([])),
        (json!([{"name": "a", "ok": false}]), json!([])),
        (json!([{"name": "a", "ok": true}]), json!(["a"])),
        (json!([{"name": "a", "ok": true}, {"name": "b", "ok": true}]), json!(["a", "b"])),
    ] {
        let ended = run(&compiled, json!({"list": list}), numbered()).await;
        assert_eq!(ended.output(), json!({"names": names}));
    }
}

#[tokio::test]
async fn a_switch_takes_the_first_case_that_holds() {
    let text = workflow(&format!(
        "  - name: route
    type: switch
    cases:
      - when: \"${{how = 'loud'}}\"
        steps: [{}]
      - when: \"how in ['quiet', 'loud']\"
        steps: [{}, {}]
    default:
      - {}
outputs: {{ sent: \"${{sent}}\", extra: \"${{extra != null ? extra : 'no'}}\" }}
",
        send("shout", "A", ", outputs: { message_id: sent }"),
        send("whisper", "b", ", outputs: { message_id: sent }"),
        send("again", "c", ", outputs: { message_id: extra }"),
        send("say", "d", ", outputs: { message_id: sent }"),
    ));
    let compiled = right(&text);
    for (how, sent, extra) in [("loud", "A", "no"), ("quiet", "b", "c"), ("other", "d", "no")] {
        let ended = run(&compiled, json!({"how": how}), numbered()).await;
        assert_eq!(ended.output(), json!({"sent": sent, "extra": extra}), "{how}");
    }
}

#[tokio::test]
async fn a_switch_without_default_goes_on() {
    let text = workflow(&format!(
        "  - name: route
    type: switch
    cases:
      - when: \"${{how = 'stop'}}\"
        steps: [{{ name: stop, type: fail, error: Stopped, cause: \"as ${{how}} says\" }}]
  - {}
",
        send("go", "on", "")
    ));
    let compiled = right(&text);
    assert_eq!(run(&compiled, json!({}), numbered()).await.functions(), ["SendMessage"]);
    assert_eq!(
        run(&compiled, json!({"how": "stop"}), numbered()).await.failure(),
        ("Stopped", json!("as stop says"))
    );
}

#[tokio::test]
async fn the_whole_of_a_step_with_steps_is_tolerated_or_tried_again() {
    let text = |policy: &str| {
        workflow(&format!(
            "  - name: checks
    type: parallel
    on_error: {policy}
    branches: {{ one: [{}], two: [{}] }}
outputs: {{ one: \"${{one_id != null ? one_id : 'none'}}\"{} }}
",
            send("one", "1", ", outputs: { message_id: one_id }"),
            "{ name: two, plugin: task_management, action: get_task, inputs: { task_id: \"${task_id}\" } }",
            if policy == "continue" {
                ", error: \"${checks_error != null ? checks_error.error : 'fine'}\""
            } else {
                ""
            },
        ))
    };
    let failing = || numbered().failing("GetTask", "Internal");
    let ended = run(&right(&text("continue")), json!({}), failing()).await;
    assert_eq!(ended.output(), json!({"one": "none", "error": "Internal"}));
    let ended = run(&right(&text("continue")), json!({}), numbered()).await;
    assert_eq!(ended.output(), json!({"one": "1", "error": "fine"}));

    let ended = run(&right(&text("retry")), json!({}), failing()).await;
    assert_eq!(ended.failure().0, "Internal");
    assert_eq!(ended.functions().iter().filter(|function| **function == "GetTask").count(), 3);
    let passing = numbered().with("GetTask", |count, _| match count {
        0 => Err(FunctionError::new("Internal", "once")),
        _ => Ok(usual("GetTask")),
    });
    assert_eq!(run(&right(&text("retry")), json!({}), passing).await.output(), json!({"one": "1"}));
}

#[tokio::test]
async fn a_spent_budget_parks_an_iteration_in_its_place() {
    let text = workflow(
        "  - { name: fetch, plugin: task_management, action: get_task, inputs: { task_id: \"${task_id}\" }, outputs: { task: task } }
  - name: each
    type: foreach
    items: \"${list}\"
    as: word
    steps:
      - { name: look, type: ai_action, action: analyze_codebase, inputs: { task: \"${task}\" } }
    result: \"${word}\"
    outputs: { results: words }
outputs: { words: \"${words}\" }
",
    );
    let actions = Actions::default().with("AnalyzeCodebase", |count, _| match count {
        0 => Err(FunctionError::new("BudgetExceeded", "$10 are spent")),
        _ => Ok(usual("AnalyzeCodebase")),
    });
    let ended = run(&right(&text), json!({"list": ["a"]}), actions).await;
    assert_eq!(ended.output(), json!({"words": ["a"]}));
    assert_eq!(states(&ended), ["Fetch", "Look.0", "Look.0", "LookAwaitBudget.0"]);
}

/// What the compiler calls its own variables means nothing in the file, and never takes the place of what does.
#[tokio::test]
async fn names_of_the_compiler_are_not_those_of_the_file() {
    let text = format!(
        "name: Test
inputs: {{ left_id: string }}
steps:
  - name: both
    type: parallel
    branches:
      left: [{}, {}]
",
        send("first", "one", ", outputs: { message_id: id }"),
        send("second", "${left_id} ${id}", ""),
    );
    let ended = run(&right(&text), json!({"left_id": "given"}), numbered()).await;
    assert_eq!(ended.calls[1].1.input["message"], "given one");
    let found = crate::support::found(&text.replace("left_id: string", "other: string"));
    assert!(found.contains("nothing is called `left_id`"), "{found}");
}
