//! GitLab as one of the services of a simulation.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::code::diffs_between;
use super::state::{Note, Project, State};
use super::webhooks::{Remark, ReportedJob, Verdict};
use super::world::WorldJob;
use super::{GitLab, World, routes};
use crate::error::SimulationError;
use crate::service::{Opening, Simulator};
use crate::webhook::Outgoing;

/// People's actions on GitLab.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Delivery {
    /// A label is put on an issue.
    #[serde(rename = "gitlab-label")]
    Label {
        /// As `group/project#1`.
        issue: String,
        /// The label.
        label: String,
        /// Username of the person.
        by: String,
    },
    /// An issue is closed or opened again.
    #[serde(rename = "gitlab-state")]
    State {
        /// As `group/project#1`.
        issue: String,
        /// Whether it is closed then.
        closed: bool,
        /// Username of the person.
        by: String,
    },
    /// A note is written on an issue or a merge request.
    #[serde(rename = "gitlab-comment")]
    Comment {
        /// As `group/project#1` or `group/project!1`.
        on: String,
        /// Text in Markdown.
        text: String,
        /// The file and line that it is about.
        #[serde(default)]
        at: Option<(String, u64)>,
        /// Username of the person.
        by: String,
    },
    /// A reviewer's verdict on a merge request.
    #[serde(rename = "gitlab-review")]
    Review {
        /// As `group/project!1`.
        merge_request: String,
        /// `approved`, `reviewed` or `requested_changes`.
        verdict: Verdict,
        /// Remarks on lines of the changed files.
        #[serde(default)]
        comments: Vec<Remark>,
        /// Username of the person.
        by: String,
    },
    /// A pipeline of a branch's newest commit runs or ends.
    #[serde(rename = "gitlab-pipeline")]
    Pipeline {
        /// As `group/project`.
        project: String,
        /// The branch.
        branch: String,
        /// Its jobs.
        jobs: Vec<ReportedJob>,
        /// Username of the person who pushed.
        by: String,
    },
    /// A merge request is closed.
    #[serde(rename = "gitlab-close")]
    Close {
        /// As `group/project!1`.
        merge_request: String,
        /// Whether it is merged.
        #[serde(default)]
        merge: bool,
        /// Username of the person.
        by: String,
    },
    /// A closed merge request is opened again.
    #[serde(rename = "gitlab-reopen")]
    Reopen {
        /// As `group/project!1`.
        merge_request: String,
        /// Username of the person.
        by: String,
    },
}

impl Simulator for GitLab {
    type World = World;
    type Delivery = Delivery;

    const NAME: &'static str = "gitlab";
    const TITLE: &'static str = "GitLab";
    const DESCRIPTIONS: &'static [&'static str] = &["gitlab.json"];
    const OVERLAYS: &'static [&'static str] = &[include_str!("overlay.json")];

    fn open(world: World, opening: Opening<'_>) -> Result<Self, SimulationError> {
        let token = opening.secrets.field(Self::NAME, &world.secret, "token")?;
        let signing = opening.signing_of(Self::NAME)?;
        let state = State::new(&world, &opening)?;
        Ok(Self { state: Arc::new(Mutex::new(state)), token: Arc::new(token), signing: Arc::new(signing) })
    }

    fn router(&self) -> Router {
        routes::router(self)
    }

    /// Everything that can be seen, as JSON: `repositories`, each with `full_name`, `branches` by name, `issues` and `pull_requests` with
    /// their `comments` and changed `files`, under the names that code hosts of a simulation have in common.
    fn state(&self) -> Value {
        let state = self.lock();
        let repositories = state.projects.iter().map(|project| shown(&state, project));
        json!({ "repositories": repositories.collect::<Vec<_>>() })
    }

    fn act(&self, delivery: Delivery) -> Result<Outgoing, String> {
        match delivery {
            Delivery::Label { issue, label, by } => self.labelled(&issue, &label, &by),
            Delivery::State { issue, closed, by } => self.set_state(&issue, closed, &by),
            Delivery::Comment { on, text, at, by } => self.commented(&on, &text, at, &by),
            Delivery::Review { merge_request, verdict, comments, by } => {
                self.reviewed(&merge_request, verdict, &comments, &by)
            }
            Delivery::Pipeline { project, branch, jobs, by } => self.ran(&project, &branch, &jobs, &by),
            Delivery::Close { merge_request, merge, by } => self.closed(&merge_request, merge, &by),
            Delivery::Reopen { merge_request, by } => self.reopened(&merge_request, &by),
        }
    }

    fn fail_first_checks(world: &mut World) {
        let jobs = world.projects.iter_mut().flat_map(|project| &mut project.jobs);
        jobs.for_each(WorldJob::fail_first);
    }

    fn repositories(&self) -> Vec<String> {
        self.lock().projects.iter().map(|project| project.path.clone()).collect()
    }

    fn export(&self, repository: &str, target: &Path) -> Result<(), String> {
        let state = self.lock();
        let at = state.find(repository).ok_or_else(|| format!("there is no project `{repository}`"))?;
        let project = &state.projects[at];
        if project.head_of(&project.default_branch).is_none() {
            return Err(format!("{repository} is empty; there is nothing to clone"));
        }
        let remote = format!("{}/{}.git", state.address, project.path);
        project.git.export(target, &remote, &project.default_branch).map_err(|error| error.to_string())
    }
}

