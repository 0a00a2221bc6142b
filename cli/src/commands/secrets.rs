//! `ticketsmith secrets`: sets and lists secrets. Reads values from standard input and never prints them.

use crate::account::{Stage, sdk_config};
use crate::exit::{Exit, Outcome};
use crate::place::{DataArgument, PlaceArgument};
use crate::server::data_folder::DataFolder;
use crate::server::secret_file::{KEY_VARIABLE, SecretFile};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use clap::Subcommand;
use domain::configuration::secret_id;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use std::io::Read;

/// `ticketsmith secrets …`
#[derive(Debug, Subcommand)]
pub(crate) enum Arguments {
    /// Set a secret, or one entry of it, to the JSON object on standard input.
    #[command(after_help = examples())]
    Set {
        /// The secret's name in the configuration; `NAME#ENTRY` sets one entry and keeps the others.
        name: String,
        #[command(flatten)]
        place: PlaceArgument,
    },
    /// List the names of all secrets that are set.
    List {
        #[command(flatten)]
        place: PlaceArgument,
    },
}

/// One line per provider, with the forms of its secret.
fn examples() -> String {
    let with_secrets = || providers::ALL.iter().filter(|spec| !spec.secret.is_empty());
    let local = with_secrets().map(|spec| {
        let (id, forms) = (spec.id, spec.secret_forms());
        format!("  ticketsmith secrets set ticketsmith/{id:<10} < {:<15} {forms}\n", format!("{id}.json"))
    });
    let account = with_secrets().filter_map(|spec| {
        let (id, bundle) = (spec.id, spec.bundle?.as_str());
        Some(format!(
            "  ticketsmith secrets set {:<29} --stage prod < {id}.json\n",
            format!("ticketsmith/{bundle}#{id}")
        ))
    });
    format!(
        "\
Examples, for `serve`:
{}  ticketsmith secrets set ticketsmith/signing    < signing.json    {}

In an AWS account, four secrets group them by privilege:
{}  ticketsmith secrets set ticketsmith/signing           --stage prod < signing.json

A running `serve` takes a change up within a second, functions in an account within five minutes.",
        local.collect::<String>(),
        webhooks::signing_form(),
        account.collect::<String>()
    )
}

/// Runs the command.
///
/// # Errors
/// Usage errors when the value is not a JSON object or the file cannot be read or written; unreachable when Secrets Manager does not
/// answer or refuses.
pub(crate) async fn run(arguments: Arguments) -> Outcome {
    match arguments {
        Arguments::Set { name, place } => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(Exit::usage)?;
            // The message must not quote the input, which contains the secret.
            let Ok(value) = serde_json::from_str::<Map<String, Value>>(&text) else {
                return Err(Exit::usage(
                    "standard input is not a JSON object; see `ticketsmith secrets set --help`",
                ));
            };
            match &place.stage {
                Some(_) => set_in_account(&name, value).await?,
                None => {
                    let mut file = open(&place.data)?;
                    let whole = with_entry(&name, value, file.get(secret_id(&name)))?;
                    file.set(secret_id(&name), whole).map_err(Exit::usage)?;
                }
            }
            println!("{name} is set");
        }
        Arguments::List { place } => {
            let names = match &place.stage {
                Some(stage) => names_in_account(stage).await?,
                None => open(&place.data)?.names().map(str::to_owned).collect(),
            };
            for name in names {
                println!("{name}");
            }
        }
    }
    Ok(())
}

/// The secret's new text: the value, or the present text with the named entry replaced.
fn with_entry(
    name: &str,
    value: Map<String, Value>,
    present: Option<&SecretString>,
) -> Outcome<SecretString> {
    let whole = match name.split_once('#') {
        None => value,
        Some((id, entry)) => {
            let mut bundle: Map<String, Value> = match present {
                None => Map::new(),
                Some(present) => serde_json::from_str(present.expose_secret())
                    .map_err(|_| Exit::usage(format!("{id} is not a JSON object")))?,
            };
            bundle.insert(entry.to_owned(), Value::Object(value));
            bundle
        }
    };
    Ok(Value::Object(whole).to_string().into())
}

async fn set_in_account(name: &str, value: Map<String, Value>) -> Outcome {
    let client = Client::new(&sdk_config().await);
    let id = secret_id(name);
    // Whole errors could contain the response or the request, including the secret.
    let refused = |code: Option<&str>| {
        Exit::unreachable(format!("the secret {id}: {}", code.unwrap_or("Secrets Manager does not answer")))
    };
    let present = match client.get_secret_value().secret_id(id).send().await {
        Ok(answer) => answer.secret_string.map(SecretString::from),
        Err(error) => return Err(refused(error.code())),
    };
    let whole = with_entry(name, value, present.as_ref())?;
    let put = client.put_secret_value().secret_id(id).secret_string(whole.expose_secret());
    put.send().await.map_err(|error| refused(error.code()))?;
    Ok(())
}

async fn names_in_account(stage: &Stage) -> Outcome<Vec<String>> {
    let client = Client::new(&sdk_config().await);
    let prefix = format!("{}/", stage.prefix());
    let filter = Filter::builder().key(FilterNameStringType::Name).values(&prefix).build();
    let mut pages = client.list_secrets().filters(filter).into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| {
            Exit::unreachable(error.code().unwrap_or("Secrets Manager does not answer").to_owned())
        })?;
        names.extend(page.secret_list.unwrap_or_default().into_iter().filter_map(|secret| secret.name));
    }
    names.retain(|name| name.starts_with(&prefix));
    names.sort();
    Ok(names)
}

fn open(data: &DataArgument) -> Outcome<SecretFile> {
    let folder = DataFolder::open(&data.data)
        .map_err(|error| Exit::usage(format!("{}: {error}", data.data.display())))?;
    let key = std::env::var(KEY_VARIABLE).ok();
    SecretFile::open(&folder.secrets(), &folder.secrets_key(), key.as_deref()).map_err(Exit::usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_entry_is_set_and_the_others_stay() {
        let object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
        let present = SecretString::from(r#"{"slack":{"bot_token":"s"}}"#);
        let whole = with_entry("ticketsmith/work#jira", object(r#"{"email":"e"}"#), Some(&present)).unwrap();
        assert_eq!(whole.expose_secret(), r#"{"slack":{"bot_token":"s"},"jira":{"email":"e"}}"#);
        let whole = with_entry("ticketsmith/jira", object(r#"{"email":"e"}"#), Some(&present)).unwrap();
        assert_eq!(whole.expose_secret(), r#"{"email":"e"}"#);
        assert!(with_entry("a#b", Map::new(), Some(&"hunter2".into())).is_err());
    }
}
