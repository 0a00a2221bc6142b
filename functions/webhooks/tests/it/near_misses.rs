//! Words that are nearly a command, or that are one about something else, steer and pay for nothing.

use crate::replies::answer;
use crate::revision;
use crate::steering::{comment, world};
use crate::world::{PREFIX, World, configuration, labelled, routes};
use domain::event::EventSpec;
use domain::{EventKey, EventName};
use records::{Terms, Topic};
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

/// What links to tickets look like, in Jira and at GitHub.
pub(crate) async fn know_links(world: &World) {
    let references = json!({
        "trackers": [
            {"instance": "jira", "patterns": ["{PROJECT}-{number}", "{site}acme.atlassian.net/browse/{PROJECT}-{number}"]},
            {"instance": "github", "patterns": ["{owner}/{name}#{number}", "{site}github.com/{owner}/{name}/issues/{number}"]},
        ],
        "projects": [{"names": ["SHOP", "acme/shop"], "trackers": ["jira"]}],
    });
    world.table.put_references(&serde_json::from_value(references).unwrap()).await.unwrap();
}

#[tokio::test]
async fn another_ticket_is_named_in_whatever_form() {
    let world = world().await;
    know_links(&world).await;
    let waiter = world.ask("SHOP-1", &[]).await;
    let link = "https://acme.atlassian.net/browse/SHOP-2";
    for words in [
        format!("approve {link} looks good"),
        format!("deny [{link}|{link}|smart-link]"),
        format!("stop [Limit carts|{link}], please"),
        format!("approve <{link}|Limit carts>"),
        "**approve** **SHOP-2** as I said".to_owned(),
        "approve (SHOP-2)".to_owned(),
        "approve \u{200f}SHOP-2\u{200f}, please".to_owned(),
    ] {
        let told = world.said_on("SHOP-1", &words).await;
        assert!(told.contains("names SHOP-2, and this is about SHOP-1"), "{words}: {told}");
    }
    let elsewhere = world.said_on("SHOP-1", "approve https://github.com/other/one/issues/3 first").await;
    assert!(elsewhere.contains("names other/one#3, and this is about SHOP-1"), "{elsewhere}");
    assert_eq!(world.answer_to(&waiter).await, None);
    assert_eq!(world.execution_on("SHOP-1").await.stop_requested_by, None);
    world
        .said_on("SHOP-1", "approve <https://acme.atlassian.net/browse/SHOP-1|Limit carts>: as I said")
        .await;
    let answered = world.answer_to(&waiter).await;
    assert_eq!(answered, Some((true, "ada".into(), Some("as I said".into()))));
}

#[tokio::test]
async fn a_number_alone_names_a_ticket_of_the_same_repository() {
    let world = world().await;
    let said = |words: &str| {
        json!({"action": "created", "sender": {"login": "ada-hub"}, "repository": {"full_name": "acme/tes"},
            "issue": {"number": 7}, "comment": {"id": null, "body": format!("@ticketsmith {words}")}})
    };
    let (_, answer) = world.github("issue_comment", "d1", &said("approve #9")).await;
    let reason = answer["results"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("names acme/tes#9, and this is about acme/tes#7"), "{answer}");
    let (_, answer) = world.github("issue_comment", "d2", &said("approve #7")).await;
    let reason = answer["results"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("nothing on acme/tes#7 is waiting"), "{answer}");
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
    assert!(told.contains("run takes only a ticket"), "{told}");
    assert!(world.starts().is_empty());
    world.said_on("SHOP-1", "run").await;
    assert_eq!(world.starts().len(), 1);
}

/// Routes with these further workflows, each with a trigger on comments on tickets.
fn routes_with(workflows: &[(&str, serde_json::Value)]) -> domain::routes::Routes {
    let mut routes = routes();
    for (name, conditions) in workflows {
        let workflow = json!({"title": name, "inputs": {"task_id": {"type": "string"}},
            "triggers": [{"on": "ticket.commented", "conditions": conditions}]});
        routes.workflows.insert((*name).to_owned(), serde_json::from_value(workflow).unwrap());
    }
    routes
}

