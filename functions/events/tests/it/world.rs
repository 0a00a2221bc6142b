//! A world of one events function.

use crate::clock::{BusyClock, begin};
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
};
use aws_sdk_dynamodb::error::BoxError;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use domain::configuration::Configuration;
use domain::event::{Actor, EventName};
use domain::execution::ExecutionInput;
use domain::routes::{Concurrency, Routes};
use domain::{ActionId, Clock};
use events::{Connections, EventInput, Events};
use providers::{Patience, Providers, Waiting};
use records::{BeginResult, NewExecution, StepEnd, StepStatus, Table, Topic, Waiter};
use runtime::Secrets;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use simulators::clock::starting_at;
use simulators::gateway::Gateway;
use simulators::{Options, Simulation, World as Simulated};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

pub(crate) const PREFIX: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:ticketsmith-";

/// Counts requests to the table, and refuses them once as many were made as may be.
#[derive(Debug, Clone, Default)]
struct Counted {
    made: Arc<AtomicUsize>,
    /// Those that read all places of a project at reviewers.
    lines: Arc<AtomicUsize>,
    most: Arc<Mutex<Option<usize>>>,
}

impl Intercept for Counted {
    fn name(&self) -> &'static str {
        "counted"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.request().body().bytes().unwrap_or_default();
        let asks = |text: &[u8]| body.windows(text.len()).any(|part| part == text);
        let is_line = asks(b"KeyConditionExpression") && asks(b"\"PLACE#\"");
        self.lines.fetch_add(usize::from(is_line), Ordering::Relaxed);
        let made = self.made.fetch_add(1, Ordering::Relaxed);
        match *self.most.lock().unwrap() {
            Some(most) if made >= most => Err("the process is dead".into()),
            _ => Ok(()),
        }
    }
}

/// What Step Functions knows, and what it was asked to start.
#[derive(Debug, Default)]
pub(crate) struct StepFunctions {
    pub(crate) executions: HashMap<String, Value>,
    pub(crate) starts: Vec<Value>,
    pub(crate) definition: Value,
    /// The tokens that something waits with.
    pub(crate) open_tokens: HashSet<String>,
    /// The answers that were sent to them.
    pub(crate) told: Vec<Value>,
    pub(crate) stopped: Vec<Value>,
    secrets: HashMap<String, String>,
}

pub(crate) struct World {
    pub(crate) table: Table,
    pub(crate) events: Events,
    pub(crate) services: Simulation,
    pub(crate) step_functions: Arc<Mutex<StepFunctions>>,
    pub(crate) clock: Arc<BusyClock>,
    pub(crate) providers: Providers,
    pub(crate) gateway: Gateway,
    calls: Counted,
}

impl World {
    pub(crate) async fn new() -> Self {
        let path =
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/simulators/worlds/shop.yaml"));
        let options = Options { clock: Some(starting_at(begin())), ..Options::default() };
        let services = Simulation::start(Simulated::load(path).unwrap(), options).await.unwrap();
        let configuration: Configuration = serde_saphyr::from_str(&services.configuration()).unwrap();
        let secrets = services.secrets().by_name().iter().map(|(name, fields)| {
            let fields: Map<String, Value> =
                fields.iter().map(|(field, value)| (field.clone(), json!(value.expose_secret()))).collect();
            (name.clone(), Value::Object(fields).to_string())
        });
        let step_functions =
            Arc::new(Mutex::new(StepFunctions { secrets: secrets.collect(), ..StepFunctions::default() }));
        let database = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let database_url = format!("http://{}", database.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_on(database, dynoxide::Database::memory().unwrap()));
        let aws = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let aws_url = format!("http://{}", aws.local_addr().unwrap());
        let router = Router::new().route("/", post(answer)).with_state(step_functions.clone());
        tokio::spawn(async move { axum::serve(aws, router).await.unwrap() });

        let credentials = Credentials::new("test", "test", None, None, "test");
        let region = Region::new("us-east-1");
        let calls = Counted::default();
        let table = Table::new(
            aws_sdk_dynamodb::Client::from_conf(
                aws_sdk_dynamodb::Config::builder()
                    .behavior_version(BehaviorVersion::latest())
                    .region(region.clone())
                    .credentials_provider(credentials.clone())
                    .endpoint_url(database_url)
                    .interceptor(calls.clone())
                    .build(),
            ),
            "ticketsmith",
        );
        let sfn = aws_sdk_sfn::Client::from_conf(
            aws_sdk_sfn::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(region.clone())
                .credentials_provider(credentials.clone())
                .endpoint_url(&aws_url)
                .build(),
        );
        let secrets_manager = aws_sdk_secretsmanager::Client::from_conf(
            aws_sdk_secretsmanager::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(region)
                .credentials_provider(credentials)
                .endpoint_url(&aws_url)
                .build(),
        );
        table.create_table().await.unwrap();
        table.put_configuration(&configuration).await.unwrap();
        let routes: Routes = serde_json::from_value(json!({"workflows": {"undo": {
            "title": "Undo", "inputs": {"run": {"type": "string"}}, "triggers": []}}}))
        .unwrap();
        table.put_routes(&routes).await.unwrap();
        let clock = Arc::new(BusyClock::new());
        let secrets = Secrets::new(secrets_manager.clone(), clock.clone());
        let waiting = Waiting { patience: Patience::GivesWay, request_timeout: None };
        let providers = Providers::new(table.clone(), secrets, clock.clone(), waiting).unwrap();
        let events = Events::new(table.clone(), sfn, secrets_manager, PREFIX, clock.clone()).unwrap();
        let gateway = crate::sockets::gateway(clock.clone()).await;
        let connections = Connections::new(gateway.url(), "us-east-1", clock.clone()).unwrap();
        let events = events.with_connections(connections);
        Self { table, events, services, step_functions, clock, providers, gateway, calls }
    }

