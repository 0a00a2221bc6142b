//! The result of an operation, in words for the person who requested it. Data in them is not escaped.

use crate::address::Address;
use crate::answer::Outcome;
use crate::command_answer::CommandAnswer;
use crate::undo_preview::shown;
use control::{AnswerResult, MoneyResult, RedriveResult, StartResult, StopResult, UndoResult};
use records::Choice;

/// A reply to a person.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// It is done, or will be.
    Done(String),
    /// It counts, and more of the same is needed. They are told this wherever they asked, unless they pressed a button, under which it is shown.
    Counted(String),
    /// What they asked to see. They are told this wherever they asked.
    Answer(CommandAnswer),
    /// It was refused, with the reason.
    Refused(String),
}

impl Reply {
    /// The result of answering a question; `nothing_asked` is the reply if there was none.
    pub(crate) fn to_answer(result: AnswerResult, nothing_asked: String) -> Self {
        match result {
            AnswerResult::Recorded { question, approved } => {
                Self::Done(format!("{}: \u{201c}{question}\u{201d}", verdict(approved)))
            }
            AnswerResult::Voted { question, votes, needed } => {
                Self::Counted(format!("approved by {votes} of {needed}: \u{201c}{question}\u{201d}"))
            }
            AnswerResult::Replaced { question, details, execution } => {
                let details = details.map(|details| format!("\n\n{details}")).unwrap_or_default();
                Self::Refused(format!(
                    "the question that you answered has been replaced; `{execution}` now asks: \u{201c}{question}\u{201d}{details}"
                ))
            }
            AnswerResult::AlreadyAnswered { question, by, approved, how } => Self::Refused(format!(
                "{by} already answered \u{201c}{question}\u{201d}: {}, {how}",
                verdict(approved)
            )),
            AnswerResult::Over { question, why } => {
                Self::Refused(format!("\u{201c}{question}\u{201d} is closed: {why}"))
            }
            AnswerResult::NothingAsked => Self::Refused(nothing_asked),
            AnswerResult::Denied(reason) => Self::Refused(reason),
        }
    }

    /// The result of a decision about work that a limit stopped: `named` is what was typed, or the button's subject.
    pub(crate) fn to_money(result: MoneyResult, named: &str) -> Self {
        match result {
            MoneyResult::Recorded(Choice::Add { amount, .. }) => {
                Self::Done(format!("{amount} is added, and the work on {named} continues."))
            }
            MoneyResult::Recorded(Choice::Draft) => {
                Self::Done(format!("The work on {named} ends with a draft of what is done."))
            }
            MoneyResult::Recorded(Choice::RollBack) => {
                Self::Done(format!("The work on {named} is being stopped and taken back."))
            }
            MoneyResult::AlreadyChosen { by, choice } => Self::Refused(format!("{by} already {choice}")),
            MoneyResult::TooLittle { step, least } => Self::Refused(MoneyResult::too_little(step, least)),
            MoneyResult::NothingAsked => Self::Refused(format!("no limit stops the work on {named} now")),
            MoneyResult::Denied(reason) => Self::Refused(reason),
        }
    }

    /// The result of a request to stop the work on a ticket.
    pub(crate) fn to_stop(result: StopResult, task_id: &str) -> Self {
        match result {
            StopResult::Requested { workflow } => Self::Done(format!(
                "{workflow} on {task_id} is being stopped. Its effects stay; `undo {task_id}` takes them back."
            )),
            StopResult::NothingAtWork => Self::Refused(format!("nothing is running on {task_id}")),
            StopResult::Ended { workflow } => {
                Self::Refused(format!("{workflow} on {task_id} has just ended"))
            }
            StopResult::Denied(reason) => Self::Refused(reason),
        }
    }

    /// The result of a request to take back effects on a ticket, or of an execution: `named` is what was typed.
    pub(crate) fn to_undo(result: UndoResult, named: &str, address: Address<'_>) -> Self {
        match result {
            UndoResult::Changed(preview) => Self::Answer(shown(&preview, true, address)),
            UndoResult::Accepted { execution } if execution == named => {
                Self::Done(format!("What `{execution}` did is being taken back."))
            }
            UndoResult::Accepted { execution } => {
                Self::Done(format!("What `{execution}` did on {named} is being taken back."))
            }
            UndoResult::AtWork { workflow } => {
                Self::Refused(format!("{workflow} is at work on {named}; use `stop {named}` first"))
            }
            UndoResult::AlreadyAtWork { execution } => {
                Self::Refused(format!("`{execution}` is at work on {named}"))
            }
            UndoResult::NothingDone => {
                Self::Refused(format!("nothing that can be taken back has been done on {named}"))
            }
            UndoResult::Unknown => Self::Refused(format!("no execution is named `{named}`")),
            UndoResult::Denied(reason) => Self::Refused(reason),
        }
    }
}

impl Reply {
    /// The result of a request to continue a run: `named` is what was typed.
    pub(crate) fn to_redrive(result: RedriveResult, named: &str) -> Self {
        match result {
            RedriveResult::Accepted { execution, continues, anew: true } => Self::Done(format!(
                "`{execution}` starts `{continues}` over, because a rollback had taken everything back."
            )),
            RedriveResult::Accepted { execution, continues, anew: false } => Self::Done(format!(
                "`{execution}` continues `{continues}`. Completed steps are not repeated."
            )),
            RedriveResult::Refused(refusal) => Self::Refused(refusal.to_string()),
            RedriveResult::Unknown => Self::Refused(format!("no execution is named `{named}`")),
            RedriveResult::Denied(reason) => Self::Refused(reason),
        }
    }
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        match reply {
            Reply::Done(_) | Reply::Counted(_) => Self::Recorded,
            Reply::Answer(_) => Self::Answered,
            Reply::Refused(reason) => Self::Refused { reason },
        }
    }
}

impl From<StartResult> for Outcome {
    fn from(result: StartResult) -> Self {
        match result {
            StartResult::Started { workflow, execution } => Self::Started { workflow, execution },
            StartResult::Pending { workflow, execution, .. } => Self::Pending { workflow, execution },
            StartResult::InLine { workflow, execution, before } => {
                Self::InLine { workflow, execution, before }
            }
            StartResult::Duplicate { execution } => Self::Duplicate { execution },
            StartResult::AlreadyAtWork { execution } => Self::AlreadyAtWork { execution },
        }
    }
}

fn verdict(approved: bool) -> &'static str {
    if approved { "approved" } else { "declined" }
}
