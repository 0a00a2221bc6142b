use axum::Router;
use axum::routing::post;
use reqwest::Method;
use serde_json::{Value, json};

use simulators::webhook::sign_sha256;

use crate::harness::Harness;

#[tokio::test]
async fn a_delivery_is_posted_and_its_answer_told() {
    let world = Harness::start().await;
    let receiver = Router::new()
        .route("/webhooks/jira", post(async |body: String| (axum::http::StatusCode::ACCEPTED, body)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, receiver).await });
    let order = json!({"trigger": "label", "to": to});
    let receipt = world.control(Method::POST, "/deliver", Some(order)).await;
    assert_eq!((receipt.status, &receipt.body["status"]), (200, &json!(202)));
    assert_eq!(receipt.body["body"]["issue"]["key"], "TES-41");
    let own =
        json!({"trigger": {"kind": "jira-comment", "ticket": "TES-41", "text": "hi", "by": "ada"}, "to": to});
    assert_eq!(
        world.control(Method::POST, "/deliver", Some(own)).await.body["body"]["webhookEvent"],
        "comment_created"
    );

    let unknown =
        world.control(Method::POST, "/deliver", Some(json!({"trigger": "nothing", "to": to}))).await;
    assert_eq!(unknown.status, 400);
    assert!(unknown.body["error"].as_str().unwrap().contains("the world has: command, issue, label"));
    drop(to);
    let nobody = json!({"trigger": "label", "to": "http://127.0.0.1:1"});
    assert_eq!(world.control(Method::POST, "/deliver", Some(nobody)).await.status, 502);
}

#[tokio::test]
async fn no_page_of_another_host_or_origin_reaches_the_control_address() {
    let world = Harness::start().await;
    let url = format!("{}/_world/secrets", world.simulation.control_url());
    let status = async |name: &str, value: &str| {
        world.client.get(&url).header(name, value).send().await.unwrap().status().as_u16()
    };
    let address = world.simulation.control_url().trim_start_matches("http://").to_owned();
    let port = address.rsplit(':').next().unwrap().to_owned();
    for host in
        [address.as_str(), "127.0.0.1", "localhost", "LOCALHOST:1", "[::1]:80", &format!("localhost:{port}")]
    {
        assert_eq!(status("host", host).await, 200, "{host}");
    }
    for host in [
        "evil.example",
        &format!("evil.example:{port}"),
        "127.0.0.1.evil.example",
        "localhost.",
        "127.0.0.1@evil.example",
        "0.0.0.0",
        "",
    ] {
        assert_eq!(status("host", host).await, 403, "{host}");
    }
    assert_eq!(status("origin", &format!("http://{address}")).await, 200);
    for origin in ["https://evil.example", "null", "", "http://localhost.evil.example"] {
        assert_eq!(status("origin", origin).await, 403, "{origin}");
    }
}

