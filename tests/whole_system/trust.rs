//! Authentication: signatures by the services' own libraries, and every other delivery refused.

use crate::support::{Captured, World, WorldFile};
use axum::body::Bytes;
use axum::http::HeaderValue;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

async fn status_of(world: &World, captured: &Captured) -> u16 {
    world.send(captured).await.status().as_u16()
}

#[tokio::test]
async fn one_flipped_bit_is_refused() {
    let world = WorldFile::quick_shop().start().await;
    for (trigger, header) in [
        ("jira-label", "x-hub-signature"),
        ("github-label", "x-hub-signature-256"),
        ("slack-command", "x-slack-signature"),
    ] {
        let genuine = world.capture(trigger).await;
        let mut body = genuine.body.to_vec();
        let middle = body.len() / 2;
        body[middle] ^= 1;
        let changed_body = Captured { body: Bytes::from(body), ..genuine.clone() };
        assert_eq!(status_of(&world, &changed_body).await, 401, "{trigger}: body");
        let mut signature = genuine.headers[header].as_bytes().to_vec();
        let last = signature.last_mut().unwrap();
        *last = if *last == b'0' { b'1' } else { b'0' };
        let mut changed = genuine.clone();
        changed.headers.insert(header, HeaderValue::from_bytes(&signature).unwrap());
        assert_eq!(status_of(&world, &changed).await, 401, "{trigger}: signature");
        changed.headers.remove(header);
        assert_eq!(status_of(&world, &changed).await, 401, "{trigger}: no signature");
    }
    assert!(world.executions().await.is_empty(), "nothing was started");
    world.finish().await;
}

#[tokio::test]
async fn a_stale_slack_timestamp_is_refused() {
    let world = WorldFile::quick_shop().start().await;
    let mut captured = world.capture("slack-command").await;
    captured.headers.insert("x-slack-request-timestamp", HeaderValue::from_static("1531420618"));
    assert_eq!(status_of(&world, &captured).await, 401);
    assert!(world.executions().await.is_empty());
    world.finish().await;
}

#[tokio::test]
async fn only_configured_people_start_work() {
    let world = WorldFile::quick_shop()
        .edit(|document| document["deliveries"]["jira-label"]["by"] = "grace".into())
        .start()
        .await;
    let receipt = world.deliver("jira-label").await;
    assert_eq!(receipt["status"], 200, "{receipt}");
    assert!(receipt["body"].to_string().contains("may not"), "{receipt}");
    assert!(world.executions().await.is_empty());
    world.finish().await;
}

#[tokio::test]
async fn what_is_no_delivery_is_answered_as_such() {
    let world = WorldFile::quick_shop().start().await;
    let mut captured = world.capture("jira-label").await;
    captured.path = "/webhooks/bitbucket".to_owned();
    assert_eq!(status_of(&world, &captured).await, 404);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = client.get(format!("{}/webhooks/jira", world.address)).send().await.unwrap();
    assert_eq!(get.status(), 405);
    world.finish().await;
}

fn installed(variable: &str) -> Option<PathBuf> {
    test_inputs::installed("signatures made by the services' own libraries", variable)
}

/// Signs with GitHub's own library.
const SIGN_WITH_OCTOKIT: &str = "
import { readFileSync } from 'node:fs';
const { sign } = await import(process.argv[1]);
const examples = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const deliveries = [];
for (const { name, examples: payloads } of examples) {
  for (const payload of payloads) {
    const body = JSON.stringify(payload);
    deliveries.push({ name, body, signature: await sign(process.argv[3], body) });
  }
}
console.log(JSON.stringify(deliveries));
";

#[tokio::test]
async fn every_example_delivery_of_github_is_taken() {
    let (Some(modules), Some(examples)) =
        (installed("TICKETSMITH_NODE_MODULES"), installed("TICKETSMITH_WEBHOOK_EXAMPLES"))
    else {
        return;
    };
    let world = WorldFile::quick_shop().start().await;
    let signed = Command::new("node")
        .args(["--input-type=module", "--eval", SIGN_WITH_OCTOKIT])
        .arg(modules.join("@octokit/webhooks-methods/dist-node/index.js"))
        .arg(&examples)
        .arg("simulated-github-webhook-secret")
        .output()
        .unwrap();
    assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
    let deliveries: Vec<Value> = serde_json::from_slice(&signed.stdout).unwrap();
    assert_eq!(deliveries.len(), 329);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (index, delivery) in deliveries.iter().enumerate() {
        let answer = client
            .post(format!("{}/webhooks/github", world.address))
            .header("x-github-event", delivery["name"].as_str().unwrap())
            .header("x-github-delivery", format!("example-{index}"))
            .header("x-hub-signature-256", delivery["signature"].as_str().unwrap())
            .body(delivery["body"].as_str().unwrap().to_owned())
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "{} {}", delivery["name"], answer.text().await.unwrap());
    }
    world.finish().await;
}

/// Signs with Slack's own library.
const SIGN_WITH_SLACK: &str = "
import sys, time
from slack_sdk.signature import SignatureVerifier
timestamp = str(int(time.time()))
print(timestamp, SignatureVerifier(sys.argv[1]).generate_signature(timestamp=timestamp, body=sys.argv[2]))
";

#[tokio::test]
async fn a_signature_made_by_slacks_own_library_is_believed() {
    let Some(python) = installed("TICKETSMITH_PYTHON") else { return };
    let world = WorldFile::quick_shop().start().await;
    let mut captured = world.capture("slack-command").await;
    let body = std::str::from_utf8(&captured.body).unwrap();
    let signed = Command::new(python)
        .args(["-c", SIGN_WITH_SLACK, "simulated-slack-signing-secret", body])
        .output()
        .unwrap();
    assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
    let printed = String::from_utf8(signed.stdout).unwrap();
    let (timestamp, signature) = printed.trim().split_once(' ').unwrap();
    captured.headers.insert("x-slack-request-timestamp", HeaderValue::from_str(timestamp).unwrap());
    captured.headers.insert("x-slack-signature", HeaderValue::from_str(signature).unwrap());
    assert_eq!(status_of(&world, &captured).await, 200);
    assert_eq!(world.executions().await.len(), 1);
    world.finish().await;
}

