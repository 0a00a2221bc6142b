//! Subjects of direct messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A subject of direct messages to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// A question waits for their answer.
    Approval,
    /// An execution of theirs waits at a limit.
    Limit,
    /// An execution of theirs failed.
    Failed,
    /// An execution of theirs is done.
    Done,
}

impl Notice {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Approval, Self::Limit, Self::Failed, Self::Done];

    /// The name that people write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Limit => "limit",
            Self::Failed => "failed",
            Self::Done => "done",
        }
    }

    /// Reads a name, already in lower case.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.as_str() == name)
    }
}
