//! Models that say nothing or call invalid tool names: services return such replies, but refuse them as part of a conversation.

use crate::session_script::{call, change, finish, reply, world};
use crate::world::World;
use serde_json::{Value, json};
use simulators::claude::Thinking;

/// The built-in world with a model whose first replies are empty, or hold only a thought.
async fn silent(times: u32, thinking: Thinking) -> World {
    let nothing = json!({"times": times, "content": []});
    let replies = json!([nothing, reply(Some("You called no tool"), &[finish("blocked")])]);
    World::start_with(|world| {
        change(world, replies);
        world.section_mut::<simulators::claude::World>("claude").unwrap().thinking = thinking;
    })
    .await
}

#[tokio::test]
async fn a_model_that_says_nothing_is_told_to_go_on_and_its_empty_replies_are_not_sent_back() {
    for thinking in [Thinking::Never, Thinking::ToolLoops] {
        let world = silent(1, thinking).await;
        let report = world.whole_session("Develop").await.unwrap();
        let ended = (report["result"]["outcome"].as_str(), report["turns"].as_u64());
        assert_eq!(ended, (Some("blocked"), Some(2)), "{report}");
        let asked: Vec<Value> = world
            .requests("claude", "POST", "/v1/messages")
            .into_iter()
            .map(|entry| entry.request["messages"].clone())
            .collect();
        assert_eq!(asked.len(), 2);
        assert!(asked.iter().all(|messages| messages.as_array().unwrap().len() == 1), "{asked:?}");
        world.assert_no_violations();
    }
}

#[tokio::test]
async fn a_model_that_goes_on_saying_nothing_is_paid_for_and_then_people_are_asked() {
    let world = silent(10, Thinking::ToolLoops).await;
    let report = world.whole_session("Develop").await.unwrap();
    assert_eq!((report["next"].as_str(), report["turns"].as_u64()), (Some("ask"), Some(3)), "{report}");
    let question = &report["question"]["text"];
    assert_eq!(question, "The agent development stopped without a result. How should it go on?");
    assert!(report["cost_usd"].as_f64().unwrap() > 0.0);
    world.assert_no_violations();
}

#[tokio::test]
async fn a_reply_that_calls_an_invalid_tool_name_is_not_sent_back() {
    for name in [format!("read_file {}", "x".repeat(200)), "functions.read_file".to_owned()] {
        let misnamed = json!({"times": 1, "content": [call(&name, json!({}))]});
        let world =
            world(json!([misnamed, reply(Some("called an invalid tool name"), &[finish("blocked")])])).await;
        let report = world.whole_session("Develop").await.unwrap();
        let ended = (report["result"]["outcome"].as_str(), report["turns"].as_u64());
        assert_eq!(ended, (Some("blocked"), Some(2)), "{report}");
        world.assert_no_violations();
    }
}
