//! People see what they may see, and writers of a repository steer its project.

use crate::world::World;
use control::{
    CostsResult, RedriveResult, StartResult, StatusResult, StopResult, UndoPreviewResult, UndoResult,
};
use domain::execution::{ExecutionInput, Outcome};
use domain::{Actor, EventName, SourceName};
use records::{ExecutionEnd, WRITER_KNOWN};

fn slack(world: &World, id: &str) -> Actor {
    let source = SourceName::from_static("slack");
    let actor = Actor { source, id: id.into(), display_name: None, person: None };
    world.directory.configuration().identify(actor)
}

/// Has somebody start `development` on a ticket of `WEB`.
async fn work_on_web(world: &World, task_id: &str, actor: &Actor) -> String {
    work_in(world, "WEB", task_id, actor).await
}

/// Has somebody start `development` on a ticket of a project.
async fn work_in(world: &World, project: &str, task_id: &str, actor: &Actor) -> String {
    let mut request = world.request(task_id, task_id);
    request.trigger = EventName::from_static("slack.command");
    request.input = ExecutionInput::new(
        [("task_id".to_owned(), task_id.into())].into_iter().collect(),
        Some(project.into()),
        Some(actor.clone()),
    );
    let StartResult::Started { execution, .. } = world.control.start(request).await.unwrap() else {
        panic!("not started")
    };
    execution
}

async fn end_stopped(world: &World, execution: &str) {
    let (outcome, at) = (Outcome::Stopped, world.now());
    let end = ExecutionEnd { outcome, error: None, cause: None, output: None, at };
    world.table.finish(execution, &end).await.unwrap();
}

#[tokio::test]
async fn status_and_costs_show_what_the_asker_may_see() {
    let world = World::new().await;
    let (ada, viewer) = (world.ada(), slack(&world, "U2"));
    let (starter, stranger) = (slack(&world, "U8"), slack(&world, "U9"));
    world.control.start(world.request("SHOP-1", "d1")).await.unwrap();
    work_on_web(&world, "WEB-1", &starter).await;
    let check = async |actor: &Actor, task_id: Option<&str>, expected: Result<&[&str], &str>| {
        let caller = world.caller(actor, "c");
        let seen = match world.control.visible_executions(&caller, task_id, 5).await.unwrap() {
            StatusResult::Executions(seen) => {
                Ok(seen.into_iter().filter_map(|execution| execution.task_id).collect::<Vec<_>>())
            }
            StatusResult::Denied(reason) => Err(reason),
        };
        assert_eq!(seen.as_deref().map_err(String::as_str).is_ok(), expected.is_ok(), "{actor:?} {seen:?}");
        match (&seen, expected) {
            (Ok(seen), Ok(expected)) => assert_eq!(seen, expected),
            (Err(reason), Err(expected)) => assert!(reason.contains(expected), "{reason}"),
            _ => {}
        }
        if let Some(task_id) = task_id {
            let costs = world.control.costs_of_ticket(&caller, task_id).await.unwrap();
            assert_eq!(matches!(costs, CostsResult::Costs(_)), expected.is_ok(), "{actor:?} {costs:?}");
        }
    };
    let refused = Err("may not see work on SHOP");
    check(&ada, None, Ok(&["WEB-1", "SHOP-1"])).await;
    check(&viewer, None, Ok(&["WEB-1"])).await;
    check(&starter, None, Ok(&["WEB-1"])).await;
    check(&stranger, None, Ok(&[])).await;
    check(&viewer, Some("WEB-1"), Ok(&["WEB-1"])).await;
    check(&starter, Some("WEB-1"), Ok(&["WEB-1"])).await;
    check(&stranger, Some("WEB-1"), Err("may not see work on WEB")).await;
    for actor in [&viewer, &starter, &stranger] {
        check(actor, Some("SHOP-1"), refused).await;
        // A ticket that nobody worked on reveals as little.
        check(actor, Some("SHOP-2"), refused).await;
    }
    check(&ada, Some("SHOP-2"), Ok(&[])).await;
}

