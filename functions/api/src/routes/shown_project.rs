//! Projects as answers show them, with the tags of their states.

use crate::id;
use crate::routes::configured::{API, FILE, Tagged, tag_in_file, tag_of};
use crate::routes::project_body::{Capacity, CiGate};
use domain::configuration::ProjectChecks;
use jiff::Timestamp;
use records::ManagedProject;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A project: a tracker's project, and the repository that its tickets are about.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Project {
    /// Its id in paths.
    id: String,
    /// Its key in the tracker.
    key: String,
    /// Its repository, as `owner/name`.
    repository: String,
    /// The branch that work starts from.
    base_branch: String,
    /// Which provider serves each kind of plugin.
    providers: BTreeMap<String, String>,
    /// The channel that the team reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// The space that pages are created in.
    #[serde(skip_serializing_if = "Option::is_none")]
    space: Option<String>,
    /// The groups whose members may start work.
    may_trigger: Vec<String>,
    /// Our names for statuses and the tracker's.
    statuses: BTreeMap<String, String>,
    /// Glob patterns of files that no commit may touch.
    protected_paths: Vec<String>,
    /// The commands that show whether a change works.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    checks: Option<Value>,
    /// Before which pushes of an agent's change people are asked: `always`, `untrusted` or `never`.
    #[schema(value_type = CiGate)]
    ci_gate: String,
    /// How many of our pull requests may be open at once, and which are counted together; absent if there is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Capacity>)]
    capacity: Option<Value>,
    /// The workflows with `opt_in: true` that events start in the project.
    workflows: Vec<String>,
    /// Who manages it: `file`, the configuration file, or `api`.
    managed_by: &'static str,
    /// When it was archived; nothing starts there anymore.
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<Timestamp>,
    /// The person who archived it.
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_by: Option<String>,
}

impl Project {
    pub(super) fn of(project: &domain::configuration::Project, managed_by: &'static str) -> Self {
        let providers = project.providers.iter();
        let ci_gate = serde_json::to_value(project.ci_gate).ok();
        Self {
            id: id::id_of(&project.key),
            key: project.key.clone(),
            repository: project.repository.to_string(),
            base_branch: project.base_branch.to_string(),
            providers: providers.map(|(kind, name)| (kind.to_string(), name.to_string())).collect(),
            channel: project.channel.clone(),
            space: project.space.clone(),
            may_trigger: project.may_trigger.clone(),
            statuses: project.statuses.clone(),
            protected_paths: project.protected_paths.clone(),
            checks: project.checks.as_ref().map(shown_checks),
            ci_gate: ci_gate.and_then(|gate| gate.as_str().map(str::to_owned)).unwrap_or_default(),
            capacity: project.capacity.and_then(|capacity| serde_json::to_value(capacity).ok()),
            workflows: project.workflows.clone(),
            managed_by,
            archived_at: None,
            archived_by: None,
        }
    }

    /// One that the API manages.
    pub(super) fn managed(managed: &ManagedProject) -> Self {
        let archived = managed.archived.map(|_| managed.changed_at);
        Self {
            archived_at: archived,
            archived_by: archived.map(|_| managed.changed_by.clone()),
            ..Self::of(&managed.item, API)
        }
    }
}

/// The declared fields; others are left out, so that a response can be sent back as a request.
fn shown_checks(checks: &ProjectChecks) -> Value {
    let mut shown = serde_json::to_value(checks).unwrap_or_default();
    if let Value::Object(fields) = &mut shown {
        let is_nothing = |field: &Value| field.is_null() || field.as_array().is_some_and(Vec::is_empty);
        fields.retain(|_, field| !is_nothing(field));
    }
    shown
}

/// One of the configuration file, with its tag.
pub(super) fn in_file(project: &domain::configuration::Project) -> Tagged<Project> {
    Tagged { tag: tag_in_file(project), shown: Project::of(project, FILE) }
}

/// One that the API manages, with its tag.
pub(super) fn managed(managed: &ManagedProject) -> Tagged<Project> {
    Tagged { tag: tag_of(managed), shown: Project::managed(managed) }
}
