//! The state of a Jira site.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::world::{Project, StatusCategory, Ticket, User, World};
use super::{Failure, document};
use crate::error::WorldError;

/// The first number Jira's ids are counted from here.
const FIRST_ID: u64 = 10_000;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) issues: Vec<Issue>,
    pub(super) links: Vec<Link>,
    /// The keys of deleted tickets.
    deleted: Vec<String>,
    last_id: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Issue {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) project: String,
    pub(super) issue_type: String,
    pub(super) summary: String,
    pub(super) description: Value,
    pub(super) status: String,
    pub(super) priority: String,
    pub(super) labels: Vec<String>,
    pub(super) assignee: Option<String>,
    pub(super) reporter: String,
    pub(super) parent: Option<String>,
    pub(super) custom: Map<String, Value>,
    pub(super) comments: Vec<Comment>,
    pub(super) attachments: Vec<Attached>,
    pub(super) properties: BTreeMap<String, Value>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// From when on searches show it.
    pub(super) indexed: Timestamp,
}

/// A link between two tickets, by their keys: the one at the inward end blocks the one at the outward end.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) inward: String,
    pub(super) outward: String,
}

#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) id: String,
    pub(super) author: String,
    pub(super) body: Value,
    pub(super) properties: BTreeMap<String, Value>,
    /// The role or group whose members may read it; null for everybody.
    pub(super) visibility: Value,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

/// A file of a ticket.
#[derive(Debug, Clone)]
pub(super) struct Attached {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) bytes: Arc<[u8]>,
    /// The account that attached it.
    pub(super) author: String,
    /// Whether it is listed, but gone.
    pub(super) deleted: bool,
}

impl Comment {
    /// Whether the customers of a service desk see it.
    pub(super) fn is_public(&self) -> bool {
        self.properties.get("sd.public.comment").is_none_or(|property| property["internal"] != true)
    }
}

impl State {
    /// The state that the world describes.
    pub(super) fn new(world: &World, now: Timestamp) -> Result<Self, WorldError> {
        let mut state =
            Self { issues: Vec::new(), links: Vec::new(), deleted: Vec::new(), last_id: FIRST_ID };
        for (index, ticket) in world.tickets.iter().enumerate() {
            let place = format!("jira.tickets[{index}]");
            if state.issues.iter().any(|issue| issue.key == ticket.key) {
                let problem = format!("another ticket has the key `{}`", ticket.key);
                return Err(WorldError::Invalid { place: format!("{place}.key"), problem });
            }
            let issue = state.make_issue(world, ticket, now, &place)?;
            state.issues.push(issue);
        }
        Ok(state)
    }

    fn make_issue(
        &mut self,
        world: &World,
        ticket: &Ticket,
        now: Timestamp,
        place: &str,
    ) -> Result<Issue, WorldError> {
        let invalid =
            |field: &str, problem: String| WorldError::Invalid { place: format!("{place}.{field}"), problem };
        let project_key = ticket.key.rsplit_once('-').map_or("", |(project, _)| project);
        let project =
            world.projects.iter().find(|project| project.key == project_key).ok_or_else(|| {
                invalid("key", format!("`{}` belongs to no project of this site", ticket.key))
            })?;
        let status = match &ticket.status {
            Some(name) => project.status(name).ok_or_else(|| {
                invalid("status", format!("project {} has no status `{name}`", project.key))
            })?,
            None => project.first_status(),
        };
        let person = |field: &str, name: &Option<String>| match name {
            Some(name) => world
                .user(name)
                .map(|user| Some(user.account_id.clone()))
                .ok_or_else(|| invalid(field, format!("no user is named `{name}`"))),
            None => Ok(None),
        };
        let description = match &ticket.description {
            None => Value::Null,
            Some(Value::String(text)) => document::from_text(text),
            Some(other) => other.clone(),
        };
        let reporter = person("reporter", &ticket.reporter)?
            .or_else(|| world.users.first().map(|user| user.account_id.clone()))
            .unwrap_or_default();
        let mut comments = Vec::new();
        for (index, comment) in ticket.comments.iter().enumerate() {
            let author = person(&format!("comments[{index}].author"), &Some(comment.author.clone()))?;
            comments.push(Comment {
                id: self.next_id(),
                author: author.unwrap_or_default(),
                body: document::from_text(&comment.body),
                properties: BTreeMap::new(),
                visibility: Value::Null,
                created: now,
                updated: now,
            });
        }
        let mut attachments = Vec::new();
        for (index, file) in ticket.attachments.iter().enumerate() {
            let author = person(&format!("attachments[{index}].author"), &file.author)?;
            let bytes = file.bytes().map_err(|problem| invalid(&format!("attachments[{index}]"), problem))?;
            attachments.push(Attached {
                id: self.next_id(),
                name: file.name.clone(),
                media_type: file.media_type(),
                bytes: bytes.into(),
                author: author.unwrap_or_else(|| reporter.clone()),
                deleted: file.deleted,
            });
        }
        Ok(Issue {
            id: self.next_id(),
            key: ticket.key.clone(),
            project: project.key.clone(),
            issue_type: ticket
                .r#type
                .clone()
                .or_else(|| project.issue_types.first().cloned())
                .unwrap_or_default(),
            summary: ticket.summary.clone(),
            description,
            status: status.to_owned(),
            priority: ticket.priority.clone().unwrap_or_else(|| "Medium".to_owned()),
            labels: ticket.labels.clone(),
            assignee: person("assignee", &ticket.assignee)?,
            reporter,
            parent: ticket.parent.clone(),
            custom: ticket.fields.clone().into_iter().collect(),
            comments,
            attachments,
            properties: BTreeMap::new(),
            created: now,
            updated: now,
            indexed: now,
        })
    }

