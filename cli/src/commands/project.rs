//! `ticketsmith project`: the configured projects.

use crate::api_client::{Call, ClientArguments, Column, task_id};
use crate::exit::Outcome;
use clap::Subcommand;

const COLUMNS: &[Column] = &[
    ("project", "key"),
    ("repository", "repository"),
    ("branch", "base_branch"),
    ("may start work", "may_trigger"),
    ("managed by", "managed_by"),
];

/// `ticketsmith project …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// List the projects.
    List {
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Show a project.
    View {
        /// Its key.
        key: String,
        #[command(flatten)]
        client: ClientArguments,
    },
}

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] =
    &[("list_projects", "project list"), ("get_project", "project view")];

/// Runs the command.
///
/// # Errors
/// The API's refusal; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::List { client } => client.show(&Call::get("/projects", &[]), COLUMNS).await,
        // Keys of projects may be `owner/name`; their ids are made as those of tickets are.
        Arguments::View { key, client } => {
            client.show(&Call::get("/projects/{}", &[&task_id(&key)]), COLUMNS).await
        }
    }
}
