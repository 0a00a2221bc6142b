//! Nothing happens before the admission, and everything after it says which admission it needs.

use crate::bench::{Actions, run, run_among, usual};
use crate::support::{folder, right};
use serde_json::{Value, json};

const FETCH: &str = "name: Look
inputs: { task_id: string }
steps:
  - { name: fetch, plugin: task_management, action: get_task, inputs: { task_id: \"${task_id}\" }, on_error: continue }
";

#[tokio::test]
async fn a_refused_run_ends_before_its_first_step_whatever_the_steps_say() {
    let actions = Actions::default().failing("Admit", "Rejected");
    let ended = run(&right(FETCH), json!({"task_id": "SHOP-1"}), actions).await;
    assert_eq!(ended.failure(), ("Rejected", json!({"errorType": "Rejected", "errorMessage": "because"})));
    assert!(ended.calls.is_empty());
    assert_eq!(ended.admissions.len(), 1, "a refusal is not tried again");
}

#[tokio::test]
async fn every_call_needs_the_admission_of_its_run() {
    let ended = run(&right(FETCH), json!({"task_id": "SHOP-1"}), Actions::default()).await;
    let [admission] = ended.admissions.as_slice() else { panic!("{:?}", ended.admissions) };
    assert_eq!((admission.state(), &admission.input), ("Admit", &json!({"grant": null})));
    let (_, fetch) = &ended.calls[0];
    assert_eq!((fetch.v, fetch.admission_needed()), (2, Some(admission.run.as_str())));
}

#[tokio::test]
async fn a_child_is_of_its_parents_run() {
    let parent = "name: Parent
steps:
  - { name: call, type: workflow, workflow: child, inputs: { task_id: SHOP-1 }, timeout: 1h }
";
    let [child, parent] = folder([("child", FETCH), ("parent", parent)]);
    let actions = Actions::default().with("GetTask", |_, _| Ok(usual("GetTask")));
    let ended = run_among(&parent, &[&child], json!({}), actions).await;
    let [own, childs] = ended.admissions.as_slice() else { panic!("{:?}", ended.admissions) };
    assert_eq!(own.run, childs.run);
    assert_eq!(childs.key, format!("{}/Call/Admit", own.run));
    assert_eq!(childs.input, json!({"grant": null}), "what a child is granted is known to its run");
    let (_, fetch) = &ended.calls[0];
    assert_eq!(fetch.admission_needed(), Some(own.run.as_str()));
}

#[test]
fn a_child_of_an_earlier_parent_says_so() {
    let definition = right(FETCH).definition.unwrap();
    let grant = definition["States"]["Admit"]["Arguments"]["Payload"]["input"]["grant"].as_str().unwrap();
    let expression = grant.trim_start_matches("{%").trim_end_matches("%}");
    let granted = |input: Value| {
        let bindings =
            jlens_core::Bindings::new().var("states", json!({"context": {"Execution": {"Input": input}}}));
        jlens_core::Expression::compile(expression).unwrap().evaluate(None, &bindings).unwrap().unwrap()
    };
    assert_eq!(granted(json!({})), Value::Null);
    assert_eq!(granted(json!({"parent": null})), Value::Null);
    assert_eq!(granted(json!({"parent": null, "grant": "machine"})), "machine");
    assert_eq!(granted(json!({"parent": {"run": "r", "at": "a"}})), "earlier");
    assert_eq!(granted(json!({"parent": {"run": "r", "at": "a", "v": 2}})), Value::Null);
    assert_eq!(granted(json!({"parent": {"run": "r", "at": "a", "v": 2}, "grant": "machine"})), Value::Null);
}
