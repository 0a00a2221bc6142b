//! A model's requests: edits of files, in the form that it writes them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The change to one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The path from the repository's root, with `/` between its parts.
    pub path: String,
    /// `create` a file that does not exist; `replace` the whole content of a present one; `edit` parts of a present one; `delete` it.
    pub operation: Operation,
    /// The whole content, for `create` and `replace`; null otherwise.
    pub content: Option<String>,
    /// The parts to replace, in order, for `edit`; empty otherwise.
    pub replacements: Vec<Replacement>,
    /// Whether the file is executable; null leaves it unchanged.
    pub executable: Option<bool>,
}

/// The kind of an [`Edit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Makes a file that does not exist.
    Create,
    /// Gives a present file another content.
    Replace,
    /// Replaces parts of a present file.
    Edit,
    /// Removes a present file.
    Delete,
}

/// One part of a file to be replaced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// Text that occurs exactly once in the file, with its white space; include enough lines to make it unique.
    pub search: String,
    /// The replacement.
    pub replace: String,
}
