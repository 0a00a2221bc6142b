//! What happened in a repository, from its lists: labels, new issues, issues and pull requests that were closed or opened again, titles,
//! comments, also on lines, reviews and requests for them, in the form of the
//! [webhooks](https://docs.github.com/en/webhooks/webhook-events-and-payloads) that tell of them. Not among it is which checks are done: those
//! that a step waits for are asked for by themselves. Nor is that a description changed: these lists do not say so, nor who did it.
//!
//! All of it changes when an issue or pull request was updated last. While none was for some minutes, that one list is all that is asked for.

use super::{Happened, OVERLAP, keep, until, written};
use crate::github::Github;
use crate::pages::{PER_PAGE, numbered};
use domain::{ActionError, RepositoryName};
use http_client::Pages;
use jiff::Timestamp;
use provider::Receiver;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// An issue or pull request that was updated.
#[derive(Debug, Clone)]
struct Updated {
    number: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    is_pull_request: bool,
    is_closed: bool,
    whole: Value,
}

/// A change of an issue: <https://docs.github.com/rest/using-the-rest-api/issue-event-types>.
#[derive(Debug, Clone, Deserialize)]
struct IssueEvent {
    id: u64,
    event: String,
    created_at: Timestamp,
    #[serde(default)]
    actor: Value,
    #[serde(default)]
    label: Value,
    #[serde(default)]
    issue: Value,
    #[serde(default)]
    requested_reviewer: Value,
}

#[derive(Debug, Clone, Deserialize)]
struct Comment {
    id: u64,
    created_at: Timestamp,
    /// Ends with the number of the issue or pull request.
    issue_url: String,
    html_url: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    user: Value,
}

#[derive(Debug, Clone, Deserialize)]
struct Review {
    id: u64,
    state: String,
    /// Absent until it is submitted.
    #[serde(default)]
    submitted_at: Option<Timestamp>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    user: Value,
}

/// A comment on a line.
#[derive(Debug, Clone, Deserialize)]
struct Remark {
    id: u64,
    #[serde(default)]
    user: Value,
    #[serde(flatten)]
    whole: Map<String, Value>,
}

/// One pull request by itself.
#[derive(Debug, Clone, Deserialize)]
struct PullRequest {
    #[serde(default)]
    closed_at: Option<Timestamp>,
    #[serde(default)]
    merged_by: Value,
}

impl Updated {
    fn of(whole: Value) -> Option<Self> {
        let at = |name: &str| whole[name].as_str()?.parse().ok();
        Some(Self {
            number: whole["number"].as_u64()?,
            created_at: at("created_at")?,
            updated_at: at("updated_at")?,
            is_pull_request: !whole["pull_request"].is_null(),
            is_closed: whole["state"] == "closed",
            whole,
        })
    }

    /// What tells this update from others of the same issue.
    fn id(&self) -> String {
        format!("{} updated {}", self.number, self.updated_at)
    }
}

impl Github {
    /// Hands over what happened in a repository.
    pub(super) async fn pull_changes(
        &self,
        repository: &RepositoryName,
        to: &dyn Receiver,
    ) -> Result<(), ActionError> {
        let what = repository.to_string();
        let mut place = self.place_of(&what, to).await?;
        let from = place.from();
        let updated = self.updated_since(repository, from).await?;
        let fresh: Vec<_> = updated.into_iter().filter(|one| !place.seen.contains_key(&one.id())).collect();
        let handed = match fresh.is_empty() {
            true => Ok(()),
            false => {
                let happened = self.happened_since(repository, from, &fresh).await?;
                place.hand_over(happened, to).await
            }
        };
        if handed.is_ok() {
            // The lists may not show yet why something was updated, and more may happen in the same second.
            let now = self.client.clock().now();
            let settled = fresh.iter().filter(|one| now.duration_since(one.updated_at) >= OVERLAP);
            place.seen.extend(settled.map(|one| (one.id(), one.updated_at)));
            // What happens from now on is updated later than what was seen: the list was read before the others.
            if let Some(newest) = fresh.iter().map(|one| one.updated_at).max() {
                place.move_to(newest);
            }
        }
        keep(&what, &place, handed, to).await
    }

