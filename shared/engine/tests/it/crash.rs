//! Crashes: whichever entry of the log was the last to reach the disk, the execution comes to the same end.

use std::path::Path;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use engine::{FunctionError, SkippingClock};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::bench::{Bench, Functions, invoke, machine, open, pass, start_of_time};

/// A function that fails once for each payload it has not seen yet would differ after a crash; this one depends on the
/// payload alone, as the actions' journal makes real functions do.
fn functions() -> Functions {
    Functions::default().with("work", |_, payload| match (payload["n"].as_i64(), payload["try"].as_i64()) {
        (Some(3), Some(0)) => Err(FunctionError::new("Throttled", "once")),
        (Some(n), _) => Ok(json!(n * 10)),
        _ => Err(FunctionError::new("Rejected", "no number")),
    })
}

fn work(more: Value) -> Value {
    let payload = json!({ "n": "{% $states.input.n %}", "try": "{% $states.context.State.RetryCount %}" });
    let mut fields = json!({
        "Output": { "n": "{% $states.result.Payload %}" },
        "Retry": [{ "ErrorEquals": ["Throttled"], "JitterStrategy": "FULL" }],
    });
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    invoke("work", payload, fields)
}

fn definition() -> Value {
    machine(
        "One",
        json!({
            "One": work(json!({ "Assign": { "id": "{% $uuid() %}" }, "Next": "Rest" })),
            "Rest": { "Type": "Wait", "Seconds": 3600, "Next": "Many" },
            "Many": {
                "Type": "Map",
                "Items": "{% [1..4] %}",
                "ItemSelector": { "n": "{% $states.context.Map.Item.Value %}" },
                "MaxConcurrency": 2,
                "ItemProcessor": { "StartAt": "Each", "States": { "Each": work(json!({ "End": true })) } },
                "Next": "Both",
            },
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    { "StartAt": "A", "States": { "A": { "Type": "Pass", "Output": "{% $count($states.input) %}", "End": true } } },
                    { "StartAt": "B", "States": { "B": { "Type": "Fail", "Error": "Broken" } } },
                ],
                "Catch": [{
                    "ErrorEquals": ["Broken"],
                    "Output": { "error": "{% $states.errorOutput.Error %}", "sum": "{% $sum($states.input.n) %}" },
                    "Next": "End",
                }],
                "End": true,
            },
            "End": { "Type": "Succeed" },
        }),
    )
}

/// Makes a log as it was when only its first `length` entries had been written.
fn cut(log: &Path, length: usize) {
    let connection = Connection::open(log).unwrap();
    connection.execute("DELETE FROM events WHERE sequence >= ?1", [length as i64]).unwrap();
    let undo = "UPDATE executions SET status = 'RUNNING', told = 'RUNNING', stopped = NULL, output = NULL, awake = 1, \
                wakes_at = NULL";
    connection.execute(undo, []).unwrap();
}

fn length(log: &Path) -> usize {
    let connection = Connection::open(log).unwrap();
    connection.query_row("SELECT count(*) FROM events", [], |row| row.get::<_, i64>(0)).unwrap() as usize
}

