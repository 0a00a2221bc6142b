//! Holds each request of a function until a scheduler says what becomes of it.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};

/// What becomes of a request, and of the function that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is carried out and answered.
    Passes,
    /// The function is killed before it arrives.
    KilledBefore,
    /// It is carried out, and the function is killed before the answer arrives.
    KilledAfter,
}

/// Answers requests to AWS: the table, Step Functions and Secrets Manager.
#[async_trait::async_trait]
pub(crate) trait Backend: Send + Sync + 'static {
    async fn answer(&self, target: &str, headers: &HeaderMap, body: Bytes) -> (StatusCode, Bytes);
}

struct Held {
    decided: oneshot::Sender<(Fate, oneshot::Sender<()>)>,
}

/// The requests of one function, and whether they are held.
pub(crate) struct Turnstile {
    held: Mutex<VecDeque<Held>>,
    pub(crate) arrived: Arc<Notify>,
}

impl Turnstile {
    /// Listens for the requests of one function; gives where.
    pub(crate) async fn start(backend: Arc<dyn Backend>, arrived: Arc<Notify>) -> (Arc<Self>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let turnstile = Arc::new(Self { held: Mutex::new(VecDeque::new()), arrived });
        let router = Router::new().fallback(pass).with_state((Arc::clone(&turnstile), backend));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (turnstile, url)
    }

    pub(crate) fn holds(&self) -> bool {
        !self.held.lock().unwrap().is_empty()
    }

    /// Decides on the request that was held first, and waits until it is carried out where it is.
    pub(crate) async fn decide(&self, fate: Fate) {
        let held = self.held.lock().unwrap().pop_front().unwrap();
        let (done, is_done) = oneshot::channel();
        if held.decided.send((fate, done)).is_ok() {
            let _gone = is_done.await;
        }
    }

    /// Forgets the requests of a function that was killed.
    pub(crate) fn clear(&self) {
        self.held.lock().unwrap().clear();
    }
}

async fn pass(
    State((turnstile, backend)): State<(Arc<Turnstile>, Arc<dyn Backend>)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (decided, decision) = oneshot::channel();
    turnstile.held.lock().unwrap().push_back(Held { decided });
    turnstile.arrived.notify_one();
    let Ok((fate, done)) = decision.await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let target = headers["x-amz-target"].to_str().unwrap().to_owned();
    // Carried out even if the connection is gone meanwhile.
    let carried_out = tokio::spawn(async move {
        let answer = backend.answer(&target, &headers, body).await;
        drop(done);
        answer
    });
    let (status, body) = carried_out.await.unwrap();
    let form = [("content-type", "application/x-amz-json-1.0")];
    match fate {
        Fate::Passes => (status, form, body).into_response(),
        // Nobody listens any more.
        Fate::KilledBefore | Fate::KilledAfter => std::future::pending().await,
    }
}