    async fn updated_since(
        &self,
        repository: &RepositoryName,
        from: Timestamp,
    ) -> Result<Vec<Updated>, ActionError> {
        let query = [("state", "all"), ("sort", "updated"), ("direction", "asc"), ("since", &written(from))];
        let all: Vec<Value> =
            self.list(repository, "/repos/{owner}/{name}/issues", &[], &query, |_| false).await?;
        Ok(all.into_iter().filter_map(Updated::of).collect())
    }

    async fn happened_since(
        &self,
        repository: &RepositoryName,
        from: Timestamp,
        updated: &[Updated],
    ) -> Result<Vec<Happened>, ActionError> {
        let about = json!({"full_name": repository.to_string()});
        let mut happened = Vec::new();
        let mut add = |id: String, at: Timestamp, event: &str, mut payload: Value| {
            payload["repository"] = about.clone();
            happened.push(Happened { id, at, event: event.to_owned(), payload });
        };
        for issue in updated.iter().filter(|one| !one.is_pull_request && one.created_at >= from) {
            let mut opened = issue.whole.clone();
            // Which of its labels it was opened with is told by the events of labels.
            opened["labels"] = json!([]);
            let sender = opened["user"].clone();
            let payload = json!({"action": "opened", "issue": opened, "sender": sender});
            add(format!("{} opened", issue.number), issue.created_at, "issues", payload);
        }
        let path = "/repos/{owner}/{name}/issues/events";
        let events = self.list(repository, path, &[], &[], |one: &IssueEvent| one.created_at < from);
        // Of a pull request by itself, only who merged it is told.
        let mut closed_by = BTreeMap::<u64, Value>::new();
        for event in events.await? {
            let (id, at) = (format!("event {}", event.id), event.created_at);
            if let ("closed", Some(number)) = (event.event.as_str(), event.issue["number"].as_u64()) {
                // The newest comes first.
                closed_by.entry(number).or_insert_with(|| event.actor.clone());
            }
            if let Some((name, payload)) = delivery_of(event) {
                add(id, at, name, payload);
            }
        }
        let query = [("sort", "updated"), ("direction", "asc"), ("since", &written(from))];
        let path = "/repos/{owner}/{name}/issues/comments";
        let comments: Vec<Comment> = self.list(repository, path, &[], &query, |_| false).await?;
        for comment in comments.into_iter().filter(|comment| comment.created_at >= from) {
            let number: Option<u64> = comment.issue_url.rsplit('/').next().and_then(|text| text.parse().ok());
            let mut issue = json!({"number": number});
            if comment.html_url.contains("/pull/") {
                issue["pull_request"] = json!({});
            }
            let said = json!({
                "id": comment.id,
                "body": comment.body,
                "created_at": written(comment.created_at),
            });
            let payload =
                json!({"action": "created", "issue": issue, "comment": said, "sender": comment.user});
            add(format!("comment {}", comment.id), comment.created_at, "issue_comment", payload);
        }
        for pull in updated.iter().filter(|one| one.is_pull_request) {
            let number = pull.number.to_string();
            let path = "/repos/{owner}/{name}/pulls/{number}/reviews";
            let reviews: Vec<Review> = self.list(repository, path, &[&number], &[], |_| false).await?;
            for review in reviews {
                let Some(at) = review.submitted_at.filter(|at| *at >= from) else { continue };
                let said = json!({
                    "id": review.id,
                    "body": review.body,
                    // Webhooks write in small letters what the lists write in capitals.
                    "state": review.state.to_lowercase(),
                });
                let payload = json!({
                    "action": "submitted",
                    "review": said,
                    "pull_request": {"number": pull.number},
                    "sender": review.user,
                });
                add(format!("review {}", review.id), at, "pull_request_review", payload);
                // One that asks for changes has its remarks read when it is acted on.
                if !review.state.eq_ignore_ascii_case("commented") {
                    continue;
                }
                let id = review.id.to_string();
                let names = [number.as_str(), id.as_str()];
                let path = "/repos/{owner}/{name}/pulls/{number}/reviews/{review}/comments";
                let remarks: Vec<Remark> = self.list(repository, path, &names, &[], |_| false).await?;
                for Remark { id, user, mut whole } in remarks {
                    whole.insert("id".into(), json!(id));
                    let payload = json!({
                        "action": "created",
                        "comment": whole,
                        "pull_request": {"number": pull.number},
                        "sender": user,
                    });
                    add(format!("line comment {id}"), at, "pull_request_review_comment", payload);
                }
            }
            if !pull.is_closed {
                continue;
            }
            let path = "/repos/{owner}/{name}/pulls/{number}";
            let names = [repository.owner(), repository.name(), &number];
            let whole: Value = self.send(repository, self.client.get(path, &names)).await?.json()?;
            let closed: PullRequest = serde_json::from_value(whole.clone())
                .unwrap_or(PullRequest { closed_at: None, merged_by: Value::Null });
            if let Some(at) = closed.closed_at.filter(|at| *at >= from) {
                let payload = json!({
                    "action": "closed",
                    "number": pull.number,
                    "pull_request": whole,
                    "sender": closed_by.remove(&pull.number).unwrap_or(closed.merged_by),
                });
                add(format!("{} closed {at}", pull.number), at, "pull_request", payload);
            }
        }
        Ok(happened)
    }

