//! How an action parks its execution: the waiter with the task token is recorded, and the execution says what it waits for.
//! The step goes on when the `events` function answers the token.

use crate::scope::Scope;
use domain::{ActionError, Clock};
use jiff::Timestamp;
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
        self.wait_for(topic, question, approvers, moves, None).await
    }

    /// Records that the step waits until a provider takes calls again, which it does then; the sweeper lets it go on.
    ///
    /// # Errors
    /// As [`Park::wait`].
    pub async fn wait_for_provider(&self, question: String, until: Timestamp) -> Result<Waiter, ActionError> {
        self.wait_for(&Topic::Provider, question, Vec::new(), Moves::default(), Some(until)).await
    }

    async fn wait_for(
        &self,
        topic: &Topic,
        question: String,
        approvers: Vec<String>,
        moves: Moves,
        until: Option<Timestamp>,
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
            until,
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
