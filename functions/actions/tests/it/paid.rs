//! The cost of agents: tight reservations, replies that are kept and replayed, odd bills, and calls that end in time.

use crate::world::{EXECUTION, World, now};
use actions::agent::price::price;
use actions::agent::template::Templates;
use actions::agent::{AgentExecution, Charge, Question};
use async_trait::async_trait;
use domain::action::Agent;
use domain::plugins::{
    AiProvider, ModelMessage, ModelReply, ModelRequest, NoReply, Part, Speaker, StopReason, Usage, WhyRefused,
};
use domain::{ActionError, ActionId, Clock, ErrorKind, MicroUsd};
use jiff::{SignedDuration, Timestamp};
use providers::Model;
use records::{Cost, CostRecord, Limits, Table};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MODEL: &str = "claude-sonnet-5-5";
const MOST_OUTPUT: u32 = 1_000;
/// How many tokens the scripted provider says a request may have at most, and how many it counts.
const MOST_INPUT: u64 = 100_000;
const COUNTED: u64 = 20_000;

/// A provider whose answers and their durations a test defines.
struct Scripted {
    table: Table,
    clock: Arc<crate::world::MovedClock>,
    answer: Box<dyn Fn(usize) -> Result<ModelReply, NoReply> + Send + Sync>,
    takes: SignedDuration,
    /// The price list, and the model in it.
    priced: (&'static str, &'static str),
    most_input: u64,
    calls: AtomicUsize,
    counts: AtomicUsize,
    /// The inputs of each call: its time limit and its reservation.
    given: Mutex<Vec<(Duration, MicroUsd)>>,
}

#[async_trait]
impl AiProvider for Scripted {
    async fn complete(&self, _: &ModelRequest, within: Duration) -> Result<ModelReply, NoReply> {
        let mut open = self.table.open_reservations(EXECUTION).await.unwrap();
        open.extend(self.table.open_reservations("redrive").await.unwrap());
        let reserved = open[0].amount;
        self.given.lock().unwrap().push((within, reserved));
        self.clock.advance(self.takes);
        (self.answer)(self.calls.fetch_add(1, Ordering::Relaxed))
    }

    async fn stream(
        &self,
        request: &ModelRequest,
        within: Duration,
        _: &(dyn Fn(Usage) + Send + Sync),
    ) -> Result<ModelReply, NoReply> {
        self.complete(request, within).await
    }

    async fn count_input_tokens(&self, _: &ModelRequest, _: Duration) -> Result<Option<u64>, ActionError> {
        self.counts.fetch_add(1, Ordering::Relaxed);
        Ok(Some(COUNTED))
    }

    fn input_tokens_at_most(&self, _: &ModelRequest) -> u64 {
        self.most_input
    }

    fn price_provider(&self) -> &'static str {
        self.priced.0
    }

    fn dearest_bounds_all(&self) -> bool {
        true
    }

    fn names(&self, _: &str) -> bool {
        true
    }

    fn why_refused(&self, _: &ActionError) -> Option<WhyRefused> {
        None
    }
}

fn reply(text: &str, usage: Usage) -> ModelReply {
    ModelReply {
        message: ModelMessage { speaker: Speaker::Model, parts: vec![Part::text(text)] },
        text: text.into(),
        calls: Vec::new(),
        stop: StopReason::Complete,
        usage,
        model: MODEL.into(),
        request_id: None,
    }
}

fn usage(input_tokens: u64, output_tokens: u64) -> Usage {
    Usage { input_tokens, output_tokens, ..Usage::default() }
}

async fn scripted(
    world: &World,
    answer: impl Fn(usize) -> Result<ModelReply, NoReply> + Send + Sync + 'static,
) -> Scripted {
    Scripted {
        table: world.table.clone(),
        clock: Arc::clone(&world.clock),
        answer: Box::new(answer),
        takes: SignedDuration::ZERO,
        priced: ("anthropic", MODEL),
        most_input: MOST_INPUT,
        calls: AtomicUsize::new(0),
        counts: AtomicUsize::new(0),
        given: Mutex::default(),
    }
}

/// An agent as another invocation of the same step has it, in a function of fourteen minutes.
fn agent(world: &World, provider: &Arc<Scripted>, invocation: &str) -> AgentExecution {
    agent_in(world, provider, invocation, EXECUTION)
}

