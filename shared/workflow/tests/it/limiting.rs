//! `timeout` of steps that hold others, run on the engine.

use crate::bench::{Actions, run};
use crate::nesting::{numbered, send, states, workflow};
use crate::support::right;
use serde_json::{Value, json};

/// Nobody ever answers.
fn nobody() -> Actions {
    numbered().replying("RequestApproval", |_| None).replying("AwaitEvent", |_| None)
}

const ASK: &str = "{ name: ask, type: approval, question: Now?, approvers: [all], timeout: 7d }";

#[tokio::test]
async fn a_parallel_step_ends_with_its_time_and_its_policy_decides() {
    let text = workflow(&format!(
        "  - name: both
    type: parallel
    timeout: 10m
    on_error: continue
    branches:
      people: [{ASK}, {}]
      work: [{}]
outputs: {{ error: \"${{both_error != null ? both_error.error : 'none'}}\", done: \"${{done != null ? done : 'nothing'}}\" }}
",
        send("thank", "thanks", ""),
        send("work", "done", ", outputs: { message_id: done }"),
    ));
    let compiled = right(&text);
    let ended = run(&compiled, json!({}), nobody()).await;
    assert_eq!(ended.output(), json!({"error": "States.Timeout", "done": "nothing"}));
    assert_eq!((ended.seconds(), states(&ended)), (600, vec!["Ask", "Work"]));

    let ended = run(&compiled, json!({}), numbered()).await;
    assert_eq!(ended.output(), json!({"error": "none", "done": "done"}));

    let ended = run(
        &right(
            &text
                .replace("    on_error: continue\n", "")
                .replace("both_error != null ? both_error.error : ", ""),
        ),
        json!({}),
        nobody(),
    )
    .await;
    assert_eq!((ended.error(), ended.seconds()), ("States.Timeout", 600));
}

#[tokio::test]
async fn every_iteration_has_the_time_of_the_whole() {
    let text = workflow(&format!(
        "  - name: each
    type: foreach
    items: \"${{list}}\"
    as: word
    max_concurrency: 1
    timeout: 25m
    steps:
      - {{ name: pause, type: wait, for: 10m }}
      - {}
",
        send("say", "${word}", "")
    ));
    let compiled = right(&text);
    let ended = run(&compiled, json!({"list": [1, 2, 3]}), numbered()).await;
    assert_eq!(ended.failure(), ("States.Timeout", json!("each has run out of time")));
    assert_eq!((ended.seconds(), states(&ended)), (25 * 60, vec!["Say.0", "Say.1"]));
    assert_eq!(run(&compiled, json!({"list": [1, 2]}), numbered()).await.execution.status, "SUCCEEDED");
}

#[tokio::test]
async fn a_loop_makes_no_round_after_its_time_and_takes_back_what_it_did() {
    let text = workflow(
        "  - name: poll
    type: loop
    max_iterations: 100
    timeout: 65m
    until: \"${how = 'done'}\"
    on_error: rollback
    steps:
      - { name: branch, plugin: version_control, action: create_branch, inputs: { branch: b } }
      - { name: pause, type: wait, for: 30m }
",
    );
    let ended = run(&right(&text), json!({}), numbered()).await;
    let (error, cause) = ended.failure();
    assert_eq!(
        (error, &cause["step"], &cause["error"]),
        ("RolledBack", &json!("poll"), &json!("States.Timeout"))
    );
    assert_eq!(cause["undone"], json!(["Branch.2", "Branch.1", "Branch.0"]));
    assert_eq!(ended.seconds(), 65 * 60);

    // Work that takes its time is counted as well, and no round is begun that has none left.
    let busy = text
        .replace("      - { name: pause, type: wait, for: 30m }\n", "")
        .replace("    on_error: rollback\n", "");
    let ended = run(&right(&busy), json!({}), numbered().taking("CreateBranch", 50)).await;
    assert_eq!(ended.error(), "States.Timeout");
    assert_eq!(states(&ended).len(), 65 * 60 / 50);
}

#[tokio::test]
async fn a_case_of_a_switch_waits_no_longer_than_the_switch_may() {
    let text = workflow(&format!(
        "  - name: choose
    type: switch
    timeout: 1h
    on_error: continue
    cases:
      - when: \"${{how = 'until'}}\"
        steps: [{{ name: until, type: wait, until: \"${{task_id}}\" }}, {}]
      - when: \"${{how = 'event'}}\"
        steps: [{{ name: event, type: wait, event: github.checks_completed, match: {{ repository: a/b, sha: a }} }}]
outputs: {{ error: \"${{choose_error != null ? choose_error.error : 'none'}}\" }}
",
        send("said", "x", "")
    ));
    let compiled = right(&text);
    for (how, until, error, seconds) in [
        ("until", "2026-01-01T00:30:00Z", "none", 30 * 60),
        ("until", "2026-01-01T03:00:00+01:00", "States.Timeout", 60 * 60),
        ("event", "", "States.Timeout", 60 * 60),
        ("other", "", "none", 0),
    ] {
        let ended = run(&compiled, json!({"how": how, "task_id": until}), nobody()).await;
        assert_eq!((ended.output(), ended.seconds()), (json!({"error": error}), seconds), "{how} {until}");
    }
}

/// An outer limit of an hour, around an inner one of ten minutes that is tolerated, and a pause.
const NESTED: &str = "  - name: outer
    type: loop
    timeout: 1h
    max_iterations: 50
    until: \"${how = 'once'}\"
    steps:
      - name: inner
        type: parallel
        timeout: 10m
        on_error: continue
        branches:
          people: [{ name: ask, type: approval, question: Now?, approvers: [all], on_timeout: approve }]
";

#[tokio::test]
async fn limits_nest_and_the_nearest_policy_hears_of_its_own() {
    let outputs = "outputs: { error: \"${inner_error != null ? inner_error.error : 'none'}\" }\n";
    let compiled = right(&workflow(&format!("{NESTED}{outputs}")));
    let ended = run(&compiled, json!({"how": "once"}), nobody()).await;
    assert_eq!((ended.output(), ended.seconds()), (json!({"error": "States.Timeout"}), 600));
    // The approval does not become a yes: not its own time was over.
    let ended = run(&compiled, json!({}), nobody()).await;
    assert_eq!(ended.failure(), ("States.Timeout", json!("outer has run out of time")));
    assert_eq!((ended.seconds(), ended.calls.len()), (3600, 6));

    // The inner limit is never later than the outer one.
    let longer = NESTED.replace("timeout: 10m", "timeout: 50m");
    let ended = run(&right(&workflow(&longer)), json!({}), nobody()).await;
    assert_eq!((ended.failure().0, ended.seconds(), ended.calls.len()), ("States.Timeout", 3600, 2));
}

#[tokio::test]
async fn nothing_begins_after_the_time_whatever_is_tolerated() {
    let tolerated = |name: &str| send(name, name, ", on_error: continue");
    let text = workflow(&format!(
        "  - name: both
    type: parallel
    timeout: 100s
    on_error: rollback
    branches:
      one: [{}, {}, {}, {}]
",
        tolerated("a"),
        tolerated("b"),
        tolerated("c"),
        tolerated("d"),
    ));
    let ended = run(&right(&text), json!({}), numbered().taking("SendMessage", 40)).await;
    let (error, cause) = ended.failure();
    assert_eq!((error, &cause["error"]), ("RolledBack", &json!("States.Timeout")));
    let began: Vec<&str> = states(&ended).into_iter().filter(|state| state.len() == 1).collect();
    assert_eq!(began, ["A", "B", "C"]);
}

#[tokio::test]
async fn a_call_that_fails_again_and_again_is_not_tried_after_the_time() {
    let text = workflow(&format!(
        "  - name: both\n    type: parallel\n    timeout: 5m\n    branches:\n      one: [{}]\n",
        send("a", "a", "")
    ));
    let ended = run(&right(&text), json!({}), numbered().failing("SendMessage", "Unavailable")).await;
    assert_eq!(ended.failure(), ("States.Timeout", json!("both has run out of time")));
    // The last delay may have begun in time.
    assert!((300..600).contains(&ended.seconds()), "{}", ended.seconds());

    let ended = run(&right(&text), json!({}), numbered().failing("SendMessage", "Rejected")).await;
    assert_eq!((ended.error(), ended.seconds()), ("Rejected", 0));
}

#[tokio::test]
async fn every_try_has_the_whole_time() {
    let text = workflow(
        "  - name: rows
    type: foreach
    items: \"${list}\"
    as: row
    max_items: 5
    steps:
      - name: each
        type: foreach
        items: \"${row}\"
        as: word
        max_items: 5
        timeout: 10m
        retry: { max_attempts: 3, base_delay: 1s, jitter: false }
        steps: [{ name: ask, type: approval, question: \"${word}?\", approvers: [all], outputs: { by: by } }]
        result: \"${by}\"
    outputs: { results: rows }
outputs: { rows: \"${rows}\" }
",
    );
    let compiled = right(&text);
    let ended = run(&compiled, json!({"list": [[1]]}), nobody()).await;
    assert_eq!((ended.error(), ended.calls.len(), ended.seconds()), ("States.Timeout", 3, 3 * 600 + 1 + 2));
    let ada = numbered().replying("RequestApproval", |_| {
        Some(Ok(json!({"by": "ada", "via": "slack", "at": "now", "comment": null})))
    });
    let ended = run(&compiled, json!({"list": [[1, 2], []]}), ada).await;
    assert_eq!(ended.output(), json!({"rows": [["ada", "ada"], []]}));
}

#[test]
fn a_limit_is_one_state_and_costs_calls_nothing() {
    let text = workflow(&format!(
        "  - name: both
    type: parallel
    timeout: 10m
    when: \"${{how = 'both'}}\"
    branches:
      one: [{}, {{ name: pause, type: wait, for: 1h }}]
",
        send("a", "a", ", timeout: 2m"),
    ));
    let states = right(&text).definition.unwrap()["States"].clone();
    let path = |from: &str| -> Value { states.pointer(from).unwrap_or(&Value::Null).clone() };
    assert_eq!(path("/BothWhen/Choices/0/Next"), "BothDeadline");
    assert_eq!(
        path("/BothDeadline"),
        json!({
            "Type": "Pass",
            "Comment": "Notes when the time of both is over",
            "Assign": {"both_deadline": "{% $millis() + 600000 %}"},
            "Next": "Both",
        })
    );
    let inside = path("/Both/Branches/0/States");
    assert_eq!(
        inside["A"]["TimeoutSeconds"],
        "{% ($left := $ceil(($both_deadline - $millis()) / 1000); $assert($left > 0, 'both has run out of time'); $min([$left, 120])) %}"
    );
    assert_eq!(
        inside["A"]["Catch"][1],
        json!({
            "ErrorEquals": ["States.QueryEvaluationError"],
            "Output": {
                "error": "{% $states.errorOutput.Error %}",
                "cause": "{% ($states.errorOutput.Cause != null ? $states.errorOutput.Cause : '') %}",
            },
            "Next": "AScopeTimedOut",
        })
    );
    assert_eq!(
        inside["Pause"]["Seconds"],
        "{% $max([0, $min([3600, $ceil(($both_deadline - $millis()) / 1000)])]) %}"
    );
    assert_eq!(inside["Pause"]["Next"], "PauseInTime");
    assert_eq!(inside["PauseInTime"]["Choices"][0]["Next"], "ADone");
    assert_eq!(inside["PauseInTime"]["Default"], "AScopeTimedOut");
}
