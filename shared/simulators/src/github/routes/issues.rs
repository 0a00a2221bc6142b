//! [Issues](https://docs.github.com/rest/issues/issues), among which GitHub counts pull requests.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Answer, Call, Failure};
use crate::github::{
    access::Caller,
    shapes::{moment, node_id},
    state::{Closed, Issue, Repository},
    world::Role,
};

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let repository = call.repository();
    let state = call.queried("state").unwrap_or("open");
    let labels: Vec<&str> =
        call.queried("labels").map(|labels| labels.split(',').collect()).unwrap_or_default();
    let creator = call.queried("creator");
    let since: Option<Timestamp> = match call.queried("since") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| Failure::invalid("Issue", "since", "invalid"))?),
    };
    let chosen = repository.issues.values().filter(|issue| {
        is_in_state(issue, state)
            && labels.iter().all(|label| issue.labels.iter().any(|known| known.eq_ignore_ascii_case(label)))
            && creator.is_none_or(|creator| issue.user.eq_ignore_ascii_case(creator))
            && since.is_none_or(|since| issue.updated_at >= since)
    });
    let shown = in_order(call, chosen.collect());
    Ok(call.page(shown.into_iter().map(|issue| call.state.issue(repository, issue)).collect()))
}

/// [What happened](https://docs.github.com/rest/issues/events) to the issues and pull requests of a repository, the newest first.
pub(super) fn list_events(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let repository = call.repository();
    let shown = repository.events.iter().rev().map(|event| {
        let url = format!("{}/issues/events/{}", call.state.api(repository), event.id);
        let issue = repository.issues.get(&event.number);
        let mut shown = json!({
            "id": event.id,
            "node_id": node_id("LabeledEvent", event.id),
            "url": url,
            "actor": call.state.user(&event.by),
            "event": event.event,
            "commit_id": null,
            "commit_url": null,
            "created_at": moment(event.at),
            "issue": issue.map(|issue| call.state.issue(repository, issue)),
            "performed_via_github_app": null,
        });
        if let Some(label) = &event.label {
            let label = call.state.label(repository, label);
            shown["label"] = json!({ "name": label["name"], "color": label["color"] });
        }
        shown
    });
    Ok(call.page(shown.collect()))
}

/// Whether an issue or pull request is `open`, `closed`, or one of `all`.
pub(super) fn is_in_state(issue: &Issue, state: &str) -> bool {
    match state {
        "all" => true,
        "closed" => issue.closed.is_some(),
        _ => issue.closed.is_none(),
    }
}

/// Newest first, unless `sort` and `direction` ask for something else.
pub(super) fn in_order<'a>(call: &Call<'_>, mut issues: Vec<&'a Issue>) -> Vec<&'a Issue> {
    let by_update = call.queried("sort") == Some("updated");
    issues.sort_by_key(|issue| (if by_update { issue.updated_at } else { issue.created_at }, issue.number));
    if call.queried("direction") != Some("asc") {
        issues.reverse();
    }
    issues
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let issue = call.issue()?;
    let mut shown = call.state.issue(call.repository(), issue);
    shown["closed_by"] = issue.closed.as_ref().map_or(Value::Null, |closed| call.state.user(&closed.by));
    if call.accepts("html") {
        shown["body_html"] = issue.body.as_deref().map(|body| call.state.as_html(body)).into();
        if let Some(fields) = shown.as_object_mut() {
            fields.remove("body");
        }
    }
    Ok(Answer::ok(shown))
}

/// Labels are silently dropped for a person who may not set them, as GitHub does.
pub(super) fn create(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let title = match call.body.get("title") {
        Some(Value::Number(number)) => number.to_string(),
        _ => call.text("title")?.to_string(),
    };
    if title.trim().is_empty() {
        return Err(Failure::invalid("Issue", "title", "missing_field"));
    }
    let body = call.optional_text("body")?.map(String::from);
    demand_lengths("Issue", &title, body.as_deref())?;
    let names = label_names(call.list("labels")?)?;
    let (login, repository) = (call.login()?, call.repository);
    let may_label = may_triage(&call.caller, call.repository());
    let number = call.state.open(repository, title, body, login, None);
    if may_label {
        set_labels(call, number, names)?;
    }
    let issue = call.repository().issues.get(&number).ok_or_else(Failure::not_found)?;
    Ok(Answer::created(call.state.issue(call.repository(), issue)))
}

/// GitHub's limits of a title and of a text.
pub(super) fn demand_lengths(resource: &str, title: &str, body: Option<&str>) -> Result<(), Failure> {
    if title.chars().count() > 256 {
        return Err(Failure::custom(resource, "title is too long (maximum is 256 characters)"));
    }
    if body.is_some_and(|body| body.chars().count() > 65_536) {
        return Err(Failure::custom(resource, "body is too long (maximum is 65536 characters)"));
    }
    Ok(())
}

