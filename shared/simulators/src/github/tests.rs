//! The simulated GitHub over HTTP. Where the official description is at hand, every request and every answer of every
//! test is held against it.

mod apps;
mod code;
mod faults;
mod hooks;
mod issues;
mod pulls;
mod webhooks;

use std::{
    env,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex},
};

use axum::{Router, middleware::from_fn_with_state};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::{GitHub, Settings, World};
use crate::{
    clock::Clock,
    credentials::Secrets,
    description::{Description, RequestCheck, Violations, check_requests, unexpected_call},
    fault::{Fault, FaultPoint, Faults, inject},
    log::{Recorder, ServiceLog, record},
    service::Simulator,
};

const TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
const SIGNING: &str = "It's a Secret to Everybody";

/// GitHub's description of that name; when it is absent, the skip is recorded.
fn official(file: &str) -> Option<PathBuf> {
    test_inputs::description("the simulated GitHub's requests and answers", file)
}

static DESCRIPTION: LazyLock<Option<Arc<Description>>> =
    LazyLock::new(|| official("api.github.com.json").map(|path| Arc::new(Description::load(&path).unwrap())));

/// A GitHub that listens, and a client that speaks to it with the bot's token.
struct Server {
    github: GitHub,
    url: String,
    client: Client,
    token: Option<String>,
    violations: Violations,
    log: ServiceLog,
    faults: Faults,
    now: Arc<Mutex<Timestamp>>,
}

/// A world with one repository, two people and a bot.
fn world() -> Value {
    json!({
        "secret": "github",
        "bot": "robot",
        "users": [
            { "login": "ada", "name": "Ada Lovelace" },
            { "login": "eve" },
            { "login": "robot", "type": "Bot", "email": "robot@example.com" },
        ],
        "repositories": [{
            "name": "acme/shop",
            "files": { "README.md": "# Shop\n", "src/cart.py": "total = 0\n", "src/old.py": "pass\n" },
            "private": true,
            "protected": ["main"],
            "collaborators": { "ada": "write", "robot": "write" },
            "issues": [{ "title": "Add a discount", "user": "ada", "labels": ["feature"], "comments": [
                { "user": "ada", "body": "Please." },
            ] }],
            "checks": [{ "name": "test", "conclusion": "success" }],
        }],
    })
}

impl Server {
    async fn start() -> Self {
        Self::with(world(), json!({ "github": { "token": TOKEN } })).await
    }

    async fn with(world: Value, secrets: Value) -> Self {
        Self::in_folder(Path::new(env!("CARGO_MANIFEST_DIR")), world, secrets).await
    }

    async fn in_folder(folder: &Path, world: Value, secrets: Value) -> Self {
        let world: World = serde_json::from_value(world).unwrap();
        let secrets: Secrets = serde_json::from_value(secrets).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let now = Arc::new(Mutex::new("2026-03-02T09:00:00Z".parse().unwrap()));
        let shown = now.clone();
        let clock: Clock = Arc::new(move || *shown.lock().unwrap());
        let (log, violations, faults) = (ServiceLog::default(), Violations::default(), Faults::default());
        let settings = Settings {
            folder: folder.to_owned(),
            address: url.clone(),
            clock: clock.clone(),
            log: log.clone(),
        };
        let github = GitHub::start(&world, &secrets, SIGNING.into(), settings).unwrap();
        let descriptions = DESCRIPTION.iter().cloned().collect();
        let undescribed = GitHub::CHECKS_ITSELF;
        let check =
            RequestCheck { service: "github", descriptions, undescribed, violations: violations.clone() };
        let unknown = Router::new().fallback(unexpected_call).with_state(check.clone());
        let recorder = Recorder { service: "github", log: log.clone(), clock };
        let router = github
            .router()
            .fallback_service(unknown)
            .layer(from_fn_with_state(check, check_requests))
            .layer(from_fn_with_state(FaultPoint { service: "github", faults: faults.clone() }, inject))
            .layer(from_fn_with_state(recorder, record))
            .merge(github.pages());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = Client::builder().no_proxy().user_agent("tests").build().unwrap();
        Self { github, url, client, token: Some(TOKEN.into()), violations, log, faults, now }
    }

