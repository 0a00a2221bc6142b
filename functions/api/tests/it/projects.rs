//! Projects that the API manages, in addition to those of the configuration file.

use crate::answer::Answer;
use crate::world::{World, configuration};
use axum::http::Method;
use domain::configuration::{Project, Roles};
use jiff::SignedDuration;
use records::{Archived, Table};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// `GIFT` and `SHOP` in base64url.
const GIFT: &str = "/api/v1/projects/R0lGVA";
const SHOP: &str = "/api/v1/projects/U0hPUA";
const ALL: &str = "/api/v1/projects";

fn gift() -> Value {
    json!({"key": "GIFT", "repository": "acme/gift", "providers": {"version_control": "github"}})
}

/// Sends a request as an admin.
async fn send(world: &World, method: Method, path: &str, tag: Option<&str>, body: Option<Value>) -> Answer {
    world.send_as("admin", method, path, tag, body).await
}

/// A field of the file that a request cannot name would be lost with the next change.
#[test]
fn what_the_file_says_of_a_project_the_api_takes_and_shows() {
    let contract: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    let fields = |schema: &Value| -> BTreeSet<String> {
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let of = |name: &str| fields(&contract["components"]["schemas"][name]);
    let file = fields(schemars::schema_for!(domain::configuration::Project).as_value());
    let and = |others: &[&str]| -> BTreeSet<String> {
        file.iter().cloned().chain(others.iter().map(|other| (*other).to_owned())).collect()
    };
    assert_eq!(of("ProjectSettings"), file);
    assert_eq!(of("NewProject"), and(&["requirements"]));
    assert_eq!(of("Project"), and(&["id", "managed_by", "archived_at", "archived_by"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_created_changed_and_archived() {
    let world = World::new().await;
    let created = send(&world, Method::POST, ALL, None, Some(gift())).await;
    assert_eq!(created.status, 201, "{}", created.text);
    assert_eq!((created.headers["location"].to_str().unwrap(), created.tag().as_str()), (GIFT, "\"1\""));
    let shown = world.send_as("viewer", Method::GET, GIFT, None, None).await;
    assert_eq!((shown.json(), shown.tag()), (created.json(), created.tag()));
    let expected =
        [("key", "GIFT"), ("base_branch", "main"), ("ci_gate", "untrusted"), ("managed_by", "api")];
    for (field, value) in expected {
        assert_eq!(shown.json()[field], value);
    }
    let listed = send(&world, Method::GET, ALL, None, None).await.json();
    let listed: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|item| (&item["key"], &item["managed_by"])).collect();
    let [file, api] = [json!("file"), json!("api")];
    assert_eq!(listed, [(&json!("SHOP"), &file), (&json!("WEB"), &file), (&json!("GIFT"), &api)]);
    let again = send(
        &world,
        Method::POST,
        ALL,
        None,
        Some(json!({"key": "gift", "repository": "a/b", "providers": {"version_control": "github"}})),
    )
    .await;
    assert_eq!(again.status, 409, "{}", again.text);
    assert_eq!(again.json()["detail"], "there is a project with the key `gift` already");

    let mut changed = gift();
    changed["channel"] = json!("#gift");
    changed["checks"] = json!({"test": "make test", "minutes": 7});
    changed["capacity"] = json!({"open_pull_requests": 3, "per": "person"});
    let put = async |tag: Option<&str>, body: &Value| {
        send(&world, Method::PUT, GIFT, tag, Some(body.clone())).await
    };
    assert_eq!(put(None, &changed).await.json()["code"], "precondition_required");
    for stale in ["\"0\"", "\"2\"", "W/\"1\""] {
        let failed = put(Some(stale), &changed).await;
        assert_eq!((failed.status, failed.json()["code"].clone()), (412, json!("precondition_failed")));
    }
    assert_eq!(put(Some("1"), &changed).await.paths(), ["if-match"]);
    let done = put(Some("\"1\""), &changed).await;
    assert_eq!((done.status, done.tag().as_str()), (200, "\"2\""), "{}", done.text);
    assert_eq!(done.json()["channel"], "#gift");
    assert_eq!(done.json()["capacity"], changed["capacity"]);
    // An answer can be sent back.
    let mut back = done.json();
    back.as_object_mut().unwrap().retain(|field, _| !["id", "managed_by"].contains(&field.as_str()));
    let back = put(Some("*"), &back).await;
    assert_eq!((back.status, back.json()), (200, done.json()), "{}", back.text);
    let other_key = put(
        Some("*"),
        &json!({"key": "WEB", "repository": "acme/gift", "providers": {"version_control": "github"}}),
    )
    .await;
    assert_eq!((other_key.status, other_key.paths()), (422, vec!["/key".to_owned()]));

    let delete = async |tag| send(&world, Method::DELETE, GIFT, tag, None).await;
    assert_eq!((delete(None).await.status, delete(Some("\"2\"")).await.status), (428, 412));
    let gone = delete(Some("\"3\"")).await;
    assert_eq!((gone.status, gone.json()["archived_by"].clone()), (200, json!("admin")), "{}", gone.text);
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(send(&world, method, GIFT, Some("*"), None).await.status, 404);
    }
    assert_eq!(put(Some("*"), &gift()).await.status, 404);
    // Work there is refused with the reason, and it can be created again.
    let inputs = json!({"workflow": "development", "inputs": {"task_id": "GIFT-1"}});
    let refused = send(&world, Method::POST, "/api/v1/workflows/execute", None, Some(inputs)).await;
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("the project `GIFT` is archived: admin deleted it at 2026-11-29"), "{detail}");
    assert_eq!(send(&world, Method::POST, ALL, None, Some(gift())).await.tag(), "\"5\"");
    let audit = send(&world, Method::GET, "/api/v1/audit", None, None).await.json();
    let done: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|item| item["what"].as_str().unwrap()).collect();
    for what in [
        "create the project GIFT",
        "replace the project GIFT",
        "archive the project GIFT",
        &format!("DELETE {GIFT}"),
    ] {
        assert!(done.contains(&what), "{what}: {done:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_file_manages_is_changed_there() {
    let world = World::new().await;
    let shop = json!({"key": "shop", "repository": "acme/shop", "providers": {"version_control": "github"}});
    let created = send(&world, Method::POST, ALL, None, Some(shop.clone())).await;
    assert_eq!(created.status, 409, "{}", created.text);
    let place = "`shop` is managed by the configuration file, at projects[0]; change it there";
    assert!(created.json()["detail"].as_str().unwrap().starts_with(place), "{}", created.text);
    let shown = send(&world, Method::GET, SHOP, None, None).await;
    assert_eq!(shown.json()["managed_by"], "file");
    let tag = shown.tag();
    for (method, body) in [(Method::PUT, Some(shop)), (Method::DELETE, None)] {
        let refused = send(&world, method, SHOP, Some(&tag), body).await;
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert!(refused.text.contains("`SHOP` is managed by the configuration file, at projects[0]"));
    }

    // A file with the key of a project that the API manages wins immediately.
    assert_eq!(send(&world, Method::POST, ALL, None, Some(gift())).await.status, 201);
    let mut file = configuration(json!({}));
    file.projects.push(serde_json::from_value(json!({"key": "Gift", "repository": "acme/other"})).unwrap());
    world.table.put_configuration(&file).await.unwrap();
    let shown = send(&world, Method::GET, GIFT, None, None).await.json();
    assert_eq!((&shown["managed_by"], &shown["repository"]), (&json!("file"), &json!("acme/other")));
    assert_eq!(
        world.table.archive_managed_of_file::<Project>(&file, "serve", world.now()).await.unwrap(),
        ["GIFT"]
    );
    let kept = world.table.managed::<Project>("GIFT").await.unwrap().unwrap();
    assert_eq!(kept.archived, Some(Archived::File));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_place_that_is_not_accepted_is_said() {
    let world = World::new().await;
    let check = async |change: Value, expected: &[(&str, &str)]| {
        let mut body = gift();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = send(&world, Method::POST, ALL, None, Some(body)).await;
        answer.refuses(&change, expected);
    };
    check(
        json!({"colour": "red", "key": "x".repeat(10_000), "repository": 1, "checks": {"mounts": ["/opt"], "minutes": 8}}),
        &[
            ("/colour", "unknown field; accepted: "),
            ("/key", "accepted: 1 to 100 characters, but it has 10000"),
            ("/repository", "accepted: string"),
            ("/checks/mounts", "unknown field"),
            ("/checks/minutes", "8 is out of range; accepted: numbers from 1 up to 7"),
        ],
    )
    .await;
    check(
        json!({"key": " GIFT", "repository": "gift", "base_branch": "a..b", "providers": {"tracker": "jira", "monitoring": "A B"}}),
        &[
            ("/key", "without control characters"),
            ("/repository", "`gift` is not a repository; accepted: `owner/name`"),
            ("/base_branch", "`a..b` is not"),
            ("/providers/tracker", "unknown key"),
            ("/providers/monitoring", "`A B` is not a name under plugins"),
        ],
    )
    .await;
    check(
        json!({"may_trigger": ["leads", "crew"], "protected_paths": ["a["], "checks": {"network": true},
               "providers": {"version_control": "cloudwatch", "task_management": "jira", "communication": "slak"}}),
        &[
            ("/may_trigger/1", "`crew` is not defined under groups"),
            ("/protected_paths/0", "`a[` is not a glob pattern"),
            ("/checks", "no command is declared; declare one of build, lint, test"),
            ("/providers/version_control", "`cloudwatch` cannot serve version_control; accepted: github"),
            ("/providers/task_management", "there is no section plugins.jira"),
            ("/providers/communication", "`slak` is not under plugins"),
        ],
    )
    .await;
    check(json!({"providers": {}}), &[("/providers", "every step would be skipped")]).await;
    check(
        json!({"statuses": {"a": 1}, "protected_paths": ["x".repeat(20_000)]}),
        &[("/statuses/a", "accepted: string")],
    )
    .await;
    check(json!({"protected_paths": ["x".repeat(20_000)]}), &[("", "accepted: at most 16384")]).await;
    let headers = [("authorization", format!("Bearer {}", world.session("admin")))];
    for twice in [r#"{"key":"GIFT","key":"WEB"}"#, r#"{"key":"GIFT","providers":{"a":"b","a":"c"}}"#, "{"] {
        let answer = world.send_text(Method::POST, ALL, &headers, Some(twice.to_owned())).await;
        assert_eq!((answer.status, answer.json()["code"].clone()), (400, json!("malformed")), "{twice}");
    }
    assert_eq!(world.table.all_managed::<Project>().await.unwrap(), []);
    for id in ["nonsense!", "WA", &"A".repeat(10_000)] {
        let path = format!("{ALL}/{id}");
        assert_eq!(send(&world, Method::DELETE, &path, Some("*"), None).await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_of_one_state_one_wins() {
    let world = World::new().await;
    assert_eq!(send(&world, Method::POST, ALL, None, Some(gift())).await.status, 201);
    let change = async |channel: &str| {
        let mut body = gift();
        body["channel"] = json!(channel);
        send(&world, Method::PUT, GIFT, Some("\"1\""), Some(body)).await
    };
    let (one, other) = tokio::join!(change("#one"), change("#other"));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    let won = if one.status == 200 { "#one" } else { "#other" };
    assert_eq!(send(&world, Method::GET, GIFT, None, None).await.json()["channel"], won);
    // Any state may be changed by who says so, however many do at once.
    let any = async |channel: &str| {
        let mut body = gift();
        body["channel"] = json!(channel);
        send(&world, Method::PUT, GIFT, Some("*"), Some(body)).await.status
    };
    assert_eq!(tokio::join!(any("#a"), any("#b"), any("#c")), (200, 200, 200));
    let create = async |key: &str| {
        let body = json!({"key": key, "repository": "acme/new", "providers": {"version_control": "github"}});
        send(&world, Method::POST, ALL, None, Some(body)).await.status
    };
    let mut statuses: [u16; 2] = tokio::join!(create("NEW"), create("new")).into();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_creates_once() {
    let world = World::new().await;
    let headers = [
        ("authorization", format!("Bearer {}", world.session("admin"))),
        ("idempotency-key", "once".to_owned()),
    ];
    let create = async |body: Value| world.send(Method::POST, ALL, &headers, Some(body)).await;
    let first = create(gift()).await;
    let second = create(gift()).await;
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!((first.tag(), first.json()), (second.tag(), second.json()));
    assert_eq!(second.headers["location"], GIFT);
    let mut fields: Vec<_> = gift().as_object().unwrap().clone().into_iter().collect();
    fields.reverse();
    let reordered = create(Value::Object(fields.into_iter().collect())).await;
    assert_eq!((reordered.status, reordered.tag()), (201, first.tag()));
    let mut other = gift();
    other["key"] = json!("OTHER");
    assert_eq!(create(other).await.paths(), ["idempotency-key"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn requirements_are_planned() {
    let world = World::new().await;
    let mut body = gift();
    body["requirements"] = json!(" \n ");
    let blank = send(&world, Method::POST, ALL, None, Some(body.clone())).await;
    blank.refuses(&body, &[("/requirements", "not only spaces")]);
    body["requirements"] = json!("Carts can be gifts");
    let planned = send(&world, Method::POST, ALL, None, Some(body.clone())).await;
    assert_eq!(planned.status, 202, "{}", planned.text);
    let answer = planned.json();
    let execution = answer["execution"].as_str().unwrap();
    assert_eq!(planned.headers["location"], format!("/api/v1/executions/{execution}"));
    assert_eq!((&answer["project"]["key"], &answer["state"]), (&json!("GIFT"), &json!("started")));
    let execution = world.table.execution(execution).await.unwrap().unwrap();
    assert_eq!((execution.workflow.as_str(), execution.project.as_deref()), ("planning", Some("GIFT")));

    // If it cannot be planned, it is not created either. And a project with work in progress stays.
    let open = send(&world, Method::DELETE, GIFT, Some("*"), None).await;
    assert_eq!(open.status, 409, "{}", open.text);
    assert!(
        open.json()["detail"].as_str().unwrap().contains("of the project has not ended"),
        "{}",
        open.text
    );
    let mut routes = (*world.table.routes(world.now()).await.unwrap()).clone();
    routes.workflows.remove("planning");
    world.table.put_routes(&routes).await.unwrap();
    body["key"] = json!("TOYS");
    let refused = send(&world, Method::POST, ALL, None, Some(body)).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert_eq!(world.table.managed::<Project>("TOYS").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_of_one_project_changes_that_one_and_reaches_no_other_by_it() {
    let world = World::new().await;
    let mut file = configuration(json!({}));
    let admin = file.users.iter_mut().find(|user| user.name == "shop-admin").unwrap();
    admin.roles =
        Roles::InProjects([("GIFT".to_owned(), [domain::configuration::Role::Admin].into())].into());
    world.table.put_configuration(&file).await.unwrap();
    assert_eq!(world.send_as("shop-admin", Method::POST, ALL, None, Some(gift())).await.status, 403);
    assert_eq!(send(&world, Method::POST, ALL, None, Some(gift())).await.status, 201);
    let change = async |person: &str, change: Value| {
        let mut body = gift();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        world.send_as(person, Method::PUT, GIFT, Some("*"), Some(body)).await.status
    };
    assert_eq!(change("shop-admin", json!({"channel": "#gift"})).await, 200);
    assert_eq!(change("shop-admin", json!({"repository": "acme/shop"})).await, 403);
    assert_eq!(
        change("shop-admin", json!({"providers": {"version_control": "github", "monitoring": "cloudwatch"}}))
            .await,
        403
    );
    assert_eq!(change("admin", json!({"repository": "acme/gifts"})).await, 200);
    assert_eq!(change("developer", json!({})).await, 403);
    assert_eq!(change("shop-viewer", json!({})).await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_has_it_in_force_at_once() {
    let world = World::new().await;
    let elsewhere = Table::new(world.table_client(), "ticketsmith");
    assert!(elsewhere.configuration(world.now()).await.unwrap().project("GIFT").is_none());
    assert_eq!(send(&world, Method::POST, ALL, None, Some(gift())).await.status, 201);
    assert!(elsewhere.configuration(world.now()).await.unwrap().project("GIFT").is_some());
    // `serve` puts its file in force at each start.
    elsewhere.put_configuration(&configuration(json!({}))).await.unwrap();
    assert_eq!(send(&world, Method::GET, GIFT, None, None).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_are_listed_in_pages() {
    let world = World::new().await;
    assert_eq!(send(&world, Method::POST, ALL, None, Some(gift())).await.status, 201);
    let mut seen = Vec::new();
    let mut path = format!("{ALL}?limit=1");
    loop {
        let page = send(&world, Method::GET, &path, None, None).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["key"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{ALL}?limit=1&cursor={next}");
    }
    assert_eq!(seen, ["SHOP", "WEB", "GIFT"]);
    let of_shop = world.send_as("shop-viewer", Method::GET, ALL, None, None).await.json();
    assert_eq!(of_shop["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_in_is_told_what_does_not_work() {
    let world = World::new().await;
    let health =
        async |token: Option<&str>| world.ask(Method::GET, "/api/v1/health", token, None).await.json();
    let session = world.session("viewer");
    assert_eq!(health(Some(&session)).await, json!({"status": "ok"}));
    let github = "github".parse().unwrap();
    for _ in 0..5 {
        world.table.count_failure(&github, world.now()).await.unwrap();
    }
    let degraded = health(Some(&session)).await;
    assert_eq!(
        (&degraded["status"], &degraded["reasons"][0]["kind"]),
        (&json!("degraded"), &json!("provider"))
    );
    let detail = degraded["reasons"][0]["detail"].as_str().unwrap();
    assert!(detail.starts_with("`github` keeps failing"), "{detail}");
    world.table.close_circuit(&github).await.unwrap();
    world.execution("SHOP").await;
    world.advance(SignedDuration::from_mins(5));
    assert_eq!(health(Some(&session)).await["status"], "ok");
    world.advance(SignedDuration::from_mins(10));
    assert_eq!(health(Some(&session)).await["reasons"][0]["kind"], "sweeper");
    for nobody in [None, Some("guess")] {
        assert_eq!(health(nobody).await, json!({"status": "ok"}));
    }
}
