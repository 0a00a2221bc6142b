//! Starts a world and speaks HTTP with it.

use std::path::{Path, PathBuf};

use reqwest::{Client, Method, Response};
use serde_json::Value;
use simulators::{Options, Simulation, World, clock};

const WORLD: &str = include_str!("world.yaml");

/// A running simulation of `world.yaml`, and a client that shows its credentials.
pub(crate) struct Harness {
    pub(crate) simulation: Simulation,
    pub(crate) client: Client,
}

/// A JSON answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Harness {
    pub(crate) async fn start() -> Self {
        Self::start_with(None).await
    }

    /// Starts with official descriptions from a folder.
    pub(crate) async fn start_with(descriptions: Option<PathBuf>) -> Self {
        let clock = clock::fixed("2026-03-02T09:00:00Z".parse().unwrap());
        Self::with(Options { descriptions, clock: Some(clock), ..Options::default() }).await
    }

    /// Starts with a folder for exports.
    pub(crate) async fn exporting_to(exports: &Path) -> Self {
        Self::with(Options { exports: exports.to_owned(), ..Options::default() }).await
    }

    async fn with(options: Options) -> Self {
        let world = World::parse(WORLD, PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("worlds")).unwrap();
        let simulation = Simulation::start(world, options).await.unwrap();
        Self { simulation, client: Client::builder().no_proxy().build().unwrap() }
    }

    pub(crate) async fn jira(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}/rest/api/3{path}", self.simulation.url("jira"));
        self.send(self.client.request(method, url).basic_auth("bot@example.com", Some("jira-token")), body)
            .await
    }

    pub(crate) async fn confluence(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}/wiki{path}", self.simulation.url("confluence"));
        self.send(self.client.request(method, url).basic_auth("bot@example.com", Some("wiki-token")), body)
            .await
    }

    pub(crate) async fn slack(&self, method: &str, body: Value) -> Value {
        let url = format!("{}/api/{method}", self.simulation.url("slack"));
        let request = self.client.post(url).bearer_auth("xoxb-token");
        let answer = self.send(request, Some(body)).await;
        assert_eq!(answer.status, 200);
        answer.body
    }

    pub(crate) async fn claude(&self, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}{path}", self.simulation.url("claude"));
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let request = self.client.request(method, url).header("x-api-key", "claude-key");
        self.send(request.header("anthropic-version", "2023-06-01"), body).await
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}/_world{path}", self.simulation.control_url());
        self.send(self.client.request(method, url), body).await
    }

    async fn send(&self, request: reqwest::RequestBuilder, body: Option<Value>) -> Answer {
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        Answer::read(request.send().await.unwrap()).await
    }
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        Self { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }
}
