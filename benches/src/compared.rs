//! Frameworks of the same trade in Node: a process that listens, and a first signed delivery.

use crate::payload::signature;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const SECRET: &str = "a secret of the benchmark";

/// A program of `benches/compared`.
#[derive(Debug, Clone, Copy)]
pub enum Compared {
    /// Probot's middleware in Node's own server, with one listener: <https://probot.github.io>.
    Probot,
    /// Bolt's app with one slash command: <https://docs.slack.dev/tools/bolt-js>.
    SlackBolt,
}

/// How long it took since the process was started.
#[derive(Debug)]
pub struct Loaded {
    /// Until it listens.
    pub listens: Duration,
    /// Until it has answered its first signed delivery.
    pub answered: Duration,
    /// The process.
    pub child: Child,
}

impl Compared {
    /// Its name in the output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Probot => "probot",
            Self::SlackBolt => "slack bolt",
        }
    }

    /// Starts it from the folder with the programs and their `node_modules`, and sends it a delivery.
    pub fn load(self, folder: &Path) -> Loaded {
        let program = match self {
            Self::Probot => "probot.mjs",
            Self::SlackBolt => "slack_bolt.mjs",
        };
        let began = Instant::now();
        let mut child = Command::new("node")
            .arg(program)
            .current_dir(folder)
            .env("SIGNING_SECRET", SECRET)
            .env("NODE_ENV", "production")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut port).unwrap();
        let listens = began.elapsed();
        let request = self.delivery();
        let mut stream = TcpStream::connect(("127.0.0.1", port.trim().parse().unwrap())).unwrap();
        stream.write_all(&request).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        let answered = began.elapsed();
        assert!(answer.ends_with(b" 200"), "{}: {}", self.name(), String::from_utf8_lossy(&answer));
        Loaded { listens, answered, child }
    }

    /// A signed delivery as the service sends it, as HTTP.
    fn delivery(self) -> Vec<u8> {
        let (path, kind, body, signed) = match self {
            Self::Probot => {
                let body = json!({
                    "action": "labeled",
                    "issue": {"number": 1, "labels": [{"name": "agent"}]},
                    "label": {"name": "agent"},
                    "repository": {"full_name": "acme/shop", "name": "shop", "owner": {"login": "acme"}},
                    "sender": {"login": "ada"},
                })
                .to_string();
                let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
                mac.update(body.as_bytes());
                let signature = hex::encode(mac.finalize().into_bytes());
                let signed = format!(
                    "x-github-event: issues\r\nx-github-delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0958\r\n\
                     x-hub-signature-256: sha256={signature}\r\n"
                );
                ("/api/github/webhooks", "application/json", body, signed)
            }
            Self::SlackBolt => {
                let body = "command=%2Fticketsmith&text=run+SHOP-1&user_id=U1&channel_id=C1&team_id=T1&response_url=x".to_owned();
                let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().to_string();
                let signature = signature(SECRET, &timestamp, body.as_bytes());
                let signed =
                    format!("x-slack-request-timestamp: {timestamp}\r\nx-slack-signature: {signature}\r\n");
                ("/slack/events", "application/x-www-form-urlencoded", body, signed)
            }
        };
        format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{signed}connection: close\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}
