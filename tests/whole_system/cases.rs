//! Deliveries that were once misread: each is posted as its sender posts it, and judged by the answer and by what people then see.
//! `tests/cases/README.md` describes the files.

use crate::support::{Captured, World, WorldFile, comments, eventually};
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long people wait until they read something.
const LIMIT: Duration = Duration::from_secs(60);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

fn hmac(secret: &str, parts: &[&[u8]]) -> String {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    hex::encode(mac.finalize().into_bytes())
}

/// A delivery, signed with the shop's secrets. `id` is in the header for it, if its sender has one.
fn signed(case: &Value, id: &str) -> Captured {
    let (sender, json) = (case["sender"].as_str().unwrap(), case["body"].to_string());
    let (kind, body) = match case["form"].as_str() {
        Some(field) => {
            ("application/x-www-form-urlencoded", serde_urlencoded::to_string([(field, &json)]).unwrap())
        }
        None => ("application/json", json),
    };
    let bytes = body.as_bytes();
    let secret =
        format!("simulated-{sender}-{}-secret", if sender == "slack" { "signing" } else { "webhook" });
    let mut headers = vec![("content-type", kind.to_owned())];
    match sender {
        "github" => headers.extend([
            ("x-github-event", case["event"].as_str().unwrap().to_owned()),
            ("x-github-delivery", id.to_owned()),
            ("x-hub-signature-256", format!("sha256={}", hmac(&secret, &[bytes]))),
        ]),
        "jira" => headers.extend([
            ("x-atlassian-webhook-identifier", id.to_owned()),
            ("x-hub-signature", format!("sha256={}", hmac(&secret, &[bytes]))),
        ]),
        _ => {
            let now = jiff::Timestamp::now().as_second().to_string();
            let signature = hmac(&secret, &[b"v0:", now.as_bytes(), b":", bytes]);
            headers.extend([
                ("x-slack-request-timestamp", now),
                ("x-slack-signature", format!("v0={signature}")),
            ]);
        }
    }
    let header = |(name, value): (&'static str, String)| {
        (HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap())
    };
    let headers: HeaderMap = headers.into_iter().map(header).collect();
    Captured { path: format!("/webhooks/{sender}"), headers, body: Bytes::from(body) }
}

/// The answer to a case's delivery.
async fn answer(world: &World, case: &Value, id: &str) -> Value {
    if case["act"].is_null() {
        return world.send(&signed(case, id)).await.json().await.unwrap();
    }
    let mut act = case["act"].clone();
    if act["message"] == "BUTTON" {
        let state = world.state().await;
        let messages = state["slack"]["messages"].as_array().unwrap();
        let asks = messages.iter().rfind(|message| message["blocks"].to_string().contains("\"approve\""));
        act["message"] = asks.expect("a message that asks")["ts"].clone();
    }
    world.deliver(act).await["body"].clone()
}

/// Everything that anybody reads: comments, messages, answers to one person, and why executions ended.
async fn read(world: &World) -> String {
    let state = world.state().await;
    let mut texts = comments(&state);
    texts.extend(state["slack"]["responses"].as_array().into_iter().flatten().map(Value::to_string));
    let executions = world.executions().await;
    texts.extend(executions.iter().filter_map(|execution| execution["cause"].as_str().map(str::to_owned)));
    // Markdown escapes are removed before reading.
    texts.join("\n").replace('\\', "")
}

#[tokio::test]
async fn deliveries_that_were_once_misread() {
    let mut file = WorldFile::quick_shop().edit(|document| {
        // Only the account of Jira's mentions must be learned; the bot's accounts at GitHub and Slack are known.
        document["configuration"]["webhooks"]["own_accounts"].as_object_mut().unwrap().remove("jira");
    });
    for entry in std::fs::read_dir(folder().join("workflows")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        file = file.with_file(&format!("workflows/{name}"), &std::fs::read_to_string(&path).unwrap());
    }
    let world = file.start().await;
    let text = std::fs::read_to_string(folder().join("deliveries.yaml")).unwrap();
    let cases: Vec<Value> = serde_saphyr::from_str(&text).unwrap();
    for (index, case) in cases.iter().enumerate() {
        let name = case["name"].as_str().unwrap();
        if !case["faults"].is_null() {
            world.add_faults(&case["faults"]).await;
        }
        let got = answer(&world, case, &format!("case-{index}")).await;
        let results = got["results"].as_array().unwrap();
        let found = results.iter().find(|result| result["result"] == case["result"]);
        let found = found.unwrap_or_else(|| panic!("{name}: {got}"));
        if let Some(reason) = case["reason"].as_str() {
            assert!(found["reason"].as_str().unwrap().contains(reason), "{name}: {got}");
        }
        if let Some(said) = case["said"].as_str() {
            let look = async || read(&world).await.contains(said).then_some(());
            eventually(&format!("{name}: “{said}”"), LIMIT, look).await;
        }
        if !case["again"].is_null() {
            let again = answer(&world, case, &format!("case-{index}-again")).await;
            assert_eq!(again["results"][0]["result"], case["again"], "{name}: {again}");
        }
        if let Some(unsaid) = case["unsaid"].as_str() {
            let read = read(&world).await;
            assert!(!read.contains(unsaid), "{name}: {read}");
        }
    }
    world.finish().await;
}
