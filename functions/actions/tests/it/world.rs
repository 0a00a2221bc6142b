//! One test's world: services, table, secrets and the dispatcher between them.

use crate::gate::{self, Gate};
use actions::Dispatcher;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::event::EventName;
use domain::execution::ExecutionInput;
use domain::routes::Concurrency;
use domain::{ActionError, CheckRunner, Clock};
use jiff::{SignedDuration, Timestamp};
use records::{NewExecution, Table};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use simulators::clock::starting_at;
use simulators::fault::Fault;
use simulators::simulation::{Options, Simulation};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use tokio::net::TcpListener;

pub(crate) const RUN: &str = "arn:aws:states:us-east-1:000000000000:execution:development:jira-SHOP-1-0";
pub(crate) const EXECUTION: &str = "jira-SHOP-1-0";
const TABLE: &str = "ticketsmith";
pub(crate) const BRANCH: &str = "feature/SHOP-1";

pub(crate) struct World {
    pub(crate) simulation: Simulation,
    pub(crate) table: Table,
    pub(crate) clock: Arc<MovedClock>,
    pub(crate) gate: Arc<Gate>,
    client: aws_sdk_dynamodb::Client,
    dispatcher: Dispatcher,
}

/// The time of [`now`], advanced by the time that a test wants to skip.
#[derive(Debug, Default)]
pub(crate) struct MovedClock(Mutex<SignedDuration>);

impl MovedClock {
    pub(crate) fn advance(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        now() + *self.0.lock().unwrap()
    }
}

impl World {
    /// The built-in world.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The built-in world, changed. Rates are high, so that no test waits for its turn.
    pub(crate) async fn start_with(change: impl FnOnce(&mut simulators::World)) -> Self {
        // On the heap: tests that start several worlds would not fit on a thread's stack.
        Box::pin(Self::start_in(change, false)).await
    }

    /// The same, with a gate in front of the table.
    pub(crate) async fn start_gated(change: impl FnOnce(&mut simulators::World)) -> Self {
        Box::pin(Self::start_in(change, true)).await
    }

    async fn start_in(change: impl FnOnce(&mut simulators::World), is_gated: bool) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/simulators/worlds/shop.yaml");
        let mut world = simulators::World::load(&path).unwrap();
        for plugin in ["jira", "github", "slack", "confluence", "claude"] {
            world.configuration["plugins"][plugin]["rate_limit"] = json!("1000/s");
        }
        change(&mut world);
        let clock = Arc::new(MovedClock::default());
        let moved = Arc::clone(&clock);
        let options = Options { clock: Some(Arc::new(move || Clock::now(&*moved))), ..Options::default() };
        let simulation = Simulation::start(world, options).await.unwrap();
        let configuration = serde_saphyr::from_str(&simulation.configuration()).unwrap();
        let gate = Arc::new(Gate::default());
        let client = client_of_table(is_gated.then(|| Arc::clone(&gate))).await;
        let table = Table::new(client.clone(), TABLE);
        table.create_table().await.unwrap();
        table.put_references(&providers::references(&configuration)).await.unwrap();
        table.put_configuration(&configuration).await.unwrap();
        let secrets = secrets(&simulation).await;
        let dispatcher =
            Dispatcher::new(table.clone(), secrets, Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        Self { simulation, table, clock, gate, client, dispatcher }
    }

    /// The same with something that runs checks.
    pub(crate) fn with_check_runner(self, runner: Arc<dyn CheckRunner>) -> Self {
        Self { dispatcher: self.dispatcher.with_check_runner(runner), ..self }
    }

    /// Performs the step of a state, as a state machine would.
    pub(crate) async fn step(&self, state: &str, action: &str, input: Value) -> Result<Value, ActionError> {
        Box::pin(self.step_by(json!({"source": "jira", "id": "712020:ada"}), state, action, input)).await
    }

    /// The same for an execution that somebody else started.
    pub(crate) async fn step_by(
        &self,
        actor: Value,
        state: &str,
        action: &str,
        input: Value,
    ) -> Result<Value, ActionError> {
        let payload = json!({
            "v": 1, "run": RUN, "key": format!("{RUN}/{state}"), "project": "SHOP", "actor": actor, "input": input
        });
        self.dispatcher.dispatch(action, payload).await
    }

    /// Records the execution of the tests as begun and started.
    pub(crate) async fn begin(&self) {
        let input = ExecutionInput {
            inputs: Map::new(),
            event: Map::new(),
            project: Some("SHOP".into()),
            actor: None,
            parent: None,
            grant: None,
            token: None,
        };
        let trigger = EventName::from_static("jira.labelled");
        let new = NewExecution::new(trigger, "1".into(), "development".into(), None, input, self.clock.now());
        let new = NewExecution { name: EXECUTION.into(), ..new };
        self.table.begin(&new, Concurrency::OnePerTask).await.unwrap();
        self.table.mark_started(EXECUTION, RUN, self.clock.now()).await.unwrap();
    }

    /// Performs everything that a state machine sends.
    pub(crate) async fn dispatch(&self, action: &str, payload: Value) -> Result<Value, ActionError> {
        self.dispatcher.dispatch(action, payload).await
    }

    /// Takes everything back, as a workflow's rollback does, and returns what was taken back, newest first.
    pub(crate) async fn roll_back(&self) -> Vec<(String, Result<Value, ActionError>)> {
        let mut taken_back = Vec::new();
        let mut page = json!(0);
        while !page.is_null() {
            let listed = self.step("Rollback", "list_effects", json!({"page": page})).await.unwrap();
            for effect in
                listed["effects"].as_array().unwrap().iter().filter(|effect| !effect["inverse"].is_null())
            {
                let action = effect["inverse"]["action"].as_str().unwrap();
                let key = effect["key"].as_str().unwrap().strip_prefix(&format!("{RUN}/")).unwrap();
                let input = effect["inverse"]["input"].clone();
                let result = self.step(&format!("{key}/undo"), action, input).await;
                taken_back.push((action.to_owned(), result));
            }
            page = listed["next"].clone();
        }
        taken_back
    }

