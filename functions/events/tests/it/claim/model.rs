//! What happens around a ticket: people and services, a Step Functions that performs a small workflow, and what must hold in the end.
//!
//! The workflow is the shipped one as far as the claim goes: the agent takes in what waits for it, then the execution waits for words, or
//! for the end of the pull request, whichever comes first.

use super::turnstile::{Backend, Fate, Turnstile};
use crate::world::PREFIX;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use domain::configuration::Configuration;
use domain::event::EventSpec;
use domain::routes::Routes;
use domain::{Clock, EventKey, EventName, MicroUsd};
use events::{EventInput, Events};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use rand::RngExt as _;
use rand::rngs::StdRng;
use records::{
    Changed, Moves, OpenedPullRequest, SessionBounds, SessionChange, SessionHead, SessionPhase, Table, Terms,
    Topic, Waiter,
};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;
use webhooks::Webhooks;

/// So many functions run at the same time.
const FUNCTIONS: usize = 3;
/// After so many sweeps in which nothing happens, nothing will.
const QUIET_SWEEPS: u32 = 2;

/// Something that a function has to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Work {
    /// A delivery of GitHub: its event and body.
    Deliver(&'static str, String),
    /// The table's stream says that an item changed.
    Stream(String, String),
    /// Step Functions says that an execution started or ended.
    Status(String, Value),
    /// The next action of an execution: its agent takes in what waits, and then it waits itself.
    Act(String, u32),
    Sweep,
}

/// A clock that goes on when it is read.
#[derive(Debug)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        let seconds = self.0.fetch_add(1, Ordering::Relaxed);
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_795_348_800 + seconds)
    }
}

/// What AWS knows: executions with their status, tokens that somebody waits with, and what has to be told to functions.
#[derive(Debug, Default)]
struct Known {
    running: BTreeMap<String, Value>,
    tokens: HashMap<String, (String, u32)>,
    work: Vec<Work>,
    /// So many executions still fail.
    failures: u32,
}

struct Aws {
    database: String,
    client: reqwest::Client,
    known: Mutex<Known>,
}

struct Running {
    work: Work,
    task: JoinHandle<Result<(), String>>,
    is_over: Arc<AtomicBool>,
}

/// Says that a function has ended, however it did.
struct Ends {
    is_over: Arc<AtomicBool>,
    arrived: Arc<Notify>,
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.arrived.notify_one();
    }
}

struct Function {
    turnstile: Arc<Turnstile>,
    table: Table,
    events: Arc<Events>,
    webhooks: Arc<Webhooks>,
    running: Option<Running>,
}

pub(crate) struct Model {
    functions: Vec<Function>,
    aws: Arc<Aws>,
    /// The table without a turnstile.
    table: Table,
    clock: Arc<Ticking>,
    arrived: Arc<Notify>,
    scene: u64,
    quiet: u32,
    words: Vec<String>,
}

/// The code host is one that refuses everything: nobody looks at progress comments here.
fn configuration(code_host: &str) -> Configuration {
    serde_json::from_value(json!({
        "projects": [{"key": "SHOP", "repository": "acme/shop", "may_trigger": ["engineering"]}],
        "plugins": {"github": {"base_url": code_host, "rate_limit": "1000/s"}},
        "webhooks": {"own_accounts": {"github": "ticketsmith[bot]"}},
        "groups": {"engineering": ["ada"]},
        "users": [{"name": "ada", "github": "ada-hub", "roles": ["admin"]}],
        "budgets": {"revisions_per_task_day": 1000},
        "at_work": {"per_person": 100_000, "per_project": 100_000},
    }))
    .unwrap()
}

fn routes() -> Routes {
    let inputs = json!({"task_id": {"type": "string"}, "comments": {"type": "string", "required": false}});
    let mut routes: Routes = serde_json::from_value(json!({"workflows": {
        "undo": {"title": "Undo", "inputs": {"run": {"type": "string"}}, "triggers": []},
        "revision": {"title": "Revision", "inputs": inputs, "triggers": [{"on": "revision.requested"}]},
    }}))
    .unwrap();
    routes.events = webhooks::events();
    routes
}

