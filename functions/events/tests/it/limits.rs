//! Executions that a limit stopped, and questions to which nobody says anything.

use crate::parked::{output, reservation};
use crate::world::World;
use domain::{Clock, MicroUsd};
use events::EventInput;
use records::{Answer, Choice, LimitOf, Limits, Reservation, Settlement, Topic, Waiter};
use serde_json::json;

/// An execution that a limit stopped, with its question.
async fn stopped_by_a_limit(world: &World) -> (String, Waiter, Limits) {
    let name = world.begin_by_label().await;
    let configuration = world.table.configuration(world.clock.now()).await.unwrap();
    let limits = Limits::from(&configuration.budgets);
    let wanted = Reservation {
        workflow: Some("development".into()),
        ..reservation(world, &name, "1", limits.per_task + MicroUsd(7_000_000))
    };
    world.table.reserve(&wanted, limits).await.unwrap_err();
    let waiter = world.wait(&name, &Topic::Budget, |_| {}).await;
    (name, waiter, limits)
}

fn chosen(world: &World, choice: Choice) -> Answer {
    Answer { choice: Some(choice), comment: None, at: world.clock.now(), ..world.answer(true) }
}

fn chat(world: &World) -> String {
    world.services.state()["slack"]["messages"].to_string()
}

/// What was said in the chat, without buttons.
pub(crate) fn said(world: &World) -> String {
    let state = world.services.state();
    let messages = state["slack"]["messages"].as_array().unwrap();
    messages.iter().filter_map(|message| message["text"].as_str()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn what_is_missing_is_offered_and_added_once() {
    let world = World::new().await;
    let (name, waiter, limits) = stopped_by_a_limit(&world).await;
    assert!(
        chat(&world).contains("Add $10") && chat(&world).contains("Finish as a draft"),
        "{}",
        chat(&world)
    );
    let sent = world.services.state()["slack"]["messages"].as_array().unwrap().len();
    world.waiter_changed(&waiter).await;
    assert_eq!(
        world.services.state()["slack"]["messages"].as_array().unwrap().len(),
        sent,
        "it is asked once"
    );
    let ten = MicroUsd(10_000_000);
    let answer = chosen(&world, Choice::Add { amount: ten, shared: false });
    world.table.answer_waiter(&waiter, &answer).await.unwrap();
    for _ in 0..2 {
        world.waiter_changed(&waiter).await;
        world.sweep().await;
    }
    assert_eq!((world.told().len(), output(&world.told()[0])), (1, json!({"resumed": true})));
    let spendings = world.table.spending(&LimitOf::Task("SHOP-1".into())).await.unwrap();
    assert_eq!(spendings.added, ten);
    assert!(chat(&world).contains("ada added $10.0000, and the work continues"), "{}", chat(&world));
    assert!(world.table.waiters(&Topic::Budget).await.unwrap().is_empty());
    let wanted = reservation(&world, &name, "2", limits.per_task + MicroUsd(7_000_000));
    world.table.reserve(&wanted, limits).await.unwrap();
}

#[tokio::test]
async fn who_may_add_to_a_ticket_adds_to_no_month() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let limits = Limits {
        per_task: MicroUsd(5),
        per_month: MicroUsd(5),
        ..Limits::from(&world.table.configuration(world.clock.now()).await.unwrap().budgets)
    };
    let mut configuration = (*world.table.configuration(world.clock.now()).await.unwrap()).clone();
    (configuration.budgets.per_task_usd, configuration.budgets.per_user_month_usd) = (0.000_005, 0.000_005);
    world.table.put_configuration(&configuration).await.unwrap();
    world.table.reserve(&reservation(&world, &name, "1", MicroUsd(6)), limits).await.unwrap_err();
    let waiter = world.wait(&name, &Topic::Budget, |_| {}).await;
    let answer = chosen(&world, Choice::Add { amount: MicroUsd(9), shared: false });
    world.table.answer_waiter(&waiter, &answer).await.unwrap();
    world.waiter_changed(&waiter).await;
    let month = world.table.spending(&LimitOf::month("ada", world.clock.now())).await.unwrap();
    let ticket = world.table.spending(&LimitOf::Task("SHOP-1".into())).await.unwrap();
    assert_eq!((ticket.added, month.added), (MicroUsd(9), MicroUsd(0)));
}

#[tokio::test]
async fn silence_of_three_days_makes_a_draft() {
    let world = World::new().await;
    let (name, ..) = stopped_by_a_limit(&world).await;
    world.knows(&name, json!({"status": "RUNNING"}));
    world.clock.advance(70);
    world.sweep().await;
    assert_eq!(world.table.draft_of(&name).await.unwrap(), None);
    world.clock.advance(2);
    world.sweep().await;
    let draft = world.table.draft_of(&name).await.unwrap().unwrap();
    assert_eq!(draft.by, None);
    // A step without a session has nothing to make a draft of.
    let told = world.told();
    assert_eq!((told.len(), &told[0]["error"]), (1, &json!("BudgetExceeded")));
    assert!(told[0]["cause"].as_str().unwrap().contains("nobody answered within 72 hours"), "{told:?}");
    assert!(chat(&world).contains("It ends as a draft: nobody answered"), "{}", chat(&world));
}

#[tokio::test]
async fn who_has_a_run_rolled_back_has_it_stopped_and_undone() {
    let world = World::new().await;
    let (name, waiter, _) = stopped_by_a_limit(&world).await;
    world.table.answer_waiter(&waiter, &chosen(&world, Choice::RollBack)).await.unwrap();
    world.waiter_changed(&waiter).await;
    let input = EventInput::from_keys([(format!("EXECUTION#{name}").as_str(), "STOP")]);
    world.events.handle(input).await.unwrap();
    let stopped = world.step_functions.lock().unwrap().stopped.clone();
    assert_eq!((stopped.len(), &stopped[0]["cause"]), (1, &json!("ada stopped it.")));
    assert!(world.told().is_empty(), "the step is not told to go on");
}

#[tokio::test]
async fn each_share_of_a_shared_month_is_told_once() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let mut configuration = (*world.table.configuration(world.clock.now()).await.unwrap()).clone();
    configuration.budgets.per_project_month_usd = Some(10.0);
    configuration.budgets.per_workflow_month_usd = Some(20.0);
    (configuration.budgets.per_task_usd, configuration.budgets.per_user_month_usd) = (1_000.0, 1_000.0);
    world.table.put_configuration(&configuration).await.unwrap();
    let limits = Limits::from(&configuration.budgets);
    for number in 1..=10 {
        let dollar = MicroUsd(1_000_000);
        let wanted = Reservation {
            workflow: Some("development".into()),
            ..reservation(&world, &name, &number.to_string(), dollar)
        };
        world.table.reserve(&wanted, limits).await.unwrap();
        let settlement = Settlement { price: Some(dollar), ..Settlement::unknown(world.clock.now()) };
        world.table.settle(&wanted, settlement).await.unwrap();
        let cost = format!("COST#{number}");
        world
            .events
            .handle(EventInput::from_keys([(format!("EXECUTION#{name}").as_str(), cost.as_str())]))
            .await
            .unwrap();
    }
    let said = said(&world);
    let times = |text: &str| said.matches(text).count();
    for percent in [50, 80, 100] {
        assert_eq!(times(&format!("*{percent} %* of the limit of project SHOP in ")), 1, "{said}");
    }
    assert_eq!(times("*50 %* of the limit of workflow development in "), 1, "{said}");
    assert_eq!(times("of the limit of"), 4, "{said}");
}

#[tokio::test]
async fn people_are_reminded_of_a_question_until_somebody_answers() {
    let world = World::new().await;
    let name = world.begin_by_label().await;
    let topic = Topic::Approval(name.clone());
    let waiter = world.wait(&name, &topic, |waiter| waiter.terms.remind_seconds = Some(24 * 3600)).await;
    world.knows(&name, json!({"status": "RUNNING"}));
    let reminders = || said(&world).matches("still waits for an answer").count();
    world.clock.advance(23);
    world.sweep().await;
    assert_eq!(reminders(), 0);
    world.clock.advance(1);
    for _ in 0..3 {
        world.sweep().await;
    }
    assert_eq!(reminders(), 1, "{}", said(&world));
    world.clock.advance(24);
    world.sweep().await;
    assert_eq!(reminders(), 2);
    world.table.answer_waiter(&waiter, &world.answer(true)).await.unwrap();
    world.clock.advance(24);
    world.sweep().await;
    assert_eq!(reminders(), 2, "nobody is reminded of what is answered");
}
