//! Any text is refused as a JSONata expression or evaluated, within its bounds.

#![no_main]

use std::cell::LazyCell;
use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::Request;
use engine::{Engine, FunctionError, Invoke, Settings, SystemClock};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// No expression calls a function of Lambda.
struct NoFunctions;

#[async_trait]
impl Invoke for NoFunctions {
    async fn invoke(&self, function: &str, _payload: Value) -> Result<Value, FunctionError> {
        Err(FunctionError::not_found(function))
    }
}

struct Bench {
    runtime: Runtime,
    engine: Engine,
    _folder: tempfile::TempDir,
}

thread_local! {
    static BENCH: LazyCell<Bench> = LazyCell::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log.sqlite");
        let engine =
            Engine::open(&log, Arc::new(SystemClock), Arc::new(NoFunctions), Settings::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Bench { runtime, engine, _folder: folder }
    });
}

fuzz_target!(|source: &str| {
    let state = json!({ "QueryLanguage": "JSONata", "Type": "Pass", "Output": format!("{{% {source} %}}"), "End": true });
    let input = json!({ "a": [1, "b", { "a": null }], "text": "abc" });
    let request = json!({
        "definition": state.to_string(),
        "input": input.to_string(),
        "roleArn": "arn:aws:iam::000000000000:role/any",
    });
    let request = Request::post("/")
        .header("x-amz-target", "AWSStepFunctions.TestState")
        .body(Body::from(request.to_string()))
        .unwrap();
    BENCH.with(|bench| {
        let response = bench.runtime.block_on(bench.engine.router().oneshot(request)).unwrap();
        assert!(!response.status().is_server_error());
    });
});
