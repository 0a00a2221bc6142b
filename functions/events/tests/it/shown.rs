//! Every place where a question was shown says what became of it, and what is interrupted is done once more without harm.

use crate::limits::said;
use crate::world::World;
use domain::configuration::{Configuration, Notice, User};
use domain::execution::Outcome;
use domain::plugins::{Mark, Message, MessageBody, MessageButton};
use domain::{ActionError, Clock, SourceName};
use events::EventInput;
use jiff::SignedDuration;
use records::{JoinedAccount, LinkAccount, LinkCode, NotifyChoice, StepStatus, Timeliness, Topic, Waiter};
use serde_json::json;
use simulators::fault::Fault;

impl World {
    /// Has ada told of questions that wait for her.
    async fn tell_ada_of_questions(&self) {
        let notices = Some([Notice::Approval].into_iter().collect());
        let choice = NotifyChoice { notices, at: self.clock.now() };
        self.table.put_notify_choice("ada", &choice).await.unwrap();
    }

    /// A question with its buttons, a direct message and a reminder.
    async fn ask_everywhere(&self, name: &str, more: impl FnOnce(&mut Waiter)) -> Waiter {
        self.tell_ada_of_questions().await;
        let topic = Topic::Approval(name.to_owned());
        let waiter = self
            .wait(name, &topic, |waiter| {
                waiter.terms.remind_seconds = Some(3600);
                more(waiter);
            })
            .await;
        let configuration = self.table.configuration(self.clock.now()).await.unwrap();
        let chat = self.providers.chat_named(&configuration, &"slack".parse().unwrap()).await.unwrap();
        let buttons = ["approve", "deny"].map(|action| MessageButton {
            label: action.to_owned(),
            action: action.to_owned(),
            value: format!("{} {}", waiter.execution, waiter.key),
            url: None,
        });
        let body = MessageBody { text: "**Ship it?**".to_owned(), buttons: buttons.to_vec(), rest: None };
        let message = Message { channel: "#shop-dev".to_owned(), thread: None, body };
        let mark = Mark { key: waiter.key.clone(), at: self.clock.now() };
        let sent = chat.send_message(&message, &mark).await.unwrap();
        self.table.set_waiter_message(&waiter, &sent.channel, &sent.id, self.clock.now()).await.unwrap();
        let told = format!("REPLY#slack#notice approval {name} {} ada", waiter.key);
        self.events.handle(EventInput::from_keys([(told.as_str(), "REPLY")])).await.unwrap();
        self.knows(name, json!({"status": "RUNNING"}));
        self.clock.advance(1);
        self.sweep().await;
        assert_eq!(self.messages().len(), 3, "{}", said(self));
        waiter
    }

    fn messages(&self) -> Vec<String> {
        let state = self.services.state();
        state["slack"]["messages"].as_array().unwrap().iter().map(ToString::to_string).collect()
    }

    /// How often a message was edited.
    fn edits(&self) -> usize {
        self.writes().iter().filter(|write| write.contains("chat.update")).count()
    }

    /// What the stream tells of a waiter, and then of the places where it is shown.
    async fn decided(&self, waiter: &Waiter) -> Result<(), ActionError> {
        let (pk, sk) = (format!("WAITER#{}", waiter.topic), format!("WAITER#{}", waiter.key));
        let told = self.events.handle(EventInput::from_keys([(pk.as_str(), sk.as_str())])).await;
        told.and(self.shown(waiter).await)
    }

    async fn shown(&self, waiter: &Waiter) -> Result<(), ActionError> {
        let (pk, sk) = (format!("WAITER#{}", waiter.topic), format!("SHOWN#{}#digest", waiter.key));
        self.events.handle(EventInput::from_keys([(pk.as_str(), sk.as_str())])).await
    }

    async fn found(&self, waiter: &Waiter) -> Waiter {
        self.table.waiter(&waiter.topic, &waiter.key).await.unwrap().unwrap()
    }

