//! A secret that changed in its store. In a separate process, because it affects every reader in the process.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_secretsmanager::config::{Credentials, SharedCredentialsProvider};
use axum::routing::post;
use axum::{Json, Router};
use domain::SystemClock;
use runtime::{Services, secrets_changed};
use secrecy::ExposeSecret;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_secret_that_changed_is_read_again_at_once() {
    let reads = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&reads);
    let answer = async move || {
        let number = counted.fetch_add(1, Ordering::AcqRel);
        Json(json!({ "SecretString": number.to_string() }))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(answer))).await });
    let credentials = Credentials::new("test", "test", None, None, "test");
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let secrets = Services::new(aws, "ticketsmith", None, Arc::new(SystemClock)).secrets();
    let get = async || secrets.get("ticketsmith/signing").await.unwrap().expose_secret().to_owned();
    assert_eq!((get().await, get().await), ("0".into(), "0".into()));
    assert!(secrets.read_again("ticketsmith/signing").await.is_none(), "it was read just now");
    secrets_changed();
    assert_eq!((get().await, get().await), ("1".into(), "1".into()));
    secrets_changed();
    assert_eq!(secrets.read_again("ticketsmith/signing").await.unwrap().expose_secret(), "2");
    assert_eq!(get().await, "2");
}
