//! Effects happen once, and only ours are taken back.

use super::*;
use domain::execution::Inverse;
use domain::{ActionError, ActionId, ErrorKind};
use futures::future::join_all;
use jiff::SignedDuration;
use records::{EffectEnd, EffectIntent, EffectRequest, EffectStatus, IntendResult, NewEffect, RecordsError};
use std::time::Duration;

const RUN: &str = "arn:aws:states:us-east-1:000000000000:execution:development:jira-SHOP-1-ab";

fn key(state: &str) -> String {
    format!("{RUN}/{state}")
}

fn intention(state: &str, holder: &str, seconds: i64) -> NewEffect {
    let now = start() + SignedDuration::from_secs(seconds);
    NewEffect {
        run: RUN.into(),
        key: key(state),
        action: ActionId::literal("create_branch"),
        existed: false,
        holder: holder.into(),
        at: now,
        lease_until: now + SignedDuration::from_secs(60),
        request: None,
    }
}

fn end(name: &str) -> EffectEnd {
    EffectEnd {
        output: json!({"branch": name, "deep": 1.5e300}),
        inverse: Some(Inverse { action: ActionId::literal("delete_branch"), input: json!({"branch": name}) }),
        cost: None,
        at: start() + SignedDuration::from_secs(5),
    }
}

fn act(intended: IntendResult) -> EffectIntent {
    match intended {
        IntendResult::Act(intent) => intent,
        IntendResult::Done(effect) => panic!("done already: {effect:?}"),
    }
}

#[tokio::test]
async fn a_done_effect_is_replayed() {
    let table = table().await;
    let first = act(table.intend(&intention("CreateBranch", "one", 0)).await.unwrap());
    assert_eq!(
        first,
        EffectIntent {
            existed: false,
            at: start(),
            sequence: 1,
            resumed: false,
            doubtful: false,
            asked: false
        }
    );
    assert_eq!(table.effect_output(RUN, &key("CreateBranch")).await.unwrap(), None);
    table.effect_done(RUN, &key("CreateBranch"), "one", &end("b")).await.unwrap();
    // An answer that got lost is given again.
    table.effect_done(RUN, &key("CreateBranch"), "one", &end("b")).await.unwrap();
    let effect = table.effect_output(RUN, &key("CreateBranch")).await.unwrap().unwrap();
    assert_eq!((effect.output, effect.inverse), (Some(end("b").output), end("b").inverse));
    let again = table.intend(&intention("CreateBranch", "two", 300)).await.unwrap();
    assert!(matches!(again, IntendResult::Done(_)));
}

#[tokio::test]
async fn a_live_lease_answers_unavailable_and_a_dead_one_is_taken_over() {
    let table = table().await;
    act(table.intend(&NewEffect { existed: true, ..intention("A", "one", 0) }).await.unwrap());
    let error = table.intend(&intention("A", "two", 59)).await.unwrap_err();
    let error = ActionError::from(error);
    assert_eq!((error.kind, error.retry_after), (ErrorKind::Unavailable, Some(Duration::from_secs(1))));

    let later = start() + SignedDuration::from_secs(120);
    table.renew_effect(RUN, &key("A"), "one", later).await.unwrap();
    assert!(matches!(
        table.intend(&intention("A", "two", 61)).await,
        Err(RecordsError::Leased { until, .. }) if until == later
    ));

    // The first one's findings, and their time, count.
    let taken = act(table.intend(&intention("A", "two", 120)).await.unwrap());
    let expected = EffectIntent {
        existed: true,
        at: start(),
        sequence: 1,
        resumed: true,
        doubtful: false,
        asked: false,
    };
    assert_eq!(taken, expected);
    // The first comes back from the dead, and must not write.
    for late in [
        table.renew_effect(RUN, &key("A"), "one", later).await,
        table.effect_done(RUN, &key("A"), "one", &end("b")).await,
        table.abandon_effect(RUN, &key("A"), "one").await,
    ] {
        assert!(matches!(late, Err(RecordsError::Conflict(_))), "{late:?}");
    }
    table.effect_done(RUN, &key("A"), "two", &end("b")).await.unwrap();
}

#[tokio::test]
async fn the_same_invocation_intends_again_and_resumes() {
    let table = table().await;
    act(table.intend(&intention("A", "one", 0)).await.unwrap());
    assert!(act(table.intend(&intention("A", "one", 1)).await.unwrap()).resumed);
}