fn clients(url: &str) -> (aws_sdk_dynamodb::Client, aws_sdk_sfn::Client, aws_sdk_secretsmanager::Client) {
    let credentials = Credentials::new("test", "test", None, None, "test");
    let region = Region::new("us-east-1");
    let dynamo = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.clone())
        .credentials_provider(credentials.clone())
        .endpoint_url(url)
        .build();
    let step_functions = aws_sdk_sfn::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.clone())
        .credentials_provider(credentials.clone())
        .endpoint_url(url)
        .build();
    let secrets = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region)
        .credentials_provider(credentials)
        .endpoint_url(url)
        .build();
    (
        aws_sdk_dynamodb::Client::from_conf(dynamo),
        aws_sdk_sfn::Client::from_conf(step_functions),
        aws_sdk_secretsmanager::Client::from_conf(secrets),
    )
}

impl Model {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let database = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
        let table = Table::new(clients(&database).0, "ticketsmith");
        table.create_table().await.unwrap();
        let host = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let code_host = format!("http://{}", host.local_addr().unwrap());
        let refuses = axum::Router::new().fallback(async || StatusCode::NOT_FOUND);
        tokio::spawn(async move { axum::serve(host, refuses).await.unwrap() });
        table.put_configuration(&configuration(&code_host)).await.unwrap();
        table.put_routes(&routes()).await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let aws = Arc::new(Aws { database, client, known: Mutex::default() });
        let clock = Arc::new(Ticking(AtomicI64::new(0)));
        let arrived = Arc::new(Notify::new());
        let mut functions = Vec::new();
        for _ in 0..FUNCTIONS {
            let backend: Arc<dyn Backend> = aws.clone();
            let (turnstile, url) = Turnstile::start(backend, Arc::clone(&arrived)).await;
            let (dynamo, step_functions, secrets) = clients(&url);
            let table = Table::new(dynamo, "ticketsmith");
            let events =
                Events::new(table.clone(), step_functions.clone(), secrets.clone(), PREFIX, clock.clone());
            let webhooks = Webhooks::new(table.clone(), step_functions, secrets, PREFIX, clock.clone());
            functions.push(Function {
                turnstile,
                table,
                events: Arc::new(events.unwrap()),
                webhooks: Arc::new(webhooks),
                running: None,
            });
        }
        Self { functions, aws, table, clock, arrived, scene: 0, quiet: 0, words: Vec::new() }
    }

    fn task_id(&self) -> String {
        format!("SHOP-{}", self.scene)
    }

    /// Another ticket with a pull request, and what will happen to it.
    pub(crate) async fn begin_scene(&mut self, random: &mut StdRng) {
        self.scene += 1;
        self.quiet = 0;
        *self.aws.known.lock().unwrap() = Known::default();
        let opened = OpenedPullRequest {
            repository: "acme/shop".parse().unwrap(),
            number: self.scene,
            url: format!("https://github.com/acme/shop/pull/{}", self.scene),
            branch: format!("feature/{}", self.task_id()).parse().unwrap(),
            target: "main".parse().unwrap(),
            task_id: Some(self.task_id()),
            project: "SHOP".into(),
            at: self.clock.now(),
        };
        self.table.put_opened_pull_request(&opened).await.unwrap();
        self.words =
            (0..random.random_range(2..6)).map(|number| format!("word-{}-{number}.", self.scene)).collect();
        for word in self.words.clone() {
            self.push(Work::Deliver("issue_comment", self.comment(&word)));
        }
        if random.random_bool(0.3) {
            self.push(Work::Deliver("issue_comment", self.comment("stop")));
        }
        for _ in 0..random.random_range(1..3) {
            self.push(Work::Deliver("pull_request", self.close()));
        }
        let mut known = self.aws.known.lock().unwrap();
        if random.random_bool(0.3) {
            known.failures = 1;
        }
    }

    fn comment(&self, text: &str) -> String {
        json!({
            "action": "created",
            "sender": {"login": "ada-hub"},
            "repository": {"full_name": "acme/shop"},
            "issue": {"number": self.scene, "pull_request": {"url": "u"}},
            "comment": {"id": 9, "body": format!("@ticketsmith {text}")},
        })
        .to_string()
    }

    fn close(&self) -> String {
        json!({
            "action": "closed",
            "sender": {"login": "ada-hub"},
            "repository": {"full_name": "acme/shop"},
            "pull_request": {
                "number": self.scene, "merged": true, "head": {"ref": format!("feature/{}", self.task_id())},
                "closed_at": self.clock.now().to_string(),
            },
        })
        .to_string()
    }

    pub(crate) fn push(&self, work: Work) {
        self.aws.known.lock().unwrap().work.push(work);
    }

    /// Waits until every running function asks something or has ended.
    pub(crate) async fn settle(&mut self) {
        loop {
            let arrived = Arc::clone(&self.arrived);
            let moves = arrived.notified();
            let mut is_settled = true;
            for index in 0..self.functions.len() {
                let function = &mut self.functions[index];
                let Some(running) = &function.running else { continue };
                if running.is_over.load(Ordering::SeqCst) {
                    let Running { work, task, .. } = function.running.take().unwrap();
                    // What fails is delivered again.
                    if let Err(error) = task.await.unwrap() {
                        assert!(!error.contains("panic"), "{work:?}: {error}");
                        self.push(work);
                    }
                } else if !function.turnstile.holds() {
                    is_settled = false;
                }
            }
            if is_settled {
                return;
            }
            moves.await;
        }
    }

    /// The functions that asked something.
    pub(crate) fn held(&self) -> Vec<usize> {
        let holds = |index: &usize| {
            self.functions[*index].running.is_some() && self.functions[*index].turnstile.holds()
        };
        (0..self.functions.len()).filter(holds).collect()
    }

    pub(crate) fn idle(&self) -> Option<usize> {
        self.functions.iter().position(|function| function.running.is_none())
    }

    pub(crate) fn waiting_work(&self) -> usize {
        self.aws.known.lock().unwrap().work.len()
    }

    pub(crate) async fn decide(&mut self, slot: usize, fate: Fate) {
        let function = &mut self.functions[slot];
        if fate != Fate::KilledBefore {
            function.turnstile.decide(fate).await;
        }
        if fate != Fate::Passes {
            let Running { work, task, .. } = function.running.take().unwrap();
            task.abort();
            let _aborted = task.await;
            function.turnstile.clear();
            self.push(work);
        }
    }

    pub(crate) fn start_work(&mut self, slot: usize, choice: usize) {
        let work = self.aws.known.lock().unwrap().work.swap_remove(choice);
        if work != Work::Sweep {
            self.quiet = 0;
        }
        let function = &self.functions[slot];
        let (events, webhooks) = (Arc::clone(&function.events), Arc::clone(&function.webhooks));
        let (table, clock, arrived) =
            (function.table.clone(), Arc::clone(&self.clock), Arc::clone(&self.arrived));
        let (aws, task_id, number, done) = (Arc::clone(&self.aws), self.task_id(), self.scene, work.clone());
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Ends { is_over: Arc::clone(&is_over), arrived };
        let task = tokio::spawn(async move {
            let _ends = ends;
            match done {
                Work::Deliver(event, body) => deliver(webhooks, event, body).await,
                Work::Stream(pk, sk) => {
                    handle(&events, EventInput::from_keys([(pk.as_str(), sk.as_str())])).await
                }
                Work::Status(_, document) => handle(&events, EventInput::from_json(document).unwrap()).await,
                Work::Sweep => handle(&events, EventInput::Sweep).await,
                Work::Act(execution, turn) => {
                    act(&aws, &table, &*clock, (&task_id, number), &execution, turn).await
                }
            }
        });
        self.functions[slot].running = Some(Running { work, task, is_over });
    }

    /// Whether sweeps find nothing more to do.
    pub(crate) async fn is_over(&mut self) -> bool {
        self.quiet += 1;
        self.clock.0.fetch_add(3600, Ordering::Relaxed);
        self.quiet > QUIET_SWEEPS
            && self.aws.known.lock().unwrap().running.values().all(|status| *status != "RUNNING")
            || {
                // A pull request that was closed before anybody waited for that is closed for whoever waits now.
                if self.quiet > QUIET_SWEEPS {
                    self.push(Work::Deliver("pull_request", self.close()));
                }
                assert!(self.quiet < 50, "something goes on for ever: {:#?}", self.aws.known.lock().unwrap());
                false
            }
    }

    /// No word is lost or taken up twice, no revision doubled, and the ticket is free.
    pub(crate) async fn assert_all_is_well(&self) {
        let task_id = self.task_id();
        let task = self.table.task(&task_id).await.unwrap();
        assert_eq!(task.and_then(|task| task.open_execution), None, "{task_id} is still claimed");
        assert!(self.table.inbox(&task_id).await.unwrap().is_empty(), "words wait for nobody on {task_id}");
        let executions = self.table.executions_of_task(&task_id, None, 1000).await.unwrap();
        let deliveries: Vec<&str> = executions.iter().map(|execution| execution.delivery.as_str()).collect();
        let distinct: BTreeSet<&str> = deliveries.iter().copied().collect();
        assert_eq!(deliveries.len(), distinct.len(), "a revision was begun twice: {deliveries:#?}");
        let mut said = String::new();
        for execution in &executions {
            assert!(execution.outcome.is_final(), "{execution:#?}");
            said.push_str(execution.input.inputs.get("comments").and_then(Value::as_str).unwrap_or_default());
            said.push('\n');
            for message in self.table.session_messages(&session_of(&execution.name), 1).await.unwrap() {
                said.push_str(&String::from_utf8(message).unwrap());
                said.push('\n');
            }
        }
        for word in &self.words {
            let times = said.matches(word.as_str()).count();
            let body = self.comment(word);
            let id = format!("github#not taken in: {}", id_of(&body));
            let given_back = self.table.reply(&id).await.unwrap().is_some();
            let refused = self.table.reply(&format!("github#{}", id_of(&body))).await.unwrap();
            let refused = refused.is_some_and(|reply| !reply.text.contains("takes this in"));
            assert!(
                times + usize::from(given_back) + usize::from(refused && times == 0) == 1,
                "{word} was taken up {times} times, given back: {given_back}, refused: {refused}\n{said}"
            );
        }
    }
}

