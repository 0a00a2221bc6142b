//! People whom the API manages, in addition to those of the configuration file.

use crate::answer::Answer;
use crate::world::{World, configuration};
use axum::http::Method;
use domain::configuration::{Role, User};
use domain::{Actor, SourceName};
use jiff::SignedDuration;
use records::{Archived, JoinedAccount, LinkAccount, LinkCode, Table};
use serde_json::{Value, json};

/// `grace` and `admin` in base64url.
const GRACE: &str = "/api/v1/people/Z3JhY2U";
const ADMIN: &str = "/api/v1/people/YWRtaW4";
const ALL: &str = "/api/v1/people";
pub(crate) const ME: &str = "/api/v1/me";

fn grace() -> Value {
    json!({"name": "grace", "roles": ["developer"], "accounts": {"github": "grace-h"}})
}

/// Sends a request as an admin.
async fn send(world: &World, method: Method, path: &str, tag: Option<&str>, body: Option<Value>) -> Answer {
    world.send_as("admin", method, path, tag, body).await
}

pub(crate) async fn add(world: &World, person: Value) -> Answer {
    let added = send(world, Method::POST, ALL, None, Some(person)).await;
    // A person who is added signs in afterward.
    world.advance(SignedDuration::from_secs(1));
    added
}

/// The changes of the configuration, newest first.
async fn audited(world: &World) -> Vec<String> {
    let audit = send(world, Method::GET, "/api/v1/audit", None, None).await.json();
    audit["items"].as_array().unwrap().iter().map(|item| item["what"].as_str().unwrap().to_owned()).collect()
}

/// Joins an account of a tracker to a person.
async fn join(world: &World, person: &str) {
    let account = |source: &'static str, id: &str| LinkAccount {
        source: SourceName::from_static(source),
        id: id.to_owned(),
        name: id.to_owned(),
    };
    let (first, second) = (account("github", "grace-h"), account("jira", "5b10"));
    let now = world.now();
    let code = LinkCode {
        first: first.clone(),
        second: Some(second.clone()),
        first_confirmed_at: Some(now),
        second_confirmed_at: Some(now),
        joined_at: None,
        valid_until: now + SignedDuration::from_mins(15),
    };
    world.table.put_link_code("ABCDEFGHIJ", &code).await.unwrap();
    let joined = JoinedAccount { account: second, by: first, person: person.to_owned(), at: now };
    assert!(world.table.join_account("ABCDEFGHIJ", &joined).await.unwrap());
}

