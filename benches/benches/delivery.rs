//! One delivery of ten kilobytes through the webhook function's router, with configuration, routes and secrets at hand as in a
//! warm function: size, signature, meaning, decision, answer.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up ends")]

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use benches::{Deployment, mention, signature};
use divan::Bencher;
use divan::counter::BytesCount;
use domain::{Clock, SystemClock};
use runtime::Function;
use tokio::runtime::Runtime;
use tower::ServiceExt;

fn main() {
    divan::main();
}

fn warm() -> (Runtime, Router) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let router = runtime.block_on(async {
        let webhooks = Deployment::start().await.webhooks();
        webhooks.warm_up().await;
        webhooks.router()
    });
    (runtime, router)
}

fn request(body: &[u8], timestamp: &str, signature: &str) -> Request<Body> {
    Request::post("/webhooks/slack")
        .header("content-type", "application/json")
        .header("x-slack-request-timestamp", timestamp)
        .header("x-slack-signature", signature)
        .body(Body::from(body.to_vec()))
        .unwrap()
}

/// Signed rightly; no workflow wants it.
#[divan::bench]
fn verified_and_routed(bencher: Bencher<'_, '_>) {
    post(bencher, Deployment::SECRET, StatusCode::OK);
}

/// The time for a delivery with an invalid signature.
#[divan::bench]
fn refused(bencher: Bencher<'_, '_>) {
    post(bencher, "a stranger's guess", StatusCode::UNAUTHORIZED);
}

fn post(bencher: Bencher<'_, '_>, secret: &str, expected: StatusCode) {
    let (runtime, router) = warm();
    let body = mention();
    let timestamp = SystemClock.now().as_second().to_string();
    let signature = signature(secret, &timestamp, &body);
    bencher
        .counter(BytesCount::new(body.len()))
        .with_inputs(|| request(&body, &timestamp, &signature))
        .bench_local_values(|request| {
            let response = runtime.block_on(router.clone().oneshot(request)).unwrap();
            assert_eq!(response.status(), expected);
        });
}
