//! Killed during every effect of planning, of its redrive and of its undo, `serve` continues, and each effect happens once.
//!
//! Many plans are at work at once in one program, so that one kill hits all of them amid the same effect: each request was carried out, and
//! its answer is lost. `TICKETSMITH_SEEDS` says how many plans there are instead of ten; a seed draws the kills between effects.

use crate::crash::{RECOVERY_LIMIT, seed};
use crate::plans::{AGENT_ENDS, press, task};
use crate::redrive::{command, continuing};
use crate::support::{World, WorldFile, eventually};
use crate::undoing::{undo, undo_of};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use std::path::Path;

/// How many plans there are unless `TICKETSMITH_SEEDS` says otherwise.
const PLANS: usize = 10;

/// How many plans are at work at once, at most. A kill costs a lease, however many plans it hits.
const TOGETHER: usize = 50;

/// How long an answer is held, in milliseconds, so that all plans come to the same effect before the kill.
const HELD: u64 = 15_000;

/// A request by which something outside is changed, of one plan.
#[derive(Debug, Clone)]
struct Effect {
    service: &'static str,
    method: &'static str,
    /// A regular expression that occurs in the path.
    path: String,
    /// A text in the body, if the path does not identify the plan.
    says: Option<String>,
}

impl Effect {
    fn new(service: &'static str, method: &'static str, path: &str, says: Option<String>) -> Self {
        Self { service, method, path: path.to_owned(), says }
    }

    /// The fault that delays its answer.
    fn held(&self) -> Value {
        let mut fault = json!({
            "service": self.service, "method": self.method, "path": self.path, "delay_ms": HELD,
        });
        if let Some(says) = &self.says {
            fault["contains"] = json!(says);
        }
        fault
    }

    fn is_in(&self, fault: &Value) -> bool {
        fault["path"] == self.path.as_str() && fault["contains"].as_str() == self.says.as_deref()
    }

    /// How often it was carried out.
    fn times(&self, log: &[Value]) -> usize {
        let path = self.path.trim_end_matches('$');
        let is_done = |entry: &&Value| {
            entry["service"] == self.service
                && entry["method"] == self.method
                && entry["status"].as_u64().is_some_and(|status| status < 300)
                && entry["path"].as_str().is_some_and(|text| text.ends_with(path))
                && self.says.as_ref().is_none_or(|says| said(&entry["request"]).contains(says))
        };
        log.iter().filter(is_done).count()
    }
}

/// A request's body as it was sent, in which quotes are not escaped.
fn said(request: &Value) -> String {
    request.as_str().map_or_else(|| request.to_string(), str::to_owned)
}

/// One plan of many.
struct Plan {
    /// Its unique text.
    name: String,
    epic: String,
}

impl Plan {
    fn new(number: usize) -> Self {
        Self { name: format!("Base {number:03}"), epic: format!("MOON-{number}") }
    }

    fn dome(&self) -> String {
        format!("Dome of {}", self.name)
    }

    fn door(&self) -> String {
        format!("Door of {}", self.name)
    }

    /// Its agent's answer: it proposes the plan, and ends.
    fn reply(&self) -> Value {
        let tasks = [task("dome", &self.dome(), &[]), task("door", &self.door(), &["dome"])];
        let plan = json!({"title": self.name, "summary": "People can stay.", "tasks": tasks});
        let propose = json!({"content": [{"tool_use": {"name": "propose_plan", "input": plan}}]});
        json!({"for": self.name, "times": 1, "turns": [propose, {"content": [AGENT_ENDS.clone()]}]})
    }

    fn ticket<'s>(&self, state: &'s Value, title: &str) -> &'s Value {
        let tickets = state["jira"].as_array().unwrap();
        let found = tickets.iter().find(|ticket| ticket["summary"] == title);
        found.unwrap_or_else(|| panic!("{}: no ticket {title}", self.name))
    }

    fn shown(&self) -> Effect {
        Effect::new("jira", "POST", "/comment$", Some(format!("Plan: {}", self.name)))
    }

    fn asked(&self) -> Effect {
        Effect::new("slack", "POST", "/chat.postMessage$", Some(format!("in the epic {}:", self.epic)))
    }

    fn created(&self, title: &str) -> Effect {
        Effect::new("jira", "POST", "/issue$", Some(title.to_owned()))
    }

    fn linked(&self, state: &Value) -> Effect {
        let key = self.ticket(state, &self.dome())["key"].to_string();
        Effect::new("jira", "POST", "/issueLink$", Some(key))
    }

    fn page(&self) -> Effect {
        Effect::new("confluence", "POST", "/pages$", Some(format!("Plan: {}", self.name)))
    }

    fn told(&self) -> Effect {
        Effect::new("jira", "POST", "/comment$", Some(format!("{}\u{201d} is approved", self.name)))
    }

    fn announced(&self) -> Effect {
        let says = format!("{}\u{201d} is approved (2 tasks)", self.name);
        Effect::new("slack", "POST", "/chat.postMessage$", Some(says))
    }

    /// The effects that an undo takes back, in order.
    fn taken_back(&self, state: &Value) -> Vec<Effect> {
        let pages = state["confluence"].as_array().unwrap();
        let title = format!("Plan: {}", self.name);
        let page = pages.iter().find(|page| page["title"] == title.as_str()).unwrap();
        let page = page["id"].as_str().map_or_else(|| page["id"].to_string(), str::to_owned);
        let (dome, door) = (self.ticket(state, &self.dome()), self.ticket(state, &self.door()));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let delete = |service, path: String| Effect::new(service, "DELETE", &format!("{path}$"), None);
        vec![
            delete("confluence", format!("/pages/{page}")),
            delete("jira", format!("/issueLink/{}", text(&door["links"][0]["id"]))),
            delete("jira", format!("/issue/{}", text(&door["key"]))),
            delete("jira", format!("/issue/{}", text(&dome["key"]))),
        ]
    }
}