/// Signs with the library of Standard Webhooks, and with the one that Discord's verification uses.
const SIGN_FOR_GITLAB: &str = "
import sys
from datetime import datetime, timezone
from standardwebhooks import Webhook
now = datetime.now(timezone.utc)
print(int(now.timestamp()), Webhook(sys.argv[1]).sign(sys.argv[2], now, sys.argv[3]))
";
const SIGN_FOR_DISCORD: &str = "
import sys, time
from nacl.signing import SigningKey
timestamp = str(int(time.time()))
print(timestamp, SigningKey(bytes.fromhex(sys.argv[1])).sign((timestamp + sys.argv[2]).encode()).signature.hex())
";

/// A time and a signature, as a program of Python prints them.
fn signed(program: &str, arguments: &[&str]) -> Option<(HeaderValue, String)> {
    let output = Command::new(installed("TICKETSMITH_PYTHON")?)
        .args(["-c", program])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let (timestamp, signature) = printed.trim().split_once(' ').unwrap();
    Some((HeaderValue::from_str(timestamp).unwrap(), signature.to_owned()))
}

#[tokio::test]
async fn a_signature_made_by_the_library_of_standard_webhooks_is_believed() {
    let secret = "whsec_c2ltdWxhdGVkLWdpdGxhYi1zaWduaW5nLXRva2VuISE=";
    let world = WorldFile::shipped(&["--world", "shop", "--stack", "gitlab"]).start().await;
    let mut captured = world.capture("gitlab-label").await;
    let body = String::from_utf8(captured.body.to_vec()).unwrap();
    let Some((timestamp, signature)) = signed(SIGN_FOR_GITLAB, &[secret, "msg_other", &body]) else { return };
    captured.headers.insert("webhook-id", HeaderValue::from_static("msg_other"));
    captured.headers.insert("webhook-timestamp", timestamp);
    let mut changed = captured.clone();
    captured.headers.insert("webhook-signature", HeaderValue::from_str(&signature).unwrap());
    // The last digit of base64 before `=` has two bits that say nothing, so the first is changed.
    let other = if signature.as_bytes()[3] == b'A' { "v1,B" } else { "v1,A" };
    let other = format!("{other}{}", &signature[4..]);
    changed.headers.insert("webhook-signature", HeaderValue::from_str(&other).unwrap());
    assert_eq!(status_of(&world, &changed).await, 401);
    assert_eq!(status_of(&world, &captured).await, 200);
    assert_eq!(world.executions().await.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_signature_made_by_the_library_that_discords_is_made_of_is_believed() {
    let world = crate::other_services::world_file().start().await;
    let mut captured = world.capture("command").await;
    let body = String::from_utf8(captured.body.to_vec()).unwrap();
    let key = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let Some((timestamp, signature)) = signed(SIGN_FOR_DISCORD, &[key, &body]) else { return };
    captured.headers.insert("x-signature-timestamp", timestamp);
    captured.headers.insert("x-signature-ed25519", HeaderValue::from_str(&signature).unwrap());
    assert_eq!(status_of(&world, &captured).await, 200);
    assert_eq!(world.executions().await.len(), 1);
    world.finish().await;
}

/// The HMAC that Jira and GitHub write into their header.
const SIGN_AS_JIRA: &str = "
import hashlib, hmac, sys
print('sha256=' + hmac.new(sys.argv[1].encode(), sys.argv[2].encode(), hashlib.sha256).hexdigest())
";

#[tokio::test]
async fn a_malformed_body_is_refused_although_it_is_signed() {
    let world = WorldFile::quick_shop().start().await;
    let mut captured = world.capture("jira-label").await;
    for body in ["{\"webhookEvent\": ", "[]", ""] {
        let python = std::env::var_os("TICKETSMITH_PYTHON").unwrap_or_else(|| "python3".into());
        let arguments = ["-c", SIGN_AS_JIRA, "simulated-jira-webhook-secret", body];
        let signed = Command::new(python).args(arguments).output().unwrap();
        assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
        let signature = String::from_utf8(signed.stdout).unwrap();
        captured.headers.insert("x-hub-signature", HeaderValue::from_str(signature.trim()).unwrap());
        captured.body = Bytes::from_static(body.as_bytes());
        assert_eq!(status_of(&world, &captured).await, 400, "{body:?}");
    }
    assert!(world.executions().await.is_empty());
    world.finish().await;
}

#[tokio::test]
async fn a_replayed_delivery_starts_nothing_even_when_its_execution_has_ended() {
    let world = WorldFile::quick_shop().start().await;
    let fault = serde_json::json!({ "service": "jira", "method": "GET", "path": "/issue/SHOP-1$", "status": 404,
                                    "body": { "errorMessages": ["gone"], "errors": {} } });
    world.add_faults(&fault).await;
    let captured = world.capture("jira-label").await;
    assert_eq!(status_of(&world, &captured).await, 200);
    let executions = world.executions().await;
    assert_eq!(executions.len(), 1);
    world.ended(executions[0]["execution"].as_str().unwrap()).await;
    let answer: Value = world.send(&captured).await.json().await.unwrap();
    assert_eq!(answer["results"][0]["result"], "duplicate", "{answer}");
    assert_eq!(world.executions().await.len(), 1);
    world.finish().await;
}
