//! A world with one project, in which ada may start work.

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use control::{Authority, Caller, Control, Directory, StartRequest, WorkflowRequest, plan};
use domain::configuration::Configuration;
use domain::routes::{Concurrency, Routes};
use domain::{Actor, Clock, EventName, SourceName};
use jiff::{SignedDuration, Timestamp};
use records::Table;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

pub(crate) const PREFIX: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:ticketsmith-";

/// A clock on which a second passes whenever it is read.
#[derive(Debug)]
struct SteadyClock(Mutex<Timestamp>);

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let mut now = self.0.lock().unwrap();
        *now += SignedDuration::from_secs(1);
        *now
    }
}

/// What Step Functions says to a start.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Started,
    AlreadyExists,
    Missing,
}

#[derive(Debug)]
struct StepFunctions {
    answer: Answer,
    starts: Vec<Value>,
}

/// How people ask.
static COMMAND: EventName = EventName::from_static("slack.command");

pub(crate) struct World {
    pub(crate) control: Control,
    pub(crate) table: Table,
    pub(crate) directory: Directory,
    pub(crate) routes: Routes,
    clock: Arc<SteadyClock>,
    step_functions: Arc<Mutex<StepFunctions>>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let database_url = format!("http://{}", database.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_on(database, dynoxide::Database::memory().unwrap()));
        let step_functions =
            Arc::new(Mutex::new(StepFunctions { answer: Answer::Started, starts: Vec::new() }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(answer)).with_state(step_functions.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let credentials = Credentials::new("test", "test", None, None, "test");
        let dynamo = aws_sdk_dynamodb::Client::from_conf(
            aws_sdk_dynamodb::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(credentials.clone())
                .endpoint_url(database_url)
                .build(),
        );
        let client = aws_sdk_sfn::Client::from_conf(
            aws_sdk_sfn::Config::builder()
                .behavior_version(aws_sdk_sfn::config::BehaviorVersion::latest())
                .region(aws_sdk_sfn::config::Region::new("us-east-1"))
                .credentials_provider(credentials)
                .endpoint_url(url)
                .build(),
        );
        let table = Table::new(dynamo, "ticketsmith");
        table.create_table().await.unwrap();
        let configuration: Configuration = serde_json::from_value(json!({
            "projects": [
                {"key": "SHOP", "repository": "acme/shop", "may_trigger": ["engineering"]},
                {"key": "WEB", "repository": "acme/web"},
            ],
            "groups": {"engineering": ["ada"]},
            "users": [
                {"name": "ada", "slack": "U1", "roles": ["approver"]},
                {"name": "vic", "slack": "U2", "roles": {"WEB": ["viewer"]}},
            ],
        }))
        .unwrap();
        let routes: Routes = serde_json::from_value(json!({"workflows": {
            "development": {"title": "Development", "inputs": {"task_id": {"type": "string"}}, "triggers": []},
            "undo": {"title": "Undo", "inputs": {"run": {"type": "string"}}, "triggers": []},
        }}))
        .unwrap();
        table.put_configuration(&configuration).await.unwrap();
        table.put_routes(&routes).await.unwrap();
        let clock = Arc::new(SteadyClock(Mutex::new("2026-11-22T12:00:00Z".parse().unwrap())));
        let control = Control::new(table.clone(), client, PREFIX, clock.clone());
        let directory = control.directory().await.unwrap();
        Self { control, table, directory, routes, clock, step_functions }
    }

    /// A request for `development` on a ticket, as the command line makes it.
    pub(crate) fn request(&self, typed: &str, delivery: &str) -> StartRequest {
        let request = WorkflowRequest {
            workflow: "development".into(),
            inputs: [("task_id".to_owned(), json!(typed))].into_iter().collect(),
            project: None,
            actor: self.ada(),
            authority: Authority::Installation,
            trigger: EventName::API_RUN,
            delivery: delivery.into(),
            concurrency: Concurrency::OnePerTask,
        };
        plan(&self.directory, &self.routes, request).unwrap()
    }

    pub(crate) fn ada(&self) -> Actor {
        let actor = Actor {
            source: SourceName::from_static("slack"),
            id: "U1".into(),
            display_name: None,
            person: None,
        };
        self.directory.configuration().identify(actor)
    }

    pub(crate) fn caller<'a>(&'a self, actor: &'a Actor, delivery: &'a str) -> Caller<'a> {
        Caller {
            directory: &self.directory,
            actor,
            authority: &Authority::Roles,
            trigger: &COMMAND,
            delivery,
            at: None,
        }
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        *self.clock.0.lock().unwrap() += by;
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// From now on, Step Functions answers so.
    pub(crate) fn step_functions_says(&self, answer: Answer) {
        self.step_functions.lock().unwrap().answer = answer;
    }

    /// What Step Functions was asked to start and did.
    pub(crate) fn starts(&self) -> Vec<Value> {
        self.step_functions.lock().unwrap().starts.clone()
    }
}

/// The part of the AWS JSON protocol for starts; anything else fails the test.
async fn answer(
    State(step_functions): State<Arc<Mutex<StepFunctions>>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    assert_eq!(headers["x-amz-target"], "AWSStepFunctions.StartExecution");
    let input: Value = serde_json::from_str(&body).unwrap();
    let mut step_functions = step_functions.lock().unwrap();
    let refused = |code: &str| {
        (StatusCode::BAD_REQUEST, Json(json!({"__type": code, "message": "as the test wants"})))
            .into_response()
    };
    match step_functions.answer {
        Answer::AlreadyExists => refused("ExecutionAlreadyExists"),
        Answer::Missing => refused("StateMachineDoesNotExist"),
        Answer::Started => {
            let machine = input["stateMachineArn"].as_str().unwrap().replace("stateMachine", "execution");
            let arn = format!("{machine}:{}", input["name"].as_str().unwrap());
            step_functions.starts.push(input);
            Json(json!({"executionArn": arn, "startDate": 1_795_348_800.0})).into_response()
        }
    }
}