/// The same in a redrive of the execution.
fn agent_in(world: &World, provider: &Arc<Scripted>, invocation: &str, execution: &str) -> AgentExecution {
    let charge = Charge {
        invocation: invocation.into(),
        action: ActionId::literal("generate_text"),
        task_id: Some("SHOP-1".into()),
        account: "ada".into(),
        workflow: None,
        project: "SHOP".into(),
        execution: execution.into(),
        began_as: EXECUTION.into(),
        state: "Ask".into(),
    };
    let model = Model {
        provider: Arc::clone(provider) as Arc<dyn AiProvider>,
        instance: "claude".parse().unwrap(),
        name: provider.priced.1.into(),
        max_output_tokens: MOST_OUTPUT,
        context_window: None,
    };
    let limits = Limits {
        per_task: MicroUsd(10_000_000),
        per_month: MicroUsd(100_000_000),
        per_project_month: None,
        per_workflow_month: None,
    };
    let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
    let deadline = clock.now() + SignedDuration::from_secs(840);
    AgentExecution::new(
        world.table.clone(),
        clock,
        Templates::default(),
        limits,
        charge,
        Agent::default(),
        model,
        deadline,
    )
}

async fn ask(agent: &AgentExecution, text: &str) -> Result<String, ActionError> {
    agent.ask_text(Question { material: None, text: text.into(), max_output_tokens: None }).await
}

async fn costs(world: &World) -> Vec<CostRecord> {
    assert!(
        world.table.open_reservations(EXECUTION).await.unwrap().is_empty(),
        "every reservation is closed"
    );
    world.table.costs_of_execution(EXECUTION).await.unwrap()
}

#[tokio::test]
async fn what_was_paid_for_is_not_paid_for_again() {
    let world = World::start().await;
    // Larger than an item, so that it is kept in chunks: digits of a generator hardly compress.
    let mut state = 7_u64;
    let mut digit = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from_u32(0x4e00 + u32::try_from(state >> 51).unwrap()).unwrap()
    };
    let long: String = std::iter::repeat_with(&mut digit).take(400_000).collect();
    for answer in ["short".to_owned(), long] {
        let question = format!("What is {} long?", answer.len());
        let said = answer.clone();
        let provider = Arc::new(scripted(&world, move |_| Ok(reply(&said, usage(1_000, 100)))).await);
        let before = costs(&world).await.len();
        let first = agent(&world, &provider, &format!("{question} 1"));
        assert_eq!(ask(&first, &question).await.unwrap(), answer);
        let again = agent(&world, &provider, &format!("{question} 2"));
        assert_eq!(ask(&again, &question).await.unwrap(), answer);
        assert_eq!(provider.calls.load(Ordering::Relaxed), 1, "the repeat replays the reply");
        assert_eq!(costs(&world).await.len(), before + 1);
        assert_eq!((again.spent(), first.spent()), (Some(MicroUsd(3_000)), Some(MicroUsd(3_000))));
        ask(&again, &format!("And another than {question}")).await.unwrap();
        assert_eq!(provider.calls.load(Ordering::Relaxed), 2, "another question is asked");
    }
}

#[tokio::test]
async fn a_redrive_replays_what_was_paid_for_unless_it_was_of_no_use() {
    let world = World::start().await;
    let provider = Arc::new(scripted(&world, |_| Ok(reply("yes", usage(1_000, 100)))).await);
    ask(&agent(&world, &provider, "1"), "Paid?").await.unwrap();
    ask(&agent_in(&world, &provider, "2", "redrive"), "Paid?").await.unwrap();
    assert_eq!(provider.calls.load(Ordering::Relaxed), 1, "the redrive replays the reply");

    let answers = |call| Ok(reply(if call == 0 { " " } else { "yes" }, usage(1_000, 100)));
    let provider = Arc::new(scripted(&world, answers).await);
    for invocation in ["3", "4"] {
        let useless = ask(&agent(&world, &provider, invocation), "Useless?").await.unwrap_err();
        assert!(useless.message.contains("reply is empty"), "{useless}");
    }
    assert_eq!(provider.calls.load(Ordering::Relaxed), 1, "the same execution replays it");
    for invocation in ["5", "6"] {
        let redrive = agent_in(&world, &provider, invocation, "redrive");
        assert_eq!(ask(&redrive, "Useless?").await.unwrap(), "yes");
    }
    assert_eq!(provider.calls.load(Ordering::Relaxed), 2, "the redrive asks once more, and keeps that reply");
}

