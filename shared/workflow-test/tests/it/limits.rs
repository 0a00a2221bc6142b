//! Steps whose time runs out, in virtual time: nobody answers, and hours go by in a moment.

use crate::support::passes;

const WORKFLOW: &str = r#"
name: Limits
inputs: { words: { type: array, default: [a] }, how: { type: string, default: plain } }
steps:
  - name: both
    type: parallel
    timeout: 1h
    on_error: continue
    branches:
      people:
        - { name: ask, type: approval, question: Ship it?, approvers: [all], on_timeout: approve }
        - { name: thank, plugin: communication, action: send_message, inputs: { message: Thanks } }
      work: [{ name: tell, plugin: communication, action: send_message, inputs: { message: "Work begins" } }]
  - name: each
    type: foreach
    items: "${words}"
    as: word
    timeout: 30m
    on_error: continue
    steps: [{ name: built, type: wait, event: github.checks_completed, match: { repository: a/b, sha: "${word}" } }]
  - name: outer
    type: switch
    timeout: 2h
    on_error: rollback
    cases:
      - when: "${how = 'poll'}"
        steps:
          - name: poll
            type: loop
            timeout: 90m
            max_iterations: 50
            until: "${how = 'done'}"
            steps:
              - { name: branch, plugin: version_control, action: create_branch, inputs: { branch: b } }
              - { name: pause, type: wait, for: 25m }
outputs:
  both: "${both_error != null ? both_error.error : 'in time'}"
  each: "${each_error != null ? each_error.error : 'in time'}"
"#;

const TESTS: &str = r#"
actor: { id: ada }
defaults: from_schema
steps:
  ask: { approve: { by: ada, via: slack } }
  built: { resume: { conclusion: success } }
cases:
  - name: All is done in time
    inputs: {}
    expect:
      outcome: succeeded
      outputs: { both: in time, each: in time }
      path: [both, ask, thank, tell, each, built, outer]
  - name: A branch that nobody answers ends the whole, and not with a yes
    inputs: {}
    steps: { ask: { time_out: true } }
    expect: { outcome: succeeded, outputs: { both: States.Timeout, each: in time }, not_taken: [thank] }
  - name: An iteration too
    inputs: { words: [a, b] }
    steps:
      built[1]: { time_out: true }
    expect: { outcome: succeeded, outputs: { both: in time, each: States.Timeout }, calls: { built: 2 } }
  - name: A loop inside a switch waits no longer than it may, and what it did is taken back
    inputs: { how: poll }
    expect: { outcome: rolled_back, error: RolledBack, calls: { branch: 4 } }
"#;

#[tokio::test]
async fn time_runs_out_in_every_step_that_holds_others() {
    let report = passes(WORKFLOW, TESTS).await;
    assert_eq!(report.coverage.steps_missed, Vec::<String>::new());
    assert_eq!(
        report.coverage.branches_missed,
        [
            "ask_in_time → thank",
            "branch fails → rollback",
            "poll → done",
            "poll → poll_timed_out",
            "poll → rollback"
        ]
    );
}
