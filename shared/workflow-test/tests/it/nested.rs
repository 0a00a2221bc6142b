//! Every type of step under test: branches, lists, loops, switches, approvals, waits and other workflows.

use crate::support::{passes, report};
use workflow_test::TestError;

const WORKFLOW: &str = r#"
name: Nested
inputs: { task_id: string, words: { type: array, default: [] }, how: { type: string, default: plain } }
steps:
  - name: checks
    type: parallel
    branches:
      lint:
        - { name: lint, plugin: communication, action: send_message, inputs: { message: lint } }
        - { name: lint_more, plugin: communication, action: send_message, inputs: { message: more } }
      test:
        - { name: try_out, plugin: communication, action: send_message, inputs: { message: test }, outputs: { message_id: tested } }
  - name: each
    type: foreach
    items: "${words}"
    as: word
    max_concurrency: 3
    steps:
      - { name: say, plugin: communication, action: send_message, inputs: { message: "${word}" }, on_error: continue }
    outputs: { results: said }
  - { name: begin, type: set, variables: { state: waiting } }
  - name: poll
    type: loop
    max_iterations: 3
    until: "${state = 'done'}"
    steps:
      - { name: look, plugin: communication, action: send_message, inputs: { message: "${state}" }, outputs: { message_id: state } }
  - name: choose
    type: switch
    cases:
      - when: "${how = 'loud'}"
        steps: [{ name: shout, plugin: communication, action: send_message, inputs: { message: "!" } }]
    default: [{ name: pause, type: wait, for: 2h }]
  - { name: ask, type: approval, question: Ship it?, approvers: [engineering], timeout: 7d, outputs: { by: answer.by } }
  - { name: built, type: wait, event: github.checks_completed, match: { repository: acme/shop, sha: "1" }, timeout: 1h, outputs: { conclusion: conclusion } }
outputs: { by: "${answer.by}", conclusion: "${conclusion}", tested: "${tested}" }
"#;

const TESTS: &str = r#"
actor: { id: ada }
defaults: from_schema
steps:
  try_out: { result: { message_id: tested } }
  look: { result: { message_id: done } }
  ask: { approve: { by: ada, via: slack } }
  built: { resume: { conclusion: success } }
cases:
  - name: Branches and iterations stand in the order of the file
    inputs: { task_id: SHOP-1, words: [a, b] }
    steps:
      say[1]: { error: Rejected, cause: not b }
    expect:
      outcome: succeeded
      path: [checks, lint, lint_more, try_out, each, say, say, begin, look, poll, choose, pause, ask, built]
      inputs:
        say[0]: { message: a }
        say[1]: { message: b }
        say: [{ message: a }, { message: b }]
        ask: { question: Ship it? }
      outputs: { by: ada, conclusion: success, tested: tested }
      calls: { say: 2 }
  - name: A loop goes round until its condition holds
    inputs: { task_id: SHOP-1, how: loud }
    steps:
      look: [{ result: { message_id: busy }, times: 2 }, { result: { message_id: done } }]
    expect:
      outcome: succeeded
      path_contains: [look, poll, look, poll, look, poll, choose, shout, ask]
      not_taken: [pause]
      inputs: { look: [{ message: waiting }, { message: busy }, { message: busy }] }
  - name: A loop that never ends is exhausted
    inputs: { task_id: SHOP-1 }
    steps: { look: { result: { message_id: busy } } }
    expect: { outcome: failed, error: LoopExhausted, calls: { look: 3 }, not_taken: [choose] }
  - name: No is an error
    inputs: { task_id: SHOP-1 }
    steps: { ask: { decline: { by: bob, comment: not today } } }
    expect: { outcome: failed, error: Declined, cause: not today }
  - name: A week without an answer is over in a moment
    inputs: { task_id: SHOP-1 }
    steps: { ask: { time_out: true } }
    expect: { outcome: failed, error: States.Timeout }
"#;

