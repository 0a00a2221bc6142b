//! The demo's second round: the triggers that revise the pull request which the first round made. One file per trigger.
//!
//! A world says what is asked for by a delivery of the trigger's name. Where it has none, one is made from its people and channels.

mod jira_comment;
mod pull_request_comment;
mod review;
mod slack_thread;

use super::report::text;
use crate::exit::{Exit, Outcome};
use serde_json::{Value, json};

/// A way to ask for a revision.
pub(super) struct Revision {
    /// The trigger's name.
    pub(super) name: &'static str,
    /// What somebody does in the world; `None` where the world has no service for it.
    delivery: fn(&Round<'_>) -> Option<Value>,
}

/// All of them, in the order of their names.
const ALL: &[Revision] =
    &[jira_comment::REVISION, pull_request_comment::REVISION, review::REVISION, slack_thread::REVISION];

/// What people ask for where the world does not say it.
const WORDS: &str = "Please say in the README what is new.";

/// What the first round came to.
pub(super) struct Round<'a> {
    /// The world file.
    pub(super) world: &'a Value,
    /// The pull request, as the simulated code host tells it.
    pub(super) pull: &'a Value,
    /// The ticket.
    pub(super) ticket: &'a str,
}

/// The trigger of this name.
pub(super) fn find(name: &str) -> Option<&'static Revision> {
    ALL.iter().find(|revision| revision.name == name)
}

/// The names of all, for people.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|revision| revision.name)
}

impl Revision {
    /// What somebody does in the second round.
    ///
    /// # Errors
    /// Usage when the world has no service for it.
    pub(super) fn delivery(&self, round: &Round<'_>) -> Outcome<Value> {
        if round.world["deliveries"].get(self.name).is_some() {
            return Ok(json!(self.name));
        }
        (self.delivery)(round).ok_or_else(|| {
            Exit::usage(format!(
                "the world has nobody and no place for `{}`; write a delivery of this name into it",
                self.name
            ))
        })
    }
}

impl Round<'_> {
    fn repository(&self) -> Option<&str> {
        let repository = self.pull["base"]["repo"]["full_name"].as_str();
        // The address is `…/owner/name/pull/7`.
        repository.or_else(|| {
            let (before, _) = text(&self.pull["html_url"]).split_once("/pull/")?;
            let start = before.rmatch_indices('/').nth(1)?.0;
            before.get(start + 1..)
        })
    }

    fn number(&self) -> Option<u64> {
        self.pull["number"].as_u64()
    }

    /// Who speaks in a service: the first one who does something in the world and is known there.
    fn person(&self, service: &str) -> Option<&str> {
        let users = &self.world[service]["users"];
        let name_of = |user: &'_ Value| -> Option<String> {
            ["login", "name", "short"].iter().find_map(|key| Some(user[*key].as_str()?.to_owned()))
        };
        let starters = self.world["deliveries"].as_object()?.values();
        let mut starters = starters.filter_map(|delivery| delivery["by"].as_str());
        let known: Vec<String> = match users {
            Value::Object(users) => users.keys().cloned().collect(),
            Value::Array(users) => users.iter().filter_map(name_of).collect(),
            _ => return None,
        };
        starters.find(|starter| known.iter().any(|name| name == starter))
    }

    /// The first channel of the chat.
    fn channel(&self) -> Option<&str> {
        self.world["slack"]["channels"].as_array()?.iter().find_map(|channel| channel["name"].as_str())
    }

    fn words(&self) -> &'static str {
        WORDS
    }
}
