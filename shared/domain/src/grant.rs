//! Why a run may do anything.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a run may do anything. The state with which every state machine begins records it; actions refuse runs without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Its starter may start work in the project, by the configuration.
    Configuration,
    /// Its starter may push to the project's repository, as the code host said.
    Writer,
    /// The workflow's own schedule started it.
    Schedule,
    /// A machine reported something that the workflow has a trigger for.
    Machine,
    /// It was started with the installation's own credentials, at the command line.
    ByHand,
    /// It takes back another run's effects, for somebody who may do that, or because a rollback was due.
    Undo,
    /// It was begun by a version that knew no grants.
    Earlier,
}

impl Grant {
    /// The name in records and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Writer => "writer",
            Self::Schedule => "schedule",
            Self::Machine => "machine",
            Self::ByHand => "by_hand",
            Self::Undo => "undo",
            Self::Earlier => "earlier",
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_json() {
        for grant in [
            Grant::Configuration,
            Grant::Writer,
            Grant::Schedule,
            Grant::Machine,
            Grant::ByHand,
            Grant::Undo,
            Grant::Earlier,
        ] {
            assert_eq!(serde_json::to_value(grant).unwrap(), grant.as_str());
        }
    }
}