    async fn is_shown_everywhere(&self, waiter: &Waiter) -> bool {
        let decided = self.table.list_decided(None, 10).await.unwrap().items;
        decided.is_empty() && self.table.shown_of(waiter).await.unwrap().is_empty()
    }
}

#[tokio::test]
async fn every_place_says_who_decided_and_loses_its_buttons_once() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let waiter = world.ask_everywhere(&name, |_| {}).await;
    assert!(world.messages().iter().any(|message| message.contains("\"approve\"")));
    world.table.answer_waiter(&waiter, &world.answer(true)).await.unwrap();
    for _ in 0..3 {
        world.decided(&waiter).await.unwrap();
    }
    for message in world.messages() {
        assert!(
            message.contains("Approved by ada, via slack at 2026-11-22 12:00 UTC: on Monday"),
            "{message}"
        );
        assert!(!message.contains("\"approve\""), "the buttons stay: {message}");
    }
    assert_eq!(world.edits(), 3, "each place once");
    assert!(world.is_shown_everywhere(&waiter).await);
    world.changed(&name).await;
    let comment = world.comments("SHOP-1").remove(0);
    assert!(comment.contains("approved by ada, via slack at 2026-11-22 12:00 UTC"), "{comment}");
    assert!(world.services.violations().is_empty(), "{:?}", world.services.violations());
}

#[tokio::test]
async fn the_ticket_says_how_to_answer_and_who_has() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let waiter = world
        .wait(&name, &Topic::Approval(name.clone()), |waiter| {
            waiter.terms.count = 2;
            waiter.terms.not_by = Some("ada".into());
        })
        .await;
    let configured_with = |people: &[serde_json::Value]| {
        let mut configuration: Configuration =
            serde_saphyr::from_str(&world.services.configuration()).unwrap();
        let users = people.iter().map(|user| serde_json::from_value::<User>(user.clone()).unwrap());
        configuration.users.extend(users);
        configuration
    };
    let bo = json!({"name": "bo", "slack": "U0BO", "roles": ["approver"]});
    world.table.put_configuration(&configured_with(&[bo])).await.unwrap();
    world.clock.advance_minutes(2);
    let said = || world.comments("SHOP-1").remove(0).replace(['{', '}', '`'], "");
    let how = "To answer, write @ticketsmith approve or @ticketsmith deny in a comment. Not by ada, who asked for it. 0 of 2";
    assert!(said().contains(how), "{}", said());
    let vote = records::Answer { by: "bo".into(), comment: None, ..world.answer(true) };
    world.table.vote(&waiter, &vote, |_| true).await.unwrap();
    world.waiter_changed(&waiter).await;
    assert!(said().contains("1 of 2 people have approved: bo."), "{}", said());
    world.table.put_configuration(&configured_with(&[])).await.unwrap();
    world.knows(&name, json!({"status": "RUNNING"}));
    world.clock.advance_minutes(2);
    world.sweep().await;
    assert!(world.found(&waiter).await.votes.is_empty(), "the vote of somebody who was removed is forgotten");
    world.waiter_changed(&waiter).await;
    assert!(said().contains("0 of 2 people have approved."), "{}", said());
    world.table.request_stop(&name, "ada").await.unwrap();
    world
        .status_change(&name, json!({"status": "ABORTED", "error": "Stopped", "cause": "ada stopped it."}))
        .await;
    assert!(!said().contains("To answer"), "{}", said());
}

