//! Racing answers: one decides, its author learns that, and everybody else learns who did.

use crate::world::World;
use control::{AnswerResult, Authority, Caller, Directory, StartResult};
use domain::configuration::Configuration;
use domain::{Actor, EventName, SourceName};
use futures::future::join_all;
use jiff::SignedDuration;
use records::{Answer, Moves, Over, OverReason, Terms, Topic, Waiter};
use serde_json::json;

const PEOPLE: [&str; 4] = ["ada", "bo", "cy", "dee"];
const PLACES: [(&str, &str); 4] = [
    ("slack", "slack.command"),
    ("github", "github.commented"),
    ("jira", "jira.transitioned"),
    ("api", "api.run"),
];

/// Something that somebody says to a question.
struct Said {
    actor: Actor,
    trigger: EventName,
    approved: bool,
    delivery: String,
}

impl Said {
    fn new(who: Option<&str>, place: usize, approved: bool, delivery: String) -> Self {
        let (source, trigger) = PLACES[place % PLACES.len()];
        let (id, person) = (who.unwrap_or("mallory").to_owned(), who.map(str::to_owned));
        let actor = Actor { source: SourceName::from_static(source), id, display_name: None, person };
        Self { actor, trigger: EventName::from_static(trigger), approved, delivery }
    }
}

impl World {
    async fn directory_of_four(&self) -> Directory {
        self.directory_of(&PEOPLE).await
    }

    async fn directory_of(&self, people: &[&str]) -> Directory {
        let users: Vec<_> = people.iter().map(|name| json!({"name": name, "roles": ["approver"]})).collect();
        let configuration: Configuration = serde_json::from_value(json!({
            "projects": [{"key": "SHOP", "repository": "acme/shop", "may_trigger": ["engineering"]}],
            "groups": {"engineering": ["ada"]},
            "users": users,
        }))
        .unwrap();
        self.table.put_configuration(&configuration).await.unwrap();
        self.advance(SignedDuration::from_hours(1));
        self.control.directory().await.unwrap()
    }

    async fn ask(&self, ticket: &str, count: u32) -> Waiter {
        let started = self.control.start(self.request(ticket, ticket)).await.unwrap();
        let StartResult::Started { execution, .. } = started else { panic!("{started:?}") };
        let waiter = Waiter {
            topic: Topic::Approval(execution.clone()).to_string(),
            key: "run/Ask".into(),
            execution,
            token: "token".to_owned().into(),
            since: self.now(),
            until: None,
            question: Some("Ship it?".into()),
            approvers: Vec::new(),
            moves: Moves::default(),
            details: None,
            terms: Terms { count, ..Terms::default() },
            votes: Vec::new(),
            reminded_at: None,
            message: None,
            answer: None,
            telling: None,
            over: None,
            told: None,
        };
        self.table.put_waiter(&waiter).await.unwrap();
        waiter
    }

    async fn say(&self, directory: &Directory, said: &Said, waiter: &Waiter) -> AnswerResult {
        let caller = Caller {
            directory,
            actor: &said.actor,
            authority: &Authority::Roles,
            trigger: &said.trigger,
            delivery: &said.delivery,
            at: None,
        };
        self.control.answer_step(&caller, &waiter.execution, &waiter.key, said.approved).await.unwrap()
    }

    async fn found(&self, waiter: &Waiter) -> Waiter {
        self.table.waiter(&waiter.topic, &waiter.key).await.unwrap().unwrap()
    }
}

