//! People's actions on the site, and Jira's webhooks about them.
//!
//! The payloads have the shape of recorded deliveries of an administrator's webhook: addresses of version 2 of the API,
//! wiki markup in place of documents, and label changes as two space-joined sets.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::render::Form;
use super::state::{Comment, State};
use super::{Jira, document};
use crate::webhook::{Outgoing, sign_sha256};

/// Why a person could not do something.
pub(crate) type Refusal = String;

impl Jira {
    /// `by` adds a label to a ticket. One that the ticket carries already is taken to have been removed before.
    pub(crate) fn labelled(&self, ticket: &str, label: &str, by: &str) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let person = self.person(by)?;
        let now = self.now();
        let issue = state.issue_mut(ticket).map_err(|_| unknown_ticket(ticket))?;
        issue.labels.retain(|known| known != label);
        let before = issue.labels.join(" ");
        issue.labels.push(label.to_owned());
        issue.updated = now;
        let change = change("labels", [Value::Null, Value::Null], &before, &issue.labels.join(" "));
        Ok(self.issue_updated(&mut state, ticket, &person, "issue_updated", &change, now))
    }

    /// `by` moves a ticket to a status along its workflow.
    pub(crate) fn transitioned(&self, ticket: &str, to: &str, by: &str) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let person = self.person(by)?;
        let now = self.now();
        let issue = state.issue_mut(ticket).map_err(|_| unknown_ticket(ticket))?;
        let steps = self.steps(issue);
        let Some(step) = steps.iter().find(|step| step.to.eq_ignore_ascii_case(to)) else {
            let possible = steps.iter().map(|step| step.to.as_str()).collect::<Vec<_>>().join(", ");
            return Err(format!(
                "{ticket} cannot go from `{}` to `{to}`; it can go to: {possible}",
                issue.status
            ));
        };
        let id = |name: &str| self.status_json(Form::Webhook, &issue.project, name)["id"].clone();
        let change = change("status", [id(&issue.status), id(&step.to)], &issue.status, &step.to);
        issue.status.clone_from(&step.to);
        issue.updated = now;
        Ok(self.issue_updated(&mut state, ticket, &person, "issue_generic", &change, now))
    }

    /// `by` writes a comment, in which `[~accountid:…]` mentions somebody.
    pub(crate) fn commented(&self, ticket: &str, text: &str, by: &str) -> Result<Outgoing, Refusal> {
        let mut state = self.lock();
        let person = self.person(by)?;
        let now = self.now();
        let id = state.next_id();
        let comment = Comment {
            id,
            author: person,
            body: document::from_text(text),
            properties: BTreeMap::new(),
            visibility: Value::Null,
            created: now,
            updated: now,
        };
        let issue = state.issue_mut(ticket).map_err(|_| unknown_ticket(ticket))?;
        issue.comments.push(comment.clone());
        let issue = state.issue(ticket).map_err(|_| unknown_ticket(ticket))?;
        let all = self.fields_json(Form::Webhook, &state, issue);
        let shown = ["summary", "issuetype", "project", "assignee", "priority", "status"];
        let fields: serde_json::Map<String, Value> =
            all.into_iter().filter(|(name, _)| shown.contains(&name.as_str())).collect();
        let payload = json!({
            "timestamp": now.as_millisecond(),
            "webhookEvent": "comment_created",
            "comment": self.comment_json(Form::Webhook, issue, &comment, false),
            "issue": {"id": issue.id, "self": self.link(Form::Webhook, &format!("issue/{}", issue.id)),
                      "key": issue.key, "fields": fields},
            "eventType": "primaryAction",
        });
        Ok(self.webhook(&payload))
    }

    fn person(&self, name: &str) -> Result<String, Refusal> {
        self.world().user(name).map(|user| user.account_id.clone()).ok_or_else(|| {
            let known =
                self.world().users.iter().map(|user| user.name.as_str()).collect::<Vec<_>>().join(", ");
            format!("nobody in jira.users is named `{name}`; there are: {known}")
        })
    }

    fn issue_updated(
        &self,
        state: &mut State,
        ticket: &str,
        person: &str,
        event: &str,
        change: &Value,
        now: Timestamp,
    ) -> Outgoing {
        let change_id = state.next_id();
        let issue = match state.issue(ticket) {
            Ok(issue) => json!({
                "id": issue.id,
                "self": self.link(Form::Webhook, &format!("issue/{}", issue.id)),
                "key": issue.key,
                "fields": self.fields_json(Form::Webhook, state, issue),
            }),
            Err(_) => Value::Null,
        };
        self.webhook(&json!({
            "timestamp": now.as_millisecond(),
            "webhookEvent": "jira:issue_updated",
            "issue_event_type_name": event,
            "user": self.user_json(Form::Webhook, person),
            "issue": issue,
            "changelog": {"id": change_id, "items": [change]},
        }))
    }

    fn webhook(&self, payload: &Value) -> Outgoing {
        let body = payload.to_string().into_bytes();
        let signature = sign_sha256(&self.0.signing, &body);
        Outgoing {
            path: "/webhooks/jira",
            headers: vec![
                ("content-type", "application/json; charset=UTF-8".to_owned()),
                ("user-agent", "Atlassian Webhook HTTP Client".to_owned()),
                ("x-atlassian-webhook-identifier", uuid::Uuid::new_v4().to_string()),
                ("x-atlassian-webhook-flow", "Primary".to_owned()),
                ("x-hub-signature", signature),
            ],
            body,
        }
    }
}

fn unknown_ticket(key: &str) -> Refusal {
    format!("no ticket has the key `{key}`")
}

fn change(field: &str, [from, to]: [Value; 2], before: &str, after: &str) -> Value {
    json!({"field": field, "fieldtype": "jira", "fieldId": field, "from": from, "fromString": before,
           "to": to, "toString": after})
}
