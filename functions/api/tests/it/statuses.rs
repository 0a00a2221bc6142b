//! Every operation answers with each status that the contract lists for it: each is provoked here, or by a test that is named here.

use crate::permissions::{About, id, plugin, request};
use crate::seeded::{ACCOUNT, SOURCE, agent, begun_link, claimed_link, end, fill_tokens, question};
use crate::world::{OPERATOR, Of, World};
use axum::body::{Body, Bytes};
use axum::http::{Method, Request, header};
use domain::configuration::Role;
use futures::future::join_all;
use futures::stream::Pending;
use records::LinkSide;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sign_in::Ticket;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::Path;

/// What is provoked by another test, because it takes an engine and what it did.
const ELSEWHERE: &[(&str, u16, &str, &str)] = &[
    (
        "redrive_execution",
        202,
        "tests/whole_system/api.rs",
        "questions_are_answered_and_work_is_stopped_and_continued",
    ),
    (
        "undo_execution",
        202,
        "tests/whole_system/api.rs",
        "a_ticket_that_is_assigned_becomes_a_pull_request_and_can_be_undone",
    ),
];

/// The operations that change the state of something that was seen.
const OF_A_STATE: &[&str] = &[
    "delete_person",
    "delete_plugin",
    "delete_project",
    "replace_person",
    "replace_plugin_config",
    "replace_project",
];

/// An operation of the contract.
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) method: Method,
    /// After `/api/v1`, with the names of its parts in braces.
    path: String,
    statuses: BTreeSet<u16>,
}

pub(crate) fn operations() -> Vec<Operation> {
    let contract = serde_json::to_value(api::openapi()).unwrap();
    let mut all = Vec::new();
    for (path, methods) in contract["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            all.push(Operation {
                name: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.strip_prefix("/api/v1").unwrap().to_owned(),
                statuses: operation["responses"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(|key| key.parse().unwrap())
                    .collect(),
            });
        }
    }
    all
}

/// A request.
struct Asked {
    of: Of,
    path: String,
    token: Option<String>,
    header: Option<(&'static str, &'static str)>,
    body: Content,
}

enum Content {
    Nothing,
    Json(Value),
    /// A text that says it is of this media type.
    Text(&'static str, String),
    /// One of which no byte ever comes.
    Never,
}

impl Asked {
    fn new(path: impl Into<String>, token: Option<String>) -> Self {
        Self { of: Of::Serve, path: path.into(), token, header: None, body: Content::Nothing }
    }

    fn of(self, of: Of) -> Self {
        Self { of, ..self }
    }

    fn with(self, name: &'static str, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    fn json(self, body: Value) -> Self {
        self.body(Content::Json(body))
    }

    fn body(self, body: Content) -> Self {
        Self { body, ..self }
    }

