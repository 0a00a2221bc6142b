//! The check suites of a commit: those of the world and those that Apps reported.

use super::{
    state::Repository,
    suites::{CheckRun, CheckSuite},
    world::CheckEnd,
};

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
        self.all_suites().find_map(|suite| {
            let run = suite.runs.iter().find(|run| run.id == id)?.clone();
            Some((suite, run))
        })
    }

    /// The suite of this id.
    pub(super) fn find_suite(&self, id: u64) -> Option<CheckSuite> {
        self.all_suites().find(|suite| suite.id == id)
    }

    /// The suites of every commit that a branch has beside the default one, of that one's head, and of those that were reported on.
    fn all_suites(&self) -> impl Iterator<Item = CheckSuite> {
        let base = self.head_of(&self.default_branch);
        let heads = self.git.references("refs/heads").unwrap_or_default().into_iter();
        let of_branch = |head: &str| {
            let base = base.as_deref()?;
            self.git.commits_between(base, head).ok()
        };
        let commits: Vec<_> = heads.flat_map(|head| of_branch(&head.sha).unwrap_or_default()).collect();
        let reported = self.suites.iter().map(|suite| suite.sha.clone());
        commits.into_iter().chain(base.clone()).chain(reported).flat_map(|sha| self.suites_of(&sha))
    }
}
