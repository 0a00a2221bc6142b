//! Continuing a failed run: finished steps are not repeated, and the failed ones are.

use crate::crash::{RECOVERY_LIMIT, done_once, key, seed, tickets};
use crate::evidence::{branches, pull_request, repository};
use crate::support::{EXECUTION_LIMIT, World, WorldFile, comments, eventually};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use std::path::Path;

/// How many redrives are cut off.
const KILLS: usize = 10;

/// How many requests a redrive makes of the services, about.
const REQUESTS: usize = 20;

/// The shipped workflow, which takes back nothing when a step fails.
fn workflow() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../workflows/development.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains("    on_error: rollback\n"), "{text}");
    text.replace("    on_error: rollback\n", "")
}

/// Pull requests are refused so many times.
fn refusals(times: usize) -> Value {
    let errors =
        [json!({"resource": "PullRequest", "code": "custom", "message": "Pull requests are disabled here"})];
    let body = json!({"message": "Validation Failed", "errors": errors});
    json!({"service": "github", "method": "POST", "path": "/pulls$", "status": 422, "times": times, "body": body})
}

pub(crate) async fn command(world: &World, text: &str) -> Value {
    world.deliver(json!({"kind": "slack-command", "text": text, "by": "ada", "channel": "shop-dev"})).await
}

/// The execution that continues another one, once there is one.
pub(crate) async fn continuing(world: &World, name: &str) -> String {
    let continued = async || world.execution(name).await["continued_by"].as_str().map(str::to_owned);
    eventually("the redrive", EXECUTION_LIMIT, continued).await
}

/// Waits until one comment reports the end of an execution, with these words about the other that it names.
async fn told(world: &World, words: &str, name: &str) {
    let told = async || {
        let texts = comments(&world.state().await);
        let about = |text: &&String| text.contains(words) && text.contains(name) && text.contains("took ");
        // An execution names itself last.
        let is_its_own = |text: &&String| text.rfind(name) > text.rfind(words);
        Some(texts.iter().filter(about).filter(is_its_own).count()).filter(|count| *count > 0)
    };
    assert_eq!(eventually(&format!("the last word on {name}"), RECOVERY_LIMIT, told).await, 1);
}

#[tokio::test]
async fn what_failed_is_done_and_nothing_else_and_one_undo_takes_all_of_it_back() {
    let world = WorldFile::quick_shop().with_file("workflows/development.yaml", &workflow()).start().await;
    world.add_faults(&refusals(2)).await;
    let first = world.start_by("jira-label").await;
    assert_eq!(world.ended(&first).await["outcome"], "failed");
    let asked = world.asked_of_model().await.len();

    // It fails again, so that a redrive is continued as well.
    let answer = command(&world, "redrive SHOP-1").await;
    assert!(answer.to_string().contains(&format!("continues `{first}`")), "{answer}");
    let second = continuing(&world, &first).await;
    assert_eq!(world.ended(&second).await["outcome"], "failed");
    told(&world, "It continues", &second).await;

    let (code, printed, errors) = world.command(&["redrive", &second, "--json", "--as", "ada"]).await;
    assert_eq!(code, 0, "{printed}\n{errors}");
    let third: Value = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
    assert_eq!((&third["outcome"], &third["continues"]), (&json!("succeeded"), &json!(second)), "{third:#}");
    assert_eq!(world.asked_of_model().await.len(), asked, "every reply was paid for before");
    assert_eq!(third["cost_usd"], 0.0, "{third:#}");
    done_once(&world, "SHOP-1").await;
    told(&world, "It is continued by", &first).await;

    for (named, words) in [
        (first.as_str(), "is already continued by"),
        ("SHOP-1", "succeeded, so nothing is left to do"),
        ("SHOP-2", "nothing has been started on SHOP-2"),
        ("nonsense", "no execution is named `nonsense`, and `nonsense` is not a ticket"),
    ] {
        let (code, _, errors) = world.command(&["redrive", named]).await;
        assert!(code == 1 && errors.contains(words), "{named}: {code} {errors}");
    }

    let (code, printed, errors) = world.command(&["undo", "SHOP-1"]).await;
    assert_eq!(code, 0, "{printed}\n{errors}");
    let state = world.state().await;
    let repository = repository(&state, "acme/shop");
    assert_eq!(branches(repository), ["main"]);
    assert_eq!(pull_request(repository, "feature/SHOP-1")["state"], "closed");
    let (code, _, errors) = world.command(&["undo", "SHOP-1"]).await;
    assert!(code == 1 && errors.contains("nothing that can be taken back"), "{errors}");
    let (code, _, errors) = world.command(&["redrive", &second]).await;
    assert!(
        code == 1 && errors.contains("was undone by") && errors.contains("ticketsmith run development"),
        "{errors}"
    );
    world.finish().await;
}

#[tokio::test]
async fn killed_in_the_middle_of_a_redrive_each_effect_happens_once() {
    let seed = seed();
    println!("TICKETSMITH_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let file = tickets(KILLS).with_file("workflows/development.yaml", &workflow());
    let mut world = file.start().await;
    world.add_faults(&refusals(KILLS)).await;
    let mut failed = Vec::new();
    for at in 0..KILLS {
        let trigger = json!({"kind": "jira-label", "ticket": key(at), "label": "agent", "by": "ada"});
        failed.push(world.start_by(trigger).await);
    }
    for name in &failed {
        assert_eq!(world.ended_within(name, RECOVERY_LIMIT).await["outcome"], "failed");
    }
    let asked = world.asked_of_model().await.len();
    let mut redrives = Vec::new();
    for (at, name) in failed.iter().enumerate() {
        let requests = random.random_range(0..REQUESTS);
        println!("kill {at}: after {requests} requests");
        let before = world.log().await.len();
        let answer = command(&world, &format!("redrive {}", key(at))).await;
        assert!(answer.to_string().contains("continues"), "{answer}");
        redrives.push(continuing(&world, name).await);
        let redrive = redrives.last().unwrap().clone();
        let reached = async || {
            let is_over = !world.execution(&redrive).await["ended_at"].is_null();
            (is_over || world.log().await.len() >= before + requests).then_some(())
        };
        eventually("the moment of the kill", RECOVERY_LIMIT, reached).await;
        world.kill().await;
        world.serve().await;
    }
    for (at, redrive) in redrives.iter().enumerate() {
        let ended = world.ended_within(redrive, RECOVERY_LIMIT).await;
        assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
        told(&world, "It continues", redrive).await;
        done_once(&world, &key(at)).await;
    }
    assert_eq!(world.asked_of_model().await.len(), asked, "no reply is paid for twice");
    world.finish().await;
}
