//! No definition, however odd, makes the engine panic.

use engine::validate;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Words that mean something in a definition, so that odd documents get past the first check.
fn word() -> impl Strategy<Value = String> {
    let known = [
        "QueryLanguage",
        "JSONata",
        "StartAt",
        "States",
        "A",
        "B",
        "Type",
        "Task",
        "Pass",
        "Choice",
        "Wait",
        "Map",
        "Parallel",
        "Succeed",
        "Fail",
        "Next",
        "End",
        "Choices",
        "Condition",
        "Default",
        "Seconds",
        "Timestamp",
        "Items",
        "ItemProcessor",
        "Branches",
        "Retry",
        "Catch",
        "ErrorEquals",
        "States.ALL",
        "Assign",
        "Output",
        "Arguments",
        "Resource",
        "arn:aws:states:::lambda:invoke",
        "{% $states.input %}",
        "{% 1 + %}",
        "{% $a.b[0] %}",
        "TimeoutSeconds",
        "MaxAttempts",
        "BackoffRate",
        "{%%}",
    ];
    prop_oneof![4 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,12}"]
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((word(), inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A state with legal bones and odd flesh.
fn state() -> impl Strategy<Value = Value> {
    let kinds = ["Task", "Pass", "Choice", "Wait", "Map", "Parallel", "Succeed", "Fail"];
    (proptest::sample::select(kinds.to_vec()), proptest::collection::vec((word(), document()), 0..6))
        .prop_map(|(kind, fields)| {
            let mut state: serde_json::Map<String, Value> = fields.into_iter().collect();
            state.insert("Type".to_owned(), json!(kind));
            Value::Object(state)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_judged(text in ".{0,200}") {
        validate(&text);
    }

    #[test]
    fn any_json_is_judged(document in document()) {
        validate(&document.to_string());
    }

    #[test]
    fn any_states_are_judged(a in state(), b in state()) {
        let definition = json!({ "QueryLanguage": "JSONata", "StartAt": "A", "States": { "A": a, "B": b } });
        validate(&definition.to_string());
    }

    #[test]
    fn any_expression_is_judged(source in "[$a-z0-9.()\\[\\]{}:=?&|+*'\" -]{0,60}") {
        let definition = json!({
            "QueryLanguage": "JSONata",
            "StartAt": "A",
            "States": { "A": { "Type": "Pass", "Output": format!("{{% {source} %}}"), "End": true } },
        });
        validate(&definition.to_string());
    }
}

#[test]
fn deep_nesting_is_refused_and_not_overflowed() {
    let deep = |open: &str, close: &str| format!("{{% {}1{} %}}", open.repeat(20_000), close.repeat(20_000));
    for source in [deep("(", ")"), deep("[", "]"), deep("-", ""), deep("1+", "")] {
        let definition = json!({
            "QueryLanguage": "JSONata",
            "StartAt": "A",
            "States": { "A": { "Type": "Pass", "Output": source, "End": true } },
        });
        validate(&definition.to_string());
    }
    let mut flow = json!({ "StartAt": "A0", "States": { "A0": { "Type": "Pass", "End": true } } });
    for depth in 1..20 {
        let name = format!("A{depth}");
        flow = json!({ "StartAt": &name, "States": { &name: { "Type": "Parallel", "Branches": [flow], "End": true } } });
    }
    flow["QueryLanguage"] = json!("JSONata");
    assert!(validate(&flow.to_string()).iter().any(|found| found.code == "TOO_DEEPLY_NESTED"));
}