fn id_of(body: &str) -> String {
    use sha2::Digest as _;
    format!("sha256:{}", hex::encode(Sha256::digest(body)))
}

async fn handle(events: &Events, input: EventInput) -> Result<(), String> {
    events.handle(input).await.map_err(|error| error.to_string())
}

async fn deliver(webhooks: Arc<Webhooks>, event: &str, body: String) -> Result<(), String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"github-secret").unwrap();
    mac.update(body.as_bytes());
    let request = Request::post("/webhooks/github")
        .header("content-type", "application/json")
        .header("x-github-event", event)
        .header("x-github-delivery", id_of(&body))
        .header("x-hub-signature-256", format!("sha256={}", hex::encode(mac.finalize().into_bytes())))
        .body(Body::from(body))
        .unwrap();
    let response = webhooks.router().oneshot(request).await.map_err(|error| error.to_string())?;
    match response.status().is_server_error() {
        true => Err(response.status().to_string()),
        false => Ok(()),
    }
}

fn session_of(execution: &str) -> String {
    format!("session of {execution}")
}

fn arn(name: &str) -> String {
    format!("{}:{name}", PREFIX.replace("stateMachine", "execution") + "revision")
}

/// What the shipped workflow does in one round: the agent takes in what waits; then the execution waits for words and for the end.
async fn act(
    aws: &Aws,
    table: &Table,
    clock: &dyn Clock,
    (task_id, number): (&str, u64),
    execution: &str,
    turn: u32,
) -> Result<(), String> {
    let failed = |error: records::RecordsError| error.to_string();
    if !aws.goes_on(execution) {
        return Ok(());
    }
    let session = session_of(execution);
    let (head, is_new) = match table.session(&session).await.map_err(failed)? {
        Some(head) => (head, false),
        None => (head(&session, execution, task_id, clock.now()), true),
    };
    let inbox = table.inbox(task_id).await.map_err(failed)?.next();
    if is_new || !inbox.is_empty() {
        let text: Vec<_> = inbox.words.iter().map(|waiting| waiting.word.text.clone()).collect();
        let change = SessionChange {
            messages: vec![text.join("\n").into_bytes()],
            prefix: is_new.then(|| b"{}".to_vec()),
            state: Some(b"{}".to_vec()),
            words: Some(inbox).filter(|inbox| !inbox.is_empty()),
            ..SessionChange::default()
        };
        let changed = if is_new {
            table.open_session(&head, b"{}", change, (execution, "Develop")).await
        } else {
            let head = SessionHead { version: head.version + 1, messages: head.messages + 1, ..head };
            table.change_session(&head, change).await
        };
        match changed.map_err(failed)? {
            Changed::Yes => {}
            Changed::Overtaken | Changed::WordsTaken => return Err("somebody else was faster".to_owned()),
        }
    }
    if aws.fails(execution) {
        return Ok(());
    }
    let token = format!("{execution} {turn}");
    if !aws.waits(execution, turn, &token) {
        return Ok(());
    }
    let closed = EventSpec::new(EventName::from_static("pull_request.closed"), "")
        .matched_by(["repository", "number"]);
    let fields = json!({"repository": "acme/shop", "number": number});
    let closed = EventKey::new(&closed, fields.as_object().unwrap()).unwrap().unwrap();
    for topic in [Topic::Event(closed), Topic::Event(EventKey::words_waiting(task_id))] {
        let now = clock.now();
        table.mark_waiting(execution, "It waits.", now).await.map_err(failed)?;
        let waiter = Waiter {
            topic: topic.to_string(),
            key: format!("{}/Wait.{turn}", arn(execution)),
            execution: execution.to_owned(),
            token: token.clone().into(),
            since: now,
            until: None,
            question: None,
            approvers: Vec::new(),
            moves: Moves::default(),
            details: None,
            terms: Terms::default(),
            votes: Vec::new(),
            reminded_at: None,
            message: None,
            answer: None,
            told: None,
        };
        table.put_waiter(&waiter).await.map_err(failed)?;
    }
    Ok(())
}

