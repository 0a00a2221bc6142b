//! Models whose replies reach the most tokens that a reply may have: what is whole is used, and they are told to go on in smaller pieces.

use crate::session_script::{call, finish, reply, world};
use crate::world::EXECUTION;
use serde_json::json;

const TOLD: &str = "Your last reply reached the most tokens";

#[tokio::test]
async fn what_is_whole_of_a_reply_that_is_cut_off_twice_is_used_and_its_last_call_never_runs() {
    let read = call("read_file", json!({"path": "src/shop/money.py"}));
    let mut cut = reply(None, &[read, call("delete_file", json!({"path": "README.md"}))]);
    (cut["stop_reason"], cut["times"]) = (json!("max_tokens"), json!(2));
    let world = world(json!([reply(Some(TOLD), &[finish("blocked")]), cut])).await;
    let report = world.whole_session("Develop").await.unwrap();
    assert_eq!((report["result"]["outcome"].as_str(), report["turns"].as_u64()), (Some("blocked"), Some(2)));
    let conversation = world.conversation(&report["session"]).await;
    assert_eq!(conversation.len(), 5, "{conversation:#?}");
    assert!(
        conversation[1].contains("read_file") && !conversation[1].contains("delete_file"),
        "{}",
        conversation[1]
    );
    assert!(
        conversation[2].contains("def percent_of") && conversation[2].contains(TOLD),
        "{}",
        conversation[2]
    );
    assert_eq!(world.table.costs_of_execution(EXECUTION).await.unwrap().len(), 3, "all are booked");
    world.assert_no_violations();
}

#[tokio::test]
async fn a_model_whose_replies_are_always_too_long_is_told_twice_and_then_people_are_asked() {
    let long = call("write_file", json!({"path": "NOTES.md", "content": "word ".repeat(100_000)}));
    let world =
        world(json!([reply(Some("answered: Write less"), &[finish("blocked")]), reply(None, &[long])])).await;
    let report = world.whole_session("Develop").await.unwrap();
    assert_eq!((report["next"].as_str(), report["turns"].as_u64()), (Some("ask"), Some(3)), "{report}");
    let question = report["question"]["text"].as_str().unwrap();
    assert!(question.starts_with("The last 3 replies of the agent development were cut off"), "{question}");
    assert_eq!(world.requests("claude", "POST", "/v1/messages").len(), 6, "each once more with more tokens");
    let told = world.conversation(&report["session"]).await;
    assert_eq!(told.iter().filter(|words| words.contains(TOLD)).count(), 2, "{told:#?}");
    let head = world.table.session(report["session"].as_str().unwrap()).await.unwrap().unwrap();
    assert!(world.table.session_files(&head).await.unwrap().is_empty(), "nothing was written");

    let answer = json!({"session": report["session"], "answer": "Write less"});
    let answered = world.step("Develop.Answer", "answer_session", answer).await.unwrap();
    let done = world.until_it_stops("Develop", answered).await.unwrap();
    assert_eq!(done["result"]["outcome"], "blocked");
    world.assert_no_violations();
}
