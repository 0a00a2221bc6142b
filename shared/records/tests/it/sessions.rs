//! Sessions: stored data comes back byte for byte, and of two changes at once only one is made.

use super::*;
use domain::MicroUsd;
use records::{
    Changed, OverlayFile, RecordsError, SessionBounds, SessionChange, SessionHead, SessionPhase, SessionRound,
};

pub(crate) fn head() -> SessionHead {
    SessionHead {
        id: "s".into(),
        version: 1,
        run: "r".into(),
        project: "SHOP".into(),
        agent: "development".into(),
        task_id: Some("SHOP-1".into()),
        repository: Some("acme/shop".parse().unwrap()),
        branch: None,
        base: Some("a".repeat(40).parse().unwrap()),
        phase: SessionPhase::Think,
        generation: 1,
        messages: 1,
        turn: 0,
        bounds: SessionBounds { turns: 60, minutes: 30, usd: Some(MicroUsd(5)) },
        executions: vec!["e".into()],
        spent: MicroUsd(7),
        worked_ms: 3,
        usage: None,
        round: None,
        plan_done: 0,
        plan_items: 0,
        opened_at: start(),
        changed_at: start(),
    }
}

pub(crate) fn opened(message: &str) -> SessionChange {
    SessionChange {
        prefix: Some(b"{\"system\": 1}".to_vec()),
        messages: vec![message.as_bytes().to_vec()],
        state: Some(b"{}".to_vec()),
        ..SessionChange::default()
    }
}

#[tokio::test]
async fn a_session_is_opened_once_and_found_by_its_execution() {
    let table = table().await;
    assert_eq!(table.session("s").await.unwrap(), None);
    let opens = async || {
        table.open_session(&head(), b"[1]", opened("m"), ("e", "Develop")).await.unwrap() == Changed::Yes
    };
    assert!(opens().await);
    assert!(!opens().await, "a repeat finds it");
    assert_eq!(table.session("s").await.unwrap(), Some(head()));
    let links = table.sessions_of("e").await.unwrap();
    assert_eq!((links.len(), links[0].session.as_str(), links[0].state.as_str()), (1, "s", "Develop"));
    assert_eq!(table.session_opening("s").await.unwrap(), b"[1]");
    assert_eq!(table.session_prefix("s", 1).await.unwrap(), b"{\"system\": 1}");
    let missing = table.session_prefix("s", 2).await.unwrap_err();
    assert!(matches!(&missing, RecordsError::Missing(what) if what.contains("PREFIX#00002")), "{missing}");
    // All of it but its messages, as a step reads it.
    assert!(table.read_session("other").await.unwrap().is_none());
    let read = table.read_session("s").await.unwrap().unwrap();
    assert_eq!((read.head, read.files.len(), read.state.as_slice()), (head(), 0, &b"{}"[..]));
    assert_eq!(read.opening.as_deref(), Some(&b"[1]"[..]));
    assert_eq!(read.prefix.as_deref(), Some(&b"{\"system\": 1}"[..]));
    // A generation without a fixed part does not use another one's.
    let next = SessionHead { version: 2, generation: 2, ..head() };
    table.change_session(&next, SessionChange::default()).await.unwrap();
    assert_eq!(table.read_session("s").await.unwrap().unwrap().prefix, None);
}

#[tokio::test]
async fn only_agents_of_executions_that_have_not_ended_are_listed() {
    let table = table().await;
    let new = execution_for("SHOP-1", "d1");
    table.begin(&new, domain::routes::Concurrency::default()).await.unwrap();
    let name = new.name.as_str();
    let first = SessionHead { executions: vec![name.to_owned()], ..head() };
    table.open_session(&first, b"{}", opened("m"), (name, "Develop")).await.unwrap();
    let listed = async || {
        let page = table.list_agents(None, 10).await.unwrap();
        page.items.into_iter().map(|agent| (agent.session, agent.execution)).collect::<Vec<_>>()
    };
    assert_eq!(listed().await, [("s".to_owned(), name.to_owned())]);
    // The execution fails, and leaves the session as it is.
    let view = table.execution_view(name).await.unwrap().unwrap();
    assert_eq!(view.at_work, ["s"]);
    let end = records::ExecutionEnd {
        outcome: domain::execution::Outcome::Failed,
        error: None,
        cause: None,
        output: None,
        at: start(),
    };
    table.finish_known(view.execution, &end, None, &view.at_work).await.unwrap();
    assert!(listed().await.is_empty());
    assert_eq!(table.session("s").await.unwrap().unwrap().phase, SessionPhase::Think);
    // Another one continues it, and ends it.
    let joined =
        SessionHead { version: 2, executions: vec![name.to_owned(), "redrive".to_owned()], ..head() };
    let change = SessionChange { joined: Some("redrive".to_owned()), ..SessionChange::default() };
    assert_eq!(table.change_session(&joined, change).await.unwrap(), Changed::Yes);
    assert_eq!(listed().await, [("s".to_owned(), "redrive".to_owned())]);
    let ids = ["other".to_owned(), "s".to_owned()];
    assert_eq!(table.sessions_named(&ids).await.unwrap(), std::slice::from_ref(&joined));
    let done = SessionHead { version: 3, phase: SessionPhase::Done, ..joined };
    assert_eq!(table.change_session(&done, SessionChange::default()).await.unwrap(), Changed::Yes);
    assert!(listed().await.is_empty());
}