fn head(id: &str, execution: &str, task_id: &str, now: Timestamp) -> SessionHead {
    SessionHead {
        id: id.to_owned(),
        version: 1,
        run: arn(execution),
        project: "SHOP".into(),
        agent: "development".into(),
        task_id: Some(task_id.to_owned()),
        repository: None,
        branch: None,
        base: None,
        phase: SessionPhase::Think,
        generation: 1,
        messages: 1,
        turn: 0,
        bounds: SessionBounds { turns: 60, minutes: 30, usd: None },
        executions: vec![execution.to_owned()],
        spent: MicroUsd::ZERO,
        worked_ms: 0,
        usage: None,
        round: None,
        plan_done: 0,
        plan_items: 0,
        opened_at: now,
        changed_at: now,
    }
}

impl Aws {
    fn goes_on(&self, execution: &str) -> bool {
        self.is_running(&self.known.lock().unwrap(), execution)
    }

    fn is_running(&self, known: &Known, execution: &str) -> bool {
        known.running.get(&arn(execution)).is_some_and(|status| status == "RUNNING")
    }

    /// Whether the execution ends here, because one of its steps fails.
    fn fails(&self, execution: &str) -> bool {
        let mut known = self.known.lock().unwrap();
        let fails = known.failures > 0 && self.is_running(&known, execution);
        if fails {
            known.failures -= 1;
            known.end(&arn(execution), "FAILED", json!({"error": "Rejected", "cause": "{}"}));
        }
        fails
    }

