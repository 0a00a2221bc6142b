//! Answers the question of a waiting step. This only records the answer; `events`, which sees the change in the table's
//! stream, answers the task token.

use crate::authorize::Operation;
use crate::caller::Caller;
use crate::control::Control;
use crate::directory::Ticket;
use crate::votes;
use domain::SourceName;
use jiff::Timestamp;
use records::{
    Answer, CommandTarget, ExecutionRecord, Over, OverReason, RecordsError, Topic, Vote, VoteResult, Waiter,
};
use std::collections::BTreeSet;

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
    /// Another question has replaced the one that was asked; the answer does not count.
    Replaced {
        /// The question that takes its place.
        question: String,
        /// Background for the answer, in Markdown.
        details: Option<String>,
        /// The execution that asks it.
        execution: String,
    },
    /// Someone already answered, and their answer counts.
    AlreadyAnswered {
        /// The question.
        question: String,
        /// The person who answered.
        by: String,
        /// Their answer.
        approved: bool,
        /// Where and when, for people: `via slack at 2026-11-22 12:00 UTC`.
        how: String,
    },
    /// It is closed, without anybody's answer.
    Over {
        /// The question.
        question: String,
        /// Why, for people.
        why: String,
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
        let execution = self.asking_on(ticket.task_id()).await?;
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
        // A person who answers a decided question is told the decision, however long ago it was made.
        let found = seen_by(caller, &waiters).or_else(|| decided_before(caller, &waiters));
        self.answer_bound(caller, found, approved, comment).await
    }

    /// Answers the question that the delivery is bound to: `found`, unless it was sent before.
    async fn answer_bound(
        &self,
        caller: &Caller<'_>,
        found: Option<&Waiter>,
        approved: bool,
        comment: Option<String>,
    ) -> Result<AnswerResult, RecordsError> {
        let found = CommandTarget {
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

    /// Like [`Control::answer_step`], with the person's comment.
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
        let Some(execution) = self.asking_on(task_id).await? else {
            return Ok(AnswerResult::NothingAsked);
        };
        let mut waiters = self.questions(&execution).await?;
        waiters.retain(|waiter| waiter.moves.answer(status).is_some());
        if self.open_execution(task_id).await?.is_none_or(|open| open.name != execution) {
            // The questions of an ended execution are closed, and a later move is not an answer.
            waiters.retain(|waiter| decided_at(waiter).is_some());
        }
        let Some(found) = seen_by(caller, &waiters) else { return Ok(AnswerResult::NothingAsked) };
        match found.moves.answer(status) {
            Some(approved) => self.answer_bound(caller, Some(found), approved, None).await,
            None => Ok(AnswerResult::NothingAsked),
        }
    }

    /// The execution that asks on a ticket, by its canonical name: the one at work on it, or the newest one, whose questions are decided.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn asking_on(&self, task_id: &str) -> Result<Option<String>, RecordsError> {
        let task = self.table.task(task_id).await?;
        Ok(task.and_then(|task| task.open_execution.or(task.latest_execution)))
    }

    /// The questions of an ended execution that are closed because the one that continues it asks again.
    async fn asked_instead(&self, ended: &ExecutionRecord) -> Result<AnswerResult, RecordsError> {
        let newest = self.table.executions_of_run(ended).await?.pop();
        let Some(newest) = newest.filter(|newest| newest.name != ended.name) else {
            return Ok(AnswerResult::NothingAsked);
        };
        let open =
            self.questions(&newest.name).await?.into_iter().find(|waiter| decided_at(waiter).is_none());
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
        let project = execution.as_ref().and_then(|execution| execution.project.as_deref());
        let project = project.and_then(|key| caller.directory.configuration().project(key));
        let not_by = self.not_by(caller.directory.configuration(), waiter).await?;
        let not_by = not_by.as_deref();
        let operation = Operation::Answer { project, question, approvers: &waiter.approvers, not_by };
        if let Some(reason) = self.denial(caller, &operation).await? {
            return Ok(AnswerResult::Denied(reason));
        }
        if waiter.answer.is_none()
            && let Some(why) = self.over(waiter, execution.as_ref())
        {
            // The questions of a stopped or failed execution are closed; one that continues it may ask again.
            let ended = execution.as_ref().filter(|execution| execution.outcome.is_final());
            let instead = match ended {
                Some(ended) => self.asked_instead(ended).await?,
                None => AnswerResult::NothingAsked,
            };
            return Ok(match instead {
                AnswerResult::NothingAsked => AnswerResult::Over { question: question.to_owned(), why },
                instead => instead,
            });
        }
        if waiter.answer.is_none() {
            self.audit_answer(caller, waiter, approved).await?;
        }
        let (by, via, at) = (caller.actor.account(), caller.actor.source.clone(), self.clock.now());
        let delivery = caller.delivery.to_owned();
        // A client may send an empty one if there is none.
        let comment = comment.filter(|comment| !comment.trim().is_empty());
        let answer = Answer { approved, by, via, at, comment, delivery, choice: None };
        let question = question.to_owned();
        let needed = waiter.terms.needed();
        let decided = match approved && needed > 1 {
            false => self.table.answer_waiter(waiter, &answer).await.map(|earlier| match earlier {
                Some(earlier) => {
                    VoteResult::AnsweredBefore { answer: Box::new(earlier), votes: waiter.votes.clone() }
                }
                None => VoteResult::Decided,
            }),
            true => {
                let configuration = caller.directory.configuration();
                let still_counts = |vote: &Vote| votes::counts(configuration, &operation, vote);
                self.table.vote(waiter, &answer, still_counts).await
            }
        };
        let (earlier, votes) = match decided {
            Ok(VoteResult::Counted(votes)) => return Ok(AnswerResult::Voted { question, votes, needed }),
            Ok(VoteResult::Decided) => {
                tracing::info!(execution = waiter.execution, approved, "its question was answered");
                return Ok(AnswerResult::Recorded { question, approved });
            }
            Ok(VoteResult::AnsweredBefore { answer, votes }) => (*answer, votes),
            // It may have ended since it was read.
            Err(conflict @ RecordsError::Conflict(_)) => {
                let now = self.table.waiter(&waiter.topic, &waiter.key).await?;
                return match now.and_then(|now| now.over) {
                    Some(over) => Ok(AnswerResult::Over { question, why: why(&over) }),
                    None => Err(conflict),
                };
            }
            Err(error) => return Err(error),
        };
        // A person who made the decision, or took part in it, is never told that somebody else already answered: not for a repeated delivery, and
        // not when they repeat their answer.
        let is_same = |via: &SourceName, delivery: &str| *via == answer.via && delivery == answer.delivery;
        let is_winner = is_same(&earlier.via, &earlier.delivery)
            || (earlier.approved == approved && earlier.by == answer.by)
            || (earlier.approved
                && votes
                    .iter()
                    .any(|vote| is_same(&vote.via, &vote.delivery) || (approved && vote.by == answer.by)));
        Ok(match is_winner {
            true => AnswerResult::Recorded { question, approved: earlier.approved },
            false => AnswerResult::AlreadyAnswered {
                question,
                how: how(&earlier, &votes),
                by: earlier.by,
                approved: earlier.approved,
            },
        })
    }

    /// Why a question without an answer is closed; `None` while it is open.
    fn over(&self, waiter: &Waiter, execution: Option<&ExecutionRecord>) -> Option<String> {
        if let Some(over) = &waiter.over {
            return Some(why(over));
        }
        let over = |reason, at| Some(why(&Over { why: reason, at }));
        let now = self.clock.now();
        // Stopped, it ends within moments.
        if let Some(by) = execution.and_then(|execution| execution.stop_requested_by.clone()) {
            return over(OverReason::Stopped(by), now);
        }
        if execution.is_some_and(|execution| execution.outcome.is_final()) {
            return over(OverReason::Ended, now);
        }
        waiter.until.filter(|until| *until <= now).and_then(|until| over(OverReason::TimedOut, until))
    }
}