/// Whether somebody took part in the decision.
fn has_won(said: &Said, decided: &Waiter, answer: &Answer) -> bool {
    let who = said.actor.person.as_deref().unwrap();
    said.approved == answer.approved
        && (answer.by == who || (answer.approved && decided.votes.iter().any(|vote| vote.by == who)))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_answers_that_race_from_many_places_one_decides_and_the_others_are_told_which() {
    let world = World::new().await;
    let directory = world.directory_of_four().await;
    // A person has at most ten executions at work.
    for round in 0..9_usize {
        let count = u32::try_from(1 + round % 3).unwrap();
        let waiter = world.ask(&format!("SHOP-{}", round + 1), count).await;
        let said: Vec<Said> = (0..12)
            .map(|number| {
                let who = PEOPLE[(number * 7 + round) % PEOPLE.len()];
                let approved = (number * 5 + round) % 4 != 0;
                Said::new(Some(who), number + round, approved, format!("{round}-{number}"))
            })
            .collect();
        let stranger = Said::new(None, round, round % 2 == 0, format!("{round}-stranger"));
        let racing = join_all(said.iter().map(|said| world.say(&directory, said, &waiter)));
        let (results, denied) = tokio::join!(racing, world.say(&directory, &stranger, &waiter));
        assert!(matches!(denied, AnswerResult::Denied(_)), "an unknown account never counts: {denied:?}");
        let decided = world.found(&waiter).await;
        let answer = decided.answer.clone().unwrap();
        assert!(!answer.by.contains("mallory"), "{answer:?}");
        if answer.approved {
            assert!(decided.votes.len() >= usize::try_from(count).unwrap() || count == 1, "{decided:?}");
        }
        for (said, result) in said.iter().zip(&results) {
            let is_decider = said.delivery == answer.delivery;
            match result {
                AnswerResult::Recorded { approved, .. } => {
                    assert!(has_won(said, &decided, &answer) && *approved == answer.approved, "{result:?}");
                }
                AnswerResult::Voted { .. } => {
                    assert!(said.approved && count > 1 && !is_decider, "{result:?}");
                }
                AnswerResult::AlreadyAnswered { by, approved, how, .. } => {
                    assert_eq!((by, *approved), (&answer.by, answer.approved));
                    assert!(!is_decider && how.contains("via "), "{result:?}");
                }
                other => panic!("{other:?}"),
            }
        }
        // Repeated deliveries get the same answer, however long ago it was decided.
        for said in &said {
            let again = world.say(&directory, said, &waiter).await;
            match has_won(said, &decided, &answer) || said.delivery == answer.delivery {
                true => assert!(matches!(again, AnswerResult::Recorded { .. }), "{again:?}"),
                false => assert!(matches!(again, AnswerResult::AlreadyAnswered { .. }), "{again:?}"),
            }
        }
        assert_eq!(world.found(&waiter).await.answer, Some(answer), "it is decided once");
    }
}

#[tokio::test]
async fn the_vote_of_somebody_who_was_removed_does_not_count() {
    let world = World::new().await;
    let directory = world.directory_of_four().await;
    let yes = |who| Said::new(Some(who), 0, true, who.to_owned());
    let waiter = world.ask("SHOP-1", 2).await;
    let first = world.say(&directory, &yes("bo"), &waiter).await;
    assert!(matches!(first, AnswerResult::Voted { votes: 1, .. }), "{first:?}");
    let without_bo = world.directory_of(&["ada", "cy"]).await;
    let second = world.say(&without_bo, &yes("ada"), &waiter).await;
    assert!(matches!(second, AnswerResult::Voted { votes: 1, needed: 2, .. }), "{second:?}");
    let third = world.say(&without_bo, &yes("cy"), &waiter).await;
    assert!(matches!(third, AnswerResult::Recorded { approved: true, .. }), "{third:?}");
    assert_eq!(world.found(&waiter).await.answer.unwrap().by, "ada and cy");
}

#[tokio::test]
async fn whoever_answers_what_is_asked_no_more_is_told_why() {
    let world = World::new().await;
    let directory = world.directory_of_four().await;
    let yes = |delivery: &str| Said::new(Some("ada"), 0, true, delivery.to_owned());
    let why = |result: AnswerResult| match result {
        AnswerResult::Over { why, question } => {
            assert_eq!(question, "Ship it?");
            why
        }
        other => panic!("{other:?}"),
    };
    // It timed out, and nobody has noticed yet.
    let mut waiter = world.ask("SHOP-1", 1).await;
    waiter.until = Some(waiter.since + SignedDuration::from_mins(1));
    waiter.since += SignedDuration::from_secs(1);
    world.table.put_waiter(&waiter).await.unwrap();
    world.advance(SignedDuration::from_mins(2));
    assert!(why(world.say(&directory, &yes("1"), &waiter).await).starts_with("nobody answered in time, by "));
    // Somebody asked for it to be stopped.
    let waiter = world.ask("SHOP-2", 1).await;
    world.table.request_stop(&waiter.execution, "bo").await.unwrap();
    let stopped = "bo stopped the work before anybody answered";
    assert_eq!(why(world.say(&directory, &yes("2"), &waiter).await), stopped);
    // It ended between reading and writing.
    let waiter = world.ask("SHOP-3", 1).await;
    let over = Over { why: OverReason::Ended, at: world.now() };
    assert!(world.table.end_question(&waiter, &over).await.unwrap());
    let ended = "the work ended before anybody answered";
    assert_eq!(why(world.say(&directory, &yes("3"), &waiter).await), ended);
}