impl World {
    /// The workflows that were started, in order.
    fn started(&self) -> Vec<String> {
        let name = |start: serde_json::Value| {
            start["stateMachineArn"].as_str().unwrap().trim_start_matches(PREFIX).to_owned()
        };
        self.starts().into_iter().map(name).collect()
    }
}

#[tokio::test]
async fn a_trigger_that_names_more_than_run_fires() {
    let routes = routes_with(&[
        ("begin", json!({"command": "run"})),
        ("load_tests", json!({"command": "run load tests"})),
    ]);
    let world = World::with(configuration(), routes).await;
    world.said_on("SHOP-1", "Run load tests").await;
    let told = world.said_on("SHOP-2", "run the load tests").await;
    assert!(told.contains("run takes only a ticket"), "{told}");
    world.said_on("SHOP-2", "run SHOP-2 please, now").await;
    assert_eq!(world.started(), ["load_tests", "begin"]);
}

#[tokio::test]
async fn words_that_a_step_waits_for_are_not_refused() {
    let world = world().await;
    let spec = EventSpec::new(EventName::from_static("jira.commented"), "").matched_by(["task_id"]);
    let fields = json!({"task_id": "SHOP-1"});
    let key = EventKey::new(&spec, fields.as_object().unwrap()).unwrap().unwrap();
    world.ask_with("SHOP-1", |waiter| waiter.topic = Topic::Event(key).to_string()).await;
    assert_eq!(world.said_on("SHOP-1", "run the load tests").await, "");
    let kept = world.table.occurrences("jira.commented/shop-1").await.unwrap();
    assert_eq!(kept[0].fields["text"], "run the load tests");
    assert!(world.said_on("SHOP-2", "run the load tests").await.contains("run takes only a ticket"));
}

#[tokio::test]
async fn a_trigger_takes_no_command_away() {
    let routes = routes_with(&[
        ("any_comment", json!({})),
        ("stop_all", json!({"command": "stop"})),
        ("stop_tests", json!({"command": "stop load tests"})),
        ("words", json!({"mention": "undo"})),
    ]);
    let world = World::with(configuration(), routes).await;
    world.jira("d0", &labelled("SHOP-1", "agent", "5b10")).await;
    world.said_on("SHOP-1", "stop").await;
    assert_eq!(world.execution_on("SHOP-1").await.stop_requested_by.as_deref(), Some("ada"));
    let told = world.said_on("SHOP-2", "undo").await;
    assert!(told.contains("SHOP-2"), "{told}");
    let told = world.said_on("SHOP-2", "status").await;
    assert!(told.starts_with("SHOP-2: nothing has been started yet"), "{told}");
    assert_eq!(world.started(), ["development"]);
    // Other words, and more of them, are the triggers'.
    world.said_on("SHOP-2", "stop load tests").await;
    world.said_on("SHOP-3", "status must be shown in the list").await;
    world.said_on("SHOP-4", "what is it about?").await;
    assert_eq!(world.started(), ["development", "stop_tests", "any_comment", "any_comment"]);
}

#[tokio::test]
async fn a_chat_trigger_that_takes_everything_takes_no_command() {
    let mut routes = routes();
    let workflow = json!({"title": "Ask", "inputs": {"words": {"type": "string"}},
        "triggers": [{"on": "chat.command", "conditions": {"text": "{words}"}}]});
    routes.workflows.insert("ask".to_owned(), serde_json::from_value(workflow).unwrap());
    let world = World::with(configuration(), routes).await;
    world.jira("d0", &labelled("SHOP-1", "agent", "5b10")).await;
    for words in ["stop SHOP-1", "status", "help"] {
        world.command("U1", words, words).await;
    }
    assert_eq!(world.execution_on("SHOP-1").await.stop_requested_by.as_deref(), Some("ada"));
    assert_eq!(world.started(), ["development"]);
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
