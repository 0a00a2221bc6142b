//! The client against a server that misbehaves.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking; the lint knows only test functions"
)]

mod downloads;
mod redaction;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::any;
use domain::{ActionError, Clock, ErrorKind};
use http_client::{Auth, Client, Failure, Gate, Optional, Options, Pause, Reply};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[derive(Debug)]
struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_700_000_000).unwrap()
    }
}

/// Serves every request with `answer` and gives a client of it.
async fn serve<F>(answer: F) -> Client
where
    F: Fn(Request) -> Response<Body> + Clone + Send + Sync + 'static,
{
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/base", listener.local_addr().unwrap());
    let router = Router::new().fallback(any(move |request: Request| {
        let answer = answer.clone();
        async move { answer(request) }
    }));
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    let options = Options::new().unwrap().clock(Arc::new(StoppedClock));
    Client::new("Jira", &base, Auth::Bearer("hunter2-token".into()), &options).unwrap()
}

fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response<Body> {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body.into()).unwrap()
}

async fn failure(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
) -> Failure {
    let client = serve(move |_| answer(status, headers, body)).await;
    client.get("/issue/{key}", &["SHOP-1"]).query("q", "private").send().await.unwrap_err()
}

async fn check(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    kind: ErrorKind,
    retry_after: Option<u64>,
    words: &str,
) {
    let Failure { status: seen, error, .. } = failure(status, headers, body).await;
    assert_eq!((seen, error.kind), (Some(status), kind), "{error}");
    assert_eq!(error.retry_after, retry_after.map(Duration::from_secs), "{error}");
    assert!(error.message.starts_with("Jira: GET /issue/SHOP-1"), "{error}");
    assert!(error.message.contains(words) && !error.message.contains("private"), "{error}");
}

