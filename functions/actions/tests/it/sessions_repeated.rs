//! Sessions whose invocations are killed and repeated, and of which two are at work at once: the state is the same as if nothing had
//! happened, and the ledger is never below the bill.

use crate::session_script::{change, three_turns, world};
use crate::world::{EXECUTION, World};
use domain::execution::Outcome;
use domain::{ErrorKind, MicroUsd};
use records::ExecutionEnd;
use serde_json::{Value, json};

async fn gated() -> World {
    World::start_gated(|world| change(world, three_turns())).await
}

/// The booked amount, including calls in progress.
pub(crate) async fn booked(world: &World) -> MicroUsd {
    world.table.settle_open(EXECUTION, crate::world::now()).await.unwrap();
    world.table.costs_of_execution(EXECUTION).await.unwrap().iter().map(|cost| cost.cost.booked()).sum()
}

/// The result of a session, without the parts that differ between sessions.
async fn outcome(world: &World, report: &Value) -> (Value, Vec<String>, Vec<String>) {
    let mut result = report["result"].clone();
    result["implementation"]["edits"]["ref"] = Value::Null;
    result["implementation"]["session"] = Value::Null;
    let id = report["session"].as_str().unwrap();
    let head = world.table.session(id).await.unwrap().unwrap();
    let files = world.table.session_files(&head).await.unwrap().into_keys().collect();
    (result, world.conversation(&report["session"]).await, files)
}

#[tokio::test]
async fn an_invocation_that_is_killed_at_any_write_and_repeated_gives_the_same() {
    let world = gated().await;
    let reference = world.whole_session("Reference").await.unwrap();
    let expected = outcome(&world, &reference).await;
    assert_eq!(expected.1.len(), 7);
    let mut kills = 0;
    // After every write of the whole session, until no write is left.
    for write in 0.. {
        let state = format!("Killed{write}");
        world.gate.kill_after(write);
        let mut report: Option<Value> = None;
        while report.as_ref().is_none_or(|report| report["next"] != "done") {
            let tried = match &report {
                None => world.gate.unless_killed(world.open(&state)).await,
                Some(report) => world.gate.unless_killed(world.next(&state, report)).await,
            };
            match tried {
                Some(given) => report = Some(given.unwrap()),
                None => kills += 1,
            }
        }
        assert_eq!(outcome(&world, &report.unwrap()).await, expected, "{state}");
        if world.gate.open() {
            break;
        }
    }
    assert!(kills > 25, "{kills} were killed");
    assert!(booked(&world).await >= crate::money::billed(&world));
    world.assert_no_violations();
}

#[tokio::test]
async fn a_reply_that_was_lost_is_booked_in_full_and_asked_for_again() {
    let world = world(three_turns()).await;
    let opened = world.open("Develop").await.unwrap();
    world.fault(
        json!({"service": "claude", "path": "^/v1/messages$", "truncated": true, "after_effect": true}),
    );
    let error = world.next("Develop", &opened).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::ReplyLost);
    let done = world.until_it_stops("Develop", opened).await.unwrap();
    assert_eq!((done["next"].as_str(), done["turns"].as_u64()), (Some("done"), Some(3)));
    let booked = booked(&world).await;
    assert!(booked >= crate::money::billed(&world));
    assert_eq!(done["cost_usd"].as_f64().unwrap(), booked.as_usd(), "the session counts what was lost");
}

#[tokio::test]
async fn of_two_invocations_at_once_one_counts() {
    let world = world(three_turns()).await;
    let (one, two) = tokio::join!(world.open("Develop"), world.open("Develop"));
    let mut report = one.unwrap();
    assert_eq!(report["session"], two.unwrap()["session"]);
    while report["next"] != "done" {
        let (one, two) = tokio::join!(world.next("Develop", &report), world.next("Develop", &report));
        let reports = [one.unwrap(), two.unwrap()];
        // The slower one may find the session where the faster one left it, which is where the next step begins.
        report = reports[0].clone();
        assert_eq!(reports[0]["session"], reports[1]["session"]);
    }
    assert_eq!(report["result"]["implementation"]["files"], json!(["src/shop/money.py"]));
    let conversation = world.conversation(&report["session"]).await;
    assert_eq!(conversation.len(), 7, "each turn once: {conversation:?}");
    assert!(booked(&world).await >= crate::money::billed(&world));
}

#[tokio::test]
async fn what_was_imported_and_has_expired_is_loaded_again() {
    let world = world(three_turns()).await;
    let opened = world.open("Develop").await.unwrap();
    let thought = world.next("Develop", &opened).await.unwrap();
    assert_eq!(thought["next"], "run_tools");
    world.forget_readings().await;
    let report = world.next("Develop", &thought).await.unwrap();
    assert_eq!(report["next"], "load", "{report}");
    let report = world.next("Develop", &report).await.unwrap();
    assert_eq!(report["next"], "run_tools");
    let done = world.until_it_stops("Develop", report).await.unwrap();
    assert_eq!((done["result"]["outcome"].as_str(), done["turns"].as_u64()), (Some("done"), Some(3)));
}

#[tokio::test]
async fn a_stopped_execution_asks_no_model() {
    let world = world(three_turns()).await;
    let opened = world.open("Develop").await.unwrap();
    world.begin().await;
    assert!(world.table.request_stop(EXECUTION, "ada").await.unwrap());
    // A failure would come before the stop, and its workflow would take back the work.
    let error = world.next("Develop", &opened).await.unwrap_err();
    assert_eq!(
        (error.kind, error.message.contains("being stopped")),
        (ErrorKind::Unavailable, true),
        "{error}"
    );
    let end = ExecutionEnd {
        outcome: Outcome::Stopped,
        error: None,
        cause: None,
        output: None,
        at: crate::world::now(),
    };
    world.table.finish(EXECUTION, &end).await.unwrap();
    let error = world.next("Develop", &opened).await.unwrap_err();
    assert_eq!((error.kind, error.message.contains("was stopped")), (ErrorKind::Conflict, true), "{error}");
    assert!(world.requests("claude", "POST", "/v1/messages").is_empty());
    assert!(world.table.costs_of_execution(EXECUTION).await.unwrap().is_empty());
}
