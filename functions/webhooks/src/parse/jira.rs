//! Jira Cloud's admin webhooks: <https://developer.atlassian.com/cloud/jira/platform/webhooks/>.
//!
//! A comment's body is wiki text, in which a person is `[~accountid:…]`; a change of labels comes as the whole set before and
//! after, joined by spaces.

use super::{Delivery, Malformed, Meaning, header, id_of_body, is_own_account, read_json};
use crate::mention::words_for_bot;
use axum::http::HeaderMap;
use domain::configuration::Webhooks;
use domain::stored::cut_inline;
use domain::{Actor, Event, EventKind, Source};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    webhook_event: Option<String>,
    user: Option<User>,
    issue: Option<Issue>,
    changelog: Option<Changelog>,
    comment: Option<Comment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    account_id: Option<String>,
    display_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Issue {
    key: Option<String>,
    fields: Option<Fields>,
}

#[derive(Debug, Deserialize)]
struct Fields {
    project: Option<Project>,
}

#[derive(Debug, Deserialize)]
struct Project {
    key: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Changelog {
    #[serde(default)]
    items: Vec<Change>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    field: Option<String>,
    from_string: Option<String>,
    to_string: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Comment {
    author: Option<User>,
    body: Option<String>,
}

pub(super) fn parse(headers: &HeaderMap, body: &[u8], settings: &Webhooks) -> Result<Delivery, Malformed> {
    let id =
        header(headers, "x-atlassian-webhook-identifier").map_or_else(|| id_of_body(body), str::to_owned);
    let meaning = match read_json::<Payload>("Jira", body)? {
        Ok(payload) => meaning(payload, &id, settings),
        Err(reason) => Meaning::Ignored(reason),
    };
    Ok(Delivery { id, meaning })
}

fn meaning(payload: Payload, delivery: &str, settings: &Webhooks) -> Meaning {
    let name = payload.webhook_event.unwrap_or_default();
    if !matches!(name.as_str(), "jira:issue_updated" | "comment_created") {
        return Meaning::Ignored(format!("nothing listens to Jira's event `{}`", cut_name(&name)));
    }
    let Some(task_id) = payload.issue.as_ref().and_then(|issue| issue.key.clone()) else {
        return Meaning::Ignored("the delivery names no ticket".into());
    };
    let project = payload
        .issue
        .and_then(|issue| issue.fields?.project?.key)
        .or_else(|| task_id.rsplit_once('-').map(|(project, _)| project.to_owned()));
    let user = match name.as_str() {
        "comment_created" => payload.comment.as_ref().and_then(|comment| comment.author.as_ref()),
        _ => payload.user.as_ref(),
    };
    let actor = user.and_then(actor_of);
    if actor.as_ref().is_some_and(|actor| is_own_account(settings, Source::Jira, &actor.id)) {
        return Meaning::Ignored("the bot did it itself".into());
    }
    let about = About { delivery, task_id, project, actor };
    if name == "comment_created" {
        return comment_event(payload.comment.and_then(|comment| comment.body), about, settings);
    }
    let changes = payload.changelog.map(|changelog| changelog.items).unwrap_or_default();
    let events: Vec<_> = changes.iter().flat_map(|change| about.events_of(change)).collect();
    match events.is_empty() {
        true => Meaning::Ignored("no label was added and the status did not change".into()),
        false => Meaning::Events(distinct(events)),
    }
}

/// What is common to every event of a delivery.
struct About<'a> {
    delivery: &'a str,
    task_id: String,
    project: Option<String>,
    actor: Option<Actor>,
}

impl About<'_> {
    fn event(&self, kind: EventKind, more: Value) -> Event {
        let mut fields = Map::new();
        fields.insert("task_id".into(), json!(self.task_id));
        fields.insert("project".into(), json!(self.project));
        fields.insert("actor".into(), json!(self.actor.as_ref().map(|actor| &actor.id)));
        if let Value::Object(more) = more {
            fields.extend(more);
        }
        Event {
            kind,
            delivery: self.delivery.to_owned(),
            actor: self.actor.clone(),
            project: self.project.clone(),
            task_id: Some(self.task_id.clone()),
            fields,
        }
    }

    fn events_of(&self, change: &Change) -> Vec<Event> {
        let (from, to) = (change.from_string.as_deref(), change.to_string.as_deref());
        match change.field.as_deref() {
            Some("labels") => {
                let before: BTreeSet<_> = from.unwrap_or_default().split_whitespace().collect();
                let after: BTreeSet<_> = to.unwrap_or_default().split_whitespace().collect();
                after
                    .difference(&before)
                    .map(|label| self.event(EventKind::JiraLabelled, json!({ "label": label })))
                    .collect()
            }
            Some("status") if to.is_some() && from != to => {
                vec![self.event(EventKind::JiraTransitioned, json!({ "from": from, "to": to }))]
            }
            _ => Vec::new(),
        }
    }
}

