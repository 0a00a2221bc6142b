//! Killed at any moment, `serve` continues where it was, and nothing happens twice.
//!
//! The moments are drawn from a seed that is printed; `TICKETSMITH_SEED` repeats them. What happened is judged by the services'
//! own log and state.

use crate::evidence::{pull_request, repository, ticket};
use crate::support::{World, WorldFile, eventually};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use std::time::Duration;

/// How long an execution may take: each kill costs a lease and a retry, and retries wait longer each time, at random.
pub(crate) const RECOVERY_LIMIT: Duration = Duration::from_secs(900);

/// How many requests one undisturbed run makes of the services, about; kills are spread over them.
const REQUESTS: usize = 48;

/// Requests after which something outside has changed: service, method and path. A kill before the answer arrives leaves the
/// program without knowing its effect.
const EFFECTS: &[(&str, &str, &str)] = &[
    ("github", "POST", "/git/refs$"),
    ("github", "POST", "/graphql$"),
    ("github", "POST", "/pulls$"),
    ("jira", "POST", "/transitions$"),
    ("jira", "POST", "/comment$"),
    ("slack", "POST", "/chat.postMessage$"),
];

/// When a kill comes.
#[derive(Debug)]
enum Moment {
    /// After this many more requests.
    After(usize),
    /// While the answer to a request that changed something is on its way.
    Unanswered(usize),
}

pub(crate) fn seed() -> u64 {
    std::env::var("TICKETSMITH_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(rand::random)
}

/// Three kills between requests, each in another third of a run, and three amid them.
fn moments(random: &mut StdRng) -> Vec<Moment> {
    let third = REQUESTS / 3;
    let mut moments = Vec::new();
    let first = random.random_range(0..EFFECTS.len());
    for part in 0..3 {
        moments.push(Moment::After(part * third + random.random_range(0..third)));
        moments.push(Moment::Unanswered((first + part * 2 + random.random_range(0..2)) % EFFECTS.len()));
    }
    moments
}

/// The shop with as many copies of its first ticket as there are kills.
pub(crate) fn tickets(count: usize) -> WorldFile {
    WorldFile::quick_shop().edit(|document| {
        let mut copies = Vec::new();
        for number in 1..=count {
            let mut copy = document["jira"]["tickets"][0].clone();
            copy["key"] = json!(format!("SHOP-{number}"));
            copies.push(copy);
        }
        document["jira"]["tickets"] = json!(copies);
    })
}

#[tokio::test]
async fn killed_at_any_moment_it_goes_on_and_nothing_happens_twice() {
    let seed = seed();
    println!("TICKETSMITH_SEED={seed}");
    let moments = moments(&mut StdRng::seed_from_u64(seed));
    let mut world = tickets(moments.len()).start().await;
    let mut names = Vec::new();
    for (at, moment) in moments.iter().enumerate() {
        println!("kill {at}: {moment:?}");
        // Earlier executions may still be at work, and are killed again.
        let trigger = json!({ "kind": "jira-label", "ticket": key(at), "label": "agent", "by": "ada" });
        names.push(world.start_by(trigger).await);
        wait_for(&world, &key(at), moment).await;
        world.kill().await;
        world.serve().await;
    }
    for (at, name) in names.iter().enumerate() {
        happened_once(&world, name, &key(at)).await;
    }
    world.finish().await;
}

pub(crate) fn key(at: usize) -> String {
    format!("SHOP-{}", at + 1)
}

async fn wait_for(world: &World, task: &str, moment: &Moment) {
    let is_over = |state: &Value| state["slack"]["messages"].to_string().contains(&format!("\"{task} ("));
    match moment {
        Moment::After(requests) => {
            let wanted = world.log().await.len() + requests;
            let reached =
                async || (world.log().await.len() >= wanted || is_over(&world.state().await)).then_some(());
            eventually("the moment of the kill", RECOVERY_LIMIT, reached).await;
        }
        Moment::Unanswered(effect) => {
            let (service, method, path) = EFFECTS[*effect];
            let held = json!({ "service": service, "method": method, "path": path, "delay_ms": 2000 });
            world.add_faults(&held).await;
            let met = async || (world.waiting_faults().await == json!([])).then_some(());
            eventually("the moment of the kill", RECOVERY_LIMIT, met).await;
        }
    }
}

async fn happened_once(world: &World, name: &str, task: &str) {
    let ended = world.ended_within(name, RECOVERY_LIMIT).await;
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    world.told(name).await;
    done_once(world, task).await;
    let state = world.state().await;
    let comments = ticket(&state, task)["comments"].as_array().unwrap();
    let named = comments.iter().filter(|comment| comment["text"].as_str().unwrap().contains(name)).count();
    assert_eq!(named, 1, "progress comments: {comments:#?}");
}

/// Asserts that each effect of the shipped workflow on a ticket happened once.
pub(crate) async fn done_once(world: &World, task: &str) {
    let branch = format!("feature/{task}");
    let state = world.state().await;
    let pull_request = pull_request(repository(&state, "acme/shop"), &branch);
    assert_eq!(pull_request["commits"], 1, "commits of {task}");
    assert_eq!(ticket(&state, task)["status"], "Code Review");

    let log = world.log().await;
    let done = |path: &str, says: &str| {
        let is_such = |entry: &&Value| {
            entry["method"] != "GET"
                && entry["status"].as_u64().is_some_and(|status| status < 300)
                && entry["path"].as_str().is_some_and(|text| text.ends_with(path))
                && entry["request"].to_string().contains(says)
        };
        log.iter().filter(is_such).count()
    };
    assert_eq!(done("/git/refs", &format!("refs/heads/{branch}\"")), 1, "branches made for {task}");
    assert_eq!(done("/graphql", &format!("refs/heads/{branch}\"")), 1, "pushes to the branch of {task}");
    assert_eq!(done("/pulls", &format!("\"{branch}\"")), 1, "pull requests opened for {task}");
    assert_eq!(done("/chat.postMessage", &format!("{task} (")), 1, "messages about {task}");

    let comments = ticket(&state, task)["comments"].as_array().unwrap();
    let with = |text: &str| {
        comments.iter().filter(|comment| comment["text"].as_str().unwrap().contains(text)).count()
    };
    assert_eq!(with("is ready for review"), 1, "comments that link the pull request: {comments:#?}");
}
