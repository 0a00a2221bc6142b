//! What people do in a workspace, and the signed webhooks that report it: <https://linear.app/developers/webhooks>.

use secrecy::SecretString;
use serde_json::{Value, json};

use super::Linear;
use super::state::{Comment, Issue, State, team_of};
use crate::webhook::{Outgoing, hmac_hex};

/// Why a person cannot do something, in words.
type Refusal = String;

/// The signature in `Linear-Signature`: the HMAC of the raw body in hexadecimal.
#[must_use]
pub fn sign_linear(secret: &SecretString, body: &[u8]) -> String {
    hmac_hex(secret, &[body])
}

impl Linear {
    /// `by` puts a label on an issue.
    pub(super) fn labelled(&self, ticket: &str, label: &str, by: &str) -> Result<Outgoing, Refusal> {
        let by = self.person(by)?;
        let (mut state, now) = (self.lock(), self.now());
        let issue = state.issue_mut(ticket).ok_or_else(|| unknown_ticket(ticket))?;
        let team = team_of(&issue.key).to_owned();
        let id =
            self.world().label(&team, label).ok_or_else(|| format!("team {team} has no label `{label}`"))?;
        let before = issue.labels.clone();
        if before.contains(&id) {
            return Err(format!("{ticket} has the label `{label}` already"));
        }
        issue.labels.push(id);
        let updated = std::mem::replace(&mut issue.updated, now);
        let issue = issue.clone();
        let from = json!({"labelIds": before, "updatedAt": updated.to_string()});
        Ok(self.issue_event(&state, &issue, "update", &by, from))
    }

    /// `by` moves an issue to another state of its team.
    pub(super) fn moved(&self, ticket: &str, to: &str, by: &str) -> Result<Outgoing, Refusal> {
        let by = self.person(by)?;
        let (mut state, now) = (self.lock(), self.now());
        let issue = state.issue_mut(ticket).ok_or_else(|| unknown_ticket(ticket))?;
        let team = team_of(&issue.key).to_owned();
        let wanted =
            self.world().state(&team, to).ok_or_else(|| format!("team {team} has no state `{to}`"))?;
        let before = std::mem::replace(&mut issue.state, wanted);
        let updated = std::mem::replace(&mut issue.updated, now);
        let issue = issue.clone();
        let from = json!({"stateId": before, "updatedAt": updated.to_string(), "sortOrder": 1.0});
        Ok(self.issue_event(&state, &issue, "update", &by, from))
    }

    /// `by` writes a comment on an issue.
    pub(super) fn commented(&self, ticket: &str, text: &str, by: &str) -> Result<Outgoing, Refusal> {
        let by = self.person(by)?;
        let (mut state, now) = (self.lock(), self.now());
        let comment = Comment {
            id: uuid::Uuid::new_v4().to_string(),
            author: by.clone(),
            body: text.to_owned(),
            reactions: Vec::new(),
            created: now,
            updated: now,
        };
        let issue = state.issue_mut(ticket).ok_or_else(|| unknown_ticket(ticket))?;
        issue.comments.push(comment.clone());
        let team = self.team_json(team_of(&issue.key));
        let url = self.comment_json(issue, &comment)["url"].clone();
        let data = json!({
            "id": comment.id, "createdAt": now.to_string(), "updatedAt": now.to_string(), "body": comment.body,
            "issueId": issue.id, "userId": by, "reactionData": [],
            "issue": {"id": issue.id, "title": issue.title, "identifier": issue.key, "url": self.url_of(&issue.key),
                      "teamId": team["id"], "team": child(&team, &["id", "key", "name"])},
            "user": self.child_user(&by),
        });
        Ok(self.event("Comment", "create", &by, data, url, Value::Null))
    }