#[tokio::test]
async fn a_price_that_rises_before_the_reply_is_that_of_the_reservation() {
    let world = World::start().await;
    // From 2027 on, this model costs twice as much.
    let eve: Timestamp = "2026-12-31T23:59:00Z".parse().unwrap();
    world.clock.advance(eve.duration_since(world.clock.now()));
    let (list, model) = ("google", "gemini-3.7-flash");
    let answer = move |_| Ok(ModelReply { model: model.into(), ..reply("yes", usage(1_000, 1_000)) });
    let takes = SignedDuration::from_mins(5);
    let provider = Scripted { takes, priced: (list, model), ..scripted(&world, answer).await };
    ask(&agent(&world, &Arc::new(provider), "1"), "Dear?").await.unwrap();
    let [before, after] =
        [eve, world.clock.now()].map(|at| price(list, model, &usage(1_000, 1_000), at).unwrap());
    assert!(before < after, "{before} and {after}");
    let [cost]: [CostRecord; 1] = costs(&world).await.try_into().unwrap();
    assert_eq!((cost.cost, cost.remark), (Cost::Priced(before), None));
}

#[tokio::test]
async fn a_reservation_is_what_the_provider_counts_at_the_rate_that_is_asked_for() {
    let world = World::start().await;
    let provider = Arc::new(scripted(&world, |_| Ok(reply("yes", usage(20_500, 1_000)))).await);
    ask(&agent(&world, &provider, "1"), "Large?").await.unwrap();
    // $2.50 for a million tokens written for five minutes, which is requested here, and $10 for a million of output.
    let expected = MicroUsd((20_000 + 1_000 + 500) * 5 / 2 + 10_000);
    assert_eq!(provider.given.lock().unwrap()[0].1, expected);
    let written = Usage { cache_write_5m_tokens: 21_500, output_tokens: 1_000, ..Usage::default() };
    assert_eq!(price("anthropic", MODEL, &written, now()).unwrap(), expected);

    let small = Scripted { most_input: 20_000, ..scripted(&world, |_| Ok(reply("no", usage(1, 1)))).await };
    let small = Arc::new(small);
    ask(&agent(&world, &small, "2"), "Small?").await.unwrap();
    assert_eq!(small.counts.load(Ordering::Relaxed), 0, "a small request is not worth a count");
    assert_eq!(small.given.lock().unwrap()[0].1, MicroUsd(20_000 * 5 / 2 + 10_000));
}

#[tokio::test]
async fn a_large_prompt_is_counted_by_the_service() {
    let world = World::start_with(|world| {
        let tickets = &mut world.section_mut::<simulators::jira::World>("jira").unwrap().tickets;
        let description = tickets[0].description.take().unwrap();
        let long = "Codes work in any case. ".repeat(1_000);
        tickets[0].description = Some(format!("{}\n\n{long}", description.as_str().unwrap()).into());
    })
    .await;
    world.implementation().await.unwrap();
    let counted = world.requests("claude", "POST", "/v1/messages/count_tokens");
    let asked = world.requests("claude", "POST", "/v1/messages");
    assert_eq!((counted.len(), asked.len()), (1, 1));
    world.assert_no_violations();
}

#[tokio::test]
async fn usage_that_cannot_be_is_reported_and_booked_at_the_reservation() {
    let world = World::start().await;
    let endless = Usage { input_tokens: u64::MAX, cache_write_5m_tokens: u64::MAX, ..usage(0, 1) };
    let impossible = [usage(10, u64::from(MOST_OUTPUT) + 1), usage(MOST_INPUT + 1, 1), endless, usage(10, 0)];
    for (number, usage) in impossible.into_iter().enumerate() {
        let provider = Arc::new(scripted(&world, move |_| Ok(reply("yes", usage))).await);
        let agent = agent(&world, &provider, &number.to_string());
        assert_eq!(
            ask(&agent, &format!("Question {number}")).await.unwrap(),
            "yes",
            "the reply was paid for"
        );
        let reserved = provider.given.lock().unwrap()[0].1;
        let cost = costs(&world).await.remove(number);
        assert_eq!((cost.cost, cost.usage), (Cost::Unknown { booked: reserved }, Some(usage)));
        assert!(cost.remark.as_ref().unwrap().starts_with("claude reported"), "{cost:?}");
        assert_eq!(agent.spent(), None);
    }
}

