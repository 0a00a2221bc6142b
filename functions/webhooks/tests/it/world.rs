//! A world of one webhook function.

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
};
use aws_sdk_dynamodb::error::BoxError;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use domain::Clock;
use domain::configuration::Configuration;
use domain::execution::Outcome;
use domain::routes::Routes;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use records::{ExecutionEnd, Table};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use webhooks::Webhooks;

pub(crate) const PREFIX: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:ticketsmith-";

/// A clock that stands still until it is moved, and that can be made to panic.
#[derive(Debug)]
pub(crate) struct TestClock(Mutex<Option<Timestamp>>);

impl TestClock {
    pub(crate) fn advance(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap();
        *now = now.map(|now| now + SignedDuration::from_secs(seconds));
    }

    /// Breaks the clock, and returns its repair.
    pub(crate) fn break_down(&self) -> Option<Timestamp> {
        self.0.lock().unwrap().take()
    }

    pub(crate) fn mend(&self, now: Option<Timestamp>) {
        *self.0.lock().unwrap() = now;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let now = *self.0.lock().unwrap();
        now.expect("a broken clock")
    }
}

/// Counts requests to the table.
#[derive(Debug, Clone, Default)]
struct Counted(Arc<AtomicUsize>);

impl Intercept for Counted {
    fn name(&self) -> &'static str {
        "counted"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// The stand-in for Step Functions and Secrets Manager.
#[derive(Debug)]
pub(crate) struct Aws {
    pub(crate) starts: Vec<Value>,
    pub(crate) refuse_starts: bool,
    pub(crate) secrets: Value,
    pub(crate) secret_reads: usize,
}

pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) table: Table,
    pub(crate) dynamo: aws_sdk_dynamodb::Client,
    pub(crate) aws: Arc<Mutex<Aws>>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) http: reqwest::Client,
    pub(crate) webhooks: Arc<Webhooks>,
    calls: Counted,
}

pub(crate) fn configuration() -> Configuration {
    serde_json::from_value(json!({
        "projects": [
            {"key": "SHOP", "repository": "acme/shop", "may_trigger": ["engineering"]},
            {"key": "TES", "repository": "acme/tes"},
        ],
        "plugins": {"github": {}, "github-enterprise": {"provider": "github"}},
        "webhooks": {"own_accounts": {"jira": "bot-1", "github": "ticketsmith[bot]", "github-enterprise": "robot"}},
        "groups": {"engineering": ["ada"]},
        "users": [{"name": "ada", "jira": "5b10", "github": "ada-hub", "github-enterprise": "ada-work", "slack": "U1", "discord": "175"}],
    }))
    .unwrap()
}

