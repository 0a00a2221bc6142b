//! Files without text, which are not imported: an agent deletes and moves them all the same.

use crate::session_script::{call, finish, reply, world};
use crate::world::BRANCH;
use serde_json::json;

#[tokio::test]
async fn a_picture_is_loaded_when_an_agent_deletes_or_moves_it() {
    let delete = call("delete_file", json!({"path": "old.png"}));
    let rename = call("move_file", json!({"from": "logo.png", "to": "img/logo.png"}));
    let world = world(json!([
        reply(Some("Moved `logo.png`"), &[finish("done")]),
        {"times": 1, "content": [delete.clone()]},
        {"times": 1, "content": [delete, rename.clone()]},
        {"times": 1, "content": [rename]},
    ]))
    .await;
    let picture = |path: &str| json!({"path": path, "base64": "iVBORwAA/w=="});
    let files = json!([picture("old.png"), picture("logo.png")]);
    let commit = json!({"branch": BRANCH, "message": "Pictures", "files": files});
    world.step("Pictures", "commit_changes", commit).await.unwrap();
    let report = world.whole_session("Develop").await.unwrap();
    assert_eq!(report["result"]["outcome"], "done", "{report}");
    let implementation = &report["result"]["implementation"];
    assert_eq!(implementation["files"], json!(["img/logo.png", "logo.png", "old.png"]), "{report}");
    let input = json!({"branch": BRANCH, "implementation": implementation});
    world.step("Commit", "commit_changes", input).await.unwrap();
    assert_eq!(world.file(BRANCH, "old.png").await, None);
    assert_eq!(world.file(BRANCH, "logo.png").await, None);
    let told = world.conversation(&report["session"]).await;
    assert_eq!(told.iter().filter(|words| words.contains("The file is loaded now")).count(), 2, "{told:?}");
    world.assert_no_violations();
}
