//! `run_checks`: runs a project's own checks, for an agent or as a step.

use crate::action::{Action, Done, NoOutput};
use crate::agent::checks::{ChecksResult, check};
use crate::agent::session::{self, Commit};
use crate::aliases;
use crate::artifacts::{Implementation, Next};
use crate::context::Context;
use crate::spec::ActionSpec;
use domain::plugins::RepositoryAccess;
use domain::{ActionError, BranchName, PluginType, RepositoryName};
use records::Partition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The session of an agent that called `run_checks`, as `open_session` gave it. Then nothing else is given.
    #[serde(default)]
    pub session: Option<String>,
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = aliases::REPOSITORY))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The branch whose files are checked. Default, and if it does not exist yet: the base branch.
    #[schemars(extend("x-aliases" = aliases::SOURCE_BRANCH))]
    #[serde(default)]
    pub branch: Option<BranchName>,
    /// Edits on top of the commit that they were made from, as an agent or `generate_code_implementation` gave them; then `branch` is not
    /// read.
    #[schemars(extend("x-aliases" = ["generated_code"]))]
    #[serde(default)]
    pub implementation: Option<Implementation>,
    /// The command to run: `build`, `lint` or `test`. Default: all in order, until one fails.
    #[serde(default)]
    pub name: Option<String>,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The agent's session.
    pub session: Option<String>,
    /// What the session needs next.
    pub next: Option<Next>,
    /// Whether every command succeeded. Checks that fail do not fail the step.
    pub passed: Option<bool>,
    /// How they ended, in a sentence.
    pub summary: Option<String>,
    /// The exit code of the last command that ran; `null` if it was stopped.
    pub exit_code: Option<i32>,
    /// The first line of the output that reads like an error.
    pub first_error: Option<String>,
    /// The last 100 lines of the output, at most 12,000 characters.
    pub output: Option<String>,
    /// The files that the commands changed.
    pub changed_files: Vec<String>,
}

/// Runs the project's declared commands in the sandbox that the installation offers: on the files of an agent's session, or of a branch with
/// edits. Nothing that they do lasts.
///
/// # Errors
/// `Rejected` if the installation does not run checks, or the project declares no such command; `Unavailable` if the machine cannot isolate
/// them; the code host's errors.
pub struct RunChecks;

impl Action for RunChecks {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("run_checks", PluginType::VersionControl)
        .writing(&[Partition::Reading, Partition::Session, Partition::Stored])
        // Six minutes for `setup`, seven for commands, and what reading the repository takes.
        .taking(890);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        if let Some(session) = &input.session {
            let (report, checked) = session::run_checks(context, session).await?;
            return Ok(Done::for_good(output(Some((report.session, report.next)), checked)));
        }
        let host = context.code_host(RepositoryAccess::ReadContents).await?;
        let project = context.scope().project_of(input.repository.as_ref())?;
        let edits = context.load(input.implementation.as_ref().map(|made| &made.edits)).await?;
        let (commit, edits) = match edits {
            Some(edits) => (edits.base, edits.files),
            None => {
                let mut found = None;
                for branch in input.branch.iter().chain([&project.base_branch]) {
                    found = host.find_branch(&project.repository, branch).await?;
                    if found.is_some() {
                        break;
                    }
                }
                let commit = found.ok_or_else(|| {
                    let (repository, base) = (&project.repository, &project.base_branch);
                    ActionError::rejected(format!("{repository} has no branch `{base}`, the base branch"))
                })?;
                (commit, Vec::new())
            }
        };
        let of = Commit::new(context, project, &commit);
        let checked = check(context, &*host, of, &edits, input.name.as_deref()).await?;
        Ok(Done::for_good(output(None, Some(checked))))
    }
}

fn output(session: Option<(String, Next)>, checked: Option<ChecksResult>) -> Output {
    let (session, next) = session.unzip();
    let report = checked.as_ref().map(|checked| &checked.report);
    Output {
        session,
        next,
        passed: report.map(domain::CheckReport::passed),
        summary: checked.as_ref().map(ChecksResult::summary),
        exit_code: checked.as_ref().and_then(ChecksResult::exit_code),
        first_error: report.and_then(|report| report.first_error.clone()),
        output: checked.as_ref().map(ChecksResult::last_output),
        changed_files: report.map(|report| report.changed_files.clone()).unwrap_or_default(),
    }
}