    /// A list below a repository until the first item that `is_old`. `values` are those of the path behind the repository's.
    async fn list<T: DeserializeOwned + Clone>(
        &self,
        repository: &RepositoryName,
        path: &'static str,
        values: &[&str],
        query: &[(&'static str, &str)],
        is_old: impl Fn(&T) -> bool,
    ) -> Result<Vec<T>, ActionError> {
        let names = [&[repository.owner(), repository.name()], values].concat();
        let names = names.as_slice();
        let load = |page: usize| async move {
            let request = self.client.get(path, names);
            let request = query.iter().fold(request, |request, (name, value)| request.query(name, value));
            let request = request.query("per_page", PER_PAGE).query("page", page);
            numbered::<T>(&self.send(repository, request).await?, page)
        };
        until(Pages::of(format!("what changed in {repository} on GitHub")), 1, load, is_old).await
    }
}

/// A change of an issue or pull request as a webhook tells of it: its name and its payload. `None` for what nobody acts on.
fn delivery_of(event: IssueEvent) -> Option<(&'static str, Value)> {
    let is_pull_request = !event.issue["pull_request"].is_null();
    let mut about = Some(event.issue).filter(Value::is_object)?;
    // When it happened: a webhook tells no other time.
    about["updated_at"] = json!(written(event.created_at));
    let (action, sender) = (event.event, event.actor);
    match (action.as_str(), is_pull_request) {
        ("labeled", false) => Some((
            "issues",
            json!({"action": action, "issue": about, "label": event.label, "sender": sender}),
        )),
        ("closed" | "reopened", false) => {
            Some(("issues", json!({"action": action, "issue": about, "sender": sender})))
        }
        // A webhook says the same of titles and descriptions.
        ("renamed", false) => Some(("issues", json!({"action": "edited", "issue": about, "sender": sender}))),
        // That one was closed is told with all that is known of its end.
        ("reopened", true) => {
            Some(("pull_request", json!({"action": action, "pull_request": about, "sender": sender})))
        }
        ("labeled", true) => Some((
            "pull_request",
            json!({"action": action, "pull_request": about, "label": event.label, "sender": sender}),
        )),
        ("review_requested", true) => {
            let reviewer = event.requested_reviewer;
            let payload = json!({
                "action": action, "pull_request": about, "requested_reviewer": reviewer, "sender": sender,
            });
            Some(("pull_request", payload))
        }
        _ => None,
    }
}
