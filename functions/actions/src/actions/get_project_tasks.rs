//! `get_project_tasks`: lists the tickets of a project, newest first.

use domain::Task;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the step gives.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The project's key in the tracker. Default: the execution's project.
    #[serde(default)]
    pub project: Option<String>,
    /// Only those in this status.
    #[serde(default)]
    pub status: Option<String>,
    /// At most so many, 1 to 100. Default: 50.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The tickets; descriptions are cut to what fits into the output.
    pub tasks: Vec<Task>,
    /// How many they are.
    pub count: u32,
}
