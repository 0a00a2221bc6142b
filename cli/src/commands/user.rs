//! `ticketsmith user`: people and their roles.

use crate::api_client::{Call, ClientArguments, Column, PageArguments};
use crate::exit::Outcome;
use clap::Subcommand;

const COLUMNS: &[Column] =
    &[("name", "name"), ("roles", "roles"), ("projects", "project_roles"), ("groups", "groups")];

/// `ticketsmith user …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// List people and their roles.
    List {
        #[command(flatten)]
        page: PageArguments,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// End all sessions of a person. Their machine tokens stay; `token revoke` ends those.
    SignOut {
        /// The person, as named under `users:` in the configuration.
        name: String,
        #[command(flatten)]
        client: ClientArguments,
    },
}

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] =
    &[("list_users", "user list"), ("end_sessions_of_user", "user sign-out")];

/// Runs the command.
///
/// # Errors
/// The API's refusal; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::List { page, client } => client.list(&Call::get("/users", &[]), &page, COLUMNS).await,
        Arguments::SignOut { name, client } => {
            client.show(&Call::post("/users/{}/sign-out", &[&name]), COLUMNS).await
        }
    }
}
