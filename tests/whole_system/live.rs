//! Frames pushed over sockets: every follower of an execution gets each frame once and in order, however often `serve` is killed.
//! `TICKETSMITH_READERS` says how many followers there are of fifty executions, instead of fifty of ten.

use crate::attack::raise_descriptors;
use crate::crash::{RECOVERY_LIMIT, key, tickets};
use crate::support::{EXECUTION_LIMIT, World, eventually};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// How often `serve` is killed, each time just after other executions have begun.
const KILLS: usize = 10;

/// Who follows what.
#[derive(Debug, Clone, Copy)]
struct Readers {
    /// How many executions begin before each kill.
    executions: usize,
    /// How many follow each.
    of_each: usize,
}

impl Readers {
    /// As many of fifty executions as `TICKETSMITH_READERS` says, else fifty of ten.
    fn chosen() -> Self {
        match std::env::var("TICKETSMITH_READERS") {
            Ok(text) => {
                let wanted: usize = text.parse().expect("TICKETSMITH_READERS is a number of readers");
                Self { executions: 5, of_each: wanted.div_ceil(5 * KILLS) }
            }
            Err(_) => Self { executions: 1, of_each: 5 },
        }
    }
}

/// A workflow of many steps that change nothing, so that none waits for the lease of an effect after a kill.
fn looking() -> String {
    let steps = (1..=12).map(|number| {
        format!("  - name: look_{number}\n    plugin: task_management\n    action: get_task\n    inputs: {{ task_id: \"${{task_id}}\" }}\n")
    });
    let steps: String = steps.collect();
    format!("name: Look\ninputs:\n  task_id: {{ type: string }}\nsteps:\n{steps}")
}

/// The API's address and the installation's own token, if `serve` is running.
fn running(folder: &Path) -> Option<(String, String)> {
    let running = std::fs::read(folder.join(".ticketsmith/running.json")).ok()?;
    let running: Value = serde_json::from_slice(&running).ok()?;
    let text = |name: &str| running[name].as_str().map(str::to_owned);
    Some((text("api_url")?, text("token")?))
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(EXECUTION_LIMIT).build().unwrap()
}

/// A ticket that opens a socket.
async fn ticket(client: &reqwest::Client, api: &str, token: &str) -> Option<String> {
    let request = client.post(format!("{api}/events/tickets")).bearer_auth(token);
    let answer = request.send().await.ok()?;
    (answer.status() == 201).then_some(())?;
    answer.json::<Value>().await.ok()?["ticket"].as_str().map(str::to_owned)
}