#[tokio::test]
async fn statuses_become_kinds() {
    use ErrorKind::{Conflict, Rejected, Throttled, Unavailable};
    check(400, &[], r#"{"errorMessages":["Bad JQL"]}"#, Rejected, None, "Bad JQL").await;
    check(401, &[], r#"{"message":"Bad credentials"}"#, Rejected, None, "credentials were not accepted")
        .await;
    check(403, &[], r#"{"message":"Forbidden"}"#, Rejected, None, "Forbidden").await;
    check(404, &[("retry-after", "7")], "{}", Rejected, None, "(404)").await;
    check(409, &[], r#"{"message":"moved"}"#, Conflict, None, "moved").await;
    check(422, &[], r#"{"message":"Validation Failed"}"#, Rejected, None, "Validation Failed").await;
    check(429, &[("retry-after", "7")], "", Throttled, Some(7), "no reason was given").await;
    check(429, &[], "{}", Throttled, None, "(429)").await;
    check(500, &[], "<html>\n  oops </html>", Unavailable, None, "<html> oops </html>").await;
    check(503, &[("retry-after", "3")], "", Unavailable, Some(3), "(503)").await;
    check(529, &[], r#"{"error":{"message":"Overloaded"}}"#, Unavailable, None, "Overloaded").await;
}

#[tokio::test]
async fn github_limits_come_as_403() {
    let headers = &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000042")];
    check(403, headers, r#"{"message":"API limit"}"#, ErrorKind::Throttled, Some(42), "API limit").await;
    let secondary = r#"{"message":"You have exceeded a secondary rate limit."}"#;
    check(403, &[], secondary, ErrorKind::Throttled, Some(60), "secondary").await;
    check(403, &[("retry-after", "9")], secondary, ErrorKind::Throttled, Some(9), "secondary").await;
}

#[tokio::test]
async fn what_the_provider_quotes_is_cut_and_redacted() {
    let client =
        serve(|_| answer(400, &[], format!("token hunter2-token is bad {}", "x".repeat(9000)))).await;
    let error = ActionError::from(client.get("/x", &[]).send().await.unwrap_err());
    assert!(error.message.contains("token [redacted] is bad"), "{error}");
    assert!(error.message.chars().count() < 600, "{error}");
    assert!(!format!("{client:?}").contains("hunter2"));
}

#[tokio::test]
async fn answers_that_are_not_what_was_asked_for() {
    let client = serve(|_| answer(200, &[("content-type", "text/html")], "<html>Log in</html>")).await;
    let error = client.get("/x", &[]).send().await.unwrap().json::<Value>().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(error.message.contains("text/html") && error.message.contains("base_url"), "{error}");

    #[derive(Debug, serde::Deserialize)]
    struct Issue {
        #[expect(dead_code, reason = "only its absence is tested")]
        key: String,
    }
    let client = serve(|_| answer(200, &[], r#"{"id": "1"}"#)).await;
    let error = client.get("/x", &[]).send().await.unwrap().json::<Issue>().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Internal);
    assert!(error.message.contains("missing field `key`"), "{error}");

    let client = serve(|_| answer(200, &[], vec![b' '; 2000])).await.largest_answer(1999);
    let error = client.get("/x", &[]).send().await.unwrap_err().error;
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(error.message.contains("refused"), "{error}");
}

#[tokio::test]
async fn connections_that_fail_are_unavailable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        assert_ne!(connection.read(&mut request).await.unwrap(), 0);
        let half = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"a\":";
        connection.write_all(half.as_bytes()).await.unwrap();
    });
    let client = Client::new("Jira", &base, Auth::None, &Options::new().unwrap()).unwrap();
    let error = client.get("/x", &[]).send().await.unwrap_err().error;
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("broke off"), "{error}");

    let client =
        serve(|_| answer(200, &[], Body::from_stream(futures::stream::pending::<Result<Bytes, String>>())))
            .await
            .default_timeout(Duration::from_millis(50));
    let error = client.get("/x", &[]).query("q", "private").send().await.unwrap_err().error;
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("within 0.05 s") && !error.message.contains("private"), "{error}");

    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let options = Options::new().unwrap();
    let client = Client::new("Jira", &format!("http://{closed}"), Auth::None, &options).unwrap();
    let error = client.get("/x", &[]).query("q", "private").send().await.unwrap_err().error;
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("could not connect") && error.message.contains("refused"), "{error}");
    assert!(!error.message.contains("private"), "{error}");
}

#[tokio::test]
async fn nothing_is_sent_twice() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let client = serve(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        answer(502, &[], "")
    })
    .await;
    client.post("/x", &[]).json(&json!({})).send().await.unwrap_err();
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn redirects_stay_at_home() {
    let client = serve(|request| match request.uri().path() {
        "/base/renamed" => answer(307, &[("location", "/base/new")], ""),
        "/base/away" => answer(302, &[("location", "https://evil.example/?token=private")], ""),
        "/base/loop" => answer(302, &[("location", "/base/loop")], ""),
        path => {
            let method = request.method();
            let token = request.headers()["authorization"].to_str().unwrap();
            answer(200, &[], json!({"path": path, "method": method.as_str(), "token": token}).to_string())
        }
    })
    .await;
    let answer = client.post("/renamed", &[]).json(&json!({})).send().await.unwrap();
    let expected = json!({"path": "/base/new", "method": "POST", "token": "Bearer hunter2-token"});
    assert_eq!(answer.json::<Value>().unwrap(), expected);
    let error = client.get("/away", &[]).send().await.unwrap_err().error;
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(error.message.contains("evil.example") && !error.message.contains("private"), "{error}");
    assert_eq!(client.get("/loop", &[]).send().await.unwrap_err().status, Some(302));
}

#[tokio::test]
async fn what_is_not_there_can_be_asked_for() {
    let client = serve(|request| {
        let status = request.uri().path().trim_start_matches("/base/").parse().unwrap();
        answer(status, &[], "{}")
    })
    .await;
    assert!(client.get("/404", &[]).send().await.optional().unwrap().is_none());
    assert!(client.get("/200", &[]).send().await.optional().unwrap().is_some());
    assert_eq!(client.get("/403", &[]).send().await.optional().unwrap_err().status, Some(403));
    assert!(client.get("/403", &[]).send().await.unwrap_err().says(403, "{"));
}

#[tokio::test]
async fn a_request_whose_time_is_over_is_not_sent() {
    let client = serve(|_| answer(200, &[], "{}")).await;
    let late = client.get("/x", &[]).within(Duration::ZERO).send().await.unwrap_err();
    assert!(!late.was_sent && late.error.message.contains("was not sent"), "{}", late.error);
    client.get("/x", &[]).within(Duration::from_secs(60)).send().await.unwrap();
    let nobody = Client::new("Jira", "http://127.0.0.1:1", Auth::None, &Options::new().unwrap()).unwrap();
    let unconnected = nobody.get("/x", &[]).send().await.unwrap_err();
    assert!(!unconnected.was_sent && unconnected.error.kind == ErrorKind::Unavailable);
    let broken = serve(|_| answer(500, &[], "{}")).await;
    assert!(broken.get("/x", &[]).send().await.unwrap_err().was_sent);
}

struct CountingGate {
    allowed: usize,
    passed: AtomicUsize,
    ended: Mutex<Vec<Reply>>,
}

fn gate(allowed: usize) -> Arc<CountingGate> {
    Arc::new(CountingGate { allowed, passed: AtomicUsize::new(0), ended: Mutex::default() })
}

#[async_trait]
impl Gate for CountingGate {
    async fn pass(&self) -> Result<(), ActionError> {
        match self.passed.fetch_add(1, Ordering::SeqCst) < self.allowed {
            true => Ok(()),
            false => Err(ActionError::throttled("Jira is asked too often", None)),
        }
    }

    async fn ended(&self, reply: Reply) {
        self.ended.lock().unwrap().push(reply);
    }
}

#[tokio::test]
async fn a_gate_stands_before_requests_and_hears_how_they_end() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/busy", any(|| async { (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "5")]) }))
        .route("/broken", any(|| async { StatusCode::BAD_GATEWAY }));
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    let gate = gate(7);
    let options = Options::new().unwrap().gate(Arc::clone(&gate) as Arc<dyn Gate>);
    let client = Client::new("Jira", &base, Auth::None, &options).unwrap();
    let nobody = Client::new("Jira", "http://127.0.0.1:1", Auth::None, &options).unwrap();
    assert_eq!(client.get("/busy", &[]).send().await.unwrap_err().status, Some(429));
    assert_eq!(client.get("/missing", &[]).send().await.unwrap_err().status, Some(404));
    assert_eq!(client.get("/broken", &[]).send().await.unwrap_err().status, Some(502));
    assert_eq!(nobody.get("/x", &[]).send().await.unwrap_err().status, None);
    // The gate's own refusals say nothing about the provider.
    let refused = client.get("/busy", &[]).send().await.unwrap_err();
    assert_eq!((refused.status, refused.error.message.as_str()), (None, "Jira is asked too often"));
    let asked = Reply::AskedToWait(Some(Duration::from_secs(5)));
    let others = [Reply::Answered, Reply::Failed, Reply::Failed];
    assert_eq!(*gate.ended.lock().unwrap(), [&[asked; 4][..], &others].concat());
}

