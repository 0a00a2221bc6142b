//! The state of a workspace.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::world::{self, World};
use crate::error::WorldError;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) issues: Vec<Issue>,
    pub(super) relations: Vec<Relation>,
    /// Files that people put into issues.
    pub(super) uploads: Vec<Upload>,
}

/// The relation between two issues, by their IDs.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub(super) id: String,
    pub(super) issue: String,
    pub(super) related: String,
    pub(super) kind: String,
}

#[derive(Debug, Clone)]
pub(super) struct Issue {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) former_keys: Vec<String>,
    pub(super) title: String,
    pub(super) description: Option<String>,
    /// The ID of its state.
    pub(super) state: String,
    /// The IDs of its labels.
    pub(super) labels: Vec<String>,
    pub(super) priority: u8,
    pub(super) estimate: Option<u64>,
    /// The ID of its parent.
    pub(super) parent: Option<String>,
    pub(super) assignee: Option<String>,
    pub(super) creator: String,
    pub(super) comments: Vec<Comment>,
    /// Whether it is in the trash.
    pub(super) trashed: bool,
    /// Emojis and the IDs of who gave them.
    pub(super) reactions: Vec<(String, String)>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) id: String,
    /// The ID of its author.
    pub(super) author: String,
    pub(super) body: String,
    pub(super) reactions: Vec<(String, String)>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

/// A file of an issue.
#[derive(Debug)]
pub(super) struct Upload {
    /// The path of its address below the uploads.
    pub(super) path: String,
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
    /// Whether it is linked, but gone.
    pub(super) deleted: bool,
}

/// A UUID of version 4 that is the same in every run: it is derived from a name.
pub(super) fn id_of(kind: &str, name: &str) -> String {
    let digest = hex::encode(Sha256::digest(format!("{kind}/{name}")));
    let at = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", at(0, 8), at(8, 12), at(13, 16), at(17, 20), at(20, 32))
}

pub(super) fn state_id(team: &str, name: &str) -> String {
    id_of("state", &format!("{team}/{name}"))
}

/// The ID of a label; `team` is empty for labels of the workspace.
pub(super) fn label_id(team: &str, name: &str) -> String {
    id_of("label", &format!("{team}/{name}"))
}

pub(super) fn team_id(key: &str) -> String {
    id_of("team", key)
}

pub(super) fn team_of(key: &str) -> &str {
    key.rsplit_once('-').map_or("", |(team, _)| team)
}

impl State {
    /// The state that the world describes.
    pub(super) fn new(world: &World, address: &str, now: Timestamp) -> Result<Self, WorldError> {
        let mut state = Self::default();
        for (index, described) in world.issues.iter().enumerate() {
            let place = format!("linear.issues[{index}]");
            let mut issue = make_issue(world, described, now, &place)?;
            let (uploads, description) = Upload::all_of(described, address)
                .map_err(|problem| WorldError::Invalid { place: format!("{place}.attachments"), problem })?;
            issue.description = description;
            state.uploads.extend(uploads);
            state.issues.push(issue);
        }
        Ok(state)
    }

    /// An issue by its ID, or by a key that it has or had.
    pub(super) fn issue(&self, id_or_key: &str) -> Option<&Issue> {
        self.issues.iter().find(|issue| issue.is(id_or_key))
    }

    pub(super) fn issue_mut(&mut self, id_or_key: &str) -> Option<&mut Issue> {
        self.issues.iter_mut().find(|issue| issue.is(id_or_key))
    }

    pub(super) fn comment(&self, id: &str) -> Option<(&Issue, &Comment)> {
        self.issues
            .iter()
            .find_map(|issue| Some((issue, issue.comments.iter().find(|comment| comment.id == id)?)))
    }

    pub(super) fn comment_mut(&mut self, id: &str) -> Option<&mut Comment> {
        self.issues.iter_mut().flat_map(|issue| &mut issue.comments).find(|comment| comment.id == id)
    }

    /// A key that no issue of the team has had.
    pub(super) fn next_key(&self, team: &str) -> String {
        let all = self.issues.iter().flat_map(|issue| issue.former_keys.iter().chain([&issue.key]));
        let numbers =
            all.filter(|key| team_of(key) == team).filter_map(|key| key.rsplit_once('-')?.1.parse().ok());
        format!("{team}-{}", numbers.max().unwrap_or(0_u64) + 1)
    }

    /// What `/_world/state` shows.
    pub(super) fn summary(&self, world: &World) -> Value {
        let name = |id: &str| world.users.iter().find(|user| user.id == id).map(|user| user.name.clone());
        let issues = self.issues.iter().map(|issue| {
            let team = team_of(&issue.key);
            let comments = issue.comments.iter().map(|comment| {
                json!({"id": comment.id, "author": name(&comment.author), "text": comment.body,
                       "reactions": comment.reactions.iter().map(|(emoji, _)| emoji).collect::<Vec<_>>()})
            });
            let relations = self.relations.iter().filter(|relation| relation.related == issue.id);
            let relations = relations.map(|relation| {
                let other = self.issue(&relation.issue).map(|other| other.key.clone());
                json!({"type": relation.kind, "blocked_by": other})
            });
            json!({
                "links": relations.collect::<Vec<_>>(), "key": issue.key, "id": issue.id, "summary": issue.title, "description": issue.description,
                "status": world.state_name(team, &issue.state), "labels": world.label_names(&issue.labels),
                "assignee": issue.assignee.as_deref().and_then(name), "parent": issue.parent,
                "estimate": issue.estimate, "comments": comments.collect::<Vec<_>>(),
                "reactions": issue.reactions.iter().map(|(emoji, _)| emoji).collect::<Vec<_>>(),
            })
        });
        issues.collect()
    }
}

