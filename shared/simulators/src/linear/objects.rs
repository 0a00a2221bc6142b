//! The workspace's objects as its API and its webhooks show them.

use serde_json::{Value, json};

use super::Linear;
use super::state::{Comment, Issue, State, label_id, state_id, team_id, team_of};

const PRIORITIES: [&str; 5] = ["No priority", "Urgent", "High", "Medium", "Low"];

impl Linear {
    /// An account; `isMe` is for the key's own.
    pub(super) fn user_json(&self, id: &str) -> Value {
        let Some(user) = self.world().users.iter().find(|user| user.id == id) else { return Value::Null };
        let is_me = user.name == self.world().bot;
        json!({"id": user.id, "name": user.full_name, "displayName": user.name, "admin": user.admin, "isMe": is_me})
    }

    pub(super) fn state_json(&self, team: &str, id: &str) -> Value {
        let states = self.world().team(team).into_iter().flat_map(|team| &team.states);
        let state = states.into_iter().find(|state| state_id(team, &state.name) == id);
        state.map_or(
            Value::Null,
            |state| json!({"id": id, "name": state.name, "type": state.r#type, "color": "#bec2c8"}),
        )
    }

    pub(super) fn team_json(&self, key: &str) -> Value {
        let Some(team) = self.world().team(key) else { return Value::Null };
        let states = team.states.iter().map(|state| self.state_json(key, &state_id(key, &state.name)));
        json!({"id": team_id(key), "key": key, "name": team.name, "states": states.collect::<Vec<_>>()})
    }

    pub(super) fn label_json(&self, id: &str) -> Value {
        let all = self.world().all_labels();
        let Some((id, name, team)) = all.iter().find(|(known, _, _)| known == id) else { return Value::Null };
        let team = if team.is_empty() { Value::Null } else { json!({"id": team_id(team), "key": team}) };
        json!({"id": id, "name": name, "color": "#4cb782", "isGroup": false, "team": team})
    }

    /// The labels of the workspace and of all teams.
    pub(super) fn labels_json(&self) -> Vec<Value> {
        let all = self.world().all_labels();
        all.iter().map(|(_, name, team)| self.label_json(&label_id(team, name))).collect()
    }

    pub(super) fn url_of(&self, key: &str) -> String {
        format!("{}/{}/issue/{key}", self.base_url(), self.world().url_key)
    }

    pub(super) fn issue_json(&self, state: &State, issue: &Issue) -> Value {
        let team = team_of(&issue.key);
        let parent = issue.parent.as_deref().and_then(|id| state.issue(id));
        let labels: Vec<Value> = issue.labels.iter().map(|id| self.label_json(id)).collect();
        let comments: Vec<Value> =
            issue.comments.iter().map(|comment| json!({"id": comment.id, "body": comment.body})).collect();
        let relations = state.relations.iter().filter(|relation| relation.related == issue.id);
        let relations = relations.map(|relation| {
            let other = state.issue(&relation.issue);
            let other = other.map(|other| json!({"id": other.id, "identifier": other.key}));
            json!({"id": relation.id, "type": relation.kind, "issue": other})
        });
        json!({
            "inverseRelations": relations.collect::<Vec<_>>(),
            "id": issue.id, "identifier": issue.key, "previousIdentifiers": issue.former_keys,
            "title": issue.title, "description": issue.description, "url": self.url_of(&issue.key),
            "createdAt": issue.created.to_string(), "updatedAt": issue.updated.to_string(),
            "estimate": issue.estimate, "priority": issue.priority,
            "priorityLabel": PRIORITIES.get(usize::from(issue.priority)),
            "team": self.team_json(team), "state": self.state_json(team, &issue.state),
            "assignee": issue.assignee.as_deref().map(|id| self.user_json(id)),
            "creator": self.user_json(&issue.creator),
            "parent": parent.map(|parent| json!({"id": parent.id, "identifier": parent.key})),
            "labels": labels, "comments": comments, "trashed": issue.trashed.then_some(true), "reactions": self.reactions_json(&issue.reactions),
        })
    }

    pub(super) fn comment_json(&self, issue: &Issue, comment: &Comment) -> Value {
        json!({
            "id": comment.id, "body": comment.body, "user": self.user_json(&comment.author),
            "url": format!("{}#comment-{}", self.url_of(&issue.key), comment.id.get(..8).unwrap_or_default()),
            "createdAt": comment.created.to_string(), "updatedAt": comment.updated.to_string(),
            "issue": {"id": issue.id, "identifier": issue.key}, "reactions": self.reactions_json(&comment.reactions),
        })
    }

    fn reactions_json(&self, reactions: &[(String, String)]) -> Value {
        let shown = reactions.iter().map(|(emoji, by)| json!({"emoji": emoji, "user": self.user_json(by)}));
        shown.collect()
    }
}