#[tokio::test]
async fn a_bill_above_its_reservation_is_booked_and_reported() {
    let world = World::start().await;
    // Nothing was to be kept for an hour, and the provider bills as if all were.
    let hour = Usage { cache_write_1h_tokens: 21_000, ..usage(0, 1_000) };
    let provider = Arc::new(scripted(&world, move |_| Ok(reply("yes", hour))).await);
    ask(&agent(&world, &provider, "1"), "Well?").await.unwrap();
    let cost = costs(&world).await.remove(0);
    assert_eq!(cost.cost, Cost::Priced(MicroUsd(21_000 * 4 + 10_000)));
    assert!(cost.remark.unwrap().contains("billed $0.0940, but"));
}

#[tokio::test]
async fn a_reply_of_another_model_is_never_cheaper() {
    let world = World::start().await;
    let answer = |_| Ok(ModelReply { model: "claude-haiku-5-5".into(), ..reply("yes", usage(1_000, 100)) });
    let provider = Arc::new(scripted(&world, answer).await);
    ask(&agent(&world, &provider, "1"), "Well?").await.unwrap();
    assert_eq!(costs(&world).await.remove(0).cost, Cost::Priced(MicroUsd(3_000)));
}

#[tokio::test]
async fn whatever_does_not_say_that_it_is_free_is_booked() {
    let world = World::start().await;
    let provider = scripted(&world, |call| {
        let error = ActionError::rejected("an answer of more than 16 MiB");
        Err(if call == 0 { NoReply::may_be_billed(error) } else { NoReply::NotBilled(error) })
    });
    let provider = Arc::new(provider.await);
    let error = ask(&agent(&world, &provider, "1"), "Well?").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::ReplyLost);
    let reserved = provider.given.lock().unwrap()[0].1;
    let cost = costs(&world).await.remove(0);
    assert_eq!(cost.cost, Cost::Unknown { booked: reserved });
    assert!(cost.remark.unwrap().contains("more than 16 MiB"));
    let error = ask(&agent(&world, &provider, "2"), "Well?").await.unwrap_err();
    assert_eq!((error.kind, costs(&world).await.len()), (ErrorKind::Rejected, 1));
}

#[tokio::test]
async fn a_reply_that_broke_off_is_booked_at_what_was_reported_and_all_its_output() {
    let world = World::start().await;
    let provider = scripted(&world, |call| {
        let error = ActionError::unavailable("it broke off");
        let reported = if call == 0 { usage(1_000, 3) } else { usage(MOST_INPUT + 1, 3) };
        Err(NoReply::MayBeBilled { error, reported: Some(reported) })
    });
    let provider = Arc::new(provider.await);
    for invocation in ["1", "2"] {
        ask(&agent(&world, &provider, invocation), "Well?").await.unwrap_err();
    }
    let booked: Vec<_> = costs(&world).await.into_iter().map(|cost| cost.cost).collect();
    let reserved = provider.given.lock().unwrap()[1].1;
    let expected = [MicroUsd(1_000 * 2 + 10_000), reserved].map(|booked| Cost::Unknown { booked });
    assert_eq!(booked, expected, "what cannot have been used is not believed");
}

#[tokio::test]
async fn calls_share_the_time_of_their_function() {
    let world = World::start().await;
    let answer = |_| Ok(reply("yes", usage(1, 1)));
    let provider = Scripted { takes: SignedDuration::from_mins(5), ..scripted(&world, answer).await };
    let provider = Arc::new(provider);
    let agent_of = |invocation: &str| agent(&world, &provider, invocation);
    let first = agent_of("1");
    ask(&first, "One?").await.unwrap();
    ask(&first, "Two?").await.unwrap();
    let error = ask(&first, "Three?").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("of the function's time are left"), "{error}");
    assert_eq!(costs(&world).await.len(), 2, "what is not asked is not booked");
    // The next invocation has its own time, and pays for nothing twice.
    let next = agent_of("2");
    for question in ["One?", "Two?", "Three?"] {
        ask(&next, question).await.unwrap();
    }
    assert_eq!(costs(&world).await.len(), 3);
    // Half a minute of 840 s is kept for the following work. The clock moves on a little on its own.
    let within: Vec<u64> =
        provider.given.lock().unwrap().iter().map(|(within, _)| within.as_secs()).collect();
    for (given, expected) in within.into_iter().zip([810, 510, 810]) {
        assert!((expected - 30..=expected).contains(&given), "{given} s of {expected} s");
    }
}
