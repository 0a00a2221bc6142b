//! The fields of Linear's deliveries that are used.
//!
//! What Linear sends grew over the years. In its earlier form, a ticket's key is told only by its team and its number, or in the address of its
//! page, and nobody is named but the author of a comment and the creator of a ticket.

use crate::senders::delivery::{lenient, lenient_list};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// Where people open Linear.
pub(super) const SITE: &str = "https://linear.app/";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payload {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) action: Option<String>,
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub(super) kind: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) actor: Option<Account>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) created_at: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) data: Option<Data>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) updated_from: Option<Before>,
    /// The page of what it is about.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Account {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) name: Option<String>,
    /// `user`; something else for integrations and applications.
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub(super) kind: Option<String>,
}

/// A ticket or a comment.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Data {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) identifier: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) number: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) title: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) description: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) creator_id: Option<String>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) labels: Vec<Label>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) state: Option<Named>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) team: Option<Team>,
    /// What a comment says.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) body: Option<String>,
    /// The ticket of a comment.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) issue: Option<Ticket>,
    /// The author of a comment.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) user: Option<Account>,
    /// The integration in whose name a comment was written or a ticket was created.
    pub(super) bot_actor: Option<IgnoredAny>,
}

impl Data {
    /// The key of the ticket that it is about, and its team. `page` is its address.
    pub(super) fn ticket(&self, page: Option<&str>) -> Option<(String, Option<String>)> {
        let (identifier, team) = match &self.issue {
            Some(issue) => (issue.identifier.clone(), issue.team.as_ref()),
            None => (self.identifier.clone(), self.team.as_ref()),
        };
        let team = team.and_then(|team| team.key.clone());
        let by_number = || Some(format!("{}-{}", team.as_ref()?, self.number?));
        let key = identifier.or_else(by_number).or_else(|| key_in(page?))?;
        Some((key, team))
    }
}

/// The key of a ticket in the address of its page: `https://linear.app/acme/issue/ENG-7/a-title#comment-1`.
fn key_in(page: &str) -> Option<String> {
    let mut parts = page.strip_prefix(SITE)?.split(['/', '#', '?']).skip(1);
    let key = parts.next().filter(|kind| *kind == "issue").and(parts.next())?;
    let (team, number) = key.rsplit_once('-')?;
    (!team.is_empty() && number.parse::<u64>().is_ok()).then(|| key.to_owned())
}

#[derive(Debug, Deserialize)]
pub(super) struct Label {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Named {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Team {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) key: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Ticket {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) identifier: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) team: Option<Team>,
}

/// The former values of what an update changed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Before {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) label_ids: Option<Vec<String>>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) state_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) title: Option<Value>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) description: Option<Value>,
    /// The description as Linear's editor keeps it.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) description_data: Option<Value>,
}

impl Before {
    /// Whether the words of a ticket are others now. A field that did not change can be among the former values, too.
    pub(super) fn is_edited(&self, now: &Data) -> bool {
        let differs = |before: &Option<Value>, now: &Option<String>| {
            let now = now.as_deref().unwrap_or_default();
            before.as_ref().is_some_and(|before| before.as_str().unwrap_or_default() != now)
        };
        differs(&self.title, &now.title)
            || differs(&self.description, &now.description)
            || (self.description.is_none() && self.description_data.is_some())
    }
}
