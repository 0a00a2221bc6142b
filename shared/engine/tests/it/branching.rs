//! Choice, Parallel and Map.

use serde_json::{Value, json};

use crate::bench::{Bench, Functions, check, check_failure, invoke, machine};

fn choice() -> Value {
    machine(
        "Size",
        json!({
            "Size": {
                "Type": "Choice",
                "Choices": [
                    { "Condition": "{% $states.input.n > 10 %}", "Next": "Done", "Output": "large", "Assign": { "v": 1 } },
                    { "Condition": "{% $states.input.n > 5 %}", "Next": "Done", "Assign": { "v": 2 } },
                ],
                "Default": "Done",
                "Assign": { "v": 3 },
                "Output": "small",
            },
            "Done": { "Type": "Pass", "Output": { "v": "{% $v %}", "in": "{% $states.input %}" }, "End": true },
        }),
    )
}

#[test]
fn the_first_rule_that_holds_decides() {
    check(&choice(), &json!({ "n": 20 }), &json!({ "v": 1, "in": "large" }));
    check(&choice(), &json!({ "n": 7 }), &json!({ "v": 2, "in": { "n": 7 } }));
    check(&choice(), &json!({ "n": 1 }), &json!({ "v": 3, "in": "small" }));
}

#[test]
fn a_choice_without_a_match_fails() {
    let definition = machine(
        "C",
        json!({
            "C": { "Type": "Choice", "Choices": [{ "Condition": "{% $states.input.go %}", "Next": "End" }] },
            "End": { "Type": "Succeed" },
        }),
    );
    check(&definition, &json!({ "go": true }), &json!({ "go": true }));
    check_failure(
        &definition,
        &json!({ "go": false }),
        "States.Runtime",
        "An error occurred while executing the state 'C' (entered at the event id #2). Failed to transition out of the \
         state. The state does not point to a next state.",
    );
    check_failure(
        &definition,
        &json!({ "go": "yes" }),
        "States.QueryEvaluationError",
        "An error occurred while executing the state 'C' (entered at the event id #2). The JSONata expression \
         '$states.input.go' specified for the field 'Choices[0]/Condition' returned an unexpected result type. Expected \
         'boolean', but was 'string' for value: \"yes\"",
    );
}

#[test]
fn branches_see_outer_variables_and_keep_their_own() {
    let branch = |name: &str, output: &str| {
        let states =
            json!({ name: { "Type": "Pass", "Assign": { name: 1 }, "Output": output, "End": true } });
        json!({ "StartAt": name, "States": states })
    };
    let definition = machine(
        "Set",
        json!({
            "Set": { "Type": "Pass", "Assign": { "outer": 7 }, "Next": "Both" },
            "Both": {
                "Type": "Parallel",
                "Arguments": { "n": "{% $states.input.n * 2 %}" },
                "Branches": [branch("A", "{% $outer %}"), branch("B", "{% $states.input.n %}")],
                "Assign": { "all": "{% $states.result %}" },
                "Output": "{% $sum($states.result) %}",
                "Next": "Last",
            },
            "Last": {
                "Type": "Pass",
                "Output": { "all": "{% $all %}", "sum": "{% $states.input %}", "gone": "{% $exists($A) %}" },
                "End": true,
            },
        }),
    );
    check(&definition, &json!({ "n": 4 }), &json!({ "all": [7, 8], "sum": 15, "gone": false }));
}

fn map(more: Value) -> Value {
    let mut state = json!({
        "Type": "Map",
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "INLINE" },
            "StartAt": "Each",
            "States": { "Each": invoke("each", json!("{% $states.input %}"), json!({
                "Output": "{% $states.result.Payload %}", "End": true,
            })) },
        },
        "End": true,
    });
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    machine("All", json!({ "All": state }))
}

fn double() -> Functions {
    Functions::default().with("each", |_, payload| Ok(json!(payload.as_i64().unwrap() * 2)))
}

