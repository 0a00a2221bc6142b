//! A client of the API for tests.

use crate::support::{EXECUTION_LIMIT, World, eventually};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// An answer of the API.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// A client with the installation's own token.
pub(crate) struct Api {
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) client: Client,
}

impl Api {
    pub(crate) fn of(world: &World) -> Self {
        let running = std::fs::read(world.folder().join(".ticketsmith/running.json")).unwrap();
        let running: Value = serde_json::from_slice(&running).unwrap();
        let text = |name: &str| running[name].as_str().unwrap().to_owned();
        let client = Client::builder().no_proxy().timeout(EXECUTION_LIMIT).build().unwrap();
        Self { url: text("api_url"), token: text("token"), client }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_by("ada", method, path)
    }

    pub(crate) fn request_by(&self, person: &str, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        request.bearer_auth(&self.token).header("ticketsmith-as", person)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answered(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        answered(self.request(Method::POST, path).json(body)).await
    }

    /// A page of a list, which must be one.
    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body["items"].as_array().unwrap().clone()
    }

    /// Waits until an execution has an outcome, and gives it.
    pub(crate) async fn with_outcome(&self, name: &str, outcomes: &[&str]) -> Value {
        let look = async || {
            let execution = self.get(&format!("/executions/{name}")).await.body;
            outcomes.iter().any(|outcome| execution["outcome"] == *outcome).then_some(execution)
        };
        eventually(&format!("{name} to be {outcomes:?}"), EXECUTION_LIMIT, look).await
    }

    /// All frames of an execution that has ended, read three at a time.
    pub(crate) async fn frames(&self, name: &str) -> Vec<Value> {
        let ended = async || {
            let (mut frames, mut after) = (Vec::new(), json!(0));
            loop {
                let page = self.get(&format!("/executions/{name}/events?limit=3&after={after}")).await.body;
                let items = page["items"].as_array().unwrap().clone();
                after = page["last"].clone();
                let is_over = items.is_empty();
                frames.extend(items);
                if page["ended"] == true {
                    return Some(frames);
                }
                if is_over {
                    return None;
                }
            }
        };
        let frames = eventually(&format!("the last frame of {name}"), EXECUTION_LIMIT, ended).await;
        let sequences: Vec<_> = frames.iter().map(|frame| frame["sequence"].as_u64().unwrap()).collect();
        assert_eq!(sequences, (1..=frames.len() as u64).collect::<Vec<_>>());
        frames
    }

    /// Starts `ask` on a ticket and waits for its question.
    pub(crate) async fn asked(&self, ticket: &str) -> String {
        let body = json!({ "workflow": "ask", "inputs": { "task_id": ticket } });
        let accepted = self.post("/workflows/execute", &body).await;
        assert_eq!(accepted.status, 202, "{}", accepted.body);
        let name = accepted.body["execution"].as_str().unwrap().to_owned();
        assert_eq!(accepted.headers["location"], format!("/api/v1/executions/{name}"));
        self.with_outcome(&name, &["waiting"]).await;
        name
    }
}

pub(crate) async fn answered(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    assert!(headers.contains_key("x-request-id"), "{status} {text}");
    let body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {status} {text}"));
    let media_type = headers["content-type"].to_str().unwrap();
    if status.is_success() {
        assert_eq!(media_type, "application/json");
    } else {
        assert_eq!(media_type, "application/problem+json");
        assert_eq!(body["status"], status.as_u16());
        assert_eq!(body["request_id"], headers["x-request-id"].to_str().unwrap());
        assert!(body["code"].is_string() && body["detail"].is_string(), "{body}");
    }
    Answer { status, headers, body }
}
