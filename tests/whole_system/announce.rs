//! A world with many tickets and a workflow of two steps that posts a message about each, for tests of many deliveries.

use crate::support::{World, WorldFile};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;

const WORKFLOW: &str = include_str!("worlds/announce.yaml");

const SECRET: &[u8] = b"simulated-jira-webhook-secret";

/// The shop with so many tickets, numbered from zero.
pub(crate) fn world(tickets: usize) -> WorldFile {
    WorldFile::quick_shop()
        .edit(|document| {
            let list = document["jira"]["tickets"].as_array_mut().unwrap();
            // Short ones, because there may be more than a world file holds of long ones.
            let ticket = |number| json!({"key": key(number), "summary": title(number), "type": "Story"});
            *list = (0..tickets).map(ticket).collect();
        })
        .with_file("workflows/announce.yaml", WORKFLOW)
}

fn key(number: usize) -> String {
    format!("SHOP-{}", number + 1)
}

fn title(number: usize) -> String {
    format!("<{number}> is to be announced")
}

/// The signed delivery that starts the workflow for a ticket: its headers and its body.
pub(crate) fn delivery(number: usize) -> (HeaderMap, String) {
    let key = key(number);
    let body = json!({
        "webhookEvent": "jira:issue_updated",
        "user": {"accountId": "712020:ada", "displayName": "Ada"},
        "issue": {"key": key, "fields": {"project": {"key": "SHOP"}}},
        "changelog": {"items": [{"field": "labels", "fromString": "", "toString": "announce"}]},
    })
    .to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
    mac.update(body.as_bytes());
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let mut headers = HeaderMap::new();
    headers.insert("x-atlassian-webhook-identifier", HeaderValue::from_str(&key).unwrap());
    headers.insert("x-hub-signature", HeaderValue::from_str(&signature).unwrap());
    (headers, body)
}

/// How many messages there are about each ticket.
pub(crate) async fn announced(world: &World) -> BTreeMap<usize, usize> {
    let state = world.state().await;
    let mut told = BTreeMap::new();
    for message in state["slack"]["messages"].as_array().into_iter().flatten() {
        let text = message["text"].as_str().unwrap_or_default();
        if let Some(number) = number_of(text) {
            *told.entry(number).or_default() += 1;
        }
    }
    told
}

/// The number in a title. Slack's form of text escapes its brackets.
fn number_of(text: &str) -> Option<usize> {
    let before = text.strip_suffix(" is to be announced")?;
    before.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok()
}

/// How many executions there are, with any outcome, read directly from the records.
pub(crate) async fn outcomes(world: &World) -> BTreeMap<String, usize> {
    let mut outcomes = BTreeMap::new();
    for execution in world.executions().await {
        let outcome = match &execution["outcome"] {
            Value::String(outcome) => outcome.clone(),
            other => other.to_string(),
        };
        *outcomes.entry(outcome).or_default() += 1;
    }
    outcomes
}