#[tokio::test]
async fn every_type_of_step_can_be_tested() {
    let report = passes(WORKFLOW, TESTS).await;
    assert_eq!(report.coverage.steps_missed, Vec::<String>::new());
    assert_eq!(report.coverage.branches_missed, Vec::<String>::new());
    assert_eq!(report.coverage.percent(), 100.0);
}

#[tokio::test]
async fn what_is_never_taken_is_named() {
    let first = TESTS.split("  - name: A loop goes round").next().unwrap();
    let report = passes(WORKFLOW, first).await;
    assert_eq!(report.coverage.steps_missed, ["shout"]);
    assert_eq!(report.coverage.branches_missed, ["poll → look", "poll → poll_exhausted", "choose → shout"]);
}

#[tokio::test]
async fn another_workflow_gives_what_the_case_says() {
    let workflow = r#"
name: Parent
steps:
  - { name: child, type: workflow, workflow: other, inputs: { word: hello }, outputs: { said: said } }
outputs: { said: "${said}" }
"#;
    let tests = r#"
cases:
  - name: Its outputs are taken
    inputs: {}
    steps: { child: { result: { said: hello } } }
    expect: { outcome: succeeded, path: [child], inputs: { child: { word: hello } }, outputs: { said: hello } }
  - name: Its failure is the step's
    inputs: {}
    steps: { child: { error: Rejected, cause: no word } }
    expect: { outcome: failed, path: [child] }
"#;
    let other = (
        "workflows/other.yaml",
        "name: Other\ninputs: { word: string }\nsteps: [{ name: say, type: set, variables: { a: \"${word}\" } }]\noutputs: { said: \"${a}\" }\n",
    );
    let ended = report(workflow, tests, &[other]).await.unwrap();
    assert!(ended.passed(), "{}", ended.text());
    let misspelled = tests.replace("result: { said: hello }", "result: { siad: hello }");
    match report(workflow, &misspelled, &[other]).await {
        Err(TestError::Wrong(found)) => {
            assert_eq!(found[0].message, "the workflow that `child` runs has no output `siad`");
        }
        other => panic!("{other:?}"),
    }
    // What it would never give.
    for (result, told) in [
        ("{}", "the result of `child` does not fit the output of the workflow that it runs: it lacks `said`"),
        (
            "{ said: 7 }",
            "the result of `child` does not fit the output of the workflow that it runs at `/said`: 7 is not of type",
        ),
    ] {
        let wrong = tests.replace("{ said: hello }", result);
        match report(workflow, &wrong, &[other]).await {
            Err(TestError::Wrong(found)) => assert!(found[0].message.starts_with(told), "{found:?}"),
            other => panic!("{other:?}"),
        }
    }
    let completed = "
defaults: from_schema
cases:
  - name: What the case leaves out is filled in
    inputs: {}
    steps: { child: { result: {} } }
    expect: { outcome: succeeded, outputs: { said: '' } }
";
    let ended = report(workflow, completed, &[other]).await.unwrap();
    assert!(ended.passed(), "{}", ended.text());
}

/// `docs/workflow-language.md` says so of what Step Functions catches only around the state.
#[tokio::test]
async fn expressions_that_fail_in_a_wait_or_a_condition_are_taken_back_by_the_step_around() {
    for inside in [
        r#"{ name: day, type: wait, until: "${since}" }"#,
        r#"{ name: tell, plugin: communication, action: send_message, inputs: { message: Hello }, when: "${$number(since) > 1}" }"#,
    ] {
        let workflow = format!(
            r#"
name: Small
inputs: {{ since: string }}
steps:
  - {{ name: branch, plugin: version_control, action: create_branch, inputs: {{ branch: x }} }}
  - {{ name: around, type: parallel, on_error: rollback, branches: {{ one: [{inside}] }} }}
"#
        );
        let tests = "defaults: from_schema
cases:
  - name: Not a time, and not a number
    inputs: { since: tomorrow }
    expect: { outcome: rolled_back, cause: { step: around, undone: [create_branch] } }
";
        passes(&workflow, tests).await;
    }
}
