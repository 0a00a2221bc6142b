//! What becomes of an event that nothing waited for: it starts a workflow, is refused, or is a person's question.

use crate::act::{Acting, Handled, Said};
use crate::answer::Outcome;
use crate::answer_context::AnswerContext;
use crate::command::Command;
use crate::command_answer::plain;
use crate::question::{answer_question, answer_to_start, how_to_revise, revises};
use crate::wish::uploads_of;
use control::{StartDecision, decide};
use domain::event::REVIEW;
use domain::routes::Routes;
use domain::{Event, EventName};
use records::RecordsError;

/// The reply to a request for a revision while an execution is at work on the ticket.
const NOT_TAKEN_UP: &str = "What you asked for is not part of that work. Ask again when it has ended.";

impl Said {
    /// Whether it is a command that we answer.
    fn is_question(&self) -> bool {
        let is_one = |(command, words): (&Command, &str)| command.is_built_in(words);
        self.is_command
            && self.is_answered
            && self.command.as_ref().zip(self.words.as_deref()).is_some_and(is_one)
    }
}

impl Acting<'_> {
    /// Starts what the routes say, or answers a command that asks something.
    ///
    /// # Errors
    /// When the records or Step Functions do not answer.
    pub(crate) async fn decided(
        &self,
        routes: &Routes,
        event: Event,
        said: Said,
    ) -> Result<Handled, RecordsError> {
        let asked = event.clone();
        let decision = match said.is_question() {
            true => StartDecision::Ignore("it is a command that starts no workflow".to_owned()),
            false => decide(self.directory, routes, event),
        };
        Ok(match decision {
            StartDecision::Start(request) => {
                let configuration = self.directory.configuration();
                if let Some(reason) = self.control.too_many_rounds(configuration, &request).await? {
                    return Ok(Handled::refused(reason));
                }
                let task_id = request.task_id.clone();
                // A review's line comments do not come with it, and only `events` may ask for them.
                let result = match request.input.event.get(REVIEW).is_some_and(|review| !review.is_null()) {
                    true => self.control.record(*request).await?,
                    false => self.control.start(*request).await?,
                };
                let outcome = Outcome::from(result);
                // Another request was faster: this one is said to the agent that it began.
                if let (Outcome::AlreadyAtWork { .. }, Some((wish, on, reply))) = (&outcome, said.wished)
                    && let Some(told) = self.tell_by(&asked, wish, on.as_ref(), reply).await?
                {
                    return Ok(self.told(told, &asked));
                }
                // A person who added a label finds the work at the ticket; a person who addressed the bot or asked for a revision expects an answer.
                let is_revision = asked.kind == EventName::REVISION_REQUESTED;
                let answer = match outcome {
                    Outcome::AlreadyAtWork { .. } if said.command.is_some() || is_revision => {
                        let answer =
                            answer_to_start(&outcome, task_id.as_deref(), self.address(&asked).words);
                        Some(match is_revision {
                            true => answer.section([plain(NOT_TAKEN_UP)]),
                            false => answer,
                        })
                    }
                    // Its progress is shown on the ticket.
                    Outcome::Started { .. } | Outcome::Pending { .. } | Outcome::InLine { .. }
                        if is_revision && said.is_in_chat =>
                    {
                        Some(answer_to_start(&outcome, task_id.as_deref(), self.address(&asked).words))
                    }
                    _ => None,
                };
                Handled { outcome, answer }
            }
            StartDecision::Refuse(reason) if self.is_elsewhere(&asked) => {
                Handled::silent(Outcome::Ignored { reason })
            }
            StartDecision::Refuse(reason) => {
                let who = self.actor_of(&asked);
                self.control.audit_refusal(who.as_ref(), &asked.kind, &asked.delivery).await?;
                match self.is_ours(&asked) {
                    true => Handled::refused(reason),
                    false => Handled::silent(Outcome::Refused { reason }),
                }
            }
            StartDecision::Ignore(reason) => {
                let actor = self.actor_of(&asked);
                match (said.command, actor) {
                    (Some(command), Some(actor))
                        if said.is_to_bot && said.is_answered && !said.is_awaited && self.is_ours(&asked) =>
                    {
                        let caller = self.caller(&asked, &actor);
                        let address = self.address(&asked);
                        let question =
                            AnswerContext { control: self.control, routes, caller, address, now: self.now };
                        let is_sentence =
                            said.words.as_deref().is_some_and(|words| command.may_be_sentence(words));
                        let mut answer = answer_question(&question, command).await?;
                        if is_sentence && revises(routes) {
                            let called = self.directory.pull_request_name_at(self.place.as_str());
                            answer = answer.section(how_to_revise(address.words, called));
                        }
                        let uploads = uploads_of(&asked).filter(|_| said.wished.is_none());
                        Handled { outcome: Outcome::Answered, answer: Some(answer) }.without_files(uploads)
                    }
                    _ => Handled::silent(Outcome::Ignored { reason }),
                }
            }
        })
    }
}
