//! Events, independent of any provider's JSON.

pub mod common;
mod name;
mod spec;
mod specs;

pub use name::{EventName, SourceName};
pub use spec::{AlsoEvent, Condition, Confirmation, EventField, EventSpec, Matching};
pub use specs::EventSpecs;

use crate::folded::folded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The field of an event with the id of a review, whose remarks on lines have to be asked for. They then belong to `comments`.
pub const REVIEW: &str = "review";

/// The field of an event on a pull request that a run opened, with that pull request: the event is about its ticket, and people look for what
/// is answered where they spoke.
pub const SAID_ON: &str = "said_on";

/// The field of an event with the channel of the chat in which somebody asked for a revision: files that are shared there may be read.
pub const SAID_IN: &str = "said_in";

/// The field of an event with the files that somebody uploaded to a chat with their message: a sentence of links, which belongs to a request
/// and to no other command.
pub const UPLOADS: &str = "uploads";

/// How the sentence of links begins that [`UPLOADS`] holds.
pub const UPLOADED: &str = "Uploaded with this: ";

/// The key by which a `wait` step waits and an event is found: the event's name with its match fields' values. Two
/// are equal when the step waits for that event; text is compared ignoring case, as repositories are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventKey(String);

impl EventKey {
    /// The key of an event of this kind with these fields. `None` when nothing can wait for the kind.
    ///
    /// # Errors
    /// The first of [`EventSpec::match_fields`] that is absent, or neither text nor a number.
    pub fn new<'s>(spec: &'s EventSpec, fields: &Map<String, Value>) -> Result<Option<Self>, &'s str> {
        if spec.match_fields.is_empty() {
            return Ok(None);
        }
        let mut values = vec![spec.name.as_str().to_owned()];
        for name in &spec.match_fields {
            values.push(match fields.get(name) {
                Some(Value::String(text)) => folded(text),
                Some(Value::Number(number)) => number.to_string(),
                _ => return Err(name),
            });
        }
        Ok(Some(Self(values.join("/"))))
    }

    /// The key of [`common::WORDS_WAITING`] for a ticket.
    pub fn words_waiting(task_id: &str) -> Self {
        Self(format!("{}/{}", common::WORDS_WAITING, folded(task_id)))
    }

    /// The key as text: `github.checks_completed/acme/shop/0a1b2c`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The person who caused something, with their names at the source and in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// Where they acted.
    pub source: SourceName,
    /// The source's own id: Jira's account id, GitHub's login, Slack's member id.
    pub id: String,
    /// Their name there, for people.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The person's name in `users:` of the configuration, if one matches. Limits are kept by it.
    #[serde(default)]
    pub person: Option<String>,
}

impl Actor {
    /// The name that limits and costs are kept by: the configured person, else `source:id`.
    pub fn account(&self) -> String {
        self.person.clone().unwrap_or_else(|| format!("{}:{}", self.source, self.id))
    }

    /// Whether another one is the same account, or an account of the same person. An account may have been joined to a person in between.
    pub fn is(&self, other: &Self) -> bool {
        let is_same_account = self.source == other.source && self.id == other.id;
        is_same_account || self.person.is_some() && self.person == other.person
    }
}

/// An external event, which may start a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The kind of event.
    pub kind: EventName,
    /// The source's ID for the delivery, the same if it is sent again.
    pub delivery: String,
    /// The person who caused it; absent if a machine did.
    pub actor: Option<Actor>,
    /// The tracker's project key, or the repository for GitHub's events.
    pub project: Option<String>,
    /// The ticket it is about.
    pub task_id: Option<String>,
    /// The fields of [`EventSpec::fields`], captures included.
    pub fields: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::InputType;
    use serde_json::json;

    fn key(spec: &EventSpec, fields: Value) -> Result<Option<String>, String> {
        let Value::Object(fields) = fields else { panic!("no object") };
        Ok(EventKey::new(spec, &fields)?.map(|key| key.as_str().to_owned()))
    }

    #[test]
    fn an_event_and_who_waits_for_it_have_one_key() {
        let spec = |name: &'static str| EventSpec::new(EventName::from_static(name), "It happened.");
        let checks = spec("github.checks_completed").matched_by(["repository", "sha"]);
        let event = json!({"repository": "Acme/Shop", "sha": "0a1b", "conclusion": "success"});
        assert_eq!(key(&checks, event), Ok(Some("github.checks_completed/acme/shop/0a1b".into())));
        assert_eq!(key(&checks, json!({"repository": "acme/shop"})), Err("sha".into()));
        assert_eq!(key(&spec("slack.command"), json!({})), Ok(None));
        let commented = spec("github.commented").matched_by(["repository", "number"]);
        let comment = json!({"repository": "acme/shop", "number": 7});
        assert_eq!(key(&commented, comment), Ok(Some("github.commented/acme/shop/7".into())));
        let own = EventSpecs::new([]);
        let fields = json!({"task_id": "Acme/Shop#7"});
        let kind = common::WORDS_WAITING;
        let keys = own.keys_of(&kind, fields.as_object().unwrap());
        assert_eq!(keys, [EventKey::words_waiting("acme/shop#7")]);
    }

    #[test]
    fn an_event_is_also_what_its_fields_make_it() {
        let (ticket, pull_request) = (common::TICKET_COMMENTED, common::PULL_REQUEST_COMMENTED);
        let said = EventSpec::new(EventName::from_static("host.said"), "Somebody said it.")
            .matched_by(["number"])
            .also_if("is_pull_request", false, ticket.clone())
            .also_if("is_pull_request", true, pull_request.clone());
        let specs = EventSpecs::new([said]);
        let kinds = |fields: Value| -> Vec<String> {
            let Value::Object(fields) = fields else { panic!("no object") };
            let kind = EventName::from_static("host.said");
            specs.kinds_of(&kind, &fields).iter().map(|spec| spec.name.to_string()).collect()
        };
        assert_eq!(kinds(json!({"is_pull_request": true})), ["host.said", pull_request.as_str()]);
        assert_eq!(kinds(json!({"is_pull_request": false})), ["host.said", ticket.as_str()]);
        assert_eq!(kinds(json!({})), ["host.said"]);
        let fields = json!({"is_pull_request": true, "number": 7, "repository": "acme/shop"});
        let keys = specs.keys_of(&EventName::from_static("host.said"), fields.as_object().unwrap());
        let keys: Vec<_> = keys.iter().map(EventKey::as_str).collect();
        assert_eq!(keys, ["host.said/7", "pull_request.commented/acme/shop/7"]);
    }

    #[test]
    fn what_is_known_of_events_is_read_as_it_was_written() {
        let label = Condition::new("label", "The label.").required();
        let words = Condition::new("command", "The words.").compared(Matching::StartsWith, "text");
        let spec = EventSpec::new(EventName::from_static("x.said"), "Somebody said it.")
            .fields([("text", InputType::String), ("number", InputType::Integer)])
            .condition(label)
            .condition(words)
            .matched_by(["number"]);
        let specs = EventSpecs::new([spec.clone()]);
        let read: EventSpecs = serde_json::from_value(serde_json::to_value(&specs).unwrap()).unwrap();
        assert_eq!(read, specs);
        assert_eq!(read.find("x.said"), Some(&spec));
        assert_eq!(spec.required_conditions().collect::<Vec<_>>(), ["label"]);
        assert!(read.find("schedule").is_some() && read.find("api.run").is_none());
    }
}