#[tokio::test]
async fn messages_come_back_byte_for_byte_however_long_they_are() {
    let table = table().await;
    let long = format!("{{\"text\": \"{}\"}}", documents::noise(900_000));
    table.open_session(&head(), b"{}", opened(&long), ("e", "Develop")).await.unwrap();
    let odd = b"{ \"a\":1e2, \"b\":\"\\u0041\" }".to_vec();
    let next = SessionHead { version: 2, messages: 3, ..head() };
    let change = SessionChange { messages: vec![odd.clone(), b"[]".to_vec()], ..SessionChange::default() };
    assert_eq!(table.change_session(&next, change).await.unwrap(), Changed::Yes);
    let messages = table.session_messages("s", 1).await.unwrap();
    assert_eq!(messages, [long.into_bytes(), odd, b"[]".to_vec()]);
    assert!(table.session_messages("s", 2).await.unwrap().is_empty());
}

#[tokio::test]
async fn of_two_changes_of_one_version_one_is_made_with_all_that_belongs_to_it() {
    let table = table().await;
    table.open_session(&head(), b"{}", opened("m"), ("e", "Develop")).await.unwrap();
    let content = table.store_for_session(&head().id, "text\n", start()).await.unwrap();
    let change = |who: &str| SessionChange {
        messages: vec![who.as_bytes().to_vec()],
        state: Some(who.as_bytes().to_vec()),
        files: vec![OverlayFile {
            path: who.into(),
            content: Some(content.clone()),
            is_base64: false,
            moved: None,
            executable: false,
            before_sha256: None,
            before_id: None,
            turn: 1,
        }],
        ..SessionChange::default()
    };
    let next = SessionHead { version: 2, messages: 2, ..head() };
    let (one, two) =
        tokio::join!(table.change_session(&next, change("one")), table.change_session(&next, change("two")));
    let winner = match (one.unwrap(), two.unwrap()) {
        (Changed::Yes, Changed::Overtaken) => "one",
        (Changed::Overtaken, Changed::Yes) => "two",
        other => panic!("{other:?}"),
    };
    assert_eq!(table.session_messages("s", 1).await.unwrap()[1], winner.as_bytes());
    assert_eq!(table.session_state("s").await.unwrap(), winner.as_bytes());
    let files = table.session_files(&next).await.unwrap();
    assert_eq!(files.keys().collect::<Vec<_>>(), [winner]);
    assert_eq!(table.load(files[winner].content.as_ref().unwrap()).await.unwrap(), "text\n");

    let back = SessionHead { version: 3, ..next.clone() };
    let reverted = SessionChange { reverted: vec![winner.into()], ..SessionChange::default() };
    assert_eq!(table.change_session(&back, reverted).await.unwrap(), Changed::Yes);
    assert!(table.session_files(&back).await.unwrap().is_empty());
    let stranger = SessionHead { id: "other".into(), ..back };
    let missing = table.change_session(&stranger, SessionChange::default()).await.unwrap_err();
    assert!(matches!(missing, RecordsError::Missing(_)), "{missing}");
}

#[tokio::test]
async fn another_round_has_none_of_the_files_that_earlier_ones_changed() {
    let table = table().await;
    table.open_session(&head(), b"{}", opened("m"), ("e", "Develop")).await.unwrap();
    let change = |path: &str, turn: u32| SessionChange {
        files: vec![OverlayFile {
            path: path.into(),
            content: None,
            is_base64: false,
            moved: None,
            executable: false,
            before_sha256: None,
            before_id: None,
            turn,
        }],
        ..SessionChange::default()
    };
    let first = SessionHead { version: 2, turn: 1, ..head() };
    assert_eq!(table.change_session(&first, change("a.py", 1)).await.unwrap(), Changed::Yes);
    assert_eq!(table.session_files(&first).await.unwrap().len(), 1);
    let round = SessionRound { key: "k".into(), turn: 1, worked_ms: 3, spent: MicroUsd(7) };
    let next = SessionHead { version: 3, round: Some(round), ..first };
    assert_eq!(table.change_session(&next, SessionChange::default()).await.unwrap(), Changed::Yes);
    assert!(table.session_files(&next).await.unwrap().is_empty());
    let second = SessionHead { version: 4, turn: 2, ..next };
    assert_eq!(table.change_session(&second, change("b.py", 2)).await.unwrap(), Changed::Yes);
    assert_eq!(table.session_files(&second).await.unwrap().into_keys().collect::<Vec<_>>(), ["b.py"]);
}
