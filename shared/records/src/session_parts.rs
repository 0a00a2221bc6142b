//! Parts of agents' sessions with their own items.

use domain::Stored;
use serde::{Deserialize, Serialize};

/// Which session a state of an execution opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionLink {
    /// The session.
    pub session: String,
    /// The state's name with its loop indexes.
    pub state: String,
}

/// Which session works in an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentAtWork {
    /// The session.
    pub session: String,
    /// The execution's name.
    pub execution: String,
}

/// A file that a session changed, over its base commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverlayFile {
    /// Its path.
    pub path: String,
    /// Its content, stored by hash; `None` if it is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub content: Option<Stored<String>>,
    /// Whether the content is bytes in base64.
    #[serde(default)]
    pub is_base64: bool,
    /// Where its content is in the base commit, if it was moved without being read.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
    pub moved: Option<MovedFile>,
    /// Whether it has the executable bit.
    pub executable: bool,
    /// The SHA-256, in hex, of the base commit's content there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_sha256: Option<String>,
    /// The id of the base commit's blob there, if it was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_id: Option<String>,
    /// The turn that changed it last.
    pub turn: u32,
}

/// A content that was moved without being read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedFile {
    /// Its path in the base commit.
    pub from: String,
    /// The id of its blob.
    pub id: String,
    /// Its size in bytes.
    pub size: u64,
}
