//! The checks of a commit: [check runs](https://docs.github.com/en/rest/checks/runs) in their suites, and
//! [commit statuses](https://docs.github.com/en/rest/commits/statuses).

use crate::github::{Github, not_there};
use crate::pages::PER_PAGE;
use domain::plugins::{CheckConclusion, Checks};
use domain::{ActionError, CommitSha, RepositoryName};
use http_client::{Optional, Page, Pages};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A page of one of the three lists. GitHub puts each under a name of its own.
#[derive(Debug, Deserialize)]
struct Listed<T> {
    #[serde(alias = "check_runs", alias = "check_suites", alias = "statuses")]
    items: Vec<T>,
}

/// A check run.
#[derive(Debug, Deserialize)]
pub(crate) struct Run {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) name: String,
    status: String,
    conclusion: Option<String>,
    started_at: Option<String>,
    #[serde(default)]
    pub(crate) html_url: Option<String>,
    #[serde(default)]
    pub(crate) app: Option<CheckApp>,
    #[serde(default)]
    pub(crate) output: Report,
}

/// Who ran a check.
#[derive(Debug, Deserialize)]
pub(crate) struct CheckApp {
    #[serde(default)]
    pub(crate) slug: Option<String>,
}

/// What a check says of itself.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Report {
    #[serde(default)]
    pub(crate) title: Option<String>,
    #[serde(default)]
    pub(crate) summary: Option<String>,
    #[serde(default)]
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) annotations_count: u64,
}

#[derive(Debug, Deserialize)]
struct Suite {
    status: Option<String>,
    created_at: Option<Timestamp>,
    #[serde(default)]
    latest_check_runs_count: u64,
}

/// A commit status.
#[derive(Debug, Deserialize)]
pub(crate) struct Status {
    id: u64,
    pub(crate) context: String,
    state: String,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) target_url: Option<String>,
}

impl Run {
    pub(crate) fn has_failed(&self) -> bool {
        let ended = self.conclusion.as_deref().filter(|_| self.status == "completed");
        ended.is_some_and(|conclusion| of_run(conclusion) == CheckConclusion::Failure)
    }
}

impl Status {
    pub(crate) fn has_failed(&self) -> bool {
        !matches!(self.state.as_str(), "pending" | "success")
    }
}

impl Github {
    /// A suite goes on to further runs until it is completed itself: the jobs of a workflow begin one after another. GitHub opens a
    /// suite for every App that may report checks, also for those that never report one.
    pub(crate) async fn read_checks(
        &self,
        repository: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Checks, ActionError> {
        let runs = self.check_runs(repository, commit).await?;
        let suites: Vec<Suite> =
            self.of_commit("/repos/{owner}/{name}/commits/{sha}/check-suites", repository, commit).await?;
        let statuses = self.commit_statuses(repository, commit).await?;
        let mut checks = Checks::default();
        for run in runs {
            let begun = run.started_at.as_deref().unwrap_or_default();
            checks.attempts.insert(format!("run {} {begun}", run.id));
            match (run.status.as_str(), run.conclusion) {
                ("completed", Some(conclusion)) => checks.conclusions.push(of_run(&conclusion)),
                _ => checks.unfinished += 1,
            }
        }
        for status in statuses {
            checks.attempts.insert(format!("status {} {}", status.context, status.id));
            match status.state.as_str() {
                "pending" => checks.unfinished += 1,
                "success" => checks.conclusions.push(CheckConclusion::Success),
                _ => checks.conclusions.push(CheckConclusion::Failure),
            }
        }
        for suite in suites.into_iter().filter(|suite| suite.status.as_deref() != Some("completed")) {
            match suite.latest_check_runs_count {
                0 => checks.announced_at = checks.announced_at.max(suite.created_at),
                _ => checks.unfinished += 1,
            }
        }
        Ok(checks)
    }

    /// The newest attempt of each check run of a commit.
    pub(crate) async fn check_runs(
        &self,
        repository: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Vec<Run>, ActionError> {
        self.of_commit("/repos/{owner}/{name}/commits/{sha}/check-runs", repository, commit).await
    }

    /// The newest status of each context of a commit.
    pub(crate) async fn commit_statuses(
        &self,
        repository: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Vec<Status>, ActionError> {
        self.of_commit("/repos/{owner}/{name}/commits/{sha}/status", repository, commit).await
    }

    async fn of_commit<T: DeserializeOwned>(
        &self,
        path: &'static str,
        repository: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Vec<T>, ActionError> {
        let values = [repository.owner(), repository.name(), commit.as_str()];
        let load = |page: usize| async move {
            let request = self.client.get(path, &values).query("per_page", PER_PAGE).query("page", page);
            let answer = self.send(repository, request).await.optional()?;
            let answer = answer.ok_or_else(|| not_there(format!("commit {commit} in {repository}")))?;
            let items: Vec<T> = answer.json::<Listed<T>>()?.items;
            Ok(Page { next: (items.len() >= PER_PAGE).then_some(page + 1), items, bytes: answer.size() })
        };
        Pages::of(format!("GitHub's checks of {commit}")).collect(1, usize::MAX, load).await
    }
}

fn of_run(conclusion: &str) -> CheckConclusion {
    match conclusion {
        "success" | "neutral" | "skipped" => CheckConclusion::Success,
        "cancelled" | "stale" => CheckConclusion::Cancelled,
        "action_required" => CheckConclusion::ActionRequired,
        _ => CheckConclusion::Failure,
    }
}
