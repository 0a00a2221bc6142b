//! How many deliveries a second `serve` takes, and how many steps it performs: distinct deliveries, each of which starts an execution of
//! two steps, and one delivery again and again. First with an empty table, then with a million items in it and a day of records in its
//! stream, in the same run, so that the two can be compared. Both processes, the simulated services and the senders share the machine.
//!
//! The executable is `TICKETSMITH_EXECUTABLE`, else the one next to the benchmark's folder. Without one, nothing is
//! measured, which is reported.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up ends")]

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Client;
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use sha2::Sha256;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// How many deliveries are on their way at once.
const SENDERS: usize = 8;
/// How long everything that was started may take to end.
const LIMIT: Duration = Duration::from_secs(600);
const STEPS: usize = 2;
const WORKFLOW: &str = include_str!("../../tests/whole_system/worlds/announce.yaml");

/// How much is done.
struct Size {
    distinct: usize,
    repeated: usize,
    items: usize,
    stream_records: usize,
}

const MEASURED: Size = Size { distinct: 600, repeated: 4000, items: 1_000_000, stream_records: 200_000 };
const TRIED: Size = Size { distinct: 4, repeated: 8, items: 1000, stream_records: 1000 };

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let size = if std::env::args().any(|argument| argument == "--test") { TRIED } else { MEASURED };
    let Some(executable) = executable() else {
        test_inputs::skip("deliveries to `serve`", "no executable beside the benchmark");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(measure(&executable, &size));
}

fn executable() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("TICKETSMITH_EXECUTABLE") {
        return Some(named.into());
    }
    // The benchmark itself is in <target>/<profile>/deps.
    let own = std::env::current_exe().unwrap();
    let beside = own.ancestors().nth(2).unwrap().join(format!("ticketsmith{}", std::env::consts::EXE_SUFFIX));
    beside.exists().then_some(beside)
}

async fn measure(executable: &Path, size: &Size) {
    let folder = TempDir::with_prefix("ticketsmith-serve-").unwrap();
    let world = World::start(executable, folder.path(), 2 * size.distinct);
    let keys = (0..2 * size.distinct).map(ticket).collect::<Vec<_>>();
    let (first, second) = keys.split_at(size.distinct);
    println!("serve: {} distinct and {} repeated deliveries", size.distinct, size.repeated);
    let empty = world.serve().rates("an empty table", first, size).await;
    fill(&folder.path().join(".ticketsmith/table.db"), size);
    let what = format!("{} items and {} records in the stream", size.items, size.stream_records);
    let full = world.serve().rates(&what, second, size).await;
    println!(
        "  of the first: {:.2} of distinct ones, {:.2} of their executions, {:.2} of repeated ones",
        full.distinct / empty.distinct,
        full.ended / empty.ended,
        full.repeated / empty.repeated
    );
}

fn ticket(number: usize) -> String {
    format!("SHOP-{}", 1000 + number)
}

