//! Buttons under questions: what somebody pressed, and by what right.

use crate::act::{Acting, SHOWN};
use crate::answer::Outcome;
use crate::bounds::MOST_BYTES;
use crate::question::refused;
use crate::senders::Button;
use crate::words::Reply;
use control::{AnswerResult, Authority, Caller, Wanted};
use domain::text::cut_line;
use records::RecordsError;

impl Acting<'_> {
    /// Answers a question by a button, whose value names the execution and the step that asked. The message shows who answered; a refusal
    /// is told to the person who pressed it.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn on_button(&self, button: Button, delivery: &str) -> Result<Outcome, RecordsError> {
        let Button { kind, action, value, actor, reply, .. } = button;
        let actor = self.directory.configuration().identify(actor);
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
        if let (Reply::Refused(reason), Some(place)) = (&done, reply) {
            self.reply(place, delivery.to_owned(), refused(reason).to_markdown()).await?;
        }
        Ok(done.into())
    }

    async fn press(&self, caller: &Caller<'_>, action: &str, value: &str) -> Result<Reply, RecordsError> {
        let unknown = || Reply::Refused(format!("unknown button `{}`", cut_line(action, SHOWN)));
        if value.len() > MOST_BYTES {
            return Ok(Reply::Refused(format!(
                "the button's value is too long, with {} bytes; accepted: at most {MOST_BYTES}",
                value.len()
            )));
        }
        if let Some(words) = action.strip_prefix("budget ") {
            return Ok(match Wanted::read(words) {
                Ok(wanted) => {
                    Reply::to_money(self.control.choose(caller, value, wanted).await?, "this ticket")
                }
                Err(_) => unknown(),
            });
        }
        let approved = match action {
            "approve" => true,
            "deny" => false,
            _ => return Ok(unknown()),
        };
        let result = match value.split_once(' ') {
            Some((execution, key)) => self.control.answer_step(caller, execution, key, approved).await?,
            None => AnswerResult::NothingAsked,
        };
        Ok(Reply::to_answer(result, "nothing is waiting for this button".to_owned()))
    }
}
