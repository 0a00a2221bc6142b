//! A pull request is reviewed: comments on lines of its diff and one summary, never an approval.

use crate::evidence::repository;
use crate::support::{EXECUTION_LIMIT, World, WorldFile, comments, eventually};
use serde_json::{Value, json};

const OBSERVATORY: &str = include_str!("worlds/review.yaml");

fn observatory() -> WorldFile {
    WorldFile::parse(OBSERVATORY).quick()
}

async fn reviewed(world: &World, trigger: &str) -> Value {
    let name = world.start_by(trigger).await;
    let ended = world.ended(&name).await;
    assert_eq!(
        (&ended["workflow"], &ended["outcome"]),
        (&json!("code_review"), &json!("succeeded")),
        "{ended:#}"
    );
    ended
}

/// A pull request of the observatory by its number.
async fn pull_request(world: &World, number: u64) -> Value {
    let state = world.state().await;
    let pulls = repository(&state, "observatory/dome")["pull_requests"].as_array().unwrap();
    pulls.iter().find(|pull| pull["number"] == number).unwrap().clone()
}

/// The reviews with a text, and their comments on lines: path, side and line.
fn said(pull: &Value) -> (Vec<&Value>, Vec<(&str, &str, u64)>) {
    let reviews = pull["reviews"].as_array().unwrap().iter().filter(|review| review["body"] != "");
    let lines = pull["review_comments"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|comment| comment["in_reply_to_id"].is_null());
    let lines = lines.map(|comment| {
        (
            comment["path"].as_str().unwrap(),
            comment["side"].as_str().unwrap(),
            comment["line"].as_u64().unwrap(),
        )
    });
    (reviews.collect(), lines.collect())
}

#[tokio::test]
async fn a_second_review_speaks_of_what_changed_and_resolves_what_is_done() {
    let world = observatory().start().await;
    reviewed(&world, "label").await;
    let pull = pull_request(&world, 1).await;
    let (reviews, lines) = said(&pull);
    assert_eq!(reviews.len(), 1);
    assert_eq!(reviews[0]["state"], "COMMENTED");
    assert!(reviews[0]["body"].as_str().unwrap().starts_with("Two mistakes keep the dome from turning."));
    assert_eq!(
        lines,
        [("dome/aim.py", "RIGHT", 5), ("dome/aim.py", "RIGHT", 21), ("dome/weather.py", "LEFT", 1)]
    );

    // Nothing has changed: the person who asks is told, and no model is asked.
    let asked = world.asked_of_model().await.len();
    reviewed(&world, "request").await;
    let texts = comments(&world.state().await);
    assert!(
        texts
            .iter()
            .any(|text| text.starts_with("Nothing that I could review has changed since my review of ")),
        "{texts:?}"
    );
    assert_eq!(world.asked_of_model().await.len(), asked);

    world.deliver("push").await;
    reviewed(&world, "comment").await;
    let pull = pull_request(&world, 1).await;
    let (reviews, lines) = said(&pull);
    assert_eq!(reviews.len(), 2);
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[3], ("dome/aim.py", "RIGHT", 2));
    let all = pull["review_comments"].as_array().unwrap();
    let answers: Vec<&str> = all
        .iter()
        .filter(|comment| !comment["in_reply_to_id"].is_null())
        .map(|comment| comment["body"].as_str().unwrap())
        .collect();
    assert_eq!(answers.len(), 3, "{answers:?}");
    assert!(answers[0].starts_with("It multiplies now.\n\n("), "{answers:?}");
    let resolved: Vec<bool> = all
        .iter()
        .filter(|comment| comment["in_reply_to_id"].is_null())
        .map(|comment| comment["resolved"] == true)
        .collect();
    assert_eq!(resolved, [true, true, false, false]);
    world.finish().await;
}

#[tokio::test]
async fn a_pull_request_from_a_fork_is_only_reviewed_and_that_is_said() {
    let look = json!([
        { "tool_use": { "name": "comment_on_line", "input": { "path": "dome/aim.py", "line": 13, "text": "Why -1?" } } },
        { "tool_use": { "name": "finish", "input": { "outcome": "done", "summary": "The horizon is lower." } } },
    ]);
    let replies = json!([{ "for": "You are the review agent", "content": look }]);
    let world = observatory().edit(|document| document["claude"]["replies"] = replies).start().await;
    reviewed(&world, "fork").await;
    let pull = pull_request(&world, 2).await;
    let (reviews, lines) = said(&pull);
    let body = reviews[0]["body"].as_str().unwrap();
    assert!(body.starts_with("This pull request comes from a fork, so it is only reviewed"), "{body}");
    assert!(body.contains("The horizon is lower."), "{body}");
    assert_eq!(lines, [("dome/aim.py", "RIGHT", 13)]);
    world.finish().await;
}

#[tokio::test]
async fn a_review_whose_answer_was_lost_is_there_once() {
    let mut world = observatory().start().await;
    let lost = json!({ "service": "github", "method": "POST", "path": "/pulls/1/reviews$", "truncated": true, "after_effect": true });
    world.add_faults(&lost).await;
    let name = world.start_by("label").await;
    let submitted =
        async || (!pull_request(&world, 1).await["reviews"].as_array().unwrap().is_empty()).then_some(());
    eventually("the review", EXECUTION_LIMIT, submitted).await;
    world.kill().await;
    world.serve().await;
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    let pull = pull_request(&world, 1).await;
    let (reviews, lines) = said(&pull);
    assert_eq!((reviews.len(), lines.len()), (1, 3));
    world.finish().await;
}

#[tokio::test]
async fn without_a_word_of_the_project_nothing_is_reviewed() {
    let off = |document: &mut Value| document["configuration"]["projects"][0]["workflows"] = json!([]);
    let world = observatory().edit(off).start().await;
    for trigger in ["label", "request"] {
        world.deliver(trigger).await;
    }
    world.deliver("comment").await;
    assert_eq!(world.executions().await, Vec::<Value>::new());
    // People who said nothing get no answer.
    let refusals = async || {
        let texts = comments(&world.state().await);
        Some(texts.iter().filter(|text| text.contains("is off in this project")).count())
            .filter(|count| *count > 0)
    };
    assert_eq!(eventually("the refusal", EXECUTION_LIMIT, refusals).await, 1);
    world.finish().await;
}
