//! Which pushes wait for a person, because they run in the team's continuous integration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Before which pushes people are asked. Pushed code runs in continuous integration, with its secrets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CiGate {
    /// Before every push of an agent's change.
    Always,
    /// Before a push whose session took in words of people who may not start work, since the last approved change.
    #[default]
    Untrusted,
    /// Before none.
    Never,
}
