//! Words that people say to agents at work: reviews among them are completed, and words that no agent took in by the end are passed on.

use crate::ending::{Ending, end, leaves_open};
use crate::handle::Events;
use crate::look::Look;
use control::{Directory, Successor};
use domain::ActionError;
use domain::execution::Outcome;
use records::{ExecutionRecord, FinishResult, Inbox, Reply};

/// How often an end is tried again because words came in the meantime. After that, the same event is sent again.
const ROUNDS: usize = 5;

impl Events {
    /// Ends an execution, as [`end`] does. Words that wait for the agents of its ticket are passed on before: to a revision that takes
    /// the ticket over, or back to their authors. Does nothing if there is no such execution.
    ///
    /// # Errors
    /// When the records, the code host or Step Functions do not answer.
    pub(crate) async fn close(&self, name: &str, ending: &Ending) -> Result<(), ActionError> {
        match Look::take(&self.table, name, self.clock.now()).await? {
            Some(look) => self.close_seen(look, ending, None).await.map(drop),
            None => Ok(()),
        }
    }

    /// The same of an execution that was looked at. Returns the look as it is with the end. `effects_left` says whether any effect is
    /// left, if that is to be recorded with the end.
    ///
    /// # Errors
    /// As [`Events::close`]; also if the record is gone.
    pub(crate) async fn close_seen(
        &self,
        mut look: Look,
        ending: &Ending,
        effects_left: Option<bool>,
    ) -> Result<Look, ActionError> {
        let execution = &look.view.execution;
        let unanswered;
        let mut ending = ending;
        // Whatever of it waits, or did, is among its items.
        if look.view.waits {
            let outcome = Outcome::from_status(&ending.status, ending.error.as_deref());
            // First, because the sweeper looks at an execution until its end is recorded.
            let question = self.end_questions(execution, outcome).await?;
            self.end_questions_about_money(execution, outcome).await?;
            if let Some(question) = question.filter(|_| ending.error.as_deref() == Some("States.Timeout")) {
                let cause = Some(format!("Nobody answered \u{201c}{question}\u{201d}."));
                unanswered = Ending { cause, ..ending.clone() };
                ending = &unanswered;
            }
        }
        let name = execution.name.clone();
        let mut is_as_seen = !look.view.waits && !leaves_open(&look.view);
        for _ in 0..ROUNDS {
            let record = match end(&self.table, &look.view, ending, effects_left).await? {
                FinishResult::Finished(record) => record,
                FinishResult::Already(record) => {
                    is_as_seen &= look.view.execution.outcome.is_final();
                    if let Some(left) = effects_left.filter(|left| record.effects_left != Some(*left)) {
                        self.table.note_effects_left(&name, left).await?;
                    }
                    record
                }
                FinishResult::WordsWait => {
                    is_as_seen = false;
                    self.pass_words_on(&name, ending).await?;
                    continue;
                }
            };
            if is_as_seen {
                look.view.execution = *record;
                return Ok(look);
            }
            let look = Look::take(&self.table, &name, self.clock.now()).await?;
            return look.ok_or_else(|| ActionError::unavailable(format!("the record of `{name}` is gone")));
        }
        Err(ActionError::unavailable(format!("words keep coming while `{name}` ends; it is ended later")))
    }

    async fn pass_words_on(&self, name: &str, ending: &Ending) -> Result<(), ActionError> {
        let Some(execution) = self.table.execution(name).await? else { return Ok(()) };
        let Some(task_id) = execution.task_id.as_deref() else { return Ok(()) };
        self.complete_words(task_id).await?;
        let inbox = self.table.inbox(task_id).await?.next();
        let why = match Outcome::from_status(&ending.status, ending.error.as_deref()) {
            Outcome::Succeeded => {
                let directory = Directory::read(&self.table, self.clock.now()).await?;
                match self.control.succeed(&directory, &execution, &inbox).await? {
                    Successor::Begun { execution: successor } => {
                        tracing::info!(successor, "a revision takes up words that no agent took in");
                        return Ok(());
                    }
                    Successor::None(reason) => reason,
                }
            }
            Outcome::Stopped => "it was stopped".to_owned(),
            other => format!("it ended as {other}"),
        };
        self.give_words_back(&execution, &inbox, &why).await
    }

    /// Tells the authors of words that nothing became of them, and takes the words out of the inbox.
    async fn give_words_back(
        &self,
        execution: &ExecutionRecord,
        inbox: &Inbox,
        why: &str,
    ) -> Result<(), ActionError> {
        for waiting in &inbox.words {
            let word = &waiting.word;
            let Some(place) = word.place.clone() else {
                tracing::warn!(
                    execution = execution.name,
                    why,
                    "words from the command line were not taken in"
                );
                continue;
            };
            let reply = Reply {
                source: word.source.clone(),
                // The delivery itself was answered when it came.
                delivery: format!("not taken in: {}", word.delivery),
                place,
                text: format!(
                    "The work of {} ended before its agent took in what you said: {}. Nothing was done about it; say it again when \
                     there is something to change.",
                    domain::text::literal(&execution.workflow),
                    domain::text::literal(why)
                ),
                at: self.clock.now(),
                sent_at: None,
                not_before: None,
            };
            self.table.put_reply(&reply).await?;
        }
        // A refusal means that another invocation took words; the next attempt sees the rest.
        self.table.drop_words(inbox).await?;
        Ok(())
    }
}
