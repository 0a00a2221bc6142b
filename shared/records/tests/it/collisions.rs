//! Colliding transactions are repeated, and hopeless ones are not.

use super::*;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use domain::execution::Outcome;
use domain::routes::Concurrency;
use records::{BeginResult, RecordsError};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A table whose every request gets the next of these answers, the last one forever; and how many requests came.
async fn answering(answers: Vec<(u16, Value)>) -> (Table, Arc<AtomicUsize>) {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    let answer = move || {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        let (status, body) = answers[number.min(answers.len() - 1)].clone();
        async move { (StatusCode::from_u16(status).unwrap(), body.to_string()) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(answer))).await });
    (Table::new(client_of(address), "ticketsmith"), requests)
}

fn cancelled(codes: &[&str]) -> (u16, Value) {
    let reasons: Vec<Value> = codes.iter().map(|code| json!({"Code": code, "Message": "why"})).collect();
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    (400, json!({"__type": kind, "Message": "cancelled", "CancellationReasons": reasons}))
}

#[tokio::test]
async fn a_transaction_that_collides_is_repeated_until_it_succeeds() {
    let collision = cancelled(&["None", "None", "TransactionConflict"]);
    let (table, requests) = answering(vec![collision.clone(), collision, (200, json!({}))]).await;
    let begun = table.begin(&execution_for("SHOP-1", "d1"), Concurrency::OnePerTask).await.unwrap();
    assert!(matches!(begun, BeginResult::Begun(record) if record.outcome == Outcome::Pending));
    assert_eq!(requests.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_single_write_that_meets_a_transaction_is_repeated() {
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionConflictException";
    let collision = (400, json!({"__type": kind, "message": "ongoing"}));
    let (table, requests) = answering(vec![collision, (200, json!({}))]).await;
    table.close_run("arn", start()).await.unwrap();
    assert_eq!(requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_is_invalid_is_not_repeated() {
    let (table, requests) = answering(vec![cancelled(&["ValidationError"])]).await;
    let error = table.begin(&execution_for("SHOP-1", "d1"), Concurrency::OnePerTask).await.unwrap_err();
    assert_eq!(error, RecordsError::Invalid("could not begin an execution: why (ValidationError)".into()));
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}
