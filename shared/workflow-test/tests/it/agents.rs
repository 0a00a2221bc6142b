//! Agents under test: what they end with, or turn by turn.

use crate::support::{passes, refused, report};

const WORKFLOW: &str = r#"
name: Small
inputs: { parts: { type: array, default: [a, b] } }
steps:
  - name: implement
    type: agent
    inputs: { branch: feature/x }
    outputs: { outcome: outcome, turns: turns, cost_usd: cost }
    on_error: continue
  - name: each
    type: foreach
    items: "${parts}"
    as: part
    max_items: 2
    steps:
      - { name: work, type: agent, inputs: { branch: "feature/${part}" }, outputs: { summary: summary } }
    result: "${summary}"
    outputs: { results: summaries }
outputs: { outcome: "${outcome}", turns: "${turns}", cost: "${cost}", summaries: "${summaries}", error: "${implement_error.error}" }
"#;

#[tokio::test]
async fn agents_end_as_a_case_says_and_are_listed_once() {
    let report = passes(
        WORKFLOW,
        r#"
defaults: from_schema
cases:
  - name: One answer is one turn
    inputs: {}
    steps:
      implement: { result: { outcome: nothing_to_do }, cost_usd: 0.5 }
      work[0]: { result: { summary: first } }
      work[1]:
        turns:
          - { next: load }
          - { next: think }
          - { next: done, result: { summary: second } }
    expect:
      outcome: succeeded
      path: [implement, each, work, work]
      calls: { implement_think: 1, work_think: 4, work_load: 1 }
      outputs: { outcome: nothing_to_do, turns: 1, cost: 0.5, summaries: [first, second], error: null }
      cost: { model_usd: 0.5 }
  - name: Questions are told in the path, and nobody may answer them
    inputs: { parts: [] }
    steps:
      implement:
        turns:
          - { next: ask, cost_usd: 0.1, question: { text: Ten?, options: [yes, no] }, approve: { by: ada } }
          - { next: ask, cost_usd: 0.2, question: { text: Twenty? }, decline: { by: bob, comment: never } }
          - { next: ask, question: { text: Thirty? }, time_out: true }
    expect:
      outcome: succeeded
      path: [implement, implement_ask, implement_ask, implement_ask, each]
      inputs:
        implement_ask: [{ question: Ten? }, { question: Twenty? }, {}]
        implement_answer: [{ answer: Yes., by: ada }, { answer: "No: never", by: null }]
      outputs: { outcome: null, turns: null, cost: null, summaries: [], error: States.Timeout }
      cost: { model_usd: 0.3 }
  - name: Errors come before the turns go on
    inputs: { parts: [] }
    steps:
      implement: { result: {} }
      implement_think: [{ error: ReplyLost, times: 2 }]
    expect: { outcome: succeeded, calls: { implement_think: 3 } }
  - name: An agent that cannot begin
    inputs: { parts: [] }
    steps: { implement: { error: Rejected, cause: no model } }
    expect: { outcome: succeeded, outputs: { outcome: null, turns: null, cost: null, summaries: [], error: Rejected } }
"#,
    )
    .await;
    assert!(report.coverage.branches_missed.is_empty(), "{:?}", report.coverage.branches_missed);
}

/// The acceptance of what a turn costs, seen on the engine.
#[tokio::test]
async fn a_turn_that_only_thinks_is_three_transitions() {
    let turns = |more: usize| {
        let thinks = "{ next: think }, ".repeat(more);
        format!(
            "defaults: from_schema\ncases:\n  - name: a\n    inputs: {{ parts: [] }}\n    steps:\n      implement: {{ turns: [{thinks}{{ next: done }}] }}\n    expect: {{ outcome: succeeded }}\n"
        )
    };
    let one = passes(WORKFLOW, &turns(0)).await.cases[0].transitions;
    let many = passes(WORKFLOW, &turns(40)).await.cases[0].transitions;
    assert_eq!(many - one, 40 * 3);
}

#[tokio::test]
async fn what_no_agent_can_do_is_refused() {
    let told = async |answer: &str| {
        let tests = format!(
            "defaults: from_schema\ncases:\n  - name: a\n    inputs: {{}}\n    steps:\n      implement: {answer}\n    expect: {{ outcome: failed }}\n"
        );
        refused(WORKFLOW, &tests).await
    };
    for (answer, expected) in [
        ("{ skip: true }", "exactly one of result, error, turns"),
        (
            "{ result: { outcome: maybe } }",
            "the result of `implement` does not fit the output of run_tools at `/result",
        ),
        ("{ turns: [{ next: think }] }", "the last turn of `implement` has `next: done`"),
        (
            "{ turns: [{ next: done }, { next: think }, { next: done }] }",
            "`implement` has turns after its end",
        ),
        (
            "{ turns: [{ next: ask }, { next: done }] }",
            "needs a `question:` and exactly one of approve, decline, time_out",
        ),
        (
            "{ turns: [{ next: think, approve: { by: ada } }, { next: done }] }",
            "asks people only with `next: ask`",
        ),
        ("{ turns: [{ next: load, result: {} }, { next: done }] }", "has a `result:` only with `next: done`"),
        ("{ turns: [{ next: done }], cost_usd: 1 }", "each turn of `implement` has its own `cost_usd:`"),
        ("{ turns: [{ next: dance }] }", "`dance` is not accepted here"),
    ] {
        let told = told(answer).await;
        assert!(told.contains(expected), "{answer}: {told}");
    }
    let tests = "cases:\n  - name: a\n    inputs: {}\n    expect: { path: [implement_think] }\n";
    assert!(refused(WORKFLOW, tests).await.contains("paths leave out what happens in an agent's turns"));
}

#[tokio::test]
async fn turns_that_are_not_taken_fail_a_case() {
    let tests = "
defaults: from_schema
cases:
  - name: a
    inputs: { parts: [] }
    steps:
      implement: { turns: [{ next: think }, { next: think }, { next: done }] }
      implement_run_tools: { error: Rejected }
    expect: { outcome: failed }
";
    let report = report(WORKFLOW, tests, &[]).await.unwrap();
    assert!(report.text().contains("`implement` has 3 turns, but took 1"), "{}", report.text());
}
