//! A year of `serve` in virtual time: what it keeps, the memory it needs and the time it takes do not grow once as much is forgotten as comes.

use super::caller::{Grant, Grants};
use super::housekeeping::House;
use super::in_process::InProcess;
use super::private::Private;
use super::sdk::{TABLE, sdk_config};
use super::stream_records::StreamRecords;
use super::table_file::TableFile;
use crate::server::dynamodb;
use async_trait::async_trait;
use domain::execution::{ExecutionInput, Outcome};
use domain::routes::Concurrency;
use domain::{ActionId, EventName, SystemClock};
use engine::{Engine, FunctionError, Invoke, SkippingClock};
use jiff::{SignedDuration, Timestamp};
use records::{ExecutionEnd, NewExecution, NewFrame, StepEnd, StepStatus, Table, Told};
use runtime::Services;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Set by `./check full`.
const WHOLE: &str = "TICKETSMITH_YEAR";

/// How much of a year is lived through.
struct Scale {
    days: usize,
    runs_a_day: usize,
    /// Everything is forgotten so many times sooner.
    sooner: i32,
}

impl Scale {
    fn chosen() -> Self {
        match std::env::var_os(WHOLE) {
            Some(_) => Self { days: 365, runs_a_day: 200, sooner: 1 },
            None => Self { days: 30, runs_a_day: 20, sooner: 12 },
        }
    }

    /// The end of the fourth month, by which as much is forgotten as comes.
    fn settled(&self) -> usize {
        120 / usize::try_from(self.sooner).unwrap()
    }
}

struct Steps;

#[async_trait]
impl Invoke for Steps {
    async fn invoke(&self, _: &str, payload: Value) -> Result<Value, FunctionError> {
        Ok(payload)
    }
}

/// The measurements at the end of a day.
#[derive(Debug)]
struct Measured {
    folder: u64,
    /// In KiB.
    memory: u64,
    /// What nine of ten requests took longer than.
    latency: Duration,
}

struct Year {
    folder: tempfile::TempDir,
    scale: Scale,
    clock: Arc<SkippingClock>,
    engine: Engine,
    machine: String,
    house: House,
    /// The items of one run, as records make them.
    items: Vec<Value>,
}

/// The steps of a run, and the turns of its agent.
const STEPS: usize = 12;
const TURNS: usize = 10;

/// The placeholders of a run in the template.
const NAME: &str = "jira-SHOP-1-0123456789abcdef";

impl Year {
    async fn begin(scale: Scale, start: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = TableFile::open(&folder.path().join("table.db")).unwrap();
        let clock = Arc::new(SkippingClock::new(start));
        let retention = Duration::from_secs(90 * 86_400) / u32::try_from(scale.sooner).unwrap();
        let settings = engine::Settings { retention, ..engine::Settings::default() };
        let engine =
            Engine::open(&folder.path().join("engine.db"), clock.clone(), Arc::new(Steps), settings).unwrap();
        engine.resume().await.unwrap();
        let task = |next: &str| {
            json!({
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": { "FunctionName": "f", "Payload": "{% $states.input %}" },
                "Output": "{% $states.result.Payload %}",
                "Next": next,
            })
        };
        let definition = json!({
            "QueryLanguage": "JSONata",
            "StartAt": "First",
            "States": { "First": task("Second"), "Second": task("Last"), "Last": { "Type": "Succeed" } },
        });
        let machine = engine.put_state_machine("year", &definition.to_string()).await.unwrap();
        let mut grants = Grants::default();
        let server = grants.admit(Grant::of_server());
        let router = Private::of(grants, file.clone(), &engine, folder.path()).router();
        let config = sdk_config("http://127.0.0.1:1", server.caller.name(), server.token());
        let config = config.into_builder().http_client(InProcess(router)).build();
        let table = Services::new(config, TABLE, None, Arc::new(SystemClock)).table();
        table.create_table().await.unwrap();
        let records = Arc::new(StreamRecords::open(&folder.path().join("table.db"), TABLE, 1).unwrap());
        record_one(&table, start).await;
        let items = items(&folder.path().join("table.db"));
        let of_kind = |kind: &str| {
            let is_of_kind =
                |item: &&Value| item["sk"]["S"].as_str().is_some_and(|key| key.starts_with(kind));
            items.iter().filter(is_of_kind).count()
        };
        assert_eq!((of_kind("STEP#"), of_kind("FRAME#")), (STEPS, STEPS + TURNS + 2), "it is a whole run");
        let kept = super::housekeeping::KEPT / scale.sooner;
        let house = House { file, records, table, engine: engine.clone(), kept };
        Self { folder, scale, clock, engine, machine, house, items }
    }