#[tokio::test]
async fn a_map_runs_its_body_for_every_item_in_order() {
    let mut bench = Bench::new(double()).await;
    let ended = bench
        .run(&map(json!({ "Items": "{% [$states.input.list] %}" })), &json!({ "list": [1, 2, 3] }))
        .await;
    assert_eq!(ended.output.as_deref(), Some("[2,4,6]"));
    let ended = bench.run(&map(json!({})), &json!([])).await;
    assert_eq!(ended.output.as_deref(), Some("[]"));
    let types: Vec<Value> =
        bench.history(&ended.execution_arn).await.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(
        json!(types),
        json!([
            "ExecutionStarted",
            "MapStateEntered",
            "MapStateStarted",
            "MapStateSucceeded",
            "MapStateExited",
            "ExecutionSucceeded"
        ])
    );
}

#[tokio::test]
async fn an_item_selector_sees_item_and_index() {
    let functions = Functions::default().with("each", |_, payload| Ok(payload.clone()));
    let mut bench = Bench::new(functions).await;
    let definition = map(json!({
        "Items": "{% $states.input.list %}",
        "MaxConcurrency": 1,
        "ItemSelector": {
            "i": "{% $states.context.Map.Item.Index %}",
            "v": "{% $states.context.Map.Item.Value %}",
            "all": "{% $count($states.input.list) %}",
        },
    }));
    let ended = bench.run(&definition, &json!({ "list": ["a", "b"] })).await;
    let output: Value = serde_json::from_str(&ended.output.unwrap()).unwrap();
    assert_eq!(output, json!([{ "i": 0, "v": "a", "all": 2 }, { "i": 1, "v": "b", "all": 2 }]));
    let types: Vec<String> = bench
        .history(&ended.execution_arn)
        .await
        .iter()
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .filter(|kind| kind.starts_with("MapIteration"))
        .collect();
    // One at a time: the second begins only when the first is over.
    assert_eq!(
        types,
        ["MapIterationStarted", "MapIterationSucceeded", "MapIterationStarted", "MapIterationSucceeded"]
    );
}

#[tokio::test]
async fn the_first_failed_iteration_fails_the_map() {
    let functions = Functions::default().with("each", |_, payload| match payload.as_i64() {
        Some(2) => Err(engine::FunctionError::new("Odd", "two")),
        _ => Ok(payload.clone()),
    });
    let mut bench = Bench::new(functions).await;
    let definition = map(json!({ "MaxConcurrency": 1, "Catch": [
        { "ErrorEquals": ["Odd"], "Next": "Caught", "Output": "{% $states.errorOutput %}" },
    ], "Next": "Caught" }));
    let mut definition = definition;
    definition["States"]["All"].as_object_mut().unwrap().remove("End");
    definition["States"]["Caught"] = json!({ "Type": "Succeed" });
    let ended = bench.run(&definition, &json!([1, 2, 3])).await;
    let output: Value = serde_json::from_str(&ended.output.unwrap()).unwrap();
    assert_eq!(output, json!({ "Error": "Odd", "Cause": r#"{"errorType":"Odd","errorMessage":"two"}"# }));
    assert_eq!(bench.functions.calls("each"), [json!(1), json!(2)]);
    let types: Vec<Value> =
        bench.history(&ended.execution_arn).await.iter().map(|event| event["type"].clone()).collect();
    assert!(types.contains(&json!("MapIterationFailed")) && types.contains(&json!("MapStateFailed")));
}

#[test]
fn a_map_over_something_else_fails() {
    // One match of a filter is the item itself, which is why people wrap it in an array.
    check_failure(
        &map(json!({ "Items": "{% $states.input.many[ok] %}" })),
        &json!({ "many": [{ "ok": true }, { "ok": false }] }),
        "States.QueryEvaluationError",
        "An error occurred while executing the state 'All' (entered at the event id #2). The JSONata expression \
         '$states.input.many[ok]' specified for the field 'Items' returned an unexpected result type. Expected 'array', \
         but was 'object' for value: {\"ok\":true}",
    );
    check_failure(
        &map(json!({ "Items": "{% $states.input.one %}" })),
        &json!({ "one": "a" }),
        "States.QueryEvaluationError",
        "An error occurred while executing the state 'All' (entered at the event id #2). The JSONata expression \
         '$states.input.one' specified for the field 'Items' returned an unexpected result type. Expected 'array', but \
         was 'string' for value: \"a\"",
    );
}
