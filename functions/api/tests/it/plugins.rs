//! Plugin instances that the API manages, in addition to those of the configuration file.

use crate::answer::Answer;
use crate::world::{World, configuration};
use axum::http::Method;
use domain::PluginInstance;
use domain::configuration::Role;
use records::{Archived, Table};
use serde_json::{Value, json};

const ALL: &str = "/api/v1/plugins";
const GHE: &str = "/api/v1/plugins/version_control/ghe/config";
const ADDRESS: &str = "https://jira.acme.example";

fn jira(name: &str) -> Value {
    json!({"name": name, "provider": "jira", "settings": {"base_url": ADDRESS}})
}

fn config(name: &str) -> String {
    format!("{ALL}/task_management/{name}/config")
}

/// Sends a request as an admin.
async fn send(world: &World, method: Method, path: &str, tag: Option<&str>, body: Option<Value>) -> Answer {
    world.send_as("admin", method, path, tag, body).await
}

async fn add(world: &World, plugin: Value) -> Answer {
    send(world, Method::POST, ALL, None, Some(plugin)).await
}

/// The changes of the configuration, newest first.
async fn audited(world: &World) -> Vec<String> {
    let audit = send(world, Method::GET, "/api/v1/audit", None, None).await.json();
    audit["items"].as_array().unwrap().iter().map(|item| item["what"].as_str().unwrap().to_owned()).collect()
}