#[tokio::test]
async fn who_asked_with_an_account_that_they_joined_since_is_not_told_to_answer() {
    let account = |source: &'static str, id: &str| LinkAccount {
        source: SourceName::from_static(source),
        id: id.to_owned(),
        name: id.to_owned(),
    };
    for (not_by, is_told) in [("jira:5b99", false), ("jira:5b98", true)] {
        let world = World::new().await;
        let name = world.begin_by_label().await;
        world.tell_ada_of_questions().await;
        let (by, joined, at) = (account("slack", "U012AB3CD"), account("jira", "5b99"), world.clock.now());
        let link = LinkCode {
            first: by.clone(),
            second: Some(joined.clone()),
            first_confirmed_at: Some(at),
            second_confirmed_at: Some(at),
            joined_at: None,
            valid_until: at + SignedDuration::from_mins(15),
        };
        world.table.put_link_code("code", &link).await.unwrap();
        let joined = JoinedAccount { account: joined, by, person: "ada".to_owned(), at };
        assert!(world.table.join_account("code", &joined).await.unwrap());
        let waiter = world
            .wait(&name, &Topic::Approval(name.clone()), |waiter| waiter.terms.not_by = Some(not_by.into()))
            .await;
        let notice = format!("slack#notice approval {name} {} ada", waiter.key);
        assert_eq!(world.table.reply(&notice).await.unwrap().is_some(), is_told, "{not_by}");
    }
}

#[tokio::test]
async fn who_is_told_of_the_end_learns_that_there_is_no_pull_request() {
    for (output, expected) in [
        (r#"{"pull_request": null}"#, "⏹️ development on **SHOP-1** ended without a pull request. "),
        (
            r#"{"pull_request": "https://github.com/acme/shop/pull/7"}"#,
            "✅ development on **SHOP-1** is done. ",
        ),
    ] {
        let world = World::new().await;
        let notices = Some([Notice::Done].into_iter().collect());
        let choice = NotifyChoice { notices, at: world.clock.now() };
        world.table.put_notify_choice("ada", &choice).await.unwrap();
        let name = world.begin_by_label().await;
        world.status_change(&name, json!({"status": "SUCCEEDED", "output": output})).await;
        let told = world.table.reply(&format!("slack#notice done {name}  ada")).await.unwrap().unwrap();
        assert!(told.text.starts_with(expected), "{}", told.text);
    }
}

#[tokio::test]
async fn a_question_that_nobody_answered_is_shown_to_be_over() {
    for stopped in [false, true] {
        let world = World::new().await;
        let name = world.begin_by_label().await;
        let until = world.clock.now() + SignedDuration::from_hours(5);
        let waiter = world.ask_everywhere(&name, |waiter| waiter.until = Some(until)).await;
        let expected = match stopped {
            true => {
                world.table.request_stop(&name, "ada").await.unwrap();
                let ended = json!({"status": "ABORTED", "error": "Stopped", "cause": "ada stopped it."});
                world.status_change(&name, ended).await;
                "ada stopped the work before anybody answered"
            }
            false => {
                world.clock.advance(5);
                world.sweep().await;
                "nobody answered in time, by "
            }
        };
        world.decided(&waiter).await.unwrap();
        for message in world.messages() {
            assert!(message.contains(expected) && !message.contains("\"approve\""), "{message}");
        }
        assert!(world.is_shown_everywhere(&waiter).await);
        assert!(world.told().is_empty());
        let outcome = if stopped { Outcome::Stopped } else { Outcome::Running };
        assert_eq!(world.outcome(&name).await, outcome);
    }
}

#[tokio::test]
async fn an_execution_that_ends_with_the_time_to_answer_says_that_nobody_answered() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let until = world.clock.now() + SignedDuration::from_hours(5);
    let waiter = world.ask_everywhere(&name, |waiter| waiter.until = Some(until)).await;
    world.clock.advance(5);
    world.status_change(&name, json!({"status": "FAILED", "error": "States.Timeout"})).await;
    world.decided(&waiter).await.unwrap();
    for message in world.messages() {
        assert!(message.contains("nobody answered in time, by "), "{message}");
    }
    let cause = world.table.execution(&name).await.unwrap().unwrap().cause.unwrap();
    assert!(cause.starts_with("Nobody answered \u{201c}Ship it?\u{201d}."), "{cause}");
}