#[tokio::test]
async fn an_execution_is_shown_by_its_name_to_whoever_may_see_it() {
    let world = World::new().await;
    let (viewer, starter, stranger) = (slack(&world, "U2"), slack(&world, "U8"), slack(&world, "U9"));
    let web = work_on_web(&world, "WEB-1", &starter).await;
    let StartResult::Started { execution: shop, .. } =
        world.control.start(world.request("SHOP-1", "d1")).await.unwrap()
    else {
        panic!("not started")
    };
    let sees = async |actor: &Actor, name: &str| {
        let caller = world.caller(actor, "c");
        world.control.visible_execution(&caller, name).await.unwrap().map(|execution| execution.name)
    };
    for actor in [&world.ada(), &viewer, &starter] {
        assert_eq!(sees(actor, &web).await.as_ref(), Some(&web), "{actor:?}");
    }
    assert_eq!(sees(&world.ada(), &shop).await.as_ref(), Some(&shop));
    for (actor, name) in [(&stranger, &web), (&stranger, &shop), (&viewer, &shop), (&starter, &shop)] {
        assert_eq!(sees(actor, name).await, None, "{actor:?} {name}");
    }
    assert_eq!(sees(&viewer, "no-such-execution").await, None);
}

#[tokio::test]
async fn how_work_goes_is_told_to_whoever_could_steer_it() {
    let world = World::new().await;
    let (starter, stranger) = (slack(&world, "U8"), slack(&world, "U9"));
    let name = work_on_web(&world, "WEB-1", &starter).await;
    let undo = async |actor: &Actor, task_id: &str, delivery: &str| {
        let ticket = world.directory.ticket(task_id).unwrap();
        match world.control.preview_undo(&world.caller(actor, delivery), &ticket).await.unwrap() {
            UndoPreviewResult::Refused(result) => result,
            UndoPreviewResult::Preview(preview) => panic!("{preview:?}"),
        }
    };
    let at_work = UndoResult::AtWork { workflow: "development".into() };
    assert_eq!(undo(&starter, "WEB-1", "u1").await, at_work);
    assert_eq!(undo(&world.ada(), "SHOP-2", "u2").await, UndoResult::NothingDone);
    let named = async |actor: &Actor| {
        let caller = world.caller(actor, "u3");
        world.control.undo_execution(&caller, &name, None).await.unwrap()
    };
    assert_eq!(named(&starter).await, at_work);
    for (task_id, delivery) in [("WEB-1", "s1"), ("WEB-2", "s2"), ("SHOP-2", "s3")] {
        let told = undo(&stranger, task_id, delivery).await;
        assert!(matches!(told, UndoResult::Denied(_)), "{task_id}: {told:?}");
        let ticket = world.directory.ticket(task_id).unwrap();
        let stopped = world.control.stop(&world.caller(&stranger, delivery), &ticket).await.unwrap();
        assert!(matches!(stopped, StopResult::Denied(_)), "{task_id}: {stopped:?}");
    }
    let told = named(&stranger).await;
    assert!(matches!(told, UndoResult::Denied(_)), "{told:?}");
    let shop = world.directory.ticket("SHOP-2").unwrap();
    let told = world.control.redrive(&world.caller(&stranger, "r1"), &shop).await.unwrap();
    assert!(matches!(told, RedriveResult::Denied(_)), "{told:?}");
    let stopped = world.control.stop(&world.caller(&world.ada(), "r2"), &shop).await.unwrap();
    assert_eq!(stopped, StopResult::NothingAtWork);
}

#[tokio::test]
async fn what_was_done_is_taken_back_and_shown_only_for_whoever_could_steer_it() {
    let world = World::new().await;
    let (starter, stranger) = (slack(&world, "U8"), slack(&world, "U9"));
    let execution = work_on_web(&world, "WEB-1", &starter).await;
    end_stopped(&world, &execution).await;
    let ticket = world.directory.ticket("WEB-1").unwrap();
    let caller = world.caller(&stranger, "u1");
    let refused = |previewed: UndoPreviewResult| match previewed {
        UndoPreviewResult::Refused(refused) => refused,
        UndoPreviewResult::Preview(preview) => panic!("{preview:?}"),
    };
    for told in [
        world.control.undo(&caller, &ticket, None).await.unwrap(),
        world.control.undo_execution(&caller, &execution, None).await.unwrap(),
        refused(world.control.preview_undo(&caller, &ticket).await.unwrap()),
        refused(world.control.preview_undo_execution(&caller, &execution).await.unwrap()),
    ] {
        assert!(matches!(told, UndoResult::Denied(_)), "{told:?}");
    }
    let told = world.control.undo(&world.caller(&starter, "u2"), &ticket, None).await.unwrap();
    assert_eq!(told, UndoResult::Accepted { execution });
}

