//! Serves the engine on 127.0.0.1 for a client in another process, such as boto3.
//!
//! `cargo run -p engine --example serve -- LAMBDA_ENDPOINT` prints one line of JSON, `{"endpoint": "http://127.0.0.1:…"}`,
//! and serves until its input ends. Functions are invoked at `LAMBDA_ENDPOINT` by Lambda's Invoke API:
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>. The log is kept in a folder that is removed at the
//! end.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine::{Durability, Engine, FunctionError, Invoke, Settings, SystemClock};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

struct LambdaEndpoint {
    client: reqwest::Client,
    endpoint: String,
}

#[async_trait]
impl Invoke for LambdaEndpoint {
    async fn invoke(&self, function: &str, payload: Value) -> Result<Value, FunctionError> {
        let unknown = |error: &dyn Error| FunctionError::new("Lambda.Unknown", error.to_string());
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.endpoint);
        let response = self.client.post(url).json(&payload).send().await.map_err(|error| unknown(&error))?;
        if response.status() == reqwest::StatusCode::NOT_FOUND {
            return Err(FunctionError::not_found(function));
        }
        let failed = response.headers().contains_key("x-amz-function-error");
        let body = response.text().await.map_err(|error| unknown(&error))?;
        let answer: Value = serde_json::from_str(&body).map_err(|error| unknown(&error))?;
        if !failed {
            return Ok(answer);
        }
        let text = |field: &str| answer.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut error = FunctionError::new(text("errorType"), text("errorMessage"));
        error.cause = Some(body);
        Err(error)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let endpoint = std::env::args().nth(1).ok_or("usage: serve LAMBDA_ENDPOINT")?;
    let client = reqwest::Client::builder().timeout(Duration::from_secs(900)).no_proxy().build()?;
    let folder = tempfile::tempdir()?;
    let settings = Settings { durability: Durability::ProcessDeath, ..Settings::default() };
    let functions = Arc::new(LambdaEndpoint { client, endpoint });
    let engine = Engine::open(&folder.path().join("log.sqlite"), Arc::new(SystemClock), functions, settings)?;
    engine.resume().await?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", json!({ "endpoint": format!("http://{}", listener.local_addr()?) }));
    let serve = axum::serve(listener, engine.router());
    let mut input = Vec::new();
    tokio::select! {
        served = serve => served?,
        read = async { tokio::io::stdin().read_to_end(&mut input).await } => { read?; }
    }
    Ok(())
}
