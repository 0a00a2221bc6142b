//! Machines made at random run to an end, and their histories hold together.

use std::collections::BTreeMap;

use engine::FunctionError;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::bench::{Bench, Functions, invoke};

/// One state of a chain, to be rendered with a name and a successor.
#[derive(Clone, Debug)]
enum Piece {
    Pass(usize),
    Choice(usize),
    Wait(u8),
    Task { function: usize, retry: bool, catch: bool },
    Map { items: usize, concurrency: u8, body: Vec<Piece> },
    Parallel { branches: Vec<Vec<Piece>>, catch: bool },
    Fail,
}

const OUTPUTS: [&str; 7] = [
    "{% $states.input %}",
    "{% [1..3] %}",
    "{% {'a': $random() > 2, 'n': $count($states.context.Execution.Input)} %}",
    "{% $states.input.a %}",
    "{% $uuid() & $states.context.State.Name %}",
    "{% $exists($states.context.Map) %}",
    "plain",
];
const CONDITIONS: [&str; 4] =
    ["{% true %}", "{% $states.input = 1 %}", "{% $states.input.a %}", "{% $random() < 0.5 %}"];
const ITEMS: [&str; 4] = ["{% [1..5] %}", "{% [] %}", "{% $states.input %}", "{% [[1, 2], 'x', null] %}"];
const FUNCTIONS: [&str; 3] = ["echo", "flaky", "broken"];

fn piece() -> impl Strategy<Value = Piece> {
    let leaf = prop_oneof![
        4 => (0..OUTPUTS.len()).prop_map(Piece::Pass),
        2 => (0..CONDITIONS.len()).prop_map(Piece::Choice),
        1 => any::<u8>().prop_map(Piece::Wait),
        3 => (0..FUNCTIONS.len(), any::<bool>(), any::<bool>())
            .prop_map(|(function, retry, catch)| Piece::Task { function, retry, catch }),
        1 => Just(Piece::Fail),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let chain = proptest::collection::vec(inner, 1..4);
        prop_oneof![
            (0..ITEMS.len(), 0..4_u8, chain.clone()).prop_map(|(items, concurrency, body)| Piece::Map {
                items,
                concurrency,
                body
            }),
            (proptest::collection::vec(chain, 1..4), any::<bool>())
                .prop_map(|(branches, catch)| Piece::Parallel { branches, catch }),
        ]
    })
}

/// Renders a chain as a flow whose state names begin with `prefix`. It always ends in a Succeed state, to which every
/// way out leads.
fn flow(pieces: &[Piece], prefix: &str) -> Map<String, Value> {
    let name = |index: usize| format!("{prefix}{index}");
    let last = name(pieces.len());
    let mut states = Map::new();
    for (index, piece) in pieces.iter().enumerate() {
        let next = name(index + 1);
        let caught = json!([{ "ErrorEquals": ["States.ALL"], "Next": &last }]);
        let inner = |number: usize| format!("{prefix}{index}x{number}y");
        let mut state = match piece {
            Piece::Pass(output) => json!({ "Type": "Pass", "Output": OUTPUTS[*output], "Next": next }),
            Piece::Choice(condition) => json!({
                "Type": "Choice",
                "Choices": [{ "Condition": CONDITIONS[*condition], "Next": &last }],
                "Default": next,
            }),
            Piece::Wait(seconds) => json!({ "Type": "Wait", "Seconds": seconds, "Next": next }),
            Piece::Task { function, retry, .. } => {
                let retriers = json!([{ "ErrorEquals": ["Flaky"], "JitterStrategy": "FULL" }]);
                let more = if *retry { json!({ "Retry": retriers }) } else { json!({}) };
                let mut state = invoke(FUNCTIONS[*function], json!("{% $states.input %}"), more);
                state["Next"] = json!(next);
                state
            }
            Piece::Map { items, concurrency, body } => json!({
                "Type": "Map",
                "Items": ITEMS[*items],
                "MaxConcurrency": concurrency,
                "ItemProcessor": flow(body, &inner(0)),
                "Next": next,
            }),
            Piece::Parallel { branches, .. } => {
                let branches: Vec<_> = branches
                    .iter()
                    .enumerate()
                    .map(|(number, branch)| flow(branch, &inner(number)))
                    .collect();
                json!({ "Type": "Parallel", "Branches": branches, "Next": next })
            }
            Piece::Fail => json!({
                "Type": "Choice",
                "Choices": [{ "Condition": "{% $random() < 0.8 %}", "Next": next }],
                "Default": format!("{prefix}{index}f"),
            }),
        };
        if matches!(piece, Piece::Task { catch: true, .. } | Piece::Parallel { catch: true, .. }) {
            state["Catch"] = caught;
        }
        if matches!(piece, Piece::Fail) {
            states.insert(format!("{prefix}{index}f"), json!({ "Type": "Fail", "Error": "Drawn" }));
        }
        states.insert(name(index), state);
    }
    states.insert(last, json!({ "Type": "Succeed" }));
    let Value::Object(flow) = json!({ "StartAt": name(0), "States": states }) else { unreachable!() };
    flow
}

fn functions() -> Functions {
    Functions::default()
        .with("echo", |_, payload| Ok(payload.clone()))
        .with("flaky", |before, payload| match before % 3 {
            0 => Err(FunctionError::new("Flaky", "every third time")),
            _ => Ok(payload.clone()),
        })
        .with("broken", |_, _| Err(FunctionError::new("Broken", "always")))
}

/// The invariants of every history.
fn check_history(events: &[Value], status: &str) {
    let mut entered: BTreeMap<&str, i64> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["id"], json!(index + 1));
        assert!(event["previousEventId"].as_u64() < event["id"].as_u64(), "{event}");
        if index > 0 {
            assert!(events[index - 1]["timestamp"].as_f64() <= event["timestamp"].as_f64(), "{event}");
        }
        let name = |field: &str| event[field]["name"].as_str();
        if let Some(name) = name("stateEnteredEventDetails") {
            *entered.entry(name).or_default() += 1;
        }
        if let Some(name) = name("stateExitedEventDetails") {
            let open = entered.entry(name).or_default();
            *open -= 1;
            assert!(*open >= 0, "{name} is left more often than entered");
        }
    }
    let last = events.last().unwrap()["type"].as_str().unwrap();
    match status {
        "SUCCEEDED" => {
            assert_eq!(last, "ExecutionSucceeded");
            let caught = events.iter().any(|event| event["type"].as_str().unwrap().ends_with("StateFailed"));
            assert!(caught || entered.values().all(|open| *open == 0), "{entered:?}");
        }
        other => assert_eq!((other, last), ("FAILED", "ExecutionFailed")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 50, ..ProptestConfig::default() })]

    #[test]
    fn any_machine_runs_to_an_end(pieces in proptest::collection::vec(piece(), 1..5)) {
        let mut definition = Value::Object(flow(&pieces, "S"));
        definition["QueryLanguage"] = json!("JSONata");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut bench = Bench::new(functions()).await;
            let ended = bench.run(&definition, &json!([1])).await;
            check_history(&bench.history(&ended.execution_arn).await, &ended.status);
        });
    }
}
