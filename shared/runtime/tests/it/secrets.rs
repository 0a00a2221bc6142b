//! When secrets are read, and what becomes of each answer.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_secretsmanager::config::{Credentials, SharedCredentialsProvider};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use domain::{ActionError, Clock, ErrorKind};
use jiff::{SignedDuration, Timestamp};
use runtime::{SecretError, Secrets, Services, Timeouts};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

#[derive(Debug)]
struct TestClock(Mutex<Timestamp>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// A Secrets Manager that gives one answer to everything, and counts.
struct World {
    clock: Arc<TestClock>,
    answer: Arc<Mutex<(StatusCode, Value)>>,
    reads: Arc<Mutex<Vec<String>>>,
    services: Services,
}

impl World {
    async fn new() -> Self {
        let answer = Arc::new(Mutex::new((StatusCode::OK, json!({"SecretString": "first"}))));
        let reads = Arc::new(Mutex::new(Vec::new()));
        let (given, counted) = (Arc::clone(&answer), Arc::clone(&reads));
        let answered = async move |body: String| {
            let request: Value = serde_json::from_str(&body).unwrap();
            counted.lock().unwrap().push(request["SecretId"].as_str().unwrap().to_owned());
            let (status, body) = given.lock().unwrap().clone();
            (status, Json(body))
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(answered))).await });
        let credentials = Credentials::new("test", "test", None, None, "test");
        let aws = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .endpoint_url(url)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .timeout_config(Timeouts::LOCAL.config())
            .build();
        let clock = Arc::new(TestClock(Mutex::new("2026-11-22T12:00:00Z".parse().unwrap())));
        let services = Services::new(aws, "ticketsmith", None, Arc::clone(&clock) as Arc<dyn Clock>);
        Self { clock, answer, reads, services }
    }

    fn answer(&self, status: u16, body: Value) {
        *self.answer.lock().unwrap() = (StatusCode::from_u16(status).unwrap(), body);
    }

    fn refuse(&self, error: &str) {
        self.answer(400, json!({"__type": error, "message": "hunter2"}));
    }

    fn advance(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    fn reads(&self) -> usize {
        self.reads.lock().unwrap().len()
    }
}

async fn get(secrets: &Secrets, name: &str) -> Result<String, SecretError> {
    secrets.get(name).await.map(|secret| secret.expose_secret().to_owned())
}

#[tokio::test]
async fn a_secret_is_read_once_in_five_minutes_whatever_its_entries() {
    let world = World::new().await;
    let secrets = world.services.secrets();
    assert_eq!(get(&secrets, "ticketsmith/work#jira").await.unwrap(), "first");
    world.answer(200, json!({"SecretString": "second"}));
    world.advance(299);
    assert_eq!(get(&secrets, "ticketsmith/work#slack").await.unwrap(), "first");
    world.advance(1);
    assert_eq!(get(&secrets, "ticketsmith/work#slack").await.unwrap(), "second");
    assert_eq!(*world.reads.lock().unwrap(), ["ticketsmith/work", "ticketsmith/work"]);
}

#[tokio::test]
async fn a_clock_that_was_set_back_keeps_no_secret() {
    let world = World::new().await;
    let secrets = world.services.secrets();
    assert_eq!(get(&secrets, "s").await.unwrap(), "first");
    world.answer(200, json!({"SecretString": "second"}));
    world.advance(-3_600);
    assert_eq!(secrets.read_again("s").await.unwrap().expose_secret(), "second");
    world.answer(200, json!({"SecretString": "third"}));
    world.advance(-3_600);
    assert_eq!(get(&secrets, "s").await.unwrap(), "third");
}

#[tokio::test]
async fn each_failure_has_its_kind_and_no_message_holds_what_was_answered() {
    let world = World::new().await;
    let secrets = world.services.secrets();
    let name = || "ticketsmith/jira".to_owned();
    for (error, expected, kind) in [
        ("ResourceNotFoundException", SecretError::Missing(name()), ErrorKind::Rejected),
        ("InvalidRequestException", SecretError::Missing(name()), ErrorKind::Rejected),
        ("AccessDeniedException", SecretError::Denied(name()), ErrorKind::Rejected),
        (
            "DecryptionFailure",
            SecretError::Unavailable { name: name(), cause: "DecryptionFailure".into() },
            ErrorKind::Unavailable,
        ),
    ] {
        world.refuse(error);
        let failure = get(&secrets, "ticketsmith/jira").await.unwrap_err();
        assert_eq!(failure, expected);
        let told = ActionError::from(failure);
        assert_eq!(told.kind, kind);
        assert!(told.message.contains("`ticketsmith/jira`") && !told.message.contains("hunter2"), "{told}");
    }
    world.answer(200, json!({"SecretBinary": "aHVudGVyMg=="}));
    assert_eq!(get(&secrets, "ticketsmith/jira").await, Err(SecretError::NotText(name())));
    world.answer(200, json!({"SecretString": "set by now"}));
    assert_eq!(get(&secrets, "ticketsmith/jira").await.unwrap(), "set by now");
}

#[tokio::test]
async fn the_last_value_stays_in_use_only_where_that_is_wanted() {
    let world = World::new().await;
    let [forgetting, keeping] = [world.services.secrets(), world.services.secrets().keeping_last()];
    for secrets in [&forgetting, &keeping] {
        assert_eq!(get(secrets, "s").await.unwrap(), "first");
    }
    world.refuse("InternalServiceError");
    world.advance(301);
    assert!(get(&forgetting, "s").await.is_err());
    let reads = world.reads();
    assert_eq!(get(&keeping, "s").await.unwrap(), "first");
    assert!(world.reads() > reads);
    let reads = world.reads();
    assert_eq!(get(&keeping, "s").await.unwrap(), "first", "for another five minutes");
    assert_eq!(world.reads(), reads);
    assert!(get(&keeping, "never read").await.is_err());
}

#[tokio::test]
async fn a_rotated_secret_is_read_again_at_most_every_ten_seconds() {
    let world = World::new().await;
    let secrets = world.services.secrets();
    let again = async || secrets.read_again("s").await.map(|secret| secret.expose_secret().to_owned());
    assert_eq!(get(&secrets, "s").await.unwrap(), "first");
    world.answer(200, json!({"SecretString": "second"}));
    assert_eq!(again().await, None);
    world.advance(10);
    assert_eq!(again().await.as_deref(), Some("second"));
    assert_eq!(get(&secrets, "s").await.unwrap(), "second");
    assert_eq!(world.reads(), 2);
    world.advance(10);
    world.refuse("AccessDeniedException");
    assert_eq!(again().await, None);
    assert_eq!(get(&secrets, "s").await.unwrap(), "second", "a failed second look forgets nothing");
}