    async fn day(&self, day: usize) -> Measured {
        let mut times = Vec::new();
        for run in 0..self.scale.runs_a_day {
            let begun = Instant::now();
            self.run(day, run).await;
            times.push(begun.elapsed());
        }
        self.engine.activity().quiet().await;
        self.clock.advance(Duration::from_secs(86_400));
        // Both readers of the stream have handed everything over.
        self.house.records.handed_over(0, i64::MAX).unwrap();
        self.house.clean(engine::Clock::now(&*self.clock)).await.unwrap();
        times.sort_unstable();
        Measured { folder: size(self.folder.path()), memory: memory(), latency: times[times.len() / 10] }
    }

    /// One run: its records, and an execution of the engine.
    async fn run(&self, day: usize, run: usize) {
        let now = engine::Clock::now(&*self.clock);
        let name = format!("jira-SHOP-1-{day:08x}{run:08x}");
        for item in &self.items {
            let text = item.to_string().replace(NAME, &name);
            let mut item: Value = serde_json::from_str(&text).unwrap();
            let fields = item.as_object_mut().unwrap();
            self.at(fields, now);
            let request = json!({ "TableName": TABLE, "Item": fields }).to_string();
            dynamodb::perform(self.house.file.writer(), "PutItem", request.as_bytes()).unwrap();
            self.house.file.written().signal();
        }
        let input = json!({ "task_id": "SHOP-1", "text": "a".repeat(2000) });
        self.engine.start_execution(&self.machine, Some(&name), &input).await.unwrap();
    }

    /// Moves an item of the template to another time: its texts, and its expiry.
    fn at(&self, fields: &mut Map<String, Value>, now: Timestamp) {
        let Some(Value::String(then)) = fields.remove("then") else { panic!("every item has its time") };
        let text = Value::Object(fields.clone()).to_string();
        let text = text.replace(&then, &format!("{now:.9}"));
        let month = |text: &str| format!("MONTH#{}", &text[..7]);
        let text = text.replace(&month(&then), &month(&now.to_string()));
        *fields = serde_json::from_str(&text).unwrap();
        let then: Timestamp = then.parse().unwrap();
        if let Some(expires_at) = fields.get("expires_at") {
            let seconds: i64 = expires_at["N"].as_str().unwrap().parse().unwrap();
            let lives = (seconds - then.as_second()) / i64::from(self.scale.sooner);
            fields.insert("expires_at".to_owned(), json!({ "N": (now.as_second() + lives).to_string() }));
        }
    }
}

/// Records a run as functions do.
async fn record_one(table: &Table, at: Timestamp) {
    let input = ExecutionInput::new(
        Map::from_iter([("task_id".to_owned(), json!("SHOP-1"))]),
        Some("SHOP".into()),
        None,
    );
    let trigger = EventName::from_static("jira.labelled");
    let mut new =
        NewExecution::new(trigger, NAME.into(), "development".into(), Some("SHOP-1".into()), input, at);
    new.name = NAME.to_owned();
    table.begin(&new, Concurrency::Any).await.unwrap();
    let action = ActionId::literal("get_task");
    for step in 0..STEPS {
        let state = format!("Step{step}");
        table.start_step(NAME, &state, &action, at).await.unwrap();
        let end = StepEnd { status: StepStatus::Succeeded, error: None, cause: None, at };
        table.finish_step(NAME, &state, &end).await.unwrap();
    }
    tell_of_one(table, at).await;
    let output = json!({ "text": "what a step gave ".repeat(20) });
    let end =
        ExecutionEnd { outcome: Outcome::Succeeded, error: None, cause: None, output: Some(output), at };
    table.finish(NAME, &end).await.unwrap();
}

