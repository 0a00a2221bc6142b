//! Answers that are lost at random: each effect happens once, or people are asked about it.
//!
//! Every action that changes something is performed until it succeeds, while answers of the services are lost before or after they
//! took effect. What happened is judged by the services' own log. The seeds are printed; `TICKETSMITH_SEED` repeats one,
//! `TICKETSMITH_SEEDS` says how many there are instead of ten. `every_provider.rs` does the same with every provider. How `serve` survives
//! being killed, `crash.rs` among the whole-system tests shows.

use crate::world::{BRANCH, RUN, World};
use domain::{Clock, ErrorKind};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// The number of tries of a step before the run gives up.
const MOST_TRIES: usize = 200;

/// An action that changes something: its name and input, and the request by which it does so.
pub(crate) struct Step {
    pub(crate) state: String,
    pub(crate) action: String,
    pub(crate) input: Value,
    pub(crate) service: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
}

fn steps() -> Vec<Step> {
    let step = |state: &str, action: &str, input, service, method, path| Step {
        state: state.to_owned(),
        action: action.to_owned(),
        input,
        service,
        method,
        path,
    };
    let file = json!([{"path": "notes.txt", "content": "Notes.\n"}]);
    let page = json!({"template_type": "feature_documentation", "title": "Notes", "content": "How."});
    let commit = json!({"branch": BRANCH, "message": "Notes", "files": file});
    vec![
        step("Branch", "create_branch", json!({"branch": BRANCH}), "github", "POST", "/git/refs$"),
        step("Commit", "commit_changes", commit, "github", "POST", "/graphql$"),
        step(
            "Open",
            "create_pull_request",
            json!({"source_branch": BRANCH, "title": "Notes"}),
            "github",
            "POST",
            "/pulls$",
        ),
        step(
            "Comment",
            "add_comment",
            json!({"task_id": "SHOP-1", "comment": "Done"}),
            "jira",
            "POST",
            "/comment$",
        ),
        step(
            "Move",
            "update_task_status",
            json!({"task_id": "SHOP-1", "status": "in_review"}),
            "jira",
            "POST",
            "/transitions$",
        ),
        step("Tell", "send_message", json!({"message": "Done"}), "slack", "POST", "chat.postMessage$"),
        step("Page", "create_page_from_template", page, "confluence", "POST", "/pages$"),
        step("Ticket", "create_task", json!({"title": "Follow up"}), "jira", "POST", "/issue$"),
        step("Epic", "create_epic", json!({"title": "Sale"}), "jira", "POST", "/issue$"),
    ]
}

/// The step that takes an effect back, as a rollback performs it.
fn inverse(effect: &Value) -> Step {
    let action = effect["inverse"]["action"].as_str().unwrap();
    let (service, method, path) = match action {
        "delete_branch" | "revert_commit" => ("github", "POST", "/graphql$"),
        "close_pull_request" => ("github", "PATCH", "/pulls/"),
        "update_task_status" => ("jira", "POST", "/transitions$"),
        "delete_page" => ("confluence", "DELETE", "/pages/"),
        other => unreachable!("the inverse {other}"),
    };
    let key = effect["key"].as_str().unwrap().strip_prefix(&format!("{RUN}/")).unwrap();
    let (state, action, input) =
        (format!("{key}/undo"), action.to_owned(), effect["inverse"]["input"].clone());
    Step { state, action, input, service, method, path }
}

/// Pseudorandom numbers from a seed: <https://prng.di.unimi.it/splitmix64.c>.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

pub(crate) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test]
async fn each_effect_happens_once_or_is_named_whatever_is_lost() {
    let seeds = match number("TICKETSMITH_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("TICKETSMITH_SEEDS").unwrap_or(10)).collect(),
    };
    for seed in seeds {
        println!("TICKETSMITH_SEED={seed}");
        let world = World::start().await;
        let mut random = Random(seed);
        for step in steps() {
            perform(&world, &step, &mut random).await;
        }
        judge(&world);
        let message = world.step("Tell", "send_message", json!({"message": "Done"})).await.unwrap();
        let mut update = message.clone();
        update.as_object_mut().unwrap().retain(|name, _| ["channel", "message_id"].contains(&name.as_str()));
        update["message"] = json!("All done");
        let (state, action) = ("Update".to_owned(), "update_message".to_owned());
        let (service, method, path) = ("slack", "POST", "chat.update$");
        perform(&world, &Step { state, action, input: update, service, method, path }, &mut random).await;
        let listed = world.step("Rollback", "list_effects", json!({})).await.unwrap();
        let effects = listed["effects"].as_array().unwrap().iter();
        let inverses: Vec<Step> =
            effects.filter(|effect| !effect["inverse"].is_null()).map(inverse).collect();
        let mut actions: Vec<_> = inverses.iter().map(|step| step.action.as_str()).collect();
        actions.sort_unstable();
        let each =
            ["close_pull_request", "delete_branch", "delete_page", "revert_commit", "update_task_status"];
        assert_eq!(actions, each);
        for step in &inverses {
            perform(&world, step, &mut random).await;
        }
        judge_taken_back(&world).await;
    }
}