    /// Sends it; gives the status.
    async fn send(self, world: &World, method: Method) -> u16 {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{}", self.path));
        request = request.header(header::HOST, "127.0.0.1:8081");
        if let Some(token) = self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some((name, value)) = self.header {
            request = request.header(name, value);
        }
        let typed = |request: axum::http::request::Builder, kind| request.header(header::CONTENT_TYPE, kind);
        let (request, body) = match self.body {
            Content::Nothing => (request, Body::empty()),
            Content::Json(json) => (typed(request, "application/json"), Body::from(json.to_string())),
            Content::Text(kind, text) => (typed(request, kind), Body::from(text)),
            Content::Never => (typed(request, "application/json"), Body::from_stream(silence())),
        };
        world.send_to(self.of, request.body(body).unwrap()).await.status
    }
}

fn silence() -> Pending<Result<Bytes, Infallible>> {
    futures::stream::pending()
}

/// What every operation refuses alike, before it looks at what it is about. `tired` is a session that was used too often.
fn refused_alike(world: &World, operation: &Operation, status: u16, tired: &str) -> Option<Asked> {
    let named = operation.path.replace("{type}", "version_control");
    let path = named.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
    let path = path.collect::<Vec<_>>().join("/");
    let session = Some(world.session("admin"));
    let ticket = || json!({"ticket": "x".repeat(43), "carrier": "bearer"});
    Some(match status {
        400 => Asked::new(format!("{path}?%zz"), session),
        401 if operation.name == "exchange_ticket" => Asked::new(path, None).json(ticket()),
        401 => Asked::new(path, None),
        403 => Asked::new(path, session).with("origin", "https://evil.example"),
        408 => Asked::new(path, session).body(Content::Never),
        413 => Asked::new(path, session).body(Content::Text("application/json", "1".repeat(300_000))),
        415 => Asked::new(path, session).body(Content::Text("text/plain", "{}".to_owned())),
        422 => Asked::new(format!("{path}?colour=red"), session),
        429 => Asked::new(path, Some(tired.to_owned())),
        503 => Asked::new(path, session).of(Of::BrokenTable).json(ticket()),
        _ => return None,
    })
}

/// What each operation answers for reasons of its own.
async fn particular(world: &World, operation: &Operation, status: u16) -> Option<Asked> {
    let Operation { name, path, .. } = operation;
    let admin = || Some(world.session("admin"));
    let unknown = |path: &str| {
        let parts = path.split('/').map(|part| if part.starts_with('{') { "eA" } else { part });
        Asked::new(parts.collect::<Vec<_>>().join("/"), admin())
    };
    Some(match (name.as_str(), status) {
        ("list_agents", 404) => Asked::new("/agents?execution=x", admin()),
        ("list_tasks", 404) => Asked::new("/tasks?project=NONE", admin()),
        // Where an account has no gateway for whoever asks, it pushes nothing to them.
        ("create_event_ticket", 404) => {
            Asked::new("/events/tickets", Some(OPERATOR.to_owned())).of(Of::Account)
        }
        ("get_plugin_config", 404) => Asked::new("/plugins/version_control/x/config", admin()),
        ("answer_approval", 404) => unknown(path).json(json!({"approved": true})),
        ("put_task", 404) => unknown(path).json(json!({"comment": "Shipped."})),
        ("replace_project", 404) => unknown(path).with("if-match", "*").json(project("GIFT")),
        ("replace_person", 404) => unknown(path).with("if-match", "*").json(person("grace")),
        ("replace_plugin_config", 404) => unknown(path).with("if-match", "*").json(plugin()),
        (_, 404) => unknown(path),

        ("answer_approval", 200) => answered(world).await,
        ("answer_approval", 409) => {
            let yes = answered(world).await;
            let no = Asked::new(yes.path.clone(), Some(world.session("approver")))
                .json(json!({"approved": false}));
            assert_eq!(yes.send(world, operation.method.clone()).await, 200);
            no
        }
        ("get_agent_status" | "list_messages" | "stop_agent", 200 | 202) => {
            agent(world).await;
            Asked::new(path.replace("{id}", "s"), admin())
        }
        ("stop_agent", 409) => {
            end(world, &agent(world).await).await;
            Asked::new(path.replace("{id}", "s"), admin())
        }
        ("stop_execution", 409) => {
            let name = world.execution("SHOP").await;
            end(world, &name).await;
            Asked::new(path.replace("{name}", &name), admin())
        }
        // One that is at work is neither continued nor taken back.
        ("redrive_execution" | "undo_execution", 409) => {
            Asked::new(path.replace("{name}", &world.execution("SHOP").await), admin())
        }
        ("assign_task_to_agent" | "execute_workflow", 409) => {
            let first = request(world, name, About::Own, "admin").await.unwrap();
            let again = request(world, name, About::Own, "admin").await.unwrap();
            let asked = Asked::new(first.path, admin()).json(first.body.unwrap());
            assert_eq!(asked.send(world, operation.method.clone()).await, 202);
            Asked::new(again.path, admin()).json(again.body.unwrap())
        }
        ("post_task" | "put_task", 409) => {
            let mut routes = (*world.table.routes(world.now()).await.unwrap()).clone();
            routes.workflows.retain(|name, _| name == "development");
            world.table.put_routes(&routes).await.unwrap();
            asked(world, name).await
        }
        ("create_project", 202) => {
            let mut body = project("GIFT");
            body["requirements"] = json!("Carts can be gifts");
            Asked::new("/projects", admin()).json(body)
        }
        ("create_project", 409) => Asked::new("/projects", admin()).json(project("SHOP")),
        ("create_person", 409) => Asked::new("/people", admin()).json(person("viewer")),
        ("create_plugin", 409) => Asked::new("/plugins", admin()).json(json!({"name": "github"})),
        // The configuration file has them.
        ("replace_project" | "delete_project", 409) => {
            Asked::new(format!("/projects/{}", id("SHOP")), admin())
                .with("if-match", "*")
                .json(project("SHOP"))
        }
        ("replace_person" | "delete_person", 409) => Asked::new(format!("/people/{}", id("viewer")), admin())
            .with("if-match", "*")
            .json(person("viewer")),
        ("replace_plugin_config" | "delete_plugin", 409) => {
            Asked::new("/plugins/version_control/github/config", admin())
                .with("if-match", "*")
                .json(json!({"name": "github"}))
        }
        (_, 412) if OF_A_STATE.contains(&name.as_str()) => asked(world, name).await.with("if-match", "\"7\""),
        (_, 428) if OF_A_STATE.contains(&name.as_str()) => Asked { header: None, ..asked(world, name).await },
        ("create_token", 409) => {
            fill_tokens(world).await;
            asked(world, name).await
        }
        ("end_session", 409) => {
            Asked::new(path.clone(), Some(world.machine_token("admin", &[Role::Admin], None).await.0))
        }
        ("exchange_ticket", 200) => {
            let ticket = Ticket::new(Some("viewer".to_owned()), world.now());
            let text = ticket.text.expose_secret().to_owned();
            world.table.put_sign_in_ticket(&ticket.digest(), &ticket.kept).await.unwrap();
            Asked::new(path.clone(), None).json(json!({"ticket": text, "carrier": "bearer"}))
        }
        ("show_link", 200) => Asked::new(format!("/me/links/{}", begun_link(world).await), viewer(world)),
        ("confirm_link", 200) => {
            Asked::new(format!("/me/links/{}/confirm", claimed_link(world).await), viewer(world))
        }
        ("separate_account", 204) => {
            let code = claimed_link(world).await;
            world.table.confirm_link_code(&code, LinkSide::Second, world.now()).await.unwrap();
            let confirm = Asked::new(format!("/me/links/{code}/confirm"), viewer(world));
            assert_eq!(confirm.send(world, Method::POST).await, 200);
            Asked::new(format!("/me/accounts/{SOURCE}/{ACCOUNT}"), viewer(world))
        }
        ("redrive_execution" | "undo_execution", 202) => return None,
        (_, 200 | 201 | 202 | 204) => asked(world, name).await,
        _ => return None,
    })
}

/// A request of an admin's that nothing refuses.
async fn asked(world: &World, operation: &str) -> Asked {
    let sample = request(world, operation, About::Own, "admin").await.unwrap();
    let asked = Asked::new(sample.path, Some(world.session("admin")));
    let asked = match sample.body {
        Some(body) => asked.json(body),
        None => asked,
    };
    if OF_A_STATE.contains(&operation) { asked.with("if-match", "*") } else { asked }
}

fn project(key: &str) -> Value {
    let repository = format!("acme/{}", key.to_lowercase());
    json!({"key": key, "repository": repository, "providers": {"version_control": "github"}})
}

fn person(name: &str) -> Value {
    json!({"name": name, "accounts": {"github": format!("{name}-l")}})
}

fn viewer(world: &World) -> Option<String> {
    Some(world.session("viewer"))
}

/// A yes to a question of an execution.
async fn answered(world: &World) -> Asked {
    let path = format!("/approvals/{}/answer", id(&question(world).await));
    Asked::new(path, Some(world.session("admin"))).json(json!({"approved": true}))
}

/// A session that was used as often as it may be, at the time that stands still.
async fn tired(world: &World) -> String {
    let session = world.session("admin");
    let mut tries = 0;
    while world.ask(Method::GET, "/api/v1/me", Some(&session), None).await.status != 429 {
        tries += 1;
        assert!(tries < 1_000, "a session is never used too often");
    }
    session
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_with_each_status_that_it_lists() {
    let shared = World::new().await;
    let tired = tired(&shared).await;
    let mut wrong = Vec::new();
    let mut late = Vec::new();
    for operation in operations() {
        for status in operation.statuses.clone() {
            let is_elsewhere =
                ELSEWHERE.iter().any(|(name, listed, ..)| *name == operation.name && *listed == status);
            let found = match refused_alike(&shared, &operation, status, &tired) {
                // Each takes as long as a body may take to arrive, so all of them wait at once.
                Some(asked) if status == 408 => {
                    late.push((operation.name.clone(), asked.send(&shared, operation.method.clone())));
                    continue;
                }
                Some(asked) => Some(asked.send(&shared, operation.method.clone()).await),
                None => {
                    let world = World::new().await;
                    match particular(&world, &operation, status).await {
                        Some(asked) => Some(asked.send(&world, operation.method.clone()).await),
                        None => None,
                    }
                }
            };
            match found {
                Some(found) if found == status => {
                    assert!(!is_elsewhere, "{} {status} is here, too", operation.name)
                }
                Some(found) => wrong.push(format!("{} answered {found}, not {status}", operation.name)),
                None if is_elsewhere => {}
                None => wrong.push(format!("nothing provokes {status} of {}", operation.name)),
            }
        }
    }
    let (names, requests): (Vec<_>, Vec<_>) = late.into_iter().unzip();
    for (name, status) in names.into_iter().zip(join_all(requests).await) {
        if status != 408 {
            wrong.push(format!("{name} answered {status}, not 408"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_provoked_elsewhere_is_listed_and_its_test_is_there() {
    for (name, status, file, test) in ELSEWHERE {
        let all = operations();
        let operation = all.iter().find(|operation| operation.name == *name);
        assert!(operation.is_some_and(|operation| operation.statuses.contains(status)), "{name} {status}");
        assert_test(file, test);
    }
}

/// That a file of the repository has a test of this name.
pub(crate) fn assert_test(file: &str, test: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(&format!("async fn {test}()")), "{file} has no test {test}");
}
