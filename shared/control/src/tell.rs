//! Passes somebody's message to the agents at work on a ticket: it is in an agent's next input, once.

use crate::authorize::{Authorization, Operation};
use crate::caller::Caller;
use crate::control::Control;
use domain::configuration::Project;
use domain::execution::{Outcome, UNDO_WORKFLOW};
use domain::stored::cut_inline;
use records::{ExecutionRecord, PutWordResult, RecordsError, ReplyPlace, ReviewOf, Topic, Word};

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Words {
    /// The words.
    pub text: String,
    /// Where they said it, and are answered if nothing becomes of it.
    pub place: Option<ReplyPlace>,
    /// The review whose remarks on lines belong to it.
    pub review: Option<ReviewOf>,
}

/// What became of words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TellResult {
    /// They wait for the agent.
    Told {
        /// The execution at work on the ticket.
        execution: String,
        /// Its workflow.
        workflow: String,
        /// What it asks people, and takes nothing in before they answer; `None` while it is at work.
        waits_for: Option<String>,
    },
    /// The same delivery came before, and began an execution.
    Began {
        /// The execution.
        execution: String,
    },
    /// Nothing is at work on the ticket that could take words in.
    NothingAtWork,
    /// Only the code host knows whether they may, and it is asked when work starts.
    AskProvider,
    /// They may not, or too much waits; the reason is for them.
    Denied(String),
}

impl Control {
    /// Puts words in the inbox of a ticket, by its canonical name, if an execution other than an undo is at work on it. The right to start work
    /// in the project is required; a delivery does it once.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn tell(
        &self,
        caller: &Caller<'_>,
        task_id: &str,
        project: &Project,
        words: Words,
    ) -> Result<TellResult, RecordsError> {
        let source = caller.trigger.source();
        // The words that started an execution are not passed to it again.
        let before = self.table.delivery(&source, caller.delivery).await?;
        match before {
            Some(before) if before.has_words => return self.told(&before.execution).await,
            Some(before) if !before.already_at_work => {
                return Ok(TellResult::Began { execution: before.execution });
            }
            _ => {}
        }
        let open = self.open_execution(task_id).await?;
        let Some(open) = open.filter(takes_words) else { return Ok(TellResult::NothingAtWork) };
        match self.authorize(caller, &Operation::Start { project }).await? {
            Authorization::Denied(reason) => return Ok(TellResult::Denied(reason)),
            Authorization::AskProvider => return Ok(TellResult::AskProvider),
            Authorization::Allowed => {}
        }
        let word = Word {
            source: caller.actor.source.clone(),
            delivery: caller.delivery.to_owned(),
            author: caller.actor.clone(),
            may_trigger: true,
            text: cut_inline(&words.text),
            place: words.place,
            review: words.review,
            at: self.clock.now(),
        };
        Ok(match self.table.put_word(task_id, &open.name, &source, &word).await? {
            PutWordResult::Put => {
                tracing::info!(execution = open.name, "words wait for the agent");
                let waits_for = self.asked_by(&open).await?;
                TellResult::Told { execution: open.name, workflow: open.workflow, waits_for }
            }
            PutWordResult::Duplicate(before) if before.has_words => {
                return self.told(&before.execution).await;
            }
            PutWordResult::Duplicate(before) => TellResult::Began { execution: before.execution },
            PutWordResult::NotAtWork => TellResult::NothingAtWork,
            PutWordResult::Full => TellResult::Denied(format!(
                "as many words wait for the agent at work on {task_id} as it can take; say it again when some were taken in"
            )),
        })
    }

    /// The answer to a repeated delivery whose words are already in an inbox.
    async fn told(&self, execution: &str) -> Result<TellResult, RecordsError> {
        let record = self.table.execution(execution).await?;
        let waits_for = match &record {
            Some(record) => self.asked_by(record).await?,
            None => None,
        };
        let workflow = record.map(|record| record.workflow).unwrap_or_default();
        Ok(TellResult::Told { execution: execution.to_owned(), workflow, waits_for })
    }

    /// What an execution that waits for people asks them. It may also wait for what people need not answer: for its turn, for a provider, or
    /// for an event, such as these words.
    async fn asked_by(&self, execution: &ExecutionRecord) -> Result<Option<String>, RecordsError> {
        let question = execution.question.as_ref().filter(|_| execution.outcome == Outcome::Waiting);
        let Some(question) = question else { return Ok(None) };
        for topic in [Topic::Approval(execution.name.clone()), Topic::Budget] {
            let waiters = self.table.waiters_of(&execution.name, &topic).await?;
            if waiters.iter().any(|waiter| waiter.answer.is_none()) {
                return Ok(Some(question.clone()));
            }
        }
        Ok(None)
    }
}

/// Whether an execution takes words in: an undo does not, because it has no agent and nothing follows it.
fn takes_words(execution: &ExecutionRecord) -> bool {
    execution.workflow != UNDO_WORKFLOW
}
