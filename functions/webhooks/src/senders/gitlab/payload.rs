//! The fields of GitLab's deliveries that are used.

use crate::senders::delivery::{lenient, lenient_list};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(super) struct Payload {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) object_kind: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) user: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) project: Option<Project>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) object_attributes: Option<Attributes>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) changes: Option<Changes>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) issue: Option<Numbered>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) merge_request: Option<Numbered>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) labels: Vec<Label>,
}

#[derive(Debug, Deserialize)]
pub(super) struct User {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) id: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) username: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) name: Option<String>,
    /// A reviewer's state on a merge request.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) state: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Project {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) path_with_namespace: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Numbered {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) iid: Option<u64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Label {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) title: Option<String>,
}

/// The subject of an event: an issue, a note, a merge request or a pipeline.
#[derive(Debug, Deserialize)]
pub(super) struct Attributes {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) id: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) iid: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) action: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) state: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) note: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) system: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) internal: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) position: Option<Position>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) source_branch: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) created_at: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) updated_at: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) sha: Option<String>,
    #[serde(default, rename = "ref", deserialize_with = "lenient")]
    pub(super) branch: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) status: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Position {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) new_path: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) new_line: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Changes {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) title: Option<Value>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) description: Option<Value>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) labels: Option<LabelChange>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) reviewers: Option<ReviewerChange>,
}

#[derive(Debug, Deserialize)]
pub(super) struct LabelChange {
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) previous: Vec<Label>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) current: Vec<Label>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ReviewerChange {
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) previous: Vec<User>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) current: Vec<User>,
}