    /// Waits with a token, unless a repeat finds it answered.
    fn waits(&self, execution: &str, turn: u32, token: &str) -> bool {
        let mut known = self.known.lock().unwrap();
        if known.tokens.get(token).is_some_and(|(_, answered)| *answered == u32::MAX) {
            return false;
        }
        known.tokens.insert(token.to_owned(), (execution.to_owned(), turn));
        true
    }
}

impl Known {
    fn end(&mut self, arn: &str, status: &str, more: Value) {
        if self.running.get(arn).is_none_or(|known| known != "RUNNING") {
            return;
        }
        self.running.insert(arn.to_owned(), status.into());
        self.tell(arn, status, more);
    }

    fn tell(&mut self, arn: &str, status: &str, more: Value) {
        let name = arn.rsplit(':').next().unwrap();
        let mut detail = json!({"executionArn": arn, "name": name, "status": status});
        detail.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let document = json!({"detail-type": "Step Functions Execution Status Change", "detail": detail});
        self.work.push(Work::Status(arn.to_owned(), document));
    }
}

fn refused(kind: &str) -> (StatusCode, Bytes) {
    (StatusCode::BAD_REQUEST, Bytes::from(json!({"__type": kind, "message": kind}).to_string()))
}

#[async_trait::async_trait]
impl Backend for Aws {
    async fn answer(&self, target: &str, headers: &HeaderMap, body: Bytes) -> (StatusCode, Bytes) {
        if target.starts_with("DynamoDB") {
            let mut headers = headers.clone();
            headers.remove("host");
            headers.remove("content-length");
            let sent =
                self.client.post(&self.database).headers(headers).body(body.clone()).send().await.unwrap();
            let (status, answer) = (sent.status(), sent.bytes().await.unwrap());
            if status.is_success() {
                self.known.lock().unwrap().work.extend(changed(target, &body));
            }
            return (status, answer);
        }
        let input: Value = serde_json::from_slice(&body).unwrap();
        let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
        let mut known = self.known.lock().unwrap();
        let answer = match target {
            "secretsmanager.GetSecretValue" => {
                json!({"Name": text("SecretId"), "SecretString": json!({"github": "github-secret", "token": "t"}).to_string()})
            }
            "AWSStepFunctions.StartExecution" => {
                let name = text("name");
                let arn = arn(&name);
                if known.running.contains_key(&arn) {
                    return refused("ExecutionAlreadyExists");
                }
                known.running.insert(arn.clone(), "RUNNING".into());
                known.tell(&arn, "RUNNING", json!({}));
                known.work.push(Work::Act(name, 0));
                json!({"executionArn": arn, "startDate": 1_795_348_800.0})
            }
            "AWSStepFunctions.DescribeExecution" => {
                let arn = text("executionArn");
                let Some(status) = known.running.get(&arn) else { return refused("ExecutionDoesNotExist") };
                json!({"executionArn": arn, "stateMachineArn": format!("{PREFIX}revision"),
                    "name": arn.rsplit(':').next(), "status": status, "startDate": 1_795_348_800.0})
            }
            "AWSStepFunctions.StopExecution" => {
                let arn = text("executionArn");
                known.end(&arn, "ABORTED", json!({"error": "Stopped", "cause": "ada stopped it."}));
                json!({"stopDate": 1_795_348_800.0})
            }
            "AWSStepFunctions.SendTaskSuccess" => {
                let token = text("taskToken");
                let Some((execution, turn)) = known.tokens.get(&token).cloned() else {
                    return refused("TaskDoesNotExist");
                };
                let is_open = known.running.get(&arn(&execution)).is_some_and(|status| status == "RUNNING");
                if turn == u32::MAX || !is_open {
                    return refused("TaskTimedOut");
                }
                known.tokens.insert(token, (execution.clone(), u32::MAX));
                let output: Value = serde_json::from_str(&text("output")).unwrap();
                match output["event"] == "words.waiting" {
                    true => known.work.push(Work::Act(execution, turn + 1)),
                    false => known.end(&arn(&execution), "SUCCEEDED", json!({"output": "{}"})),
                }
                json!({})
            }
            other => panic!("a function asked for {other}"),
        };
        (StatusCode::OK, Bytes::from(answer.to_string()))
    }
}

