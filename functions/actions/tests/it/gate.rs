//! A gate in front of the table at which an invocation can be killed: right after any of its writes, or right before one, when what it
//! did outside is done and not recorded.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// The gate. It lets everything through until it is told to kill.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// The number of writes that still take place before the kill.
    kill: Mutex<Option<usize>>,
    /// Whether that write no longer takes place.
    is_before: AtomicBool,
    killed: Notify,
}

impl Gate {
    /// Kills after this write of the following ones, counted from 0.
    pub(crate) fn kill_after(&self, write: usize) {
        self.is_before.store(false, Ordering::SeqCst);
        *self.kill.lock().unwrap() = Some(write);
    }

    /// Kills before this write of the following ones, counted from 0: it never takes place.
    pub(crate) fn kill_before(&self, write: usize) {
        self.is_before.store(true, Ordering::SeqCst);
        *self.kill.lock().unwrap() = Some(write);
    }

    /// Lets everything through; says if nothing was killed.
    pub(crate) fn open(&self) -> bool {
        self.kill.lock().unwrap().take().is_some()
    }

    /// The result of an invocation, or `None` if it is killed: it is dropped where it is.
    pub(crate) async fn unless_killed<T>(&self, invocation: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            given = invocation => Some(given),
            () = self.killed.notified() => None,
        }
    }

    /// Whether to kill after a write.
    fn is_due(&self) -> bool {
        let mut kill = self.kill.lock().unwrap();
        let left = *kill;
        *kill = left.and_then(|left| left.checked_sub(1));
        left == Some(0)
    }
}

/// The address of the gate in front of a table's server.
pub(crate) async fn in_front_of(table: SocketAddr, gate: Arc<Gate>) -> SocketAddr {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let state = (gate, client, format!("http://{table}/"));
    let router = Router::new().fallback(forward).with_state(state);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

async fn forward(
    State((gate, client, table)): State<(Arc<Gate>, reqwest::Client, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, Bytes) {
    let target = headers["x-amz-target"].to_str().unwrap();
    let operation = target.rsplit('.').next().unwrap();
    let is_write = matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems");
    let is_due = is_write && gate.is_due();
    if is_due && gate.is_before.load(Ordering::SeqCst) {
        gate.killed.notify_one();
        return pending().await;
    }
    let mut request = client.post(table).body(body);
    for name in ["x-amz-target", "content-type", "authorization", "x-amz-date"] {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.unwrap();
    if is_due {
        gate.killed.notify_one();
        return pending().await;
    }
    let kept = headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
    let kept = kept.filter(|(name, _)| !matches!(name.as_str(), "transfer-encoding" | "content-length"));
    (status, kept.collect(), body)
}
