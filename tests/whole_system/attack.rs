//! `serve` under attack: silent connections, endless bodies, and secrets that change in the meantime.

use crate::evidence::{pull_request, repository};
use crate::support::{Captured, World, WorldFile, eventually};
use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How long a delivery may take: senders give up after three seconds.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// How much memory `serve` may have at most, in KiB. The bodies sent at it are more.
const MEMORY_LIMIT: u64 = 400 * 1024;

/// An attack on `serve`.
struct Attack {
    half_open: usize,
    bodies: usize,
    new_a_second: u32,
    seconds: u32,
}

impl Attack {
    /// The whole one where `TICKETSMITH_WHOLE_ATTACK` is set, else a small one.
    fn chosen() -> Self {
        match std::env::var_os("TICKETSMITH_WHOLE_ATTACK") {
            Some(_) => Self { half_open: 5000, bodies: 500, new_a_second: 500, seconds: 60 },
            None => Self { half_open: 1500, bodies: 100, new_a_second: 500, seconds: 2 },
        }
    }
}

/// Lets the test have as many connections as the system allows.
pub(crate) fn raise_descriptors() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        // Where it is refused, there are fewer connections.
        let _refused = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
}

async fn opened(address: SocketAddr, text: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    // It may already be closed: that is the server's answer.
    let _answer = stream.write_all(text.as_bytes()).await;
    Some(stream)
}

/// Sends a delivery and expects it to be accepted in time.
async fn accepted(world: &World, delivery: &Captured) {
    let begun = Instant::now();
    let answer = world.send(delivery).await;
    let took = begun.elapsed();
    assert_eq!(answer.status(), 200, "after {took:?}");
    assert!(took < ANSWER_LIMIT, "it took {took:?}");
}

/// The peak memory of `serve`, in KiB; `None` if the system does not report it.
fn peak_memory(world: &World) -> Option<u64> {
    let running = std::fs::read(world.folder().join(".ticketsmith/running.json")).unwrap();
    let running: Value = serde_json::from_slice(&running).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", running["process"])).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_delivery_is_answered_while_strangers_hold_all_they_can() {
    let world = WorldFile::quick_shop().start().await;
    let delivery = world.capture("jira-label").await;
    let address: SocketAddr = world.address.trim_start_matches("http://").parse().unwrap();
    let attack = Attack::chosen();
    raise_descriptors();
    let mut held = VecDeque::new();
    for _ in 0..attack.half_open {
        held.extend(opened(address, "POST /webhooks/jira HTTP/1.1\r\nhost: x\r\nx: ").await);
    }
    // Bodies of a megabyte that lack their last byte, under signatures of the right form.
    let length = 1024 * 1024;
    let signature = format!("sha256={}", "0".repeat(64));
    let head = format!(
        "POST /webhooks/jira HTTP/1.1\r\nhost: x\r\nx-hub-signature: {signature}\r\ncontent-length: {length}\r\n\r\n"
    );
    let unfinished = head + &"x".repeat(length - 1);
    let mut senders = JoinSet::new();
    for _ in 0..attack.bodies {
        let unfinished = unfinished.clone();
        senders.spawn(async move { opened(address, &unfinished).await });
    }
    accepted(&world, &delivery).await;
    let mut tick = tokio::time::interval(Duration::from_secs(1) / attack.new_a_second);
    for number in 0..attack.new_a_second * attack.seconds {
        tick.tick().await;
        // As many as before are held: those closed are of the oldest, which `serve` has closed already.
        held.pop_front();
        held.extend(opened(address, "POST /webhooks/jira HTTP/1.1\r\n").await);
        if number % attack.new_a_second == 0 {
            accepted(&world, &delivery).await;
        }
    }
    if let Some(peak) = peak_memory(&world) {
        assert!(peak < MEMORY_LIMIT, "`serve` took {peak} KiB");
    }
    drop((senders, held));
    let executions = world.executions().await;
    let name = executions[0]["execution"].as_str().unwrap();
    assert_eq!(world.ended(name).await["outcome"], "succeeded");
    pull_request(repository(&world.state().await, "acme/shop"), "feature/SHOP-1");
    world.finish().await;
}

#[tokio::test]
async fn a_secret_that_is_set_takes_effect_in_a_running_serve() {
    let world = WorldFile::quick_shop().start().await;
    let delivery = world.capture("jira-label").await;
    assert_eq!(world.send(&delivery).await.status(), 200);
    let secret = |signing: &str| format!(r#"{{"jira": "{signing}"}}"#);
    let set = world.command_with_input(&["secrets", "set", "ticketsmith/signing"], &secret("another")).await;
    assert_eq!(set.0, 0, "{set:?}");
    let refused = async || (world.send(&delivery).await.status() == 401).then_some(());
    // Sooner than a secret would be read again because it is old or does not work.
    eventually("the refusal of the former secret", Duration::from_secs(5), refused).await;
    let log = std::fs::read_to_string(world.folder().join("serve.log")).unwrap();
    assert!(log.contains("signature") && !log.contains('\u{1b}'), "no escape codes in a file: {log:?}");
}
