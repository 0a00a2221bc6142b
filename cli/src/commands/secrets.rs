//! `ticketsmith secrets`: sets and lists the secrets of `serve`. Values are read from standard input and never printed.

use super::DataArgument;
use crate::exit::{Exit, Outcome};
use crate::server::data_folder::DataFolder;
use crate::server::secret_file::{KEY_VARIABLE, SecretFile};
use clap::Subcommand;
use std::io::Read;

/// `ticketsmith secrets …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// Set a secret to the JSON object on standard input.
    #[command(after_help = EXAMPLES)]
    Set {
        /// The secret's name, as the configuration names it.
        name: String,
        #[command(flatten)]
        data: DataArgument,
    },
    /// List the names of the secrets that are set.
    List {
        #[command(flatten)]
        data: DataArgument,
    },
}

const EXAMPLES: &str = "\
Examples:
  ticketsmith secrets set ticketsmith/jira    < jira.json      {\"email\": …, \"api_token\": …}
  ticketsmith secrets set ticketsmith/github  < github.json    {\"token\": …} or {\"app_id\": …, \"installation_id\": …, \"private_key\": …}
  ticketsmith secrets set ticketsmith/slack   < slack.json     {\"bot_token\": …}
  ticketsmith secrets set ticketsmith/claude  < claude.json    {\"api_key\": …}
  ticketsmith secrets set ticketsmith/signing < signing.json   {\"jira\": …, \"github\": …, \"slack\": …}

A running `serve` reads the file when it starts: restart it after a change.";

/// Runs the command.
///
/// # Errors
/// Usage errors when the value is not a JSON object or the file cannot be read or written.
pub(crate) fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::Set { name, data } => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(Exit::usage)?;
            // The message must not quote the input: it holds the secret.
            if serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text).is_err() {
                return Err(Exit::usage(
                    "standard input is not a JSON object; see `ticketsmith secrets set --help`",
                ));
            }
            open(&data)?.set(&name, text.into()).map_err(Exit::usage)?;
            println!("{name} is set");
        }
        Arguments::List { data } => {
            for name in open(&data)?.names() {
                println!("{name}");
            }
        }
    }
    Ok(())
}

fn open(data: &DataArgument) -> Outcome<SecretFile> {
    let folder = DataFolder::open(&data.data)
        .map_err(|error| Exit::usage(format!("{}: {error}", data.data.display())))?;
    let key = std::env::var(KEY_VARIABLE).ok();
    SecretFile::open(&folder.secrets(), &folder.secrets_key(), key.as_deref()).map_err(Exit::usage)
}
