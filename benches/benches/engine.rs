//! The engine: how many states a second, and what parked executions cost.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up ends")]

use async_trait::async_trait;
use divan::Bencher;
use divan::counter::ItemsCount;
use engine::{Durability, Engine, FunctionError, Invoke, Settings, SystemClock};
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::runtime::Runtime;

fn main() {
    divan::main();
}

/// A function that returns its input.
struct Echo;

#[async_trait]
impl Invoke for Echo {
    async fn invoke(&self, _: &str, payload: Value) -> Result<Value, FunctionError> {
        Ok(payload)
    }
}

struct Machine {
    runtime: Runtime,
    engine: Engine,
    arn: String,
    _folder: TempDir,
}

impl Machine {
    fn new(durability: Durability, definition: &Value) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { durability, ..Settings::default() };
        let path = folder.path().join("log.sqlite");
        let engine = Engine::open(&path, Arc::new(SystemClock), Arc::new(Echo), settings).unwrap();
        let arn = runtime.block_on(async {
            engine.resume().await.unwrap();
            engine.put_state_machine("machine", &definition.to_string()).await.unwrap()
        });
        Self { runtime, engine, arn, _folder: folder }
    }

    /// Starts so many executions at once and waits until each has ended.
    fn run(&self, executions: usize) {
        self.runtime.block_on(async {
            for _ in 0..executions {
                self.engine.start_execution(&self.arn, None, &json!({})).await.unwrap();
            }
            self.engine.activity().quiet().await;
        });
    }
}

fn chain(states: usize, state: impl Fn() -> Value) -> Value {
    let mut all = serde_json::Map::new();
    for index in 0..states {
        let mut state = state();
        match index + 1 == states {
            true => state["End"] = true.into(),
            false => state["Next"] = format!("S{}", index + 1).into(),
        }
        all.insert(format!("S{index}"), state);
    }
    json!({"QueryLanguage": "JSONata", "StartAt": "S0", "States": all})
}

fn pass() -> Value {
    json!({"Type": "Pass", "Output": "{% {'count': $states.input.count + 1} %}"})
}

fn task() -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "echo", "Payload": {"n": "{% 1 + 1 %}"}},
        "Output": "{% $states.result.Payload %}",
    })
}

const STATES: usize = 100;

/// Transitions of one execution, kept in the operating system's memory: a crash of the process loses none.
#[divan::bench]
fn transitions_that_survive_the_process(bencher: Bencher<'_, '_>) {
    let machine = Machine::new(Durability::ProcessDeath, &chain(STATES, pass));
    bencher.counter(ItemsCount::new(STATES)).bench_local(|| machine.run(1));
}

/// The same, each on the disk before the next state is seen: a loss of power loses none.
#[divan::bench(sample_count = 10)]
fn transitions_that_survive_the_power(bencher: Bencher<'_, '_>) {
    let machine = Machine::new(Durability::PowerLoss, &chain(STATES, pass));
    bencher.counter(ItemsCount::new(STATES)).bench_local(|| machine.run(1));
}

/// Fifty executions at once share the commits.
#[divan::bench(sample_count = 10)]
fn transitions_of_fifty_at_once(bencher: Bencher<'_, '_>) {
    let machine = Machine::new(Durability::PowerLoss, &chain(STATES, pass));
    bencher.counter(ItemsCount::new(50 * STATES)).bench_local(|| machine.run(50));
}

/// Three calls of a function, the same measurement as for moto and ministack (`tests/differential`).
#[divan::bench]
fn three_tasks(bencher: Bencher<'_, '_>) {
    let machine = Machine::new(Durability::ProcessDeath, &chain(3, task));
    bencher.counter(ItemsCount::new(3usize)).bench_local(|| machine.run(1));
}

/// Ten thousand executions that wait for a day: started, parked, and nothing left awake.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn park_ten_thousand(bencher: Bencher<'_, '_>) {
    let wait = || json!({"Type": "Wait", "Seconds": 86_400});
    let machine = Machine::new(Durability::ProcessDeath, &chain(1, wait));
    bencher.counter(ItemsCount::new(10_000usize)).bench_local(|| machine.run(10_000));
}
