//! The fields of GitLab's deliveries that are used.

use crate::senders::delivery::{lenient, lenient_list};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(super) struct Payload {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) object_kind: Option<String>,
    /// What happened, where no kind of object is named: to a group, its members or its projects.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) event_name: Option<String>,
    /// `confidential_note` for what not everybody sees: an internal note, or one on a confidential issue.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) event_type: Option<String>,
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
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) reviewers: Vec<User>,
}

impl Payload {
    pub(super) fn action(&self) -> &str {
        self.object_attributes.as_ref().and_then(|about| about.action.as_deref()).unwrap_or_default()
    }
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
    /// Whether a reviewer was asked once more.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) re_requested: Option<bool>,
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
    #[serde(default, deserialize_with = "lenient")]
    pub(super) confidential: Option<bool>,
    /// The branch of a merge request.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) source_branch: Option<String>,
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
    /// The note's author, by the account's ID.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) author_id: Option<u64>,
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
    pub(super) labels: Option<Changed<Label>>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) reviewers: Option<Changed<User>>,
}

/// A list before and after a change. GitLab writes `{"previous": […], "current": […]}`, and `[[…], […]]` where a review is requested again.
#[derive(Debug)]
pub(super) struct Changed<T> {
    pub(super) previous: Vec<T>,
    pub(super) current: Vec<T>,
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Changed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (previous, current) = match Value::deserialize(deserializer)? {
            Value::Array(sides) => {
                let mut sides = sides.into_iter();
                (sides.next(), sides.next())
            }
            Value::Object(mut sides) => (sides.shift_remove("previous"), sides.shift_remove("current")),
            _ => return Err(D::Error::custom("a change has two sides")),
        };
        let list = |side: Option<Value>| lenient_list(side.unwrap_or_default()).map_err(D::Error::custom);
        Ok(Self { previous: list(previous)?, current: list(current)? })
    }
}
