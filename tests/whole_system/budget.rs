//! Money is set aside before it is spent, or not spent.

use crate::evidence::{branches, repository};
use crate::support::{EXECUTION_LIMIT, WorldFile, eventually};
use serde_json::json;

#[tokio::test]
async fn a_limit_below_the_worst_case_parks_the_execution_before_the_model_is_asked() {
    for limit in ["per_task_usd", "per_user_month_usd"] {
        let world = WorldFile::quick_shop()
            .edit(|document| document["configuration"]["budgets"][limit] = json!(0.01))
            .start()
            .await;
        let name = world.start_by("jira-label").await;
        let waiting = async || {
            let execution = world.execution(&name).await;
            (execution["outcome"] == "waiting").then_some(execution)
        };
        let execution = eventually("the execution that waits", EXECUTION_LIMIT, waiting).await;
        assert_eq!((&execution["cost_usd"], &execution["ended_at"]), (&json!(0.0), &json!(null)), "{limit}");
        assert!(world.requests("claude", "POST", "/").await.is_empty(), "{limit}: the model was asked");
        let state = world.state().await;
        assert_eq!(branches(repository(&state, "acme/shop")), ["main"]);
        // Its ticket stays taken while it waits.
        let again = world.deliver("jira-label").await;
        assert_eq!(again["body"]["results"][0]["result"], "already_at_work", "{again}");
        world.finish().await;
    }
}

#[tokio::test]
async fn a_model_without_a_price_is_never_taken_for_free() {
    let world = WorldFile::quick_shop()
        .edit(|document| {
            document["claude"]["models"].as_array_mut().unwrap().push(json!("in-house-model"));
            document["configuration"]["plugins"]["claude"]["model"] = json!("in-house-model");
        })
        .start()
        .await;
    let name = world.start_by("jira-label").await;
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    let asked = world.asked_of_model().await.len();
    assert!(asked > 0);
    assert_eq!(ended["cost_unknown_calls"], asked, "{ended:#}");
    world.finish().await;
}