/// The person of an account, for a function that has the file in memory.
async fn person_of(table: &Table, world: &World, login: &str) -> Option<String> {
    let source = SourceName::from_static("github");
    let actor = Actor { source, id: login.to_owned(), display_name: None, person: None };
    table.configured(world.now()).await.unwrap().configuration.identify(actor).person
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_added_changed_and_archived() {
    let world = World::new().await;
    let elsewhere = Table::new(world.table_client(), "ticketsmith");
    assert_eq!(person_of(&elsewhere, &world, "grace-h").await, None);
    let added = add(&world, grace()).await;
    assert_eq!(added.status, 201, "{}", added.text);
    assert_eq!((added.headers["location"].to_str().unwrap(), added.tag().as_str()), (GRACE, "\"1\""));
    let shown = send(&world, Method::GET, GRACE, None, None).await;
    assert_eq!((shown.json(), shown.tag()), (added.json(), added.tag()));
    assert_eq!(shown.json()["managed_by"], "api");
    assert_eq!(shown.json()["accounts"], json!({"github": "grace-h"}));
    // They are known in every process at once, and sign in.
    assert_eq!(person_of(&elsewhere, &world, "Grace-H").await.as_deref(), Some("grace"));
    let session = world.session("grace");
    let me = async || world.ask(Method::GET, ME, Some(&session), None).await;
    assert_eq!(me().await.json()["roles"], json!(["developer"]));
    let listed = send(&world, Method::GET, ALL, None, None).await.json();
    let listed: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["name"].clone(), item["managed_by"].clone()))
        .collect();
    assert_eq!(listed.len(), 9);
    assert!(
        listed.contains(&(json!("grace"), json!("api"))) && listed.contains(&(json!("admin"), json!("file")))
    );
    let again = add(&world, json!({"name": "Grace"})).await;
    assert_eq!(again.status, 409, "{}", again.text);
    assert_eq!(again.json()["detail"], "there is a person with the name `Grace` already");

    let mut changed = grace();
    changed["roles"] = json!(["approver", "developer"]);
    let put = async |tag: Option<&str>, body: &Value| {
        send(&world, Method::PUT, GRACE, tag, Some(body.clone())).await
    };
    assert_eq!(put(None, &changed).await.json()["code"], "precondition_required");
    assert_eq!(put(Some("\"2\""), &changed).await.json()["code"], "precondition_failed");
    let done = put(Some("\"1\""), &changed).await;
    assert_eq!((done.status, done.tag().as_str()), (200, "\"2\""), "{}", done.text);
    // Roles count from the next request on.
    assert_eq!(me().await.json()["roles"], json!(["developer", "approver"]));
    // An answer can be sent back.
    let mut back = done.json();
    back.as_object_mut()
        .unwrap()
        .retain(|field, _| !["id", "groups", "managed_by"].contains(&field.as_str()));
    let back = put(Some("*"), &back).await;
    assert_eq!((back.status, back.json()), (200, done.json()), "{}", back.text);
    let other_name = put(Some("*"), &json!({"name": "Grace"})).await;
    assert_eq!((other_name.status, other_name.paths()), (422, vec!["/name".to_owned()]));

    let delete = async |tag| send(&world, Method::DELETE, GRACE, tag, None).await;
    assert_eq!((delete(None).await.status, delete(Some("\"2\"")).await.status), (428, 412));
    let gone = delete(Some("\"3\"")).await;
    assert_eq!((gone.status, gone.json()["archived_by"].clone()), (200, json!("admin")), "{}", gone.text);
    assert_eq!(gone.json()["roles"], json!(["developer", "approver"]));
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(send(&world, method, GRACE, Some("*"), None).await.status, 404);
    }
    assert_eq!(put(Some("*"), &grace()).await.status, 404);
    assert_eq!((me().await.status, person_of(&elsewhere, &world, "grace-h").await), (401, None));
    let done = audited(&world).await;
    for what in [
        "add the person grace with the roles developer",
        "change the person grace from the roles developer to the roles developer, approver",
        "change the person grace, who keeps the roles developer, approver",
        "archive the person grace with the roles developer, approver",
    ] {
        // What was refused changes nothing.
        assert_eq!(done.iter().filter(|done| *done == what).count(), 1, "{what}: {done:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_added_gets_nothing_that_somebody_of_the_same_name_had() {
    let world = World::new().await;
    assert_eq!(add(&world, grace()).await.status, 201);
    let session = world.session("grace");
    let (token, _) = world.machine_token("grace", &[Role::Developer], None).await;
    join(&world, "grace").await;
    let joined = async || world.table.joined_accounts("grace").await.unwrap().len();
    assert_eq!(joined().await, 1);
    let me = async |credential: &str| world.ask(Method::GET, ME, Some(credential), None).await.status;
    assert_eq!((me(&session).await, me(&token).await), (200, 200));
    assert_eq!(send(&world, Method::DELETE, GRACE, Some("*"), None).await.status, 200);
    assert_eq!((me(&session).await, me(&token).await), (401, 401));
    assert_eq!(add(&world, grace()).await.tag(), "\"3\"");
    assert_eq!((me(&session).await, me(&token).await, joined().await), (401, 401, 0));
    assert_eq!(me(&world.session("grace")).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_file_manages_is_changed_there() {
    let world = World::new().await;
    let added = add(&world, json!({"name": "Viewer"})).await;
    assert_eq!(added.status, 409, "{}", added.text);
    let place = "`Viewer` is managed by the configuration file, at users[0]; change it there";
    assert!(added.json()["detail"].as_str().unwrap().starts_with(place), "{}", added.text);
    let shown = send(&world, Method::GET, ADMIN, None, None).await;
    assert_eq!(shown.json()["managed_by"], "file");
    let body = json!({"name": "admin", "roles": ["admin"], "accounts": {"github": "admin"}});
    for (method, body) in [(Method::PUT, Some(body)), (Method::DELETE, None)] {
        let refused = send(&world, method, ADMIN, Some(&shown.tag()), body).await;
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert!(refused.text.contains("`admin` is managed by the configuration file, at users[3]"));
    }

    // A file with the account of one whom the API manages wins, at once.
    assert_eq!(add(&world, grace()).await.status, 201);
    let mut file = configuration(json!({}));
    file.users.push(serde_json::from_value(json!({"name": "other", "github": "GRACE-H"})).unwrap());
    world.table.put_configuration(&file).await.unwrap();
    assert_eq!(person_of(&world.table, &world, "grace-h").await.as_deref(), Some("other"));
    assert_eq!(send(&world, Method::GET, GRACE, None, None).await.status, 404);
    let archived = world.table.archive_managed_of_file::<User>(&file, "serve", world.now()).await.unwrap();
    assert_eq!(archived, ["grace"]);
    let kept = world.table.managed::<User>("grace").await.unwrap().unwrap();
    assert_eq!(kept.archived, Some(Archived::File));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_place_that_is_not_accepted_is_said() {
    let world = World::new().await;
    assert_eq!(add(&world, grace()).await.status, 201);
    let check = async |body: Value, expected: &[(&str, &str)]| {
        let answer = send(&world, Method::POST, ALL, None, Some(body.clone())).await;
        answer.refuses(&body, expected);
    };
    check(
        json!({"name": "x".repeat(101), "roles": ["boss"], "github": "x", "accounts": {"github": 1}, "project_roles": {"SHOP": "admin"}}),
        &[
            ("/name", "accepted: 1 to 100 characters, but it has 101"),
            ("/roles/0", "accepted: \"viewer\""),
            ("/github", "unknown field; accepted: "),
            ("/accounts/github", "accepted: string"),
            ("/project_roles/SHOP", "accepted: array"),
        ],
    )
    .await;
    check(
        json!({"name": " eve", "roles": ["viewer"], "project_roles": {"SHOP": ["admin"]}, "accounts": {"github": "a\nb"}}),
        &[
            ("/name", "without control characters"),
            ("/accounts/github", "without control characters"),
            ("/project_roles", "accepted: `roles` or `project_roles`"),
        ],
    )
    .await;
    check(
        json!({"name": "eve", "project_roles": {"NONE": ["viewer"]}, "accounts": {"github": "e v e", "gihub": "eve", "jira": "eve"}}),
        &[
            ("/project_roles/NONE", "there is no project `NONE`; accepted: SHOP, WEB"),
            ("/accounts/github", "`e v e` is not a GitHub login; accepted: one like `ada-l`"),
            ("/accounts/gihub", "unknown key; did you mean `github`? accepted: github"),
            ("/accounts/jira", "unknown key; accepted: github"),
        ],
    )
    .await;
    check(json!({"name": "leads"}), &[("/name", "a group has the name, too")]).await;
    check(json!({"name": "operator"}), &[("/name", "the name stands for whoever holds")]).await;
    // An account belongs to one person, even if the file and the API each have one of two people.
    for (login, owner) in [("Viewer", "viewer"), ("GRACE-H", "grace")] {
        let expected =
            format!("`{login}` is the account of `{owner}` already; an account belongs to one person");
        check(json!({"name": "eve", "accounts": {"github": login}}), &[("/accounts/github", &expected)])
            .await;
    }
    // Also of somebody who comes before them.
    assert_eq!(add(&world, json!({"name": "eve", "accounts": {"github": "eve"}})).await.status, 201);
    let body = json!({"name": "grace", "accounts": {"github": "eve"}});
    let taken = send(&world, Method::PUT, GRACE, Some("*"), Some(body)).await;
    assert_eq!((taken.status, taken.paths()), (422, vec!["/accounts/github".to_owned()]));
    let long: serde_json::Map<_, _> = (0..300).map(|n| (format!("SHOP{n}"), json!(["viewer"]))).collect();
    let answer =
        send(&world, Method::POST, ALL, None, Some(json!({"name": "long", "project_roles": long}))).await;
    assert!(answer.paths().contains(&String::new()) && answer.text.contains("accepted: at most 4096"));
    for id in ["nonsense!", "WA", &"A".repeat(10_000)] {
        let path = format!("{ALL}/{id}");
        assert_eq!(send(&world, Method::DELETE, &path, Some("*"), None).await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_who_are_added_at_once_do_not_share_an_account() {
    let world = World::new().await;
    let create = async |name: &str| {
        let body = json!({"name": name, "accounts": {"github": "same"}});
        send(&world, Method::POST, ALL, None, Some(body)).await.status
    };
    let mut statuses: [u16; 3] = tokio::join!(create("one"), create("two"), create("three")).into();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422, 422]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_the_role_admin_from_themselves() {
    let world = World::new().await;
    let body = |roles: Value| json!({"name": "grace", "roles": roles, "accounts": {"github": "grace-h"}});
    assert_eq!(add(&world, body(json!(["admin"]))).await.status, 201);
    let put = async |person: &str, body: Value| {
        world.send_as(person, Method::PUT, GRACE, Some("*"), Some(body)).await
    };
    for taken in [json!([]), json!(["developer", "viewer"])] {
        let refused = put("grace", body(taken)).await;
        assert_eq!(refused.status, 403, "{}", refused.text);
        assert_eq!(refused.json()["detail"], "you cannot remove your own admin role; ask another admin");
    }
    let in_a_project = json!({"name": "grace", "project_roles": {"SHOP": ["admin"]}});
    assert_eq!(put("grace", in_a_project).await.status, 403);
    assert_eq!(world.send_as("grace", Method::DELETE, GRACE, Some("*"), None).await.status, 403);
    assert_eq!(put("grace", body(json!(["admin", "viewer"]))).await.status, 200);
    // Another admin may; and then she gives herself nothing.
    assert_eq!(put("admin", body(json!(["developer"]))).await.status, 200);
    let raised = put("grace", body(json!(["admin"]))).await;
    assert_eq!(raised.status, 403, "{}", raised.text);
    for person in ["developer", "approver", "shop-admin"] {
        assert_eq!(put(person, body(json!(["admin"]))).await.status, 403);
    }
    let (token, _) = world.machine_token("admin", &[Role::Admin], None).await;
    let made =
        world.ask(Method::POST, ALL, Some(&token), Some(json!({"name": "robot", "roles": ["admin"]}))).await;
    assert_eq!(made.status, 403, "{}", made.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_listed_in_pages_and_added_once() {
    let world = World::new().await;
    let headers = [
        ("authorization", format!("Bearer {}", world.session("admin"))),
        ("idempotency-key", "once".to_owned()),
    ];
    let create = async |body: Value| world.send(Method::POST, ALL, &headers, Some(body)).await;
    let (first, second) = (create(grace()).await, create(grace()).await);
    assert_eq!((first.status, second.status, first.json()), (201, 201, second.json()));
    let mut seen = Vec::new();
    let mut path = format!("{ALL}?limit=4");
    loop {
        let page = send(&world, Method::GET, &path, None, None).await.json();
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{ALL}?limit=4&cursor={next}");
    }
    let expected = [
        "admin",
        "approver",
        "developer",
        "grace",
        "shop-admin",
        "shop-approver",
        "shop-developer",
        "shop-viewer",
        "viewer",
    ];
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_may_end_with_the_longest_name() {
    let world = World::new().await;
    let longest = ["a", "b"].map(|last| format!("{}{last}", "\u{1f600}".repeat(99)));
    for name in &longest {
        assert_eq!(add(&world, json!({"name": name})).await.status, 201);
    }
    let page = async |query: String| {
        let answer = send(&world, Method::GET, &format!("{ALL}?{query}"), None, None).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    };
    let all = page("limit=100".to_owned()).await["items"].as_array().unwrap().len();
    let first = page(format!("limit={}", all - 1)).await;
    assert_eq!(first["items"][all - 2]["name"], longest[0]);
    let rest = page(format!("limit={}&cursor={}", all - 1, first["next"].as_str().unwrap())).await;
    assert_eq!(rest["items"][0]["name"], longest[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_added_where_it_is_not_known_what_accounts_look_like() {
    let world = World::new().await;
    let mut references = (*world.table.references_of_file(world.now()).await.unwrap()).clone();
    references.providers.iter_mut().for_each(|provider| provider.account = None);
    world.table.put_references(&references).await.unwrap();
    let refused = add(&world, grace()).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert!(refused.text.contains("apply it again with `ticketsmith config apply`"), "{}", refused.text);
    // Projects need nothing of it.
    let project =
        json!({"key": "GIFT", "repository": "acme/gift", "providers": {"version_control": "github"}});
    let created = send(&world, Method::POST, "/api/v1/projects", None, Some(project)).await;
    assert_eq!(created.status, 201, "{}", created.text);
}
