//! Loops, run on the engine.

use crate::bench::{Actions, run};
use crate::nesting::{numbered, send, states, workflow};
use crate::support::right;
use serde_json::{Value, json};

const LOOP: &str = "  - name: start
    type: set
    variables: { state: waiting }
  - name: poll
    type: loop
    max_iterations: 3
    until: \"${state = 'done'}\"
    steps:
      - { name: look, plugin: communication, action: send_message, inputs: { message: \"${state}\" }, outputs: { message_id: state } }
";

/// Answers `done` when it is asked for the n-th time.
fn done_at(round: usize) -> Actions {
    Actions::default().with("SendMessage", move |count, _| {
        let state = if count >= round { "done" } else { "busy" };
        Ok(json!({"message_id": state, "url": null, "channel": "c"}))
    })
}

#[tokio::test]
async fn a_loop_runs_until_its_condition_holds() {
    let text = workflow(&format!(
        "{LOOP}    outputs: {{ rounds: n, exhausted: gave_up }}\noutputs: {{ n: \"${{n}}\", gave_up: \"${{gave_up}}\", state: \"${{state}}\" }}\n"
    ));
    let compiled = right(&text);
    let ended = run(&compiled, json!({}), done_at(1)).await;
    assert_eq!(ended.output(), json!({"n": 2, "gave_up": false, "state": "done"}));
    let messages: Vec<&Value> = ended.calls.iter().map(|(_, payload)| &payload.input["message"]).collect();
    assert_eq!(messages, ["waiting", "busy"]);
    assert_eq!(states(&ended), ["Look.0", "Look.1"]);

    let ended = run(&compiled, json!({}), done_at(9)).await;
    assert_eq!(ended.failure(), ("LoopExhausted", json!("poll did not come to its end in 3 rounds")));
    assert_eq!(ended.calls.len(), 3);

    let goes_on = text.replace("max_iterations: 3", "max_iterations: 3\n    on_exhausted: continue");
    let ended = run(&right(&goes_on), json!({}), done_at(9)).await;
    assert_eq!(ended.output(), json!({"n": 3, "gave_up": true, "state": "busy"}));
}

#[tokio::test]
async fn loops_nest_and_start_anew() {
    let text = workflow(&format!(
        "  - name: outer
    type: loop
    max_iterations: 3
    until: \"${{outer_state = 'stop'}}\"
    steps:
      - name: inner
        type: loop
        max_iterations: 2
        on_exhausted: continue
        until: \"${{inner_state = 'stop'}}\"
        steps: [{}]
      - {}
",
        send("step_in", "go", ", outputs: { message_id: inner_state }"),
        send("step_out", "go", ", outputs: { message_id: outer_state }"),
    ));
    let ended = run(&right(&text), json!({}), numbered()).await;
    assert_eq!(ended.failure().0, "LoopExhausted");
    assert_eq!(
        states(&ended),
        [
            "StepIn.0.0",
            "StepIn.0.1",
            "StepIn.1.0",
            "StepIn.1.1",
            "StepIn.2.0",
            "StepIn.2.1",
            "StepOut.0",
            "StepOut.1",
            "StepOut.2"
        ]
    );
}

#[tokio::test]
async fn a_loop_that_may_fail_is_tolerated_as_a_whole() {
    let text = workflow(&format!(
        "  - name: poll
    type: loop
    max_iterations: 2
    on_error: continue
    until: \"${{state = 'done'}}\"
    steps: [{}]
outputs: {{ state: \"${{state != null ? state : 'none'}}\", error: \"${{poll_error != null ? poll_error.error : 'fine'}}\" }}
",
        send("look", "x", ", outputs: { message_id: state }")
    ));
    let compiled = right(&text);
    let ended = run(&compiled, json!({}), done_at(9)).await;
    assert_eq!(ended.output(), json!({"state": "none", "error": "LoopExhausted"}));
    let ended = run(&compiled, json!({}), done_at(1)).await;
    assert_eq!(ended.output(), json!({"state": "done", "error": "fine"}));
    let names: Vec<&str> = compiled.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["poll", "poll_rounds", "look"]);
}