#[tokio::test]
async fn an_abandoned_effect_is_intended_anew() {
    let table = table().await;
    act(table.intend(&intention("A", "one", 0)).await.unwrap());
    table.abandon_effect(RUN, &key("A"), "one").await.unwrap();
    let again = act(table.intend(&NewEffect { existed: true, ..intention("A", "two", 1) }).await.unwrap());
    assert_eq!((again.existed, again.resumed), (true, false));
    table.effect_done(RUN, &key("A"), "two", &end("b")).await.unwrap();
    table.mark_undone(RUN, &key("A"), start()).await.unwrap();
    table.mark_undone(RUN, &key("A"), start()).await.unwrap();
    assert_eq!(table.effect_output(RUN, &key("A")).await.unwrap(), None);
    act(table.intend(&intention("A", "three", 2)).await.unwrap());
    let effect = table.effect(RUN, &key("A")).await.unwrap().unwrap();
    assert_eq!((effect.status, effect.output, effect.undone_at), (EffectStatus::Intended, None, None));
    let undone = table.mark_undone(RUN, &key("A"), start()).await;
    assert!(matches!(undone, Err(RecordsError::Conflict(_))), "{undone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_invocations_at_once_one_acts() {
    let table = table().await;
    // Both the first intention and the takeover of a dead lease.
    for seconds in [0, 120] {
        let tries = join_all((0..30).map(|number| {
            let table = table.clone();
            let intention = intention("A", &format!("{seconds}-{number}"), seconds);
            tokio::spawn(async move { table.intend(&intention).await })
        }))
        .await;
        let mut acting = 0;
        for tried in tries {
            match tried.unwrap() {
                Ok(IntendResult::Act(_)) => acting += 1,
                Err(RecordsError::Leased { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(acting, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_run_takes_no_effect_and_lists_what_it_did_newest_first() {
    let table = table().await;
    let states: Vec<String> = (0..10).map(|number| format!("S{number}")).collect();
    for (number, state) in states.iter().enumerate() {
        // All at one moment: the order is the sequence's.
        act(table.intend(&intention(state, "one", 0)).await.unwrap());
        if number != 4 {
            table.effect_done(RUN, &key(state), "one", &end(state)).await.unwrap();
        }
    }
    let other = NewEffect { run: "arn:other".into(), key: "arn:other/S1".into(), ..intention("x", "one", 0) };
    act(table.intend(&other).await.unwrap());

    table.close_run(RUN, start()).await.unwrap();
    table.close_run(RUN, start()).await.unwrap();
    for refused in [
        table.intend(&intention("New", "one", 1)).await,
        // Not even an intention of before is taken over.
        table.intend(&intention("S4", "two", 999)).await,
    ] {
        assert!(matches!(refused, Err(RecordsError::RunClosed { .. })), "{refused:?}");
    }
    act(table.intend(&NewEffect { key: "arn:other/S2".into(), ..other }).await.unwrap());

    let effects = table.effects_of(RUN).await.unwrap();
    let listed: Vec<_> = effects.iter().map(|effect| effect.key.clone()).collect();
    let newest_first: Vec<_> = states.iter().rev().map(|state| key(state)).collect();
    assert_eq!(listed, newest_first);
    let leased: Vec<_> = effects.iter().filter(|effect| effect.is_leased(start())).collect();
    assert_eq!(leased.len(), 1);
    assert_eq!(leased[0].key, key("S4"));
    // The current holder may still report the outcome.
    table.effect_done(RUN, &key("S4"), "one", &end("late")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_branches_get_different_places() {
    let table = table().await;
    let tries = join_all((0..40).map(|number| {
        let table = table.clone();
        let intention = intention(&format!("S{number}"), "one", 0);
        tokio::spawn(async move { table.intend(&intention).await.unwrap() })
    }))
    .await;
    assert!(tries.into_iter().all(|tried| matches!(tried, Ok(IntendResult::Act(_)))));
    let mut places: Vec<u64> =
        table.effects_of(RUN).await.unwrap().iter().map(|effect| effect.sequence).collect();
    places.dedup();
    assert_eq!(places.len(), 40);
}

#[tokio::test]
async fn an_output_that_is_too_large_is_refused_before_it_is_written() {
    let table = table().await;
    act(table.intend(&intention("A", "one", 0)).await.unwrap());
    let large = EffectEnd { output: json!("x".repeat(records::EFFECT_OUTPUT_LIMIT)), ..end("b") };
    let text = json!("x".repeat(records::EFFECT_INVERSE_LIMIT));
    let inverse = Some(Inverse { action: ActionId::literal("add_comment"), input: text });
    for large in [large, EffectEnd { inverse, ..end("b") }] {
        let error = table.effect_done(RUN, &key("A"), "one", &large).await.unwrap_err();
        assert!(matches!(error, RecordsError::Invalid(_)), "{error}");
    }
    assert_eq!(table.effect(RUN, &key("A")).await.unwrap().unwrap().status, EffectStatus::Intended);
}

#[tokio::test]
async fn nothing_gives_an_effect_up_once_a_request_has_left() {
    let table = table().await;
    let request = EffectRequest { input: json!({"branch": "b"}), inverse: end("b").inverse };
    let new = NewEffect { request: Some(request.clone()), ..intention("A", "one", 0) };
    act(table.intend(&new).await.unwrap());
    table.effect_sent(RUN, &key("A"), "one", Some("https://example.com/b"), start()).await.unwrap();
    let abandoned = table.abandon_effect(RUN, &key("A"), "one").await;
    assert!(matches!(abandoned, Err(RecordsError::Conflict(_))), "{abandoned:?}");
    let sent = table.effect(RUN, &key("A")).await.unwrap().unwrap();
    assert_eq!((sent.status, sent.place.as_deref()), (EffectStatus::Sent, Some("https://example.com/b")));
    assert!(sent.is_leased(start()) && sent.is_doubtful());
    let leased = table.intend(&intention("A", "two", 59)).await;
    assert!(matches!(leased, Err(RecordsError::Leased { .. })), "{leased:?}");
    let next = act(table.intend(&intention("A", "two", 60)).await.unwrap());
    assert!(next.resumed && next.doubtful && !next.asked, "{next:?}");
    // The first holder comes back and must send nothing more.
    let late = table.effect_sent(RUN, &key("A"), "one", None, start()).await;
    assert!(matches!(late, Err(RecordsError::Conflict(_))), "{late:?}");

    table.effect_asked(RUN, &key("A"), start()).await.unwrap();
    assert!(act(table.intend(&intention("A", "three", 999)).await.unwrap()).asked);
    assert_eq!(table.effect_request(RUN, &key("A")).await.unwrap(), Some(request));
    table.effect_done(RUN, &key("A"), "three", &end("b")).await.unwrap();
}

#[tokio::test]
async fn what_was_refused_is_not_in_doubt() {
    let table = table().await;
    act(table.intend(&intention("A", "one", 0)).await.unwrap());
    table.effect_sent(RUN, &key("A"), "one", None, start()).await.unwrap();
    table.effect_refused(RUN, &key("A"), "one").await.unwrap();
    let refused = table.effect(RUN, &key("A")).await.unwrap().unwrap();
    assert!(refused.status == EffectStatus::Sent && !refused.is_doubtful() && !refused.is_left());
    let next = act(table.intend(&intention("A", "one", 1)).await.unwrap());
    assert!(next.resumed && !next.doubtful, "{next:?}");
}

#[tokio::test]
async fn a_doubtful_effect_of_a_closed_run_is_taken_up_to_look_for_it() {
    let table = table().await;
    act(table.intend(&intention("A", "one", 0)).await.unwrap());
    table.effect_sent(RUN, &key("A"), "one", None, start()).await.unwrap();
    table.close_run(RUN, start()).await.unwrap();
    let leased = table.take_up(&intention("A", "two", 59)).await;
    assert!(matches!(leased, Err(RecordsError::Leased { .. })), "{leased:?}");
    assert!(act(table.take_up(&intention("A", "two", 60)).await.unwrap()).doubtful);
    table.effect_absent(RUN, &key("A"), "two").await.unwrap();
    for key in ["A", "B"] {
        let nothing = table.take_up(&intention(key, "three", 999)).await;
        assert!(matches!(nothing, Err(RecordsError::Conflict(_))), "{nothing:?}");
    }
}

#[tokio::test]
async fn the_journal_is_read_without_outputs() {
    let table = table().await;
    act(table.intend(&intention("A", "one", 0)).await.unwrap());
    table.effect_done(RUN, &key("A"), "one", &end("b")).await.unwrap();
    let journal = table.journal_of(RUN).await.unwrap();
    assert_eq!((&journal[0].output, &journal[0].inverse), (&None, &end("b").inverse));
    assert!(journal[0].is_left() && table.knows_run(RUN).await.unwrap());
    assert!(!table.knows_run("arn:nonsense").await.unwrap());
}

#[tokio::test]
async fn few_effects_are_read_at_once_and_of_more_none() {
    let table = table().await;
    assert_eq!(table.few_effects_of(RUN, 2).await.unwrap(), Some(Vec::new()));
    for state in ["A", "B", "C"] {
        act(table.intend(&intention(state, "one", 0)).await.unwrap());
        table.effect_done(RUN, &key(state), "one", &end("b")).await.unwrap();
    }
    assert_eq!(table.few_effects_of(RUN, 2).await.unwrap(), None);
    let few = table.few_effects_of(RUN, 3).await.unwrap().unwrap();
    assert_eq!(few, table.effects_of(RUN).await.unwrap());
    assert_eq!((few.len(), few[0].output.as_ref()), (3, Some(&end("b").output)));
}

#[tokio::test]
async fn what_was_seen_to_be_new_is_intended_at_once_unless_that_changed() {
    let table = table().await;
    let seen = table.seen_effect(RUN, &key("A")).await.unwrap();
    assert_eq!((seen.effect, seen.intentions), (None, 0));
    assert_eq!(act(table.intend_first(&intention("A", "one", 0), 0).await.unwrap()).sequence, 1);
    // Another step of the run has seen none either: no number is given twice.
    assert_eq!(act(table.intend_first(&intention("B", "one", 0), 0).await.unwrap()).sequence, 2);
    assert_eq!(act(table.intend_first(&intention("C", "one", 0), 2).await.unwrap()).sequence, 3);
    let seen = table.seen_effect(RUN, &key("C")).await.unwrap();
    assert_eq!((seen.effect.unwrap().sequence, seen.intentions), (3, 3));
    // Somebody else has intended it since.
    let held = table.intend_first(&intention("C", "two", 1), 3).await;
    assert!(matches!(held, Err(RecordsError::Leased { .. })), "{held:?}");
    let taken = act(table.intend_first(&intention("C", "two", 61), 3).await.unwrap());
    assert_eq!((taken.sequence, taken.resumed), (3, true));
    table.effect_done(RUN, &key("A"), "one", &end("a")).await.unwrap();
    let done = table.intend_first(&intention("A", "two", 1), 3).await.unwrap();
    assert!(matches!(done, IntendResult::Done(_)), "{done:?}");
    table.close_run(RUN, start()).await.unwrap();
    let closed = table.intend_first(&intention("D", "one", 1), 3).await;
    assert!(matches!(closed, Err(RecordsError::RunClosed { .. })), "{closed:?}");
    assert_eq!(table.effect(RUN, &key("D")).await.unwrap(), None);
}

#[tokio::test]
async fn a_step_reads_what_it_begins_with_together() {
    let [here, elsewhere] = tables().await;
    let missing = here.read_for_step(Some(RUN), None, start()).await.unwrap();
    assert!(matches!(missing.configured, Err(RecordsError::Missing(_))) && missing.effect.is_none());
    let configuration: domain::configuration::Configuration =
        serde_json::from_value(json!({"projects": [{"key": "SHOP", "repository": "acme/shop"}]})).unwrap();
    elsewhere.put_configuration(&configuration).await.unwrap();
    elsewhere.admit_run(RUN, domain::Grant::Schedule, start()).await.unwrap();
    act(elsewhere.intend(&intention("A", "one", 0)).await.unwrap());
    let (a, b) = (key("A"), key("B"));
    let read = here.read_for_step(Some(RUN), Some((RUN, &a)), start()).await.unwrap();
    assert_eq!(*read.configured.unwrap().configuration, configuration);
    assert_eq!(read.admission.unwrap().run, RUN);
    let seen = read.effect.unwrap();
    assert_eq!((seen.effect.unwrap().holder.as_str(), seen.intentions), ("one", 1));
    // From memory by now, at most a minute old.
    let again = here.read_for_step(None, Some((RUN, &b)), start()).await.unwrap();
    assert!(again.configured.is_ok() && again.admission.is_none());
    assert_eq!(again.effect.unwrap().effect, None);
}