#[tokio::test]
async fn a_chat_that_is_down_is_asked_again_by_the_sweeper_and_a_message_that_is_gone_is_not() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let waiter = world.ask_everywhere(&name, |_| {}).await;
    // Somebody deleted a message.
    world
        .table
        .set_waiter_message(&waiter, "C0SHOPDEV", "1772442000.999999", world.clock.now())
        .await
        .unwrap();
    let down = Fault { path: "chat.update".into(), status: Some(503), times: 20, ..Fault::default() };
    world.services.add_fault(down).unwrap();
    world.table.answer_waiter(&waiter, &world.answer(false)).await.unwrap();
    assert!(world.decided(&waiter).await.is_err(), "the stream tells it again");
    assert_eq!(world.told().len(), 1, "the step did not wait for the chat");
    assert!(!world.is_shown_everywhere(&waiter).await);
    for _ in 0..20 {
        world.clock.advance(1);
        world.sweep().await;
        if world.is_shown_everywhere(&waiter).await {
            break;
        }
    }
    assert!(world.is_shown_everywhere(&waiter).await);
    assert_eq!(said(&world).matches("Declined by ada").count(), 3, "{}", said(&world));
    assert_eq!(world.told().len(), 1);
}

#[tokio::test]
async fn what_is_killed_at_any_point_is_done_once_and_nobody_is_said_to_be_too_late() {
    let mut points = 0;
    loop {
        let world = World::new().await;
        let name = world.begin_by_label().await;
        let waiter = world.ask_everywhere(&name, |_| {}).await;
        world.table.answer_waiter(&waiter, &world.answer(true)).await.unwrap();
        world.die_after(Some(points));
        let first = world.decided(&waiter).await;
        world.die_after(None);
        // Delivered again, and swept.
        let again = world.decided(&waiter).await;
        world.clock.advance(1);
        world.sweep().await;
        again.unwrap();
        assert_eq!(world.told().len(), 1, "killed after {points} requests");
        assert_eq!(
            world.found(&waiter).await.told,
            Some(Timeliness::InTime),
            "killed after {points} requests"
        );
        assert_eq!(world.outcome(&name).await, Outcome::Running, "killed after {points} requests");
        let steps = world.table.steps(&name).await.unwrap();
        assert_eq!(steps[0].status, StepStatus::Succeeded, "killed after {points} requests");
        let shown = said(&world);
        assert_eq!(shown.matches("Approved by ada").count(), 3, "killed after {points} requests: {shown}");
        assert!(!shown.contains("too late") && !world.messages().concat().contains("\"approve\""), "{shown}");
        assert!(world.is_shown_everywhere(&waiter).await, "killed after {points} requests");
        if first.is_ok() {
            break;
        }
        points += 1;
    }
    assert!(points > 10, "only {points} points were tried");
}

#[tokio::test]
async fn a_reminder_that_is_sent_while_somebody_answers_says_so() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let waiter = world.ask_everywhere(&name, |waiter| waiter.terms.count = 2).await;
    for by in ["ada", "bo"] {
        let vote =
            records::Answer { by: by.into(), delivery: by.into(), comment: None, ..world.answer(true) };
        world.table.vote(&waiter, &vote, |_| true).await.unwrap();
    }
    world.decided(&waiter).await.unwrap();
    assert_eq!(said(&world).matches("Approved by ada and bo, via slack at").count(), 3, "{}", said(&world));
    // What shows the first vote arrives after the decision was shown.
    let mut seen = world.found(&waiter).await;
    assert_eq!(seen.votes.len(), 2);
    seen.votes.truncate(1);
    assert!(world.is_shown_everywhere(&waiter).await);
    let (channel, id) = seen.message.clone().unwrap();
    let place = records::ShownPlace::Message { channel, id };
    world.table.put_shown(&seen, &place, world.clock.now()).await.unwrap();
    world.shown(&waiter).await.unwrap();
    assert_eq!(world.edits(), 4);
    assert!(!world.messages().concat().contains("\"approve\""));
}
