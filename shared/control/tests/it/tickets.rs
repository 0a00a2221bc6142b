//! A ticket is one ticket, however people type it and at any entrance.

use crate::world::World;
use control::{AnswerResult, CostsResult, Directory, StartResult, StopResult, UndoResult};
use domain::SourceName;
use domain::configuration::InstanceName;
use domain::execution::{Outcome, UNDO_WORKFLOW};
use domain::reference::{Pattern, ProjectReference, References, TrackerReferences};
use jiff::SignedDuration;
use records::{AuditKind, ExecutionEnd, ExecutionRecord, Moves, OpenedPullRequest, Topic, Waiter};

async fn work_on(world: &World, typed: &str, delivery: &str) -> ExecutionRecord {
    let result = world.control.start(world.request(typed, delivery)).await.unwrap();
    let StartResult::Started { execution, .. } = result else { panic!("{result:?}") };
    world.table.execution(&execution).await.unwrap().unwrap()
}

async fn end(world: &World, execution: &ExecutionRecord) {
    let (outcome, at) = (Outcome::Succeeded, world.now());
    let end = ExecutionEnd { outcome, error: None, cause: None, output: None, at };
    world.table.finish(&execution.name, &end).await.unwrap();
}

#[tokio::test]
async fn every_operation_finds_what_was_started_under_another_spelling() {
    let world = World::new().await;
    let ada = world.ada();
    let execution = work_on(&world, "shop-1", "d1").await;
    assert_eq!(execution.task_id.as_deref(), Some("SHOP-1"));
    let waiter = Waiter {
        topic: Topic::Approval(execution.name.clone()).to_string(),
        key: "run/Ask".into(),
        execution: execution.name.clone(),
        token: "token".to_owned().into(),
        since: world.now(),
        question: Some("Ship it?".into()),
        approvers: Vec::new(),
        moves: Moves { approve: Some("Approved".into()), decline: None },
        message: None,
        answer: None,
        told: None,
        details: None,
        terms: records::Terms::default(),
        votes: Vec::new(),
        reminded_at: None,
        until: None,
        telling: None,
        over: None,
    };
    world.table.put_waiter(&waiter).await.unwrap();

    let ticket = world.directory.ticket("Shop-1").unwrap();
    let listed = world.control.executions(Some(ticket.task_id()), 5).await.unwrap();
    assert_eq!(listed.iter().map(|listed| &listed.name).collect::<Vec<_>>(), [&execution.name]);
    let caller = world.caller(&ada, "t1");
    let costs = world.control.costs_of_ticket(&caller, ticket.task_id()).await.unwrap();
    let CostsResult::Costs(costs) = costs else { panic!("{costs:?}") };
    assert_eq!(costs.limit, world.directory.configuration().budgets.per_task());

    let elsewhere = world.control.answer_by_move(&caller, ticket.task_id(), "In Progress").await.unwrap();
    assert_eq!(elsewhere, AnswerResult::NothingAsked);
    let answered = world.control.answer_by_move(&caller, ticket.task_id(), "approved").await.unwrap();
    assert_eq!(answered, AnswerResult::Recorded { question: "Ship it?".into(), approved: true });
    let later = world.caller(&ada, "t2");
    let again = world.control.answer_ticket(&later, &ticket, false, None).await.unwrap();
    let late = world.control.answer_step(&later, &execution.name, "run/Ask", false).await.unwrap();
    assert_eq!(again, late, "whoever answers what has been decided is told how");
    let AnswerResult::AlreadyAnswered { question, by, approved: true, how } = late else {
        panic!("{late:?}")
    };
    assert_eq!((question.as_str(), by.as_str()), ("Ship it?", "ada"));
    assert!(how.starts_with("via slack at 2026-11-22 12:0"), "{how}");

    let at_work = world.control.undo(&caller, &ticket, None).await.unwrap();
    assert_eq!(at_work, UndoResult::AtWork { workflow: "development".into() });
    let stopped = world.control.stop(&caller, &ticket).await.unwrap();
    assert_eq!(stopped, StopResult::Requested { workflow: "development".into() });
    end(&world, &execution).await;
    assert_eq!(world.control.stop(&later, &ticket).await.unwrap(), StopResult::NothingAtWork);
    let again = world.control.stop(&caller, &ticket).await.unwrap();
    assert_eq!(again, StopResult::Ended { workflow: "development".into() }, "it is about the same execution");
    let undone = world.control.undo(&caller, &ticket, None).await.unwrap();
    assert_eq!(undone, UndoResult::Accepted { execution: execution.name.clone() });
    assert!(world.starts()[1]["stateMachineArn"].as_str().unwrap().ends_with(UNDO_WORKFLOW));

    // Each of it is in the audit, in its order.
    let mut audit = world.table.audit_of("2026-11-22", None, 50).await.unwrap().records;
    audit.reverse();
    let told: Vec<_> =
        audit.iter().map(|record| (record.kind, record.who.as_str(), record.by.as_str())).collect();
    let ada = |kind| (kind, "ada", "slack.command");
    let expected = [
        (AuditKind::Trigger, "ada", "api.run"),
        ada(AuditKind::Approval),
        ada(AuditKind::Stop),
        ada(AuditKind::Stop),
        ada(AuditKind::Undo),
    ];
    assert_eq!(told, expected, "{audit:#?}");
    assert!(audit.iter().take(4).all(|record| record.about.as_ref() == Some(&execution.name)), "{audit:#?}");
    assert!(audit[1].what.starts_with("approve the question ") && !audit[1].what.contains("Ship it?"));
}