#[tokio::test]
async fn every_prefix_of_the_log_leads_to_the_same_end() {
    let mut bench = Bench::new(functions()).await;
    let whole = bench.run(&definition(), &json!({ "n": 3 })).await;
    assert_eq!(whole.output.as_deref(), Some(r#"{"error":"Broken","sum":100}"#), "{whole:?}");
    let Bench { engine, folder, .. } = bench;
    engine.shutdown(Duration::from_secs(1)).await;
    drop(engine);
    let log = folder.path().join("log.sqlite");
    let entries = length(&log);
    assert!(entries > 50, "{entries}");
    for kept in 1..entries {
        let copy = folder.path().join(format!("{kept}.sqlite"));
        Connection::open(&log).unwrap().execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
        cut(&copy, kept);
        // The machine was down for a while.
        let clock = SkippingClock::new(start_of_time());
        clock.advance(Duration::from_secs(86_400));
        let engine = open(&copy, Arc::new(clock), Arc::new(functions()));
        let mut changes = engine.subscribe();
        assert_eq!(engine.resume().await.unwrap(), 1);
        let change = tokio::time::timeout(Duration::from_secs(20), changes.recv()).await;
        assert!(change.is_ok(), "nothing happens after entry {kept}");
        let ended = engine.describe_execution(&whole.execution_arn).await.unwrap();
        assert_eq!(ended.output, whole.output, "after entry {kept}");
        engine.shutdown(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn parked_executions_are_woken_by_time_and_token_after_a_restart() {
    let asks = json!({ "token": "{% $states.context.Task.Token %}" });
    let mut state = invoke("ask", asks, json!({ "End": true }));
    state["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    let functions = || Functions::default().with("ask", |_, _| Ok(json!(null)));
    let bench = Bench::new(functions()).await;
    let execution = bench.start(&machine("Ask", json!({ "Ask": state })), &json!({})).await;
    bench.engine.activity().quiet().await;
    let token = bench.functions.calls("ask")[0]["token"].as_str().unwrap().to_owned();
    let Bench { engine, folder, clock, .. } = bench;
    engine.shutdown(Duration::from_secs(1)).await;
    drop(engine);
    let functions = Arc::new(functions());
    let engine = open(&folder.path().join("log.sqlite"), clock, Arc::clone(&functions) as _);
    // Nothing needs to be done for it, and its function is not called again.
    assert_eq!(engine.resume().await.unwrap(), 0);
    let mut changes = engine.subscribe();
    engine.send_task_success(&token, &json!(1)).await.unwrap();
    assert_eq!(changes.recv().await.unwrap().status, "SUCCEEDED");
    assert_eq!(engine.describe_execution(&execution).await.unwrap().output.as_deref(), Some("1"));
    assert!(functions.calls("ask").is_empty());
}

#[tokio::test]
async fn an_end_that_a_crash_left_untold_is_told_at_the_next_start() {
    let mut bench = Bench::new(Functions::default()).await;
    let execution = bench.run(&pass(json!(1)), &json!({})).await.execution_arn;
    let Bench { engine, folder, clock, .. } = bench;
    engine.shutdown(Duration::from_secs(1)).await;
    drop(engine);
    let log = folder.path().join("log.sqlite");
    let restart = async || {
        let engine = open(&log, Arc::clone(&clock) as _, Arc::new(Functions::default()));
        let mut changes = engine.subscribe();
        engine.resume().await.unwrap();
        let told = changes.try_recv().ok().map(|change| (change.execution_arn, change.status));
        engine.shutdown(Duration::from_secs(1)).await;
        told
    };
    assert_eq!(restart().await, None);
    Connection::open(&log).unwrap().execute("UPDATE executions SET told = 'RUNNING'", []).unwrap();
    assert_eq!(restart().await, Some((execution, "SUCCEEDED".to_owned())));
    assert_eq!(restart().await, None);
}

#[tokio::test]
async fn two_engines_cannot_share_a_log() {
    let bench = Bench::new(Functions::default()).await;
    let log = bench.folder.path().join("log.sqlite");
    let second = tokio::task::spawn_blocking(move || {
        engine::Engine::open(
            &log,
            Arc::new(SkippingClock::new(start_of_time())),
            Arc::new(Functions::default()),
            engine::Settings::default(),
        )
        .map(drop)
    });
    assert!(matches!(second.await.unwrap(), Err(engine::LogError::InUse(_))));
}

#[tokio::test]
async fn executions_are_forgotten_ninety_days_after_their_end() {
    let mut bench = Bench::new(Functions::default()).await;
    let old = bench.run(&pass(json!(1)), &json!({})).await.execution_arn;
    bench.clock.advance(Duration::from_secs(60 * 86_400));
    let young = bench.run(&pass(json!(1)), &json!({})).await.execution_arn;
    bench.clock.advance(Duration::from_secs(40 * 86_400));
    let Bench { engine, folder, clock, .. } = bench;
    engine.shutdown(Duration::from_secs(1)).await;
    drop(engine);
    let engine = open(&folder.path().join("log.sqlite"), clock, Arc::new(Functions::default()));
    engine.resume().await.unwrap();
    let forgotten = engine.describe_execution(&old).await;
    assert!(matches!(forgotten, Err(engine::EngineError::ExecutionDoesNotExist(_))));
    assert_eq!(engine.describe_execution(&young).await.unwrap().status, "SUCCEEDED");
}

/// A machine that needs the world outside: a token, another execution, and somebody who redrives it.
fn worldly() -> Value {
    let mut ask =
        invoke("ask", json!({ "token": "{% $states.context.Task.Token %}" }), json!({ "End": true }));
    ask["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    let child = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": { "StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:child", "Input": { "n": 7 } },
        "Output": "{% $states.result.Output %}",
        "End": true,
    });
    let payload =
        json!({ "n": "{% $states.input.n %}", "redrives": "{% $states.context.Execution.RedriveCount %}" });
    let flaky = invoke("flaky", payload, json!({ "Output": "{% $states.result.Payload %}", "End": true }));
    let each = json!({
        "Type": "Map",
        "Items": "{% [1..3].{ 'n': $ } %}",
        "ItemProcessor": { "StartAt": "Flaky", "States": { "Flaky": flaky } },
        "End": true,
    });
    machine(
        "All",
        json!({
            "All": {
                "Type": "Parallel",
                "Branches": [
                    { "StartAt": "Ask", "States": { "Ask": ask } },
                    { "StartAt": "Child", "States": { "Child": child } },
                    { "StartAt": "Rest", "States": { "Rest": { "Type": "Wait", "Seconds": 30, "Next": "Each" }, "Each": each } },
                ],
                "Next": "Last",
            },
            "Last": { "Type": "Pass", "Output": { "all": "{% $states.input %}" }, "End": true },
        }),
    )
}

fn worldly_functions() -> Functions {
    Functions::default().with("ask", |_, _| Ok(json!(null))).with("flaky", |_, payload| {
        match (payload["n"].as_i64(), payload["redrives"].as_i64()) {
            (Some(2), Some(0)) => Err(FunctionError::new("Broken", "the first time")),
            (n, _) => Ok(json!(n)),
        }
    })
}

/// Plays the world outside until the execution has succeeded: hands back every token there is, and redrives.
async fn see_through(
    engine: &engine::Engine,
    functions: &Functions,
    old_tokens: &[String],
    execution: &str,
) -> String {
    let seen = async {
        loop {
            engine.activity().quiet().await;
            let new =
                functions.calls("ask").into_iter().map(|call| call["token"].as_str().unwrap().to_owned());
            for token in old_tokens.iter().cloned().chain(new) {
                // Most of them are void by now.
                let _ = engine.send_task_success(&token, &json!("answered")).await;
            }
            let described = engine.describe_execution(execution).await.unwrap();
            match described.status.as_str() {
                "SUCCEEDED" => break described.output.unwrap(),
                "RUNNING" => tokio::task::yield_now().await,
                _ => engine.redrive_execution(execution).await.unwrap(),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen).await.expect("the execution does not end")
}

/// The executions started by the one under test that a crash may have left.
#[derive(Clone, Copy, Debug)]
enum Children {
    Begun,
    Whole,
}

/// Makes a log as it was when only the first `length` entries of execution 1 had been written.
fn cut_first(log: &Path, length: usize, children: Children) {
    let connection = Connection::open(log).unwrap();
    let execute = |sql: &str| connection.execute(sql, []).unwrap();
    execute(&format!("DELETE FROM events WHERE execution = 1 AND sequence >= {length}"));
    let last: String = connection
        .query_row("SELECT body FROM events WHERE execution = 1 ORDER BY sequence DESC LIMIT 1", [], |row| {
            row.get(0)
        })
        .unwrap();
    let status = if last.contains(r#""ExecutionFailed""#) { "FAILED" } else { "RUNNING" };
    let stopped = if status == "FAILED" { "stopped" } else { "NULL" };
    execute(&format!(
        "UPDATE executions SET status = '{status}', told = '{status}', stopped = {stopped}, output = NULL, awake = 1, \
         redrives = (SELECT count(*) FROM events WHERE execution = 1 AND body LIKE '%ExecutionRedriven%') WHERE key = 1"
    ));
    // A child is there as soon as the task that started it is.
    execute(
        "DELETE FROM executions WHERE parent = 1 AND parent_task + 1 > \
         (SELECT max(id) FROM events WHERE execution = 1)",
    );
    if matches!(children, Children::Begun) {
        execute("DELETE FROM events WHERE execution > 1 AND sequence > 0");
        execute(
            "UPDATE executions SET status = 'RUNNING', told = 'RUNNING', stopped = NULL, output = NULL, error = NULL, \
             cause = NULL, awake = 1 WHERE key > 1",
        );
    }
    execute("DELETE FROM events WHERE execution NOT IN (SELECT key FROM executions)");
}

#[tokio::test]
async fn tokens_children_and_redrives_survive_a_crash_at_every_entry() {
    let bench = Bench::new(worldly_functions()).await;
    let child = machine(
        "Rest",
        json!({ "Rest": { "Type": "Wait", "Seconds": 10, "Output": "{% $states.input.n %}", "End": true } }),
    );
    bench.engine.put_state_machine("child", &child.to_string()).await.unwrap();
    let execution = bench.start(&worldly(), &json!({})).await;
    let whole = see_through(&bench.engine, &bench.functions, &[], &execution).await;
    assert_eq!(whole, r#"{"all":["answered",7,[1,2,3]]}"#);
    let old_tokens: Vec<String> =
        bench.functions.calls("ask").iter().map(|call| call["token"].as_str().unwrap().to_owned()).collect();
    let types: Vec<Value> =
        bench.history(&execution).await.into_iter().map(|event| event["type"].clone()).collect();
    for kind in ["ExecutionRedriven", "TaskSubmitted", "MapIterationFailed", "ParallelStateFailed"] {
        assert!(types.contains(&json!(kind)), "{kind} {types:?}");
    }
    let Bench { engine, folder, .. } = bench;
    engine.shutdown(Duration::from_secs(1)).await;
    drop(engine);
    let log = folder.path().join("log.sqlite");
    let entries = {
        let connection = Connection::open(&log).unwrap();
        let count = "SELECT count(*) FROM events WHERE execution = 1";
        connection.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap() as usize
    };
    for kept in 1..entries {
        for children in [Children::Begun, Children::Whole] {
            let copy = folder.path().join(format!("{kept}-{children:?}.sqlite"));
            Connection::open(&log).unwrap().execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
            cut_first(&copy, kept, children);
            let functions = Arc::new(worldly_functions());
            let engine =
                open(&copy, Arc::new(SkippingClock::new(start_of_time())), Arc::clone(&functions) as _);
            engine.resume().await.unwrap();
            let output = see_through(&engine, &functions, &old_tokens, &execution).await;
            assert_eq!(output, whole, "after entry {kept}, children {children:?}");
            engine.shutdown(Duration::from_secs(1)).await;
            drop(engine);
            std::fs::remove_file(&copy).unwrap();
        }
    }
}

#[tokio::test]
async fn an_execution_whose_starter_hangs_up_advances_all_the_same() {
    let mut bench = Bench::new(Functions::default()).await;
    let machine = bench.engine.put_state_machine("machine", &pass(json!(1)).to_string()).await.unwrap();
    let mut started = Vec::new();
    // At every point where the starter waits, until one is answered before it hangs up.
    for patience in 1..100 {
        let name = format!("starter-{patience}");
        let mut start = Box::pin(bench.engine.start_execution(&machine, Some(&name), &Value::Null));
        let mut waited = 0;
        let answered = std::future::poll_fn(|context| {
            let answered = start.as_mut().poll(context).is_ready();
            waited += 1;
            if answered || waited == patience { Poll::Ready(answered) } else { Poll::Pending }
        });
        let answered = answered.await;
        started.push(machine.replace(":stateMachine:", ":execution:") + ":" + &name);
        if answered {
            break;
        }
    }
    // The log is written in turn, so when this one has ended, the others are in it.
    bench.run(&pass(json!(2)), &Value::Null).await;
    bench.engine.activity().quiet().await;
    let mut ended = 0;
    for execution in started {
        // One that hung up before its execution was recorded has started none.
        if let Ok(found) = bench.engine.describe_execution(&execution).await {
            assert_eq!(found.status, "SUCCEEDED", "{execution}");
            ended += 1;
        }
    }
    assert!(ended >= 2, "{ended}");
}
