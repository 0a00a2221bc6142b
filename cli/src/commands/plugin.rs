//! `ticketsmith plugin`: the services that projects use.

use crate::api_client::{Call, ClientArguments, Column};
use crate::exit::Outcome;
use clap::Subcommand;

const COLUMNS: &[Column] =
    &[("type", "type"), ("name", "name"), ("provider", "provider"), ("projects", "projects")];

/// `ticketsmith plugin …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// List the services that projects use.
    List {
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Show the settings of a service; credentials are none of them.
    View {
        /// Its purpose, as `plugin list` shows it.
        #[arg(value_name = "TYPE")]
        kind: String,
        /// Its name in the configuration.
        name: String,
        #[command(flatten)]
        client: ClientArguments,
    },
}

/// The operations of the API that these commands use.
#[cfg(test)]
pub(crate) const OPERATIONS: &[(&str, &str)] =
    &[("list_plugins", "plugin list"), ("get_plugin_config", "plugin view")];

/// Runs the command.
///
/// # Errors
/// The API's refusal; unreachable when nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::List { client } => client.show(&Call::get("/plugins", &[]), COLUMNS).await,
        Arguments::View { kind, name, client } => {
            client.show(&Call::get("/plugins/{}/{}/config", &[&kind, &name]), COLUMNS).await
        }
    }
}
