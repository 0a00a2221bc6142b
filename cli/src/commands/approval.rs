//! `ticketsmith approval`: questions that wait for a person.

use crate::api_client::{Call, ClientArguments, Column, PageArguments};
use crate::exit::Outcome;
use clap::Subcommand;
use serde_json::json;

const COLUMNS: &[Column] = &[
    ("question", "question"),
    ("task", "task_id"),
    ("execution", "execution"),
    ("approvers", "approvers"),
    ("since", "since"),
    ("approval", "id"),
];

/// `ticketsmith approval …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// List open questions.
    List {
        #[command(flatten)]
        page: PageArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Answer yes.
    Approve(Answer),
    /// Answer no.
    Deny(Answer),
}

/// An answer.
#[derive(Debug, clap::Args)]
pub(crate) struct Answer {
    /// The question's id, as `approval list` shows it.
    id: String,
    /// A comment to send with the answer.
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    #[command(flatten)]
    client: ClientArguments,
}

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] =
    &[("list_approvals", "approval list"), ("answer_approval", "approval approve")];

/// Runs the command.
///
/// # Errors
/// The API's refusal; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::List { page, client } => client.list(&Call::get("/approvals", &[]), &page, COLUMNS).await,
        Arguments::Approve(answer) => give(answer, true).await,
        Arguments::Deny(answer) => give(answer, false).await,
    }
}

async fn give(answer: Answer, approved: bool) -> Outcome {
    let mut body = json!({ "approved": approved });
    if let Some(comment) = answer.comment {
        body["comment"] = comment.into();
    }
    answer.client.show(&Call::post("/approvals/{}/answer", &[&answer.id]).body(body), COLUMNS).await
}
