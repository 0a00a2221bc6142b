//! Taking back what a run did: undo, pages of effects, and effects whose answer was lost.

use crate::bench::{Actions, run};
use crate::support::{effects, shipped};
use engine::FunctionError;
use serde_json::{Value, json};

#[tokio::test]
async fn undo_takes_back_another_run() {
    let listed = effects(&[(
        "arn:old/CreateBranch",
        "create_branch",
        json!({"action": "delete_branch", "input": {"branch": "b"}}),
    )]);
    let list = listed.clone();
    let actions = Actions::default().with("ListEffects", move |_, _| Ok(list.clone()));
    let ended = run(&shipped("undo"), json!({"run": "arn:old"}), actions).await;
    let receipt = json!({"undone": ["create_branch"], "already_gone": [], "instead": [], "not_undone": [], "kept": [], "others": 0});
    assert_eq!(ended.output(), receipt);
    assert_eq!(ended.functions(), ["ListEffects", "DeleteBranch"]);
    assert_eq!(ended.input("ListEffects"), &json!({"run": "arn:old", "page": 0}));
    // What it does is its own doing: its steps are shown with it, and not with the execution that is taken back.
    let own = ended.admissions[0].run.as_str();
    assert!(ended.calls.iter().all(|(_, payload)| payload.run == own));
    assert!(ended.calls.iter().all(|(_, payload)| payload.admission_needed() == Some(own)));
    assert_eq!(ended.calls[1].1.key, "arn:old/CreateBranch/undo");
    assert_eq!(ended.calls[1].1.state(), "CreateBranch/undo");

    let actions = Actions::default()
        .with("ListEffects", move |_, _| Ok(listed.clone()))
        .failing("DeleteBranch", "Conflict");
    let ended = run(&shipped("undo"), json!({"run": "arn:old"}), actions).await;
    let (error, receipt) = ended.failure();
    assert_eq!((error, &receipt["undone"]), ("UndoIncomplete", &json!([])));
    let cause = json!({"errorType": "Conflict", "errorMessage": "because"}).to_string();
    let stays = json!([{"action": "create_branch", "seek": false, "undone": false, "error": "Conflict", "cause": cause}]);
    assert_eq!(receipt["not_undone"], stays);
}

#[tokio::test]
async fn effects_are_taken_back_page_by_page_and_counted() {
    let page = |names: &[&str], next: Value| {
        let inverse = |name: &str| match name.starts_with("kept") {
            true => json!(null),
            false => json!({"action": "delete_branch", "input": {}}),
        };
        let effects: Vec<Value> = names
            .iter()
            .enumerate()
            .map(|(at, name)| json!({"key": format!("run/{name}{at}"), "action": name, "inverse": inverse(name)}))
            .collect();
        json!({"effects": effects, "next": next})
    };
    let pages = [
        page(&["kept_a", "b", "b"], json!(900)),
        page(&[], json!(800)),
        page(&["b", "c", "kept_a"], json!(null)),
    ];
    let listing = |pages: [Value; 3]| move |count: usize, _: &_| Ok(pages[count].clone());
    let check = |receipt: &Value, not_undone: usize| {
        assert_eq!(receipt["kept"], json!(["kept_a × 2"]), "{receipt}");
        assert_eq!(receipt["not_undone"].as_array().unwrap().len(), not_undone, "{receipt}");
    };
    let actions = Actions::default().failing("CreateBranch", "Rejected");
    let ended = run(
        &shipped("development"),
        json!({"task_id": "SHOP-1"}),
        actions.with("ListEffects", listing(pages.clone())),
    )
    .await;
    let (error, cause) = ended.failure();
    assert_eq!((error, &cause["undone"]), ("RolledBack", &json!(["b × 3", "c"])));
    check(&cause, 0);
    let asked: Vec<&Value> =
        ended.calls.iter().filter(|(name, _)| name == "ListEffects").map(|(_, p)| &p.input).collect();
    assert_eq!(asked, [&json!({"page": 0}), &json!({"page": 900}), &json!({"page": 800})]);

    let actions = Actions::default().with("ListEffects", listing(pages.clone()));
    let ended = run(&shipped("undo"), json!({"run": "arn:old"}), actions).await;
    assert_eq!(ended.output()["undone"], json!(["b × 3", "c"]));
    check(&ended.output(), 0);

    let actions = Actions::default().with("ListEffects", listing(pages)).failing("DeleteBranch", "Conflict");
    let ended = run(&shipped("undo"), json!({"run": "arn:old"}), actions).await;
    assert_eq!(ended.failure().0, "UndoIncomplete");
    check(&ended.failure().1, 4);
}

/// A run that did as much as one may: it comes to an end within Step Functions' limits, and so does what it says.
#[tokio::test]
async fn two_thousand_effects_are_taken_back_and_told() {
    let page = |number: usize, inverse: &'static str| {
        let effects: Vec<Value> = (0..100)
            .map(|at| json!({"key": format!("arn:old/S.{number}.{at}"), "action": "create_branch", "inverse": {"action": inverse, "input": {}}}))
            .collect();
        json!({"effects": effects, "next": if number == 19 { json!(null) } else { json!(number + 1) }})
    };
    let actions = Actions::default().with("ListEffects", move |count, _| Ok(page(count, "delete_branch")));
    let ended = run(&shipped("undo"), json!({"run": "arn:old"}), actions).await;
    assert_eq!(ended.output()["undone"], json!(["create_branch × 2000"]));

    let long = "x".repeat(30_000);
    let actions = Actions::default()
        .with("ListEffects", move |count, _| Ok(page(count, "delete_branch")))
        .with("DeleteBranch", move |_, _| Err(FunctionError::new("Conflict", long.clone())));
    let ended = run(&shipped("undo"), json!({"run": "arn:old"}), actions).await;
    let (error, receipt) = ended.failure();
    assert_eq!(error, "UndoIncomplete");
    assert_eq!((receipt["not_undone"].as_array().unwrap().len(), &receipt["others"]), (20, &json!(1980)));
}

#[tokio::test]
async fn an_effect_whose_answer_was_lost_is_looked_for_before_anything_is_taken_back() {
    let sought = json!({"effects": [
        {"key": "run/CreateBranch", "action": "create_branch", "inverse": {"action": "create_branch", "input": {}}, "seek": true},
    ], "next": 9});
    let found = json!({"effects": [
        {"key": "run/CreateBranch", "action": "create_branch", "inverse": {"action": "delete_branch", "input": {"branch": "b"}}},
    ], "next": null});
    let listing = move |count: usize, _: &_| Ok([sought.clone(), found.clone()][count].clone());
    let actions = Actions::default()
        .with("CreateBranch", |count, _| match count {
            0 => Err(FunctionError::new("Rejected", "no")),
            _ => Ok(json!({"found": true})),
        })
        .with("ListEffects", listing);
    let ended = run(&shipped("development"), json!({"task_id": "SHOP-1"}), actions).await;
    let (error, cause) = ended.failure();
    assert_eq!((error, &cause["undone"]), ("RolledBack", &json!(["create_branch"])), "{cause}");
    let functions = ended.functions();
    let back = functions.iter().position(|name| *name == "ListEffects").unwrap();
    assert_eq!(functions[back..], ["ListEffects", "CreateBranch", "ListEffects", "DeleteBranch"]);
    assert_eq!(ended.calls[back + 1].1.key, "run/CreateBranch/undo");
}
