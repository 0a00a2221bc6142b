//! What happens around a ticket: people and services, a Step Functions that performs a small workflow, and what must hold in the end.
//!
//! The workflow is the shipped one as far as the claim goes: the agent takes in what waits for it, then the execution waits for words, or
//! for the end of the pull request, whichever comes first.

use super::aws::{Aws, Known, Work, clients};
use super::turnstile::{Backend, Fate, Turnstile};
use super::workflow::{act, session_of};
use crate::world::PREFIX;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use domain::Clock;
use domain::configuration::Configuration;
use domain::routes::Routes;
use events::{EventInput, Events};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use rand::RngExt as _;
use rand::rngs::StdRng;
use records::{LIST_LIMIT, OpenedPullRequest, Table};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
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

/// A clock that goes on when it is read.
#[derive(Debug)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        let seconds = self.0.fetch_add(1, Ordering::Relaxed);
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_795_348_800 + seconds)
    }
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
    /// What people ask for, each with the number of its comment.
    words: Vec<(u64, String)>,
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
    let inputs = json!({"task_id": {"type": "string"}, "comments": {"type": "string"}});
    let mut routes: Routes = serde_json::from_value(json!({"workflows": {
        "undo": {"title": "Undo", "inputs": {"run": {"type": "string"}}, "triggers": []},
        "revision": {"title": "Revision", "inputs": inputs, "triggers": [{"on": "revision.requested"}]},
    }}))
    .unwrap();
    routes.events = webhooks::events();
    routes
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
        let aws = Arc::new(Aws { database, client, table: table.clone(), known: Mutex::default() });
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
            run: None,
            at: self.clock.now(),
        };
        self.table.put_opened_pull_request(&opened).await.unwrap();
        let numbers = self.scene * 100..self.scene * 100 + random.random_range(2..6);
        self.words = numbers.map(|number| (number, format!("word-{number}."))).collect();
        for (number, word) in &self.words {
            self.push(Work::Deliver("issue_comment", self.request(*number, word)));
        }
        if random.random_bool(0.3) {
            self.push(Work::Deliver("issue_comment", self.comment(self.scene * 100 + 99, "stop")));
        }
        for _ in 0..random.random_range(1..3) {
            self.push(Work::Deliver("pull_request", self.close()));
        }
        let mut known = self.aws.known.lock().unwrap();
        if random.random_bool(0.3) {
            known.failures = 1;
        }
    }

    /// A request with a word that occurs nowhere else.
    fn request(&self, number: u64, word: &str) -> String {
        self.comment(number, &format!("Rename the cart to {word} in all files"))
    }

    fn comment(&self, number: u64, text: &str) -> String {
        json!({
            "action": "created",
            "sender": {"login": "ada-hub"},
            "repository": {"full_name": "acme/shop"},
            "issue": {"number": self.scene, "pull_request": {"url": "u"}},
            "comment": {"id": number, "body": format!("@ticketsmith {text}")},
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
            for function in &mut self.functions {
                let Some(running) = &function.running else { continue };
                let (is_over, holds) = (running.is_over.load(Ordering::SeqCst), function.turnstile.holds());
                if !is_over {
                    is_settled &= holds;
                } else if let Some(Running { work, task, .. }) = function.running.take()
                    && let Err(error) = task.await.unwrap()
                {
                    // What fails is delivered again.
                    println!("{work:?}: {error}");
                    self.aws.known.lock().unwrap().work.push(work);
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

    /// Whether sweeps find nothing more to do, and no execution goes on.
    pub(crate) fn is_over(&mut self) -> bool {
        self.quiet += 1;
        assert!(self.quiet < 50, "something goes on for ever: {:#?}", self.aws.known.lock().unwrap());
        self.clock.0.fetch_add(3600, Ordering::Relaxed);
        if self.quiet <= QUIET_SWEEPS {
            return false;
        }
        let goes_on = self.aws.known.lock().unwrap().running.values().any(|status| status == "RUNNING");
        if goes_on {
            // A pull request that was closed before anybody waited for that is closed for whoever waits now.
            self.push(Work::Deliver("pull_request", self.close()));
        }
        !goes_on
    }

    /// No word is lost or taken up twice, no revision doubled, and the ticket is free.
    pub(crate) async fn assert_all_is_well(&self) {
        let task_id = self.task_id();
        let task = self.table.task(&task_id).await.unwrap();
        assert_eq!(task.and_then(|task| task.open_execution), None, "{task_id} is still claimed");
        assert!(self.table.inbox(&task_id).await.unwrap().is_empty(), "words wait for nobody on {task_id}");
        let executions = self.table.executions_of_task(&task_id, None, LIST_LIMIT).await.unwrap();
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
        for (number, word) in &self.words {
            let times = said.matches(word.as_str()).count();
            let delivery = format!("acme/shop comment {number}");
            let given_back =
                self.table.reply(&format!("github#not taken in: {delivery}")).await.unwrap().is_some();
            let refused = self.table.reply(&format!("github#{delivery}")).await.unwrap();
            let refused = refused.is_some_and(|reply| !reply.text.contains("takes this in"));
            assert!(
                times + usize::from(given_back) + usize::from(refused && times == 0) == 1,
                "{word} was taken up {times} times, given back: {given_back}, refused: {refused}\n{said}"
            );
        }
    }
}

fn id_of(body: &str) -> String {
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
