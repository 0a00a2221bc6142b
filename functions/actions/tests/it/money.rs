//! No model is asked without a reservation, and every call is booked at its price.

use crate::world::{EXECUTION, RUN, World, now};
use actions::agent::price::price;
use domain::plugins::Usage;
use domain::{Clock, ErrorKind, MicroUsd};
use jiff::SignedDuration;
use records::{Cost, LimitOf};
use serde_json::{Value, json};

fn asked(world: &World) -> usize {
    world.simulation.log().iter().filter(|entry| entry.service == "claude").count()
}

#[tokio::test]
async fn what_is_booked_is_what_the_service_reports() {
    let world = World::start().await;
    world.implementation().await.unwrap();
    let usage = &world.requests("claude", "POST", "/v1/messages")[0].response["usage"];
    let count = |name: &str| usage[name].as_u64().unwrap_or_default();
    let reported = Usage {
        input_tokens: count("input_tokens"),
        cache_read_tokens: count("cache_read_input_tokens"),
        cache_write_5m_tokens: count("cache_creation_input_tokens"),
        cache_write_1h_tokens: 0,
        output_tokens: count("output_tokens"),
    };
    let costs = world.table.costs_of_execution(EXECUTION).await.unwrap();
    assert_eq!(costs.len(), 1);
    assert_eq!((costs[0].usage, costs[0].account.as_str()), (Some(reported), "ada"));
    let expected = price("anthropic", "claude-sonnet-5-5", &reported, now()).unwrap();
    assert!(expected > MicroUsd::ZERO);
    assert_eq!(costs[0].cost, Cost::Priced(expected));
    for of in [LimitOf::Task("SHOP-1".into()), LimitOf::month("ada", now())] {
        let spending = world.table.spending(&of).await.unwrap();
        assert_eq!((spending.committed, spending.spent), (expected, expected), "{of}");
    }
    assert!(world.table.open_reservations(EXECUTION).await.unwrap().is_empty());
    assert_eq!(world.table.agent_executions(EXECUTION).await.unwrap()[0].stop, "complete");
}

