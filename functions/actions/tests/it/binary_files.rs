//! Files that are not imported, because they have no text or are too large: an agent deletes and moves them all the same.

use crate::session_script::{call, change, finish, reply, world};
use crate::world::{BRANCH, World};
use records::{Changed, SessionChange};
use serde_json::{Value, json};

#[tokio::test]
async fn a_picture_is_loaded_when_an_agent_deletes_or_moves_it() {
    let delete = call("delete_file", json!({"path": "old.png"}));
    let rename = call("move_file", json!({"from": "logo.png", "to": "img/logo.png"}));
    let world = world(json!([
        reply(Some("Moved `logo.png`"), &[finish("done")]),
        {"times": 1, "content": [delete, rename]},
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
    assert!(told[2].contains("Deleted `old.png`.") && told[2].contains("Moved `logo.png`"), "{told:?}");
    assert_eq!(report["turns"], 2, "all calls of a reply are run in its turn: {report}");
    world.assert_no_violations();
}

#[tokio::test]
async fn many_pictures_are_moved_in_one_turn() {
    let name = |number: u32| format!("pictures/{number}.png");
    let to = |number: u32| format!("img/{number}.png");
    let step = |number: u32| json!({"from": name(number), "to": to(number)});
    let mut first = step(0);
    first["more"] = (1..20).map(step).collect();
    let calls: Vec<_> =
        std::iter::once(first).chain((20..24).map(step)).map(|input| call("move_file", input)).collect();
    let world = world(json!([
        reply(Some("Moved `pictures/23.png`"), &[finish("done")]),
        {"times": 1, "content": calls},
    ]))
    .await;
    let files: Vec<_> =
        (0..24).map(|number| json!({"path": name(number), "base64": "iVBORwAA/w=="})).collect();
    let commit = json!({"branch": BRANCH, "message": "Pictures", "files": files});
    world.step("Pictures", "commit_changes", commit).await.unwrap();
    let report = world.whole_session("Develop").await.unwrap();
    assert_eq!((report["result"]["outcome"].as_str(), report["turns"].as_u64()), (Some("done"), Some(2)));
    let files = report["result"]["implementation"]["files"].as_array().unwrap();
    assert_eq!(files.len(), 48, "{report}");
    world.assert_no_violations();
}

#[tokio::test]
async fn files_that_are_too_large_to_be_read_are_moved_and_deleted() {
    let delete = call("delete_file", json!({"path": "old.txt"}));
    let rename = call("move_file", json!({"from": "film.txt", "to": "films/first.txt"}));
    let world = World::start_with(|world| {
        let replies =
            json!([reply(Some("Moved `film.txt`"), &[finish("done")]), reply(None, &[delete, rename])]);
        change(world, replies);
        let github = world.section_mut::<simulators::github::World>("github").unwrap();
        let repository = &mut github.repositories[0];
        repository.path = None;
        let large = "All of it is text.\n".repeat(80_000);
        repository.files =
            [("README.md", "# Shop\n".to_owned()), ("film.txt", large.clone()), ("old.txt", large)]
                .map(|(path, text)| (path.to_owned(), text))
                .into();
    })
    .await;
    let report = world.whole_session("Develop").await.unwrap();
    let told = world.conversation(&report["session"]).await;
    assert_eq!(report["result"]["outcome"], "done", "{told:?}");
    assert_eq!(report["turns"], 2, "{told:?}");
    let implementation = &report["result"]["implementation"];
    assert_eq!(implementation["files"], json!(["film.txt", "films/first.txt", "old.txt"]), "{report}");
    let input = json!({"branch": BRANCH, "implementation": implementation});
    world.step("Commit", "commit_changes", input).await.unwrap();
    let trees = world.requests("github", "POST", "/git/trees");
    let made = trees[0].request["tree"].as_array().unwrap();
    let arrived = made.iter().find(|entry| entry["path"] == "films/first.txt").unwrap();
    assert!(arrived["sha"].is_string() && arrived["content"].is_null(), "{arrived}");
    assert!(world.requests("github", "POST", "/git/blobs").is_empty(), "no content is sent");
    assert_eq!(world.file(BRANCH, "old.txt").await, None);
    assert_eq!(world.file(BRANCH, "film.txt").await, None);
    world.assert_no_violations();
}

/// The version before ended the turn with the call that needed the file, and the agent made it again.
#[tokio::test]
async fn a_session_of_the_version_before_that_waits_for_a_picture_goes_on() {
    let delete = call("delete_file", json!({"path": "old.png"}));
    let world =
        world(json!([reply(Some("Deleted `old.png`"), &[finish("done")]), reply(None, &[delete])])).await;
    let files = json!([{"path": "old.png", "base64": "iVBORwAA/w=="}]);
    let commit = json!({"branch": BRANCH, "message": "Pictures", "files": files});
    world.step("Pictures", "commit_changes", commit).await.unwrap();
    let mut report = world.open("Develop").await.unwrap();
    for _ in 0..2 {
        report = world.next("Develop", &report).await.unwrap();
    }
    assert_eq!(report["next"], "load");
    let mut head = world.table.session(report["session"].as_str().unwrap()).await.unwrap().unwrap();
    let messages = world.table.session_messages(&head.id, head.generation).await.unwrap();
    let called: Value = serde_json::from_slice(messages.last().unwrap()).unwrap();
    let state = world.table.session_state(&head.id).await.unwrap();
    let mut state: Value = serde_json::from_slice(&state).unwrap();
    state.as_object_mut().unwrap().remove("runs_again").unwrap();
    state["pending"] =
        json!([{"call": called["calls"][0]["id"], "text": "", "is_error": false, "awaited": true}]);
    head.version += 1;
    let change = SessionChange { state: Some(state.to_string().into_bytes()), ..SessionChange::default() };
    assert_eq!(world.table.change_session(&head, change).await.unwrap(), Changed::Yes);

    let report = world.until_it_stops("Develop", report).await.unwrap();
    assert_eq!((report["result"]["outcome"].as_str(), report["turns"].as_u64()), (Some("done"), Some(3)));
    let told = world.conversation(&report["session"]).await;
    assert!(told[2].contains("make this call again") && told[4].contains("Deleted `old.png`"), "{told:?}");
    world.assert_no_violations();
}
