//! Check suites, check runs and statuses.

use serde_json::{Value, json};

use super::{super::failure::Failure, moment, node_id};
use crate::github::state::{CommitStatus, Repository, State};
use crate::github::suites::{CheckRun, CheckSuite};

/// The App whose check runs are jobs.
pub(in crate::github) const ACTIONS: &str = "github-actions";

impl State {
    /// A check suite as the API shows it.
    pub(in crate::github) fn check_suite(
        &self,
        repository: &Repository,
        suite: &CheckSuite,
    ) -> Result<Value, Failure> {
        let mut shown = self.told_check_suite(repository, suite)?;
        shown["repository"] = self.repository(repository);
        Ok(shown)
    }

    /// A check suite as a webhook shows it.
    pub(in crate::github) fn told_check_suite(
        &self,
        repository: &Repository,
        suite: &CheckSuite,
    ) -> Result<Value, Failure> {
        let commit = repository.git.read_commit(&suite.sha)?;
        let url = format!("{}/check-suites/{}", self.api(repository), suite.id);
        let person = |name: &str, email: &str| json!({ "name": name, "email": email });
        Ok(json!({
            "id": suite.id,
            "node_id": node_id("CheckSuite", suite.id),
            "head_branch": suite.branch,
            "head_sha": suite.sha,
            "status": suite.status(),
            "conclusion": suite.conclusion(),
            "url": url,
            "before": commit.parents.first(),
            "after": suite.sha,
            "pull_requests": [],
            "app": self.check_app(&suite.app, suite),
            "created_at": moment(suite.created_at),
            "updated_at": moment(suite.created_at),
            "latest_check_runs_count": suite.runs.len(),
            "check_runs_url": format!("{url}/check-runs"),
            "rerequestable": true,
            "runs_rerequestable": true,
            "head_commit": {
                "id": commit.sha,
                "tree_id": commit.tree,
                "message": commit.message,
                "timestamp": moment(commit.author.date),
                "author": person(&commit.author.name, &commit.author.email),
                "committer": person(&commit.committer.name, &commit.committer.email),
            },
        }))
    }

    /// A check run as the API shows it.
    pub(in crate::github) fn check_run(
        &self,
        repository: &Repository,
        suite: &CheckSuite,
        run: &CheckRun,
    ) -> Value {
        let url = format!("{}/check-runs/{}", self.api(repository), run.id);
        let page = format!("{}/runs/{}", self.web(repository), run.id);
        // A job's output is only in its log.
        let report = run.log.as_deref().filter(|_| suite.app != ACTIONS);
        json!({
            "id": run.id,
            "node_id": node_id("CheckRun", run.id),
            "head_sha": suite.sha,
            "name": run.name,
            "url": url,
            "html_url": page,
            "details_url": page,
            "status": if run.conclusion.is_some() { "completed" } else { "in_progress" },
            "conclusion": run.conclusion,
            "started_at": moment(run.at),
            "completed_at": run.conclusion.as_ref().map(|_| moment(run.at)),
            "external_id": "",
            "check_suite": { "id": suite.id },
            "output": {
                "title": report.map(|_| &run.name),
                "summary": report,
                "text": null,
                "annotations_count": run.annotations.len(),
                "annotations_url": format!("{url}/annotations"),
            },
            "app": self.check_app(&suite.app, suite),
            "pull_requests": [],
        })
    }

    /// A run of a workflow as the API shows it.
    pub(in crate::github) fn workflow_run(
        &self,
        repository: &Repository,
        suite: &CheckSuite,
    ) -> Result<Value, Failure> {
        let url = format!("{}/actions/runs/{}", self.api(repository), suite.id);
        let page = format!("{}/actions/runs/{}", self.web(repository), suite.id);
        let told = self.told_check_suite(repository, suite)?;
        Ok(json!({
            "id": suite.id,
            "node_id": node_id("WorkflowRun", suite.id),
            "name": "ci",
            "display_title": "ci",
            "path": ".github/workflows/ci.yml",
            "head_branch": suite.branch,
            "head_sha": suite.sha,
            "run_number": 1,
            "run_attempt": 1,
            "event": "push",
            "status": suite.status(),
            "conclusion": suite.conclusion(),
            "workflow_id": 1,
            "url": url,
            "html_url": page,
            "pull_requests": [],
            "created_at": moment(suite.created_at),
            "updated_at": moment(suite.created_at),
            "jobs_url": format!("{url}/jobs"),
            "logs_url": format!("{url}/logs"),
            "check_suite_url": told["url"],
            "artifacts_url": format!("{url}/artifacts"),
            "cancel_url": format!("{url}/cancel"),
            "rerun_url": format!("{url}/rerun"),
            "workflow_url": format!("{}/actions/workflows/1", self.api(repository)),
            "head_commit": told["head_commit"],
            "repository": self.repository(repository),
            "head_repository": self.repository(repository),
        }))
    }

    /// A job of a run as the API shows it.
    pub(in crate::github) fn job(
        &self,
        repository: &Repository,
        suite: &CheckSuite,
        run: &CheckRun,
    ) -> Value {
        let url = format!("{}/actions/jobs/{}", self.api(repository), run.id);
        json!({
            "id": run.id,
            "node_id": node_id("Job", run.id),
            "run_id": suite.id,
            "run_url": format!("{}/actions/runs/{}", self.api(repository), suite.id),
            "head_sha": suite.sha,
            "head_branch": suite.branch,
            "workflow_name": "ci",
            "name": run.name,
            "url": url,
            "html_url": format!("{}/actions/runs/{}/job/{}", self.web(repository), suite.id, run.id),
            "status": if run.conclusion.is_some() { "completed" } else { "in_progress" },
            "conclusion": run.conclusion,
            "created_at": moment(run.at),
            "started_at": moment(run.at),
            "completed_at": run.conclusion.as_ref().map(|_| moment(run.at)),
            "check_run_url": format!("{}/check-runs/{}", self.api(repository), run.id),
            "labels": ["ubuntu-latest"],
            "runner_id": 1,
            "runner_name": "runner",
            "runner_group_id": 1,
            "runner_group_name": "runners",
            "steps": [],
        })
    }

    /// The status of a commit as the API shows it.
    pub(in crate::github) fn status(&self, repository: &Repository, status: &CommitStatus) -> Value {
        json!({
            "id": status.id,
            "node_id": node_id("StatusContext", status.id),
            "state": status.state,
            "context": status.context,
            "description": null,
            "target_url": null,
            "avatar_url": null,
            "url": format!("{}/statuses/{}", self.api(repository), status.sha),
            "created_at": moment(status.at),
            "updated_at": moment(status.at),
        })
    }

    fn check_app(&self, slug: &str, suite: &CheckSuite) -> Value {
        let page = format!("{}/apps/{slug}", self.address);
        json!({
            "id": 15_368,
            "slug": slug,
            "node_id": node_id("App", 15_368),
            "owner": self.user(slug),
            "name": slug,
            "description": null,
            "external_url": page,
            "html_url": page,
            "created_at": moment(suite.created_at),
            "updated_at": moment(suite.created_at),
            "permissions": { "checks": "write", "metadata": "read" },
            "events": [],
        })
    }
}
