//! Executions that only wait cost nothing but an entry.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use engine::{Durability, Engine, FunctionError, Invoke, Settings, SkippingClock};
use serde_json::{Value, json};

use crate::bench::{call, invoke, machine, start_of_time};

const EXECUTIONS: usize = 10_000;

/// Takes down the tokens it is called with.
#[derive(Default)]
struct Tokens(Mutex<Vec<String>>);

#[async_trait]
impl Invoke for Tokens {
    async fn invoke(&self, _function: &str, payload: Value) -> Result<Value, FunctionError> {
        self.0.lock().unwrap().push(payload["token"].as_str().unwrap().to_owned());
        Ok(json!(null))
    }
}

/// A task that waits for its token, after a large variable.
fn definition() -> Value {
    let mut ask =
        invoke("ask", json!({ "token": "{% $states.context.Task.Token %}" }), json!({ "End": true }));
    ask["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
    ask["TimeoutSeconds"] = json!(86_400);
    machine(
        "Keep",
        json!({
            "Keep": { "Type": "Pass", "Assign": { "kept": "x".repeat(2_000) }, "Next": "Ask" },
            "Ask": ask,
        }),
    )
}

#[tokio::test]
async fn ten_thousand_parked_executions_hold_no_task() {
    let functions = Arc::new(Tokens::default());
    let clock = Arc::new(SkippingClock::new(start_of_time()));
    let settings = Settings { durability: Durability::ProcessDeath, ..Settings::default() };
    let engine = Engine::in_memory(clock, Arc::clone(&functions) as _, settings).unwrap();
    // Without timers: the clock would skip the whole day as soon as nothing is at work.
    let machine = engine.put_state_machine("ask", &definition().to_string()).await.unwrap();
    let metrics = tokio::runtime::Handle::current().metrics();
    let before = metrics.num_alive_tasks();
    for chunk in (0..EXECUTIONS).collect::<Vec<_>>().chunks(500) {
        for number in chunk {
            engine.start_execution(&machine, Some(&number.to_string()), &json!({})).await.unwrap();
        }
        engine.activity().quiet().await;
    }
    tokio::task::yield_now().await;
    assert_eq!(metrics.num_alive_tasks(), before, "a parked execution holds a task");
    let tokens = functions.0.lock().unwrap().clone();
    assert_eq!(tokens.len(), EXECUTIONS);
    // Any of them is woken by its token, and by nothing else.
    engine.send_task_success(&tokens[EXECUTIONS / 2], &json!("done")).await.unwrap();
    engine.activity().quiet().await;
    let request = |status: &str| json!({ "stateMachineArn": machine, "statusFilter": status });
    let ended = call(&engine, "ListExecutions", &request("SUCCEEDED")).await.unwrap();
    assert_eq!(ended["executions"].as_array().unwrap().len(), 1);
}
