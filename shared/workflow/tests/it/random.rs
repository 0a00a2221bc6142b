//! Workflows that nobody wrote: steps of every type inside each other.

use crate::bench::{Actions, run};
use crate::support::{accepted, catalog, environment};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;
use workflow::{Catalog, Compilation, Source, compile, render};

static CATALOG: LazyLock<Catalog> = LazyLock::new(catalog);

/// A step's type and what is inside, still without names.
#[derive(Debug, Clone)]
enum Shape {
    Send,
    Set,
    Fail,
    Pause,
    Event,
    Approval(&'static str),
    Parallel(Vec<Vec<Step>>),
    Foreach(Vec<Step>, bool),
    Loop(Vec<Step>, bool),
    Switch(Vec<Vec<Step>>, bool),
}

#[derive(Debug, Clone)]
struct Step {
    shape: Shape,
    policy: &'static str,
    conditional: bool,
    gives: bool,
    limited: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let leaf = prop_oneof![
        4 => Just(Shape::Send),
        2 => Just(Shape::Set),
        1 => Just(Shape::Fail),
        1 => Just(Shape::Pause),
        1 => Just(Shape::Event),
        1 => prop_oneof![Just("fail"), Just("approve"), Just("decline")].prop_map(Shape::Approval),
    ];
    let policy =
        || prop_oneof![3 => Just("fail"), 1 => Just("retry"), 1 => Just("continue"), 1 => Just("rollback")];
    let with_policy = move |shape| (shape, policy(), any::<bool>(), any::<bool>(), any::<bool>());
    with_policy(leaf.boxed())
        .prop_map(|(shape, policy, conditional, gives, limited)| Step {
            shape,
            policy,
            conditional,
            gives,
            limited,
        })
        .prop_recursive(3, 24, 3, move |inner| {
            let steps = || proptest::collection::vec(inner.clone(), 1..4);
            let blocks = || proptest::collection::vec(proptest::collection::vec(inner.clone(), 1..3), 1..3);
            let shape = prop_oneof![
                blocks().prop_map(Shape::Parallel),
                (steps(), any::<bool>()).prop_map(|(steps, result)| Shape::Foreach(steps, result)),
                (steps(), any::<bool>()).prop_map(|(steps, goes_on)| Shape::Loop(steps, goes_on)),
                (blocks(), any::<bool>()).prop_map(|(blocks, default)| Shape::Switch(blocks, default)),
            ];
            with_policy(shape.boxed()).prop_map(|(shape, policy, conditional, gives, limited)| Step {
                shape,
                policy,
                conditional,
                gives,
                limited,
            })
        })
}

/// Gives names, and lets every message read whatever is there.
#[derive(Default)]
struct Writer {
    steps: usize,
}

impl Writer {
    fn block(&mut self, steps: &[Step], known: &mut Vec<String>) -> Value {
        steps.iter().map(|step| self.step(step, known)).collect()
    }

