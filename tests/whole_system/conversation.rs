//! A long conversation is billed by the service's own rules: nearly all of it is read from the cache.

use crate::evidence::micro_usd;
use crate::support::WorldFile;
use serde_json::{Value, json};
use std::time::Duration;

/// How many files are read, one in each turn.
const FILES: usize = 57;

#[tokio::test]
async fn sixty_turns_to_120_000_tokens_are_read_from_the_cache() {
    let line = |number: usize| format!("value_{number:05} = \"{}\"\n", "word ".repeat(12));
    let file = |number: usize| (0..95).map(|at| line(number * 1_000 + at)).collect::<String>();
    let path = |number: usize| format!("src/part_{number:02}.py");
    let agent = "You are the development agent";
    let title = "Read everything";
    let mut replies: Vec<Value> = (0..FILES)
        .map(|number| {
            let call = json!({"tool_use": {"name": "read_file", "input": {"path": path(number)}}});
            json!({"for": agent, "content": [call]})
        })
        .collect();
    let write =
        json!({"tool_use": {"name": "write_file", "input": {"path": "NOTES.md", "content": "All read.\n"}}});
    let finish = json!({"outcome": "done", "summary": title, "pr_title": title, "pr_description": title,
                        "commit_message": title});
    replies.push(json!({"for": agent, "content": [write]}));
    replies.push(json!({"for": agent, "content": [{"tool_use": {"name": "finish", "input": finish}}]}));
    let world = WorldFile::quick_shop()
        .edit(|document| {
            let repository = &mut document["github"]["repositories"][0];
            repository.as_object_mut().unwrap().remove("path");
            repository["files"] =
                Value::Object((0..FILES).map(|number| (path(number), json!(file(number)))).collect());
            document["claude"]["replies"] = json!(replies);
        })
        .start()
        .await;
    let name = world.start_by("jira-label").await;
    let ended = world.ended_within(&name, Duration::from_secs(600)).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    let claude = world.state().await["claude"].clone();
    assert_eq!(claude["messages"], FILES + 2, "each turn is one request");
    let billed = |kind: &str| claude["billed"][kind].as_u64().unwrap() as f64;
    let (anew, written, read) =
        (billed("input_tokens"), billed("cache_creation_input_tokens"), billed("cache_read_input_tokens"));
    assert!(anew + written > 110_000.0, "the conversation has {} tokens", anew + written);
    let share = read / (anew + written + read);
    assert!(share >= 0.95, "{share:.3} of the prompts' tokens are read from the cache: {}", claude["billed"]);
    // Each call is booked in whole micro-dollars, rounded up.
    let (bill, booked) = (micro_usd(&claude["billed"]["usd"]), micro_usd(&ended["cost_usd"]));
    assert!(booked >= bill && booked <= bill + FILES as u64 + 3, "booked {booked}, billed {bill}");
    world.finish().await;
}