    fn pass(&self, time: SignedDuration) {
        let mut now = self.now.lock().unwrap();
        *now = now.checked_add(time).unwrap();
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method.parse::<Method>().unwrap(), format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request and gives the status and the JSON of the answer.
    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// The answer to a request below `/repos/acme/shop` that has to succeed.
    async fn ok(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.call(method, &format!("/repos/acme/shop{path}"), body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    async fn get(&self, path: &str) -> Value {
        self.ok("GET", path, None).await
    }

    /// The status and the words of an answer below `/repos/acme/shop` that has to be an error.
    async fn refused(&self, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
        let (status, answer) = self.call(method, &format!("/repos/acme/shop{path}"), body).await;
        let listed = answer["errors"].as_array().into_iter().flatten().map(|error| match &error["message"] {
            Value::String(message) => format!(": {message}"),
            _ => format!(": {} {}", error["field"].as_str().unwrap(), error["code"].as_str().unwrap()),
        });
        (status, format!("{}{}", answer["message"].as_str().unwrap(), listed.collect::<String>()))
    }

    /// Commits changes on top of a branch and moves the branch there, or makes it from `main`.
    async fn commit(&self, branch: &str, tree: Value) -> String {
        let (status, reference) =
            self.call("GET", &format!("/repos/acme/shop/git/ref/heads/{branch}"), None).await;
        let parent = match status {
            200 => reference["object"]["sha"].clone(),
            _ => self.get("/git/ref/heads/main").await["object"]["sha"].clone(),
        };
        let base =
            self.get(&format!("/git/commits/{}", parent.as_str().unwrap())).await["tree"]["sha"].clone();
        let tree = self.ok("POST", "/git/trees", Some(json!({ "base_tree": base, "tree": tree }))).await;
        let commit = json!({ "message": "Change", "tree": tree["sha"], "parents": [parent] });
        let commit = self.ok("POST", "/git/commits", Some(commit)).await["sha"].clone();
        if status == 200 {
            self.move_branch(branch, &parent, &commit, false).await.unwrap();
        } else {
            let reference = json!({ "ref": format!("refs/heads/{branch}"), "sha": commit });
            self.ok("POST", "/git/refs", Some(reference)).await;
        }
        commit.as_str().unwrap().to_string()
    }

    /// Moves a branch from one commit to another, or deletes it; the words of a refusal.
    async fn move_branch(&self, branch: &str, from: &Value, to: &Value, force: bool) -> Result<(), String> {
        let id = self.get("").await["node_id"].clone();
        let update = json!({ "name": format!("refs/heads/{branch}"), "beforeOid": from, "afterOid": to, "force": force });
        let input = json!({ "repositoryId": id, "refUpdates": [update] });
        let query = "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }";
        let body = json!({ "query": query, "variables": { "input": input } });
        let (status, answer) = self.call("POST", "/graphql", Some(body)).await;
        assert_eq!(status, 200, "{answer}");
        match answer["errors"][0]["message"].as_str() {
            Some(message) => Err(message.into()),
            None => Ok(()),
        }
    }

    /// Deletes a branch, wherever it is.
    async fn delete_branch(&self, branch: &str) -> Result<(), String> {
        let head = self.get(&format!("/git/ref/heads/{branch}")).await["object"]["sha"].clone();
        self.move_branch(branch, &head, &json!("0".repeat(40)), true).await
    }

    /// Opens a pull request from a branch with one new file.
    async fn pull(&self, branch: &str) -> u64 {
        let file =
            json!({ "path": format!("{branch}.txt"), "mode": "100644", "type": "blob", "content": "new\n" });
        self.commit(branch, json!([file])).await;
        let pull = json!({ "title": "Change", "head": branch, "base": "main", "body": "Why." });
        self.ok("POST", "/pulls", Some(pull)).await["number"].as_u64().unwrap()
    }

    /// Asserts that nothing unexpected was asked, and that every answer had the form the official description gives it.
    #[track_caller]
    fn finish(self) {
        assert_eq!(self.violations.all(), []);
        assert_eq!(self.faults.waiting(), []);
        let Some(description) = DESCRIPTION.as_ref() else { return };
        for entry in self.log.entries() {
            if !entry.response.is_object() && !entry.response.is_array() {
                continue;
            }
            let method = entry.method.parse().unwrap();
            // These go without saying in the description of most calls.
            if matches!(entry.status, 401 | 403 | 429 | 500..) || undescribed(&entry.path) {
                continue;
            }
            let checked = description.check_answer(&method, &entry.path, entry.status, &entry.response);
            assert_eq!(checked, Ok(()), "{} {} {}", entry.method, entry.path, entry.response);
        }
    }
}

fn undescribed(path: &str) -> bool {
    GitHub::CHECKS_ITSELF.contains(&path)
}

fn blob(path: &str, content: &str) -> Value {
    json!({ "path": path, "mode": "100644", "type": "blob", "content": content })
}

fn names<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|entry| entry[field].as_str().unwrap()).collect()
}

#[tokio::test]
async fn callers_are_told_how_many_requests_are_left() {
    let mut world = world();
    world["rate_limit"] = json!(3);
    let server = Server::with(world, json!({ "github": { "token": TOKEN } })).await;
    let response = server.request("GET", "/repos/acme/shop").send().await.unwrap();
    assert_eq!(response.headers()["x-ratelimit-limit"], "3");
    assert_eq!(response.headers()["x-ratelimit-remaining"], "2");
    assert_eq!(response.headers()["x-ratelimit-reset"], "1772445600");
    assert!(response.headers().contains_key("x-github-request-id"));
    server.get("").await;
    server.get("").await;
    let (status, message) = server.refused("GET", "", None).await;
    assert_eq!((status, message.as_str()), (403, "API rate limit exceeded for this account."));
    server.pass(SignedDuration::from_hours(1));
    server.get("").await;
    server.finish();
}

#[tokio::test]
async fn strangers_do_not_learn_that_a_private_repository_exists() {
    let mut server = Server::start().await;
    assert_eq!(server.get("").await["full_name"], "acme/shop");
    server.token = None;
    assert_eq!(server.refused("GET", "", None).await, (404, "Not Found".into()));
    server.token = Some("ghp_wrong".into());
    assert_eq!(server.refused("GET", "", None).await, (401, "Bad credentials".into()));
    server.finish();
}

#[tokio::test]
async fn unknown_calls_are_recorded() {
    let server = Server::start().await;
    let (status, _) = server.call("GET", "/repos/acme/shop/teapots", None).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(server.violations.all()[0].path, "/repos/acme/shop/teapots");
}
