//! Running a project's own checks, if the installation has a machine for it.

use crate::configuration::ProjectChecks;
use crate::error::ActionError;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// Runs a project's declared commands on a copy of its files, isolated from everything else.
///
/// An installation offers one or none. Commands are untrusted code: whatever they do, nothing remains of them but the report.
#[async_trait]
pub trait CheckRunner: Send + Sync + Debug {
    /// Why nothing can run and how to fix it, if known.
    fn refusal(&self) -> Option<&str>;

    /// Whether what `setup` made is kept under this key.
    async fn is_set_up(&self, key: &str) -> bool;

    /// Runs `setup` on these files with the network, and keeps its results under the key. Does nothing if they are already kept.
    ///
    /// # Errors
    /// `Unavailable` if the machine cannot isolate commands (the message says what to do), or has no room.
    async fn set_up(
        &self,
        key: &str,
        files: Vec<CheckedFile>,
        checks: &ProjectChecks,
    ) -> Result<CheckReport, ActionError>;

    /// Runs commands, by their names, in order on these files until one fails.
    ///
    /// # Errors
    /// As [`CheckRunner::set_up`]; `Rejected` for files that cannot be laid out.
    async fn run(&self, run: CheckRun) -> Result<CheckReport, ActionError>;
}

/// A file to be laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedFile {
    /// The path from the root.
    pub path: String,
    /// The content.
    pub content: Vec<u8>,
    /// Whether it has the executable bit.
    pub executable: bool,
}

/// Commands to run.
#[derive(Debug, Clone)]
pub struct CheckRun {
    /// The names of the commands, in order.
    pub names: Vec<&'static str>,
    /// The project's settings.
    pub checks: ProjectChecks,
    /// The key of what `setup` made.
    pub set_up: Option<String>,
    /// Every file of the workspace.
    pub files: Vec<CheckedFile>,
}

/// What commands came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// How they ended.
    pub end: CheckEnd,
    /// The name of the command that was the last to run.
    pub last: Option<String>,
    /// The first line that reads like an error, unless all succeeded.
    pub first_error: Option<String>,
    /// The last lines of the output.
    pub last_lines: Vec<String>,
    /// The files that the commands changed, created or deleted.
    pub changed_files: Vec<String>,
}

/// How commands ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckEnd {
    /// The last command that ran exited with this code; a signal counts as 128 plus its number.
    Exited(i32),
    /// Time was up.
    TimedOut,
    /// There was more output than is read.
    TooMuchOutput,
    /// The disk that `setup` may use was full.
    TooMuchDisk,
}

impl CheckReport {
    /// The report before anything has run.
    pub fn unrun() -> Self {
        Self {
            end: CheckEnd::Exited(0),
            last: None,
            first_error: None,
            last_lines: Vec::new(),
            changed_files: Vec::new(),
        }
    }

    /// Whether every command succeeded.
    pub fn passed(&self) -> bool {
        self.end == CheckEnd::Exited(0)
    }
}
