//! A small installation: two projects, a person with each role in one of them and everywhere, and a set clock.

use crate::answer::Answer;
use crate::reads::Reads;
use api::Api;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use domain::configuration::{Configuration, Role};
use domain::execution::ExecutionInput;
use domain::routes::Concurrency;
use domain::{Actor, Clock, CommitSha, EventName, References, RepositoryName, Scope, SourceName};
use jiff::{SignedDuration, Timestamp};
use records::{NewExecution, SignedEvidence, Table};
use runtime::{News, Secrets};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sign_in::{Carrier, SessionKeys, SignInWay, Subject, issue, new_token, with_session_keys};
use std::sync::{Arc, Mutex};

/// The installation's own token.
pub(crate) const OPERATOR: &str = "installation-token";

#[derive(Debug)]
pub(crate) struct TestClock(Mutex<Timestamp>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// The installation.
pub(crate) struct World {
    pub(crate) table: Table,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) keys: SessionKeys,
    /// What is asked of the table.
    pub(crate) reads: Reads,
    /// Announces executions to its sockets.
    pub(crate) news: News,
    database: dynoxide::Database,
    dynamo: aws_sdk_dynamodb::Client,
    router: Router,
    /// The same as an account has it.
    account: Router,
    /// The same where the table does not answer.
    broken: Router,
}

/// Which of a world's APIs is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// That of a machine.
    Serve,
    /// That of an account.
    Account,
    /// One whose table does not answer.
    BrokenTable,
}

pub(crate) fn configuration(sign_in: Value) -> Configuration {
    let roles = ["viewer", "developer", "approver", "admin"];
    let everywhere = roles.map(|role| json!({"name": role, "github": role, "roles": [role]}));
    let in_shop = roles.map(|role| {
        let name = format!("shop-{role}");
        json!({"name": name, "github": name, "roles": {"SHOP": [role]}})
    });
    let users: Vec<Value> = everywhere.into_iter().chain(in_shop).collect();
    serde_json::from_value(json!({
        "projects": [
            {"key": "SHOP", "repository": "acme/shop", "may_trigger": [], "providers": {"version_control": "github"}},
            {"key": "WEB", "repository": "acme/web", "may_trigger": [], "providers": {"version_control": "github"}},
        ],
        "plugins": {"github": {}},
        "groups": {"leads": ["approver"]},
        "users": users,
        "sign_in": sign_in,
    }))
    .unwrap()
}

