//! The checks of a commit: [check runs](https://docs.github.com/en/rest/checks/runs) in their suites, and
//! [commit statuses](https://docs.github.com/en/rest/commits/statuses). A fine-grained token cannot have the permission that check runs need:
//! then the jobs of GitHub Actions are read in their place.

use crate::github::{Github, not_there};
use crate::pages::PER_PAGE;
use domain::plugins::{CheckConclusion, Checks};
use domain::{ActionError, CommitSha, ErrorKind, RepositoryName};
use http_client::{Failure, Optional, Page, Pages, PagesError};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A page of one of the lists. GitHub uses a different field name for each.
#[derive(Debug, Deserialize)]
struct Listed<T> {
    #[serde(
        alias = "check_runs",
        alias = "check_suites",
        alias = "statuses",
        alias = "workflow_runs",
        alias = "jobs"
    )]
    items: Vec<T>,
}

/// The App whose check runs are jobs: a run's id is the id of its job.
pub(crate) const ACTIONS: &str = "github-actions";

const CHECK_RUNS: &str = "/repos/{owner}/{name}/commits/{sha}/check-runs";

/// Why a list is not read.
#[derive(Debug)]
struct Unread {
    /// Whether the token may not read it.
    is_refused: bool,
    error: ActionError,
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Self {
        Self {
            is_refused: failure.status == Some(403) && failure.error.kind == ErrorKind::Rejected,
            error: failure.error,
        }
    }
}

impl From<ActionError> for Unread {
    fn from(error: ActionError) -> Self {
        Self { is_refused: false, error }
    }
}

impl From<PagesError> for Unread {
    fn from(error: PagesError) -> Self {
        ActionError::from(error).into()
    }
}

impl From<Unread> for ActionError {
    fn from(unread: Unread) -> Self {
        unread.error
    }
}

/// A run of a workflow.
#[derive(Debug, Deserialize)]
struct WorkflowRun {
    id: u64,
    status: Option<String>,
    created_at: Option<Timestamp>,
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

/// The App that ran a check.
#[derive(Debug, Deserialize)]
pub(crate) struct CheckApp {
    #[serde(default)]
    pub(crate) slug: Option<String>,
}

/// A check's own report.
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
    /// A suite starts further runs until it is completed itself: the jobs of a workflow begin one after another. GitHub opens a
    /// suite for every App that may report checks, also for those that never report one.
    pub(crate) async fn read_checks(
        &self,
        repository: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Checks, ActionError> {
        let (runs, suites, refusal) = match self.runs_and_suites(repository, commit).await {
            Err(Unread { is_refused: true, error }) => {
                let (runs, suites) = self.jobs_instead(repository, commit, error.clone()).await?;
                (runs, suites, Some(error))
            }
            other => {
                let (runs, suites) = other?;
                (runs, suites, None)
            }
        };
        let statuses = self.commit_statuses(repository, commit).await?;
        // Nothing is visible, but there may be checks of other Apps, so it is unknown whether there are none.
        if let Some(refusal) = refusal
            && suites.is_empty()
            && statuses.is_empty()
        {
            return Err(refusal);
        }
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

    /// The newest attempt of each check run of a commit, or of each job if the token may not read check runs.
    pub(crate) async fn check_runs(
        &self,
        repository: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Vec<Run>, ActionError> {
        match self.of_commit(CHECK_RUNS, repository, commit).await {
            Err(Unread { is_refused: true, error }) => {
                Ok(self.jobs_instead(repository, commit, error).await?.0)
            }
            other => Ok(other?),
        }
    }

    async fn runs_and_suites(
        &self,
        repository: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<(Vec<Run>, Vec<Suite>), Unread> {
        let runs = self.of_commit(CHECK_RUNS, repository, commit).await?;
        let path = "/repos/{owner}/{name}/commits/{sha}/check-suites";
        Ok((runs, self.of_commit(path, repository, commit).await?))
    }

    /// The jobs of GitHub Actions on a commit, each as the check run that it is, and the runs of workflows as suites. Where the token may
    /// not read these either, `refusal` is the error.
    async fn jobs_instead(
        &self,
        repository: &RepositoryName,
        commit: &CommitSha,
        refusal: ActionError,
    ) -> Result<(Vec<Run>, Vec<Suite>), ActionError> {
        let values = [repository.owner(), repository.name()];
        let request = self.client.get("/repos/{owner}/{name}/actions/runs", &values);
        let request = request.query("head_sha", commit.as_str()).query("per_page", PER_PAGE);
        let found = match self.send(repository, request).await {
            Ok(answer) => answer.json::<Listed<WorkflowRun>>()?.items,
            Err(Failure { status: Some(403 | 404), .. }) => return Err(refusal),
            Err(failure) => return Err(failure.into()),
        };
        let (mut runs, mut suites) = (Vec::new(), Vec::new());
        for WorkflowRun { id, status, created_at } in found {
            let values = [repository.owner(), repository.name(), &id.to_string()];
            let request = self.client.get("/repos/{owner}/{name}/actions/runs/{run}/jobs", &values);
            let jobs = self.send(repository, request.query("per_page", PER_PAGE)).await?;
            let jobs = jobs.json::<Listed<Run>>()?.items;
            let latest_check_runs_count = jobs.len() as u64;
            suites.push(Suite { status, created_at, latest_check_runs_count });
            let app = || Some(CheckApp { slug: Some(ACTIONS.to_owned()) });
            runs.extend(jobs.into_iter().map(|job| Run { app: app(), ..job }));
        }
        Ok((runs, suites))
    }

    /// The newest status of each context of a commit.
    pub(crate) async fn commit_statuses(
        &self,
        repository: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Vec<Status>, ActionError> {
        Ok(self.of_commit("/repos/{owner}/{name}/commits/{sha}/status", repository, commit).await?)
    }

    async fn of_commit<T: DeserializeOwned>(
        &self,
        path: &'static str,
        repository: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Vec<T>, Unread> {
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