    fn step(&mut self, step: &Step, known: &mut Vec<String>) -> Value {
        self.steps += 1;
        let name = format!("s{}", self.steps);
        let mut written = json!({"name": name});
        let variable = format!("v{}", self.steps);
        let text = |known: &[String]| {
            let read = known.iter().rev().take(3).map(|name| format!("${{{name} != null ? {name} : ''}}"));
            format!("it's {}", read.collect::<String>())
        };
        let mut gives = None;
        let keys = match &step.shape {
            Shape::Send => {
                gives = Some("message_id");
                json!({"plugin": "communication", "action": "send_message", "inputs": {"message": text(known)}})
            }
            Shape::Set => {
                let keys = json!({"type": "set", "variables": {&variable: text(known)}});
                known.push(variable.clone());
                keys
            }
            Shape::Fail => {
                json!({"type": "fail", "error": "Odd", "cause": text(known), "when": format!("${{flag = 'fail' and flag != '{name}'}}")})
            }
            Shape::Pause => json!({"type": "wait", "for": "10m"}),
            Shape::Event => {
                gives = Some("conclusion");
                json!({"type": "wait", "event": "github.checks_completed", "match": {"repository": "a/b", "sha": text(known)}, "timeout": "2h"})
            }
            Shape::Approval(on_timeout) => {
                gives = Some("via");
                json!({"type": "approval", "question": text(known), "approvers": ["all"], "on_timeout": on_timeout})
            }
            Shape::Parallel(branches) => {
                let mut behind = Vec::new();
                let mut written = serde_json::Map::new();
                for (place, steps) in branches.iter().enumerate() {
                    let mut inside = known.clone();
                    written.insert(format!("b{place}"), self.block(steps, &mut inside));
                    behind.extend(inside.split_off(known.len()));
                }
                known.extend(behind);
                json!({"type": "parallel", "branches": written})
            }
            Shape::Foreach(steps, result) => {
                let item = format!("i{}", self.steps);
                let mut inside = known.clone();
                inside.push(item.clone());
                let steps = self.block(steps, &mut inside);
                let mut keys = json!({"type": "foreach", "items": "${list}", "as": item, "max_items": 3, "steps": steps});
                if *result {
                    keys["result"] = text(&inside).into();
                }
                if step.gives {
                    keys["outputs"] = json!({"results": format!("{variable}_list")});
                }
                keys
            }
            Shape::Loop(steps, goes_on) => {
                let steps = self.block(steps, known);
                let exhausted = if *goes_on { "continue" } else { "fail" };
                json!({"type": "loop", "steps": steps, "max_iterations": 2, "until": "${flag = 'go'}", "on_exhausted": exhausted})
            }
            Shape::Switch(blocks, default) => {
                let before = known.len();
                let mut behind = Vec::new();
                let mut cases = Vec::new();
                for (place, steps) in blocks.iter().enumerate() {
                    let mut inside = known.clone();
                    let steps = self.block(steps, &mut inside);
                    behind.extend(inside.split_off(before));
                    cases.push(json!({"when": format!("${{$length(flag) > {place}}}"), "steps": steps}));
                }
                let mut keys = json!({"type": "switch"});
                if *default && let Some(last) = cases.pop() {
                    keys["default"] = last["steps"].clone();
                }
                if cases.is_empty() {
                    cases.push(json!({"when": "${flag = 'none'}", "steps": [{"name": format!("{name}_x"), "type": "wait", "for": 1}]}));
                }
                keys["cases"] = cases.into();
                known.extend(behind);
                keys
            }
        };
        written.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        let policy = match (&step.shape, step.policy) {
            (Shape::Set | Shape::Pause, _) | (Shape::Fail, "retry" | "continue") => None,
            (_, policy) => Some(policy),
        };
        if let Some(policy) = policy {
            written["on_error"] = policy.into();
        }
        let holds_others = matches!(
            &step.shape,
            Shape::Parallel(_) | Shape::Foreach(..) | Shape::Loop(..) | Shape::Switch(..)
        );
        if step.limited && holds_others {
            // Between one pause and two.
            written["timeout"] = "15m".into();
        }
        if step.conditional && written["when"].is_null() {
            written["when"] = "${$length(flag) = 2}".into();
        }
        if let Some(field) = gives.filter(|_| step.gives) {
            written["outputs"] = json!({field: variable});
            known.push(variable);
        }
        if policy == Some("continue") {
            known.push(format!("({name}_error).error"));
        }
        written
    }
}

fn workflow(steps: &[Step]) -> String {
    let mut known = Vec::new();
    let steps = Writer::default().block(steps, &mut known);
    let outputs = known.last().map(|name| format!("${{{name} != null ? {name} : 'nothing'}}"));
    let text = json!({
        "name": "Any",
        "inputs": {"flag": "string", "list": {"type": "array", "default": []}},
        "steps": steps,
        "outputs": {"last": outputs},
    });
    serde_json::to_string_pretty(&text).unwrap()
}

#[track_caller]
fn compiled(text: &str) -> Compilation {
    let source = Source::new("workflows/any.yaml", text);
    let compilation = compile(&source, &CATALOG, &environment());
    assert!(!compilation.has_errors(), "{}\n{text}", render(&compilation.diagnostics, &source, false));
    compilation
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_right_compiles_the_same_twice_and_is_accepted(steps in proptest::collection::vec(step(), 1..4)) {
        let text = workflow(&steps);
        let compilation = compiled(&text);
        prop_assert_eq!(compilation.definition_json(), compiled(&text).definition_json());
        accepted(&compilation);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens, an execution ends as its steps say and not because a name means nothing when it runs.
    #[test]
    fn what_compiles_runs_to_its_end(steps in proptest::collection::vec(step(), 1..4), flag in "(go|no|fail|)", failing in any::<bool>()) {
        let compilation = compiled(&workflow(&steps));
        let mut actions = Actions::default().with("SendMessage", |_, payload| {
            Ok(json!({"message_id": payload.input["message"], "url": null, "channel": "c"}))
        }).replying("AwaitEvent", |_| Some(Ok(json!({"repository": "a/b", "sha": "1", "conclusion": "success"}))))
          .replying("RequestApproval", |payload| payload.state().ends_with('1').then(|| Ok(json!({"by": "ada", "via": "slack", "at": "now", "comment": null}))));
        if failing {
            actions = actions.with("SendMessage", |count, _| match count % 3 {
                2 => Err(engine::FunctionError::new("Rejected", "no")),
                _ => Ok(json!({"message_id": format!("m{count}"), "url": null, "channel": "c"})),
            });
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let ended = runtime.block_on(run(&compilation, json!({"flag": flag, "list": [1, "two"]}), actions));
        let expected = ["Odd", "Rejected", "Declined", "States.Timeout", "LoopExhausted", "RolledBack"];
        let error = ended.execution.error.as_deref();
        prop_assert!(
            error.is_none_or(|error| expected.contains(&error)),
            "{error:?} {:?}\n{}", ended.execution.cause, workflow(&steps)
        );
    }
}
