//! Words that are nearly a command, or that are one about something else, steer and pay for nothing.

use crate::replies::answer;
use crate::revision;
use crate::steering::{comment, world};
use crate::world::{World, configuration, labelled, routes};
use records::Terms;
use serde_json::json;

impl World {
    /// What ada is told who says something to the bot on a ticket of Jira.
    async fn said_on(&self, task_id: &str, words: &str) -> String {
        let said = comment(task_id, &format!("@ticketsmith {words}"), "5b10");
        answer(self, words, &said).await.unwrap_or_default()
    }
}

#[tokio::test]
async fn a_command_that_names_another_ticket_is_not_carried_out_here() {
    let world = world().await;
    let waiter = world.ask("SHOP-1", &[]).await;
    for words in ["approve SHOP-2", "deny shop-2, please", "stop SHOP-2", "budget SHOP-2 +5", "undo SHOP-2"] {
        let told = world.said_on("SHOP-1", words).await;
        assert!(told.contains("names SHOP-2, and this is about SHOP-1"), "{words}: {told}");
    }
    assert_eq!(world.answer_to(&waiter).await, None);
    assert_eq!(world.execution_on("SHOP-1").await.stop_requested_by, None);
    let shown = world.said_on("SHOP-1", "status SHOP-2").await;
    assert!(shown.contains("SHOP-2") && !shown.contains("SHOP-1"), "{shown}");
    world.said_on("SHOP-1", "approve SHOP-1, as I said").await;
    let answered = world.answer_to(&waiter).await;
    assert_eq!(answered, Some((true, "ada".into(), Some("as I said".into()))));
}

#[tokio::test]
async fn who_says_yes_on_a_ticket_is_told_how_many_must() {
    let world = world().await;
    let two = Terms { count: 2, ..Terms::default() };
    let waiter = world.ask_with("SHOP-1", |waiter| waiter.terms = two).await;
    assert_eq!(world.said_on("SHOP-1", "approve").await, "approved by 1 of 2: “Ship it?”");
    assert_eq!(world.said_on("SHOP-1", "approve again").await, "approved by 1 of 2: “Ship it?”");
    assert_eq!(world.answer_to(&waiter).await, None);
}

#[tokio::test]
async fn thanks_in_other_languages_and_misspelled_commands_start_no_revision() {
    let world = revision::world().await;
    for (number, words) in [
        "vielen Dank!",
        "¡muchas gracias!",
        "merci beaucoup",
        "ありがとう ございます",
        "aprove this, it is good enough for me now",
        "`approve` it please",
        "status must be shown in the list",
        "costs are to be rounded to cents",
        "help people to find the cart",
    ]
    .into_iter()
    .enumerate()
    {
        let delivery = format!("d{number}");
        let said = revision::comment(7, &format!("@ticketsmith {words}"));
        let (_, outcome) = world.github("issue_comment", &delivery, &said).await;
        assert_eq!(outcome["results"][0]["result"], "answered", "{words}: {outcome}");
        let (told, _) = revision::told(&world, &delivery, &said).await.unwrap();
        assert!(told.contains("To ask for changes to a pull request, begin with"), "{words}: {told}");
    }
    assert!(world.starts().is_empty());
    assert!(world.table.executions_of_task("SHOP-1", None, 1).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_sentence_that_begins_with_run_starts_nothing() {
    let mut routes = routes();
    let run = json!({"on": "ticket.commented", "conditions": {"command": "run"}});
    routes.workflows.get_mut("development").unwrap().triggers.push(serde_json::from_value(run).unwrap());
    let world = World::with(configuration(), routes).await;
    let told = world.said_on("SHOP-1", "run the tests first").await;
    assert!(told.contains("only a ticket comes behind run"), "{told}");
    assert!(world.starts().is_empty());
    world.said_on("SHOP-1", "run").await;
    assert_eq!(world.starts().len(), 1);
}

#[tokio::test]
async fn a_command_that_lacks_words_is_explained() {
    let world = world().await;
    let told = world.said_on("SHOP-1", "revise").await;
    assert_eq!(
        told,
        "@ticketsmith revise what to change asks for changes to its pull request\n\nWhile an agent is at work on the ticket, it takes the words \
         in; otherwise a revision begins."
    );
    let told = world.said_on("SHOP-1", "help aprove").await;
    assert!(told.contains("Did you mean @ticketsmith approve?"), "{told}");
}

#[tokio::test]
async fn a_pull_request_of_ours_is_named_in_place_of_its_ticket() {
    let world = revision::world().await;
    world.jira("d0", &labelled("SHOP-1", "agent", "5b10")).await;
    for (number, words) in
        ["status acme/shop#7", "status ACME/shop#7!", "costs acme/shop#7"].into_iter().enumerate()
    {
        let (_, answer) = world.command("U1", words, &format!("t{number}")).await;
        let told = answer["blocks"].to_string();
        assert!(told.contains("SHOP-1") && !told.contains("acme/shop#7"), "{words}: {told}");
    }
    let (_, answer) = world.command("U1", "stop acme/shop#7", "t8").await;
    assert!(answer.to_string().contains("development on SHOP-1 is being stopped"), "{answer}");
    let on_ticket = world.said_on("SHOP-1", "status acme/shop#7").await;
    assert!(on_ticket.starts_with("SHOP-1"), "{on_ticket}");
    let (_, other) = world.command("U1", "status acme/shop#9", "t9").await;
    assert!(other["blocks"].to_string().contains("acme/shop#9"), "{other}");
}
