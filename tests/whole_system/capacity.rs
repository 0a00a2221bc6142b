//! Reviewers' capacity: tickets wait in line before an agent begins, while as many of our pull requests are open as reviewers can take.

use crate::evidence::{pull_request, repository};
use crate::support::{EXECUTION_LIMIT, World, WorldFile, comments, eventually};
use serde_json::{Value, json};

/// The shop with five tickets like its first, and an owner of everything who reviews three pull requests at a time.
fn shop() -> WorldFile {
    WorldFile::quick_shop().edit(|document| {
        let list = document["jira"]["tickets"].as_array_mut().unwrap();
        let first = list[0].clone();
        let ticket = |number: usize| {
            let mut ticket = first.clone();
            ticket["key"] = json!(format!("SHOP-{number}"));
            ticket
        };
        *list = (1..=5).map(ticket).collect();
        document["configuration"]["projects"][0]["capacity"] =
            json!({ "open_pull_requests": 3, "per": "codeowner" });
    })
}

async fn begins(world: &World, ticket: &str) -> String {
    world.start_by(json!({ "kind": "jira-label", "ticket": ticket, "label": "agent", "by": "ada" })).await
}

/// Waits until an execution is parked in line with these words, which its comment says as well.
async fn waits(world: &World, name: &str, turn: &str) {
    let in_line = async || {
        let execution = world.execution(name).await;
        let says = |text: &str| text.contains(turn);
        let parked = execution["outcome"] == "waiting" && execution["question"].as_str().is_some_and(says);
        let told = comments(&world.state().await).iter().any(|text| text.contains(name) && says(text));
        (parked && told).then_some(())
    };
    eventually(&format!("{name} being {turn}"), EXECUTION_LIMIT, in_line).await;
}

async fn number_of(world: &World, ticket: &str) -> Value {
    let state = world.state().await;
    pull_request(repository(&state, "acme/shop"), &format!("feature/{ticket}"))["number"].clone()
}

#[tokio::test]
async fn the_fourth_ticket_waits_until_a_pull_request_is_merged_and_revisions_do_not() {
    let mut world = shop().start().await;
    let owners = json!({
        "kind": "github-push", "repository": "acme/shop", "branch": "main", "by": "ada", "message": "Name owners",
        "files": { ".github/CODEOWNERS": "* @ada\n" },
    });
    world.deliver(owners).await;
    for number in 1..=3 {
        let name = begins(&world, &format!("SHOP-{number}")).await;
        let ended = world.ended(&name).await;
        assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    }
    let asked = world.asked_of_model().await.len();

    let fourth = begins(&world, "SHOP-4").await;
    waits(&world, &fourth, "first in line of 1").await;
    let question = world.execution(&fourth).await["question"].to_string();
    assert!(question.contains("at most 3 of our pull requests are open for @ada at a time"), "{question}");
    let fifth = begins(&world, "SHOP-5").await;
    waits(&world, &fifth, "second in line of 2").await;
    assert_eq!(world.asked_of_model().await.len(), asked, "nothing is spent while they wait");
    let (code, printed, errors) = world.command(&["status", &fifth]).await;
    assert!(code == 0 && printed.contains("second in line of 2"), "{printed}{errors}");

    // Waiting work is recorded: a kill at any moment changes nothing.
    world.kill().await;
    world.serve().await;

    let first = number_of(&world, "SHOP-1").await;
    let request = json!({
        "kind": "github-comment", "repository": "acme/shop", "issue": first, "by": "ada",
        "text": "@ticketsmith Please say in the README that lower case works, too.",
    });
    let revision = world.start_by(request).await;
    let ended = world.ended(&revision).await;
    assert_eq!(
        (&ended["workflow"], &ended["outcome"]),
        (&json!("revision"), &json!("succeeded")),
        "{ended:#}"
    );
    for name in [&fourth, &fifth] {
        assert_eq!(world.execution(name).await["outcome"], "waiting", "the revision is no new pull request");
    }

    let merge = json!({
        "kind": "github-close", "repository": "acme/shop", "pull_request": number_of(&world, "SHOP-2").await,
        "merge": true, "by": "ada",
    });
    assert_eq!(world.deliver(merge).await["status"], 200);
    let ended = world.ended(&fourth).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    assert!(number_of(&world, "SHOP-4").await.is_u64());
    waits(&world, &fifth, "first in line of 1").await;

    // An execution in line can be stopped.
    let stop = json!({
        "kind": "jira-comment", "ticket": "SHOP-5", "by": "ada", "text": "[~accountid:712020:ticketsmith] stop",
    });
    assert_eq!(world.deliver(stop).await["status"], 200);
    let ended = world.ended(&fifth).await;
    assert_eq!(ended["outcome"], "stopped", "{ended:#}");
    world.finish().await;
}

#[tokio::test]
async fn a_pull_request_that_is_opened_again_counts_again() {
    let file = shop().edit(|document| {
        document["configuration"]["projects"][0]["capacity"] = json!({ "open_pull_requests": 1 });
    });
    let world = file.start().await;
    let first = begins(&world, "SHOP-1").await;
    let ended = world.ended(&first).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    let number = number_of(&world, "SHOP-1").await;
    let does =
        |kind: &str| json!({ "kind": kind, "repository": "acme/shop", "pull_request": number, "by": "ada" });
    assert_eq!(world.deliver(does("github-close")).await["body"]["results"][0]["result"], "recorded");
    let reopened = world.deliver(does("github-reopen")).await;
    assert_eq!(reopened["body"]["results"][0]["result"], "recorded", "{reopened}");
    // The place is taken again independently of the delivery, so the program is polled until it is.
    let second = begins(&world, "SHOP-2").await;
    waits(&world, &second, "first in line of 1").await;
    let answer = world.deliver(does("github-close")).await;
    assert_eq!(answer["status"], 200, "{answer}");
    let ended = world.ended(&second).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    world.finish().await;
}
