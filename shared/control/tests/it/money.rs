//! People's choices for an execution that a limit stopped: once, by right, and about what they saw.

use crate::world::World;
use control::{LimitDecision, MoneyResult, StartResult, question};
use domain::{ActionId, MicroUsd};
use jiff::SignedDuration;
use records::{Choice, ExecutionRecord, Limits, Moves, Reservation, Terms, Topic, Waiter};

const FIVE: LimitDecision = LimitDecision::Add(MicroUsd(5_000_000));

/// An execution that the limit of its ticket stopped, or of its person's month as well, and its question.
async fn stopped(world: &World, shared: bool) -> (ExecutionRecord, Waiter) {
    let result = world.control.start(world.request("SHOP-1", "d1")).await.unwrap();
    let StartResult::Started { execution, .. } = result else { panic!("{result:?}") };
    let execution = world.table.execution(&execution).await.unwrap().unwrap();
    let budgets = &world.directory.configuration().budgets;
    let limits = Limits::from(budgets);
    let most = if shared { budgets.per_user_month() } else { budgets.per_task() };
    let wanted = Reservation {
        id: "1".into(),
        amount: most + MicroUsd(1),
        account: "ada".into(),
        project: Some("SHOP".into()),
        task_id: Some("SHOP-1".into()),
        workflow: Some("development".into()),
        execution: execution.name.clone(),
        state: "ImplementThink".into(),
        action: ActionId::literal("think"),
        provider: "anthropic".into(),
        model: "claude-sonnet-5-5".into(),
        reserved_at: world.now(),
    };
    world.table.reserve(&wanted, limits).await.unwrap_err();
    let waiter = asks(world, &execution, "token").await;
    (execution, waiter)
}

async fn asks(world: &World, execution: &ExecutionRecord, token: &str) -> Waiter {
    let waiter = Waiter {
        topic: Topic::Budget.to_string(),
        key: "run/ImplementThinkAwaitBudget".into(),
        execution: execution.name.clone(),
        token: token.to_owned().into(),
        since: world.now(),
        question: Some("the limit is reached".into()),
        approvers: Vec::new(),
        moves: Moves::default(),
        details: None,
        terms: Terms::default(),
        votes: Vec::new(),
        reminded_at: None,
        message: None,
        answer: None,
        told: None,
        until: None,
        telling: None,
        over: None,
    };
    world.table.put_waiter(&waiter).await.unwrap();
    waiter
}

#[tokio::test]
async fn the_first_choice_counts_and_later_ones_are_told() {
    let world = World::new().await;
    let ada = world.ada();
    let (_, waiter) = stopped(&world, false).await;
    let ticket = world.directory.ticket("shop-1").unwrap();
    let add = Choice::Add { amount: MicroUsd(5_000_000), shared: false };
    let first = world.caller(&ada, "t1");
    for _ in 0..2 {
        let chosen = world.control.choose_for_ticket(&first, &ticket, FIVE).await.unwrap();
        assert_eq!(chosen, MoneyResult::Recorded(add), "the same delivery is told the same");
    }
    let later = world.caller(&ada, "t2");
    let second = world.control.choose(&later, &question(&waiter), LimitDecision::RollBack).await.unwrap();
    assert_eq!(second, MoneyResult::AlreadyChosen { by: "ada".into(), choice: add });
}

