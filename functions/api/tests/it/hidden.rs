//! What whoever asks may not see is in no cursor, no refusal and no list of what is accepted.

use crate::world::World;
use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dynoxide::ImportOptions;
use jiff::SignedDuration;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn id(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

/// The cursor of a position, as everybody could make it while nothing sealed them.
fn unsealed(query: &[&str], position: &str) -> String {
    let mut digest = Sha256::new();
    for part in query {
        digest.update(part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode([&digest.finalize()[..8], position.as_bytes()].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_names_nothing_and_nobody_else_makes_one() {
    let world = World::new().await;
    let mut hidden = Vec::new();
    for _ in 0..2 {
        hidden.push(world.execution("WEB").await);
        world.advance(SignedDuration::from_secs(1));
    }
    let shown = world.execution("SHOP").await;
    let viewer = world.session("shop-viewer");
    let get = async |path: &str| world.ask(Method::GET, path, Some(&viewer), None).await;
    for list in ["/api/v1/executions?limit=1", "/api/v1/executions?limit=1&state=open"] {
        let (mut path, mut names) = (list.to_owned(), Vec::new());
        loop {
            let answer = get(&path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            let page = answer.json();
            let items = page["items"].as_array().unwrap();
            names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            let read = String::from_utf8_lossy(&URL_SAFE_NO_PAD.decode(next).unwrap()).into_owned();
            for name in hidden.iter().chain([&shown]) {
                assert!(!read.contains(name), "{list}: {read}");
            }
            path = format!("{list}&cursor={next}");
        }
        assert_eq!(names, [shown.as_str()], "{list}");
    }
    let positions = ["", "2026-11", "2026-11 x", "#", "a#b", &"x".repeat(300)];
    for position in positions {
        for (path, query) in [
            ("/api/v1/executions", ["executions", "all"]),
            ("/api/v1/executions?state=open", ["executions", "open"]),
        ] {
            let separator = if path.contains('?') { '&' } else { '?' };
            let path = format!("{path}{separator}cursor={}", unsealed(&query, position));
            let answer = get(&path).await;
            assert_eq!((answer.status, answer.paths()), (422, vec!["cursor".to_owned()]), "{position}");
        }
        let path = format!("/api/v1/approvals?cursor={}", unsealed(&["approvals"], position));
        assert_eq!(get(&path).await.status, 422, "{position}");
    }
}

/// Archives a project with the key `GIFT`, in which there was work.
async fn archive_gift(world: &World) {
    let gift = json!({"key": "GIFT", "repository": "acme/gift", "providers": {"version_control": "github"}});
    let created = world.send_as("admin", Method::POST, "/api/v1/projects", None, Some(gift)).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let path = format!("/api/v1/projects/{}", id("GIFT"));
    let archived = world.send_as("admin", Method::DELETE, &path, Some("*"), None).await;
    assert_eq!(archived.status, 200, "{}", archived.text);
    for _ in 0..3 {
        world.task("GIFT").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_may_not_be_seen_is_answered_as_one_that_is_not_there() {
    let world = World::new().await;
    world.task("WEB").await;
    archive_gift(&world).await;
    let start = |ticket: &str| json!({"workflow": "development", "inputs": {"task_id": ticket}});
    let in_project =
        |key: &str| json!({"workflow": "development", "inputs": {"task_id": "x"}, "project": key});
    let token = |key: &str| json!({"name": "x", "roles": ["viewer"], "valid_days": 1, "projects": [key]});
    let plan = |key: &str, project: Option<&str>| {
        let mut body = json!({"workflow": "planning", "inputs": {"requirements": format!("{key}-1")}});
        if let Some(project) = project {
            body["project"] = json!(project);
        }
        body
    };
    let new = |key: &str| json!({"title": "x", "project": key});
    let assign = |key: &str| format!("/api/v1/tasks/{}/assign-to-agent", id(&format!("{key}-1")));
    let task = |key: &str| format!("/api/v1/tasks/{}", id(&format!("{key}-1")));
    // Each about the project with a key.
    let asked = |key: &str| -> Vec<(Method, String, Value)> {
        vec![
            (Method::POST, "/api/v1/workflows/execute".to_owned(), start(&format!("{key}-1"))),
            (Method::POST, "/api/v1/workflows/execute".to_owned(), in_project(key)),
            (Method::POST, "/api/v1/workflows/execute".to_owned(), in_project(&format!("acme/{key}"))),
            (Method::POST, "/api/v1/workflows/execute".to_owned(), plan(key, None)),
            (Method::POST, "/api/v1/workflows/execute".to_owned(), plan(key, Some(key))),
            (Method::POST, "/api/v1/tokens".to_owned(), token(key)),
            (Method::POST, "/api/v1/tasks".to_owned(), new(key)),
            (Method::POST, assign(key), json!({})),
            (Method::PUT, task(key), json!({"comment": "x"})),
        ]
    };
    for role in ["viewer", "developer", "approver", "admin"] {
        let session = world.session(&format!("shop-{role}"));
        let hidden = asked("WEB").into_iter().map(|asked| ("WEB", asked));
        let archived = asked("GIFT").into_iter().map(|asked| ("GIFT", asked));
        let unknown = asked("NIX").into_iter().chain(asked("NIX"));
        for ((key, hidden), unknown) in hidden.chain(archived).zip(unknown) {
            let ask = async |(method, path, body): (Method, String, Value)| {
                let answer = world.ask(method, &path, Some(&session), Some(body)).await;
                let mut told = answer.json();
                told["request_id"] = Value::Null;
                (answer.status, told)
            };
            let what = format!("{role}: {} {}", hidden.0, hidden.1);
            let (hidden, unknown) = (ask(hidden).await, ask(unknown).await);
            assert_eq!(hidden.0, unknown.0, "{what}: {hidden:?}");
            assert_eq!(hidden.1.to_string().replace(key, "NIX"), unknown.1.to_string(), "{what}");
            assert!(!unknown.1.to_string().contains(key), "{what}: {unknown:?}");
        }
        let text = start("the cart");
        let answer = world.ask(Method::POST, "/api/v1/workflows/execute", Some(&session), Some(text)).await;
        assert!(answer.status == 422 && !answer.text.contains("WEB"), "{}", answer.text);
    }
    // Whoever sees everything is told what there is.
    let admin = world.session("admin");
    let answer = world.ask(Method::POST, "/api/v1/tasks", Some(&admin), Some(new("NIX"))).await;
    assert!(answer.text.contains("known: SHOP, WEB"), "{}", answer.text);
    for (body, path) in [(start("GIFT-1"), "/inputs/task_id"), (in_project("GIFT"), "/project")] {
        let answer = world.ask(Method::POST, "/api/v1/workflows/execute", Some(&admin), Some(body)).await;
        assert_eq!((answer.status, answer.paths()), (422, vec![path.to_owned()]), "{}", answer.text);
        assert!(answer.text.contains("the project `GIFT` is archived"), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_do_not_tell_how_much_is_hidden() {
    let world = World::new().await;
    for _ in 0..3 {
        world.task("WEB").await;
    }
    archive_gift(&world).await;
    let viewer = world.session("shop-viewer");
    let get = async |path: &str| world.ask(Method::GET, path, Some(&viewer), None).await.json();
    for path in [
        "/api/v1/executions?limit=1&project=WEB".to_owned(),
        "/api/v1/executions?limit=1&project=NIX".to_owned(),
        format!("/api/v1/executions?limit=1&task={}", id("WEB-1")),
        "/api/v1/executions?limit=1&project=GIFT".to_owned(),
        "/api/v1/executions?limit=1&project=gift".to_owned(),
        format!("/api/v1/executions?limit=1&task={}", id("NIX-1")),
        format!("/api/v1/executions?limit=1&task={}", id("GIFT-1")),
    ] {
        assert_eq!(get(&path).await, json!({"items": []}), "{path}");
    }
    // Work on a ticket of no project is listed page by page, and no page follows for what others do on it.
    let ticket = || Some("OUT-1".to_owned());
    world.begun("WEB", ticket()).await;
    let mut own = Vec::new();
    for _ in 0..3 {
        world.advance(SignedDuration::from_secs(1));
        own.insert(0, world.begun("SHOP", ticket()).await);
        world.begun("WEB", ticket()).await;
    }
    let list = format!("/api/v1/executions?limit=2&task={}", id("OUT-1"));
    let (mut path, mut pages, mut names) = (list.clone(), 0, Vec::new());
    loop {
        let page = get(&path).await;
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{list}&cursor={next}");
    }
    assert_eq!((names, pages), (own, 2));
    let everything = world.session("viewer");
    let path = "/api/v1/executions?limit=1&project=WEB";
    let page = world.ask(Method::GET, path, Some(&everything), None).await.json();
    assert!(page["next"].is_string(), "{page}");
    let path = "/api/v1/executions?limit=1&project=GIFT";
    let page = world.ask(Method::GET, path, Some(&everything), None).await.json();
    assert!(page["next"].is_string(), "{page}");
}

/// Writes the items about an execution again, under other names.
fn copy(world: &World, execution: &str, times: usize) {
    let request = serde_json::from_value(json!({"TableName": "ticketsmith"})).unwrap();
    let found = serde_json::to_value(world.database().scan(request).unwrap()).unwrap();
    assert_eq!(found["LastEvaluatedKey"], Value::Null, "one page has all items");
    let is_about =
        |item: &&Value| ["pk", "sk"].iter().any(|key| item[key]["S"].as_str().unwrap().contains(execution));
    let items = found["Items"].as_array().unwrap().iter().filter(is_about).map(Value::to_string);
    let items: Vec<_> = items.collect();
    let copies = (0..times).flat_map(|number| {
        let name = format!("{execution}-{number}");
        items.iter().map(move |item| serde_json::from_str(&item.replace(execution, &name)).unwrap())
    });
    world.database().import_items("ticketsmith", copies.collect(), ImportOptions::default()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_started_is_listed_behind_any_number_of_others() {
    let world = World::new().await;
    let ticket = || Some("OUT-1".to_owned());
    let first = world.begun("SHOP", ticket()).await;
    world.advance(SignedDuration::from_secs(1));
    let hidden = world.begun("WEB", ticket()).await;
    copy(&world, &hidden, 2_000);
    world.advance(SignedDuration::from_secs(1));
    let last = world.begun("SHOP", ticket()).await;
    let viewer = world.session("shop-viewer");
    let get = async |path: &str| world.ask(Method::GET, path, Some(&viewer), None).await.json();
    let list = format!("/api/v1/executions?task={}", id("OUT-1"));
    let (mut path, mut names) = (list.clone(), Vec::new());
    loop {
        let page = get(&path).await;
        let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{list}&cursor={next}");
    }
    assert_eq!(names, [last, first]);
    // Somebody who started nothing there does not learn that anything exists.
    assert_eq!(get("/api/v1/executions?project=WEB").await, json!({"items": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_opens_no_socket_is_told_as_a_problem() {
    let world = World::new().await;
    for path in ["/ws", "/ws?ticket=x&project=SHOP", "/ws?ticket=x&ticket=y", "/ws?after=-1&colour=red"] {
        let answer = world.ask(Method::GET, path, None, None).await;
        assert_eq!(answer.status, 400, "{path}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
        assert_eq!(answer.json()["code"], "malformed", "{path}");
    }
}
