//! Sessions that take any course: people speak meanwhile, invocations are killed, replies are lost, the agent is changed, rounds follow
//! each other. The strict simulator refuses nothing, and the ledger is never below the bill.
//!
//! `TICKETSMITH_SEED` repeats one session, `TICKETSMITH_SEEDS` says how many there are.

use crate::session_script::{call, change, finish, reply, world};
use crate::sessions::put_agent;
use crate::sessions_repeated::booked;
use crate::world::{BRANCH, EXECUTION, World, now};
use actions::agent::price::price;
use domain::plugins::Usage;
use domain::{ActionError, AgentDefinition, ErrorKind, MicroUsd};
use jiff::SignedDuration;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const SESSIONS: u64 = 10;
/// So much happens in one.
const EVENTS: usize = 70;
const PATHS: [&str; 5] = ["src/shop/money.py", "src/shop/cart.py", "README.md", "nowhere.py", "notes/new.md"];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// A call of any tool, which may be wrong.
fn any_call(random: &mut StdRng) -> Value {
    let path = PATHS[random.random_range(0..PATHS.len())];
    match random.random_range(0..9) {
        0..3 => call("read_file", json!({"path": path})),
        3 => call("list_files", json!({})),
        4 => call("search", json!({"pattern": "def "})),
        5 => {
            call("write_file", json!({"path": path, "content": format!("x = {}\n", random.random::<u16>())}))
        }
        6 => call("edit_file", json!({"path": path, "old_string": "def ", "new_string": "def  "})),
        7 => call(
            "update_plan",
            json!({"items": [{"text": "Look", "status": "done"}], "notes": "All is well."}),
        ),
        _ => call("delete_file", json!({"path": path})),
    }
}

/// A model's answer with some text.
fn any_replies(random: &mut StdRng) -> Value {
    let mut replies: Vec<Value> = (0..150)
        .map(|turn| {
            let mut content = vec![json!({"text": format!("Turn {turn}.")})];
            match random.random_range(0..12) {
                0 => {}
                1 => content.push(call("ask_person", json!({"question": format!("Question {turn}?")}))),
                2 => content.push(finish(if random.random() { "done" } else { "nothing_to_do" })),
                _ => content.extend((0..random.random_range(1..5)).map(|_| any_call(random))),
            }
            json!({"times": 1, "content": content})
        })
        .collect();
    replies.push(reply(None, &[finish("nothing_to_do")]));
    Value::from(replies)
}

/// The requests for a reply, with the status that answered them.
fn requests(world: &World) -> Vec<(Value, u16)> {
    let log = world.simulation.log().into_iter();
    let of_model = log.filter(|entry| entry.service == "claude" && entry.path.ends_with("/v1/messages"));
    of_model.map(|entry| (entry.request, entry.status)).collect()
}

async fn invoke(world: &World, state: &str, report: Option<&Value>) -> Result<Value, ActionError> {
    match report {
        None => {
            let task = world.task().await;
            let input = json!({"agent": "development", "task": task, "branch": BRANCH, "continues": true});
            world.step(state, "open_session", input).await
        }
        Some(report) if report["next"] == "ask" => {
            let input = json!({"session": report["session"], "answer": "As you like.", "by": "Ada"});
            world.step(&format!("{state}.Answer"), "answer_session", input).await
        }
        Some(report) => world.next(state, report).await,
    }
}

async fn something_happens(world: &World, random: &mut StdRng, event: usize, said: &mut Vec<String>) {
    match random.random_range(0..24) {
        0..3 => {
            let words = format!("Words number {event}.");
            world.say(&format!("d{event}"), &words).await;
            said.push(words);
        }
        3 => {
            put_agent(world, |agent| agent.max_turns = 100 + u32::try_from(event).unwrap()).await;
            world.clock.advance(SignedDuration::from_secs(61));
        }
        4 => world.fault(
            json!({"service": "claude", "path": "^/v1/messages$", "truncated": true, "after_effect": true}),
        ),
        5 => world.fault(json!({"service": "claude", "path": "^/v1/messages$", "status": 529, "times": 2})),
        // The cached part is gone.
        6 => world.clock.advance(SignedDuration::from_hours(2)),
        7 => world.forget_readings().await,
        _ => {}
    }
}

