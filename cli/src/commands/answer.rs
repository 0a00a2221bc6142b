//! `ticketsmith approve` and `ticketsmith deny`: answer the question of a waiting execution.

use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use crate::steering::{PersonArgument, Request};
use control::AnswerResult;

/// `ticketsmith approve` and `ticketsmith deny`
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The execution's name, as `ticketsmith status` shows it, or the ticket that it is at work on.
    #[arg(value_name = "EXECUTION|TICKET")]
    named: String,
    /// A comment for the workflow.
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    #[command(flatten)]
    person: PersonArgument,
    #[command(flatten)]
    place: PlaceArgument,
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith status SHOP-1                       shows the question
  ticketsmith approve SHOP-1 --as ada
  ticketsmith deny jira-SHOP-1-9f86d081884c7d659a2feaa0c55ad015 --comment 'Not this week'

Who may answer in Slack or on the ticket may do so here.

Exit codes: 0 the answer is recorded · 1 nothing is asked, somebody else answered, or you may not · 3 neither `serve` nor the stage is reachable";

/// Runs the command.
///
/// # Errors
/// A negative answer if nothing is asked, somebody else answered, or the person may not; unreachable if nothing answers.
pub(crate) async fn run(arguments: Arguments, approved: bool) -> Outcome {
    let connection = Connection::open(&arguments.place).await?;
    let request = Request::about_question(&connection, &arguments.named, &arguments.person).await?;
    let name = &request.execution.name;
    let answer = |approved: bool| if approved { "approved" } else { "denied" };
    let result = request.control.answer_execution(&request.caller(), name, approved, arguments.comment).await;
    match result.map_err(Exit::unreachable)? {
        AnswerResult::Recorded { question, approved } => {
            println!("{}: {question}", answer(approved));
            Ok(())
        }
        AnswerResult::Voted { question, votes, needed } => {
            println!("approved by {votes} of {needed}: {question}");
            Ok(())
        }
        AnswerResult::Replaced { question, details, execution } => {
            let details = details.map(|details| format!("\n\n{details}")).unwrap_or_default();
            Err(Exit::negative(format!(
                "this question has been replaced; {execution} now asks: {question}{details}"
            )))
        }
        AnswerResult::AlreadyAnswered { question, by, approved, how } => {
            Err(Exit::negative(format!("{by} already answered: {}, {how}: {question}", answer(approved))))
        }
        AnswerResult::Over { question, why } => {
            Err(Exit::negative(format!("the question is closed, because {why}: {question}")))
        }
        AnswerResult::NothingAsked => Err(Exit::negative(format!("{name} asks nothing"))),
        AnswerResult::Denied(reason) => Err(request.denied(&reason)),
    }
}
