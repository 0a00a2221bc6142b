//! The model's input before it writes code.

use crate::evidence::{asked, changed_files, pull_request, repository, ticket};
use crate::support::{ONE_REPLY, WorldFile, worlds};
use serde_json::Value;

/// Every text in a value, in the order in which the model reads them.
fn texts(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text}\n"),
        Value::Array(list) => list.iter().map(texts).collect(),
        Value::Object(map) => map.values().map(texts).collect(),
        _ => String::new(),
    }
}

#[tokio::test]
async fn whoever_writes_code_has_read_the_ticket_and_what_they_change() {
    let world = WorldFile::quick_shop().with_file("workflows/development.yaml", ONE_REPLY).start().await;
    let name = world.start_by("jira-label").await;
    assert_eq!(world.ended(&name).await["outcome"], "succeeded");
    let state = world.state().await;

    let request = asked(&world, "Implement this ticket in the repository").await;
    let read = texts(&request["system"]) + &texts(&request["messages"]);
    let ticket = ticket(&state, "SHOP-1");
    assert!(read.contains(ticket["summary"].as_str().unwrap()));
    for paragraph in ticket["description"].as_str().unwrap().split("\n\n") {
        assert!(read.contains(paragraph), "the request lacks {paragraph:?} of the ticket");
    }
    let pull_request = pull_request(repository(&state, "acme/shop"), "feature/SHOP-1");
    let mut changed = 0;
    for file in changed_files(pull_request) {
        let Ok(present) = std::fs::read_to_string(worlds().join("shop-repository").join(file)) else {
            continue;
        };
        assert!(read.contains(present.trim_end()), "the request lacks the present content of {file}");
        changed += 1;
    }
    assert_eq!(changed, 5, "the reply changes five files that exist");

    let everything = request.to_string();
    for secret in ["simulated-claude-key", "simulated-github-token", "simulated-slack-signing-secret"] {
        assert!(!everything.contains(secret));
    }
    world.finish().await;
}

/// The agent's last request holds all of its conversation.
#[tokio::test]
async fn an_agent_has_read_the_ticket_and_each_file_before_it_changes_it() {
    let world = WorldFile::quick_shop().start().await;
    let name = world.start_by("jira-label").await;
    assert_eq!(world.ended(&name).await["outcome"], "succeeded");
    let state = world.state().await;
    let requests = world.asked_of_model().await;
    let request = &requests.last().unwrap()["request"];
    let read = texts(&request["messages"]);
    let ticket = ticket(&state, "SHOP-1");
    assert!(read.contains(ticket["summary"].as_str().unwrap()));
    for paragraph in ticket["description"].as_str().unwrap().split("\n\n") {
        assert!(read.contains(paragraph), "the request lacks {paragraph:?} of the ticket");
    }
    let messages = request["messages"].as_array().unwrap();
    let blocks = || messages.iter().flat_map(|message| message["content"].as_array().unwrap());
    let first = |name: &str, path: &str| {
        blocks().position(|block| block["name"] == name && block["input"]["path"] == path)
    };
    let pull_request = pull_request(repository(&state, "acme/shop"), "feature/SHOP-1");
    let mut changed = 0;
    for file in changed_files(pull_request) {
        let Ok(present) = std::fs::read_to_string(worlds().join("shop-repository").join(file)) else {
            continue;
        };
        let (looked, edited) = (first("read_file", file).unwrap(), first("edit_file", file).unwrap());
        assert!(looked < edited, "{file}");
        for line in present.lines().filter(|line| !line.is_empty()) {
            assert!(read.contains(line), "the request lacks {line:?} of {file}");
        }
        changed += 1;
    }
    assert_eq!(changed, 5, "the agent changes five files that exist");
    let everything = Value::from_iter(requests.iter().map(|entry| entry["request"].clone())).to_string();
    for secret in ["simulated-claude-key", "simulated-github-token", "simulated-slack-signing-secret"] {
        assert!(!everything.contains(secret));
    }
    world.finish().await;
}