/// The project was removed from the configuration while the work was going on.
#[tokio::test]
async fn of_work_in_a_project_that_is_gone_strangers_learn_nothing() {
    let world = World::new().await;
    let (starter, stranger) = (slack(&world, "U8"), slack(&world, "U9"));
    let execution = work_in(&world, "GONE", "SHOP-7", &starter).await;
    for is_over in [false, true] {
        if is_over {
            end_stopped(&world, &execution).await;
        }
        let caller = world.caller(&stranger, "u1");
        let undone = world.control.undo_execution(&caller, &execution, None).await.unwrap();
        assert_eq!(undone, UndoResult::Unknown, "{is_over}");
        let redriven = world.control.redrive_execution(&caller, &execution).await.unwrap();
        assert_eq!(redriven, RedriveResult::Unknown, "{is_over}");
        let caller = world.caller(&starter, "u2");
        let reason = format!("the project of `{execution}` is not configured: GONE");
        let undone = world.control.undo_execution(&caller, &execution, None).await.unwrap();
        assert_eq!(undone, UndoResult::Denied(reason.clone()), "{is_over}");
        let redriven = world.control.redrive_execution(&caller, &execution).await.unwrap();
        assert_eq!(redriven, RedriveResult::Denied(reason), "{is_over}");
    }
}

#[tokio::test]
async fn an_undo_makes_nobody_the_starter_of_the_work() {
    let world = World::new().await;
    let (starter, eve) = (slack(&world, "U8"), slack(&world, "U9"));
    let execution = work_on_web(&world, "WEB-1", &starter).await;
    end_stopped(&world, &execution).await;
    world.table.put_writer(&eve.account(), "WEB", world.now()).await.unwrap();
    let ticket = world.directory.ticket("WEB-1").unwrap();
    let undone = world.control.undo(&world.caller(&eve, "u1"), &ticket, None).await.unwrap();
    assert_eq!(undone, UndoResult::Accepted { execution });
    let undo = world.control.open_execution("WEB-1").await.unwrap().unwrap();
    end_stopped(&world, &undo.name).await;
    world.advance(WRITER_KNOWN);
    let told = world.control.stop(&world.caller(&eve, "s1"), &ticket).await.unwrap();
    assert!(matches!(told, StopResult::Denied(_)), "{told:?}");
    let told = world.control.stop(&world.caller(&starter, "s2"), &ticket).await.unwrap();
    assert_eq!(told, StopResult::NothingAtWork);
}

#[tokio::test]
async fn an_admitted_writer_steers_the_project() {
    let world = World::new().await;
    let (starter, eve) = (slack(&world, "U8"), slack(&world, "U9"));
    let execution = work_on_web(&world, "WEB-1", &starter).await;
    let ticket = world.directory.ticket("WEB-1").unwrap();
    let caller = world.caller(&eve, "c");
    let stopped = world.control.stop(&caller, &ticket).await.unwrap();
    assert!(matches!(stopped, StopResult::Denied(_)), "{stopped:?}");
    world.table.put_writer(&eve.account(), "SHOP", world.now()).await.unwrap();
    let stopped = world.control.stop(&caller, &ticket).await.unwrap();
    assert!(matches!(stopped, StopResult::Denied(_)), "a writer of another repository: {stopped:?}");
    world.table.put_writer(&eve.account(), "WEB", world.now()).await.unwrap();
    let stopped = world.control.stop(&caller, &ticket).await.unwrap();
    assert!(matches!(stopped, StopResult::Requested { .. }), "{stopped:?}");

    // If the project does not name writers, they do not count.
    let ada = world.ada();
    end_stopped(&world, &execution).await;
    world.control.start(world.request("SHOP-1", "d1")).await.unwrap();
    let shop = world.directory.ticket("SHOP-1").unwrap();
    let stopped = world.control.stop(&world.caller(&eve, "c2"), &shop).await.unwrap();
    assert!(matches!(stopped, StopResult::Denied(_)), "{stopped:?}");
    let stopped = world.control.stop(&world.caller(&ada, "c3"), &shop).await.unwrap();
    assert!(matches!(stopped, StopResult::Requested { .. }), "{stopped:?}");
}
