//! What Apps check of commits: suites of check runs, those that the world tells and those that were reported.

use jiff::Timestamp;

use super::{
    state::Repository,
    world::{Annotation, CheckEnd},
};

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
    /// How it ended; nothing while it goes on.
    pub(super) conclusion: Option<String>,
    pub(super) at: Timestamp,
    /// What it says: the log of a job, or a report.
    pub(super) log: Option<String>,
    pub(super) annotations: Vec<Annotation>,
}

impl Repository {
    /// The check suites of a commit: those of the world, one for each App, and what Apps reported.
    pub(super) fn suites_of(&self, sha: &str) -> Vec<CheckSuite> {
        let mut suites = self.suites_of_world(sha);
        suites.extend(self.suites.iter().filter(|suite| suite.sha == sha).cloned());
        suites
    }

    fn suites_of_world(&self, sha: &str) -> Vec<CheckSuite> {
        let Some(base) = self.head_of(&self.default_branch) else { return Vec::new() };
        let pushed = self.git.commits_between(&base, sha).map_or(1, |commits| commits.len());
        // What names a run of one commit names no run of another.
        let ids = u64::from_str_radix(sha.get(..8).unwrap_or_default(), 16).unwrap_or(self.id) * 1_000;
        let mut suites: Vec<CheckSuite> = Vec::new();
        for (number, check) in (1..).zip(&self.checks) {
            let end = if sha == base { check.base } else { Some(check.conclusion.at(pushed)) };
            let Some(end) = end else { continue };
            let is_bad = !matches!(end, CheckEnd::Success | CheckEnd::Neutral | CheckEnd::Skipped);
            let run = CheckRun {
                id: ids + number,
                name: check.name.clone(),
                conclusion: end.word().map(str::to_owned),
                at: self.pushed_at,
                log: check.log.clone().filter(|_| is_bad),
                annotations: if is_bad { check.annotations.clone() } else { Vec::new() },
            };
            match suites.iter_mut().find(|suite| suite.app == check.app) {
                Some(suite) => suite.runs.push(run),
                None => suites.push(CheckSuite {
                    id: ids + 500 + number,
                    sha: sha.to_owned(),
                    branch: None,
                    app: check.app.clone(),
                    created_at: self.pushed_at,
                    runs: vec![run],
                }),
            }
        }
        suites
    }

    /// The check run of this id, with its suite, at the head of any branch or a commit on it.
    pub(super) fn find_run(&self, id: u64) -> Option<(CheckSuite, CheckRun)> {
        let base = self.head_of(&self.default_branch)?;
        let heads = self.git.references("refs/heads").unwrap_or_default().into_iter();
        let commits = heads.flat_map(|head| self.git.commits_between(&base, &head.sha).unwrap_or_default());
        let reported: Vec<String> = self.suites.iter().map(|suite| suite.sha.clone()).collect();
        let commits = commits.chain([base.clone()]).chain(reported);
        let mut suites = commits.flat_map(|sha| self.suites_of(&sha));
        suites.find_map(|suite| {
            let run = suite.runs.iter().find(|run| run.id == id)?.clone();
            Some((suite, run))
        })
    }
}