/// The names that somebody sees, with who manages each.
async fn listed(world: &World, person: &str) -> Vec<String> {
    let answer = world.send_as(person, Method::GET, ALL, None, None).await.json();
    let words = |item: &Value| format!("{} {} {}", item["type"], item["name"], item["managed_by"]);
    answer["items"].as_array().unwrap().iter().map(|item| words(item).replace('"', "")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_instance_is_added_changed_and_archived() {
    let world = World::new().await;
    let elsewhere = Table::new(world.table_client(), "ticketsmith");
    assert!(elsewhere.configuration(world.now()).await.unwrap().instance("old").is_none());
    let added = add(&world, jira("old")).await;
    assert_eq!(added.status, 201, "{}", added.text);
    assert_eq!(
        (added.headers["location"].to_str().unwrap(), added.tag().as_str()),
        (&*config("old"), "\"1\"")
    );
    let shown = send(&world, Method::GET, &config("old"), None, None).await;
    assert_eq!((shown.json(), shown.tag()), (added.json(), added.tag()));
    let expected = json!({
        "name": "old", "provider": "jira", "secret": "ticketsmith/work#old", "rate_limit": "2/s", "managed_by": "api",
        "settings": {"base_url": ADDRESS, "custom_fields": {}},
    });
    assert_eq!(shown.json(), expected);
    // Every process has it at once, with the forms of its tickets.
    let configured = elsewhere.configured(world.now()).await.unwrap();
    assert_eq!(configured.configuration.instance("old").unwrap().secret(), "ticketsmith/work#old");
    let ticket = configured.references.read("https://jira.acme.example/browse/SHOP-1").unwrap();
    assert_eq!(ticket.instance.as_str(), "old");
    let again = add(&world, jira("old")).await;
    assert_eq!(again.json()["detail"], "there is a plugin with the name `old` already", "{}", again.text);
    // Those that no project uses are for admins.
    let (old, github) = ("task_management old api", "version_control github file");
    assert_eq!(listed(&world, "admin").await, [old, github]);
    assert_eq!(listed(&world, "viewer").await, [github]);
    assert_eq!(world.send_as("viewer", Method::GET, &config("old"), None, None).await.status, 404);

    // A project uses it from now on; then it stays.
    let providers = json!({"version_control": "github", "task_management": "old"});
    let project = json!({"key": "GIFT", "repository": "acme/gift", "providers": providers});
    let made = send(&world, Method::POST, "/api/v1/projects", None, Some(project)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(listed(&world, "viewer").await, [old, github]);
    let refused = send(&world, Method::DELETE, &config("old"), Some("*"), None).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert_eq!(refused.json()["detail"], "projects use `old`: GIFT; change or archive them first");
    let gone = send(&world, Method::DELETE, "/api/v1/projects/R0lGVA", Some("*"), None).await;
    assert_eq!(gone.status, 200, "{}", gone.text);

    let put = async |tag: Option<&str>, body: &Value| {
        send(&world, Method::PUT, &config("old"), tag, Some(body.clone())).await
    };
    let mut changed = jira("old");
    changed["settings"]["base_url"] = json!("https://tickets.acme.example");
    changed["rate_limit"] = json!("90/min");
    assert_eq!(put(None, &changed).await.json()["code"], "precondition_required");
    assert_eq!(put(Some("\"2\""), &changed).await.json()["code"], "precondition_failed");
    let done = put(Some("\"1\""), &changed).await;
    assert_eq!((done.status, done.tag().as_str()), (200, "\"2\""), "{}", done.text);
    assert_eq!(done.json()["rate_limit"], "90/min");
    let read = elsewhere.configured(world.now()).await.unwrap();
    assert!(read.references.read("https://tickets.acme.example/browse/SHOP-1").is_some());
    assert!(read.references.read("https://jira.acme.example/browse/SHOP-1").is_none());
    // An answer can be sent back.
    let mut back = done.json();
    back.as_object_mut().unwrap().remove("managed_by");
    let back = put(Some("*"), &back).await;
    assert_eq!((back.status, back.json()), (200, done.json()), "{}", back.text);
    for (field, other) in [("name", "other"), ("provider", "linear")] {
        let mut body = jira("old");
        body[field] = json!(other);
        let refused = put(Some("*"), &body).await;
        assert_eq!((refused.status, refused.paths()), (422, vec![format!("/{field}")]), "{}", refused.text);
    }

    let delete = async |tag| send(&world, Method::DELETE, &config("old"), tag, None).await;
    assert_eq!((delete(None).await.status, delete(Some("\"2\"")).await.status), (428, 412));
    let gone = delete(Some("\"3\"")).await;
    assert_eq!((gone.status, gone.json()["archived_by"].clone()), (200, json!("admin")), "{}", gone.text);
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(send(&world, method, &config("old"), Some("*"), None).await.status, 404);
    }
    assert!(elsewhere.configuration(world.now()).await.unwrap().instance("old").is_none());
    let done = audited(&world).await;
    for what in ["add the plugin old of jira; ", "change the plugin old; ", "archive the plugin old"] {
        assert!(done.iter().any(|done| done.starts_with(what)), "{what}: {done:?}");
    }
    // What was refused changes nothing.
    assert_eq!(done.iter().filter(|done| done.starts_with("add the plugin old")).count(), 1, "{done:?}");
    let moved = "base_url \"https://tickets.acme.example\" instead of \"https://jira.acme.example\"";
    assert!(done.iter().any(|done| done.contains(moved)), "{done:?}");
    // It can be added again.
    assert_eq!(add(&world, jira("old")).await.tag(), "\"5\"");
}

/// A service without credentials has no secret to show, and its answer can be sent back.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_needs_no_credentials_shows_no_secret() {
    let world = World::new().await;
    let added = add(&world, json!({"name": "numbers", "provider": "cloudwatch"})).await;
    assert_eq!(added.status, 201, "{}", added.text);
    let mut shown = added.json();
    assert_eq!(shown.get("secret"), None, "{shown}");
    shown.as_object_mut().unwrap().remove("managed_by");
    let path = format!("{ALL}/monitoring/numbers/config");
    let back = send(&world, Method::PUT, &path, Some("*"), Some(shown)).await;
    assert_eq!((back.status, back.json()), (200, added.json()), "{}", back.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_file_manages_is_changed_there() {
    let world = World::new().await;
    let place = "`github` is managed by the configuration file, at plugins.github; change it there";
    let added = add(&world, json!({"name": "github"})).await;
    assert_eq!(added.status, 409, "{}", added.text);
    assert!(added.text.contains(place), "{}", added.text);
    let path = format!("{ALL}/version_control/github/config");
    let shown = send(&world, Method::GET, &path, None, None).await;
    assert_eq!(shown.json()["managed_by"], "file");
    for (method, body) in [(Method::PUT, Some(json!({"name": "github"}))), (Method::DELETE, None)] {
        let refused = send(&world, method, &path, Some(&shown.tag()), body).await;
        assert!(refused.status == 409 && refused.text.contains(place), "{}", refused.text);
    }

    // A file with the name of one that the API manages wins, at once.
    assert_eq!(add(&world, jira("old")).await.status, 201);
    let mut file = configuration(json!({}));
    let section = json!({"provider": "linear"});
    file.plugins.insert("old".parse().unwrap(), serde_json::from_value(section).unwrap());
    world.table.put_configuration(&file).await.unwrap();
    let configuration = world.table.configuration(world.now()).await.unwrap();
    assert_eq!(configuration.instance("old").unwrap().provider(), "linear");
    let archived = world.table.archive_managed_of_file::<PluginInstance>(&file, "serve", world.now()).await;
    assert_eq!(archived.unwrap(), ["old"]);
    let kept = world.table.managed::<PluginInstance>("old").await.unwrap().unwrap();
    assert_eq!(kept.archived, Some(Archived::File));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_place_that_is_not_accepted_is_said() {
    let world = World::new().await;
    let check = async |body: Value, expected: &[(&str, &str)]| {
        let answer = add(&world, body.clone()).await;
        answer.refuses(&body, expected);
    };
    check(
        json!({"name": "Old Jira", "provider": "a b", "rate_limit": "fast"}),
        &[
            ("/name", "`Old Jira` is not a name under plugins; accepted: up to 40 of a-z"),
            ("/provider", "`a b` is not a provider's name"),
            ("/rate_limit", "`fast` is not a rate; accepted: "),
        ],
    )
    .await;
    check(json!({"name": "gihub"}), &[("/name", "`gihub` is not a provider")]).await;
    check(json!({"name": "old", "provider": "jirra"}), &[("/provider", "jira (did you mean that?)")]).await;
    check(json!({"name": "api", "provider": "slack"}), &[("/name", "the name is reserved")]).await;
    check(json!({"name": "old", "provider": "jira"}), &[("/settings", "`base_url` is missing")]).await;
    let token = ["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"].join("_");
    check(
        json!({"name": "old", "provider": "jira", "secret": "ticketsmith/sign-in",
            "settings": {"base_url": "http://acme.example", "link_type": token, "bas_url": 1}}),
        &[
            ("/secret", "has a secret of its own; accepted: `ticketsmith/work#old`"),
            ("/settings/base_url", "it is not encrypted"),
            ("/settings/link_type", "this looks like a GitHub token"),
            ("/settings/bas_url", "unknown key; did you mean `base_url`?"),
        ],
    )
    .await;
    check(
        json!({"name": "numbers", "provider": "cloudwatch", "secret": "ticketsmith/work#numbers", "settings": {"source": "aws.x"}}),
        &[
            ("/secret", "`cloudwatch` needs no credentials; leave it out"),
            ("/settings", "source `aws.x` is not accepted"),
        ],
    )
    .await;
    check(
        json!({"name": "old", "provider": "jira", "settings": {"base_url": "https://a.example", "link_type": "x".repeat(20_000)}}),
        &[("", "accepted: at most 16384")],
    )
    .await;
    for name in ["nonsense!", "WA", &"a".repeat(10_000)] {
        assert_eq!(send(&world, Method::DELETE, &config(name), Some("*"), None).await.status, 404);
    }
}

/// Admins who add services must not reach ports that trust every caller on the machine or in its cloud.
#[tokio::test(flavor = "multi_thread")]
async fn no_service_is_on_this_machine_or_among_those_of_the_cloud() {
    let world = World::new().await;
    for (address, said) in [
        ("http://127.0.0.1:9001", "it is on the machine that Ticketsmith runs on; accepted: "),
        ("https://localhost", "it is on the machine that Ticketsmith runs on; accepted: "),
        ("https://169.254.169.254", "it is a link-local address"),
        ("https://[fd00:ec2::254]", "it is a link-local address"),
    ] {
        let mut body = jira("old");
        body["settings"]["base_url"] = json!(address);
        add(&world, body.clone()).await.refuses(&body, &[("/settings/base_url", said)]);
    }
    assert_eq!(add(&world, jira("old")).await.status, 201);
    let mut moved = jira("old");
    moved["settings"]["base_url"] = json!("http://127.0.0.1:9001");
    let refused = send(&world, Method::PUT, &config("old"), Some("*"), Some(moved)).await;
    assert_eq!(
        (refused.status, refused.paths()),
        (422, vec!["/settings/base_url".to_owned()]),
        "{}",
        refused.text
    );
    let mut private = jira("desk");
    private["settings"]["base_url"] = json!("https://10.0.0.7");
    assert_eq!(add(&world, private).await.status, 201);
}

/// Whoever chooses an instance's address must not choose the credentials that are sent to it.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_has_no_credentials_of_another() {
    let world = World::new().await;
    let mut file = configuration(json!({}));
    let section = json!({"provider": "jira", "base_url": ADDRESS, "secret": "ticketsmith/work#old"});
    file.plugins.insert("tracker".parse().unwrap(), serde_json::from_value(section).unwrap());
    file.webhooks.secret = "ticketsmith/work#signing".to_owned();
    world.table.put_configuration(&file).await.unwrap();
    for (name, owner) in [("old", "plugins.tracker"), ("signing", "webhooks")] {
        let refused = add(&world, jira(name)).await;
        assert_eq!((refused.status, refused.paths()), (422, vec!["/name".to_owned()]), "{}", refused.text);
        let said = format!("its secret `ticketsmith/work#{name}` would be that of {owner}");
        assert!(refused.text.contains(&said), "{}", refused.text);
    }
    assert_eq!(add(&world, jira("other")).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_the_configuration_goes_with_it() {
    let world = World::new().await;
    let mut file = configuration(json!({}));
    let github = file.plugins.remove("github").unwrap();
    let section = domain::configuration::Section { provider: Some("github".parse().unwrap()), ..github };
    file.plugins.insert("cloud".parse().unwrap(), section);
    for project in &mut file.projects {
        project.providers.values_mut().for_each(|name| *name = "cloud".parse().unwrap());
    }
    world.table.put_configuration(&file).await.unwrap();
    // With two instances of GitHub, an account at `github` could be at either.
    let body = json!({"name": "ghe", "provider": "github", "settings": {"base_url": "https://git.acme.example/api/v3"}});
    let refused = add(&world, body).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert!(refused.text.contains("`ghe` does not go with the rest of the configuration: users[0].github"));
    assert_eq!(send(&world, Method::GET, GHE, None, None).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_of_all_projects_change_them_and_no_machine() {
    let world = World::new().await;
    for person in ["viewer", "developer", "approver", "shop-admin"] {
        let refused = world.send_as(person, Method::POST, ALL, None, Some(jira("old"))).await;
        assert_eq!(refused.status, 403, "{person}: {}", refused.text);
        let reason =
            format!("{person} may not change services and their settings; people with the role admin may");
        assert_eq!(refused.json()["detail"], reason);
    }
    let (token, _) = world.machine_token("admin", &[Role::Admin], None).await;
    assert_eq!(world.ask(Method::POST, ALL, Some(&token), Some(jira("old"))).await.status, 403);
    assert_eq!(add(&world, jira("old")).await.status, 201);
    let delete = async |credential: &str| {
        let headers = [("authorization", format!("Bearer {credential}")), ("if-match", "*".to_owned())];
        world.send(Method::DELETE, &config("old"), &headers, None).await.status
    };
    assert_eq!((delete(&token).await, delete(&world.session("shop-admin")).await), (403, 403));
    assert_eq!(delete(&world.session("admin")).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_listed_in_pages() {
    let world = World::new().await;
    for name in ["one", "two"] {
        assert_eq!(add(&world, jira(name)).await.status, 201);
    }
    let (mut seen, mut path) = (Vec::new(), format!("{ALL}?limit=2"));
    loop {
        let page = send(&world, Method::GET, &path, None, None).await.json();
        let items = page["items"].as_array().unwrap();
        assert!((1..=2).contains(&items.len()), "{page}");
        seen.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{ALL}?limit=2&cursor={next}");
    }
    assert_eq!(seen, ["one", "two", "github"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_are_added_at_once_are_checked_together() {
    let world = World::new().await;
    let create = async |name: &str| add(&world, jira(name)).await.status;
    let statuses: [u16; 3] = tokio::join!(create("one"), create("one"), create("two")).into();
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(201), count(409)), (2, 1), "{statuses:?}");
}