    /// How many requests to the table were made so far.
    pub(crate) fn calls(&self) -> usize {
        self.calls.made.load(Ordering::Relaxed)
    }

    /// How many times all places of a project at reviewers were read so far.
    pub(crate) fn lines_read(&self) -> usize {
        self.calls.lines.load(Ordering::Relaxed)
    }

    /// From now on, only so many requests reach the table, as if the process were killed then; `None` lets all through again.
    pub(crate) fn die_after(&self, requests: Option<usize>) {
        *self.calls.most.lock().unwrap() = requests.map(|requests| self.calls() + requests);
    }

    /// Begins an execution as the webhooks do.
    pub(crate) async fn begin(&self, trigger: &'static str, task_id: &str, event: Value) -> String {
        let trigger = EventName::from_static(trigger);
        let actor = Actor {
            source: trigger.source(),
            id: "ada".into(),
            display_name: None,
            person: Some("ada".into()),
        };
        let input = ExecutionInput {
            inputs: Map::from_iter([("task_id".to_owned(), json!(task_id))]),
            event: event.as_object().unwrap().clone(),
            project: Some("SHOP".into()),
            actor: Some(actor),
            parent: None,
            grant: None,
            token: None,
        };
        let (delivery, task_id) = (event.to_string(), Some(task_id.to_owned()));
        let new =
            NewExecution::new(trigger, delivery, "development".into(), task_id, input, self.clock.now());
        let name = new.name.clone();
        let begun = self.table.begin(&new, Concurrency::OnePerTask).await.unwrap();
        assert!(matches!(begun, BeginResult::Begun(_)), "{begun:?}");
        name
    }

    /// Begins an undo of a run as a person asks for it in a chat.
    pub(crate) async fn begin_undo(&self, delivery: &str, run: &str) -> String {
        let inputs = Map::from_iter([("run".to_owned(), json!(run))]);
        let input = ExecutionInput::new(inputs, Some("SHOP".into()), None);
        let trigger = EventName::from_static("slack.command");
        let (workflow, task_id) = (domain::execution::UNDO_WORKFLOW.into(), Some("SHOP-1".to_owned()));
        let new = NewExecution::new(trigger, delivery.into(), workflow, task_id, input, self.clock.now());
        let name = new.name.clone();
        self.table.begin(&new, Concurrency::OnePerTask).await.unwrap();
        name
    }

    /// A ticket's label, as it starts most executions.
    pub(crate) async fn begin_by_label(&self) -> String {
        self.begin("jira.labelled", "SHOP-1", json!({"task_id": "SHOP-1", "label": "cart"})).await
    }

    pub(crate) async fn status_change(&self, name: &str, more: Value) {
        self.events.handle(Self::status_event(name, more)).await.unwrap();
    }

    /// The event that tells of an execution's status.
    pub(crate) fn status_event(name: &str, more: Value) -> EventInput {
        let mut detail = json!({"executionArn": arn(name), "name": name, "status": "RUNNING"});
        detail.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let document = json!({"detail-type": "Step Functions Execution Status Change", "source": "aws.states", "detail": detail});
        EventInput::from_json(document).unwrap()
    }

    /// Performs a step as the dispatcher records it, with the change that the stream tells.
    pub(crate) async fn step(&self, name: &str, state: &str, action: ActionId) {
        self.table.start_step(name, state, &action, self.clock.now()).await.unwrap();
        self.changed(name).await;
        let end = StepEnd { status: StepStatus::Succeeded, error: None, cause: None, at: self.clock.now() };
        self.table.finish_step(name, state, &end).await.unwrap();
        self.changed(name).await;
    }

    pub(crate) async fn changed(&self, name: &str) {
        let input = EventInput::from_keys([(format!("EXECUTION#{name}").as_str(), "STEP#any")]);
        self.events.handle(input).await.unwrap();
    }

    /// A step that waits with an open token.
    pub(crate) async fn wait(&self, name: &str, topic: &Topic, more: impl FnOnce(&mut Waiter)) -> Waiter {
        let mut waiter = Waiter {
            topic: topic.to_string(),
            key: format!("{}/Wait", arn(name)),
            execution: name.to_owned(),
            token: "token".to_owned().into(),
            since: self.clock.now(),
            question: Some("Ship it?".into()),
            approvers: Vec::new(),
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
        };
        more(&mut waiter);
        self.status_change(name, json!({})).await;
        let state = waiter.key.rsplit('/').next().unwrap();
        let action = ActionId::literal("request_approval");
        self.table.start_step(name, state, &action, self.clock.now()).await.unwrap();
        self.table.mark_waiting(name, "Ship it?", self.clock.now()).await.unwrap();
        self.table.put_waiter(&waiter).await.unwrap();
        self.step_functions.lock().unwrap().open_tokens.insert("token".to_owned());
        self.waiter_changed(&waiter).await;
        waiter
    }