fn comment_event(body: Option<String>, about: About<'_>, settings: &Webhooks) -> Meaning {
    let mut text = body.unwrap_or_default();
    if let Some(own) = settings.own_accounts.get(&Source::Jira).filter(|own| !own.is_empty()) {
        text = text.replace(&format!("[~accountid:{own}]"), &settings.mention);
    }
    match words_for_bot(&text, &settings.mention, &settings.command) {
        None => Meaning::Ignored(format!("the comment does not mention {}", settings.mention)),
        Some(_) => Meaning::Events(vec![
            about.event(EventKind::JiraCommented, json!({ "text": cut_inline(text.trim()) })),
        ]),
    }
}

fn actor_of(user: &User) -> Option<Actor> {
    let id = user.account_id.clone()?;
    Some(Actor { source: Source::Jira, id, display_name: user.display_name.clone(), person: None })
}

/// One delivery can hold several events, each of which may start an execution of its own.
fn distinct(mut events: Vec<Event>) -> Vec<Event> {
    for (index, event) in events.iter_mut().enumerate().skip(1) {
        event.delivery = format!("{}/{index}", event.delivery);
    }
    events
}

fn cut_name(name: &str) -> String {
    name.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning_of(payload: Value) -> Meaning {
        let settings =
            Webhooks { own_accounts: [(Source::Jira, "bot-1".to_owned())].into(), ..Webhooks::default() };
        parse(&HeaderMap::new(), payload.to_string().as_bytes(), &settings).unwrap().meaning
    }

    fn updated(user: &str, items: Value) -> Value {
        json!({
            "webhookEvent": "jira:issue_updated",
            "user": {"accountId": user, "displayName": "Ada"},
            "issue": {"key": "SHOP-1", "fields": {"project": {"key": "SHOP"}}},
            "changelog": {"id": 7, "items": items},
        })
    }

    #[test]
    fn each_newly_added_label_is_an_event() {
        let items = json!([{"field": "labels", "fromString": "old agent", "toString": "agent new docs"}]);
        let Meaning::Events(events) = meaning_of(updated("ada", items)) else { panic!("no events") };
        let labels: Vec<_> = events.iter().map(|event| event.fields["label"].as_str().unwrap()).collect();
        assert_eq!(labels, ["docs", "new"]);
        assert_ne!(events[0].delivery, events[1].delivery);
        assert_eq!(events[0].task_id.as_deref(), Some("SHOP-1"));
        assert_eq!(events[0].fields["project"], "SHOP");
        assert_eq!(events[0].actor.as_ref().unwrap().display_name.as_deref(), Some("Ada"));
    }

    #[test]
    fn a_status_is_an_event_when_it_changed() {
        let items = json!([{"field": "status", "fromString": "To Do", "toString": "Ready for Agent"}]);
        let Meaning::Events(events) = meaning_of(updated("ada", items)) else { panic!("no events") };
        assert_eq!(events[0].kind, EventKind::JiraTransitioned);
        assert_eq!(
            (&events[0].fields["from"], &events[0].fields["to"]),
            (&json!("To Do"), &json!("Ready for Agent"))
        );
    }

    #[test]
    fn our_own_changes_and_removed_labels_are_ignored() {
        let added = json!([{"field": "labels", "fromString": "", "toString": "agent"}]);
        assert_eq!(meaning_of(updated("bot-1", added)), Meaning::Ignored("the bot did it itself".into()));
        let removed = json!([{"field": "labels", "fromString": "agent", "toString": ""}]);
        assert!(matches!(meaning_of(updated("ada", removed)), Meaning::Ignored(_)));
    }

    #[test]
    fn a_comment_that_mentions_the_bot_is_an_event() {
        let comment = |body: &str| {
            json!({
                "webhookEvent": "comment_created",
                "issue": {"key": "SHOP-1"},
                "comment": {"body": body, "author": {"accountId": "ada"}},
            })
        };
        for body in ["@ticketsmith plan it", "hello [~accountid:bot-1] plan it"] {
            let Meaning::Events(events) = meaning_of(comment(body)) else { panic!("no events: {body}") };
            assert_eq!(events[0].kind, EventKind::JiraCommented);
            assert!(events[0].fields["text"].as_str().unwrap().contains("@ticketsmith"));
        }
        assert!(matches!(meaning_of(comment("@ticketsmith-dev plan")), Meaning::Ignored(_)));
    }

    #[test]
    fn recorded_deliveries_are_understood() {
        for (file, kind, field, value) in [
            ("jira-issue-labelled.json", EventKind::JiraLabelled, "label", "sad"),
            ("jira-issue-transitioned.json", EventKind::JiraTransitioned, "to", "In Progress"),
        ] {
            let Some(path) = test_inputs::sample("reading a recorded delivery of Jira", file) else {
                continue;
            };
            let body = std::fs::read(path).unwrap();
            let delivery = parse(&HeaderMap::new(), &body, &Webhooks::default()).unwrap();
            let Meaning::Events(events) = delivery.meaning else { panic!("{file}: no events") };
            assert_eq!(events.len(), 1);
            assert_eq!((events[0].kind, &events[0].fields[field]), (kind, &json!(value)));
            assert_eq!(events[0].task_id.as_deref(), Some("TES-41"));
        }
    }
}