/// A world with an epic for each plan, and a planning workflow that fails when the wiki cannot be searched, so that it can be continued.
fn moon(plans: &[Plan]) -> WorldFile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../workflows/planning.yaml");
    let workflow = std::fs::read_to_string(path).unwrap();
    let searched = "            outputs: { doc_url: page.url }\n";
    let kept = workflow.replace(&format!("{searched}            on_error: continue\n"), searched);
    assert_ne!(workflow, kept);
    WorldFile::quick_shop().with_file("workflows/planning.yaml", &kept).edit(|document| {
        let jira = &mut document["jira"];
        // A created ticket is found once its search shows it.
        jira["search_lag_seconds"] = json!(5);
        jira["projects"][0]["key"] = json!("MOON");
        jira["projects"][0]["name"] = json!("Moon");
        jira["tickets"] = plans
            .iter()
            .map(|plan| json!({"key": plan.epic, "type": "Epic", "summary": plan.name, "reporter": "ada"}))
            .collect();
        document["configuration"]["projects"][0]["key"] = json!("MOON");
        document["configuration"]["at_work"] = json!({"per_person": TOGETHER, "per_project": TOGETHER});
        document["claude"]["replies"] = plans.iter().map(Plan::reply).collect();
    })
}

/// Holds the answers to these effects.
async fn hold(world: &World, effects: &[Effect]) {
    world.add_faults(&effects.iter().map(Effect::held).collect::<Value>()).await;
}

/// Kills the program once all plans are in the middle of their effects, or past them, and starts it again; sometimes kills it again a few requests later.
async fn kill_amid(world: &mut World, what: &str, effects: &[Effect], random: &mut StdRng) {
    println!("kill amid: {what}");
    let met = async || {
        let waiting = world.waiting_faults().await;
        let waits = |effect: &Effect| waiting.as_array().unwrap().iter().any(|fault| effect.is_in(fault));
        (!effects.iter().any(waits)).then_some(())
    };
    eventually(what, RECOVERY_LIMIT, met).await;
    world.kill().await;
    world.serve().await;
    if random.random_bool(0.3) {
        let wanted = world.log().await.len() + random.random_range(1..8);
        // Soon after its start the program asks again for everything that it was asking for.
        let reached = async || (world.log().await.len() >= wanted).then_some(());
        eventually("the next kill", RECOVERY_LIMIT, reached).await;
        world.kill().await;
        world.serve().await;
    }
}

/// Says yes to the newest of so many questions about each plan, to all at once, so that they come to the next effect together.
async fn approve(world: &World, plans: &[Plan], questions: usize) {
    let mut asked = Vec::new();
    for plan in plans {
        let about = format!("in the epic {}:", plan.epic);
        let message = eventually("the question about the plan", RECOVERY_LIMIT, async || {
            let state = world.state().await;
            let messages = state["slack"]["messages"].as_array().unwrap().clone().into_iter();
            let asked: Vec<Value> = messages.filter(|message| message.to_string().contains(&about)).collect();
            (asked.len() >= questions).then(|| asked.last().cloned()).flatten()
        })
        .await;
        asked.push(message);
    }
    let pressed =
        futures::future::join_all(asked.iter().map(|message| press(world, message, "approve", "ada"))).await;
    for (plan, pressed) in plans.iter().zip(pressed) {
        assert_eq!(pressed["body"]["results"][0]["result"], "recorded", "{}: {pressed}", plan.name);
    }
}

async fn all_end(world: &World, names: &[String], outcome: &str) {
    for name in names {
        let ended = world.ended_within(name, RECOVERY_LIMIT).await;
        assert_eq!(ended["outcome"], outcome, "{ended:#}");
    }
}

fn of<T>(plans: &[Plan], one: impl Fn(&Plan) -> T) -> Vec<T> {
    plans.iter().map(one).collect()
}

