//! `ticketsmith auth link`: a link that signs in once.

use crate::api_client::check_url;
use crate::connection::Connection;
use crate::exit::{Exit, Outcome};
use crate::place::PlaceArgument;
use crate::session_keys::new_link;

/// `ticketsmith auth link`
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The person who signs in with it, as named under `users:` in the configuration. Default: the operator, who may do everything.
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// The address of a stage's API, with /api/v1; needed with --stage.
    #[arg(long, value_name = "URL", requires = "stage")]
    url: Option<String>,
    #[command(flatten)]
    place: PlaceArgument,
}

/// Runs the command.
///
/// # Errors
/// Negative if nobody has that name; usage without the address of a stage; unreachable if nothing answers.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    let api_url = match (&arguments.place.stage, arguments.url) {
        (Some(_), Some(url)) => {
            check_url(&url)?;
            url
        }
        (Some(_), None) => return Err(Exit::usage("pass --url with the address of the stage's API")),
        (None, _) => {
            let running = Connection::announced(&arguments.place.data)?;
            running.exposed_url.or(running.api_url).ok_or_else(|| {
                Exit::unreachable(
                    "the `serve` that uses the data folder has no API because it is an earlier version",
                )
            })?
        }
    };
    let connection = Connection::open(&arguments.place).await?;
    if let Some(name) = &arguments.person {
        let directory = connection.control().directory().await.map_err(Exit::unreachable)?;
        if !directory.configuration().users.iter().any(|user| user.name == *name) {
            return Err(Exit::negative(format!(
                "nobody is named `{name}` under `users:` in the configuration"
            )));
        }
    }
    println!("{}", new_link(&connection.table, &api_url, arguments.person).await?);
    Ok(())
}
