//! One action by hand: once for each key, journaled, and taken back like any other.

use crate::evidence::{branches, repository};
use crate::process::executable;
use crate::support::{World, WorldFile};
use serde_json::{Value, json};
use std::process::Stdio;

async fn invoke(world: &World, action: &str, input: &Value, key: &str) -> (i32, String, String) {
    std::fs::write(world.folder().join("input.json"), input.to_string()).unwrap();
    world.command(&["invoke", action, "--input", "input.json", "--as", "ada", "--key", key]).await
}

#[tokio::test]
async fn an_action_by_hand_is_done_once_and_can_be_taken_back() {
    let world = WorldFile::quick_shop().start().await;
    let (code, printed, errors) = invoke(&world, "get_task", &json!({"task_id": "SHOP-1"}), "look").await;
    assert_eq!(code, 0, "{errors}");
    let task: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(task["task"]["task_id"], "SHOP-1", "{task:#}");

    let branch = json!({"branch": "by-hand"});
    let (code, first, errors) = invoke(&world, "create_branch", &branch, "branch").await;
    assert_eq!(code, 0, "{errors}");
    let (code, again, _) = invoke(&world, "create_branch", &branch, "branch").await;
    assert_eq!((code, &again), (0, &first), "the same key gives the same output");
    assert_eq!(world.requests("github", "POST", "/git/refs").await.len(), 1);
    assert_eq!(branches(repository(&world.state().await, "acme/shop")), ["by-hand", "main"]);

    let run = errors.trim().rsplit_once("ticketsmith undo ").expect("the way back is told").1.to_owned();
    let (code, printed, errors) = world.command(&["undo", &run]).await;
    assert_eq!(code, 0, "{errors}");
    assert!(printed.contains("Taken back: Create branch."), "{printed}");
    assert_eq!(branches(repository(&world.state().await, "acme/shop")), ["main"]);

    let message = json!({"message": "By hand."});
    let (code, _, errors) = invoke(&world, "send_message", &message, "message").await;
    assert!(code == 0 && errors.contains("It stays"), "{errors}");
    let unknown = ["run", "undo", "--project", "SHOP", "--input", "run=nonsense"];
    let (code, _, errors) = world.command(&unknown).await;
    assert!(code == 1 && errors.contains("there is no run `nonsense`"), "{errors}");
    let (code, _, errors) = world.command(&["undo", "nonsense"]).await;
    assert!(
        code == 1 && errors.contains("no execution is named `nonsense`, and `nonsense` is not a ticket"),
        "{errors}"
    );
    world.finish().await;
}

#[tokio::test]
async fn what_goes_wrong_by_hand_is_told_apart() {
    let world = WorldFile::quick_shop().start().await;
    let (code, _, errors) = invoke(&world, "get_task", &json!({"task_id": "SHOP-404"}), "none").await;
    assert_eq!(code, 1, "{errors}");
    assert!(errors.contains("Rejected") && errors.contains("SHOP-404"), "{errors}");

    let (code, _, errors) = invoke(&world, "get_task", &json!({"ticket": "SHOP-1"}), "field").await;
    assert_eq!(code, 1, "{errors}");
    assert!(errors.contains("ticket") && errors.contains("task_id"), "{errors}");

    let (code, _, errors) = invoke(&world, "request_approval", &json!({}), "park").await;
    assert_eq!(code, 2, "{errors}");
    assert!(errors.contains("ticketsmith run"), "{errors}");

    let (code, _, errors) = invoke(&world, "get_task", &json!(["SHOP-1"]), "list").await;
    assert_eq!(code, 2, "{errors}");
    assert!(errors.contains("input.json") && errors.contains("object"), "{errors}");
    world.finish().await;
}

#[tokio::test]
async fn who_stops_reading_is_no_defect() {
    let world = WorldFile::quick_shop().start().await;
    let mut command = tokio::process::Command::new(executable());
    command.args(["status", "--data", ".ticketsmith"]).current_dir(world.folder());
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(process.stdout.take());
    let output = process.wait_with_output().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    world.finish().await;
}
