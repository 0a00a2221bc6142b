//! Answers the question of a waiting step. This only records the answer; `events`, which sees the change in the table's
//! stream, answers the task token.

use crate::authorize::{Authorization, Operation};
use crate::caller::Caller;
use crate::control::Control;
use crate::directory::Ticket;
use records::{Answer, ExecutionRecord, RecordsError, Steered, Topic, Voted, Waiter};

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
    /// It counts, and others must say yes, too.
    Voted {
        /// The question.
        question: String,
        /// How many have said yes.
        votes: u32,
        /// How many must.
        needed: u32,
    },
    /// What was asked has been replaced by another question since; the answer does not count.
    Replaced {
        /// The question that takes its place.
        question: String,
        /// What people should know to answer that, in Markdown.
        details: Option<String>,
        /// The execution that asks it.
        execution: String,
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
    /// Answers the question on a ticket that the caller could see when they asked, or the oldest of several. A delivery answers one
    /// question: sent again, it is about the same.
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
        let execution = self.open_execution(ticket.task_id()).await?;
        let execution = execution.map(|execution| execution.name);
        self.answer_question_of(caller, execution.as_deref(), approved, comment).await
    }

    /// The same of an execution, by its name.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn answer_execution(
        &self,
        caller: &Caller<'_>,
        execution: &str,
        approved: bool,
        comment: Option<String>,
    ) -> Result<AnswerResult, RecordsError> {
        self.answer_question_of(caller, Some(execution), approved, comment).await
    }

    async fn answer_question_of(
        &self,
        caller: &Caller<'_>,
        execution: Option<&str>,
        approved: bool,
        comment: Option<String>,
    ) -> Result<AnswerResult, RecordsError> {
        let waiters = match execution {
            Some(execution) => self.questions(execution).await?,
            None => Vec::new(),
        };
        self.answer_bound(caller, seen_by(caller, &waiters), approved, comment).await
    }

    /// Answers the question that the delivery is bound to: `found`, unless it was sent before.
    async fn answer_bound(
        &self,
        caller: &Caller<'_>,
        found: Option<&Waiter>,
        approved: bool,
        comment: Option<String>,
    ) -> Result<AnswerResult, RecordsError> {
        let found = Steered {
            execution: found.map(|waiter| waiter.execution.clone()),
            question: found.map(|waiter| waiter.key.clone()),
            at: self.clock.now(),
        };
        let bound = self.table.bind(&caller.trigger.source(), caller.delivery, "answer", found).await?;
        match (bound.execution, bound.question) {
            (Some(execution), Some(key)) => {
                self.answer_step_with(caller, &execution, &key, approved, comment).await
            }
            _ => Ok(AnswerResult::NothingAsked),
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
        self.answer_step_with(caller, execution, key, approved, None).await
    }

    /// As [`Control::answer_step`], with what the person says about it.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn answer_step_with(
        &self,
        caller: &Caller<'_>,
        execution: &str,
        key: &str,
        approved: bool,
        comment: Option<String>,
    ) -> Result<AnswerResult, RecordsError> {
        match self.table.waiter(&Topic::Approval(execution.to_owned()).to_string(), key).await? {
            Some(waiter) => self.answer(caller, &waiter, approved, comment).await,
            None => Ok(AnswerResult::NothingAsked),
        }
    }

    /// Answers the question on a ticket, by its canonical name, that accepts the ticket's move to `status` as an answer, and that was open
    /// when the ticket was moved. [`AnswerResult::NothingAsked`] if there is none. The ticket may belong to no project: a project that
    /// was named explicitly may work on any.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn answer_by_move(
        &self,
        caller: &Caller<'_>,
        task_id: &str,
        status: &str,
    ) -> Result<AnswerResult, RecordsError> {
        let Some(execution) = self.open_execution(task_id).await? else {
            return Ok(AnswerResult::NothingAsked);
        };
        let mut waiters = self.questions(&execution.name).await?;
        waiters.retain(|waiter| waiter.moves.answer(status).is_some());
        let Some(found) = seen_by(caller, &waiters) else { return Ok(AnswerResult::NothingAsked) };
        match found.moves.answer(status) {
            Some(approved) => self.answer_bound(caller, Some(found), approved, None).await,
            None => Ok(AnswerResult::NothingAsked),
        }
    }

    /// What an execution that has ended asks no more, because the one that continues it asks anew.
    async fn asked_instead(&self, ended: &ExecutionRecord) -> Result<AnswerResult, RecordsError> {
        let newest = self.table.executions_of_run(ended).await?.pop();
        let Some(newest) = newest.filter(|newest| newest.name != ended.name) else {
            return Ok(AnswerResult::NothingAsked);
        };
        let open = self.questions(&newest.name).await?.into_iter().find(|waiter| waiter.answer.is_none());
        Ok(match open {
            Some(Waiter { question, details, execution, .. }) => {
                AnswerResult::Replaced { question: question.unwrap_or_default(), details, execution }
            }
            None => AnswerResult::NothingAsked,
        })
    }

    /// The questions of an execution, oldest first, answered ones included.
    async fn questions(&self, execution: &str) -> Result<Vec<Waiter>, RecordsError> {
        let mut waiters = self.table.waiters(&Topic::Approval(execution.to_owned())).await?;
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
        // An execution that was stopped or has failed asks nothing anymore; one that continues it may ask anew.
        if let Some(ended) = execution.as_ref().filter(|execution| execution.outcome.is_final())
            && waiter.answer.is_none()
        {
            return self.asked_instead(ended).await;
        }
        let project = execution.and_then(|execution| execution.project);
        let project = project.and_then(|key| caller.directory.configuration().project(&key));
        let not_by = waiter.terms.not_by.as_deref();
        let operation = Operation::Answer { project, question, approvers: &waiter.approvers, not_by };
        if let Authorization::Denied(reason) = self.authorize(caller, &operation).await? {
            return Ok(AnswerResult::Denied(reason));
        }
        if waiter.answer.is_none() {
            self.audit_answer(caller, waiter, approved).await?;
        }
        let (by, via, at) = (caller.actor.account(), caller.actor.source.clone(), self.clock.now());
        let delivery = caller.delivery.to_owned();
        let answer = Answer { approved, by, via, at, comment, delivery, choice: None };
        let question = question.to_owned();
        let needed = waiter.terms.needed();
        let earlier = match approved && needed > 1 {
            false => self.table.answer_waiter(waiter, &answer).await?,
            true => match self.table.vote(waiter, &answer).await? {
                Voted::Counted(votes) => return Ok(AnswerResult::Voted { question, votes, needed }),
                Voted::Decided => None,
                Voted::AnsweredBefore(earlier) => Some(earlier),
            },
        };
        Ok(match earlier {
            None => {
                tracing::info!(execution = waiter.execution, approved, "its question was answered");
                AnswerResult::Recorded { question, approved }
            }
            // The same delivery once more is told the same.
            Some(earlier) if earlier.via == answer.via && earlier.delivery == answer.delivery => {
                AnswerResult::Recorded { question, approved: earlier.approved }
            }
            Some(Answer { approved, by, .. }) => AnswerResult::AlreadyAnswered { question, by, approved },
        })
    }
}

/// The question that the caller could see: the oldest that is open, else the newest that was answered since they asked.
fn seen_by<'w>(caller: &Caller<'_>, waiters: &'w [Waiter]) -> Option<&'w Waiter> {
    let mut seen = waiters.iter().filter(|waiter| caller.could_see(waiter.since));
    let answered_since =
        |waiter: &&Waiter| waiter.answer.as_ref().zip(caller.at).is_some_and(|(answer, at)| answer.at >= at);
    seen.clone().find(|waiter| waiter.answer.is_none()).or_else(|| seen.rfind(answered_since))
}
