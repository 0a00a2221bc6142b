//! The two workflows of the system this one follows run as they stand, to a pull request with commits.

use crate::support::{World, WorldFile};
use serde_json::{Value, json};

const DEVELOPMENT: &str = include_str!("../../shared/workflow/tests/fixtures/development-workflow.yaml");
const AI_DEVELOPMENT: &str =
    include_str!("../../shared/workflow/tests/fixtures/ai-development-workflow.yaml");

async fn world_with(path: &str, workflow: &str) -> World {
    WorldFile::quick_shop().with_file(path, workflow).start().await
}

async fn run(world: &World, arguments: &[&str]) -> Value {
    let (code, printed, errors) =
        world.command(&[&["run", "--json", "--as", "ada"], arguments].concat()).await;
    assert_eq!(code, 0, "{printed}\n{errors}");
    serde_json::from_str(printed.lines().last().unwrap()).unwrap()
}

fn pull_request(state: &Value) -> &Value {
    let pull = &state["github"]["repositories"][0]["pull_requests"][0];
    let files = pull["files"].as_array().unwrap_or_else(|| panic!("there is no pull request: {state:#}"));
    assert!(files.iter().any(|file| file["filename"] == "src/shop/discounts.py"), "{files:?}");
    pull
}

#[tokio::test]
async fn development_runs_unedited() {
    let world = world_with("workflows/development-workflow.yaml", DEVELOPMENT).await;
    let result = run(&world, &["development-workflow", "--input", "task_id=SHOP-1"]).await;
    assert_eq!(result["outcome"], "succeeded", "{result:#}");
    let state = world.state().await;
    assert_eq!(pull_request(&state)["head"]["ref"], "feature/SHOP-1");
    let messages = state["slack"]["messages"].to_string();
    assert!(messages.contains("Task SHOP-1 completed! PR: <http"), "{messages}");
    world.finish().await;
}

#[tokio::test]
async fn ai_development_runs_unedited() {
    let world = world_with("workflows/ai-development-workflow.yaml", AI_DEVELOPMENT).await;
    let task = json!({
        "task_id": "SHOP-1",
        "title": "Add a discount code to the cart",
        "description": "A code takes a whole percentage off the cart's total. WELCOME10 takes 10 percent off, SUMMER25 takes 25.\n\nCodes work in any case and with spaces around them.",
        "repository_url": "acme/shop"
    });
    let result = run(
        &world,
        &[
            "ai-development-workflow",
            "--project",
            "SHOP",
            "--input",
            "task_id=SHOP-1",
            "--input",
            "repository_path=acme/shop",
            "--input",
            &format!("task_data={task}"),
        ],
    )
    .await;
    assert_eq!(result["outcome"], "succeeded", "{result:#}");
    let state = world.state().await;
    assert_eq!(pull_request(&state)["head"]["ref"], "feature/SHOP-1");
    assert!(
        state["confluence"].to_string().contains("Add a discount code to the cart - Implementation"),
        "{state:#}"
    );
    world.finish().await;
}
