//! Messages from people while an execution is at work on a ticket go to its agent.

use crate::act::Acting;
use crate::answer::Outcome;
use crate::command_answer::{CommandAnswer, Part, Symbol, code, plain, refused, strong};
use crate::wish::Wish;
use control::{Caller, TellResult, Words};
use domain::configuration::Project;
use domain::event::REVIEW;
use domain::text::{TextLimit, cut_line};
use domain::{Event, EventName};
use records::{OpenedPullRequest, RecordsError, ReplyPlace, ReviewOf};

/// How much of a question is repeated.
const QUESTION: TextLimit = TextLimit::characters(500);

impl Acting<'_> {
    /// Gives an event's request to the agent at work on its ticket, and says so. `None` if nothing is at work.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn tell_by(
        &self,
        event: &Event,
        wish: Wish,
        on: Option<&OpenedPullRequest>,
        place: Option<ReplyPlace>,
    ) -> Result<Option<(Outcome, CommandAnswer)>, RecordsError> {
        let Some(actor) = self.actor_of(event) else { return Ok(None) };
        let review = || {
            let repository = event.fields.get("repository")?.as_str()?.parse().ok()?;
            let number = event.fields.get("number")?.as_u64()?;
            Some(ReviewOf { repository, number, review: event.fields.get(REVIEW)?.as_u64()? })
        };
        let review = review();
        // As for the revision that it would start: a delivery does only one of the two.
        let trigger = EventName::REVISION_REQUESTED;
        let caller = Caller { trigger: &trigger, ..self.caller(event, &actor) };
        let project = on.and_then(|on| self.directory.configuration().project(&on.project));
        self.tell(&caller, wish, project, (place, review)).await
    }

    /// Gives words to the agent at work on a ticket, and says so. `None` if nothing is at work.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn tell(
        &self,
        caller: &Caller<'_>,
        wish: Wish,
        project: Option<&Project>,
        (place, review): (Option<ReplyPlace>, Option<ReviewOf>),
    ) -> Result<Option<(Outcome, CommandAnswer)>, RecordsError> {
        let ticket = match self.directory.ticket(&wish.ticket) {
            Ok(ticket) => ticket,
            Err(error) if wish.is_told => return Ok(Some(denied(error.to_string()))),
            Err(_) => return Ok(None),
        };
        let words = Words { text: wish.text, place, review };
        let project = project.unwrap_or_else(|| ticket.project());
        let task_id = ticket.task_id();
        Ok(match self.control.tell(caller, task_id, project, words).await? {
            TellResult::Told { waits_for, .. } => {
                let answer = CommandAnswer::to_channel([
                    Part::Symbol(Symbol::Seen),
                    plain("The agent at work on "),
                    strong(task_id),
                    plain(" takes this in with its next step."),
                ]);
                // Somebody who meant to answer in their own words learns that they did not.
                let answer = match waits_for {
                    Some(question) => answer.section([
                        plain("The work is waiting for an answer first, and this message does not give it: "),
                        plain(cut_line(&question, QUESTION)),
                    ]),
                    None => answer,
                };
                Some((Outcome::Recorded, answer))
            }
            TellResult::NothingAtWork if wish.is_told => Some((
                Outcome::Answered,
                CommandAnswer::to_person([
                    plain("Nothing is at work on "),
                    strong(task_id),
                    plain(format!(
                        ", so there is no agent to tell. To ask for changes to its {}, use ",
                        self.directory.pull_request_name(project)
                    )),
                    code("revise"),
                    plain("."),
                ]),
            )),
            TellResult::Began { .. } | TellResult::NothingAtWork => None,
            TellResult::AskProvider => Some(denied(format!(
                "only the code host knows whether you may start work on {}, and it is not asked while work on {task_id} continues; ask \
                 again when that has ended",
                project.key
            ))),
            TellResult::Denied(reason) => Some(denied(reason)),
        })
    }
}

fn denied(reason: String) -> (Outcome, CommandAnswer) {
    let answer = refused(&reason);
    (Outcome::Refused { reason }, answer)
}
