//! Files that people attach to commands: they reach an agent, or the answer says why not.

use crate::act::{Acting, Handled};
use crate::answer::Outcome;
use crate::command_answer::{CommandAnswer, Part, Symbol, code, plain};
use control::{Caller, Directory, StartDecision, TellResult, Words, decide};
use domain::Event;
use domain::routes::Routes;
use records::RecordsError;

/// Why a command that starts nothing passes no files on.
const TAKES_NONE: &str = "this command takes none";

/// What an event starts, and whether its trigger captures `uploads` with the words. Work without a ticket has no inbox, so that is the only way to
/// its agent: it is used only if the files become part of several words, which are a text rather than a name.
pub(crate) fn decide_with(
    directory: &Directory,
    routes: &Routes,
    event: Event,
    uploads: Option<&str>,
) -> (StartDecision, bool) {
    let Some(uploads) = uploads else { return (decide(directory, routes, event), false) };
    let without = decide(directory, routes, event.clone());
    let workflow = match &without {
        StartDecision::Start(request) if request.task_id.is_none() => request.workflow.clone(),
        _ => return (without, false),
    };
    let captured = |event: &Event| {
        let start = routes.start_for(event).ok().flatten();
        start.filter(|start| start.workflow == workflow).map(|start| start.captured).unwrap_or_default()
    };
    let before = captured(&event);
    let mut event = event;
    let text = event.fields.get("text").and_then(|text| text.as_str()).unwrap_or_default();
    let all = format!("{text}\n\n{uploads}");
    event.fields.insert("text".to_owned(), all.into());
    let after = captured(&event);
    let is_text =
        |name: &String| before.get(name).and_then(|value| value.as_str()).is_some_and(|it| it.contains(' '));
    let takes_them = after.iter().all(|(name, value)| before.get(name) == Some(value) || is_text(name));
    if after == before || !takes_them {
        return (without, false);
    }
    match decide(directory, routes, event) {
        StartDecision::Start(with) if with.workflow == workflow && with.task_id.is_none() => {
            (StartDecision::Start(with), true)
        }
        _ => (without, false),
    }
}

impl Acting<'_> {
    /// Passes on what was uploaded with a command, and gives the words for the person if it does not reach an agent.
    ///
    /// # Errors
    /// When the records do not answer.
    pub(crate) async fn pass_on(
        &self,
        caller: Option<&Caller<'_>>,
        outcome: &Outcome,
        task_id: Option<&str>,
        uploads: String,
    ) -> Result<Option<Vec<Part>>, RecordsError> {
        match outcome {
            Outcome::Started { .. } | Outcome::Pending { .. } | Outcome::InLine { .. } => {}
            Outcome::AlreadyAtWork { .. } => {
                let ticket = task_id.unwrap_or_default();
                return Ok(Some(not_passed_on([
                    plain("the work began without them. Give them to its agent with "),
                    code(format!("tell {ticket}")),
                    plain(" and a few words"),
                ])));
            }
            // The first delivery passed them on, or nothing was to begin.
            _ => return Ok(None),
        }
        let Some(task_id) = task_id else {
            return Ok(Some(not_passed_on([plain(
                "without a ticket, the work takes them only with a description of several words",
            )])));
        };
        let (Some(caller), Ok(ticket)) = (caller, self.directory.ticket(task_id)) else {
            return Ok(Some(not_passed_on([plain("the ticket or the person is unknown")])));
        };
        let delivery = format!("{} uploads", caller.delivery);
        let caller = Caller { delivery: &delivery, ..*caller };
        let words = Words { text: uploads, place: None, review: None };
        let told = self.control.tell(&caller, ticket.task_id(), ticket.project(), words).await?;
        let why = match told {
            TellResult::Told { .. } => return Ok(None),
            TellResult::Denied(reason) => reason,
            TellResult::AskProvider => {
                "only the code host knows whether you may start work, and it is asked later. Attach them to the ticket".to_owned()
            }
            TellResult::NothingAtWork | TellResult::Began { .. } => {
                format!("nothing is at work on {} now. Attach them to the ticket", ticket.task_id())
            }
        };
        tracing::info!(why, "what was uploaded with the command does not reach the agent");
        Ok(Some(not_passed_on([plain(why)])))
    }
}

/// The words for a person whose files do not reach an agent.
fn not_passed_on(why: impl IntoIterator<Item = Part>) -> Vec<Part> {
    let said = [Part::Symbol(Symbol::Warning), plain("The files that you added are not passed on: ")];
    said.into_iter().chain(why).chain([plain(".")]).collect()
}

/// The answer to a command that takes no files, if some were given to it.
pub(crate) fn without_files(answer: CommandAnswer, uploads: Option<&str>) -> CommandAnswer {
    match uploads {
        Some(_) => answer.section(not_passed_on([plain(TAKES_NONE)])),
        None => answer,
    }
}

impl Handled {
    /// Tells the author of a command that takes no files, if some were given to it.
    pub(crate) fn without_files(self, uploads: Option<&str>) -> Self {
        let Some(uploads) = uploads else { return self };
        let answer = match self.answer {
            Some(answer) => without_files(answer, Some(uploads)),
            None => CommandAnswer::to_person(not_passed_on([plain(TAKES_NONE)])),
        };
        Self { answer: Some(answer), ..self }
    }
}
