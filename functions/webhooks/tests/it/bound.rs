//! A command concerns what the person saw, however late and however often it arrives.

use crate::steering::{comment, moved, text, world};
use crate::world::{World, configuration, labelled, routes};
use domain::Clock;
use domain::configuration::Role;
use domain::execution::Outcome;
use records::{ExecutionEnd, Moves, Waiter};
use serde_json::{Value, json};

impl World {
    /// A second question of the execution that asked the first, some time later.
    async fn ask_next(&self, first: &Waiter) -> Waiter {
        self.clock.advance(60);
        let execution = self.table.execution(&first.execution).await.unwrap().unwrap();
        let (key, moves) = (format!("{}.{}", first.key, self.clock.now()), first.moves.clone());
        self.ask_in(execution, |waiter| {
            waiter.key = key;
            waiter.moves = moves;
        })
        .await
    }

    async fn end_work_on(&self, task_id: &str) {
        let name = self.execution_on(task_id).await.name;
        let at = self.clock.now();
        let end = ExecutionEnd { outcome: Outcome::Succeeded, error: None, cause: None, output: None, at };
        self.table.finish(&name, &end).await.unwrap();
        self.clock.advance(60);
    }
}

/// The same, said some seconds before now.
fn said(world: &World, seconds_ago: i64, mut payload: Value) -> Value {
    payload["timestamp"] = json!(world.clock.now().as_millisecond() - seconds_ago * 1000);
    payload
}

#[tokio::test]
async fn a_resent_approval_does_not_answer_the_next_question() {
    let world = world().await;
    let first = world.ask("SHOP-1", &[]).await;
    // One that says when it was written, and one that does not.
    for (delivery, timed) in [("d1", true), ("d2", false)] {
        let asked = if timed { first.clone() } else { world.ask_next(&first).await };
        let words = comment("SHOP-1", "@ticketsmith approve", "5b10");
        let words = if timed { said(&world, 0, words) } else { words };
        let (_, answered) = world.jira(delivery, &words).await;
        assert_eq!(answered["results"][0]["result"], "recorded", "{answered}");
        assert!(world.answer_to(&asked).await.is_some());
        let next = world.ask_next(&asked).await;
        let (_, again) = world.jira(delivery, &words).await;
        assert_eq!(again["results"][0]["result"], "recorded", "it is told what it was told before: {again}");
        assert_eq!(world.answer_to(&next).await, None);
        let (_, declined) =
            world.jira(&format!("{delivery}-deny"), &comment("SHOP-1", "@ticketsmith deny", "5b10")).await;
        assert_eq!(declined["results"][0]["result"], "recorded", "{declined}");
    }
}

#[tokio::test]
async fn a_resent_command_does_not_answer_the_next_question() {
    let world = world().await;
    let (_, nothing) = world.command("U1", "approve SHOP-1", "t0").await;
    assert!(text(&nothing).contains("nothing on SHOP-1 is waiting"), "{nothing}");
    let first = world.ask("SHOP-1", &[]).await;
    world.command("U1", "approve SHOP-1", "t0").await;
    assert_eq!(world.answer_to(&first).await, None, "there was no question when it was typed");
    world.command("U1", "approve SHOP-1", "t1").await;
    let next = world.ask_next(&first).await;
    let (_, again) = world.command("U1", "approve SHOP-1", "t1").await;
    assert_eq!(text(&again), "approved: \u{201c}Ship it?\u{201d}");
    assert_eq!(world.answer_to(&next).await, None);
}

#[tokio::test]
async fn a_comment_from_before_a_question_is_not_about_it() {
    let world = world().await;
    let waiter = world
        .ask_with("SHOP-1", |waiter| {
            waiter.moves = Moves { approve: Some("Approved".into()), decline: None };
        })
        .await;
    world.clock.advance(5);
    let early = said(&world, 10, comment("SHOP-1", "@ticketsmith approve", "5b10"));
    let (_, told) = world.jira("d1", &early).await;
    assert_eq!(told["results"][0]["reason"], "nothing on SHOP-1 is waiting for an answer");
    let early = said(&world, 10, moved("SHOP-1", "Approved", "5b10"));
    world.jira("d2", &early).await;
    assert_eq!(world.answer_to(&waiter).await, None);

    // Two people answer, and the next question is asked before the second answer arrives.
    world.jira("d3", &said(&world, 0, comment("SHOP-1", "@ticketsmith approve", "5b10"))).await;
    let late = said(&world, 0, comment("SHOP-1", "@ticketsmith deny", "5b10"));
    let next = world.ask_next(&waiter).await;
    let (_, told) = world.jira("d4", &late).await;
    let faster = "ada already answered \u{201c}Ship it?\u{201d}: approved, via jira at ";
    assert!(told["results"][0]["reason"].as_str().unwrap().starts_with(faster), "{told}");
    assert_eq!(world.answer_to(&next).await, None);
    let in_time = said(&world, 0, comment("SHOP-1", "@ticketsmith approve", "5b10"));
    world.jira("d5", &in_time).await;
    assert!(world.answer_to(&next).await.is_some());
}

