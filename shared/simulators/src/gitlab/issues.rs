//! Issues.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::answer::{Answer, Call, Failure};
use super::state::{Issue, Project, State};

/// The longest title.
const TITLE: usize = 255;

impl State {
    pub(super) fn shown_issue(&self, project: &Project, issue: &Issue) -> Value {
        json!({
            "id": issue.id, "iid": issue.iid, "project_id": project.id, "title": issue.title,
            "description": issue.description, "state": if issue.is_open { "opened" } else { "closed" },
            "labels": issue.labels, "author": self.shown_user(&issue.author), "assignee": null, "assignees": [],
            "issue_type": "issue", "type": "ISSUE", "confidential": false, "moved_to_id": null, "weight": null,
            "created_at": issue.created_at.to_string(), "updated_at": issue.updated_at.to_string(),
            "user_notes_count": issue.notes.len(),
            "web_url": format!("{}/{}/-/issues/{}", self.address, project.path, issue.iid),
        })
    }
}

impl Call<'_> {
    pub(super) fn issue(&self) -> Result<&Issue, Failure> {
        let iid = self.number("issue_iid")?;
        self.project().issues.get(&iid).ok_or_else(|| Failure::not_found("Issue"))
    }

    pub(super) fn issue_mut(&mut self) -> Result<&mut Issue, Failure> {
        let iid = self.number("issue_iid")?;
        self.project_mut().issues.get_mut(&iid).ok_or_else(|| Failure::not_found("Issue"))
    }
}

fn check_title(title: &str) -> Result<(), Failure> {
    match title.chars().count() {
        0 => Err(Failure::new(400, json!({ "title": ["can't be blank"] }))),
        1..=TITLE => Ok(()),
        _ => Err(Failure::new(
            400,
            json!({ "title": [format!("is too long (maximum is {TITLE} characters)")] }),
        )),
    }
}

/// Whether a text's lines hold a [quick action](https://docs.gitlab.com/user/project/quick_actions/), outside blocks of code.
pub(super) fn quick_actions(text: &str) -> Vec<String> {
    let mut in_code = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
        } else if let (false, Some(command)) = (in_code, line.strip_prefix('/')) {
            let word = command.split_whitespace().next().unwrap_or_default();
            if matches!(word, "close" | "reopen" | "merge" | "label" | "assign" | "approve") {
                found.push(word.to_owned());
            }
        }
    }
    found
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let project = call.project();
    let state = call.queried("state").unwrap_or("all");
    let after = call.queried("created_after").and_then(|at| at.parse::<jiff::Timestamp>().ok());
    let issues = project.issues.values().filter(|issue| match state {
        "opened" => issue.is_open,
        "closed" => !issue.is_open,
        _ => true,
    });
    let issues = issues.filter(|issue| after.is_none_or(|after| issue.created_at >= after));
    let mut shown: Vec<Value> = issues.map(|issue| call.state.shown_issue(project, issue)).collect();
    if call.queried("sort") != Some("asc") {
        shown.reverse();
    }
    Ok(call.page(shown))
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Answer, Failure> {
    Ok(Answer::ok(call.state.shown_issue(call.project(), call.issue()?)))
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (title, description, labels) =
        (call.text("title")?, call.optional("description"), call.list("labels"));
    check_title(&title)?;
    let (id, now, author) = (call.state.next_id(), call.state.now(), call.state.bot.clone());
    let iid = call.project().issues.last_key_value().map_or(1, |(last, _)| last + 1);
    let is_open = !quick_actions(description.as_deref().unwrap_or_default()).contains(&"close".to_owned());
    call.project_mut().labels.extend(labels.iter().cloned());
    let issue = Issue {
        id,
        iid,
        title,
        description,
        author,
        labels,
        is_open,
        notes: Vec::new(),
        awards: BTreeSet::new(),
        created_at: now,
        updated_at: now,
    };
    let shown = call.state.shown_issue(call.project(), &issue);
    call.project_mut().issues.insert(iid, issue);
    Ok(Answer::created(shown))
}

pub(super) fn edit(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (added, removed) = (call.list("add_labels"), call.list("remove_labels"));
    let (title, event, now) = (call.optional("title"), call.optional("state_event"), call.state.now());
    let description = call.optional("description");
    if let Some(title) = &title {
        check_title(title)?;
    }
    call.project_mut().labels.extend(added.iter().cloned());
    let issue = call.issue_mut()?;
    issue.labels.retain(|label| !removed.contains(label));
    for label in added {
        if !issue.labels.contains(&label) {
            issue.labels.push(label);
        }
    }
    issue.title = title.unwrap_or_else(|| issue.title.clone());
    issue.description = description.or_else(|| issue.description.take());
    match event.as_deref() {
        Some("close") => issue.is_open = false,
        Some("reopen") => issue.is_open = true,
        _ => {}
    }
    issue.updated_at = now;
    get(call)
}

pub(super) fn award(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (name, bot) = (call.text("name")?, call.state.bot.clone());
    match call.issue_mut()?.awards.insert((bot, name.clone())) {
        true => Ok(Answer::created(json!({ "id": 1, "name": name }))),
        false => Err(Failure::new(404, "404 Award Emoji Name has already been taken Not Found")),
    }
}