impl Issue {
    pub(super) fn is(&self, id_or_key: &str) -> bool {
        let mut keys = self.former_keys.iter().chain([&self.key]);
        self.id == id_or_key || keys.any(|key| key.eq_ignore_ascii_case(id_or_key))
    }
}

impl World {
    pub(super) fn team(&self, key: &str) -> Option<&world::Team> {
        self.teams.iter().find(|team| team.key == key)
    }

    pub(super) fn user(&self, name: &str) -> Option<&world::User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// The ID of a team's state by its name.
    pub(super) fn state(&self, team: &str, name: &str) -> Option<String> {
        let known = self.team(team)?.states.iter().find(|state| state.name.eq_ignore_ascii_case(name))?;
        Some(state_id(team, &known.name))
    }

    pub(super) fn state_name(&self, team: &str, id: &str) -> Option<&str> {
        let mut states = self.team(team)?.states.iter().map(|state| state.name.as_str());
        states.find(|name| state_id(team, name) == id)
    }

    /// Every label with its ID and the key of its team, which is empty for labels of the workspace.
    pub(super) fn all_labels(&self) -> Vec<(String, &str, &str)> {
        let own = self
            .teams
            .iter()
            .flat_map(|team| team.labels.iter().map(|name| (team.key.as_str(), name.as_str())));
        let all = self.labels.iter().map(|name| ("", name.as_str())).chain(own);
        all.map(|(team, name)| (label_id(team, name), name, team)).collect()
    }

    /// The ID of a label that issues of a team can have, by its name.
    pub(super) fn label(&self, team: &str, name: &str) -> Option<String> {
        let all = self.all_labels();
        let fits = |of: &str| of.is_empty() || of == team;
        all.into_iter().find(|(_, known, of)| *known == name && fits(of)).map(|(id, _, _)| id)
    }

    pub(super) fn label_names(&self, ids: &[String]) -> Vec<&str> {
        let all = self.all_labels();
        ids.iter()
            .filter_map(|id| all.iter().find(|(known, _, _)| known == id))
            .map(|(_, name, _)| *name)
            .collect()
    }
}

fn make_issue(world: &World, issue: &world::Issue, now: Timestamp, place: &str) -> Result<Issue, WorldError> {
    let invalid =
        |field: &str, problem: String| WorldError::Invalid { place: format!("{place}.{field}"), problem };
    let key = issue.key.as_str();
    let team = world
        .team(team_of(key))
        .ok_or_else(|| invalid("key", format!("`{key}` belongs to no team of this workspace")))?;
    let first = team.states.first().map(|state| state.name.as_str()).unwrap_or_default();
    let name = issue.state.as_deref().unwrap_or(first);
    let state = world
        .state(&team.key, name)
        .ok_or_else(|| invalid("state", format!("team {} has no state `{name}`", team.key)))?;
    let person = |field: &str, name: &str| {
        let user = world.user(name).map(|user| user.id.clone());
        user.ok_or_else(|| invalid(field, format!("no user is named `{name}`")))
    };
    let mut labels = Vec::new();
    for name in &issue.labels {
        let id = world.label(&team.key, name);
        labels.push(id.ok_or_else(|| invalid("labels", format!("team {} has no label `{name}`", team.key)))?);
    }
    let creator = issue.creator.as_deref().or_else(|| world.users.first().map(|user| user.name.as_str()));
    let mut comments = Vec::new();
    for (index, comment) in issue.comments.iter().enumerate() {
        comments.push(Comment {
            id: id_of("comment", &format!("{key}/{index}")),
            author: person(&format!("comments[{index}].author"), &comment.author)?,
            body: comment.body.clone(),
            reactions: Vec::new(),
            created: now,
            updated: now,
        });
    }
    Ok(Issue {
        id: id_of("issue", key),
        key: issue.key.clone(),
        former_keys: issue.former_keys.clone(),
        title: issue.title.clone(),
        description: issue.description.clone(),
        state,
        labels,
        priority: issue.priority,
        estimate: issue.estimate.map(u64::from),
        parent: issue.parent.as_deref().map(|key| id_of("issue", key)),
        assignee: issue.assignee.as_deref().map(|name| person("assignee", name)).transpose()?,
        creator: person("creator", creator.unwrap_or_default())?,
        comments,
        trashed: false,
        reactions: Vec::new(),
        created: now,
        updated: now,
    })
}