#[tokio::test]
async fn a_resent_or_late_stop_does_not_stop_a_later_run() {
    let world = world().await;
    world.jira("d1", &labelled("SHOP-1", "agent", "5b10")).await;
    let stop = said(&world, 0, comment("SHOP-1", "@ticketsmith stop", "5b10"));
    let (_, stopped) = world.jira("s1", &stop).await;
    assert_eq!(stopped["results"][0]["result"], "recorded", "{stopped}");
    world.command("U1", "stop SHOP-1", "t1").await;
    let first = world.execution_on("SHOP-1").await;
    assert!(first.stop_requested_by.is_some());
    world.end_work_on("SHOP-1").await;
    world.jira("d2", &labelled("SHOP-1", "agent", "5b10")).await;
    let (_, again) = world.jira("s1", &stop).await;
    assert_eq!(again["results"][0]["reason"], "development on SHOP-1 has just ended");
    let (_, again) = world.command("U1", "stop SHOP-1", "t1").await;
    assert_eq!(text(&again), ":no_entry: development on SHOP-1 has just ended");
    let (_, late) = world.jira("s2", &stop).await;
    assert_eq!(late["results"][0]["reason"], "nothing is running on SHOP-1");
    let second = world.execution_on("SHOP-1").await;
    assert!(second.name != first.name && second.stop_requested_by.is_none(), "{second:?}");
}

#[tokio::test]
async fn a_run_without_a_ticket_is_named_steered_and_answered_by_its_execution() {
    let mut configuration = configuration();
    configuration.projects.truncate(1);
    configuration.users[0].roles = [Role::Developer, Role::Approver].into_iter().collect();
    let mut routes = routes();
    let tidy = json!({"title": "Tidy", "inputs": {},
        "triggers": [{"on": "slack.command", "conditions": {"text": "tidy"}}]});
    routes.workflows.insert("tidy".into(), serde_json::from_value(tidy).unwrap());
    let world = World::with(configuration, routes).await;
    let (_, begun) = world.command("U1", "tidy", "t1").await;
    let starts = world.starts();
    let name = starts[0]["name"].as_str().unwrap();
    assert!(begun.to_string().contains(&format!("/ticketsmith status {name}")), "{begun}");
    for asked in ["status".to_owned(), format!("status {name}"), format!("status `{name}`")] {
        let (_, shown) = world.command("U1", &asked, &asked).await;
        assert!(
            shown.to_string().contains(&format!("no ticket · tidy · running · 0s · `{name}`")),
            "{shown}"
        );
    }
    // Whoever may not see it is told no more than of a name that nothing has.
    let (_, hidden) = world.command("U9", &format!("status {name}"), "t6").await;
    let (_, unknown) = world.command("U9", "status slack-none", "t7").await;
    assert_eq!(text(&hidden).replace(name, "slack-none"), text(&unknown));
    assert!(text(&unknown).contains("`slack-none` is not a ticket"), "{unknown}");
    let execution = world.table.execution(name).await.unwrap().unwrap();
    let waiter = world.ask_in(execution, |_| {}).await;
    let (_, answered) = world.command("U1", &format!("deny {name} not yet"), "t2").await;
    assert_eq!(text(&answered), "declined: \u{201c}Ship it?\u{201d}");
    assert_eq!(world.answer_to(&waiter).await, Some((false, "ada".into(), Some("not yet".into()))));
    let (_, again) = world.command("U1", &format!("approve {name}"), "t3").await;
    let faster = ":no_entry: ada already answered “Ship it?”: declined, via slack at ";
    assert!(text(&again).starts_with(faster), "{again}");
    let (_, stranger) = world.command("U9", &format!("stop {name}"), "t4").await;
    assert!(text(&stranger).contains("may not steer work on SHOP"), "{stranger}");
    let (_, stopped) = world.command("U1", &format!("stop {name}"), "t5").await;
    assert!(text(&stopped).starts_with(&format!("tidy on {name} is being stopped.")), "{stopped}");
}

#[tokio::test]
async fn an_unknown_text_an_unknown_ticket_and_a_ticket_without_runs_are_told_apart() {
    let world = world().await;
    let mut answers = Vec::new();
    for typed in ["SHOP-9", "everything", "X-1", "jira-SHOP-1-00000000000000000000000000000000"] {
        let (_, answer) = world.command("U1", &format!("status {typed}"), typed).await;
        answers.push(text(&answer).to_owned());
    }
    assert_eq!(answers[0], "*SHOP-9*: nothing has been started yet.");
    assert!(answers[1].contains("`everything` is not a ticket; accepted: `SHOP-12`"), "{answers:?}");
    assert!(answers[2].contains("X-1 does not belong to any configured project"), "{answers:?}");
    assert!(answers[3].contains("does not") || answers[3].contains("is not a ticket"), "{answers:?}");
}
