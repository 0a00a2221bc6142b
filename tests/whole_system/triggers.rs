//! Each trigger, from a person's action to the pull request, judged by the resulting state of the services.

use crate::evidence::{
    branches, changed_files, has_label, messages, micro_usd, pull_request, reported_micro_usd, repository,
    steps, ticket,
};
use crate::support::{World, WorldFile, comments, eventually};
use serde_json::Value;
use std::time::Duration;

const FILES: &[&str] = &[
    "README.md",
    "src/shop/cart.py",
    "src/shop/checkout.py",
    "src/shop/discounts.py",
    "tests/test_cart.py",
    "tests/test_checkout.py",
    "tests/test_discounts.py",
];

/// What everybody sees once an execution has succeeded, wherever it was started; gives the state it was judged by.
async fn judge(world: &World, name: &str, task: &str, branch: &str) -> Value {
    let execution = world.ended(name).await;
    assert_eq!(execution["outcome"], "succeeded", "{execution:#}");
    assert!(steps(&execution).iter().all(|(_, status)| *status == "succeeded"), "{execution:#}");
    let told = world.told(name).await;
    let state = world.state().await;

    let repository = repository(&state, "acme/shop");
    assert_eq!(branches(repository), [branch, "main"]);
    let pull_request = pull_request(repository, branch);
    assert_eq!(pull_request["state"], "open");
    assert_eq!(pull_request["commits"], 1);
    assert_eq!(pull_request["base"]["ref"], "main");
    assert_eq!(pull_request["head"]["sha"], repository["branches"][branch]);
    assert_eq!(pull_request["title"], format!("{task}: Add discount codes to the cart"));
    assert_eq!(changed_files(pull_request), FILES);
    let url = pull_request["html_url"].as_str().unwrap();
    assert_eq!(execution["output"]["pull_request"], url);

    let announced =
        messages(&state, "#shop-dev").into_iter().filter(|text| text.contains("ready for review"));
    let expected = format!("{task} (Add a discount code to the cart) is ready for review: <{url}>");
    assert_eq!(announced.collect::<Vec<_>>(), [expected]);

    let cost = reported_micro_usd(&world.log().await);
    assert!(cost > 0);
    assert_eq!(micro_usd(&execution["cost_usd"]), cost);
    let by_step: u64 =
        execution["steps"].as_array().unwrap().iter().map(|step| micro_usd(&step["cost_usd"])).sum();
    assert_eq!(by_step, cost);
    assert!(told.contains('✅') && !told.contains('❌'), "{told}");
    assert!(told.contains(&format!("Cost ${:.4}", cost as f64 / 1e6)), "{told}");
    assert!(told.contains(url) || told.contains(&format!("#{}", pull_request["number"])), "{told}");
    assert_eq!(comments(&state).iter().filter(|text| text.contains(name)).count(), 1, "one progress comment");
    state
}

/// Waits until the label that gave the command is gone, so that it can be given again.
async fn label_is_gone(world: &World, labels: impl Fn(&Value) -> Value) {
    let look = async || (!has_label(&labels(&world.state().await), "agent")).then_some(());
    eventually("the removal of the label", Duration::from_secs(20), look).await;
}

#[tokio::test]
async fn a_label_on_a_jira_ticket() {
    // At the rates of the shipped settings, at which calls have to wait for one another.
    let world = WorldFile::shop().start().await;
    let name = world.start_by("jira-label").await;
    let state = judge(&world, &name, "SHOP-1", "feature/SHOP-1").await;
    assert_eq!(ticket(&state, "SHOP-1")["status"], "Code Review");
    label_is_gone(&world, |state| ticket(state, "SHOP-1")["labels"].clone()).await;
    assert_eq!(ticket(&state, "SHOP-2")["status"], "To Do");
    world.finish().await;
}

#[tokio::test]
async fn a_jira_ticket_moved_to_the_agents_column() {
    let world = WorldFile::quick_shop().start().await;
    let name = world.start_by("jira-transition").await;
    let state = judge(&world, &name, "SHOP-1", "feature/SHOP-1").await;
    assert_eq!(ticket(&state, "SHOP-1")["status"], "Code Review");
    world.finish().await;
}

#[tokio::test]
async fn a_label_on_a_github_issue() {
    let world = WorldFile::quick_shop().start().await;
    let name = world.start_by("github-label").await;
    let state = judge(&world, &name, "acme/shop#1", "feature/acme-shop-1").await;
    let issue = &repository(&state, "acme/shop")["issues"][0];
    assert!(has_label(&issue["labels"], "status: code review"), "{issue:#}");
    assert_eq!(issue["reactions"]["eyes"], 1);
    label_is_gone(&world, |state| repository(state, "acme/shop")["issues"][0]["labels"].clone()).await;
    assert_eq!(ticket(&state, "SHOP-1")["status"], "To Do");
    world.finish().await;
}

#[tokio::test]
async fn a_slash_command() {
    let world = WorldFile::quick_shop().start().await;
    let name = world.start_by("slack-command").await;
    let state = judge(&world, &name, "SHOP-1", "feature/SHOP-1").await;
    assert_eq!(ticket(&state, "SHOP-1")["status"], "Code Review");
    world.finish().await;
}

#[tokio::test]
async fn a_comment_that_says_run_starts_work() {
    let world = WorldFile::quick_shop().start().await;
    let name = world.start_by("github-comment").await;
    judge(&world, &name, "acme/shop#1", "feature/acme-shop-1").await;
    world.finish().await;
}