#[tokio::test]
async fn exports_stay_inside_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    let exports = folder.path().join("exports");
    std::fs::create_dir(&exports).unwrap();
    std::os::unix::fs::symlink(folder.path(), exports.join("link")).unwrap();
    let world = Harness::exporting_to(&exports).await;
    let export = async |dir: &str| {
        let order = json!({"dir": dir, "repository": "acme/tool"});
        world.control(Method::POST, "/export", Some(order)).await
    };
    for dir in [
        "../outside",
        "/tmp/outside",
        "link/outside",
        "a/../../outside",
        folder.path().join("x").to_str().unwrap(),
    ] {
        let answer = export(dir).await;
        assert_eq!(answer.status, 400, "{dir}: {}", answer.body);
        assert!(
            answer.body["error"].as_str().unwrap().contains("leads out of the folder"),
            "{}",
            answer.body
        );
    }
    assert_eq!(export("shop").await.status, 204);
    assert!(exports.join("shop/.git").is_dir());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn repositories_of_a_world_stay_inside_their_folders() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("world");
    std::fs::create_dir_all(folder.join("shop")).unwrap();
    std::fs::create_dir(outer.path().join("private")).unwrap();
    std::os::unix::fs::symlink(outer.path().join("private"), folder.join("link")).unwrap();
    let start = async |name: &str, path: &str| {
        let text = include_str!("world.yaml").replace("name: acme/tool", &format!("name: {name}"));
        let text = text.replace("files: { README.md: \"# Tool\\n\" }", &format!("path: {path}"));
        let world = simulators::World::parse(&text, folder.clone()).unwrap();
        simulators::Simulation::start(world, simulators::Options::default())
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    };
    for name in [
        "../../escape",
        "acme/../escape",
        "acme/..",
        "./x",
        "acme/a/b",
        "acme/",
        "/etc",
        "acme/a b",
        "acme/é",
    ] {
        let problem = start(name, "shop").await.unwrap_err();
        assert!(
            problem.contains("github.repositories[0].name") && problem.contains("owner/name"),
            "{name}: {problem}"
        );
    }
    for path in ["..", "../private", "link", "/etc", "shop/../../private"] {
        let problem = start("acme/tool", path).await.unwrap_err();
        assert!(
            problem.contains("github.repositories[0].path: ") && problem.contains("leads out of the folder"),
            "{path}: {problem}"
        );
    }
    assert_eq!(std::fs::read_dir(outer.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn a_fault_meets_one_request_and_everything_is_logged_without_secrets() {
    let world = Harness::start().await;
    let fault = json!({"service": "jira", "path": "/issue/TES-41$", "status": 429, "headers": {"retry-after": "7"},
                       "body": {"errorMessages": ["slow down"]}});
    assert_eq!(world.control(Method::POST, "/faults", Some(fault)).await.status, 204);
    assert_eq!(world.jira(Method::GET, "/issue/TES-41", None).await.status, 429);
    assert_eq!(world.jira(Method::GET, "/issue/TES-41", None).await.status, 200);
    world.slack("chat.postMessage", json!({"channel": "dev", "text": "the token is jira-token"})).await;

    let log = world.control(Method::GET, "/log", None).await.body;
    let statuses: Vec<&Value> = log.as_array().unwrap().iter().map(|entry| &entry["status"]).collect();
    assert_eq!(statuses, [429, 200, 200]);
    assert_eq!(log[2]["request"]["text"], "the token is [redacted]");
    assert_eq!(log[0]["at"], "2026-03-02T09:00:00Z");
    let bad = world.control(Method::POST, "/faults", Some(json!({"path": "(", "status": 500}))).await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn a_truncated_answer_is_logged_but_not_received() {
    let world = Harness::start().await;
    let fault = json!({"service": "jira", "path": "/issue/TES-41$", "truncated": true});
    world.control(Method::POST, "/faults", Some(fault)).await;
    let url = format!("{}/rest/api/3/issue/TES-41", world.simulation.url("jira"));
    let request = world.client.get(url).basic_auth("bot@example.com", Some("jira-token"));
    let received = match request.send().await {
        Ok(response) => response.bytes().await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(received.is_err());
    assert_eq!(world.simulation.log().len(), 1);
}

#[tokio::test]
async fn the_configuration_points_at_the_simulated_services() {
    let world = Harness::start().await;
    let urls = world.simulation.urls();
    let configuration: Value = serde_saphyr::from_str(&world.simulation.configuration()).unwrap();
    assert_eq!(
        configuration["plugins"]["jira"],
        json!({"base_url": urls.get("jira").unwrap(), "secret": "jira"})
    );
    assert_eq!(configuration["plugins"]["slack"]["base_url"], format!("{}/api", urls.get("slack").unwrap()));
    let secrets = world.control(Method::GET, "/secrets", None).await.body;
    assert_eq!(secrets["slack"]["bot_token"], "xoxb-token");
}

#[tokio::test]
async fn an_unknown_call_is_recorded() {
    let world = Harness::start().await;
    assert_eq!(world.jira(Method::GET, "/nothing", None).await.status, 500);
    assert_eq!(world.simulation.violations()[0].path, "/rest/api/3/nothing");
    assert_eq!(world.jira(Method::PATCH, "/issue/TES-41", None).await.status, 500);
    assert_eq!(world.simulation.violations()[1].method, "PATCH");
}

#[test]
fn a_world_with_an_unknown_key_is_refused_with_its_place() {
    let error =
        simulators::World::parse("secrets: {}\nsigning: x\njira:\n  sekret: y\n", ".".into()).unwrap_err();
    assert!(error.contains("sekret") && error.contains('4'), "{error}");
}

#[tokio::test]
async fn an_issue_is_labelled_and_the_repository_exported() {
    let folder = tempfile::tempdir().unwrap();
    let world = Harness::exporting_to(folder.path()).await;
    let webhook = world.simulation.prepare("issue").unwrap();
    assert_eq!(webhook.path, "/webhooks/github");
    let header = |name: &str| webhook.headers.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    assert_eq!(header("x-github-event"), "issues");
    assert_eq!(header("x-hub-signature-256"), sign_sha256(&"github-signing".into(), &webhook.body));

    let order = json!({"dir": folder.path()});
    assert_eq!(world.control(Method::POST, "/export", Some(order)).await.status, 204);
    let one = folder.path().join("one");
    let order = json!({"dir": one, "repository": "acme/tool"});
    assert_eq!(world.control(Method::POST, "/export", Some(order)).await.status, 204);
    assert!(one.join(".git").is_dir());
    let unknown = json!({"dir": folder.path().join("two"), "repository": "acme/none"});
    let unknown = world.control(Method::POST, "/export", Some(unknown)).await;
    assert!(unknown.body["error"].as_str().unwrap().contains("acme/none"));
    let readme = folder.path().join("acme/tool/README.md");
    assert_eq!(std::fs::read_to_string(readme).unwrap(), "# Tool\n");
}

/// The world that ships with the program starts, and its people can do what it says they do.
#[tokio::test]
async fn the_shipped_world_starts() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("worlds/shop.yaml");
    let world = simulators::World::load(&path).unwrap();
    let names: Vec<String> = world.deliveries.keys().cloned().collect();
    let simulation = simulators::Simulation::start(world, simulators::Options::default()).await.unwrap();
    for name in names {
        assert!(simulation.prepare(&name).is_ok(), "{name}");
    }
    assert_eq!(simulation.state()["jira"][0]["status"], "Ready for Agent");
}

/// What the shipped model says can be done: each text to be replaced occurs once in the file of the shipped repository.
#[test]
fn the_shipped_edits_apply_to_the_shipped_repository() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("worlds");
    let world = simulators::World::load(&folder.join("shop.yaml")).unwrap();
    let replies = world
        .section::<simulators::claude::World>("claude")
        .unwrap()
        .replies
        .iter()
        .flat_map(|reply| &reply.turns)
        .flat_map(|turn| &turn.content);
    let mut checked = 0;
    for content in replies {
        let simulators::claude::Content::Json(reply) = content else { continue };
        for edit in reply["edits"].as_array().into_iter().flatten() {
            let path = folder.join("shop-repository").join(edit["path"].as_str().unwrap());
            assert_eq!(path.exists(), edit["operation"] != "create", "{}", path.display());
            for replacement in edit["replacements"].as_array().unwrap() {
                let search = replacement["search"].as_str().unwrap();
                let text = std::fs::read_to_string(&path).unwrap();
                assert_eq!(text.matches(search).count(), 1, "{}: {search:?}", path.display());
                checked += 1;
            }
        }
    }
    assert!(checked > 5);
}

/// The same of the calls of its agent: each text occurs once in the file as it is by then, except one that the next turn corrects.
#[test]
fn the_shipped_calls_apply_to_the_shipped_repository() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("worlds");
    let world = simulators::World::load(&folder.join("shop.yaml")).unwrap();
    let replies = &world.section::<simulators::claude::World>("claude").unwrap().replies;
    // A pull request is revised after it was made, and the world names what is more particular first.
    let turns = replies.iter().rev().filter(|reply| reply.is_conversation).flat_map(|reply| &reply.turns);
    let (mut files, mut refused) = (std::collections::BTreeMap::new(), 0);
    for content in turns.flat_map(|turn| &turn.content) {
        let simulators::claude::Content::ToolUse { name, input } = content else { continue };
        let path = input["path"].as_str().unwrap_or_default();
        let read = || std::fs::read_to_string(folder.join("shop-repository").join(path)).ok();
        let text = |field: &str| input[field].as_str().unwrap();
        match name.as_str() {
            "write_file" => {
                assert_eq!(read(), None, "{path}");
                files.insert(path, text("content").to_owned());
            }
            "edit_file" => {
                let file = files.entry(path).or_insert_with(|| read().unwrap());
                match file.matches(text("old_string")).count() {
                    1 => *file = file.replacen(text("old_string"), text("new_string"), 1),
                    count => refused += usize::from(count == 0),
                }
            }
            _ => {}
        }
    }
    assert_eq!((files.len(), refused), (7, 1));
}
