//! Answers the question of a waiting step. This only records the answer; `events`, which sees the change in the table's
//! stream, answers the task token.

use crate::authorize::{Authorization, Operation};
use crate::caller::Caller;
use crate::control::Control;
use crate::directory::Ticket;
use records::{Answer, RecordsError, Topic, Waiter};

/// The result of answering a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerResult {
    /// It is recorded and counts.
    Recorded {
        /// The question.
        question: String,
        /// The answer.
        approved: bool,
    },
    /// Someone already answered, and their answer counts.
    AlreadyAnswered {
        /// The question.
        question: String,
        /// Who answered.
        by: String,
        /// Their answer.
        approved: bool,
    },
    /// Nothing is waiting for this answer.
    NothingAsked,
    /// They may not answer it; the reason is for them.
    Denied(String),
}

impl Control {
    /// Answers the question on a ticket, or the oldest of several.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn answer_ticket(
        &self,
        caller: &Caller<'_>,
        ticket: &Ticket<'_>,
        approved: bool,
        comment: Option<String>,
    ) -> Result<AnswerResult, RecordsError> {
        match self.open_questions(ticket.task_id()).await?.first() {
            Some(waiter) => self.answer(caller, waiter, approved, comment).await,
            None => Ok(AnswerResult::NothingAsked),
        }
    }

    /// Answers a step's question, by the execution's name and the step's key.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn answer_step(
        &self,
        caller: &Caller<'_>,
        execution: &str,
        key: &str,
        approved: bool,
    ) -> Result<AnswerResult, RecordsError> {
        match self.table.waiter(&Topic::Approval(execution.to_owned()).to_string(), key).await? {
            Some(waiter) => self.answer(caller, &waiter, approved, None).await,
            None => Ok(AnswerResult::NothingAsked),
        }
    }

    /// Answers the question on a ticket, by its canonical name, that accepts the ticket's move to `status` as an answer.
    /// [`AnswerResult::NothingAsked`] if there is none. The ticket may belong to no project: a project that was named
    /// explicitly may work on any.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn answer_by_move(
        &self,
        caller: &Caller<'_>,
        task_id: &str,
        status: &str,
    ) -> Result<AnswerResult, RecordsError> {
        for waiter in self.open_questions(task_id).await? {
            if let Some(approved) = waiter.moves.answer(status) {
                return self.answer(caller, &waiter, approved, None).await;
            }
        }
        Ok(AnswerResult::NothingAsked)
    }

    /// The unanswered questions on a ticket, oldest first.
    async fn open_questions(&self, task_id: &str) -> Result<Vec<Waiter>, RecordsError> {
        let Some(execution) = self.open_execution(task_id).await? else { return Ok(Vec::new()) };
        let mut waiters = self.table.waiters(&Topic::Approval(execution.name)).await?;
        waiters.retain(|waiter| waiter.answer.is_none());
        waiters.sort_by_key(|waiter| waiter.since);
        Ok(waiters)
    }

    async fn answer(
        &self,
        caller: &Caller<'_>,
        waiter: &Waiter,
        approved: bool,
        comment: Option<String>,
    ) -> Result<AnswerResult, RecordsError> {
        let question = waiter.question.as_deref().unwrap_or("it");
        let execution = self.table.execution(&waiter.execution).await?;
        let project = execution.and_then(|execution| execution.project);
        let project = project.and_then(|key| caller.directory.configuration().project(&key));
        let operation = Operation::Answer { project, question, approvers: &waiter.approvers };
        if let Authorization::Denied(reason) = self.authorize(caller, &operation).await? {
            return Ok(AnswerResult::Denied(reason));
        }
        let (by, via, at) = (caller.actor.account(), caller.actor.source.clone(), self.clock.now());
        let earlier = self.table.answer_waiter(waiter, &Answer { approved, by, via, at, comment }).await?;
        let question = question.to_owned();
        Ok(match earlier {
            None => {
                tracing::info!(execution = waiter.execution, approved, "its question was answered");
                AnswerResult::Recorded { question, approved }
            }
            Some(Answer { approved, by, .. }) => AnswerResult::AlreadyAnswered { question, by, approved },
        })
    }
}
