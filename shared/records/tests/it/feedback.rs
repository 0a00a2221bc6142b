//! People's view: steps, progress, waiters, inquiries.

use super::*;
use domain::event::EventSpec;
use domain::plugins::{ModelMessage, ModelReply, ModelRequest, Part, StopReason, Usage};
use domain::routes::Concurrency;
use domain::{ActionId, EventKey, EventName, MicroUsd, SourceName};
use jiff::SignedDuration;
use records::{
    AgentExecution, Answer, EditClaim, Limits, Meeting, NewInquiry, Occurrence, PaidReply, ProgressPlace,
    QuestionId, RecordsError, Reservation, Settlement, StepEnd, StepStatus, Timeliness, Topic, Waiter,
};
use secrecy::ExposeSecret;
use serde_json::json;
use std::time::Duration;

pub(crate) fn after(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

fn ended(status: StepStatus, seconds: i64) -> StepEnd {
    let error = (status == StepStatus::Failed).then(|| "Unavailable".to_owned());
    StepEnd { status, cause: error.clone(), error, at: after(seconds) }
}

#[tokio::test]
async fn steps_keep_their_first_start_and_count_their_attempts() {
    let table = table().await;
    table.start_step("e", "GetTask", &ActionId::literal("get_task"), after(0)).await.unwrap();
    table.finish_step("e", "GetTask", &ended(StepStatus::Failed, 1)).await.unwrap();
    table.start_step("e", "CreateBranch", &ActionId::literal("create_branch"), after(2)).await.unwrap();
    let again = table.start_step("e", "GetTask", &ActionId::literal("get_task"), after(3)).await.unwrap();
    assert_eq!((again.attempts, again.started_at, again.error), (2, after(0), None));
    assert_eq!((again.status, again.ended_at), (StepStatus::Running, None));
    table.finish_step("e", "GetTask", &ended(StepStatus::Succeeded, 4)).await.unwrap();
    let steps = table.steps("e").await.unwrap();
    let shown: Vec<_> = steps.iter().map(|step| (step.state.as_str(), step.status)).collect();
    assert_eq!(shown, [("GetTask", StepStatus::Succeeded), ("CreateBranch", StepStatus::Running)]);
    let missing = table.finish_step("e", "Never", &ended(StepStatus::Succeeded, 4)).await;
    assert!(matches!(missing, Err(RecordsError::Missing(_))), "{missing:?}");

    assert_eq!(table.close_open_steps("e", &ended(StepStatus::Failed, 9)).await.unwrap(), 1);
    assert_eq!(table.close_open_steps("e", &ended(StepStatus::Failed, 9)).await.unwrap(), 0);
    let steps = table.steps("e").await.unwrap();
    assert_eq!((steps[0].ended_at, steps[1].ended_at), (Some(after(4)), Some(after(9))));
}

#[tokio::test]
async fn one_view_holds_everything_of_an_execution() {
    let table = table().await;
    let new = execution_for("SHOP-1", "d1");
    assert_eq!(table.execution_view(&new.name).await.unwrap(), None);
    table.begin(&new, Concurrency::OnePerTask).await.unwrap();
    for (seconds, state) in [(0, "Zulu"), (1, "Alpha")] {
        table
            .start_step(&new.name, state, &ActionId::literal("generate_text"), after(seconds))
            .await
            .unwrap();
    }
    let call = AgentExecution {
        id: "1".into(),
        execution: new.name.clone(),
        state: "Zulu".into(),
        agent: "development".into(),
        action: ActionId::literal("generate_text"),
        model: "m".into(),
        request_id: None,
        stop: "complete".into(),
        usage: Usage { output_tokens: 3, ..Usage::default() },
        started_at: after(0),
        ended_at: after(1),
    };
    let question = QuestionId::new(&new.name, "Zulu", &ModelRequest::question("m", Vec::new(), 1));
    let reply = ModelReply {
        message: ModelMessage::ours(vec![Part::text("Hi.")]),
        text: "Hi.".into(),
        calls: Vec::new(),
        stop: StopReason::Complete,
        usage: call.usage,
        model: "m".into(),
        request_id: None,
    };
    let paid = PaidReply { reply, price: Some(MicroUsd(7)) };
    for (id, price) in [("1", Some(MicroUsd(7))), ("2", None)] {
        let reservation = Reservation {
            id: id.into(),
            amount: MicroUsd(100),
            account: "ada".into(),
            project: None,
            task_id: None,
            workflow: None,
            execution: new.name.clone(),
            state: "Zulu".into(),
            action: ActionId::literal("generate_text"),
            provider: "anthropic".into(),
            model: "m".into(),
            reserved_at: start(),
        };
        let limits = Limits {
            per_task: MicroUsd(1_000),
            per_month: MicroUsd(1_000),
            per_project_month: None,
            per_workflow_month: None,
        };
        table.reserve(&reservation, limits).await.unwrap();
        let settlement = Settlement { price, ..Settlement::unknown(start()) };
        match price {
            Some(_) => {
                table.settle_with_reply(&reservation, settlement, (&question, &paid), &call).await.unwrap()
            }
            None => table.settle(&reservation, settlement).await.unwrap(),
        };
    }
    assert_eq!(table.paid_reply(&question, &new.name).await.unwrap(), Some(paid));
    table.claim_progress_edit(&new.name, "x", start(), Duration::ZERO, None, start()).await.unwrap();

    let view = table.execution_view(&new.name).await.unwrap().unwrap();
    assert_eq!(view.execution.name, new.name);
    assert_eq!(view.steps.iter().map(|step| step.state.as_str()).collect::<Vec<_>>(), ["Zulu", "Alpha"]);
    assert!(view.progress.as_ref().is_some_and(|progress| progress.digest.is_none()));
    assert_eq!(view.agent_executions, std::slice::from_ref(&call));
    assert_eq!(table.agent_executions(&new.name).await.unwrap(), [call]);
    assert_eq!((view.cost().priced, view.cost().booked()), (MicroUsd(7), MicroUsd(107)));
    assert_eq!(view.cost_of_step("Zulu").unknown_calls, 1);
    assert_eq!(view.cost_of_step("Alpha").booked(), MicroUsd::ZERO);
}

#[tokio::test]
async fn edits_of_the_progress_comment_are_coalesced() {
    let table = table().await;
    let second = Duration::from_secs(1);
    let place =
        |id: &str| ProgressPlace { provider: instance("jira"), container: "SHOP-1".into(), id: id.into() };
    let early = table.progress_edited("e", "a", &place("1"), false).await;
    assert!(matches!(early, Err(RecordsError::Missing(_))), "{early:?}");
    let claim = async |digest: &str, interval: Duration, seconds: i64| {
        let making = Duration::from_secs(2);
        let (now, latest) = (after(seconds), after(seconds).checked_sub(interval).unwrap());
        let claim = table.claim_progress_edit("e", digest, latest, making, None, now).await.unwrap();
        matches!(claim, EditClaim::Granted(_))
    };
    assert!(claim("a", second, 0).await);
    assert!(!claim("b", second, 0).await, "an edit has just begun");
    assert!(!claim("b", Duration::ZERO, 1).await, "the comment is being made");
    assert!(claim("a", second, 2).await, "the first edit was never made");
    table.progress_edited("e", "a", &place("1"), false).await.unwrap();
    assert!(!claim("a", second, 5).await, "it says so already");
    assert!(claim("b", second, 5).await);
    table.progress_edited("e", "b", &place("2"), false).await.unwrap();
    let older = table.claim_progress_edit("e", "old", after(4), Duration::ZERO, None, after(5)).await;
    assert!(matches!(older, Ok(EditClaim::Refused(_))), "another edit was begun since it was read");
    assert!(claim("c", Duration::ZERO, 5).await, "the last edit waits for nobody");
    let progress = table.progress("e").await.unwrap().unwrap();
    assert_eq!((progress.place, progress.digest.as_deref()), (Some(place("1")), Some("b")));
}

#[tokio::test]
async fn an_edit_from_before_the_clock_was_set_back_is_in_nobodys_way() {
    let table = table().await;
    let claim = async |digest: &str, seconds: i64| {
        let (at, making) = (after(seconds), Duration::from_secs(10));
        let claim = table.claim_progress_edit("e", digest, at, making, None, at).await.unwrap();
        matches!(claim, EditClaim::Granted(_))
    };
    assert!(claim("a", 100).await);
    assert!(!claim("a", 85).await, "by another clock, it is being made");
    assert!(claim("a", 70).await, "the clock was set back while it was made");
    let place = ProgressPlace { provider: instance("jira"), container: "SHOP-1".into(), id: "1".into() };
    let made = table.progress_edited("e", "a", &place, false).await.unwrap();
    assert!(made.is_ahead_of(after(49)) && !made.is_ahead_of(after(50)));
    assert!(!claim("b", 50).await);
    assert!(claim("b", 49).await, "the clock was set back since");
}

#[tokio::test]
async fn who_failed_to_make_the_comment_tries_again_and_takes_it_from_nobody_else() {
    let table = table().await;
    let making = Duration::from_secs(10);
    let claim = async |own: Option<Timestamp>, seconds: i64| {
        let at = after(seconds);
        match table.claim_progress_edit("e", "a", at, making, own, at).await.unwrap() {
            EditClaim::Granted(progress) => Some(progress.edited_at),
            EditClaim::Refused(_) => None,
        }
    };
    let first = claim(None, 0).await;
    assert_eq!(first, Some(after(0)));
    assert_eq!(claim(None, 1).await, None, "somebody is making it");
    let second = claim(first, 2).await;
    assert_eq!(second, Some(after(2)), "the own attempt failed");
    assert_eq!(claim(first, 3).await, None, "somebody else is making it since");
    assert_eq!(claim(first, 12).await, Some(after(12)), "they had their time");
}

pub(crate) fn waiter(topic: &Topic, token: &str, seconds: i64) -> Waiter {
    Waiter {
        topic: topic.to_string(),
        key: "run/Step".into(),
        execution: "e".into(),
        token: token.to_owned().into(),
        since: after(seconds),
        question: Some("Ship it?".into()),
        approvers: vec!["ada".into()],
        moves: records::Moves::default(),
        message: None,
        answer: None,
        told: None,
        details: None,
        terms: records::Terms::default(),
        votes: Vec::new(),
        reminded_at: None,
        until: None,
        telling: None,
        over: None,
    }
}

#[tokio::test]
async fn the_newest_token_waits_until_it_is_forgotten() {
    let table = table().await;
    let topic = Topic::Budget;
    table.put_waiter(&waiter(&topic, "new", 5)).await.unwrap();
    table.put_waiter(&waiter(&topic, "old", 4)).await.unwrap();
    let waiting = table.waiters(&topic).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].token.expose_secret(), "new");
    assert!(!format!("{waiting:?}").contains("new"));
    table.forget_waiter(&waiter(&topic, "old", 4)).await.unwrap();
    assert_eq!(table.waiters(&topic).await.unwrap().len(), 1);
    table.forget_waiter(&waiting[0]).await.unwrap();
    table.forget_waiter(&waiting[0]).await.unwrap();
    assert!(table.waiters(&topic).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_first_answer_counts_and_holds_for_a_newer_attempt() {
    let table = table().await;
    let topic = Topic::Approval("e".into());
    let asked = waiter(&topic, "first", 1);
    let answer = |by: &str, approved| Answer {
        approved,
        by: by.into(),
        via: SourceName::from_static("slack"),
        at: after(2),
        comment: Some("fine".into()),
        delivery: "d1".into(),
        choice: None,
    };
    assert!(table.answer_waiter(&asked, &answer("ada", true)).await.is_err(), "nobody was asked");
    table.put_waiter(&asked).await.unwrap();
    table.set_waiter_message(&asked, "C1", "1.2", asked.since).await.unwrap();
    assert_eq!(table.answer_waiter(&asked, &answer("ada", true)).await.unwrap(), None);
    let earlier = table.answer_waiter(&asked, &answer("bob", false)).await.unwrap();
    assert_eq!(earlier, Some(answer("ada", true)));
    table.mark_told(&asked, Timeliness::TooLate).await.unwrap();
    table.put_waiter(&waiter(&topic, "second", 3)).await.unwrap();
    table.mark_told(&asked, Timeliness::InTime).await.unwrap();
    let found = table.waiter(&asked.topic, &asked.key).await.unwrap().unwrap();
    assert_eq!((found.token.expose_secret(), found.answer), ("second", Some(answer("ada", true))));
    assert_eq!(found.message, Some(("C1".into(), "1.2".into())));
    assert_eq!(found.told, None, "the newer attempt is to be told");
    table.mark_told(&waiter(&topic, "second", 3), Timeliness::InTime).await.unwrap();
    assert_eq!(table.waiters(&topic).await.unwrap()[0].told, Some(Timeliness::InTime));
}

fn checks_of(conclusion: &str) -> (EventKey, serde_json::Map<String, serde_json::Value>) {
    let fields = json!({"repository": "acme/shop", "sha": "0a1b", "conclusion": conclusion});
    let fields = fields.as_object().unwrap().clone();
    let checks = EventSpec::new(EventName::from_static("github.checks_completed"), "Checks are done.")
        .matched_by(["repository", "sha"]);
    (EventKey::new(&checks, &fields).unwrap().unwrap(), fields)
}

#[tokio::test]
async fn each_event_of_a_key_is_kept_once_and_a_state_takes_the_place_of_the_last() {
    let table = table().await;
    let (key, _) = checks_of("");
    let occurrence = |conclusion: &str, delivery: &str, at| Occurrence {
        fields: checks_of(conclusion).1,
        at,
        delivery: delivery.into(),
        stranger: None,
    };
    let first = occurrence("failure", "d1", after(1));
    let second = occurrence("success", "d2", after(2));
    table.put_occurrences(std::slice::from_ref(&key), &second).await.unwrap();
    table.put_occurrences(std::slice::from_ref(&key), &first).await.unwrap();
    table.put_occurrences(std::slice::from_ref(&key), &occurrence("failure", "d1", after(9))).await.unwrap();
    assert_eq!(table.occurrences(key.as_str()).await.unwrap(), [first, second]);
    let spec = EventSpec::new(EventName::from_static("a.b"), "It is so.").matched_by(["sha"]);
    let other = EventKey::new(&spec, &checks_of("").1).unwrap().unwrap();
    for state in [occurrence("failure", "d1", after(1)), occurrence("success", "d2", after(2))] {
        table.put_state(&other, &state).await.unwrap();
    }
    assert_eq!(table.occurrences(other.as_str()).await.unwrap(), [occurrence("success", "d2", after(2))]);
}

#[tokio::test]
async fn an_event_meets_one_wait_of_a_run_after_another() {
    let table = table().await;
    let (key, fields) = checks_of("success");
    let topic = Topic::Event(key.clone());
    let occurrence = Occurrence { fields, at: after(1), delivery: "d1".into(), stranger: None };
    let at = |state: &str, since| {
        let mut waiter = waiter(&topic, "token", since);
        waiter.key = format!("run/{state}");
        waiter
    };
    let meet =
        async |waiter: &Waiter, now| table.meet(waiter, key.as_str(), &occurrence, after(now)).await.unwrap();
    assert_eq!(meet(&at("Wait", 2), 3).await, Meeting::First);
    assert_eq!(meet(&at("Wait", 5), 6).await, Meeting::Again, "another attempt of the same step");
    assert_eq!(meet(&at("Beside", 2), 6).await, Meeting::Again, "a step that waited at the same time");
    assert_eq!(meet(&at("Later", 4), 6).await, Meeting::Refused, "a step that began to wait afterwards");
    table.part(&at("Wait", 5), key.as_str(), &occurrence).await.unwrap();
    assert_eq!(meet(&at("Later", 4), 6).await, Meeting::First, "the first was not met after all");
}

#[tokio::test]
async fn an_inquiry_is_open_until_it_is_answered() {
    let table = table().await;
    let (key, fields) = checks_of("success");
    let kind = EventName::from_static("github.checks_completed");
    let new = |fields: &serde_json::Map<_, _>, reported| NewInquiry {
        kind: kind.clone(),
        fields: fields.clone(),
        by: None,
        reported,
    };
    table.inquire(&key, &new(&fields, true), after(1)).await.unwrap();
    let seen = table.inquiry(key.as_str()).await.unwrap().unwrap();
    assert_eq!((seen.ask_at, seen.asked, seen.reported), (after(1), 0, true));
    table.ask_again(&seen, after(20), true).await.unwrap();
    table.ask_again(&seen, after(30), true).await.unwrap();
    let put_off = table.inquiries().await.unwrap().remove(0);
    assert_eq!((put_off.ask_at, put_off.asked), (after(20), 1), "whoever asked first puts it off");
    // A step that waits for the same does not make the report forgotten.
    table.inquire(&key, &new(&serde_json::Map::new(), false), after(3)).await.unwrap();
    table.end_inquiry(&put_off).await.unwrap();
    let again = table.inquiry(key.as_str()).await.unwrap().unwrap();
    assert_eq!((again.ask_at, again.since, again.reported), (after(3), after(1), true));
    assert_eq!(again.fields, fields);
    table.end_inquiry(&again).await.unwrap();
    assert!(table.inquiries().await.unwrap().is_empty());
}