/// A process that ends with its owner, and the lines that it prints.
struct Process {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Process {
    fn start(executable: &Path, folder: &Path, arguments: &[&str]) -> Self {
        let log = std::fs::File::create(folder.join(format!("{}.log", arguments[0]))).unwrap();
        let mut child = Command::new(executable)
            .args(arguments)
            .current_dir(folder)
            // It is killed, and so removes none of its temporary files.
            .env("TMPDIR", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The word of a line that begins so.
    fn said(&mut self, start: &str) -> String {
        let line = self.lines.find_map(|line| line.unwrap().strip_prefix(start).map(str::to_owned));
        line.unwrap().trim().to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _not_there = self.child.wait();
    }
}

/// The simulated services, and the folder that `serve` is configured in.
struct World {
    executable: PathBuf,
    folder: PathBuf,
    secret: String,
    _simulation: Process,
}

impl World {
    fn start(executable: &Path, folder: &Path, tickets: usize) -> Self {
        let worlds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/simulators/worlds");
        let text = std::fs::read_to_string(worlds.join("shop.yaml")).unwrap();
        let mut world: Value = serde_saphyr::from_str(&text).unwrap();
        // A world stays inside its folder.
        let repository = worlds.join(world["github"]["repositories"][0]["path"].as_str().unwrap());
        let copied = std::process::Command::new("cp").arg("-r").arg(repository).arg(folder).status().unwrap();
        assert!(copied.success());
        for plugin in world["configuration"]["plugins"].as_object_mut().unwrap().values_mut() {
            plugin["rate_limit"] = json!("1000/s");
        }
        // One person asks for everything; what the machine can do is measured, not how many a person may have at work.
        world["configuration"]["at_work"] = json!({"per_person": 1000, "per_project": 1000});
        let all = world["jira"]["tickets"].as_array_mut().unwrap();
        let first = all[0].clone();
        all.extend((0..tickets).map(|number| {
            let mut ticket = first.clone();
            ticket["key"] = json!(self::ticket(number));
            ticket
        }));
        std::fs::write(folder.join("world.yaml"), world.to_string()).unwrap();
        std::fs::create_dir(folder.join("workflows")).unwrap();
        std::fs::write(folder.join("workflows/announce.yaml"), WORKFLOW).unwrap();
        let mut simulation = Process::start(
            executable,
            folder,
            &["simulate", "--json", "--world", "world.yaml", "--configure", "."],
        );
        simulation.said("{");
        let secret = world["jira"]["webhook_secret"].as_str().map(str::to_owned);
        let secret = secret.unwrap_or_else(|| "simulated-jira-webhook-secret".to_owned());
        Self { executable: executable.to_owned(), folder: folder.to_owned(), secret, _simulation: simulation }
    }

    fn serve(&self) -> Serve {
        let arguments = ["serve", "--config", "ticketsmith.yaml", "--data", ".ticketsmith"];
        let listening = ["--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"];
        let mut process =
            Process::start(&self.executable, &self.folder, &[&arguments[..], &listening[..]].concat());
        let addresses = process.said("webhooks");
        let address = addresses.split("/webhooks/").next().unwrap().to_owned();
        let metrics = process.said("metrics");
        Serve { _process: process, client: Client::new(), address, metrics, secret: self.secret.clone() }
    }
}

struct Serve {
    _process: Process,
    client: Client,
    address: String,
    metrics: String,
    secret: String,
}

/// Deliveries a second, and executions a second that ended while and after they arrived.
struct Rates {
    distinct: f64,
    ended: f64,
    repeated: f64,
}

impl Serve {
    async fn rates(self, what: &str, keys: &[String], size: &Size) -> Rates {
        let begun = Instant::now();
        let arrivals = self.send(keys.to_vec()).await;
        let distinct = keys.len() as f64 / begun.elapsed().as_secs_f64();
        while self.steps().await < keys.len() * STEPS {
            assert!(begun.elapsed() < LIMIT, "the executions do not end");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let ended = keys.len() as f64 / begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        let again = self.send(vec![keys[0].clone(); size.repeated]).await;
        let repeated = size.repeated as f64 / begun.elapsed().as_secs_f64();
        println!(
            "  {what}: {distinct:.0} distinct deliveries a second ({}), {ended:.0} executions a second, {repeated:.0} repeated \
             deliveries a second ({})",
            spread(arrivals),
            spread(again)
        );
        Rates { distinct, ended, repeated }
    }

    /// Sends the label of each ticket, several at once, and gives the times of the answers.
    async fn send(&self, keys: Vec<String>) -> Vec<Duration> {
        let (keys, next) = (Arc::new(keys), Arc::new(AtomicUsize::new(0)));
        let mut senders = JoinSet::new();
        for _ in 0..SENDERS {
            let (keys, next, client) = (Arc::clone(&keys), Arc::clone(&next), self.client.clone());
            let (url, secret) = (format!("{}/webhooks/jira", self.address), self.secret.clone());
            senders.spawn(async move {
                let mut times = Vec::new();
                while let Some(key) = keys.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let body = labelled(key).to_string();
                    let request = client
                        .post(&url)
                        .header("x-atlassian-webhook-identifier", key)
                        .header("x-hub-signature", signature(&secret, body.as_bytes()))
                        .body(body);
                    let begun = Instant::now();
                    let answer = request.send().await.unwrap();
                    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
                    times.push(begun.elapsed());
                }
                times
            });
        }
        senders.join_all().await.concat()
    }

    /// How many steps were performed since it started.
    async fn steps(&self) -> usize {
        let text = self.client.get(&self.metrics).send().await.unwrap().text().await.unwrap();
        let counts = text.lines().filter(|line| {
            line.starts_with("ticketsmith_actions_total{") && line.contains(r#"outcome="succeeded""#)
        });
        counts.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum()
    }
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    format!(
        "median {:.1?}, of a hundred the slowest {:.1?}",
        times[times.len() / 2],
        times[times.len() * 99 / 100]
    )
}

fn labelled(key: &str) -> Value {
    json!({
        "webhookEvent": "jira:issue_updated",
        "user": {"accountId": "712020:ada", "displayName": "Ada"},
        "issue": {"key": key, "fields": {"project": {"key": "SHOP"}}},
        "changelog": {"items": [{"field": "labels", "fromString": "", "toString": "announce"}]},
    })
}

fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Puts copies of a step's record into the table, preceded in its stream by changes that nobody needs.
fn fill(file: &Path, size: &Size) {
    let connection = Connection::open(file).unwrap();
    let numbers = "WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?1)";
    let items = format!(
        "{numbers} INSERT INTO ticketsmith (pk, sk, item_json, item_size, hash_prefix)
         SELECT 'S:EXECUTION#jira-' || hex(randomblob(8)), 'S:STEP#' || number, item_json, item_size, hash_prefix
         FROM numbers, (SELECT * FROM ticketsmith WHERE sk LIKE 'S:STEP#%' LIMIT 1)"
    );
    let records = format!(
        "{numbers} INSERT INTO _stream_records (table_name, event_name, keys_json, sequence_number, shard_id, created_at, event_id)
         SELECT 'ticketsmith', 'MODIFY', '{{\"pk\":{{\"S\":\"TASK#' || number || '\"}},\"sk\":{{\"S\":\"TASK\"}}}}', number, shard_id,
                created_at, number
         FROM numbers, (SELECT * FROM _stream_records LIMIT 1)"
    );
    for (statement, count) in [(items, size.items), (records, size.stream_records)] {
        let added = connection.execute(&statement, params![count]).unwrap();
        assert_eq!(added, count, "there is nothing to copy for {statement}");
    }
}
