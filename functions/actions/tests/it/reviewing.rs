//! A pull request that is read for a second review.

use crate::world::{BRANCH, EXECUTION, World};
use domain::Clock;
use domain::plugins::LineComment;
use edits::{Review, ReviewSubject};
use serde_json::json;

const BEFORE: &str = "src/shop/money.py";
const AFTER: &str = "src/shop/coins.py";

#[tokio::test]
async fn a_file_that_was_moved_since_the_last_review_is_not_new() {
    let world = World::start().await;
    world.begin().await;
    let step = async |state: &str, action: &str, input| world.step(state, action, input).await.unwrap();
    let original = world.file("main", BEFORE).await.unwrap();
    let reviewed = original.replacen("in whole cents", "always in whole cents", 1);
    let present = reviewed.replacen("cents * percent // 100", "percent * cents // 100", 1);
    step("Branch", "create_branch", json!({"branch": BRANCH})).await;
    let files = json!([{"path": BEFORE, "content": reviewed}]);
    step("Commit", "commit_changes", json!({"branch": BRANCH, "message": "Cents", "files": files})).await;
    let opened =
        step("Open", "create_pull_request", json!({"source_branch": BRANCH, "title": "Cents"})).await;
    let number = opened["number"].clone();
    let read = step("Read", "read_pull_request", json!({"number": number})).await;
    let comment = LineComment {
        path: BEFORE.into(),
        former_path: BEFORE.into(),
        old_line: None,
        new_line: Some(1),
        text: "Always?".into(),
    };
    let review = Review { comments: vec![comment], answers: Vec::new() };
    let review = world.table.store(EXECUTION, &review, world.clock.now()).await.unwrap();
    let review = json!({"subject": read["review"], "review": review, "summary": "One question."});
    step("Review", "submit_review", review).await;

    let files = json!([{"path": BEFORE, "content": null}, {"path": AFTER, "content": present}]);
    step("Move", "commit_changes", json!({"branch": BRANCH, "message": "Coins", "files": files})).await;
    let read = step("Reread", "read_pull_request", json!({"number": number})).await;
    let subject = serde_json::from_value(read["review"].clone()).unwrap();
    let subject: ReviewSubject = world.table.load(&subject).await.unwrap();
    let [file] = subject.files.as_slice() else { panic!("one file: {:?}", subject.files) };
    assert_eq!((file.path.as_str(), file.former_path.as_str()), (AFTER, BEFORE));
    let fresh = file.lines.iter().filter(|line| line.is_fresh && line.old.is_none());
    let fresh: Vec<&str> = fresh.map(|line| line.text.trim()).collect();
    assert_eq!(fresh, ["return percent * cents // 100"], "the first line changed before the last review");
    world.assert_no_violations();
}