#[tokio::test]
async fn what_is_throttled_is_sent_again_when_its_turn_comes() {
    let asked = Arc::new(AtomicUsize::new(0));
    let busy_once = move || {
        let first = asked.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            match first {
                true => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "5")]).into_response(),
                false => {
                    [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000042")].into_response()
                }
            }
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/busy", any(busy_once));
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    let gate = gate(2);
    let options = Options::new().unwrap().gate(Arc::clone(&gate) as Arc<dyn Gate>);
    let client = Client::new("Jira", &base, Auth::None, &options).unwrap();
    client.get("/busy", &[]).send().await.unwrap();
    let asked = Reply::AskedToWait(Some(Duration::from_secs(5)));
    // The window that the answer says is used up is long over.
    assert_eq!(*gate.ended.lock().unwrap(), [asked, Reply::AnsweredLast(Duration::ZERO)]);
}

#[derive(Debug, Default)]
struct Pauses(Mutex<Vec<u64>>);

#[async_trait]
impl Pause for Pauses {
    async fn pause(&self, duration: Duration) {
        self.0.lock().unwrap().push(duration.as_secs());
    }
}

#[tokio::test]
async fn what_comes_too_early_is_sent_again_for_seven_seconds() {
    let (asked, pauses) = (Arc::new(AtomicUsize::new(0)), Arc::new(Pauses::default()));
    let counted = asked.clone();
    let client = serve(move |_| match counted.fetch_add(1, Ordering::SeqCst) {
        2 => answer(200, &[], "{}"),
        _ => answer(404, &[], r#"{"message": "Not Found"}"#),
    })
    .await;
    let options = Options::new().unwrap().pause(pauses.clone());
    let client = Client::new("Jira", client.base_url(), Auth::None, &options).unwrap();
    let is_early = |failure: &Failure| failure.status == Some(404);
    assert!(client.get("/new", &[]).send_settled(is_early).await.is_ok());
    assert_eq!(*pauses.0.lock().unwrap(), [1, 2]);

    let failure = client.get("/none", &[]).send_settled(is_early).await.unwrap_err();
    assert_eq!((failure.status, failure.words().as_str()), (Some(404), "Not Found"));
    assert_eq!(*pauses.0.lock().unwrap(), [1, 2, 1, 2, 4]);
    assert!(client.get("/final", &[]).send_settled(|failure| failure.status == Some(409)).await.is_err());
    assert_eq!(asked.load(Ordering::SeqCst), 8);
}
