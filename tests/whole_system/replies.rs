//! A model's reply is checked before anything is pushed.

use crate::support::{ONE_REPLY, WorldFile};
use serde_json::{Value, json};

/// Has the model answer the request for code with this change of its scripted reply, and checks that nothing was pushed and that
/// the reason is told.
async fn nothing_is_pushed(expected: &str, change: impl FnOnce(&mut Value)) {
    let world = WorldFile::quick_shop()
        .with_file("workflows/development.yaml", ONE_REPLY)
        .edit(|document| {
            let replies = document["claude"]["replies"].as_array_mut().unwrap();
            let code = replies
                .iter_mut()
                .find(|reply| reply["for"].as_str().unwrap().starts_with("Implement"))
                .unwrap();
            change(code);
        })
        .start()
        .await;
    let name = world.start_by("jira-label").await;
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "rolled_back", "{ended:#}");
    let told = world.told(&name).await;
    assert!(told.contains(expected), "people should be told {expected:?}, but are told: {told}");
    let repository = world.state().await["github"]["repositories"][0].clone();
    assert_eq!(repository["pull_requests"], json!([]));
    let branches: Vec<_> = repository["branches"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(branches, ["main"], "the branch is taken back");
    assert!(world.requests("github", "POST", "/git/commits").await.is_empty());
    assert!(ended["cost_usd"].as_f64().unwrap() > 0.0, "what the model was paid is booked");
}

fn edits(reply: &mut Value) -> &mut Vec<Value> {
    reply["content"][0]["json"]["edits"].as_array_mut().unwrap()
}

#[tokio::test]
async fn an_edit_that_does_not_apply() {
    nothing_is_pushed("src/shop/cart.py", |reply| {
        let edit = edits(reply).iter_mut().find(|edit| edit["path"] == "src/shop/cart.py").unwrap();
        edit["replacements"][0]["search"] = json!("no such line stands in the file");
    })
    .await;
}

#[tokio::test]
async fn a_path_outside_the_repository() {
    nothing_is_pushed("../outside.py", |reply| {
        let edit = edits(reply).iter_mut().find(|edit| edit["path"] == "src/shop/discounts.py").unwrap();
        edit["path"] = json!("../outside.py");
    })
    .await;
}

#[tokio::test]
async fn a_protected_path() {
    nothing_is_pushed(".github/workflows/deploy.yml", |reply| {
        let edit = edits(reply).iter_mut().find(|edit| edit["path"] == "src/shop/discounts.py").unwrap();
        edit["path"] = json!(".github/workflows/deploy.yml");
    })
    .await;
}

#[tokio::test]
async fn a_reply_that_is_cut_off() {
    nothing_is_pushed("cut", |reply| reply["stop_reason"] = json!("max_tokens")).await;
}

#[tokio::test]
async fn a_refusal() {
    nothing_is_pushed("declined", |reply| reply["stop_reason"] = json!("refusal")).await;
}

#[tokio::test]
async fn an_edit_that_could_mean_two_places() {
    nothing_is_pushed("times in `src/shop/cart.py`", |reply| {
        let edit = edits(reply).iter_mut().find(|edit| edit["path"] == "src/shop/cart.py").unwrap();
        edit["replacements"][0]["search"] = json!("return");
    })
    .await;
}

#[tokio::test]
async fn files_that_the_model_never_saw_or_must_not_see() {
    nothing_is_pushed("`src/shop/prices.py` does not exist", |reply| {
        let made = edits(reply)[0].clone();
        let edit = |path: &str, operation: &str| {
            let mut edit = made.clone();
            edit["path"] = json!(path);
            edit["operation"] = json!(operation);
            edit
        };
        edits(reply).extend([
            edit("src/shop/prices.py", "replace"),
            edit("/etc/passwd", "create"),
            edit(".git/config", "create"),
        ]);
    })
    .await;
}

#[tokio::test]
async fn an_absolute_path_and_gits_own_folder() {
    for path in ["/etc/cron.d/shop", ".git/config"] {
        nothing_is_pushed(path, |reply| edits(reply)[0]["path"] = json!(path)).await;
    }
}

#[tokio::test]
async fn a_reply_that_is_no_json() {
    nothing_is_pushed("does not have the form", |reply| {
        reply["content"] = json!([{ "text": "Done, have a look." }]);
    })
    .await;
}