async fn one_session(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let replies = any_replies(&mut random);
    let world = World::start_gated(|world| change(world, replies)).await;
    world.begin_on_ticket().await;
    put_agent(&world, |agent| agent.max_turns = 100).await;
    let (mut round, mut report, mut said) = (0, None::<Value>, Vec::new());
    for event in 0..EVENTS {
        something_happens(&world, &mut random, event, &mut said).await;
        let state = format!("Develop{round}");
        let is_killed = random.random_bool(0.25);
        if is_killed {
            world.gate.kill_after(random.random_range(0..8));
        }
        let given = world.gate.unless_killed(invoke(&world, &state, report.as_ref())).await;
        world.gate.open();
        match given {
            // The next attempt finds the earlier work.
            None => {}
            Some(Ok(new)) => report = Some(new),
            Some(Err(error)) => {
                assert_ne!(error.kind, ErrorKind::Rejected, "{seed}: {error}");
                world.clock.advance(SignedDuration::from_mins(11));
            }
        }
        if let Some(done) = report.take_if(|report| report["next"] == "done") {
            let implementation = &done["result"]["implementation"];
            if !implementation.is_null() {
                let input = json!({"branch": BRANCH, "message": "Do it", "implementation": implementation});
                let _taken_up_by_the_next_round =
                    world.step(&format!("Commit{round}"), "commit_changes", input).await;
            }
            round += 1;
        }
    }
    let requests = requests(&world);
    let refused: Vec<_> = requests.iter().filter(|(_, status)| *status == 400).collect();
    assert!(refused.is_empty(), "{seed}: {refused:#?}");
    for words in &said {
        let times: BTreeSet<usize> =
            requests.iter().map(|(request, _)| request.to_string().matches(words.as_str()).count()).collect();
        assert!(times.iter().all(|times| *times <= 1), "{seed}: {words} {times:?}");
        let waits = world.table.inbox("SHOP-1").await.unwrap().words;
        let waits = waits.iter().any(|waiting| waiting.word.text == *words);
        let is_taken = taken(&world, words).await;
        assert_ne!(waits, is_taken, "{seed}: {words} waits: {waits}, taken in: {is_taken}");
    }
    assert!(booked(&world).await >= crate::money::billed(&world), "{seed}");
    world.assert_no_violations();
}

/// Whether the messages of a session have these words.
async fn taken(world: &World, words: &str) -> bool {
    for link in world.table.sessions_of(EXECUTION).await.unwrap() {
        let head = world.table.session(&link.session).await.unwrap().unwrap();
        for generation in 1..=head.generation {
            let messages = world.table.session_messages(&head.id, generation).await.unwrap();
            if messages.iter().any(|message| String::from_utf8_lossy(message).contains(words)) {
                return true;
            }
        }
    }
    false
}

#[tokio::test]
async fn whatever_course_sessions_take_nothing_that_is_sent_is_refused() {
    let only = number("TICKETSMITH_SEED");
    let first: u64 = only.unwrap_or_else(rand::random);
    let count = if only.is_some() { 1 } else { number("TICKETSMITH_SEEDS").unwrap_or(SESSIONS) };
    for seed in (0..count).map(|more| first.wrapping_add(more)) {
        println!("TICKETSMITH_SEED={seed}");
        Box::pin(one_session(seed)).await;
    }
}

