//! What the shipped workflow does, as far as the claim goes.

use super::aws::{Aws, arn};
use domain::event::EventSpec;
use domain::{ActionId, Clock, EventKey, EventName, MicroUsd};
use jiff::Timestamp;
use records::{
    Changed, Moves, SessionBounds, SessionChange, SessionHead, SessionPhase, Table, Terms, Topic, Waiter,
};
use serde_json::json;

/// The session of an execution.
pub(crate) fn session_of(execution: &str) -> String {
    format!("session of {execution}")
}

/// What the shipped workflow does in one round: the agent takes in what waits; then the execution waits for words and for the end.
pub(crate) async fn act(
    aws: &Aws,
    table: &Table,
    clock: &dyn Clock,
    (task_id, number): (&str, u64),
    execution: &str,
    turn: u32,
) -> Result<(), String> {
    let failed = |error: records::RecordsError| error.to_string();
    if !aws.goes_on(execution) {
        return Ok(());
    }
    let session = session_of(execution);
    let (head, is_new) = match table.session(&session).await.map_err(failed)? {
        Some(head) => (head, false),
        None => (head(&session, execution, task_id, clock.now()), true),
    };
    let inbox = table.inbox(task_id).await.map_err(failed)?.next();
    if is_new || !inbox.is_empty() {
        let text: Vec<_> = inbox.words.iter().map(|waiting| waiting.word.text.clone()).collect();
        let change = SessionChange {
            messages: vec![text.join("\n").into_bytes()],
            prefix: is_new.then(|| b"{}".to_vec()),
            state: Some(b"{}".to_vec()),
            words: Some(inbox).filter(|inbox| !inbox.is_empty()),
            ..SessionChange::default()
        };
        let changed = if is_new {
            table.open_session(&head, b"{}", change, (execution, "Develop")).await
        } else {
            let head = SessionHead { version: head.version + 1, messages: head.messages + 1, ..head };
            table.change_session(&head, change).await
        };
        match changed.map_err(failed)? {
            Changed::Yes => {}
            Changed::Overtaken | Changed::WordsTaken => return Err("somebody else was faster".to_owned()),
        }
    }
    if aws.fails(execution) {
        return Ok(());
    }
    let token = format!("{execution} {turn}");
    if !aws.waits(execution, turn, &token) {
        return Ok(());
    }
    let (state, action) = (format!("Wait.{turn}"), ActionId::literal("await_event"));
    table.start_step(execution, &state, &action, clock.now()).await.map_err(failed)?;
    let closed = EventSpec::new(EventName::from_static("pull_request.closed"), "")
        .matched_by(["repository", "number"]);
    let fields = json!({"repository": "acme/shop", "number": number});
    let closed = EventKey::new(&closed, fields.as_object().unwrap()).unwrap().unwrap();
    for topic in [Topic::Event(closed), Topic::Event(EventKey::words_waiting(task_id))] {
        let now = clock.now();
        table.mark_waiting(execution, "It waits.", now).await.map_err(failed)?;
        let waiter = Waiter {
            topic: topic.to_string(),
            key: format!("{}/Wait.{turn}", arn(execution)),
            execution: execution.to_owned(),
            token: token.clone().into(),
            since: now,
            until: None,
            telling: None,
            over: None,
            question: None,
            approvers: Vec::new(),
            moves: Moves::default(),
            details: None,
            terms: Terms::default(),
            votes: Vec::new(),
            reminded_at: None,
            message: None,
            answer: None,
            told: None,
        };
        table.put_waiter(&waiter).await.map_err(failed)?;
    }
    Ok(())
}

fn head(id: &str, execution: &str, task_id: &str, now: Timestamp) -> SessionHead {
    SessionHead {
        id: id.to_owned(),
        version: 1,
        run: arn(execution),
        project: "SHOP".into(),
        agent: "development".into(),
        task_id: Some(task_id.to_owned()),
        repository: None,
        branch: None,
        base: None,
        phase: SessionPhase::Think,
        generation: 1,
        messages: 1,
        turn: 0,
        bounds: SessionBounds { turns: 60, minutes: 30, usd: None },
        executions: vec![execution.to_owned()],
        spent: MicroUsd::ZERO,
        worked_ms: 0,
        usage: None,
        round: None,
        plan_done: 0,
        plan_items: 0,
        opened_at: now,
        changed_at: now,
    }
}