    /// `by` writes a new issue.
    pub(super) fn created(
        &self,
        team: &str,
        title: &str,
        labels: &[String],
        by: &str,
    ) -> Result<Outgoing, Refusal> {
        let by = self.person(by)?;
        let (mut state, now) = (self.lock(), self.now());
        let known = self.world().team(team).ok_or_else(|| format!("no team has the key `{team}`"))?;
        let label = |name: &String| {
            self.world().label(team, name).ok_or_else(|| format!("team {team} has no label `{name}`"))
        };
        let labels = labels.iter().map(label).collect::<Result<Vec<_>, _>>()?;
        let first = known.states.first().map(|state| state.name.as_str()).unwrap_or_default();
        let issue = Issue {
            id: uuid::Uuid::new_v4().to_string(),
            key: state.next_key(team),
            former_keys: Vec::new(),
            title: title.to_owned(),
            description: None,
            state: self.world().state(team, first).unwrap_or_default(),
            labels,
            priority: 0,
            estimate: None,
            parent: None,
            assignee: None,
            creator: by.clone(),
            comments: Vec::new(),
            trashed: false,
            reactions: Vec::new(),
            created: now,
            updated: now,
        };
        state.issues.push(issue.clone());
        Ok(self.issue_event(&state, &issue, "create", &by, Value::Null))
    }

    fn issue_event(&self, state: &State, issue: &Issue, action: &str, by: &str, from: Value) -> Outgoing {
        let shown = self.issue_json(state, issue);
        let mut data = child(
            &shown,
            &[
                "id",
                "identifier",
                "previousIdentifiers",
                "title",
                "description",
                "url",
                "createdAt",
                "updatedAt",
                "estimate",
                "priority",
                "priorityLabel",
            ],
        );
        let number: u64 = issue.key.rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or(0);
        data["number"] = number.into();
        data["labelIds"] = issue.labels.clone().into();
        let labels = shown["labels"].as_array().into_iter().flatten();
        data["labels"] = labels.map(|label| child(label, &["id", "name", "color"])).collect();
        data["stateId"] = issue.state.clone().into();
        data["state"] = shown["state"].clone();
        data["teamId"] = shown["team"]["id"].clone();
        data["team"] = child(&shown["team"], &["id", "key", "name"]);
        data["creatorId"] = issue.creator.clone().into();
        self.event("Issue", action, by, data, shown["url"].clone(), from)
    }

    fn event(
        &self,
        kind: &'static str,
        action: &str,
        by: &str,
        data: Value,
        url: Value,
        from: Value,
    ) -> Outgoing {
        let now = self.now();
        let mut actor = self.child_user(by);
        actor["type"] = "user".into();
        let mut payload = json!({
            "action": action, "actor": actor, "createdAt": now.to_string(), "data": data, "url": url, "type": kind,
            "organizationId": super::state::id_of("organization", &self.world().url_key),
            "webhookTimestamp": now.as_millisecond(), "webhookId": super::state::id_of("webhook", "1"),
        });
        if !from.is_null() {
            payload["updatedFrom"] = from;
        }
        let body = payload.to_string().into_bytes();
        Outgoing {
            path: "/webhooks/linear",
            headers: vec![
                ("content-type", "application/json; charset=utf-8".to_owned()),
                ("user-agent", "Linear-Webhook".to_owned()),
                ("linear-delivery", uuid::Uuid::new_v4().to_string()),
                ("linear-event", kind.to_owned()),
                ("linear-timestamp", now.as_millisecond().to_string()),
                ("linear-signature", sign_linear(self.signing(), &body)),
            ],
            body,
        }
    }

    fn child_user(&self, id: &str) -> Value {
        let user = self.user_json(id);
        json!({"id": id, "name": user["name"], "email": format!("{}@acme.example", user["displayName"].as_str().unwrap_or_default()),
               "url": format!("{}/{}/profiles/{}", self.base_url(), self.world().url_key, user["displayName"].as_str().unwrap_or_default())})
    }

    /// The ID of a person.
    fn person(&self, name: &str) -> Result<String, Refusal> {
        self.world().user(name).map(|user| user.id.clone()).ok_or_else(|| {
            let known =
                self.world().users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>().join(", ");
            format!("nobody in linear.users is named `{name}`; there are: {known}")
        })
    }
}

fn unknown_ticket(key: &str) -> Refusal {
    format!("no ticket has the key `{key}`")
}

/// An object with only these of its fields.
fn child(object: &Value, names: &[&str]) -> Value {
    names.iter().filter_map(|name| Some(((*name).to_owned(), object.get(*name)?.clone()))).collect()
}
