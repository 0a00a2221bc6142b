//! Steps of type `agent`: what is refused, and what they compile to, run on the engine.

use crate::bench::{Actions, Ended, run};
use crate::nesting::workflow;
use crate::support::right;
use engine::FunctionError;
use serde_json::{Value, json};

const SESSION: &str = "s-0123456789abcdef0123456789abcdef";

/// A workflow of one agent, with more keys of its step.
pub(crate) fn one(more: &str) -> String {
    workflow(&format!(
        "  - name: fetch
    plugin: task_management
    action: get_task
    inputs: {{ task_id: SHOP-1 }}
    outputs: {{ task: task }}
  - name: implement
    type: agent
    inputs: {{ task: \"${{task}}\", repository: acme/shop, branch: feature/x }}
    outputs: {{ outcome: work.outcome, implementation: work.edits, turns: work.turns, cost_usd: work.cost, session: work.session }}
{more}outputs: {{ work: \"${{work}}\" }}
"
    ))
}

fn ended_turn(next: &str, turn: u64, question: Value, result: Value) -> Value {
    json!({
        "session": SESSION, "next": next, "turn": turn, "turns": turn, "question": question, "result": result,
        "cost_usd": 0.01 * turn as f64,
    })
}

fn result() -> Value {
    let stored = json!({"ref": "r", "bytes": 1, "sha256": "0"});
    json!({
        "outcome": "done", "summary": "Adds a limit", "pr_title": "Limit carts", "pr_description": "It limits.",
        "commit_message": "Limit carts", "tests": "None ran", "open_points": [],
        "implementation": {
            "summary": "Adds a limit", "pr_title": "Limit carts", "pr_description": "It limits.", "documentation": "",
            "commit_message": "Limit carts", "files": ["a.rs"], "edits": stored
        },
    })
}

/// An agent whose turns need what is listed; after the last one it is done.
fn agent(turns: &'static [&'static str]) -> Actions {
    let next = |payload: &domain::execution::TaskPayload| -> Value {
        assert_eq!(payload.input["session"], SESSION);
        json!({"session": SESSION, "next": "think"})
    };
    Actions::default()
        .with("OpenSession", |_, _| Ok(json!({"session": SESSION, "next": "think", "turn": 0})))
        .with("Think", |count, payload| {
            assert_eq!(payload.input, json!({"session": SESSION}));
            Ok(json!({"session": SESSION, "next": "run_tools", "turn": count + 1, "cost_usd": 0.01}))
        })
        .with("RunTools", move |count, _| {
            let turn = count as u64 + 1;
            Ok(match turns.get(count) {
                Some(&"ask") => {
                    let question = json!({"text": "Which limit?", "options": ["ten", "twenty"]});
                    ended_turn("ask", turn, question, Value::Null)
                }
                Some(other) => ended_turn(other, turn, Value::Null, Value::Null),
                None => ended_turn("done", turn, Value::Null, result()),
            })
        })
        .with("AnswerSession", move |_, payload| Ok(next(payload)))
        .with("LoadPaths", move |_, payload| Ok(next(payload)))
}

/// What was called for, in order: states, with the indexes around them.
fn states(ended: &Ended) -> Vec<&str> {
    ended.calls.iter().map(|(_, payload)| payload.state()).collect()
}

fn approved(
    comment: Value,
) -> impl Fn(&domain::execution::TaskPayload) -> Option<Result<Value, FunctionError>> {
    move |_| Some(Ok(json!({"by": "ada", "via": "slack", "at": "2026-01-01T00:00:00Z", "comment": comment})))
}

fn of<'e>(ended: &'e Ended, function: &str) -> Vec<&'e Value> {
    ended.calls.iter().filter(|(name, _)| name == function).map(|(_, payload)| &payload.input).collect()
}

#[tokio::test]
async fn an_agent_thinks_and_runs_tools_until_it_is_done() {
    let ended = run(&right(&one("")), json!({}), agent(&["think", "load", "think"])).await;
    assert_eq!(
        ended.functions(),
        [
            "GetTask",
            "OpenSession",
            "Think",
            "RunTools",
            "Think",
            "RunTools",
            "LoadPaths",
            "Think",
            "RunTools",
            "Think",
            "RunTools"
        ]
    );
    let work = &ended.output()["work"];
    assert_eq!(
        (&work["outcome"], &work["turns"], &work["session"]),
        (&json!("done"), &json!(4), &json!(SESSION))
    );
    assert_eq!((&work["edits"]["files"], &work["cost"]), (&json!(["a.rs"]), &json!(0.04)));
    let opened = ended.input("OpenSession");
    assert_eq!((&opened["agent"], &opened["branch"]), (&json!("development"), &json!("feature/x")));
    assert_eq!(opened["task"]["task_id"], "SHOP-1");
    // Each turn has its own keys: what is recorded of one says nothing about another.
    assert_eq!(
        states(&ended)[1..],
        [
            "Implement",
            "ImplementThink.0",
            "ImplementRunTools.0",
            "ImplementThink.1",
            "ImplementRunTools.1",
            "ImplementLoad.2",
            "ImplementThink.2",
            "ImplementRunTools.2",
            "ImplementThink.3",
            "ImplementRunTools.3"
        ]
    );
}

#[tokio::test]
async fn questions_park_and_answers_go_to_the_session() {
    let more = "    approvers: [ada]\n";
    let asked = || agent(&["ask"]).replying("RequestApproval", approved(json!("ten")));
    let ended = run(&right(&one(more)), json!({}), asked()).await;
    let question = of(&ended, "RequestApproval")[0];
    assert_eq!((&question["question"], &question["approvers"]), (&json!("Which limit?"), &json!(["ada"])));
    let details = question["details"].as_str().unwrap();
    assert!(details.starts_with("Suggested answers: ten · twenty. "), "{details}");
    let answer = |ended: &Ended| of(ended, "AnswerSession")[0].clone();
    assert_eq!(answer(&ended), json!({"session": SESSION, "answer": "ten", "by": "ada"}));
    assert_eq!(ended.output()["work"]["turns"], 2);

    let silent = agent(&["ask"]).replying("RequestApproval", approved(Value::Null));
    assert_eq!(answer(&run(&right(&one(more)), json!({}), silent).await)["answer"], "Yes.");

    // A no is an answer, not the end.
    let no = agent(&["ask"]).replying("RequestApproval", |_| {
        Some(Err(FunctionError::new("Declined", "ada declined: no limit at all")))
    });
    let ended = run(&right(&one(more)), json!({}), no).await;
    let expected = json!({"session": SESSION, "answer": "No: ada declined: no limit at all", "by": null});
    assert_eq!(answer(&ended), expected);
    assert_eq!(ended.output()["work"]["outcome"], "done");

    // Nobody answers for a week.
    let nobody = agent(&["ask"]).replying("RequestApproval", |_| None);
    let ended = run(&right(&one(more)), json!({}), nobody).await;
    assert_eq!((ended.error(), ended.seconds()), ("States.Timeout", 7 * 24 * 3600));
}

#[tokio::test]
async fn a_turn_is_three_transitions_and_carries_less_than_a_kilobyte() {
    let compiled = right(&one(""));
    let states = &compiled.definition.as_ref().unwrap()["States"];
    // From the choice round to the choice again.
    let rules = states["ImplementNext"]["Choices"].as_array().unwrap();
    let think = rules.iter().find(|rule| rule["Next"] == "ImplementThink").unwrap();
    assert_eq!(think["Output"], json!({}));
    assert_eq!(states["ImplementThink"]["Next"], "ImplementRunTools");
    assert_eq!(states["ImplementRunTools"]["Next"], "ImplementNext");
    for state in ["Implement", "ImplementThink", "ImplementRunTools", "ImplementLoad", "ImplementAnswer"] {
        assert_eq!(states[state]["Output"], json!({}), "{state}");
    }
    let ended = run(&compiled, json!({}), agent(&["think"; 58])).await;
    assert_eq!(ended.calls.len(), 2 + 2 * 59);
    for (function, payload) in &ended.calls[2..] {
        let sent = serde_json::to_vec(&payload).unwrap().len();
        assert!(sent < 1024, "{function} was sent {sent} bytes");
    }
    let kept = ended_turn("think", 59, Value::Null, Value::Null);
    assert!(kept.to_string().len() < 1024);
}

#[tokio::test]
async fn a_lost_reply_is_asked_for_twice_more_and_then_the_step_parks() {
    let lost = |count: usize| {
        move |seen: usize, _: &domain::execution::TaskPayload| match seen < count {
            true => Err(FunctionError::new("ReplyLost", "the connection broke")),
            false => Ok(json!({"session": SESSION, "next": "run_tools", "turn": 1, "cost_usd": 0.01})),
        }
    };
    let ended = run(&right(&one("")), json!({}), agent(&[]).with("Think", lost(2))).await;
    assert_eq!(of(&ended, "Think").len(), 3);
    assert!(of(&ended, "AwaitProvider").is_empty());
    // A `retry` of the step asks for more, which a call that may have been paid for does not get.
    let retried = "    on_error: retry\n    retry: { max_attempts: 9, base_delay: 1s }\n";
    for more in ["", retried] {
        let ended = run(&right(&one(more)), json!({}), agent(&[]).with("Think", lost(3))).await;
        assert_eq!(of(&ended, "AwaitProvider").len(), 1, "{more}");
        assert_eq!(of(&ended, "Think").len(), 4, "{more}");
        assert_eq!(ended.output()["work"]["outcome"], "done");
    }
    let spent = agent(&[]).with("Think", |count, _| match count {
        0 => Err(FunctionError::new("BudgetExceeded", "SHOP-1 has spent its $10")),
        _ => Ok(json!({"session": SESSION, "next": "run_tools", "turn": 1, "cost_usd": 0.01})),
    });
    let ended = run(&right(&one("")), json!({}), spent).await;
    assert_eq!(of(&ended, "AwaitBudget").len(), 1);
}

#[tokio::test]
async fn errors_follow_the_steps_policy_wherever_they_happen() {
    for (function, next) in [
        ("OpenSession", "think"),
        ("Think", "think"),
        ("RunTools", "think"),
        ("RequestApproval", "ask"),
        ("AnswerSession", "ask"),
        ("LoadPaths", "load"),
    ] {
        let turns: &'static [&'static str] = match next {
            "ask" => &["ask"],
            "load" => &["load"],
            _ => &[],
        };
        let failing = || {
            let agent = agent(turns).replying("RequestApproval", approved(json!("ten")));
            match function {
                "RequestApproval" => {
                    agent.replying(function, |_| Some(Err(FunctionError::new("Rejected", "because"))))
                }
                _ => agent.failing(function, "Rejected"),
            }
        };
        let ended = run(&right(&one("")), json!({}), failing()).await;
        assert_eq!(ended.error(), "Rejected", "{function}");
        let ended = run(&right(&one("    on_error: continue\n")), json!({}), failing()).await;
        assert_eq!(ended.output()["work"]["outcome"], Value::Null, "{function}");
        let ended = run(&right(&one("    on_error: rollback\n")), json!({}), failing()).await;
        let (error, cause) = ended.failure();
        assert_eq!(
            (error, &cause["step"], &cause["error"]),
            ("RolledBack", &json!("implement"), &json!("Rejected"))
        );
    }
}