/// What sums a review of the program up has this in its text.
const REVIEWED: &str = "<!-- ticketsmith-reviewed:";

/// A note in the form that reviews and their comments have at other code hosts.
fn shown_remark(url: &str, note: &Note) -> Value {
    let mut shown = json!({
        "id": note.id, "body": note.body, "html_url": format!("{url}#note_{}", note.id), "resolved": note.resolved, "user": note.author,
    });
    if let Some(at) = &note.position {
        shown["path"] = json!(at.new_path);
        shown["line"] = json!(at.new_line.or(at.old_line));
        shown["side"] = json!(if at.new_line.is_some() { "RIGHT" } else { "LEFT" });
    }
    if note.discussion != note.id {
        shown["in_reply_to_id"] = json!(note.discussion);
    }
    shown
}

fn shown(state: &State, project: &Project) -> Value {
    let branches = project.git.references("refs/heads").unwrap_or_default().into_iter().map(|reference| {
        (reference.name.trim_start_matches("refs/heads/").to_owned(), Value::from(reference.sha))
    });
    let issues = project.issues.values().map(|issue| {
        let mut shown = state.shown_issue(project, issue);
        shown["number"] = issue.iid.into();
        shown["html_url"] = shown["web_url"].clone();
        let links = state.links_of((project.id, issue.iid)).into_iter();
        shown["links"] = links.map(|(_, (_, iid), kind)| json!({ "type": kind, "number": iid })).collect();
        shown["comments"] = issue.notes.iter().map(|note| state.shown_note(note)).collect();
        shown
    });
    let requests = project.merge_requests.values().map(|one| {
        let (before, after) = one.range(project);
        let mut shown = state.shown_merge_request(project, one);
        shown["number"] = one.iid.into();
        shown["html_url"] = shown["web_url"].clone();
        shown["head"] = json!({ "ref": one.source, "sha": after });
        shown["base"] = json!({ "ref": one.target, "repo": { "full_name": project.path } });
        shown["comments"] = one.notes.iter().map(|note| state.shown_note(note)).collect();
        let said = |is_counted: fn(&Note) -> bool| -> Value {
            let notes = one.notes.iter().filter(|note| is_counted(note));
            let url = shown["web_url"].as_str().unwrap_or_default();
            notes.map(|note| shown_remark(url, note)).collect()
        };
        // GitLab has no reviews: a note sums one up.
        let (summaries, remarks) = (
            said(|note| note.body.contains(REVIEWED)),
            said(|note| note.position.is_some() || note.discussion != note.id),
        );
        shown["reviews"] = summaries;
        shown["review_comments"] = remarks;
        let files = diffs_between(project, &before, &after).unwrap_or_default().into_iter().map(|diff| {
            let is = |name: &str| diff[name] == true;
            let status = match () {
                () if is("new_file") => "added",
                () if is("deleted_file") => "removed",
                () if is("renamed_file") => "renamed",
                () => "modified",
            };
            json!({ "filename": diff["new_path"], "status": status, "patch": diff["diff"] })
        });
        shown["files"] = files.collect();
        shown
    });
    let merges = project.pipelines.iter().filter(|pipeline| pipeline.is_of_merge_request());
    json!({
        "full_name": project.path, "branches": branches.collect::<Map<_, _>>(),
        "issues": issues.collect::<Vec<_>>(), "pull_requests": requests.collect::<Vec<_>>(),
        "merged_results": merges.map(|pipeline| &pipeline.sha).collect::<Vec<_>>(),
    })
}
