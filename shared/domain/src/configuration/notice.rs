//! What people can be told directly.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that a person can be told directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// A question waits for their answer.
    Approval,
    /// What they started waits at a limit.
    Limit,
    /// What they started failed.
    Failed,
    /// What they started is done.
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