    pub(crate) async fn task(&self) -> Value {
        self.step("FetchTask", "get_task", json!({"task_id": "SHOP-1"})).await.unwrap()["task"].clone()
    }

    /// The implementation that the scripted model makes of the ticket.
    pub(crate) async fn implementation(&self) -> Result<Value, ActionError> {
        let input = json!({"task": self.task().await, "branch": BRANCH});
        let output = self.step("GenerateCode", "generate_code_implementation", input).await?;
        Ok(output["implementation"].clone())
    }

    pub(crate) fn fault(&self, fault: Value) {
        self.simulation.add_fault(serde_json::from_value::<Fault>(fault).unwrap()).unwrap();
    }

    /// Requests that a service answered with success, by method and the end of their path.
    pub(crate) fn requests(&self, service: &str, method: &str, end: &str) -> Vec<simulators::log::LogEntry> {
        let log = self.simulation.log().into_iter();
        log.filter(|entry| {
            entry.service == service
                && entry.method == method
                && entry.path.ends_with(end)
                && entry.status < 300
        })
        .collect()
    }

    /// Requests that changed something outside or cost money.
    pub(crate) fn changes(&self) -> usize {
        let log = self.simulation.log();
        let reads = |path: &str| path == "/graphql";
        log.iter().filter(|entry| entry.method != "GET" && !reads(&entry.path) && entry.status < 300).count()
    }

    pub(crate) async fn branch(&self, name: &str) -> Option<String> {
        let url = format!("{}/repos/acme/shop/git/ref/heads/{name}", self.simulation.url("github"));
        let answer = client().get(url).bearer_auth("simulated-github-token").send().await.unwrap();
        let body: Value = answer.json().await.unwrap();
        body["object"]["sha"].as_str().map(str::to_owned)
    }

    /// The content of a file on a branch; `None` if it does not exist.
    pub(crate) async fn file(&self, branch: &str, path: &str) -> Option<String> {
        let url = format!("{}/repos/acme/shop/contents/{path}", self.simulation.url("github"));
        let request = client().get(url).query(&[("ref", branch)]).bearer_auth("simulated-github-token");
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let encoded = answer["content"].as_str()?.replace('\n', "");
        Some(String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap())
    }

    /// Creates a branch as a person would.
    pub(crate) async fn push_branch(&self, name: &str) {
        let main = self.branch("main").await.unwrap();
        let url = format!("{}/repos/acme/shop/git/refs", self.simulation.url("github"));
        let body = json!({"ref": format!("refs/heads/{name}"), "sha": main});
        let answer =
            client().post(url).bearer_auth("simulated-github-token").json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
    }

    /// Removes the cached parts of commits, as their expiry does.
    pub(crate) async fn forget_readings(&self) {
        let items = self.client.scan().table_name(TABLE).send().await.unwrap().items.unwrap_or_default();
        let is_reading =
            |item: &&HashMap<String, AttributeValue>| item["pk"].as_s().unwrap().starts_with("READING#");
        for item in items.iter().filter(is_reading) {
            let (pk, sk) = (item["pk"].clone(), item["sk"].clone());
            self.client.delete_item().table_name(TABLE).key("pk", pk).key("sk", sk).send().await.unwrap();
        }
    }

    pub(crate) fn assert_no_violations(&self) {
        let violations = self.simulation.violations();
        assert!(violations.is_empty(), "{}", serde_json::to_string_pretty(&violations).unwrap());
    }
}

/// Noon in the middle of a month, running on from the first look at the usual speed: what a test does within days stays within one month,
/// whenever the test runs.
pub(crate) fn now() -> Timestamp {
    static CLOCK: LazyLock<simulators::clock::Clock> =
        LazyLock::new(|| starting_at("2026-11-16T12:00:00Z".parse().unwrap()));
    CLOCK()
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().user_agent("test").no_proxy().build().unwrap()
}

async fn client_of_table(gate: Option<Arc<Gate>>) -> aws_sdk_dynamodb::Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut address = listener.local_addr().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
    if let Some(gate) = gate {
        address = gate::in_front_of(address, gate).await;
    }
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(format!("http://{address}"))
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

/// The used part of Secrets Manager: `GetSecretValue`.
async fn secrets(simulation: &Simulation) -> aws_sdk_secretsmanager::Client {
    let values: BTreeMap<String, String> = simulation
        .secrets()
        .by_name()
        .iter()
        .map(|(name, fields)| {
            let fields: BTreeMap<_, _> =
                fields.iter().map(|(field, value)| (field, value.expose_secret())).collect();
            (name.clone(), serde_json::to_string(&fields).unwrap())
        })
        .collect();
    let router = Router::new().route("/", post(secret_value)).with_state(Arc::new(values));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let config = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(format!("http://{address}"))
        .build();
    aws_sdk_secretsmanager::Client::from_conf(config)
}

async fn secret_value(
    State(values): State<Arc<BTreeMap<String, String>>>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, Json<Value>) {
    assert_eq!(headers["x-amz-target"], "secretsmanager.GetSecretValue");
    let request: Value = serde_json::from_str(&body).unwrap();
    let name = request["SecretId"].as_str().unwrap();
    match values.get(name) {
        Some(value) => (StatusCode::OK, Json(json!({"Name": name, "SecretString": value}))),
        None => {
            (StatusCode::BAD_REQUEST, Json(json!({"__type": "ResourceNotFoundException", "message": "no"})))
        }
    }
}
