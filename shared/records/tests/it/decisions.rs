//! Questions to people: who decides them, and the remaining work then.

use super::*;
use crate::feedback::{after, waiter};
use domain::SourceName;
use records::{Answer, Over, OverReason, RecordsError, ShownPlace, Telling, Timeliness, Topic};

#[tokio::test(flavor = "multi_thread")]
async fn a_question_takes_as_many_people_as_it_says_each_once() {
    let table = table().await;
    let asked = records::Waiter {
        topic: records::Topic::Approval("e".into()).to_string(),
        key: "run/Ask".into(),
        execution: "e".into(),
        token: "token".to_owned().into(),
        since: start(),
        until: None,
        telling: None,
        over: None,
        question: Some("Ship it?".into()),
        approvers: Vec::new(),
        moves: records::Moves::default(),
        details: None,
        terms: records::Terms { count: 3, ..records::Terms::default() },
        votes: Vec::new(),
        reminded_at: None,
        message: None,
        answer: None,
        told: None,
    };
    let yes = |by: &str, via: &'static str| Answer {
        approved: true,
        by: by.into(),
        via: SourceName::from_static(via),
        at: start(),
        comment: (by == "bo").then(|| "fine".to_owned()),
        delivery: format!("{by} {via}"),
        choice: None,
    };
    assert!(table.vote(&asked, &yes("ada", "slack"), |_| true).await.is_err(), "nobody was asked");
    table.put_waiter(&asked).await.unwrap();
    let places = ["slack", "github", "jira"];
    let votes = ["ada", "bo"].into_iter().flat_map(|by| places.map(|via| yes(by, via)));
    let voted = futures::future::join_all(votes.map(|answer| {
        let (table, asked) = (table.clone(), asked.clone());
        tokio::spawn(async move { table.vote(&asked, &answer, |_| true).await.unwrap() })
    }))
    .await;
    assert!(voted.into_iter().all(|voted| matches!(voted.unwrap(), records::VoteResult::Counted(1 | 2))));
    assert_eq!(
        table.vote(&asked, &yes("cy", "slack"), |_| true).await.unwrap(),
        records::VoteResult::Decided
    );
    let found = table.waiter(&asked.topic, &asked.key).await.unwrap().unwrap();
    let answer = found.answer.unwrap();
    assert_eq!((found.votes.len(), answer.comment.as_deref()), (3, Some("bo: fine")));
    assert!(answer.by.ends_with(" and cy") && answer.by.contains("ada") && answer.by.contains("bo"));
    let late = table.vote(&asked, &yes("dee", "slack"), |_| true).await.unwrap();
    let expected = records::VoteResult::AnsweredBefore { answer: Box::new(answer), votes: found.votes };
    assert_eq!(late, expected);
}

#[tokio::test]
async fn what_a_decision_left_undone_is_listed_until_it_is_shown_everywhere() {
    let table = table().await;
    let topic = Topic::Approval("e".into());
    let asked = waiter(&topic, "token", 0);
    table.put_waiter(&asked).await.unwrap();
    table.set_waiter_message(&asked, "C1", "1.2", after(0)).await.unwrap();
    let direct = ShownPlace::Direct { chat: "slack".into(), account: "U1".into(), mark: "m".into() };
    for _ in 0..2 {
        table.put_shown(&asked, &direct, after(0)).await.unwrap();
    }
    let places = table.shown_of(&asked).await.unwrap();
    assert_eq!(places.len(), 2, "each place once: {places:?}");
    let listed = async || table.list_decided(None, 10).await.unwrap().items.len();
    assert_eq!((listed().await, table.list_approvals(None, 10).await.unwrap().items.len()), (0, 1));
    let over = Over { why: OverReason::TimedOut, at: after(60) };
    assert!(table.end_question(&asked, &over).await.unwrap());
    assert!(!table.end_question(&asked, &over).await.unwrap(), "once");
    assert_eq!((listed().await, table.list_approvals(None, 10).await.unwrap().items.len()), (1, 0));
    let late = Answer {
        approved: true,
        by: "ada".into(),
        via: SourceName::from_static("slack"),
        at: after(61),
        comment: None,
        delivery: "d1".into(),
        choice: None,
    };
    assert!(matches!(table.answer_waiter(&asked, &late).await, Err(RecordsError::Conflict(_))));
    assert!(matches!(table.vote(&asked, &late, |_| true).await, Err(RecordsError::Conflict(_))));
    // A place that was recorded again since it was read is not forgotten.
    table.put_shown(&asked, &direct, after(70)).await.unwrap();
    for shown in &places {
        table.shows(shown).await.unwrap();
    }
    let left = table.shown_of(&asked).await.unwrap();
    assert_eq!(left.iter().map(|shown| &shown.place).collect::<Vec<_>>(), [&direct]);
    table.shows(&left[0]).await.unwrap();
    table.is_shown_everywhere(&asked).await.unwrap();
    assert_eq!(listed().await, 0);
    // A newer attempt of the step asks again, and then an answer counts.
    table.put_waiter(&waiter(&topic, "newer", 90)).await.unwrap();
    assert_eq!(table.list_approvals(None, 10).await.unwrap().items.len(), 1);
    assert_eq!(table.answer_waiter(&asked, &late).await.unwrap(), None);
    assert_eq!((listed().await, table.list_approvals(None, 10).await.unwrap().items.len()), (1, 0));
}

#[tokio::test]
async fn whoever_tells_again_knows_that_an_earlier_attempt_may_have() {
    let table = table().await;
    let topic = Topic::Approval("e".into());
    let asked = waiter(&topic, "token", 0);
    table.put_waiter(&asked).await.unwrap();
    assert_eq!(table.begin_telling(&asked, after(5)).await.unwrap(), Telling::First);
    assert_eq!(table.begin_telling(&asked, after(6)).await.unwrap(), Telling::Again(after(5)));
    table.mark_told(&asked, Timeliness::InTime).await.unwrap();
    table.mark_told(&asked, Timeliness::TooLate).await.unwrap();
    let found = table.waiter(&asked.topic, &asked.key).await.unwrap().unwrap();
    assert_eq!(found.told, Some(Timeliness::InTime), "what was recorded first stays");
    let newer = waiter(&topic, "newer", 9);
    table.put_waiter(&newer).await.unwrap();
    assert_eq!(table.begin_telling(&newer, after(10)).await.unwrap(), Telling::First);
}
