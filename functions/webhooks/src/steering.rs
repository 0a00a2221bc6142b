//! Carries out people's typed commands about executions.

use crate::act::{Acting, SHOWN};
use crate::address::Address;
use crate::bounds::MOST_BYTES;
use crate::command::{Steering, SteeringWord};
use crate::mention::without_greeting;
use crate::question::execution_name;
use crate::typed_ticket::split_ticket;
use crate::undo_preview::{Confirmed, shown};
use crate::words::Reply;
use control::{Caller, LimitDecision, RedriveError, RedriveResult, UndoError, UndoPreviewResult, UndoResult};
use domain::text::cut_line;
use records::{ExecutionRecord, RecordsError};

impl Acting<'_> {
    /// Carries out a person's typed command about a ticket's execution.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn on_steering(
        &self,
        caller: &Caller<'_>,
        steering: Steering,
        address: Address<'_>,
    ) -> Result<Reply, RecordsError> {
        let Some(typed) = &steering.task_id else {
            let accepted = self.directory.accepted_tickets();
            return Ok(Reply::Refused(format!(
                "Which ticket? Put it after the command: {accepted}, or the name of an execution."
            )));
        };
        if let Err(error) = self.directory.check_length(typed) {
            return Ok(Reply::Refused(error.to_string()));
        }
        let behind = steering.comment.as_deref().map(without_greeting).unwrap_or_default();
        let Confirmed { words: behind, code } = match steering.word {
            SteeringWord::Undo => Confirmed::read(behind),
            _ => Confirmed { words: behind, code: None },
        };
        if !behind.is_empty() && steering.word.names_executions() {
            return self.on_words_behind(caller, (steering.word, code, address), behind).await;
        }
        let command = (steering.word, code, address);
        if let Some(done) = self.on_execution_named(caller, command, execution_name(typed)).await? {
            return Ok(done);
        }
        let ticket = match self.directory.ticket(typed) {
            Ok(ticket) => ticket,
            // A run without a ticket is steered by the name that `status` shows.
            Err(error) => match self.execution_named(typed).await? {
                Some(execution) => return self.on_steering_execution(caller, steering, execution).await,
                None if steering.word.names_executions() => {
                    return Ok(Reply::Refused(format!("no execution is named `{typed}`, and {error}")));
                }
                None => return Ok(Reply::Refused(error.to_string())),
            },
        };
        let task_id = ticket.task_id();
        Ok(match steering.word {
            word @ (SteeringWord::Approve | SteeringWord::Deny) => {
                let approved = word == SteeringWord::Approve;
                let result = self.control.answer_ticket(caller, &ticket, approved, steering.comment).await?;
                Reply::to_answer(result, format!("nothing on {task_id} is waiting for an answer"))
            }
            SteeringWord::Stop => Reply::to_stop(self.control.stop(caller, &ticket).await?, task_id),
            SteeringWord::Undo if code.is_none() => {
                let preview = self.control.preview_undo(caller, &ticket).await?;
                previewed(preview, task_id, address)
            }
            SteeringWord::Undo => match self.control.undo(caller, &ticket, code).await {
                Ok(result) => Reply::to_undo(result, task_id, address),
                Err(UndoError::Inputs(invalid)) => Reply::Refused(invalid.to_string()),
                Err(UndoError::Records(error)) => return Err(error),
            },
            SteeringWord::Redrive => match self.control.redrive(caller, &ticket).await {
                Ok(result) => Reply::to_redrive(result, task_id),
                Err(RedriveError::Inputs(invalid)) => Reply::Refused(invalid.to_string()),
                Err(RedriveError::Records(error)) => return Err(error),
            },
            SteeringWord::Budget => match wanted(&steering) {
                Ok(wanted) => {
                    let result = self.control.choose_for_ticket(caller, &ticket, wanted).await?;
                    Reply::to_money(result, task_id)
                }
                Err(refused) => refused,
            },
        })
    }

    /// Carries out a command about the execution that is named after a ticket, or on it. Other words there are a sentence: `undo the
    /// renaming` does not ask to take back everything.
    async fn on_words_behind(
        &self,
        caller: &Caller<'_>,
        command: SteeringCommand<'_>,
        words: &str,
    ) -> Result<Reply, RecordsError> {
        let name = execution_name(words);
        let done = match name.len() <= MOST_BYTES {
            true => self.on_execution_named(caller, command, name).await?,
            false => None,
        };
        Ok(done.unwrap_or_else(|| {
            let (shown, word) = (cut_line(name, SHOWN), command.0.as_str());
            Reply::Refused(format!(
                "nothing was done, because `{shown}` is not the name of an execution; accepted: `{word}` alone, or with a name that \
                 `status` shows"
            ))
        }))
    }

    /// Carries out a command about any execution, also of a ticket, by its name. `None` if the command is not one, or nothing has
    /// this name.
    async fn on_execution_named(
        &self,
        caller: &Caller<'_>,
        (word, code, address): SteeringCommand<'_>,
        name: &str,
    ) -> Result<Option<Reply>, RecordsError> {
        match word {
            SteeringWord::Undo if code.is_none() => {
                match self.control.preview_undo_execution(caller, name).await? {
                    UndoPreviewResult::Refused(UndoResult::Unknown) => Ok(None),
                    preview => Ok(Some(previewed(preview, name, address))),
                }
            }
            SteeringWord::Undo => match self.control.undo_execution(caller, name, code).await {
                Ok(UndoResult::Unknown) => Ok(None),
                Ok(result) => Ok(Some(Reply::to_undo(result, name, address))),
                Err(UndoError::Inputs(invalid)) => Ok(Some(Reply::Refused(invalid.to_string()))),
                Err(UndoError::Records(error)) => Err(error),
            },
            SteeringWord::Redrive => match self.control.redrive_execution(caller, name).await {
                Ok(RedriveResult::Unknown) => Ok(None),
                Ok(result) => Ok(Some(Reply::to_redrive(result, name))),
                Err(RedriveError::Inputs(invalid)) => Ok(Some(Reply::Refused(invalid.to_string()))),
                Err(RedriveError::Records(error)) => Err(error),
            },
            SteeringWord::Approve | SteeringWord::Deny | SteeringWord::Stop | SteeringWord::Budget => {
                Ok(None)
            }
        }
    }

    /// The execution of this name, as people type or paste it.
    ///
    /// # Errors
    /// When the records do not answer.
    async fn execution_named(&self, typed: &str) -> Result<Option<ExecutionRecord>, RecordsError> {
        self.table.execution(execution_name(typed)).await
    }

    async fn on_steering_execution(
        &self,
        caller: &Caller<'_>,
        steering: Steering,
        execution: ExecutionRecord,
    ) -> Result<Reply, RecordsError> {
        let name = execution.name.clone();
        Ok(match steering.word {
            word @ (SteeringWord::Approve | SteeringWord::Deny) => {
                let approved = word == SteeringWord::Approve;
                let answered = self.control.answer_execution(caller, &name, approved, steering.comment);
                Reply::to_answer(answered.await?, format!("`{name}` is not waiting for an answer"))
            }
            SteeringWord::Stop => {
                Reply::to_stop(self.control.stop_execution(caller, execution).await?, &name)
            }
            SteeringWord::Budget => match wanted(&steering) {
                Ok(wanted) => {
                    let result = self.control.choose_for_execution(caller, &execution, wanted).await?;
                    Reply::to_money(result, &name)
                }
                Err(refused) => refused,
            },
            // Both were carried out by the name already.
            SteeringWord::Undo | SteeringWord::Redrive => {
                Reply::Refused(format!("no execution is named `{name}`"))
            }
        })
    }
}

