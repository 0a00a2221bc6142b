//! What failed checks say: the [log of a GitHub Actions job](https://docs.github.com/en/rest/actions/workflow-jobs), or what another App
//! [reported and noted on lines](https://docs.github.com/en/rest/checks/runs), or a status's description.

use crate::checks::{ACTIONS, Run, Status};
use crate::github::Github;
use domain::plugins::FailedCheck;
use domain::text::{TextLimit, cut};
use domain::{ActionError, CommitSha, ErrorKind, RepositoryName};
use serde::Deserialize;

/// This many checks are read in detail; the others are only named.
const MOST_LOGS: usize = 10;

/// The end of a longer log is kept, because jobs fail at the end.
const MOST_OF_A_LOG: usize = 1024 * 1024;

/// A report is cut at so many bytes.
const MOST_OF_A_REPORT: TextLimit = TextLimit::bytes(64 * 1024);

/// A note on lines of a file.
#[derive(Debug, Deserialize)]
struct Annotation {
    #[serde(default)]
    path: String,
    #[serde(default)]
    start_line: u64,
    #[serde(default)]
    annotation_level: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

impl Github {
    pub(crate) async fn why_checks_failed(
        &self,
        repository: &RepositoryName,
        commit: &CommitSha,
    ) -> Result<Vec<FailedCheck>, ActionError> {
        let mut failed = Vec::new();
        let runs = self.check_runs(repository, commit).await?.into_iter().filter(Run::has_failed);
        for (position, run) in runs.enumerate() {
            let log = if position < MOST_LOGS { self.words_of(repository, &run).await? } else { None };
            failed.push(FailedCheck { name: run.name, url: run.html_url, log });
        }
        let statuses = self.commit_statuses(repository, commit).await?.into_iter().filter(Status::has_failed);
        failed.extend(statuses.map(|status| FailedCheck {
            name: status.context,
            url: status.target_url,
            log: status.description,
        }));
        failed.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(failed)
    }

    async fn words_of(&self, repository: &RepositoryName, run: &Run) -> Result<Option<String>, ActionError> {
        let is_job = run.app.as_ref().and_then(|app| app.slug.as_deref()) == Some(ACTIONS);
        let log = if is_job { self.job_log(repository, run.id).await? } else { None };
        match log {
            Some(log) => Ok(Some(log)),
            None => self.report_of(repository, run).await,
        }
    }

    /// The log of a job; none if it has expired or may not be read.
    async fn job_log(&self, repository: &RepositoryName, job: u64) -> Result<Option<String>, ActionError> {
        let values = [repository.owner(), repository.name(), &job.to_string()];
        let request = self.client.get("/repos/{owner}/{name}/actions/jobs/{job}/logs", &values).downloading();
        match self.send(repository, request).await {
            Ok(answer) => Ok(Some(end_of(answer.text()))),
            Err(failure) if failure.error.kind == ErrorKind::Rejected => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn report_of(&self, repository: &RepositoryName, run: &Run) -> Result<Option<String>, ActionError> {
        let report = &run.output;
        let words = [&report.title, &report.summary, &report.text];
        let mut words: Vec<String> = words.into_iter().flatten().cloned().collect();
        if report.annotations_count > 0 {
            let values = [repository.owner(), repository.name(), &run.id.to_string()];
            let path = "/repos/{owner}/{name}/check-runs/{run}/annotations";
            let request = self.client.get(path, &values).query("per_page", crate::pages::PER_PAGE);
            let notes: Vec<Annotation> = self.send(repository, request).await?.json()?;
            words.extend(notes.into_iter().map(Annotation::line));
        }
        words.retain(|text| !text.trim().is_empty());
        Ok((!words.is_empty()).then(|| cut(&words.join("\n"), MOST_OF_A_REPORT, "\n… (cut)")))
    }
}

impl Annotation {
    fn line(self) -> String {
        let level = self.annotation_level.unwrap_or_else(|| "note".to_owned());
        let said: Vec<String> = [self.title, self.message].into_iter().flatten().collect();
        format!("{}:{}: {level}: {}", self.path, self.start_line, said.join(": "))
    }
}

/// The end of a log, from the beginning of a line on.
fn end_of(mut log: String) -> String {
    if let Some(surplus) = log.len().checked_sub(MOST_OF_A_LOG) {
        let from = log.bytes().skip(surplus).position(|byte| byte == b'\n').map_or(0, |at| surplus + at + 1);
        log.drain(..from);
    }
    log
}