#[tokio::test]
async fn a_limit_stops_a_call_before_it_is_made() {
    for limit in ["per_task_usd", "per_user_month_usd"] {
        let world = World::start_with(|world| world.configuration["budgets"][limit] = json!(0.01)).await;
        let error = world.implementation().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::BudgetExceeded, "{error}");
        assert!(error.message.contains("$0.0100"), "{error}");
        assert_eq!(asked(&world), 0);
        assert!(world.table.costs_of_execution(EXECUTION).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_failed_costs_what_may_have_been_billed() {
    let world = World::start().await;
    let path = "^/v1/messages$";
    let busy = json!({"service": "claude", "path": path, "status": 429, "headers": {"retry-after": "0"}, "times": 4});
    world.fault(busy);
    assert_eq!(world.implementation().await.unwrap_err().kind, ErrorKind::Throttled);
    assert!(world.table.costs_of_execution(EXECUTION).await.unwrap().is_empty(), "a refusal is not billed");
    for (number, fault) in [
        json!({"service": "claude", "path": path, "truncated": true, "after_effect": true}),
        json!({"service": "claude", "path": path, "status": 500}),
    ]
    .into_iter()
    .enumerate()
    {
        world.fault(fault);
        assert_eq!(world.implementation().await.unwrap_err().kind, ErrorKind::ReplyLost);
        let costs = world.table.costs_of_execution(EXECUTION).await.unwrap();
        assert!(
            matches!(costs[number].cost, Cost::Unknown { booked } if booked > MicroUsd::ZERO),
            "{costs:?}"
        );
    }
    assert!(world.table.open_reservations(EXECUTION).await.unwrap().is_empty());
}

/// The service's bill so far, whether or not we received the replies.
pub(crate) fn billed(world: &World) -> MicroUsd {
    let billed = &world.simulation.state()["claude"]["billed"];
    let count = |name: &str| billed[name].as_u64().unwrap();
    let usage = Usage {
        input_tokens: count("input_tokens"),
        cache_read_tokens: count("cache_read_input_tokens"),
        cache_write_5m_tokens: count("cache_creation_input_tokens"),
        cache_write_1h_tokens: 0,
        output_tokens: count("output_tokens"),
    };
    price("anthropic", "claude-sonnet-5-5", &usage, now()).unwrap()
}

#[tokio::test]
async fn no_more_is_billed_than_is_booked() {
    let claude = |mut fault: Value| {
        fault["service"] = "claude".into();
        fault["path"] = "^/v1/messages$".into();
        fault
    };
    // Whether a reply is lost on its way. Then more is booked than billed, otherwise the same.
    for (fault, is_lost) in [
        (json!({"status": 429, "headers": {"retry-after": "0"}, "times": 4}), false),
        (json!({"status": 529}), false),
        (json!({"status": 502, "after_effect": true}), true),
        (json!({"status": 504}), true),
        (json!({"truncated": true, "after_effect": true}), true),
        (json!({"status": 200, "body": "<html>", "after_effect": true}), true),
    ] {
        let world = World::start().await;
        world.fault(claude(fault.clone()));
        world.implementation().await.unwrap_err();
        world.implementation().await.unwrap();
        let spending = world.table.spending(&LimitOf::Task("SHOP-1".into())).await.unwrap();
        assert_eq!(spending.committed, spending.spent, "{fault}");
        let (booked, billed) = (spending.spent, billed(&world));
        assert!(billed > MicroUsd::ZERO && booked >= billed, "{fault}: {booked} of {billed}");
        assert_eq!(booked > billed, is_lost, "{fault}: {booked} of {billed}");
    }
}

#[tokio::test]
async fn a_failing_provider_is_left_alone_for_longer_each_time() {
    let world = World::start().await;
    world.begin().await;
    for (failures, minutes) in [(3, 5), (1, 10)] {
        for _ in 0..failures {
            world.fault(json!({"service": "claude", "path": "^/v1/messages$", "status": 500}));
            assert_eq!(world.implementation().await.unwrap_err().kind, ErrorKind::ReplyLost);
        }
        let before = world.clock.now();
        let key = format!("{RUN}/GenerateCodeAwaitProvider");
        let payload = json!({
            "v": 1, "run": RUN, "key": key, "project": "SHOP", "actor": {"source": "jira", "id": "712020:ada"},
            "task_token": format!("token of {minutes}"), "input": {"reason": "Claude failed (500)"}
        });
        world.dispatch("await_provider", payload).await.unwrap();
        let waiter = world.table.waiter("provider", &key).await.unwrap().unwrap();
        let left = waiter.until.unwrap().duration_since(before).as_secs();
        assert!((minutes * 60 - 60..=minutes * 60).contains(&left), "{left} s of {minutes} minutes");
        assert!(waiter.question.unwrap().contains("Claude failed (500)"));
        world.clock.advance(SignedDuration::from_mins(minutes));
    }
    world.implementation().await.unwrap();
    assert_eq!(world.table.costs_of_execution(EXECUTION).await.unwrap().len(), 5);
}

#[tokio::test]
async fn a_model_without_a_price_is_booked_as_unknown() {
    let world = World::start_with(|world| {
        world.section_mut::<simulators::claude::World>("claude").unwrap().models.push("in-house".into());
        world.configuration["plugins"]["claude"]["model"] = json!("in-house");
    })
    .await;
    world.implementation().await.unwrap();
    let costs = world.table.costs_of_execution(EXECUTION).await.unwrap();
    assert!(matches!(costs[0].cost, Cost::Unknown { booked } if booked > MicroUsd::ZERO), "{costs:?}");
    assert!(costs[0].usage.is_some());
}

#[tokio::test]
async fn work_that_was_cut_short_stays_a_draft() {
    let world = World::start().await;
    let draft = records::Draft { by: Some("ada".into()), at: now() };
    world.table.put_draft(EXECUTION, &draft).await.unwrap();
    let output = world.step("MarkReady", "mark_ready", json!({"number": 1})).await.unwrap();
    assert_eq!(output["ready"], false, "{output}");
    assert!(output["refusal"].as_str().unwrap().contains("stays a draft"), "{output}");
    assert!(world.simulation.log().iter().all(|entry| entry.service != "github"), "nobody is asked");
}