    pub(super) fn next_id(&mut self) -> String {
        self.last_id += 1;
        self.last_id.to_string()
    }

    /// A key that no ticket of the project has had.
    pub(super) fn next_key(&self, project: &str) -> String {
        let keys = self.issues.iter().map(|issue| &issue.key).chain(&self.deleted);
        let highest = keys
            .filter_map(|key| key.rsplit_once('-'))
            .filter(|(of, _)| *of == project)
            .filter_map(|(_, number)| number.parse::<u64>().ok())
            .max()
            .unwrap_or(0);
        format!("{project}-{}", highest + 1)
    }

    pub(super) fn delete(&mut self, key: &str) {
        self.issues.retain(|issue| issue.key != key);
        self.links.retain(|link| link.inward != key && link.outward != key);
        self.deleted.push(key.to_owned());
    }

    /// A ticket by key (any case) or id.
    pub(super) fn issue(&self, key_or_id: &str) -> Result<&Issue, Failure> {
        self.issues
            .iter()
            .find(|issue| issue.key.eq_ignore_ascii_case(key_or_id) || issue.id == key_or_id)
            .ok_or_else(Failure::no_issue)
    }

    pub(super) fn issue_mut(&mut self, key_or_id: &str) -> Result<&mut Issue, Failure> {
        self.issues
            .iter_mut()
            .find(|issue| issue.key.eq_ignore_ascii_case(key_or_id) || issue.id == key_or_id)
            .ok_or_else(Failure::no_issue)
    }

    /// What `/_world/state` shows.
    pub(super) fn summary(&self) -> Value {
        self.issues
            .iter()
            .map(|issue| {
                let comments: Vec<Value> = issue
                    .comments
                    .iter()
                    .map(|comment| {
                        json!({"id": comment.id, "author": comment.author,
                               "text": document::to_wiki(&comment.body), "properties": comment.properties,
                               "visibility": comment.visibility, "public": comment.is_public()})
                    })
                    .collect();
                let links = self.links.iter().filter(|link| link.outward == issue.key);
                let links: Vec<Value> =
                    links.map(|link| json!({"id": link.id, "type": link.kind, "blocked_by": link.inward})).collect();
                json!({
                    "links": links, "key": issue.key, "type": issue.issue_type, "summary": issue.summary, "status": issue.status,
                    "description": document::to_wiki(&issue.description), "labels": issue.labels,
                    "assignee": issue.assignee, "parent": issue.parent, "fields": issue.custom,
                    "comments": comments, "properties": issue.properties,
                })
            })
            .collect()
    }
}

impl World {
    pub(super) fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    pub(super) fn account(&self, account_id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.account_id == account_id)
    }

    pub(super) fn project(&self, key: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.key.eq_ignore_ascii_case(key))
    }
}

/// A transition that may be made now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) to: String,
}

impl Project {
    /// The status of this name, spelled as the project spells it.
    pub(super) fn status(&self, name: &str) -> Option<&str> {
        self.statuses.iter().map(|status| status.name.as_str()).find(|known| known.eq_ignore_ascii_case(name))
    }

    pub(super) fn first_status(&self) -> &str {
        self.statuses.first().map_or("", |status| status.name.as_str())
    }

    pub(super) fn category(&self, status: &str) -> StatusCategory {
        self.statuses
            .iter()
            .find(|known| known.name == status)
            .map_or(StatusCategory::New, |known| known.category)
    }

    /// The transitions that leave a status. Ids are stable for one world: 11, 21, 31, as Jira's own templates count.
    pub(super) fn steps(&self, from: &str) -> Vec<Step> {
        let id = |index: usize| (index * 10 + 11).to_string();
        if self.transitions.is_empty() {
            return self
                .statuses
                .iter()
                .enumerate()
                .filter(|(_, status)| status.name != from)
                .map(|(index, status)| Step {
                    id: id(index),
                    name: status.name.clone(),
                    to: status.name.clone(),
                })
                .collect();
        }
        self.transitions
            .iter()
            .enumerate()
            .filter(|(_, transition)| {
                transition.from.is_empty() || transition.from.iter().any(|status| status == from)
            })
            .map(|(index, transition)| Step {
                id: id(index),
                name: transition.name.clone(),
                to: transition.to.clone(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The second would never be found, and the first be changed in its place.
    #[test]
    fn two_tickets_of_one_key_are_refused() {
        let shop = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/worlds/shop.yaml"));
        let whole = crate::world::World::load(shop).unwrap();
        let mut world = whole.section::<World>("jira").unwrap().clone();
        assert!(State::new(&world, Timestamp::UNIX_EPOCH).is_ok());
        world.tickets.push(world.tickets[0].clone());
        let refused = State::new(&world, Timestamp::UNIX_EPOCH).err().unwrap().to_string();
        assert!(refused.contains("another ticket has the key `SHOP-1`"), "{refused}");
    }
}