#[tokio::test]
async fn what_ended_over_90_days_ago_is_not_undone() {
    let world = World::new().await;
    let ada = world.ada();
    let execution = work_on(&world, "SHOP-1", "d1").await;
    end(&world, &execution).await;
    let ticket = world.directory.ticket("SHOP-1").unwrap();
    world.advance(SignedDuration::from_hours(24 * 90));
    let UndoResult::Denied(reason) =
        world.control.undo(&world.caller(&ada, "u1"), &ticket, None).await.unwrap()
    else {
        panic!("it was undone");
    };
    assert!(reason.contains("ended on 2026-11-22") && reason.contains("for 90 days"), "{reason}");
    assert_eq!(world.starts().len(), 1);
}

#[tokio::test]
async fn whoever_is_refused_is_in_the_audit() {
    let world = World::new().await;
    let execution = work_on(&world, "SHOP-1", "d1").await;
    let mut vic = world.ada();
    (vic.id, vic.person) = ("U2".into(), Some("vic".into()));
    let ticket = world.directory.ticket("SHOP-1").unwrap();
    let stopped = world.control.stop(&world.caller(&vic, "s1"), &ticket).await.unwrap();
    assert!(matches!(stopped, StopResult::Denied(_)), "{stopped:?}");
    // Nothing is recorded about what somebody may not see.
    let costs = world.control.costs_of_ticket(&world.caller(&vic, "c1"), ticket.task_id()).await.unwrap();
    assert!(matches!(costs, CostsResult::Denied(_)), "{costs:?}");
    let kinds = async |who: &str| {
        let page = world.table.audit_of_person(who, None, 9).await.unwrap();
        page.records.into_iter().map(|record| (record.kind, record.what)).collect::<Vec<_>>()
    };
    assert_eq!(kinds("vic").await, [(AuditKind::Refusal, "stop".to_owned())]);
    let trigger = domain::EventName::from_static("jira.labelled");
    let mallory = domain::Actor {
        source: SourceName::from_static("jira"),
        id: "5b99".into(),
        display_name: None,
        person: None,
    };
    world.control.audit_refusal(Some(&mallory), &trigger, "d2").await.unwrap();
    assert_eq!(kinds("jira:5b99").await, [(AuditKind::Refusal, "start".to_owned())]);
    // The sweeper starts its state machine again, and that is the same start.
    world.control.start_recorded(&execution).await.unwrap();
    assert_eq!(kinds("ada").await, [(AuditKind::Trigger, "start development".to_owned())]);
}

#[tokio::test]
async fn a_run_is_taken_back_once_beside_whatever_is_at_work() {
    let world = World::new().await;
    let execution = work_on(&world, "SHOP-1", "d1").await;
    let run = execution.arn.clone().unwrap();
    let first = world.control.undo_run(&run, &execution).await.unwrap();
    assert!(matches!(first, StartResult::Started { .. }), "{first:?}");
    let second = world.control.undo_run(&run, &execution).await.unwrap();
    assert!(matches!(second, StartResult::Duplicate { .. }), "{second:?}");
    assert_eq!(world.starts().len(), 2);
}

#[tokio::test]
async fn nothing_was_done_on_a_ticket_nobody_worked_on() {
    let world = World::new().await;
    let ada = world.ada();
    let caller = world.caller(&ada, "t1");
    let ticket = world.directory.ticket("SHOP-9").unwrap();
    assert_eq!(world.control.undo(&caller, &ticket, None).await.unwrap(), UndoResult::NothingDone);
    assert_eq!(world.control.stop(&caller, &ticket).await.unwrap(), StopResult::NothingAtWork);
    assert!(world.directory.ticket("TES-1").is_err());
}

#[tokio::test]
async fn an_issue_with_the_number_of_a_pull_request_is_not_taken_for_it() {
    let world = World::new().await;
    let opened = OpenedPullRequest {
        repository: "acme/shop".parse().unwrap(),
        number: 7,
        url: "https://gitlab.com/acme/shop/-/merge_requests/7".into(),
        branch: "feature/3".parse().unwrap(),
        target: "main".parse().unwrap(),
        task_id: Some("acme/shop#3".into()),
        project: "SHOP".into(),
        run: None,
        at: world.now(),
    };
    world.table.put_opened_pull_request(&opened).await.unwrap();
    let forms = ["{path}#{number}", "{path}!{pull}", "{site}/{path}/-/merge_requests/{pull}"];
    let patterns = forms.map(|form| form.parse::<Pattern>().unwrap().at("https://gitlab.com"));
    let instance: InstanceName = "gitlab".parse().unwrap();
    let references = References {
        trackers: vec![TrackerReferences { instance: instance.clone(), patterns: patterns.into() }],
        projects: vec![ProjectReference { names: vec!["acme/shop".into()], trackers: vec![instance] }],
        providers: Vec::new(),
    };
    let directory = Directory::new(world.directory.configuration().clone(), references.into());
    for (named, ticket) in [
        ("acme/shop!7", Some("acme/shop#3")),
        ("https://gitlab.com/acme/shop/-/merge_requests/7/diffs", Some("acme/shop#3")),
        ("acme/shop#7", None),
        ("acme/shop!8", None),
        ("SHOP-7", None),
    ] {
        let found = directory.ticket_of_pull_request(&world.table, named).await.unwrap();
        assert_eq!(found.as_deref(), ticket, "{named}");
    }
    // Where they are numbered together, each number is one thing.
    let together = world.directory.ticket_of_pull_request(&world.table, "ACME/shop#7").await.unwrap();
    assert_eq!(together.as_deref(), Some("acme/shop#3"));
}