#[tokio::test]
async fn a_session_that_was_opened_before_goes_on_where_it_was() {
    let opened = agent(&[])
        .with("OpenSession", |_, _| Ok(json!({"session": SESSION, "next": "run_tools", "turn": 7})));
    let ended = run(&right(&one("")), json!({}), opened).await;
    assert_eq!(states(&ended)[1..], ["Implement", "ImplementRunTools.7"]);
    assert_eq!(ended.output()["work"]["outcome"], "done");
}

#[tokio::test]
async fn what_a_session_needs_and_nobody_knows_ends_with_a_reason() {
    for (more, expected) in [("", "UnknownNext"), ("    on_error: rollback\n", "RolledBack")] {
        let ended = run(&right(&one(more)), json!({}), agent(&["dance"])).await;
        let (error, cause) = ended.failure();
        assert_eq!(error, expected);
        assert!(cause.to_string().contains("recompile the workflow"), "{cause}");
    }
}

#[tokio::test]
async fn a_timeout_limits_all_of_it() {
    let endless = |more: &str| {
        let compiled = right(&one(more));
        async move { run(&compiled, json!({}), agent(&["think"; 200]).taking("Think", 60)).await }
    };
    let ended = endless("    timeout: 10m\n").await;
    assert_eq!((ended.error(), ended.seconds()), ("States.Timeout", 600));
    let ended = endless("    timeout: 10m\n    on_error: continue\n").await;
    assert_eq!(ended.seconds(), 600);
    assert_eq!(ended.output()["work"]["outcome"], Value::Null);
    let ended = endless("    timeout: 10m\n    on_error: rollback\n").await;
    assert_eq!(ended.failure().1["error"], "States.Timeout");
    // A retry is of single calls, within the one limit.
    let ended = endless("    timeout: 10m\n    retry: { max_attempts: 3, base_delay: 1s }\n").await;
    assert_eq!(ended.error(), "States.Timeout");
}