    /// The stream's event about a waiter.
    pub(crate) async fn waiter_changed(&self, waiter: &Waiter) {
        let (pk, sk) = (format!("WAITER#{}", waiter.topic), format!("WAITER#{}", waiter.key));
        self.events.handle(EventInput::from_keys([(pk.as_str(), sk.as_str())])).await.unwrap();
    }

    pub(crate) fn told(&self) -> Vec<Value> {
        self.step_functions.lock().unwrap().told.clone()
    }

    pub(crate) async fn sweep(&self) {
        self.events.handle(EventInput::Sweep).await.unwrap();
    }

    /// The ticket as Jira knows it.
    pub(crate) fn ticket(&self, key: &str) -> Value {
        let state = self.services.state();
        let tickets = state["jira"].as_array().unwrap();
        tickets.iter().find(|ticket| ticket["key"] == key).unwrap().clone()
    }

    /// The texts of the bot's comments on a ticket.
    pub(crate) fn comments(&self, key: &str) -> Vec<String> {
        self.ticket(key)["comments"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|comment| comment["author"].as_str().is_some_and(|author| author.contains("ticketsmith")))
            .map(|comment| comment["text"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The requests that changed something: service, method and path.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.services
            .log()
            .into_iter()
            .filter(|entry| entry.method != "GET")
            .map(|entry| format!("{} {} {}", entry.service, entry.method, entry.path))
            .collect()
    }

    pub(crate) fn knows(&self, name: &str, more: Value) {
        let mut execution = json!({
            "executionArn": arn(name),
            "stateMachineArn": format!("{PREFIX}development"),
            "name": name,
            "startDate": 1_795_348_800.0,
        });
        execution.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.step_functions.lock().unwrap().executions.insert(arn(name), execution);
    }
}

pub(crate) fn arn(name: &str) -> String {
    format!("{}:{name}", PREFIX.replace("stateMachine", "execution") + "development")
}

/// The part of the AWS JSON protocol that the function uses; anything else fails the test.
async fn answer(
    State(known): State<Arc<Mutex<StepFunctions>>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let input: Value = serde_json::from_str(&body).unwrap();
    let mut known = known.lock().unwrap();
    match headers["x-amz-target"].to_str().unwrap() {
        "AWSStepFunctions.StartExecution" => {
            let machine = input["stateMachineArn"].as_str().unwrap().replace("stateMachine", "execution");
            let arn = format!("{machine}:{}", input["name"].as_str().unwrap());
            known.starts.push(input);
            Json(json!({"executionArn": arn, "startDate": 1_795_348_800.0})).into_response()
        }
        "AWSStepFunctions.DescribeExecution" => {
            match known.executions.get(input["executionArn"].as_str().unwrap()) {
                Some(execution) => Json(execution.clone()).into_response(),
                None => (
                    StatusCode::BAD_REQUEST,
                    Json(json!({"__type": "ExecutionDoesNotExist", "message": "there is none"})),
                )
                    .into_response(),
            }
        }
        "AWSStepFunctions.DescribeStateMachineForExecution" => Json(json!({
            "stateMachineArn": format!("{PREFIX}development"),
            "name": "ticketsmith-development",
            "definition": known.definition.to_string(),
            "roleArn": "arn:aws:iam::000000000000:role/x",
            "updateDate": 1_795_348_800.0,
        }))
        .into_response(),
        "secretsmanager.GetSecretValue" => {
            let name = input["SecretId"].as_str().unwrap();
            Json(json!({"Name": name, "SecretString": known.secrets[name]})).into_response()
        }
        "AWSStepFunctions.StopExecution" => {
            known.stopped.push(input);
            Json(json!({"stopDate": 1_795_348_800.0})).into_response()
        }
        "AWSStepFunctions.SendTaskSuccess" | "AWSStepFunctions.SendTaskFailure"
            if input["taskToken"] == "broken" =>
        {
            let refused = json!({"__type": "KmsAccessDeniedException", "message": "not now"});
            (StatusCode::BAD_REQUEST, Json(refused)).into_response()
        }
        "AWSStepFunctions.SendTaskSuccess" | "AWSStepFunctions.SendTaskFailure"
            if !known.open_tokens.remove(input["taskToken"].as_str().unwrap()) =>
        {
            let gone = json!({"__type": "TaskTimedOut", "message": "Task Timed Out"});
            (StatusCode::BAD_REQUEST, Json(gone)).into_response()
        }
        "AWSStepFunctions.SendTaskSuccess" | "AWSStepFunctions.SendTaskFailure" => {
            known.told.push(input);
            Json(json!({})).into_response()
        }
        other => panic!("the function asked for {other}"),
    }
}
