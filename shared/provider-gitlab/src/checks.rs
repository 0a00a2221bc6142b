//! The checks of a commit: the jobs of its [pipelines](https://docs.gitlab.com/api/pipelines/), and the
//! [statuses](https://docs.gitlab.com/api/commits/#list-commit-statuses) that other services give it, which GitLab lists together.

use crate::gitlab::{Gitlab, not_there};
use crate::merged_results::merged_in;
use crate::pages::{PER_PAGE, page};
use domain::plugins::{CheckConclusion, Checks, FailedCheck};
use domain::{ActionError, CommitSha, RepositoryName};
use http_client::{Optional, Pages};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
struct Status {
    id: u64,
    name: String,
    status: String,
    #[serde(default)]
    allow_failure: bool,
    #[serde(default)]
    target_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Pipeline {
    id: u64,
    status: String,
    #[serde(default)]
    source: Option<String>,
    #[serde(default, rename = "ref")]
    reference: Option<String>,
}

/// How something ended; `None` while it runs.
fn conclusion(status: &str, may_fail: bool) -> Option<CheckConclusion> {
    match status {
        "success" | "skipped" => Some(CheckConclusion::Success),
        // A job that somebody has to start, and one that may fail, hold nothing up.
        "manual" | "failed" if may_fail => Some(CheckConclusion::Success),
        "manual" => Some(CheckConclusion::ActionRequired),
        "canceled" => Some(CheckConclusion::Cancelled),
        "failed" => Some(CheckConclusion::Failure),
        _ => None,
    }
}

impl Gitlab {
    /// Those of the commit itself, and of its merges with the targets of merge requests.
    pub(crate) async fn read_checks(
        &self,
        project: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Checks, ActionError> {
        let mut checks = Checks::default();
        match self.add_checks(project, commit, &mut checks).await? {
            Some(iid) => checks.merges = self.head_merged_by(project, iid, commit).await?,
            None => {
                for merge in self.merges_of(project, commit).await? {
                    self.add_checks(project, &merge, &mut checks).await?;
                }
            }
        }
        Ok(checks)
    }

    /// The pipeline is asked for as well: one without jobs yet, or with a faulty file, has no statuses. Returns the merge request whose merged
    /// result the commit is.
    async fn add_checks(
        &self,
        project: &RepositoryName,
        commit: &CommitSha,
        checks: &mut Checks,
    ) -> Result<Option<u64>, ActionError> {
        let statuses = self.statuses(project, commit).await?;
        for status in &statuses {
            checks.attempts.insert(format!("job {} {}", status.name, status.id));
            match conclusion(&status.status, status.allow_failure) {
                Some(conclusion) => checks.conclusions.push(conclusion),
                None => checks.unfinished += 1,
            }
        }
        let path = "/projects/{id}/pipelines";
        let pipelines: Vec<Pipeline> =
            self.of_commit(path, &[project.as_str()], Some(commit), project, commit).await?;
        // The newest of each kind on each branch; an earlier one was tried again.
        let mut newest: BTreeMap<_, Pipeline> = BTreeMap::new();
        let mut merged = None;
        for pipeline in pipelines {
            merged = merged.or_else(|| merged_in(pipeline.reference.as_deref()?));
            let key = (pipeline.source.clone(), pipeline.reference.clone());
            if newest.get(&key).is_none_or(|known| known.id < pipeline.id) {
                newest.insert(key, pipeline);
            }
        }
        for pipeline in newest.into_values() {
            checks.attempts.insert(format!("pipeline {}", pipeline.id));
            match conclusion(&pipeline.status, false) {
                None => checks.unfinished += 1,
                Some(CheckConclusion::Failure) if statuses.is_empty() => {
                    checks.conclusions.push(CheckConclusion::Failure);
                }
                Some(_) => {}
            }
        }
        Ok(merged)
    }

    pub(crate) async fn read_failures(
        &self,
        project: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Vec<FailedCheck>, ActionError> {
        let mut statuses = self.statuses(project, commit).await?;
        for merge in self.merges_of(project, commit).await? {
            statuses.extend(self.statuses(project, &merge).await?);
        }
        statuses.retain(|status| {
            conclusion(&status.status, status.allow_failure) == Some(CheckConclusion::Failure)
        });
        statuses.sort_by(|one, other| one.name.cmp(&other.name));
        let mut failed = Vec::with_capacity(statuses.len());
        for status in statuses {
            let log = self.log_of(project, status.id).await?;
            failed.push(FailedCheck { name: status.name, url: status.target_url, log });
        }
        Ok(failed)
    }

    /// The log of a [job](https://docs.gitlab.com/api/jobs/#retrieve-a-job-log); `None` for a status of another service.
    async fn log_of(&self, project: &RepositoryName, job: u64) -> Result<Option<String>, ActionError> {
        let path = "/projects/{id}/jobs/{job_id}/trace";
        let request = self.client.get(path, &[project.as_str(), &job.to_string()]);
        let answer = self.send(project, request.header("accept", "text/plain")).await.optional()?;
        Ok(answer.map(|answer| answer.text()).filter(|text| !text.trim().is_empty()))
    }

    /// The newest status of each name.
    async fn statuses(
        &self,
        project: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Vec<Status>, ActionError> {
        let path = "/projects/{id}/repository/commits/{sha}/statuses";
        self.of_commit(path, &[project.as_str(), commit.as_str()], None, project, commit).await
    }

    async fn of_commit<T: DeserializeOwned>(
        &self,
        path: &'static str,
        values: &[&str],
        sha: Option<&CommitSha>,
        project: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Vec<T>, ActionError> {
        let load = |at: String| async move {
            let mut request = self.client.get(path, values).query("per_page", PER_PAGE).query("page", at);
            if let Some(sha) = sha {
                request = request.query("sha", sha);
            }
            let answer = self.send(project, request).await.optional()?;
            page::<T>(&answer.ok_or_else(|| not_there(format!("commit {commit} in {project}")))?, "page")
        };
        let pages = Pages::of(format!("GitLab's checks of {commit}"));
        pages.collect("1".to_owned(), usize::MAX, load).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_fail_holds_nothing_up() {
        assert_eq!(conclusion("failed", false), Some(CheckConclusion::Failure));
        assert_eq!(conclusion("failed", true), Some(CheckConclusion::Success));
        assert_eq!(conclusion("manual", true), Some(CheckConclusion::Success));
        assert_eq!(conclusion("manual", false), Some(CheckConclusion::ActionRequired));
        for goes_on in ["created", "pending", "running", "preparing", "scheduled", "waiting_for_resource"] {
            assert_eq!(conclusion(goes_on, true), None, "{goes_on}");
        }
    }
}
