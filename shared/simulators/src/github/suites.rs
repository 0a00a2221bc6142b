//! Checks of commits: suites of check runs, from the world and from reports.

use jiff::Timestamp;

use super::world::Annotation;

/// The checks that one App reports of a commit.
#[derive(Clone)]
pub(super) struct CheckSuite {
    pub(super) id: u64,
    pub(super) sha: String,
    pub(super) branch: Option<String>,
    pub(super) app: String,
    pub(super) runs: Vec<CheckRun>,
    pub(super) created_at: Timestamp,
}

impl CheckSuite {
    /// It is completed once it has runs and all of them are.
    pub(super) fn is_completed(&self) -> bool {
        !self.runs.is_empty() && self.runs.iter().all(|run| run.conclusion.is_some())
    }

    pub(super) fn status(&self) -> &'static str {
        match (self.is_completed(), self.runs.is_empty()) {
            (true, _) => "completed",
            (false, true) => "queued",
            (false, false) => "in_progress",
        }
    }

    pub(super) fn conclusion(&self) -> Option<&str> {
        let failed = |run: &&CheckRun| {
            run.conclusion.as_deref().is_some_and(|end| !matches!(end, "success" | "neutral" | "skipped"))
        };
        let worst = self.runs.iter().find(failed).or(self.runs.first())?;
        worst.conclusion.as_deref().filter(|_| self.is_completed())
    }
}

#[derive(Clone)]
pub(super) struct CheckRun {
    pub(super) id: u64,
    pub(super) name: String,
    /// How it ended; nothing while it runs.
    pub(super) conclusion: Option<String>,
    pub(super) at: Timestamp,
    /// Its output: the log of a job, or a report.
    pub(super) log: Option<String>,
    pub(super) annotations: Vec<Annotation>,
}
