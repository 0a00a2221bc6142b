//! Items that the API manages, such as projects, people and services: reading, changing and archiving them with entity tags.

use crate::api_client::{ApiClient, Call, ClientArguments, Column, task_id};
use crate::confirm::confirm;
use crate::exit::{Exit, Outcome};
use reqwest::Method;
use serde_json::{Map, Value};

/// A kind of item that the API manages.
pub(crate) struct Kind {
    /// Its singular name: `project`.
    pub(crate) name: &'static str,
    /// The path of one, with `{}` for its id, or for each part of it.
    pub(crate) path: &'static str,
    /// The fields that only answers have, or that the command names itself.
    pub(crate) not_sent: &'static [&'static str],
}

impl Kind {
    /// A request about the item with this name. Names may be `owner/name`; their IDs are encoded like those of tickets.
    pub(crate) fn call(&self, method: Method, name: &str) -> Call {
        Call::new(method, self.path, &[&task_id(name)])
    }

    /// One as it is now, with the tag of its state.
    ///
    /// # Errors
    /// The API's refusal; unreachable when nothing answers.
    pub(crate) async fn read(&self, api: &ApiClient, name: &str) -> Outcome<(Value, String)> {
        self.read_by(api, &self.call(Method::GET, name)).await
    }

    /// One as this request returns it, with the tag of its state.
    ///
    /// # Errors
    /// As [`Kind::read`].
    pub(crate) async fn read_by(&self, api: &ApiClient, call: &Call) -> Outcome<(Value, String)> {
        let (shown, tag) = api.send_for_tag(call).await?;
        let missing =
            || Exit::unreachable(format!("the API does not say which state the {} is in", self.name));
        Ok((shown, tag.ok_or_else(missing)?))
    }

    /// Archives the item with this name in its current state, and prints it. Prompts unless `yes`.
    ///
    /// # Errors
    /// As [`Kind::read`]; negative when the person at the terminal declines.
    pub(crate) async fn archive(
        &self,
        name: &str,
        yes: bool,
        client: &ClientArguments,
        columns: &[Column],
    ) -> Outcome {
        self.archive_by(|method| self.call(method, name), name, yes, client, columns).await
    }

    /// Archives the item that requests made by `call` are about.
    ///
    /// # Errors
    /// As [`Kind::archive`].
    pub(crate) async fn archive_by(
        &self,
        call: impl Fn(Method) -> Call,
        name: &str,
        yes: bool,
        client: &ClientArguments,
        columns: &[Column],
    ) -> Outcome {
        let api = client.client()?;
        let (_, tag) = self.read_by(&api, &call(Method::GET)).await?;
        confirm(&format!("Archive the {} {name}?", self.name), yes)?;
        let archived = api.send(&call(Method::DELETE).if_match(&tag)).await?;
        client.print(archived, columns)
    }

    /// The configuration in a response, in the form of a request. Fields left out of a request are taken from the item, so every other
    /// one is sent back, also one that this version does not know.
    pub(crate) fn of_answer(&self, answer: &Value) -> Map<String, Value> {
        let fields = answer.as_object().into_iter().flatten();
        let sent = fields.filter(|(name, _)| !self.not_sent.contains(&name.as_str()));
        sent.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// The two parts of an option's value of the form `NAME=VALUE`.
///
/// # Errors
/// Usage that says what is accepted.
pub(crate) fn pair<'a>(written: &'a str, option: &str, accepted: &str) -> Outcome<(&'a str, &'a str)> {
    written.split_once('=').ok_or_else(|| {
        Exit::usage(format!("`{written}` is not accepted after {option}; accepted: {accepted}"))
    })
}

#[cfg(test)]
pub(crate) mod testing {
    /// The arguments of a command, as they are read from its line.
    pub(crate) fn read<A: clap::Args>(line: &[&str]) -> A {
        let command = A::augment_args(clap::Command::new("x").no_binary_name(true));
        A::from_arg_matches(&command.try_get_matches_from(line).unwrap()).unwrap()
    }
}
