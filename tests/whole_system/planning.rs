//! The actions that the shipped workflows do not use: a model's text becomes an epic, its tickets and an edited message.

use crate::support::WorldFile;
use serde_json::{Value, json};

const PLANNING: &str = r#"
name: Planning
inputs: { idea: string }
steps:
  - name: write_draft
    type: ai_action
    action: generate_text
    agent: planning
    inputs: { prompt: "Name the tickets of ${idea}" }
    outputs: { text: draft }
  - name: create_epic
    plugin: task_management
    action: create_epic
    inputs: { title: "${idea}", description: "${draft}", labels: [planned] }
    outputs: { task_id: epic.id }
  - name: announce
    plugin: communication
    action: send_message
    inputs: { message: "Planning ${idea}" }
    outputs: { channel: sent.channel, message_id: sent.id }
  - name: break_down
    type: foreach
    items: ["Know the codes", "Show the discount"]
    as: title
    max_concurrency: 2
    steps:
      - name: create_ticket
        plugin: task_management
        action: create_task
        inputs: { title: "${title}", epic: "${epic.id}", story_points: 3 }
        timeout: 2m
  - name: list_tickets
    plugin: task_management
    action: get_project_tasks
    inputs: { limit: 50 }
    outputs: { count: found }
  - name: tell
    plugin: communication
    action: update_message
    inputs: { channel: "${sent.channel}", message_id: "${sent.id}", message: "${idea} is planned; the project has ${found} tickets" }
outputs: { epic: "${epic.id}", tickets: "${found}" }
"#;

#[tokio::test]
async fn an_idea_becomes_an_epic_with_tickets() {
    let world = WorldFile::quick_shop()
        .with_file("workflows/planning.yaml", PLANNING)
        .edit(|document| {
            let reply = json!({
                "for": "Name the tickets of",
                "expect": {"contains": ["Discount codes"]},
                "content": [{"text": "Two tickets: codes, and the receipt."}],
            });
            document["claude"]["replies"].as_array_mut().unwrap().insert(0, reply);
        })
        .start()
        .await;
    let before = world.state().await["jira"].as_array().unwrap().len();
    let idea = "idea=Discount codes";
    let arguments = ["run", "planning", "--json", "--as", "ada", "--project", "SHOP", "--input", idea];
    let (code, printed, errors) = world.command(&arguments).await;
    let line = printed.lines().last().unwrap_or_else(|| panic!("nothing was printed: {errors}"));
    let result: Value = serde_json::from_str(line).unwrap();
    assert_eq!((code, &result["outcome"]), (0, &json!("succeeded")), "{result:#}");
    let state = world.state().await;
    let tickets = state["jira"].as_array().unwrap();
    assert_eq!(tickets.len(), before + 3, "one epic and two tickets");
    let created: Vec<String> =
        world.requests("jira", "POST", "/issue").await.iter().map(Value::to_string).collect();
    let with =
        |texts: &[&str]| created.iter().filter(|sent| texts.iter().all(|text| sent.contains(text))).count();
    assert_eq!(with(&["Discount codes", "Two tickets: codes, and the receipt."]), 1, "{created:?}");
    assert_eq!(with(&["Know the codes", "customfield_10001"]), 1, "{created:?}");
    assert_eq!(with(&["Show the discount", "customfield_10001"]), 1, "{created:?}");
    let messages = state["slack"]["messages"].as_array().unwrap();
    // Jira's search finds new tickets only after a while.
    let expected = format!("Discount codes is planned; the project has {before} tickets");
    assert!(messages.iter().any(|message| message.to_string().contains(&expected)), "{messages:?}");
    world.finish().await;
}
