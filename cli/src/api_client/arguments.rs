//! What every command that asks the API accepts.

use super::format::{Format, Shown};
use super::profiles::{LOCAL, Profiles};
use super::{ApiClient, Call, Column};
use crate::connection::Connection;
use crate::environment;
use crate::exit::{Exit, Outcome};
use crate::place::DataArgument;
use crate::steering::person_or_user;
use clap::builder::NonEmptyStringValueParser;
use secrecy::SecretString;
use serde_json::{Value, json};

/// Whom a command asks, and how it shows the answer.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ClientArguments {
    #[command(flatten)]
    pub(crate) data: DataArgument,
    /// Ask the API of this profile; `auth login` creates profiles. Default: what `auth switch` chose, else the `serve` that uses the data folder.
    /// TICKETSMITH_API_URL and TICKETSMITH_API_TOKEN name another.
    #[arg(long, value_name = "NAME", env = "TICKETSMITH_PROFILE")]
    pub(crate) profile: Option<String>,
    /// The person for whom a `serve` on this machine is asked, as named under `users:` in the configuration; by default `$USER`.
    #[arg(long = "as", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    person: Option<String>,
    /// The form of the answer.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "table")]
    output: Format,
    /// Pass the answer, as JSON, through this jq filter; text is printed without quotes.
    #[arg(long, value_name = "FILTER", conflicts_with = "output", value_parser = super::filter::checked)]
    jq: Option<String>,
}

/// How much of a list is shown.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PageArguments {
    /// Show at most this many.
    #[arg(long, value_name = "NUMBER", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    limit: u16,
}

impl ClientArguments {
    /// The API client that the arguments select.
    ///
    /// # Errors
    /// Usage for a profile that does not exist; sign-in needed or unreachable if there is no API to ask.
    pub(crate) fn client(&self) -> Outcome<ApiClient> {
        if self.profile.is_none()
            && let Some((url, token)) = environment::API.read(Exit::sign_in_needed)?
        {
            self.check_nobody_named(environment::API.token)?;
            return ApiClient::new(&url, token, None);
        }
        let profiles = Profiles::read()?;
        let named = self.profile.as_deref().or(profiles.current.as_deref()).filter(|name| *name != LOCAL);
        if let Some(name) = named {
            let profile = profiles.get(name)?;
            self.check_nobody_named(&format!("the profile `{name}`"))?;
            return ApiClient::new(&profile.url, profile.token.clone(), None);
        }
        let running = Connection::announced(&self.data)?;
        let Some(url) = running.api_url else {
            return Err(Exit::unreachable(
                "the `serve` that uses the data folder has no API because it is an earlier version",
            ));
        };
        let person = person_or_user(self.person.as_deref());
        ApiClient::new(&url, SecretString::from(running.token), person)
    }

    /// Refuses `--as` where the credential decides who asks.
    ///
    /// # Errors
    /// Usage if a person is named.
    fn check_nobody_named(&self, credential: &str) -> Outcome {
        match &self.person {
            None => Ok(()),
            Some(_) => Err(Exit::usage(format!(
                "--as cannot be used with {credential}, which asks as the person who signed in; leave it out, or pass --profile {LOCAL}"
            ))),
        }
    }

    /// Sends a request and shows its answer.
    ///
    /// # Errors
    /// As [`ApiClient::send`]; usage for a filter that cannot be used.
    pub(crate) async fn show(&self, call: &Call, columns: &[Column]) -> Outcome {
        let body = self.client()?.send(call).await?;
        self.print(body, columns)
    }

    /// Shows a list.
    ///
    /// # Errors
    /// As [`Self::show`].
    pub(crate) async fn list(&self, call: &Call, page: &PageArguments, columns: &[Column]) -> Outcome {
        let items = self.client()?.list(call, usize::from(page.limit)).await?;
        if items.is_empty() && self.is_for_people() {
            eprintln!("nothing to show");
        }
        self.print(json!({ "items": items }), columns)
    }

    /// Prints an answer in the form that was asked for.
    ///
    /// # Errors
    /// Usage for a filter that cannot be used.
    pub(crate) fn print(&self, body: Value, columns: &[Column]) -> Outcome {
        let text = match &self.jq {
            Some(filter) => super::filter::filtered(filter, &body)?,
            None => Shown { body: &body, columns }.as_text(self.output)?,
        };
        print!("{text}");
        Ok(())
    }

    /// Prints a response as one line of JSON, or the filter's output.
    ///
    /// # Errors
    /// Usage for a filter that cannot be used.
    pub(crate) fn print_line(&self, body: &Value) -> Outcome {
        match &self.jq {
            Some(filter) => print!("{}", super::filter::filtered(filter, body)?),
            None => println!("{body}"),
        }
        Ok(())
    }

    /// Whether a person reads the output; notes about it are only for people.
    pub(crate) fn is_for_people(&self) -> bool {
        self.jq.is_none() && self.output == Format::Table
    }
}
