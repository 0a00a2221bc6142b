//! Parked executions: who lets them go on, and who ends them.

use crate::world::{World, arn};
use domain::event::EventSpec;
use domain::execution::Outcome;
use domain::{ActionId, Clock, EventKey, EventName, MicroUsd, SourceName};
use events::EventInput;
use jiff::SignedDuration;
use records::{
    Answer, Limits, Moves, Occurrence, Reservation, Settlement, StepStatus, Timeliness, Topic, Waiter,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl World {
    pub(crate) async fn outcome(&self, name: &str) -> Outcome {
        self.table.execution(name).await.unwrap().unwrap().outcome
    }

    pub(crate) fn answer(&self, approved: bool) -> Answer {
        Answer {
            approved,
            by: "ada".into(),
            via: SourceName::from_static("slack"),
            at: "2026-11-22T12:00:00Z".parse().unwrap(),
            comment: Some("on Monday".into()),
            delivery: "d1".into(),
            choice: None,
        }
    }
}

/// A call that `ada` pays for, on the ticket of an execution.
pub(crate) fn reservation(world: &World, execution: &str, id: &str, amount: MicroUsd) -> Reservation {
    Reservation {
        id: id.into(),
        amount,
        account: "ada".into(),
        project: Some("SHOP".into()),
        task_id: Some("SHOP-1".into()),
        workflow: None,
        execution: execution.into(),
        state: "PlanImplementation".into(),
        action: ActionId::literal("generate_implementation_plan"),
        provider: "anthropic".into(),
        model: "claude-sonnet-5-5".into(),
        reserved_at: world.clock.now(),
    }
}

pub(crate) fn output(told: &Value) -> Value {
    serde_json::from_str(told["output"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn those_who_wait_for_money_take_turns_at_the_sweeper() {
    const WAITING: usize = 1_100;
    let world = World::new().await;
    let now = world.clock.now();
    let limits = Limits {
        per_task: MicroUsd(1),
        per_month: MicroUsd(1),
        per_project_month: None,
        per_workflow_month: None,
    };
    let all = (0..WAITING).map(|number| {
        let world = &world;
        async move {
            let execution = format!("e{number}");
            let wanted = Reservation {
                task_id: None,
                reserved_at: now,
                ..reservation(world, &execution, "1", MicroUsd::from_usd_rounded_up(100_000.0))
            };
            world.table.reserve(&wanted, limits).await.unwrap_err();
            let waiter = Waiter {
                topic: Topic::Budget.to_string(),
                key: format!("run/{number}"),
                execution,
                token: "token".to_owned().into(),
                since: now,
                question: None,
                approvers: Vec::new(),
                moves: Moves::default(),
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
            };
            world.table.put_waiter(&waiter).await.unwrap();
        }
    });
    futures::future::join_all(all).await;
    // With nothing to do, a sweep makes so many calls.
    let mut seen = Vec::new();
    for _ in 0..4 {
        let before = world.calls();
        world.sweep().await;
        seen.push(world.calls() - before);
    }
    assert!(seen.iter().all(|calls| *calls < 40), "{seen:?} calls for sweeps while {WAITING} wait for money");
    assert!(world.told().is_empty(), "there is no room for anybody");
    // All of them have had their turn after three.
    let mut turns = Vec::new();
    for _ in 0..3 {
        turns.extend(world.table.waiters_in_turn(&Topic::Budget, 500).await.unwrap());
    }
    let keys: BTreeSet<_> = turns.iter().map(|waiter| waiter.key.clone()).collect();
    assert_eq!(keys.len(), WAITING);
}

#[tokio::test]
async fn a_question_stands_in_the_comment_until_it_is_answered() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let topic = Topic::Approval(name.clone());
    let waiter = world.wait(&name, &topic, |_| {}).await;
    world.changed(&name).await;
    let comment = world.comments("SHOP-1").remove(0);
    assert!(comment.contains("is parked") && comment.contains("Ship it?"), "{comment}");
    assert_eq!(world.outcome(&name).await, Outcome::Waiting);

    assert_eq!(world.table.answer_waiter(&waiter, &world.answer(true)).await.unwrap(), None);
    for _ in 0..2 {
        world.waiter_changed(&waiter).await;
    }
    world.changed(&name).await;
    let told = world.told();
    assert_eq!(told.len(), 1, "{told:?}");
    let said = json!({"by": "ada", "via": "slack", "at": "2026-11-22T12:00:00Z", "comment": "on Monday"});
    assert_eq!((&told[0]["taskToken"], output(&told[0])), (&json!("token"), said));
    assert_eq!(world.outcome(&name).await, Outcome::Running);
    let steps = world.table.steps(&name).await.unwrap();
    assert_eq!((steps[0].state.as_str(), steps[0].status), ("Wait", StepStatus::Succeeded));
    let comment = world.comments("SHOP-1").remove(0);
    assert!(comment.contains("is at work") && !comment.contains("Ship it?"), "{comment}");
}

#[tokio::test]
async fn a_no_is_an_error_of_the_step() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let waiter = world.wait(&name, &Topic::Approval(name.clone()), |_| {}).await;
    world.table.answer_waiter(&waiter, &world.answer(false)).await.unwrap();
    world.waiter_changed(&waiter).await;
    let told = world.told();
    assert_eq!(
        (&told[0]["error"], &told[0]["cause"]),
        (&json!("Declined"), &json!("ada declined: on Monday"))
    );
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_said_to_be() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let waiter = world.wait(&name, &Topic::Approval(name.clone()), |_| {}).await;
    world.step_functions.lock().unwrap().open_tokens.clear();
    world.table.answer_waiter(&waiter, &world.answer(true)).await.unwrap();
    world.waiter_changed(&waiter).await;
    let found = world.table.waiter(&waiter.topic, &waiter.key).await.unwrap().unwrap();
    assert_eq!(found.told, Some(Timeliness::TooLate));
    assert!(world.told().is_empty());
    assert_eq!(world.outcome(&name).await, Outcome::Waiting, "its own time-out ends the waiting");
}

#[tokio::test]
async fn neither_order_of_event_and_waiter_misses_the_other() {
    let fields = json!({"repository": "acme/shop", "sha": "0a1b", "conclusion": "success"});
    let fields = fields.as_object().unwrap().clone();
    let checks = EventSpec::new(EventName::from_static("github.checks_completed"), "Checks are done.")
        .matched_by(["repository", "sha"]);
    let key = EventKey::new(&checks, &fields).unwrap().unwrap();
    for waiter_first in [true, false] {
        let world = World::new().await;
        let old = Occurrence {
            fields: fields.clone(),
            at: world.clock.now(),
            delivery: "d1".into(),
            stranger: None,
        };
        world.table.put_occurrences(std::slice::from_ref(&key), &old).await.unwrap();
        let name = world.begin_by_label().await;
        let topic = Topic::Event(key.clone());
        if waiter_first {
            world.wait(&name, &topic, |_| {}).await;
            assert!(world.told().is_empty(), "what happened before the execution is not waited for");
        }
        let new = Occurrence {
            fields: fields.clone(),
            at: world.clock.now(),
            delivery: "d2".into(),
            stranger: None,
        };
        world.table.put_occurrences(std::slice::from_ref(&key), &new).await.unwrap();
        let pk = format!("EVENT#{}", key.as_str());
        world.events.handle(EventInput::from_keys([(pk.as_str(), "EVENT")])).await.unwrap();
        if !waiter_first {
            world.wait(&name, &topic, |_| {}).await;
        }
        let told = world.told();
        assert_eq!(told.len(), 1, "waiter first: {waiter_first}");
        let mut expected = fields.clone();
        expected.insert("event".to_owned(), json!("github.checks_completed"));
        assert_eq!(output(&told[0]), Value::Object(expected));
        assert!(world.table.waiters(&topic).await.unwrap().is_empty());
        assert_eq!(world.outcome(&name).await, Outcome::Running);
    }
}

#[tokio::test]
async fn work_goes_on_once_a_limit_leaves_room() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let configuration = world.table.configuration(world.clock.now()).await.unwrap();
    let budgets = &configuration.budgets;
    let limits = Limits::from(budgets);
    let reservation = reservation(&world, &name, "1", limits.per_task + MicroUsd(1));
    world.table.reserve(&reservation, limits).await.unwrap_err();
    world.wait(&name, &Topic::Budget, |_| {}).await;
    world.sweep().await;
    assert!(world.told().is_empty(), "nothing has changed");

    let mut raised = (*configuration).clone();
    raised.budgets.per_task_usd *= 2.0;
    world.table.put_configuration(&raised).await.unwrap();
    world.sweep().await;
    assert_eq!(output(&world.told()[0]), json!({"resumed": true}));
    assert!(world.table.waiters(&Topic::Budget).await.unwrap().is_empty());
    assert_eq!(world.outcome(&name).await, Outcome::Running);
    world.sweep().await;
    assert_eq!(world.told().len(), 1);
}

#[tokio::test]
async fn nobody_is_asked_for_money_for_what_was_stopped() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let waiter = world.wait(&name, &Topic::Budget, |_| {}).await;
    let said = || world.services.state()["slack"]["messages"].to_string();
    assert!(said().contains("Roll back"), "{}", said());
    world.table.request_stop(&name, "ada").await.unwrap();
    let ended = json!({"status": "ABORTED", "error": "Stopped", "cause": "ada stopped it."});
    world.status_change(&name, ended).await;
    assert!(said().contains("ada stopped the work before anybody answered"), "{}", said());
    assert!(!said().contains("Roll back"), "the buttons stay: {}", said());
    assert!(world.table.waiter(&waiter.topic, &waiter.key).await.unwrap().is_none());
    // What is no longer asked about does not go on when there is room, either.
    world.sweep().await;
    assert!(world.told().is_empty());
}

