//! `ticketsmith user`: people and their roles.

use crate::api_client::{Call, ClientArguments, Column, PageArguments, task_id};
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
            client.show(&Call::post("/users/{}/sign-out", &[&segment(&name)]), COLUMNS).await
        }
    }
}

/// A person in a path. An account's gateway decodes a path before the API sees it, so names that would have to be encoded are replaced by
/// their id.
fn segment(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_~".contains(&byte);
    if name.bytes().all(is_plain) { name.to_owned() } else { task_id(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_path_cannot_hold_is_sent_as_its_id() {
        assert_eq!([segment("ada"), segment("Ada-L_2")], ["ada", "Ada-L_2"]);
        assert_eq!([segment("ops/ada l"), segment("..")], ["b3BzL2FkYSBs", "Li4"]);
    }
}