pub(crate) fn routes() -> Routes {
    serde_json::from_value(json!({"workflows": {
        "development": {
            "title": "Development",
            "inputs": {"task_id": {"type": "string"}, "max_cost_usd": {"type": "number", "default": 10}},
            "triggers": [
                {"on": "jira.labelled", "conditions": {"label": "agent"}},
                {"on": "jira.transitioned", "conditions": {"to": "In Progress"}},
                {"on": "github.labelled", "conditions": {"label": "agent"}},
                {"on": "slack.command", "conditions": {"text": "run {task_id}"}},
            ],
        },
        "revision": {
            "title": "Revision",
            "inputs": {"number": {"type": "integer"}},
            "triggers": [
                {"on": "github.commented", "conditions": {"command": "revise"}},
                {"on": "github.review_requested_changes"},
            ],
        },
    }}))
    .unwrap()
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(configuration(), routes()).await
    }

    pub(crate) async fn with(configuration: Configuration, routes: Routes) -> Self {
        let database = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let database_url = format!("http://{}", database.local_addr().unwrap());
        let memory = dynoxide::Database::memory().unwrap();
        tokio::spawn(dynoxide::server::serve_on(database, memory));
        let aws = Arc::new(Mutex::new(Aws {
            starts: Vec::new(),
            refuse_starts: false,
            secrets: json!({"jira": "jira-secret", "github": "github-secret", "slack": "slack-secret",
                "github-enterprise": "enterprise-secret"}),
            secret_reads: 0,
        }));
        let aws_url = serve(Router::new().route("/", post(answer)).with_state(aws.clone())).await;
        let credentials = Credentials::new("test", "test", None, None, "test");
        let calls = Counted::default();
        let dynamo = aws_sdk_dynamodb::Client::from_conf(
            aws_sdk_dynamodb::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(credentials.clone())
                .endpoint_url(database_url)
                .interceptor(calls.clone())
                .build(),
        );
        let step_functions = aws_sdk_sfn::Client::from_conf(
            aws_sdk_sfn::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(credentials.clone())
                .endpoint_url(&aws_url)
                .build(),
        );
        let secrets_manager = aws_sdk_secretsmanager::Client::from_conf(
            aws_sdk_secretsmanager::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(credentials)
                .endpoint_url(&aws_url)
                .build(),
        );
        let clock = Arc::new(TestClock(Mutex::new(Some("2026-11-22T12:00:00Z".parse().unwrap()))));
        let table = Table::new(dynamo.clone(), "ticketsmith");
        table.create_table().await.unwrap();
        table.put_configuration(&configuration).await.unwrap();
        table.put_routes(&routes).await.unwrap();
        let webhooks = Webhooks::new(table.clone(), step_functions, secrets_manager, PREFIX, clock.clone());
        let webhooks = Arc::new(webhooks);
        let url = serve(Arc::clone(&webhooks).router()).await;
        Self { url, table, dynamo, aws, clock, webhooks, http: reqwest::Client::new(), calls }
    }

    /// How many requests to the table were made so far.
    pub(crate) fn calls(&self) -> usize {
        self.calls.0.load(Ordering::Relaxed)
    }

    pub(crate) fn post(&self, source: &str, body: impl Into<Vec<u8>>) -> reqwest::RequestBuilder {
        self.http.post(format!("{}/webhooks/{source}", self.url)).body(body.into())
    }

    /// Posts a delivery as Jira signs it. Deliveries of different names have different bodies, as they have through their times.
    pub(crate) async fn jira(&self, delivery: &str, payload: &Value) -> (u16, Value) {
        self.jira_bytes(delivery, sent_as(delivery, payload)).await
    }

    /// Posts these bytes as Jira signs them, under a delivery's name.
    pub(crate) async fn jira_bytes(&self, delivery: &str, body: String) -> (u16, Value) {
        let signature = format!("sha256={}", sign("jira-secret", &[body.as_bytes()]));
        let request = self
            .post("jira", body)
            .header("content-type", "application/json")
            .header("x-atlassian-webhook-identifier", delivery)
            .header("x-hub-signature", signature);
        send(request).await
    }

    /// Posts a delivery as GitHub signs it.
    pub(crate) async fn github(&self, event: &str, delivery: &str, payload: &Value) -> (u16, Value) {
        self.github_at("github", "github-secret", event, delivery, payload).await
    }

    /// The same at another endpoint, signed with another secret.
    pub(crate) async fn github_at(
        &self,
        endpoint: &str,
        secret: &str,
        event: &str,
        delivery: &str,
        payload: &Value,
    ) -> (u16, Value) {
        let body = sent_as(delivery, &numbered(delivery, payload));
        let signature = format!("sha256={}", sign(secret, &[body.as_bytes()]));
        let request = self
            .post(endpoint, body)
            .header("content-type", "application/json")
            .header("x-github-event", event)
            .header("x-github-delivery", delivery)
            .header("x-hub-signature-256", signature);
        send(request).await
    }

    /// Posts bytes as Slack signs them, now.
    pub(crate) async fn slack(&self, content_type: &str, body: &str) -> (u16, Value) {
        let timestamp = self.clock.now().as_second().to_string();
        let parts = ["v0:", &timestamp, ":", body].map(str::as_bytes);
        let signature = format!("v0={}", sign("slack-secret", &parts));
        let request = self
            .post("slack", body)
            .header("content-type", content_type)
            .header("x-slack-request-timestamp", timestamp)
            .header("x-slack-signature", signature);
        send(request).await
    }

    /// Types the slash command.
    pub(crate) async fn command(&self, user: &str, text: &str, trigger: &str) -> (u16, Value) {
        let form = serde_urlencoded::to_string([
            ("command", "/ticketsmith"),
            ("text", text),
            ("user_id", user),
            ("user_name", "somebody"),
            ("channel_id", "C1"),
            ("response_url", "https://hooks.slack.com/commands/1"),
            ("trigger_id", trigger),
        ])
        .unwrap();
        self.slack("application/x-www-form-urlencoded", &form).await
    }

    /// Ends an execution in success.
    pub(crate) async fn end(&self, execution: &str) {
        let end = ExecutionEnd {
            outcome: Outcome::Succeeded,
            error: None,
            cause: None,
            output: None,
            at: self.clock.now(),
        };
        self.table.finish(execution, &end).await.unwrap();
    }

    pub(crate) fn starts(&self) -> Vec<Value> {
        self.aws.lock().unwrap().starts.clone()
    }
}