#[tokio::test]
async fn no_question_about_money_outlives_its_execution_wherever_the_function_is_killed() {
    let world = World::new().await;
    let said = || world.services.state()["slack"]["messages"].to_string();
    for requests in 0.. {
        let name = world.begin("jira.labelled", "SHOP-1", json!({"label": requests})).await;
        let waiter = world.wait(&name, &Topic::Budget, |_| {}).await;
        world.table.request_stop(&name, "ada").await.unwrap();
        let ended = || {
            World::status_event(
                &name,
                json!({"status": "ABORTED", "error": "Stopped", "cause": "ada stopped it."}),
            )
        };
        world.die_after(Some(requests));
        let survived = world.events.handle(ended()).await.is_ok();
        world.die_after(None);
        let asked = world.table.waiter(&waiter.topic, &waiter.key).await.unwrap().is_some();
        let is_over = world.outcome(&name).await.is_final();
        // The sweeper looks only at executions whose end is not recorded.
        assert!(!(asked && is_over), "killed after {requests} requests");
        assert!(is_over || !survived, "killed after {requests} requests");
        world.events.handle(ended()).await.unwrap();
        assert_eq!(world.outcome(&name).await, Outcome::Stopped);
        assert!(world.table.waiter(&waiter.topic, &waiter.key).await.unwrap().is_none());
        assert!(!said().contains("Roll back"), "the buttons stay: {}", said());
        if survived {
            assert!(requests > 10, "it was never killed");
            break;
        }
    }
}

