//! How an action parks its execution: the waiter with the task token is recorded, and the execution says what it waits for.
//! The step goes on when the `events` function answers the token.

use crate::scope::Scope;
use domain::{ActionError, Clock};
use records::{Moves, Table, Topic, Waiter};
use secrecy::SecretString;

/// A step that is about to park.
#[derive(Debug)]
pub struct Park<'a> {
    /// Where the waiter is recorded.
    pub table: &'a Table,
    /// The time.
    pub clock: &'a dyn Clock,
    /// What the step is about.
    pub scope: &'a Scope,
    /// The step's idempotency key.
    pub key: &'a str,
    /// The token that its state machine gave.
    pub token: Option<SecretString>,
}

impl Park<'_> {
    /// Records that the step waits for `topic`, with the question in words for people; `approvers` may answer it, also
    /// by `moves` of the ticket.
    ///
    /// # Errors
    /// `Internal` when the state machine gave no token; the table's errors.
    pub async fn wait(
        &self,
        topic: &Topic,
        question: String,
        approvers: Vec<String>,
        moves: Moves,
    ) -> Result<Waiter, ActionError> {
        let token = self.token.clone().ok_or_else(|| {
            ActionError::internal("the step has no task token; use lambda:invoke.waitForTaskToken")
        })?;
        let now = self.clock.now();
        let execution = self.scope.execution.clone();
        // The execution is marked first: whoever answers the waiter marks it as going on.
        self.table.mark_waiting(&execution, &question, now).await?;
        let waiter = Waiter {
            topic: topic.to_string(),
            key: self.key.to_owned(),
            execution,
            token,
            since: now,
            question: Some(question),
            approvers,
            moves,
            message: None,
            answer: None,
            told: None,
        };
        self.table.put_waiter(&waiter).await?;
        tracing::info!(execution = waiter.execution, topic = waiter.topic, "the execution waits");
        Ok(waiter)
    }
}
