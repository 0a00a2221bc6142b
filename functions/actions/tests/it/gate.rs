//! A gate in front of the table at which an invocation can be killed: at any of its writes, before or after it took effect.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// When an invocation is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kill {
    /// At which of its writes, counted from 0.
    pub(crate) at: usize,
    /// Whether the write took effect.
    pub(crate) after: bool,
}

/// The gate. It lets everything through until it is told to kill.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    kill: Mutex<Option<Kill>>,
    killed: Notify,
}

impl Gate {
    /// Kills at a write of what follows.
    pub(crate) fn kill(&self, kill: Kill) {
        *self.kill.lock().unwrap() = Some(kill);
    }

    /// Lets everything through; says if nothing was killed.
    pub(crate) fn open(&self) -> bool {
        self.kill.lock().unwrap().take().is_some()
    }

    /// What an invocation gives, or `None` when it is killed: it is dropped where it is.
    pub(crate) async fn unless_killed<T>(&self, invocation: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            given = invocation => Some(given),
            () = self.killed.notified() => None,
        }
    }

    /// Whether a write is the one to kill at.
    fn is_due(&self) -> Option<Kill> {
        let mut kill = self.kill.lock().unwrap();
        let due = *kill.as_ref()?;
        match due.at {
            0 => kill.take(),
            at => {
                *kill = Some(Kill { at: at - 1, ..due });
                None
            }
        }
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
    let kill = if is_write { gate.is_due() } else { None };
    if kill.is_some_and(|kill| !kill.after) {
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
    if kill.is_some() {
        gate.killed.notify_one();
        return pending().await;
    }
    let kept = headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
    let kept = kept.filter(|(name, _)| !matches!(name.as_str(), "transfer-encoding" | "content-length"));
    (status, kept.collect(), body)
}