/// Opens a socket with these additional request headers.
async fn open(
    api: &str,
    query: &str,
    headers: &[(&'static str, &str)],
) -> Result<WebSocketStream<TcpStream>, Error> {
    open_from(Ipv4Addr::UNSPECIFIED, api, query, headers).await
}

/// The same from an address of this machine.
async fn open_from(
    from: Ipv4Addr,
    api: &str,
    query: &str,
    headers: &[(&'static str, &str)],
) -> Result<WebSocketStream<TcpStream>, Error> {
    let host = api.trim_start_matches("http://").trim_end_matches("/api/v1");
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    let stream = socket.connect(host.parse().unwrap()).await?;
    let mut request = format!("ws://{host}/ws?{query}").into_client_request()?;
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    Ok(client_async(request, stream).await?.0)
}

/// The frames that one reader received until the execution's end, over as many sockets as needed.
async fn read(
    client: reqwest::Client,
    from: Ipv4Addr,
    folder: PathBuf,
    execution: String,
    seen: Arc<AtomicU64>,
) -> Vec<(u64, String)> {
    let mut told: Vec<(u64, String)> = Vec::new();
    loop {
        let after = told.last().map_or(0, |(sequence, _)| *sequence);
        let socket = async {
            let (api, token) = running(&folder)?;
            let ticket = ticket(&client, &api, &token).await?;
            let query = format!("ticket={ticket}&execution={execution}&after={after}");
            open_from(from, &api, &query, &[]).await.ok()
        };
        let Some(mut socket) = socket.await else {
            // `serve` is down or being killed, and nothing tells when it is back.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        while let Some(Ok(message)) = socket.next().await {
            let Message::Text(text) = message else { continue };
            let frame: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(frame["execution"], execution.as_str());
            assert!(frame["at"].is_string() && frame["data"].is_object(), "{frame}");
            let event = frame["event"].as_str().unwrap().to_owned();
            told.push((frame["sequence"].as_u64().unwrap(), event.clone()));
            seen.fetch_max(frame["sequence"].as_u64().unwrap(), Ordering::Relaxed);
            if event == "execution.ended" {
                return told;
            }
        }
    }
}

/// Where a reader of an execution asks from: a few from anywhere, and others from addresses of their own, each of which may have only
/// so many connections.
fn address_of(number: usize) -> Ipv4Addr {
    match u8::try_from(number / 10) {
        Ok(0) | Err(_) => Ipv4Addr::UNSPECIFIED,
        Ok(group) => Ipv4Addr::new(127, 0, 1, group),
    }
}

/// Starts the workflow on a ticket.
async fn begun(world: &World, at: usize) -> String {
    let (api, token) = running(world.folder()).unwrap();
    let body = json!({ "workflow": "look", "inputs": { "task_id": key(at) } });
    let request = client().post(format!("{api}/workflows/execute")).bearer_auth(token).json(&body);
    let accepted: Value = request.send().await.unwrap().json().await.unwrap();
    accepted["execution"].as_str().unwrap_or_else(|| panic!("{accepted}")).to_owned()
}

#[tokio::test]
async fn each_reader_has_every_frame_once_and_in_order_while_serve_is_killed_ten_times() {
    let Readers { executions, of_each } = Readers::chosen();
    raise_descriptors();
    let most = KILLS * executions;
    let shop = tickets(most).with_file("workflows/look.yaml", &looking()).edit(|document| {
        document["configuration"]["at_work"] = json!({"per_person": most, "per_project": most});
    });
    let mut world = shop.start().await;
    let client = client();
    let mut readers = JoinSet::new();
    for kill in 0..KILLS {
        let mut all_seen = Vec::new();
        for at in kill * executions..(kill + 1) * executions {
            let execution = begun(&world, at).await;
            let seen = Arc::new(AtomicU64::new(0));
            for number in 0..of_each {
                let folder = world.folder().to_owned();
                let read =
                    read(client.clone(), address_of(number), folder, execution.clone(), Arc::clone(&seen));
                readers.spawn(read);
            }
            all_seen.push(seen);
        }
        let have_begun = async || all_seen.iter().all(|seen| seen.load(Ordering::Relaxed) >= 2).then_some(());
        eventually("frames of the executions", RECOVERY_LIMIT, have_begun).await;
        world.kill().await;
        world.serve().await;
    }
    let mut ended = 0;
    while let Some(read) = tokio::time::timeout(RECOVERY_LIMIT, readers.join_next()).await.unwrap() {
        ended += 1;
        let told = read.unwrap();
        let sequences: Vec<u64> = told.iter().map(|(sequence, _)| *sequence).collect();
        assert_eq!(sequences, (1..=sequences.len() as u64).collect::<Vec<_>>(), "{told:?}");
        assert_eq!(told[0].1, "execution.started");
        assert!(told.len() >= 14, "every step is reported: {told:?}");
    }
    assert_eq!(ended, most * of_each);
    world.finish().await;
}

/// The status with which a socket is refused.
async fn refused(api: &str, query: &str, headers: &[(&'static str, &str)]) -> u16 {
    match open(api, query, headers).await {
        Err(Error::Http(answer)) => answer.status().as_u16(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("{query} was not refused"),
    }
}

#[tokio::test]
async fn a_socket_opens_with_a_ticket_once_and_for_its_own_host_and_origin() {
    let world = tickets(2).with_file("workflows/look.yaml", &looking()).start().await;
    let (api, token) = running(world.folder()).unwrap();
    let client = client();
    let execution = begun(&world, 0).await;
    let ticket = async || ticket(&client, &api, &token).await.unwrap();
    for (query, status) in [
        ("ticket=guess&execution=x".to_owned(), 401),
        (format!("ticket={}&execution=unknown", ticket().await), 404),
        (format!("ticket={}", ticket().await), 400),
    ] {
        assert_eq!(refused(&api, &query, &[]).await, status, "{query}");
    }
    for headers in [("host", "evil.example"), ("origin", "https://evil.example")] {
        let query = format!("ticket={}&execution={execution}", ticket().await);
        assert_eq!(refused(&api, &query, &[headers]).await, 403, "{headers:?}");
    }
    let query = format!("ticket={}&execution={execution}", ticket().await);
    let mut socket = open(&api, &query, &[]).await.unwrap();
    assert_eq!(refused(&api, &query, &[]).await, 401, "a ticket works once");
    // Messages from readers change nothing.
    socket.send(Message::text("{\"execution\": \"another\"}")).await.unwrap();
    let first = socket.next().await.unwrap().unwrap().into_text().unwrap();
    assert!(first.contains("execution.started"), "{first}");

    // A reader that sends more than pings is disconnected before it takes memory.
    let mut loud = open(&api, &format!("ticket={}&project=SHOP", ticket().await), &[]).await.unwrap();
    loud.send(Message::text("x".repeat(100_000))).await.unwrap();
    let cut_off = async { while let Some(Ok(_)) = loud.next().await {} };
    assert!(tokio::time::timeout(EXECUTION_LIMIT, cut_off).await.is_ok(), "it stays connected");

    // A project's socket reports every execution, whatever the case of the key.
    let mut project = open(&api, &format!("ticket={}&project=shop", ticket().await), &[]).await.unwrap();
    let second = begun(&world, 1).await;
    let told = async {
        while let Some(Ok(message)) = project.next().await {
            if message.to_text().is_ok_and(|text| text.contains(&second) && text.contains("execution.ended"))
            {
                return true;
            }
        }
        false
    };
    assert!(tokio::time::timeout(EXECUTION_LIMIT, told).await.unwrap());
    world.finish().await;
}
