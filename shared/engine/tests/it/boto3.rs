//! The API, through boto3 in a separate Python.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use engine::SystemClock;
use serde_json::json;

use crate::bench::{Functions, open};

#[tokio::test]
async fn boto3_speaks_to_the_engine_unchanged() {
    let Some(python) = test_inputs::installed("the engine's API through boto3", "TICKETSMITH_PYTHON") else {
        return;
    };
    let functions = Functions::default()
        .with("greet", |_, payload| Ok(json!({ "hello": payload })))
        .with("ask", |_, _| Ok(json!(null)));
    let folder = tempfile::tempdir().unwrap();
    let engine = open(&folder.path().join("log.sqlite"), Arc::new(SystemClock), Arc::new(functions));
    engine.resume().await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = engine.router();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/python_client.py");
    let ran = tokio::task::spawn_blocking(move || Command::new(python).arg(script).arg(endpoint).output());
    let ran = ran.await.unwrap().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(String::from_utf8_lossy(&ran.stdout).trim(), "ok");
}
