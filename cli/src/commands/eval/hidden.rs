//! Hidden tests, run in a sandbox, because a model's code is untrusted.

use super::case::Case;
use crate::commands::r#try::scratch::Scratch;
use crate::exit::{Exit, Outcome};
use crate::server::checks::place_of;
use domain::configuration::ProjectChecks;
use domain::text::printable;
use domain::{CheckEnd, CheckReport, CheckRun, CheckRunner, CheckedFile};
use sandbox::Sandbox;

/// The result of the hidden tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    /// The first line that reads like an error, or how they ended.
    Failed(String),
    /// Why they were not run.
    NotRun(String),
}

/// Runs hidden tests.
pub(super) struct HiddenTests {
    sandbox: Sandbox,
    mounts: Vec<String>,
}

impl HiddenTests {
    /// Sandboxes that belong to a scratch folder.
    ///
    /// # Errors
    /// Usage where this machine cannot isolate commands; they are not run without.
    pub(super) async fn open(scratch: &Scratch, mounts: &[String]) -> Outcome<Self> {
        std::fs::create_dir_all(scratch.data()).map_err(Exit::unreachable)?;
        let place = place_of(&scratch.data()).map_err(Exit::unreachable)?;
        let sandbox = Sandbox::open(&place, &[scratch.path()])
            .map_err(|error| Exit::usage(format!("{}: {error}", place.display())))?;
        sandbox.probe().await.map_err(|error| {
            let message = error.message;
            Exit::usage(format!(
                "hidden tests run code that a model wrote, and are not run without isolation: {message}"
            ))
        })?;
        Ok(Self { sandbox, mounts: mounts.to_vec() })
    }

    /// Checks that each task's hidden tests fail on its initial state and pass on its reference, on this machine and with these toolchains.
    ///
    /// # Errors
    /// Usage for the first task that violates this.
    pub(super) async fn check(&self, cases: &[Case]) -> Outcome {
        for case in cases {
            let report = self.report(case, case.solved()).await?;
            if !report.passed() {
                return Err(Exit::usage(format!(
                    "{}: its hidden tests do not pass on its own reference, on this machine; --mount FOLDER gives them a toolchain, and --task NAME \
                     chooses tasks. They say:\n{}",
                    case.name,
                    printable(&report.last_lines.join("\n"))
                )));
            }
            if self.report(case, case.before.clone()).await?.passed() {
                return Err(Exit::usage(format!(
                    "{}: its hidden tests pass before anything is changed, so they show nothing",
                    case.name
                )));
            }
        }
        Ok(())
    }

    /// Runs them in a result.
    ///
    /// # Errors
    /// Unreachable if the sandbox can no longer run.
    pub(super) async fn run(&self, case: &Case, result: Vec<CheckedFile>) -> Outcome<Verdict> {
        let report = self.report(case, result).await?;
        if report.passed() {
            return Ok(Verdict::Passed);
        }
        let how = || match report.end {
            CheckEnd::Exited(code) => format!("exit code {code}"),
            CheckEnd::TimedOut => "the time was up".to_owned(),
            CheckEnd::TooMuchOutput => "too much output".to_owned(),
            CheckEnd::TooMuchDisk => "the disk was full".to_owned(),
        };
        Ok(Verdict::Failed(report.first_error.clone().unwrap_or_else(how)))
    }

    async fn report(&self, case: &Case, result: Vec<CheckedFile>) -> Outcome<CheckReport> {
        let checks = ProjectChecks {
            test: Some(case.command()),
            mounts: self.mounts.clone(),
            ..ProjectChecks::default()
        };
        let files = case.with_hidden(result);
        let run = CheckRun { names: vec!["test"], checks, set_up: None, files };
        self.sandbox
            .run(run)
            .await
            .map_err(|error| Exit::unreachable(format!("{}: {}", case.name, error.message)))
    }
}
