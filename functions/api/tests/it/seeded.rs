//! What an installation has that no request makes: questions, agents, accounts in chats, and as many tokens as it keeps.

use crate::world::World;
use axum::http::Method;
use domain::configuration::Role;
use domain::execution::Outcome;
use domain::{MicroUsd, SourceName};
use records::{
    ExecutionEnd, LinkAccount, MOST_TOKENS, Moves, SessionBounds, SessionChange, SessionHead, SessionPhase,
    Terms, Topic, Waiter,
};

/// Ends an execution with a failure.
pub(crate) async fn end(world: &World, execution: &str) {
    let (error, cause, output) = (None, None, None);
    let end = ExecutionEnd { outcome: Outcome::Failed, error, cause, output, at: world.now() };
    world.table.finish(execution, &end).await.unwrap();
}

/// A question that an execution asks; gives its name.
pub(crate) async fn question(world: &World) -> String {
    let execution = world.execution("SHOP").await;
    let waiter = Waiter {
        topic: Topic::Approval(execution.clone()).to_string(),
        key: "run/Ask".to_owned(),
        execution: execution.clone(),
        token: "token".to_owned().into(),
        since: world.now(),
        until: None,
        question: Some("Ship it?".to_owned()),
        approvers: Vec::new(),
        moves: Moves::default(),
        details: Some("All of the plan.".to_owned()),
        terms: Terms::default(),
        votes: Vec::new(),
        reminded_at: None,
        message: None,
        answer: None,
        telling: None,
        over: None,
        told: None,
    };
    world.table.put_waiter(&waiter).await.unwrap();
    format!("{execution}/{}", waiter.key)
}

/// An agent with the id `s`; gives the execution that it works in.
pub(crate) async fn agent(world: &World) -> String {
    let execution = world.execution("SHOP").await;
    let head = SessionHead {
        id: "s".into(),
        version: 1,
        run: execution.clone(),
        project: "SHOP".into(),
        agent: "development".into(),
        task_id: Some("SHOP-1".into()),
        repository: None,
        branch: None,
        base: None,
        phase: SessionPhase::Think,
        generation: 1,
        messages: 1,
        turn: 0,
        bounds: SessionBounds { turns: 60, minutes: 30, usd: Some(MicroUsd(5)) },
        executions: vec![execution.clone()],
        spent: MicroUsd(7),
        worked_ms: 3,
        usage: None,
        round: None,
        plan_done: 0,
        plan_items: 0,
        opened_at: world.now(),
        changed_at: world.now(),
    };
    let change = SessionChange {
        prefix: Some(b"{}".to_vec()),
        messages: vec![br#"{"message": {"speaker": "user", "parts": []}}"#.to_vec()],
        state: Some(b"{}".to_vec()),
        ..SessionChange::default()
    };
    world.table.open_session(&head, b"[]", change, (&execution, "Develop")).await.unwrap();
    execution
}

/// An account in a chat that the person `viewer` may join.
pub(crate) const SOURCE: SourceName = SourceName::from_static("slack");
pub(crate) const ACCOUNT: &str = "U012AB3CD";

/// The code of a link that `viewer` began.
pub(crate) async fn begun_link(world: &World) -> String {
    let answer = world.send_as("viewer", Method::POST, "/api/v1/me/links", None, None).await;
    answer.json()["code"].as_str().unwrap().to_owned()
}

/// The same once the other account has used it.
pub(crate) async fn claimed_link(world: &World) -> String {
    let code = begun_link(world).await;
    let account = LinkAccount { source: SOURCE, id: ACCOUNT.to_owned(), name: "Ada".to_owned() };
    assert!(world.table.claim_link_code(&code, &account, world.now()).await.unwrap());
    code
}

/// As many tokens as an installation keeps: copies of one, under other keys.
pub(crate) async fn fill_tokens(world: &World) {
    use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
    let (_, token) = world.machine_token("admin", &[Role::Viewer], None).await;
    let client = world.table_client();
    let found = client.scan().table_name("ticketsmith").send().await.unwrap();
    let is_it = |key: &AttributeValue| key.as_s().is_ok_and(|key| key.contains(&token));
    let item = found.items().iter().find(|item| is_it(&item["sk"])).unwrap();
    let numbers: Vec<_> = (1..MOST_TOKENS).collect();
    for numbers in numbers.chunks(25) {
        let writes = numbers.iter().map(|number| {
            let mut copy = item.clone();
            let key = item["sk"].as_s().unwrap().replace(&token, &format!("copy-{number:04}"));
            copy.insert("sk".to_owned(), AttributeValue::S(key));
            let put = PutRequest::builder().set_item(Some(copy)).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        });
        let written =
            client.batch_write_item().request_items("ticketsmith", writes.collect()).send().await.unwrap();
        assert!(written.unprocessed_items().is_none_or(|left| left.is_empty()), "{written:?}");
    }
}