/// Reports the run as `events` does: a frame for each change, and the state that was reported last.
async fn tell_of_one(table: &Table, at: Timestamp) {
    let started =
        json!({ "execution": NAME, "workflow": "development", "project": "SHOP", "task_id": "SHOP-1" });
    let turns = (1..=TURNS).map(|turn| {
        let message = format!("developer is thinking (turn {turn})");
        let data = json!({ "agent_id": NAME, "task_id": "SHOP-1", "status": "thinking", "message": message });
        NewFrame { event: "agent.status_update", data }
    });
    let steps = (0..STEPS).map(|step| {
        let result = json!({ "text": "what a step gave ".repeat(20) });
        let data = json!({ "workflow_id": NAME, "step_name": format!("Step{step}"), "status": "completed", "result": result });
        NewFrame { event: "workflow.step_completed", data }
    });
    let ended = json!({ "execution": NAME, "outcome": "succeeded", "error": null, "cause": null });
    let mut frames = vec![NewFrame { event: "execution.started", data: started }];
    frames.extend(turns.chain(steps));
    frames.push(NewFrame { event: "execution.ended", data: ended });
    let seen = (0..STEPS).map(|step| (format!("step Step{step}"), "1 succeeded".to_owned()));
    assert!(table.tell(NAME, Told::default(), seen.collect(), &frames, at).await.unwrap());
}

/// The items in the table, each with the time at which it was made.
fn items(file: &Path) -> Vec<Value> {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut statement = connection.prepare(&format!("SELECT item_json FROM \"{TABLE}\"")).unwrap();
    let items = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let mut items: Vec<Value> = items.map(|text| serde_json::from_str(&text.unwrap()).unwrap()).collect();
    let begun = items.iter().find_map(|item| item["begun_at"]["S"].as_str()).unwrap().to_owned();
    items.iter_mut().for_each(|item| item["then"] = json!(begun));
    items
}

fn size(folder: &Path) -> u64 {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

/// Resident memory, in KiB; nothing if the system does not report it.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_year_ends_as_large_and_as_fast_as_its_fourth_month() {
    let scale = Scale::chosen();
    let (days, settled) = (scale.days, scale.settled());
    // In the past, so that nothing depends on the day on which this runs.
    let year = Year::begin(scale, "2025-01-01T00:00:00Z".parse().unwrap()).await;
    let mut then = None;
    let mut last = None;
    for day in 1..=days {
        let measured = year.day(day).await;
        if day % 30 == 0 || day == settled {
            println!("day {day}: {measured:?}");
        }
        if day == settled {
            then = Some(measured);
        } else {
            last = Some(measured);
        }
    }
    let (then, last) = (then.unwrap(), last.unwrap());
    let grown = |now: f64, then: f64| now > then * 1.5;
    assert!(!grown(last.folder as f64, then.folder as f64), "the folder grew: {then:?}, {last:?}");
    assert!(!grown(last.memory as f64, then.memory as f64), "the memory grew: {then:?}, {last:?}");
    // The short form runs beside other tests, which slow down some days and not others.
    let is_judged = year.scale.sooner == 1;
    assert!(
        !is_judged || !grown(last.latency.as_secs_f64(), then.latency.as_secs_f64()),
        "it became slower: {then:?}, {last:?}"
    );
    let kept = SignedDuration::from_hours(24 * 90) / year.scale.sooner;
    let oldest = engine::Clock::now(&*year.clock) - kept;
    assert_eq!(year.house.table.forget_ended_before(oldest).await.unwrap(), 0, "all of these were forgotten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_records_go_and_others_stay() {
    let now: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
    let year = Year::begin(Scale { days: 1, runs_a_day: 1, sooner: 1 }, now).await;
    let perform = |operation: &str, request: Value| {
        let file = &year.house.file;
        let answer = dynamodb::perform(file.writer(), operation, request.to_string().as_bytes());
        serde_json::from_str::<Value>(&answer.unwrap()).unwrap()
    };
    let key = |name: &str| json!({ "pk": { "S": name }, "sk": { "S": "RECORD" } });
    for (name, expires_at) in [("old", now.as_second() - 1), ("new", now.as_second() + 1)] {
        let mut item = key(name);
        item["expires_at"] = json!({ "N": expires_at.to_string() });
        perform("PutItem", json!({ "TableName": TABLE, "Item": item }));
    }
    perform("PutItem", json!({ "TableName": TABLE, "Item": key("eternal") }));
    year.house.clean(now).await.unwrap();
    for (name, is_there) in [("old", false), ("new", true), ("eternal", true)] {
        let found = perform("GetItem", json!({ "TableName": TABLE, "Key": key(name) }));
        assert_eq!(found.get("Item").is_some(), is_there, "{name}");
    }
}
