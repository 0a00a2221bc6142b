//! `ticketsmith agent tell`: says something to the agent at work on a ticket.

use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use crate::steering::{PersonArgument, Request};
use control::{TellResult, Words};
use domain::text::{TextLimit, cut_line, printable};

/// A longer question is cut.
const QUESTION: TextLimit = TextLimit::characters(200);

/// `ticketsmith agent tell`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The ticket that the agent is at work on, or the execution's name, as `ticketsmith status` shows it.
    #[arg(value_name = "TICKET|EXECUTION")]
    named: String,
    /// What to say.
    words: String,
    #[command(flatten)]
    person: PersonArgument,
    #[command(flatten)]
    place: PlaceArgument,
}

pub(in crate::commands) const EXAMPLES: &str = "\
Examples:
  ticketsmith tell SHOP-1 \"Keep the old names as aliases\"
  ticketsmith agent tell revision-SHOP-1-9f86d081884c7d659a2feaa0c55ad015 \"Use a map\" --as ada

If the agent has just finished, a revision of its pull request takes up the words.

Exit codes: 0 the words wait for the agent · 1 nothing is at work · 2 there are no words · 3 neither `serve` nor the stage is reachable";

/// Runs the command.
///
/// # Errors
/// A negative answer if nothing is at work on the ticket; usage without words; unreachable if nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let text = arguments.words.trim().to_owned();
    if text.is_empty() {
        return Err(Exit::usage("the message is empty; say what to tell the agent"));
    }
    let connection = Connection::open(&arguments.place).await?;
    let request = Request::about(&connection, &arguments.named, &arguments.person).await?;
    let caller = request.caller();
    let execution = &request.execution;
    let nothing = || Exit::negative(format!("nothing with an agent is at work on {}", arguments.named));
    let configuration = caller.directory.configuration();
    let project = execution.project.as_deref().and_then(|key| configuration.project(key));
    let (Some(task_id), Some(project)) = (&execution.task_id, project) else { return Err(nothing()) };
    if execution.outcome.is_final() {
        return Err(Exit::negative(format!("{} has already ended: {}", execution.name, execution.outcome)));
    }
    let words = Words { text, place: None, review: None };
    match request.control.tell(&caller, task_id, project, words).await.map_err(Exit::unreachable)? {
        TellResult::Told { execution, workflow, waits_for } => {
            println!("{}", told(task_id, &workflow, &execution, waits_for.as_deref()));
            Ok(())
        }
        TellResult::Denied(reason) => Err(request.denied(&reason)),
        TellResult::Began { .. } | TellResult::NothingAtWork | TellResult::AskProvider => Err(nothing()),
    }
}

/// The answer to somebody whose words wait for the agent of an execution. It says which question the work waits for, because words do not
/// answer it.
pub(crate) fn told(task_id: &str, workflow: &str, execution: &str, waits_for: Option<&str>) -> String {
    let told = format!("the agent of {workflow} on {task_id} takes it in with its next step ({execution})");
    match waits_for {
        Some(question) => format!(
            "{told}; the work is waiting for an answer first, and this message does not give it: {}",
            printable(&cut_line(question, QUESTION))
        ),
        None => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_speaks_to_work_that_waits_for_an_answer_learns_that_it_still_does() {
        assert_eq!(
            told("SHOP-1", "development", "e1", None),
            "the agent of development on SHOP-1 takes it in with its next step (e1)"
        );
        let waiting = told("SHOP-1", "development", "e1", Some("Which limit?\nTen or twenty"));
        assert!(waiting.contains("does not give it: Which limit?"), "{waiting}");
        assert_eq!(waiting.lines().count(), 1, "{waiting}");
    }
}