/// Where and when a question was answered, for people: `via slack at 2026-11-22 12:00 UTC`. `votes` are of those who said yes where several
/// had to.
pub fn how(answer: &Answer, votes: &[Vote]) -> String {
    let mut via: Vec<&str> = match answer.approved {
        true => votes.iter().map(|vote| vote.via.as_str()).collect(),
        false => Vec::new(),
    };
    via.push(answer.via.as_str());
    let mut seen = BTreeSet::new();
    via.retain(|via| seen.insert(*via));
    format!("via {} at {}", via.join(" and "), minute(answer.at))
}

/// Why a question is closed, for people.
pub fn why(over: &Over) -> String {
    match &over.why {
        OverReason::TimedOut => format!("nobody answered in time, by {}", minute(over.at)),
        OverReason::Stopped(by) => format!("{by} stopped the work before anybody answered"),
        OverReason::Ended => "the work ended before anybody answered".to_owned(),
    }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// The question that the caller could see: the oldest open one, or the newest that was decided since they asked.
fn seen_by<'w>(caller: &Caller<'_>, waiters: &'w [Waiter]) -> Option<&'w Waiter> {
    let mut seen = waiters.iter().filter(|waiter| caller.could_see(waiter.since));
    let decided_since =
        |waiter: &&Waiter| decided_at(waiter).zip(caller.at).is_some_and(|(decided, at)| decided >= at);
    seen.clone().find(|waiter| decided_at(waiter).is_none()).or_else(|| seen.rfind(decided_since))
}

/// The question that was decided last of those that the caller could see.
fn decided_before<'w>(caller: &Caller<'_>, waiters: &'w [Waiter]) -> Option<&'w Waiter> {
    let decided =
        waiters.iter().filter(|waiter| caller.could_see(waiter.since) && decided_at(waiter).is_some());
    decided.max_by_key(|waiter| decided_at(waiter))
}

/// When a question was answered, or over.
fn decided_at(waiter: &Waiter) -> Option<Timestamp> {
    let answered = waiter.answer.as_ref().map(|answer| answer.at);
    answered.or_else(|| waiter.over.as_ref().map(|over| over.at))
}
