//! How many executions are at work at once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many executions are at work at once in each project; the others wait in line. Executions that wait for people, events or money are
/// not at work, and `undo` never waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AtWork {
    /// Of one person. Default: 10.
    pub per_person: u32,
    /// Of everybody. Default: 20.
    pub per_project: u32,
}

impl Default for AtWork {
    fn default() -> Self {
        Self { per_person: 10, per_project: 20 }
    }
}
