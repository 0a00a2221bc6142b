//! The fields of GitHub's payloads that are used.

use super::super::delivery::{lenient, lenient_list};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Debug, Deserialize)]
pub(super) struct Payload {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) action: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) sender: Option<Account>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) repository: Option<Repository>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) issue: Option<Issue>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) label: Option<Label>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) comment: Option<Comment>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) review: Option<Review>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) pull_request: Option<PullRequest>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) requested_reviewer: Option<Account>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) check_suite: Option<CheckSuite>,
    // A status has its fields at the top level.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) sha: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) state: Option<String>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) branches: Vec<Branch>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Branch {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) commit: Option<BranchHead>,
}

#[derive(Debug, Deserialize)]
pub(super) struct BranchHead {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) sha: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Account {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) login: Option<String>,
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub(super) kind: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Repository {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) full_name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Issue {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) number: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) state: Option<String>,
    pub(super) pull_request: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub(super) labels: Vec<Label>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) updated_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Label {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Comment {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) id: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) body: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) created_at: Option<String>,
    // Those of a comment on a line.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) path: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) line: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) start_line: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) original_line: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) original_start_line: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) pull_request_review_id: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Review {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) id: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) submitted_at: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) state: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) body: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PullRequest {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) number: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) merged: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) head: Option<Head>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) updated_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) closed_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Head {
    #[serde(default, rename = "ref", deserialize_with = "lenient")]
    pub(super) branch: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CheckSuite {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) head_sha: Option<String>,
    /// Absent for a fork's.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) head_branch: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) conclusion: Option<String>,
}
