//! `ticketsmith auth link`: a link that signs in once.

use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::{DataArgument, PlaceArgument};
use crate::session_keys::new_link;

/// `ticketsmith auth link`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Who signs in with it, as named under `users:` in the configuration. Default: the operator, who may do everything.
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    #[command(flatten)]
    data: DataArgument,
}

/// Runs the command.
///
/// # Errors
/// Negative when nobody has that name; unreachable when no `serve` uses the data folder.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let running = Connection::announced(&arguments.data)?;
    let place = PlaceArgument { data: arguments.data, stage: None };
    let connection = Connection::open(&place).await?;
    if let Some(name) = &arguments.person {
        let directory = connection.control().directory().await.map_err(Exit::unreachable)?;
        if !directory.configuration().users.iter().any(|user| user.name == *name) {
            return Err(Exit::negative(format!(
                "nobody is named `{name}` under `users:` in the configuration"
            )));
        }
    }
    let Some(api_url) = running.api_url else {
        return Err(Exit::unreachable(
            "the `serve` that uses the data folder has no API; it is an earlier version",
        ));
    };
    println!("{}", new_link(&connection.table, &api_url, arguments.person).await?);
    Ok(())
}