/// Performs a step until it succeeds, or its outcome stays unknown.
pub(crate) async fn perform(world: &World, step: &Step, random: &mut Random) {
    let mut losses = random.below(4);
    let mut waited = 0;
    for _ in 0..MOST_TRIES {
        let loses = losses > 0;
        losses = losses.saturating_sub(1);
        if loses {
            let after_effect = random.below(2) == 0;
            let status = if after_effect { json!(null) } else { json!(502) };
            let fault = match random.below(3) {
                // Any request of the step, a look as well.
                0 => json!({"service": step.service, "path": "/", "status": 502}),
                _ => {
                    json!({"service": step.service, "method": step.method, "path": step.path, "status": status,
                            "truncated": after_effect, "after_effect": after_effect})
                }
            };
            world.fault(fault);
        }
        let tried = world.step(&step.state, &step.action, step.input.clone()).await;
        match tried {
            Ok(_) => return,
            Err(error) if error.kind == ErrorKind::Unconfirmed => {
                world.clock.advance(SignedDuration::from_secs(30));
                waited += 1;
                if waited % 20 == 0 {
                    // After ten minutes, the workflow asks people, who see the outcome.
                    assert!(error.message.contains("/issues/?jql=labels"), "{error}");
                    let key = format!("{RUN}/{}", step.state);
                    world.table.effect_asked(RUN, &key, world.clock.now()).await.unwrap();
                }
            }
            Err(error) => {
                let passes = matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Throttled);
                assert!(passes, "{}: {:?}: {error}", step.state, error.kind);
                world.clock.advance(SignedDuration::from_secs(70));
            }
        }
    }
    unreachable!("{} did not end", step.state);
}

/// Every change was made once, by the services' own account.
fn judge(world: &World) {
    let state = world.simulation.state();
    let count = |service: &str, method: &str, path: &str| world.requests(service, method, path).len();
    assert_eq!(count("github", "POST", "/git/refs"), 1, "branches");
    let requests = world.requests("github", "POST", "/graphql");
    let pushes = requests.iter().filter(|request| json!(request).to_string().contains("updateRefs")).count();
    assert_eq!(pushes, 1, "pushes");
    assert_eq!(count("github", "POST", "/pulls"), 1, "pull requests");
    assert_eq!(count("jira", "POST", "/comment"), 1, "comments");
    assert_eq!(count("jira", "POST", "/transitions"), 1, "moves");
    assert_eq!(count("slack", "POST", "chat.postMessage"), 1, "messages");
    assert_eq!(count("confluence", "POST", "/pages"), 1, "pages");
    let tickets = state["jira"].as_array().unwrap().iter();
    let named = |title: &str| tickets.clone().filter(|ticket| ticket["summary"] == title).count();
    assert_eq!((named("Follow up"), named("Sale")), (1, 1), "tickets: {}", state["jira"]);
    world.assert_no_violations();
}

/// Every change was taken back once, except those that cannot be.
async fn judge_taken_back(world: &World) {
    let state = world.simulation.state();
    let count = |service: &str, method: &str, path: &str| world.requests(service, method, path).len();
    assert_eq!(world.branch(BRANCH).await, None);
    let pull_request = &state["github"]["repositories"][0]["pull_requests"][0];
    assert_eq!(pull_request["state"], "closed", "{pull_request}");
    let ticket = state["jira"].as_array().unwrap().iter().find(|ticket| ticket["key"] == "SHOP-1").unwrap();
    assert_eq!(ticket["status"], "To Do");
    assert_eq!(count("jira", "POST", "/transitions"), 2, "moves there and back");
    let requests = world.requests("github", "POST", "/graphql");
    let moves = requests.iter().filter(|request| json!(request).to_string().contains("updateRefs")).count();
    assert_eq!(moves, 3, "a push, its revert, and the deletion of the branch");
    let pages = state["confluence"].as_array().unwrap();
    let page = pages.iter().find(|page| page["title"] == "Notes").unwrap();
    assert_eq!(page["status"], "trashed", "{page}");
    let messages = state["slack"]["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &messages[0]["text"]), (1, &json!("All done")));
    world.assert_no_violations();
}