pub(crate) const EACH: &str = "  - name: each
    type: foreach
    items: [a, b]
    as: part
    max_items: 2
    steps:
      - name: implement
        type: agent
        inputs: { repository: acme/shop, branch: \"feature/${part}\" }
    outputs: { results: found }
outputs: { found: \"${found}\" }
";

#[tokio::test]
async fn agents_work_in_iterations_and_branches_of_their_own() {
    let ended = run(&right(&workflow(EACH)), json!({}), agent(&["think", "think", "think"])).await;
    let mut keys = states(&ended);
    keys.sort();
    assert!(keys.contains(&"Implement.0") && keys.contains(&"ImplementThink.1.0"), "{keys:?}");
    let found = ended.output()["found"].clone();
    assert_eq!(found.as_array().unwrap().len(), 2);
    assert_eq!((&found[0]["outcome"], &found[1]["session"]), (&json!("done"), &json!(SESSION)));

    let parallel = workflow(
        "  - name: both
    type: parallel
    on_error: rollback
    branches:
      one:
        - { name: first, type: agent, inputs: { branch: a }, outputs: { outcome: one_outcome } }
      other:
        - { name: second, type: agent, inputs: { branch: b }, outputs: { outcome: other_outcome }, on_error: rollback }
outputs: { one: \"${one_outcome}\", other: \"${other_outcome}\" }
",
    );
    let ended = run(&right(&parallel), json!({}), agent(&["think"])).await;
    assert_eq!(ended.output(), json!({"one": "done", "other": "done"}));
    let ended = run(&right(&parallel), json!({}), agent(&[]).failing("RunTools", "Conflict")).await;
    assert_eq!(ended.error(), "RolledBack");
}