/// The list of providers, as far as the tests choose from it.
fn references() -> References {
    serde_json::from_value(json!({
        "trackers": [],
        "projects": [],
        "providers": [
            {"id": "cloudwatch", "serves": ["monitoring"], "needs_section": false},
            {"id": "github", "serves": ["task_management", "version_control"], "needs_section": true,
             "account": {"name": "GitHub login", "example": "ada-l", "pattern": "[A-Za-z0-9-]+"}},
            {"id": "jira", "serves": ["task_management"], "needs_section": true},
        ],
    }))
    .unwrap()
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(json!({}), json!({})).await
    }

    /// One with these ways to sign in, and these secrets there.
    pub(crate) async fn with(sign_in: Value, client_secrets: Value) -> Self {
        let now: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
        let clock = Arc::new(TestClock(Mutex::new(now)));
        let keys = SessionKeys::new(now - SignedDuration::from_hours(1));
        let secret = with_session_keys(Some(&client_secrets.to_string().into()), &keys).unwrap();
        let secrets =
            Router::new().fallback(secret_value).with_state(Arc::new(secret.expose_secret().to_owned()));
        let secrets_url = serve(secrets).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let database_url = format!("http://{}", listener.local_addr().unwrap());
        let database = dynoxide::Database::memory().unwrap();
        tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
        let credentials = || {
            Credentials::builder()
                .access_key_id("local")
                .secret_access_key("local")
                .provider_name("test")
                .build()
        };
        let dynamo = aws_sdk_dynamodb::Client::from_conf(
            aws_sdk_dynamodb::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(credentials())
                .endpoint_url(&database_url)
                .build(),
        );
        let step_functions = aws_sdk_sfn::Client::from_conf(
            aws_sdk_sfn::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(credentials())
                .endpoint_url(&secrets_url)
                .build(),
        );
        let secrets_manager = aws_sdk_secretsmanager::Client::from_conf(
            aws_sdk_secretsmanager::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .credentials_provider(credentials())
                .endpoint_url(&secrets_url)
                .build(),
        );
        let reads = Reads::default();
        let table = reads.table(&dynamo);
        table.create_table().await.unwrap();
        table.put_configuration(&configuration(sign_in)).await.unwrap();
        table.put_references(&references()).await.unwrap();
        let routes = include_str!("../../../../statemachines/routes.json");
        table.put_routes(&serde_json::from_str(routes).unwrap()).await.unwrap();
        table.put_installation_token(OPERATOR).await.unwrap();
        let api = || {
            let secrets = Secrets::new(secrets_manager.clone(), clock.clone());
            Api::new(table.clone(), step_functions.clone(), "arn:test:", secrets, clock.clone())
        };
        let news = News::new(16);
        let account = api::router(Arc::new(api().with_gateway(Some("https://gateway.example/live"))));
        let router = api::router(Arc::new(api().with_news(Some(news.clone()))));
        let nobody = dynamo.config().to_builder().endpoint_url("http://127.0.0.1:1");
        let nobody =
            aws_sdk_dynamodb::Client::from_conf(nobody.retry_config(RetryConfig::disabled()).build());
        let secrets = Secrets::new(secrets_manager.clone(), clock.clone());
        let nothing = Table::new(nobody, "ticketsmith");
        let broken = Api::new(nothing, step_functions.clone(), "arn:test:", secrets, clock.clone());
        let broken = api::router(Arc::new(broken));
        Self { table, clock, keys, reads, news, database, dynamo, router, account, broken }
    }

    /// Serves its API on this machine; gives the host and port.
    pub(crate) async fn serve(&self) -> String {
        serve(self.router.clone()).await.trim_start_matches("http://").to_owned()
    }

    /// Sends a request as it is.
    pub(crate) async fn send_to(&self, which: Of, request: Request<Body>) -> Answer {
        let router = match which {
            Of::Serve => &self.router,
            Of::Account => &self.account,
            Of::BrokenTable => &self.broken,
        };
        Answer::of(router, request).await
    }

    /// The database itself.
    pub(crate) fn database(&self) -> &dynoxide::Database {
        &self.database
    }

    /// A client of the same database, without the table's memory; what it asks is not counted.
    pub(crate) fn table_client(&self) -> aws_sdk_dynamodb::Client {
        self.dynamo.clone()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        *self.clock.0.lock().unwrap() += by;
    }

    /// A session of a person, for a program.
    pub(crate) fn session(&self, person: &str) -> String {
        let subject = Subject::Person(person.to_owned());
        let new = issue(&self.keys, subject, SignInWay::Link, Carrier::Bearer, self.now()).unwrap();
        new.token.expose_secret().to_owned()
    }

    /// A machine token of a person, with its id.
    pub(crate) async fn machine_token(
        &self,
        owner: &str,
        roles: &[Role],
        projects: Option<&[&str]>,
    ) -> (String, String) {
        let projects = projects.map(|keys| keys.iter().map(|key| (*key).to_owned()).collect());
        let scope = Scope { roles: roles.iter().copied().collect(), projects };
        let until = self.now() + SignedDuration::from_hours(24);
        let (text, token) = new_token(owner, "test", scope, self.now(), until);
        let _kept = self.table.put_token(&token).await.unwrap();
        (text.expose_secret().to_owned(), token.id)
    }

    /// Begins an execution in a project; gives its name.
    pub(crate) async fn execution(&self, project: &str) -> String {
        self.begun(project, None).await
    }

    /// Begins work on a ticket of a project; gives the ticket's name.
    pub(crate) async fn task(&self, project: &str) -> String {
        let task_id = format!("{project}-1");
        self.begun(project, Some(task_id.clone())).await;
        task_id
    }

    /// Keeps evidence of a pull request of a project; gives its name.
    pub(crate) async fn evidence(&self, project: &str) -> String {
        let repository: RepositoryName = "acme/shop".parse().unwrap();
        let number = if project == "SHOP" { 7 } else { 8 };
        let commit: CommitSha = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567".parse().unwrap();
        let evidence = SignedEvidence {
            repository: repository.clone(),
            number,
            branch: format!("feature/{project}-1").parse().unwrap(),
            project: project.to_owned(),
            commit,
            execution: "jira-SHOP-1-ab".to_owned(),
            ended: true,
            at: self.now(),
            public_key: "-----BEGIN PUBLIC KEY-----\n".to_owned(),
            envelope: "{\"payload\":\"\"}\n".to_owned(),
        };
        self.table.put_evidence(&evidence).await.unwrap();
        format!("{repository}#{number}")
    }

    /// Begins work in a project, perhaps on a ticket; gives the execution's name.
    pub(crate) async fn begun(&self, project: &str, task_id: Option<String>) -> String {
        self.begun_as(project, task_id, Concurrency::Any).await
    }

    /// The same, with as many executions of its ticket at work as `concurrency` allows.
    pub(crate) async fn begun_as(
        &self,
        project: &str,
        task_id: Option<String>,
        concurrency: Concurrency,
    ) -> String {
        let delivery = format!("{project}-{}", rand_text());
        let actor = Actor {
            source: SourceName::from_static("jira"),
            id: "5b10".to_owned(),
            display_name: None,
            person: None,
        };
        let input = ExecutionInput::new(serde_json::Map::new(), Some(project.to_owned()), Some(actor));
        let new =
            NewExecution::new(EventName::API_RUN, delivery, "development".into(), task_id, input, self.now());
        self.table.begin(&new, concurrency).await.unwrap();
        new.name
    }

    /// Sends a request with a bearer's token.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let authorization = token.map(|token| (header::AUTHORIZATION.as_str(), format!("Bearer {token}")));
        self.send(method, path, &authorization.into_iter().collect::<Vec<_>>(), body).await
    }

    /// Sends a request as a person, about the state with a tag.
    pub(crate) async fn send_as(
        &self,
        person: &str,
        method: Method,
        path: &str,
        tag: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut headers = vec![("authorization", format!("Bearer {}", self.session(person)))];
        headers.extend(tag.map(|tag| ("if-match", tag.to_owned())));
        self.send(method, path, &headers, body).await
    }

    /// Sends a request with a bearer's token and no body to the API of an account.
    pub(crate) async fn ask_account(&self, method: Method, path: &str, token: &str) -> Answer {
        let request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8081");
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        Answer::of(&self.account, request.body(Body::empty()).unwrap()).await
    }

    /// Sends a request with these headers.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: Option<Value>,
    ) -> Answer {
        self.send_text(method, path, headers, body.map(|body| body.to_string())).await
    }

    /// Sends a request with a body that need not be JSON, but says so.
    pub(crate) async fn send_text(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: Option<String>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8081");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body)
            }
            None => Body::empty(),
        };
        Answer::of(&self.router, request.body(body).unwrap()).await
    }
}

/// A text that no other is.
pub(crate) fn rand_text() -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

/// Serves a router on loopback until the test ends; gives its address.
pub(crate) async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

/// Secrets Manager with one secret, and Step Functions that start everything.
async fn secret_value(State(secret): State<Arc<String>>, headers: HeaderMap, body: String) -> Response {
    let input: Value = serde_json::from_str(&body).unwrap();
    if headers["x-amz-target"] == "AWSStepFunctions.StartExecution" {
        let arn = format!("arn:test:{}", input["name"].as_str().unwrap());
        return Json(json!({"executionArn": arn, "startDate": 1_795_348_800.0})).into_response();
    }
    assert_eq!(headers["x-amz-target"], "secretsmanager.GetSecretValue");
    if input["SecretId"] != "ticketsmith/sign-in" {
        return StatusCode::BAD_REQUEST.into_response();
    }
    Json(json!({"Name": "ticketsmith/sign-in", "SecretString": *secret})).into_response()
}