pub(super) fn update(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (login, now, number) = (call.login()?, call.now(), call.number("number")?);
    demand_author(call, &call.issue()?.user)?;
    let title = call.optional_text("title")?.map(String::from);
    let body = call.body.get("body").map(|_| call.optional_text("body").map(|body| body.map(String::from)));
    let body = body.transpose()?;
    let state = call.optional_text("state")?.map(String::from);
    let reason = call.optional_text("state_reason")?.unwrap_or("completed").to_string();
    if call.body.get("labels").is_some() {
        let names = label_names(call.list("labels")?)?;
        set_labels(call, number, names)?;
    }
    match state.as_deref() {
        Some("closed") => call.state.close(call.repository, number, &login, &reason),
        Some("open") if call.issue_mut()?.closed.take().is_some() => {
            call.state.happened(call.repository, number, "reopened", None, &login);
        }
        Some("open") => {}
        None => {}
        Some(_) => return Err(Failure::invalid("Issue", "state", "invalid")),
    }
    if title.as_ref().is_some_and(|title| call.issue().is_ok_and(|issue| issue.title != *title)) {
        call.state.happened(call.repository, number, "renamed", None, &login);
    }
    let issue = call.issue_mut()?;
    if let Some(title) = title {
        issue.title = title;
    }
    if let Some(body) = body {
        issue.body = body;
    }
    issue.updated_at = now;
    get(call)
}

/// The names in a list of labels, which may be strings or objects with a `name`.
pub(super) fn label_names(labels: &[Value]) -> Result<Vec<String>, Failure> {
    let name = |label: &Value| match label {
        Value::String(name) => Some(name.clone()),
        other => other.get("name").and_then(Value::as_str).map(String::from),
    };
    let names = labels.iter().map(|label| name(label).filter(|name| !name.trim().is_empty()));
    names.map(|name| name.ok_or_else(|| Failure::invalid("Label", "name", "invalid"))).collect()
}

/// Puts labels in the place of those an issue has.
pub(super) fn set_labels(call: &mut Call<'_>, number: u64, names: Vec<String>) -> Result<(), Failure> {
    let (repository, login) = (call.repository, call.login()?);
    let labels: Vec<String> = names.iter().map(|name| call.state.ensure_label(repository, name)).collect();
    let before = call.repository().issues.get(&number).map(|issue| issue.labels.clone()).unwrap_or_default();
    for label in labels.iter().filter(|label| !before.contains(label)) {
        call.state.happened(repository, number, "labeled", Some(label), &login);
    }
    for label in before.iter().filter(|label| !labels.contains(label)) {
        call.state.happened(repository, number, "unlabeled", Some(label), &login);
    }
    let issue = call.repository_mut().issues.get_mut(&number).ok_or_else(Failure::not_found)?;
    issue.labels.clear();
    for label in labels {
        if !issue.labels.contains(&label) {
            issue.labels.push(label);
        }
    }
    Ok(())
}

/// People who may not triage can change only what they opened themselves.
pub(super) fn demand_author(call: &Call<'_>, author: &str) -> Result<(), Failure> {
    if call.login()? == author || may_triage(&call.caller, call.repository()) {
        return Ok(());
    }
    Err(Failure::new(403, "Must have admin rights to Repository."))
}

fn may_triage(caller: &Caller, repository: &Repository) -> bool {
    match caller {
        Caller::User { login } => {
            repository.collaborators.get(login).is_some_and(|role| *role >= Role::Triage)
        }
        Caller::Installation { .. } => true,
        Caller::Anonymous | Caller::App => false,
    }
}

impl crate::github::state::State {
    /// Closes an issue or pull request that is open; of a pull request, remembers where its branches stand.
    pub(in crate::github) fn close(&mut self, repository: usize, number: u64, by: &str, reason: &str) {
        let (index, at) = (repository, self.now());
        let repository = &mut self.repositories[index];
        let Some(issue) = repository.issues.get(&number).filter(|issue| issue.closed.is_none()) else {
            return;
        };
        let ends = issue
            .pull
            .as_ref()
            .map(|pull| (pull.head_now(repository, true), pull.base_now(repository, true)));
        let Some(issue) = repository.issues.get_mut(&number) else { return };
        if let (Some(pull), Some((head, base))) = (&mut issue.pull, ends) {
            (pull.head_sha, pull.base_sha) = (head, base);
        }
        issue.closed = Some(Closed { at, by: by.into(), reason: reason.into() });
        issue.updated_at = at;
        self.happened(index, number, "closed", None, by);
    }
}
