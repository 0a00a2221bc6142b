//! Buttons that people press.

use crate::act::{Acting, SHOWN};
use crate::address::Address;
use crate::answer::Outcome;
use crate::bounds::MOST_BYTES;
use crate::command_answer::{CommandAnswer, plain, refused};
use crate::senders::Button;
use crate::undo_preview::UNDO;
use crate::words::Reply;
use control::{AnswerResult, Authority, Caller, LimitDecision, UndoError};
use domain::text::cut_line;
use records::RecordsError;

impl Acting<'_> {
    /// Carries out a button's request: answers a question, or takes back what was shown. The message of a question shows who answered; a refusal
    /// is shown to the person who pressed it.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn on_button(&self, button: Button, delivery: &str) -> Result<Outcome, RecordsError> {
        let Button { kind, action, value, actor, reply, .. } = button;
        let actor = self.control.identify(self.directory.configuration(), actor).await?;
        let (actor, trigger) = (&actor, &kind);
        let caller = Caller {
            directory: self.directory,
            actor,
            authority: &Authority::Roles,
            trigger,
            delivery,
            at: None,
        };
        let done = self.press(&caller, &action, &value).await?;
        let told = match &done {
            Reply::Refused(reason) => Some(refused(reason)),
            Reply::Answer(answer) => Some(answer.clone()),
            // A question shows who said yes, and how it was answered; nothing shows that an undo begins.
            Reply::Counted(_) => None,
            Reply::Done(words) => (action == UNDO).then(|| CommandAnswer::to_person([plain(words)])),
        };
        if let Some((told, place)) = told.zip(reply) {
            self.reply(place, delivery.to_owned(), told.to_markdown()).await?;
        }
        Ok(done.into())
    }

    async fn press(&self, caller: &Caller<'_>, action: &str, value: &str) -> Result<Reply, RecordsError> {
        if value.len() > MOST_BYTES {
            return Ok(Reply::Refused(format!(
                "the button's value is too long, with {} bytes; accepted: at most {MOST_BYTES}",
                value.len()
            )));
        }
        let unknown = || Reply::Refused(format!("unknown button `{}`", cut_line(action, SHOWN)));
        if let Some(words) = action.strip_prefix("budget ") {
            return Ok(match LimitDecision::read(words) {
                Ok(wanted) => {
                    Reply::to_money(self.control.choose(caller, value, wanted).await?, "this ticket")
                }
                Err(_) => unknown(),
            });
        }
        let approved = match action {
            "approve" => true,
            "deny" => false,
            UNDO => {
                let words = self.directory.configuration().webhooks.command.as_str();
                return self.on_confirmed(caller, value, Address { words, on_ticket: false }).await;
            }
            _ => return Ok(unknown()),
        };
        let result = match value.split_once(' ') {
            Some((execution, key)) => self.control.answer_step(caller, execution, key, approved).await?,
            None => AnswerResult::NothingAsked,
        };
        Ok(Reply::to_answer(result, "nothing is waiting for this button".to_owned()))
    }

    /// Takes back what was shown: `value` is the name of the execution and the code from the button.
    ///
    /// # Errors
    /// When the records do not answer.
    async fn on_confirmed(
        &self,
        caller: &Caller<'_>,
        value: &str,
        address: Address<'_>,
    ) -> Result<Reply, RecordsError> {
        let Some((execution, code)) = value.split_once(' ') else {
            return Ok(Reply::Refused("nothing is waiting for this button".to_owned()));
        };
        match self.control.undo_execution(caller, execution, Some(code)).await {
            Ok(result) => Ok(Reply::to_undo(result, execution, address)),
            Err(UndoError::Inputs(invalid)) => Ok(Reply::Refused(invalid.to_string())),
            Err(UndoError::Records(error)) => Err(error),
        }
    }
}