#[tokio::test]
async fn what_is_redeployed_while_a_session_is_parked_begins_one_generation() {
    let shipped =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../prompts/agents/development.md"));
    let prompt = format!("{}\nBe brief.\n", shipped.unwrap());
    for changed in ["prompt", "tools", "file"] {
        let ask = call("ask_person", json!({"question": "Which rounding?"}));
        let world = world(json!([
            reply(Some("answered: down"), &[json!({"text": "Down it is."}), finish("nothing_to_do")]),
            reply(Some("def percent_of"), &[ask]),
            reply(
                None,
                &[json!({"text": "I look."}), call("read_file", json!({"path": "src/shop/money.py"}))]
            ),
        ]))
        .await;
        put_agent(&world, |_| {}).await;
        let asks = world.whole_session("Develop").await.unwrap();
        assert_eq!(asks["next"], "ask");
        match changed {
            "prompt" => {
                let prompts = BTreeMap::from([(AgentDefinition::DEFAULT_PROMPT.to_owned(), prompt.clone())]);
                world.table.put_prompts(&prompts).await.unwrap();
            }
            "tools" => {
                let tools = ["read_file", "list_files", "ask_person", "finish", "update_plan"];
                put_agent(&world, |agent| agent.tools = tools.map(str::to_owned).into()).await;
            }
            _ => put_agent(&world, |agent| agent.max_turns = 50).await,
        }
        world.clock.advance(SignedDuration::from_hours(30));
        let answer = json!({"session": asks["session"], "answer": "down", "by": "Ada"});
        let answered = world.step("Develop.Answer", "answer_session", answer).await.unwrap();
        let done = world.until_it_stops("Develop", answered).await.unwrap();
        assert_eq!(done["result"]["outcome"], "nothing_to_do", "{changed}: {done}");
        let head = world.table.session(done["session"].as_str().unwrap()).await.unwrap().unwrap();
        assert_eq!(head.generation, 2, "{changed}");
        assert!(requests(&world).iter().all(|(_, status)| *status == 200), "{changed}");
        world.assert_no_violations();
    }
}

#[tokio::test]
async fn a_counter_that_is_three_percent_off_misleads_no_reservation() {
    for off in [-3, 3] {
        let large = |number: usize| format!("large-{number}.py");
        let read = |number: usize| call("read_file", json!({"path": large(number)}));
        let mut replies: Vec<Value> = (1..6)
            .map(|turn| json!({"times": 1, "content": [{"text": format!("Turn {turn}.")}, read(turn), read(turn + 10)]}))
            .collect();
        replies.push(reply(None, &[finish("nothing_to_do")]));
        let world = World::start_with(|world| {
            change(world, Value::from(replies));
            world.section_mut::<simulators::claude::World>("claude").unwrap().counts_off_by_percent = off;
            let github = world.section_mut::<simulators::github::World>("github").unwrap();
            github.repositories[0].path = None;
            let line =
                |number: usize| format!("value_{number} = \"some words of a large file\"\n").repeat(400);
            github.repositories[0].files = (0..20).map(|number| (large(number), line(number))).collect();
        })
        .await;
        let mut report = world.open("Develop").await.unwrap();
        let (mut counted, mut seen) = (0, 0);
        while report["next"] != "done" {
            if report["next"] != "think" {
                report = world.next("Develop", &report).await.unwrap();
                continue;
            }
            // While the reply is on its way, its reservation is in the table.
            world.fault(json!({"service": "claude", "path": "^/v1/messages$", "delay_ms": 300}));
            let counts = world.requests("claude", "POST", "count_tokens").len();
            let reserved = async {
                loop {
                    if let Some(open) = world.table.open_reservations(EXECUTION).await.unwrap().pop() {
                        return open;
                    }
                    tokio::task::yield_now().await;
                }
            };
            let (reserved, next) = tokio::join!(reserved, world.next("Develop", &report));
            report = next.unwrap();
            let costs = world.table.costs_of_execution(EXECUTION).await.unwrap();
            let cost = costs.into_iter().find(|cost| cost.id == reserved.id).unwrap();
            let usage = cost.usage.unwrap();
            assert!(cost.remark.is_none(), "{cost:?}");
            assert!(reserved.amount >= cost.cost.booked(), "{off} %: {reserved:?} {cost:?}");
            if world.requests("claude", "POST", "count_tokens").len() > counts {
                let worst = Usage {
                    cache_write_5m_tokens: usage.all_input_tokens(),
                    output_tokens: 16_000,
                    ..Usage::default()
                };
                let worst = price("anthropic", &cost.model, &worst, now()).unwrap();
                assert!(reserved.amount <= MicroUsd(worst.0 * 2), "{off} %: {} for {worst}", reserved.amount);
                counted += 1;
            }
            seen += 1;
        }
        assert!(counted >= 3 && seen >= 6, "{counted} of {seen} requests were counted");
        world.assert_no_violations();
    }
}
