//! A second round of the demo: somebody asks for a change to the pull request of the first.
//!
//! A world says it by a delivery of the trigger's name. Where it has none, one is made from its people and channels.

use super::state::text;
use crate::exit::{Exit, Outcome};
use serde_json::{Value, json};

/// A way to ask for a revision.
pub(super) struct Revision {
    /// The trigger's name.
    pub(super) name: &'static str,
    /// A person's action in the world; `None` if the world has no service for it.
    pub(super) delivery: fn(&Round<'_>) -> Option<Value>,
}

/// The default request for a change.
const WORDS: &str = "Please say in the README what is new.";

/// The result of the first round.
pub(super) struct Round<'a> {
    /// The world file.
    pub(super) world: &'a Value,
    /// The pull request, as the simulated code host reports it.
    pub(super) pull: &'a Value,
    /// The ticket.
    pub(super) ticket: &'a str,
}

impl Revision {
    /// The action of the second round.
    ///
    /// # Errors
    /// Usage if the world has no service for it, which [`Self::is_possible`] checks beforehand.
    pub(super) fn delivery(&self, round: &Round<'_>) -> Outcome<Value> {
        if round.world["deliveries"].get(self.name).is_some() {
            return Ok(json!(self.name));
        }
        (self.delivery)(round).ok_or_else(|| {
            Exit::usage(format!(
                "the world has no person or place for `{}`; add a delivery of this name to it",
                self.name
            ))
        })
    }
}

impl Revision {
    /// Whether the world has somebody and a place for it, or a delivery of its name.
    pub(super) fn is_possible(&self, world: &Value) -> bool {
        // The pull request does not exist yet, so these are the fields that every pull request has.
        let pull = json!({ "number": 1, "html_url": "https://host.example/owner/name/pull/1" });
        self.delivery(&Round { world, pull: &pull, ticket: "" }).is_ok()
    }
}

impl Round<'_> {
    pub(super) fn repository(&self) -> Option<&str> {
        let repository = self.pull["base"]["repo"]["full_name"].as_str();
        // The address is `…/owner/name/pull/7`, or `https://host/group/…/name/-/merge_requests/7`.
        let url = text(&self.pull["html_url"]);
        let of_pull_request = || {
            let (before, _) = url.split_once("/pull/")?;
            let start = before.rmatch_indices('/').nth(1)?.0;
            before.get(start + 1..)
        };
        let of_merge_request = || {
            let (before, _) = url.split_once("/-/merge_requests/")?;
            Some(before.split_once("://")?.1.split_once('/')?.1)
        };
        repository.or_else(of_pull_request).or_else(of_merge_request)
    }

    pub(super) fn number(&self) -> Option<u64> {
        self.pull["number"].as_u64()
    }

    /// The speaker in a service: the first person who does something in the world and has an account there.
    pub(super) fn person(&self, service: &str) -> Option<&str> {
        let users = &self.world[service]["users"];
        let name_of = |user: &'_ Value| -> Option<String> {
            ["login", "username", "name", "short"]
                .iter()
                .find_map(|key| Some(user[*key].as_str()?.to_owned()))
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
    pub(super) fn channel(&self) -> Option<&str> {
        let mut services = self.world.as_object()?.values();
        services.find_map(|service| {
            service["channels"].as_array()?.iter().find_map(|channel| channel["name"].as_str())
        })
    }

    pub(super) fn words(&self) -> &'static str {
        WORDS
    }
}
