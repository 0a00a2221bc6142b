//! People's actions while a pull request waits for its checks: the wait ends at once, and nothing is lost.

use crate::evidence::{pull_request, repository, steps};
use crate::support::{EXECUTION_LIMIT, World, WorldFile, comments, eventually};
use serde_json::{Value, json};

const BRANCH: &str = "feature/SHOP-1";
const REQUEST: &str = "Please say in the README that lower case works, too.";

/// A world whose pull requests wait for checks that nobody makes: whether there are any is known after ten minutes. The execution, and the
/// pull request's number.
async fn waiting() -> (World, String, Value) {
    let world = WorldFile::quick_shop()
        .edit(|world| world["github"]["repositories"][0]["checks"] = json!([]))
        .start()
        .await;
    let name = world.start_by("jira-label").await;
    is_waiting(&world, &name).await;
    let number = pull(&world.state().await)["number"].clone();
    (world, name, number)
}

fn pull(state: &Value) -> Value {
    pull_request(repository(state, "acme/shop"), BRANCH).clone()
}

async fn is_waiting(world: &World, name: &str) {
    let waits = async || {
        let execution = world.execution(name).await;
        (execution["outcome"] == "waiting").then_some(())
    };
    eventually("the wait for checks", EXECUTION_LIMIT, waits).await;
}

fn comment(number: &Value, text: &str, by: &str) -> Value {
    json!({"kind": "github-comment", "repository": "acme/shop", "issue": number, "text": text, "by": by})
}

#[tokio::test]
async fn a_comment_is_done_while_the_checks_are_awaited_and_a_merge_ends_the_wait() {
    let (world, name, number) = waiting().await;
    world.deliver(comment(&number, "@ticketsmith push to main", "grace")).await;
    world.deliver(comment(&number, &format!("@ticketsmith {REQUEST}"), "ada")).await;
    let revised = async || (pull(&world.state().await)["commits"] == 2).then_some(());
    eventually("the second commit", EXECUTION_LIMIT, revised).await;
    is_waiting(&world, &name).await;
    let said = comments(&world.state().await);
    assert!(said.iter().any(|text| text.contains("Revised in ")), "{said:#?}");
    assert_eq!(world.executions().await.len(), 1, "the run that waits does it");
    let asked = world.asked_of_model().await;
    let last = asked.last().unwrap()["request"].to_string();
    assert_eq!(last.matches(REQUEST.trim_start_matches("Please ")).count(), 1, "{last}");
    assert!(!last.contains("push to main"), "a stranger's words reach nobody: {last}");

    let merge = json!({"kind": "github-close", "repository": "acme/shop", "pull_request": number, "merge": true, "by": "ada"});
    world.deliver(merge).await;
    let ended = world.ended(&name).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    assert!(!steps(&ended).iter().any(|(step, _)| step.starts_with("Checks/MarkReady")), "{ended:#}");
    // The ticket is free: the same words request a revision of an open pull request, and there is none.
    assert_eq!(world.executions().await.len(), 1);
    world.start_by("jira-transition").await;
    world.finish().await;
}

#[tokio::test]
async fn words_on_the_ticket_and_in_the_thread_end_the_wait_too() {
    let (world, name, _) = waiting().await;
    let on_ticket = json!({
        "kind": "jira-comment", "ticket": "SHOP-1", "by": "ada",
        "text": format!("[~accountid:712020:ticketsmith] revise {REQUEST}"),
    });
    world.deliver(on_ticket).await;
    let revised = async || (pull(&world.state().await)["commits"] == 2).then_some(());
    eventually("the second commit", EXECUTION_LIMIT, revised).await;
    is_waiting(&world, &name).await;
    let (code, _, errors) = world.command(&["stop", "SHOP-1", "--as", "ada"]).await;
    assert_eq!(code, 0, "{errors}");
    assert_eq!(world.ended(&name).await["outcome"], "stopped");
    world.finish().await;
}
