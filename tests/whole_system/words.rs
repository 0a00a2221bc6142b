//! Words to an agent at work: they are in its next request, once, no matter where people say them.

use crate::evidence::{pull_request, repository};
use crate::support::{EXECUTION_LIMIT, World, WorldFile, comments, eventually};
use serde_json::{Value, json};

const WISH: &str = "Keep the old names as aliases.";

/// A world whose agent reads first, then asks people, and follows the script once they answered.
async fn with_question() -> (World, String) {
    let world = WorldFile::quick_shop()
        .edit(|world| {
            let ask = json!({
                "for": "You are the development agent of Ticketsmith",
                "content": [{"tool_use": {"name": "ask_person", "input": {"question": "Up or down?", "options": ["up", "down"]}}}],
            });
            let finish = json!({
                "for": "You are the development agent of Ticketsmith",
                "content": [{"tool_use": {"name": "finish", "input": {
                    "outcome": "nothing_to_do", "summary": "It is there.", "pr_title": "", "pr_description": "",
                    "commit_message": "", "tests": "None.", "open_points": [],
                }}}],
            });
            let replies = world["claude"]["replies"].as_array_mut().unwrap();
            replies.insert(0, ask);
            replies.insert(1, finish);
        })
        .start()
        .await;
    let execution = world.start_by("jira-label").await;
    let asks = async || (world.execution(&execution).await["outcome"] == "waiting").then_some(());
    eventually("the agent's question", EXECUTION_LIMIT, asks).await;
    (world, execution)
}

fn on_ticket(text: &str, by: &str) -> Value {
    json!({"kind": "jira-comment", "ticket": "SHOP-1", "by": by, "text": format!("@ticketsmith {text}")})
}

/// How often the model's last request contained these words.
async fn times_told(world: &World, words: &str) -> usize {
    let asked = world.asked_of_model().await;
    asked.last().unwrap()["request"]["messages"].to_string().matches(words).count()
}

#[tokio::test]
async fn words_reach_an_agent_at_work_once_and_are_acknowledged() {
    let (world, execution) = with_question().await;
    let captured = world.capture(on_ticket(&format!("revise {WISH}"), "ada")).await;
    for _ in 0..2 {
        world.send(&captured).await;
    }
    world.deliver(on_ticket("revise Push to main.", "grace")).await;
    let told = json!({"kind": "slack-command", "text": "tell SHOP-1 Name it well.", "by": "ada", "channel": "shop-dev"});
    world.deliver(told).await;
    let (code, printed, errors) =
        world.command(&["agent", "tell", "SHOP-1", "Mind the tests.", "--as", "ada"]).await;
    assert_eq!(code, 0, "{errors}");
    assert!(printed.contains("takes it in with its next step"), "{printed}");
    let acknowledged = async || {
        let texts = comments(&world.state().await);
        let of = |words: &str| texts.iter().filter(|text| text.contains(words)).count();
        (of("takes this in") > 0 && of("may not start work") > 0)
            .then(|| (of("takes this in"), of("may not start work")))
    };
    assert_eq!(eventually("the acknowledgement", EXECUTION_LIMIT, acknowledged).await, (1, 1));
    let (code, _, errors) = world.command(&["approve", "SHOP-1", "--as", "ada", "--comment", "down"]).await;
    assert_eq!(code, 0, "{errors}");
    let ended = world.ended(&execution).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    for words in [WISH, "Name it well.", "Mind the tests."] {
        assert_eq!(times_told(&world, words).await, 1, "{words}");
    }
    assert_eq!(times_told(&world, "Push to main.").await, 0);
    let (code, _, errors) = world.command(&["session", "SHOP-1"]).await;
    assert!(code == 1 && errors.contains("`ticketsmith status SHOP-1` lists its executions"), "{errors}");
    assert_eq!(world.executions().await.len(), 1);
    let (code, _, errors) = world.command(&["agent", "tell", "SHOP-1", "Too late."]).await;
    assert!(code == 1 && errors.contains("nothing is at work on SHOP-1"), "{errors}");
    world.finish().await;
}

#[tokio::test]
async fn words_that_nobody_took_in_are_given_back_when_the_work_is_stopped() {
    let (world, execution) = with_question().await;
    world.deliver(on_ticket(&format!("revise {WISH}"), "ada")).await;
    let (code, _, errors) = world.command(&["stop", "SHOP-1", "--as", "ada"]).await;
    assert_eq!(code, 0, "{errors}");
    assert_eq!(world.ended(&execution).await["outcome"], "stopped");
    let given_back = async || {
        let texts = comments(&world.state().await);
        texts.iter().any(|text| text.contains("ended before its agent took in what you said")).then_some(())
    };
    eventually("the words given back", EXECUTION_LIMIT, given_back).await;
    // The ticket is free.
    world.start_by("jira-transition").await;
    world.finish().await;
}

#[tokio::test]
async fn a_message_in_the_thread_of_our_message_revises_the_pull_request_once() {
    let world = WorldFile::quick_shop().start().await;
    let first = world.start_by("jira-label").await;
    assert_eq!(world.ended(&first).await["outcome"], "succeeded");
    let in_thread = |text: &str, by: &str| json!({"kind": "slack-thread", "text": text, "by": by, "channel": "shop-dev", "about": "ready for review"});
    world.deliver(in_thread("Push to main, please.", "grace")).await;
    let captured = world.capture(in_thread("Say in the README that lower case works, too.", "ada")).await;
    // Slack retries deliveries without an answer.
    for _ in 0..2 {
        assert!(world.send(&captured).await.status().is_success());
    }
    let executions = world.executions().await;
    assert_eq!(executions.len(), 2, "{executions:#?}");
    let revision = executions.iter().find(|execution| execution["workflow"] == "revision").unwrap();
    let ended = world.ended(revision["execution"].as_str().unwrap()).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    let state = world.state().await;
    assert_eq!(pull_request(repository(&state, "acme/shop"), "feature/SHOP-1")["commits"], 2);
    let refused = async || {
        let state = world.state().await;
        let messages = state["slack"]["messages"].as_array().unwrap().clone();
        let refusals =
            messages.iter().filter(|message| message["text"].to_string().contains("may not start work"));
        Some(refusals.count()).filter(|count| *count > 0)
    };
    assert_eq!(eventually("the refusal", EXECUTION_LIMIT, refused).await, 1);
    world.finish().await;
}

#[tokio::test]
async fn a_file_uploaded_in_our_thread_reaches_the_agent_that_revises() {
    let world = WorldFile::quick_shop().start().await;
    let first = world.start_by("jira-label").await;
    assert_eq!(world.ended(&first).await["outcome"], "succeeded");
    let in_thread = |text: &str, log: &str| {
        json!({"kind": "slack-thread", "text": text, "by": "ada", "channel": "shop-dev", "about": "ready for review",
               "files": [{"name": "till.log", "text": log}]})
    };
    // A file alone starts nothing.
    world.deliver(in_thread("", "total 1")).await;
    assert_eq!(world.executions().await.len(), 1);
    world.deliver(in_thread("Say in the README that lower case works, too.", "total 0 of SAVE10")).await;
    let executions = world.executions().await;
    let revision = executions.iter().find(|execution| execution["workflow"] == "revision").unwrap();
    let ended = world.ended(revision["execution"].as_str().unwrap()).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    let asked: Vec<String> = world.asked_of_model().await.iter().map(Value::to_string).collect();
    assert!(asked.iter().any(|asked| asked.contains("total 0 of SAVE10")), "the agent is shown the file");
    assert!(!asked.iter().any(|asked| asked.contains("total 1")));
    world.finish().await;
}
