//! Lambda's Runtime API with one invocation: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use axum::body::Body;
use axum::http::{HeaderMap, Uri};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The deadline of the one invocation, in milliseconds.
const TIME_LIMIT: u128 = 30_000;

/// A listener that hands out one event, and after it none.
#[derive(Debug)]
pub struct RuntimeApi {
    /// `127.0.0.1:PORT`, for `AWS_LAMBDA_RUNTIME_API`.
    pub address: String,
    polled: UnboundedReceiver<Instant>,
    answered: UnboundedReceiver<(Instant, bool, Value)>,
}

/// The observed behavior of a runtime.
#[derive(Debug)]
pub struct Served {
    /// When it first asked for an event.
    pub polled: Instant,
    /// When its answer was there.
    pub answered: Instant,
    /// Whether the answer is not an error.
    pub good: bool,
    /// The answer.
    pub answer: Value,
}

impl RuntimeApi {
    /// Starts to listen. It ends with the runtime.
    pub async fn start(event: Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (polls, polled) = unbounded_channel();
        let (answers, answered) = unbounded_channel();
        let errors = answers.clone();
        let taken = Arc::new(AtomicBool::new(false));
        let router = Router::new()
            .route(
                "/2018-06-01/runtime/invocation/next",
                get(move || next(event.clone(), Arc::clone(&taken), polls.clone())),
            )
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(async move |body: String| told(&answers, true, &body)),
            )
            .fallback(async move |uri: Uri, body: String| told(&errors, false, &format!("{uri} {body}")));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, polled, answered }
    }

    /// Waits until a runtime has asked and answered.
    ///
    /// # Panics
    /// When it does not within the limit, since then there is nothing to measure.
    pub async fn served(&mut self, limit: Duration) -> Served {
        let both = async {
            let polled = self.polled.recv().await.unwrap();
            let (answered, good, answer) = self.answered.recv().await.unwrap();
            Served { polled, answered, good, answer }
        };
        tokio::time::timeout(limit, both).await.unwrap()
    }
}

async fn next(event: Value, taken: Arc<AtomicBool>, polls: UnboundedSender<Instant>) -> (HeaderMap, Body) {
    if taken.swap(true, Ordering::SeqCst) {
        return pending().await;
    }
    // Nobody listens anymore once the measurement is over.
    let _over = polls.send(Instant::now());
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() + TIME_LIMIT;
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:benchmark".to_owned(),
        ),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0".to_owned(),
        ),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    (headers, Body::from(event.to_string()))
}

fn told(answers: &UnboundedSender<(Instant, bool, Value)>, good: bool, body: &str) -> Json<Value> {
    let at = Instant::now();
    let answer = serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()));
    let _over = answers.send((at, good, answer));
    Json(Value::Null)
}
