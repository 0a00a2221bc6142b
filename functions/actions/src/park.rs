//! How an action parks its execution: the waiter with the task token is recorded, and the execution says what it waits for.
//! The step continues when the `events` function answers the token.

use crate::scope::Scope;
use domain::{ActionError, Clock};
use jiff::{SignedDuration, Timestamp};
use records::{Moves, Table, Terms, Topic, Waiter};
use secrecy::SecretString;

/// The question to people.
#[derive(Debug, Clone, Default)]
pub struct ParkedQuestion {
    /// The question.
    pub question: String,
    /// Background for the answer, in Markdown.
    pub details: Option<String>,
    /// Who may answer; an empty list means every approver.
    pub approvers: Vec<String>,
    /// Moves of the ticket that also count as answers.
    pub moves: Moves,
    /// The conditions for an answer.
    pub terms: Terms,
    /// After how many seconds the step continues by itself, if known.
    pub timeout_seconds: Option<u64>,
}

/// A step that is about to park.
#[derive(Debug)]
pub struct Park<'a> {
    /// Where the waiter is recorded.
    pub table: &'a Table,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The step's subject.
    pub scope: &'a Scope,
    /// The step's idempotency key.
    pub key: &'a str,
    /// The token that its state machine gave.
    pub token: Option<SecretString>,
}

impl Park<'_> {
    /// Records that the step waits for `topic`, with the question for people; `approvers` may answer it, also
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
        let asked = ParkedQuestion { question, approvers, moves, ..ParkedQuestion::default() };
        self.wait_for(topic, asked, None).await
    }

    /// Records that the step waits for an answer of people.
    ///
    /// # Errors
    /// As [`Park::wait`].
    pub async fn wait_for_people(&self, asked: ParkedQuestion) -> Result<Waiter, ActionError> {
        self.wait_for(&Topic::Approval(self.scope.execution.clone()), asked, None).await
    }

    /// Records that the step waits until a provider accepts calls again; the sweeper then lets it continue.
    ///
    /// # Errors
    /// As [`Park::wait`].
    pub async fn wait_for_provider(&self, question: String, until: Timestamp) -> Result<Waiter, ActionError> {
        let asked = ParkedQuestion { question, ..ParkedQuestion::default() };
        self.wait_for(&Topic::Provider, asked, Some(until)).await
    }

    async fn wait_for(
        &self,
        topic: &Topic,
        asked: ParkedQuestion,
        until: Option<Timestamp>,
    ) -> Result<Waiter, ActionError> {
        let ParkedQuestion { question, details, approvers, moves, terms, timeout_seconds } = asked;
        let token = self.token.clone().ok_or_else(|| {
            ActionError::internal("the step has no task token; use lambda:invoke.waitForTaskToken")
        })?;
        let now = self.clock.now();
        // The state machine began to count earlier, so it continues a little earlier.
        let timeout = timeout_seconds.and_then(|seconds| i64::try_from(seconds).ok());
        let timeout = timeout.and_then(|seconds| now.checked_add(SignedDuration::from_secs(seconds)).ok());
        let execution = self.scope.execution.clone();
        // The execution is marked first: the function that answers the waiter marks it as continuing.
        self.table.mark_waiting(&execution, &question, now).await?;
        let waiter = Waiter {
            topic: topic.to_string(),
            key: self.key.to_owned(),
            execution,
            token,
            since: now,
            until: until.or(timeout),
            question: Some(question),
            approvers,
            moves,
            details,
            terms,
            votes: Vec::new(),
            reminded_at: None,
            message: None,
            answer: None,
            told: None,
            telling: None,
            over: None,
        };
        self.table.put_waiter(&waiter).await?;
        tracing::info!(execution = waiter.execution, topic = waiter.topic, "the execution waits");
        Ok(waiter)
    }
}