/// What the table's stream tells of a request that was carried out.
fn changed(target: &str, body: &[u8]) -> Vec<Work> {
    let input: Value = serde_json::from_slice(body).unwrap();
    let operation = target.rsplit('.').next().unwrap_or_default();
    let keys: Vec<&Value> = match operation {
        "PutItem" => vec![&input["Item"]],
        "UpdateItem" | "DeleteItem" => vec![&input["Key"]],
        "TransactWriteItems" => {
            let writes = input["TransactItems"].as_array().unwrap().iter();
            writes
                .flat_map(|write| [&write["Put"]["Item"], &write["Update"]["Key"], &write["Delete"]["Key"]])
                .collect()
        }
        _ => Vec::new(),
    };
    let heard = [records::DECISIONS, records::PROGRESS].concat();
    let keys = keys.into_iter().filter_map(|key| Some((key["pk"]["S"].as_str()?, key["sk"]["S"].as_str()?)));
    let heard = keys.filter(|(pk, sk)| heard.iter().any(|items| items.include(pk, sk)));
    // Nobody is answered here.
    let heard = heard.filter(|(pk, _)| !pk.starts_with("REPLY#"));
    heard.map(|(pk, sk)| Work::Stream(pk.to_owned(), sk.to_owned())).collect()
}