/// The body of a delivery of this name, whose time distinguishes it from others with the same content.
pub(crate) fn sent_as(delivery: &str, payload: &Value) -> String {
    let mut payload = payload.clone();
    payload["sent_as"] = delivery.into();
    payload.to_string()
}

/// A payload of GitHub whose comment or review, where its id is `null`, gets one of its own: what another delivery says is said once more.
pub(crate) fn numbered(delivery: &str, payload: &Value) -> Value {
    let mut payload = payload.clone();
    for said in ["comment", "review"] {
        if let Some(fields) = payload.get_mut(said).and_then(Value::as_object_mut)
            && fields.get("id") == Some(&Value::Null)
        {
            fields.insert("id".to_owned(), json!(said_id(delivery)));
        }
    }
    payload
}

/// The id of what such a delivery says.
pub(crate) fn said_id(delivery: &str) -> u64 {
    Sha256::digest(delivery).iter().take(4).fold(0, |id, byte| id << 8 | u64::from(*byte))
}

/// The identity of a body.
pub(crate) fn id_of(body: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(body)))
}

/// A ticket that a person labels.
pub(crate) fn labelled(ticket: &str, label: &str, account: &str) -> Value {
    json!({
        "webhookEvent": "jira:issue_updated",
        "user": {"accountId": account, "displayName": "Ada"},
        "issue": {"key": ticket, "fields": {"project": {"key": ticket.split('-').next()}}},
        "changelog": {"items": [{"field": "labels", "fromString": "", "toString": label}]},
    })
}

pub(crate) fn sign(secret: &str, parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    for part in parts {
        mac.update(part);
    }
    hex::encode(mac.finalize().into_bytes())
}

pub(crate) async fn send(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

/// The part of the AWS JSON protocol that the function uses; anything else fails the test.
async fn answer(State(aws): State<Arc<Mutex<Aws>>>, headers: HeaderMap, body: String) -> Response {
    let input: Value = serde_json::from_str(&body).unwrap();
    let mut aws = aws.lock().unwrap();
    match headers["x-amz-target"].to_str().unwrap() {
        "AWSStepFunctions.StartExecution" if aws.refuse_starts => (
            axum::http::StatusCode::BAD_REQUEST,
            Json(json!({"__type": "StateMachineDoesNotExist", "message": "there is none"})),
        )
            .into_response(),
        "AWSStepFunctions.StartExecution" => {
            let machine = input["stateMachineArn"].as_str().unwrap().replace("stateMachine", "execution");
            let arn = format!("{machine}:{}", input["name"].as_str().unwrap());
            aws.starts.push(input);
            Json(json!({"executionArn": arn, "startDate": 1_795_348_800.0})).into_response()
        }
        "secretsmanager.GetSecretValue" => {
            assert_eq!(input["SecretId"], "ticketsmith/signing");
            aws.secret_reads += 1;
            Json(json!({"Name": "ticketsmith/signing", "SecretString": aws.secrets.to_string()}))
                .into_response()
        }
        other => panic!("the function asked for {other}"),
    }
}