#[tokio::test]
async fn killed_at_every_effect_of_planning_redrive_and_undo_each_happens_once() {
    let seed = seed();
    println!("TICKETSMITH_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let count = std::env::var("TICKETSMITH_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(PLANS);
    for _ in 0..count.div_ceil(TOGETHER) {
        killed_together(&of_number(count.min(TOGETHER)), &mut random).await;
    }
}

fn of_number(count: usize) -> Vec<Plan> {
    (1..=count).map(Plan::new).collect()
}

async fn killed_together(plans: &[Plan], random: &mut StdRng) {
    let mut world = moon(plans).start().await;

    // Each plan is shown, asked about, and becomes two tickets, of which one waits for the other. Then the wiki refuses: what only reads is
    // no effect, so a kill amid it leaves no doubt.
    let (shown, asked) = (of(plans, Plan::shown), of(plans, Plan::asked));
    let domes = of(plans, |plan| plan.created(&plan.dome()));
    let doors = of(plans, |plan| plan.created(&plan.door()));
    let any_link = vec![Effect::new("jira", "POST", "/issueLink$", None); plans.len()];
    let held = [&shown, &asked, &domes, &doors, &any_link];
    hold(&world, &held.into_iter().flatten().cloned().collect::<Vec<_>>()).await;
    let refused = json!({"errors": [{"status": 400, "code": "INVALID_REQUEST", "title": "Not today"}]});
    world
        .add_faults(&json!({
            "service": "confluence", "method": "GET", "path": "/pages$", "status": 400, "body": refused, "times": 1_000,
        }))
        .await;
    let mut names = Vec::new();
    for plan in plans {
        names.push(
            world
                .start_by(json!({"kind": "jira-label", "ticket": plan.epic, "label": "plan", "by": "ada"}))
                .await,
        );
    }
    kill_amid(&mut world, "the plans being shown", &shown, random).await;
    kill_amid(&mut world, "the questions", &asked, random).await;
    approve(&world, plans, 1).await;
    kill_amid(&mut world, "the first tickets", &domes, random).await;
    kill_amid(&mut world, "the second tickets", &doors, random).await;
    kill_amid(&mut world, "the links", &any_link, random).await;
    all_end(&world, &names, "failed").await;
    world.clear_faults().await;

    // A redrive asks again, and does the rest.
    let pages = of(plans, Plan::page);
    let (told, announced) = (of(plans, Plan::told), of(plans, Plan::announced));
    let held = [&asked, &pages, &told, &announced];
    hold(&world, &held.into_iter().flatten().cloned().collect::<Vec<_>>()).await;
    let mut redrives = Vec::new();
    for (plan, name) in plans.iter().zip(&names) {
        let answer = command(&world, &format!("redrive {}", plan.epic)).await;
        assert!(answer.to_string().contains("continues"), "{answer}");
        redrives.push(continuing(&world, name).await);
    }
    kill_amid(&mut world, "the questions of the redrives", &asked, random).await;
    approve(&world, plans, 2).await;
    kill_amid(&mut world, "the pages", &pages, random).await;
    kill_amid(&mut world, "the comments", &told, random).await;
    kill_amid(&mut world, "the messages", &announced, random).await;
    all_end(&world, &redrives, "succeeded").await;
    let (state, log) = (world.state().await, world.log().await);
    let links = of(plans, |plan| plan.linked(&state));
    for effect in [shown, domes, doors, links, pages, told, announced].concat() {
        assert_eq!(effect.times(&log), 1, "{effect:?}");
    }
    for effect in asked {
        assert_eq!(effect.times(&log), 2, "once for each execution: {effect:?}");
    }
    for plan in plans {
        let door = plan.ticket(&state, &plan.door());
        let dome = &plan.ticket(&state, &plan.dome())["key"];
        assert_eq!(door["links"].as_array().unwrap().len(), 1, "{door:#}");
        assert_eq!(door["links"][0]["blocked_by"], *dome, "{door:#}");
    }

    // An undo takes all of it back, newest first.
    let back = of(plans, |plan| plan.taken_back(&state));
    hold(&world, &back.concat()).await;
    let mut undos = Vec::new();
    for plan in plans {
        undo(&world, &plan.epic).await;
        undos.push(undo_of(&world, &plan.epic).await);
    }
    for (at, what) in ["pages", "links", "second tickets", "first tickets"].into_iter().enumerate() {
        let effects: Vec<Effect> = back.iter().map(|effects| effects[at].clone()).collect();
        kill_amid(&mut world, &format!("the {what} being taken back"), &effects, random).await;
    }
    all_end(&world, &undos, "succeeded").await;
    let (state, log) = (world.state().await, world.log().await);
    for effect in back.concat() {
        assert_eq!(effect.times(&log), 1, "{effect:?}");
    }
    let left = state["jira"].as_array().unwrap().len();
    assert_eq!(left, plans.len(), "only the epics are left");
    world.finish().await;
}
