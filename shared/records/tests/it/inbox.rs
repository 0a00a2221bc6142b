//! Inboxes: words wait while an execution holds the ticket, are taken in once, and keep the ticket from being freed.

use super::*;
use domain::execution::Outcome;
use domain::routes::Concurrency;
use records::{
    BeginResult, Changed, ExecutionEnd, FinishResult, Inbox, MOST_WAITING, PutWordResult, ReviewOf,
    SessionChange, Word,
};

const TICKET: &str = "SHOP-1";

fn source() -> SourceName {
    SourceName::from_static("revision")
}

fn word(delivery: &str, second: i64) -> Word {
    let jira = SourceName::from_static("jira");
    Word {
        source: jira.clone(),
        delivery: delivery.to_owned(),
        author: Actor { source: jira, id: "5b10".into(), display_name: None, person: Some("ada".into()) },
        may_trigger: true,
        text: format!("words of {delivery}"),
        place: None,
        review: None,
        at: start() + jiff::SignedDuration::from_secs(second),
    }
}

fn new_execution(delivery: &str) -> NewExecution {
    let input = ExecutionInput::new(Map::new(), Some("SHOP".into()), None);
    let trigger = EventName::from_static("jira.labelled");
    NewExecution::new(trigger, delivery.into(), "development".into(), Some(TICKET.into()), input, start())
}

async fn at_work(table: &Table, delivery: &str) -> String {
    let new = new_execution(delivery);
    assert!(matches!(table.begin(&new, Concurrency::OnePerTask).await.unwrap(), BeginResult::Begun(_)));
    new.name
}

fn succeeded() -> ExecutionEnd {
    ExecutionEnd { outcome: Outcome::Succeeded, error: None, cause: None, output: None, at: start() }
}

async fn put(table: &Table, execution: &str, word: &Word) -> PutWordResult {
    table.put_word(TICKET, execution, &source(), word).await.unwrap()
}

fn texts(inbox: &Inbox) -> Vec<&str> {
    inbox.words.iter().map(|waiting| waiting.word.text.as_str()).collect()
}

#[tokio::test]
async fn a_delivery_puts_its_words_once_and_only_where_work_goes_on() {
    let table = table().await;
    assert_eq!(put(&table, "nobody", &word("d0", 0)).await, PutWordResult::NotAtWork);
    let execution = at_work(&table, "begins").await;
    assert_eq!(put(&table, &execution, &word("d2", 2)).await, PutWordResult::Put);
    assert_eq!(put(&table, &execution, &word("d1", 1)).await, PutWordResult::Put);
    // Also when it comes again later.
    let PutWordResult::Duplicate(before) = put(&table, &execution, &word("d1", 9)).await else {
        panic!("put twice")
    };
    assert!(before.has_words && before.execution == execution);
    let inbox = table.inbox(TICKET).await.unwrap();
    assert_eq!(texts(&inbox), ["words of d1", "words of d2"]);
    assert_eq!(inbox.words[0].author(), "ada");
    assert!(table.drop_words(&inbox.next(), &[]).await.unwrap());
    assert!(matches!(put(&table, &execution, &word("d2", 2)).await, PutWordResult::Duplicate(_)));
    assert!(table.inbox(TICKET).await.unwrap().is_empty());
}

#[tokio::test]
async fn no_ticket_is_freed_while_words_wait_and_a_successor_begins_with_them() {
    let table = table().await;
    let execution = at_work(&table, "begins").await;
    put(&table, &execution, &word("d1", 1)).await;
    assert_eq!(table.finish(&execution, &succeeded()).await.unwrap(), FinishResult::WordsWait);
    let inbox = table.inbox(TICKET).await.unwrap().next();
    let successor = new_execution("follows").taking_over(&execution, inbox);
    assert!(matches!(table.begin(&successor, Concurrency::OnePerTask).await.unwrap(), BeginResult::Begun(_)));
    // Repeated, it is the same.
    let again = table.begin(&successor, Concurrency::OnePerTask).await.unwrap();
    assert!(matches!(again, BeginResult::Duplicate(_)), "{again:?}");
    assert!(table.inbox(TICKET).await.unwrap().is_empty());
    assert!(matches!(table.finish(&execution, &succeeded()).await.unwrap(), FinishResult::Finished(_)));
    let task = table.task(TICKET).await.unwrap().unwrap();
    assert_eq!(task.open_execution.as_ref(), Some(&successor.name));
    assert_eq!(put(&table, &execution, &word("d2", 2)).await, PutWordResult::NotAtWork);
    assert!(matches!(table.finish(&successor.name, &succeeded()).await.unwrap(), FinishResult::Finished(_)));
    assert_eq!(table.task(TICKET).await.unwrap().unwrap().open_execution, None);
}

#[tokio::test]
async fn of_two_that_take_words_at_once_one_does() {
    let table = table().await;
    let execution = at_work(&table, "begins").await;
    put(&table, &execution, &word("d1", 1)).await;
    let mut head = super::sessions::head();
    let opened =
        table.open_session(&head, b"{}", super::sessions::opened("m"), ("e", "Develop")).await.unwrap();
    assert_eq!(opened, Changed::Yes);
    let inbox = table.inbox(TICKET).await.unwrap().next();
    // Words that come later are not in the way.
    put(&table, &execution, &word("d2", 2)).await;
    assert!(table.drop_words(&inbox, &[]).await.unwrap());
    head.version = 2;
    let change = SessionChange { words: Some(inbox), ..SessionChange::default() };
    assert_eq!(table.change_session(&head, change).await.unwrap(), Changed::WordsTaken);
    assert_eq!(table.session("s").await.unwrap().unwrap().version, 1);
    let inbox = table.inbox(TICKET).await.unwrap().next();
    assert_eq!(texts(&inbox), ["words of d2"]);
    let change = SessionChange { words: Some(inbox), ..SessionChange::default() };
    assert_eq!(table.change_session(&head, change.clone()).await.unwrap(), Changed::Yes);
    assert_eq!(table.change_session(&head, change).await.unwrap(), Changed::Overtaken);
    assert!(table.inbox(TICKET).await.unwrap().is_empty());
    assert!(matches!(table.finish(&execution, &succeeded()).await.unwrap(), FinishResult::Finished(_)));
}

#[tokio::test]
async fn a_review_is_taken_in_when_it_is_whole_and_an_inbox_has_a_limit() {
    let table = table().await;
    let execution = at_work(&table, "begins").await;
    let review = ReviewOf { repository: "acme/shop".parse().unwrap(), number: 7, review: 81 };
    put(&table, &execution, &Word { review: Some(review), text: String::new(), ..word("r", 0) }).await;
    let inbox = table.inbox(TICKET).await.unwrap();
    assert!(inbox.clone().next().is_empty() && !inbox.is_empty());
    for _ in 0..2 {
        table.complete_word(TICKET, &inbox.words[0].key, "rename it").await.unwrap();
    }
    assert_eq!(texts(&table.inbox(TICKET).await.unwrap().next()), ["rename it"]);
    for number in 1..i64::from(MOST_WAITING) {
        assert_eq!(put(&table, &execution, &word(&format!("d{number}"), number)).await, PutWordResult::Put);
    }
    assert_eq!(put(&table, &execution, &word("more", 999)).await, PutWordResult::Full);
    let taken = table.inbox(TICKET).await.unwrap().next();
    assert_eq!(taken.words.len(), 20);
    assert!(table.drop_words(&taken, &[]).await.unwrap());
    assert_eq!(put(&table, &execution, &word("more", 999)).await, PutWordResult::Put);
}