/// A command about an execution: its word, the code after it, and how the bot was addressed.
type SteeringCommand<'a> = (SteeringWord, Option<&'a str>, Address<'a>);

/// What an undo would take back, or why it would be refused.
fn previewed(preview: UndoPreviewResult, named: &str, address: Address<'_>) -> Reply {
    match preview {
        UndoPreviewResult::Preview(preview) => Reply::Answer(shown(&preview, false, address)),
        UndoPreviewResult::Refused(result) => Reply::to_undo(result, named, address),
    }
}

/// A decision about an execution that a limit stopped.
fn wanted(steering: &Steering) -> Result<LimitDecision, Reply> {
    let words = steering.comment.as_deref().unwrap_or_default();
    let words = match split_ticket(words) {
        // A question decides nothing.
        (word, rest) if rest.is_empty() && !words.contains('?') => word,
        _ => words,
    };
    LimitDecision::read(words).map_err(|accepted| {
        Reply::Refused(format!("`budget` says what becomes of work that a limit stopped; {accepted}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::MicroUsd;

    #[test]
    fn a_decision_is_read_whatever_is_around_it() {
        let read = |words: &str| {
            let (task_id, comment) = (Some("SHOP-1".to_owned()), Some(words.to_owned()));
            wanted(&Steering { word: SteeringWord::Budget, task_id, comment }).ok()
        };
        for words in ["+5", "`+5`", "**+5**.", "\u{201c}+5\u{201d}", "+5\u{200b}"] {
            assert_eq!(read(words), Some(LimitDecision::Add(MicroUsd(5_000_000))), "{words}");
        }
        assert_eq!(read("_draft_"), Some(LimitDecision::Draft));
        for words in ["", "`5`", "+5?", "`+5` please", "(-5)"] {
            assert_eq!(read(words), None, "{words}");
        }
    }
}