#[tokio::test]
async fn an_amount_that_would_not_last_for_the_next_step_is_refused() {
    let world = World::new().await;
    let ada = world.ada();
    let (execution, waiter) = stopped(&world, false).await;
    let step = world.directory.configuration().budgets.per_task() + MicroUsd(1);
    // Something else was spent on the ticket in the meantime.
    let other = Reservation {
        id: "2".into(),
        amount: MicroUsd(1_240_000),
        account: "ada".into(),
        project: Some("SHOP".into()),
        task_id: Some("SHOP-1".into()),
        workflow: Some("development".into()),
        execution: "another".into(),
        state: "PlanThink".into(),
        action: ActionId::literal("think"),
        provider: "anthropic".into(),
        model: "claude-sonnet-5-5".into(),
        reserved_at: world.now(),
    };
    let limits = Limits::from(&world.directory.configuration().budgets);
    world.table.reserve(&other, limits).await.unwrap();
    let choose = async |delivery: &str, amount: u64| {
        let caller = world.caller(&ada, delivery);
        world
            .control
            .choose_for_execution(&caller, &execution, LimitDecision::Add(MicroUsd(amount)))
            .await
            .unwrap()
    };
    let least = MicroUsd(1_240_001);
    assert_eq!(choose("t1", 10_000).await, MoneyResult::TooLittle { step, least });
    assert_eq!(choose("t2", 1_240_000).await, MoneyResult::TooLittle { step, least });
    assert_eq!(world.table.waiter(&waiter.topic, &waiter.key).await.unwrap().unwrap().answer, None);
    let told = MoneyResult::too_little(step, least);
    assert!(told.ends_with("accepted: `+1.25` or more"), "{told}");
    let add = Choice::Add { amount: MicroUsd(1_250_000), shared: false };
    assert_eq!(choose("t3", 1_250_000).await, MoneyResult::Recorded(add));
    assert_eq!(
        choose("t3", 1_250_000).await,
        MoneyResult::Recorded(add),
        "the same delivery is told the same"
    );
}

#[tokio::test]
async fn an_answer_to_an_earlier_question_adds_nothing_to_a_later_one() {
    let world = World::new().await;
    let ada = world.ada();
    let (execution, old) = stopped(&world, false).await;
    let first = world.caller(&ada, "t1");
    world.control.choose_for_execution(&first, &execution, FIVE).await.unwrap();
    // It continues, and is stopped again.
    world.table.forget_waiter(&old).await.unwrap();
    world.advance(SignedDuration::from_mins(5));
    let new = asks(&world, &execution, "another").await;
    for delivery in ["t1", "t2"] {
        let caller = world.caller(&ada, delivery);
        let pressed = world.control.choose(&caller, &question(&old), FIVE).await.unwrap();
        assert_eq!(pressed, MoneyResult::NothingAsked, "a button of before");
    }
    let repeated = world.control.choose_for_execution(&first, &execution, FIVE).await.unwrap();
    assert_eq!(repeated, MoneyResult::NothingAsked, "a delivery that was sent again");
    let open = world.table.waiter(&new.topic, &new.key).await.unwrap().unwrap();
    assert_eq!(open.answer, None);
}

#[tokio::test]
async fn a_newer_question_of_the_same_step_has_no_answer_yet() {
    let world = World::new().await;
    let ada = world.ada();
    let (execution, _) = stopped(&world, false).await;
    world.control.choose_for_execution(&world.caller(&ada, "t1"), &execution, FIVE).await.unwrap();
    world.advance(SignedDuration::from_mins(5));
    let new = asks(&world, &execution, "another").await;
    assert_eq!(world.table.waiter(&new.topic, &new.key).await.unwrap().unwrap().answer, None);
}

#[tokio::test]
async fn what_others_share_is_not_an_approvers_to_give() {
    let world = World::new().await;
    let ada = world.ada();
    let (execution, _) = stopped(&world, true).await;
    let caller = world.caller(&ada, "t1");
    let refused = world.control.choose_for_execution(&caller, &execution, FIVE).await.unwrap();
    let MoneyResult::Denied(reason) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("which others share"), "{reason}");
    // People who may stop the work may choose anything that costs no money.
    let caller = world.caller(&ada, "t2");
    let draft = world.control.choose_for_execution(&caller, &execution, LimitDecision::Draft).await.unwrap();
    assert_eq!(draft, MoneyResult::Recorded(Choice::Draft));
}