#[tokio::test]
async fn work_goes_on_when_its_provider_takes_calls_again() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let until = world.clock.now() + SignedDuration::from_hours(1);
    world.wait(&name, &Topic::Provider, |waiter| waiter.until = Some(until)).await;
    world.sweep().await;
    assert!(world.told().is_empty(), "the time has not come");
    world.clock.advance(1);
    for _ in 0..2 {
        world.sweep().await;
    }
    let told = world.told();
    assert_eq!((told.len(), output(&told[0])), (1, json!({"resumed": true})));
    assert!(world.table.waiters(&Topic::Provider).await.unwrap().is_empty());
    assert_eq!(world.outcome(&name).await, Outcome::Running);
}

#[tokio::test]
async fn who_is_asked_to_stop_is_stopped() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    assert!(world.table.request_stop(&name, "ada").await.unwrap());
    world.changed(&name).await;
    assert!(world.step_functions.lock().unwrap().stopped.is_empty(), "it is not started yet");
    world.status_change(&name, json!({})).await;
    let before = world.services.log().len();
    let input = EventInput::from_keys([(format!("EXECUTION#{name}").as_str(), "STOP")]);
    world.events.handle(input).await.unwrap();
    assert_eq!(world.services.log().len(), before, "a stop edits no comment first");
    let stopped = world.step_functions.lock().unwrap().stopped.clone();
    let expected = json!({"executionArn": arn(&name), "error": "Stopped", "cause": "ada stopped it."});
    assert_eq!(stopped, [expected]);
    let ended = json!({"status": "ABORTED", "error": "Stopped", "cause": "ada stopped it.", "stopDate": 1_795_348_900_000_i64});
    world.status_change(&name, ended).await;
    let comment = world.comments("SHOP-1").remove(0);
    assert!(comment.contains("was stopped") && comment.contains("ada stopped it."), "{comment}");
    assert!(!world.table.request_stop(&name, "ada").await.unwrap());
}

#[tokio::test]
async fn each_share_of_a_limit_is_told_once() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let configuration = world.table.configuration(world.clock.now()).await.unwrap();
    let budgets = &configuration.budgets;
    let limits = Limits::from(budgets);
    let tenth = MicroUsd(limits.per_task.0 / 10);
    for number in 1..=9 {
        let reservation = reservation(&world, &name, &number.to_string(), tenth);
        world.table.reserve(&reservation, limits).await.unwrap();
        let settlement = Settlement { price: Some(tenth), ..Settlement::unknown(world.clock.now()) };
        world.table.settle(&reservation, settlement).await.unwrap();
        let cost = format!("COST#{number}");
        let pk = format!("EXECUTION#{name}");
        world.events.handle(EventInput::from_keys([(pk.as_str(), cost.as_str())])).await.unwrap();
    }
    let state = world.services.state();
    let told: Vec<&str> = state["slack"]["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|message| message["text"].as_str().filter(|text| text.contains("of the limit of")))
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("*50 %* of the limit of task SHOP-1 is spent"), "{told:?}");
    assert!(told[1].contains("*80 %*"), "{told:?}");
    let frames = world.table.frames(&name, 0, 100).await.unwrap();
    let alerts = frames.iter().filter(|frame| frame.event == "budget.alert");
    let percents: Vec<_> = alerts.map(|frame| frame.data["percent"].clone()).collect();
    assert_eq!(percents, [json!(50), json!(80)]);
}
