//! `read_checks`: what the checks of a pushed commit mean for its pull request.

use crate::action::{Action, Done, NoOutput};
use crate::agent::check_log::{excerpt, fingerprint, in_code};
use crate::aliases;
use crate::context::Context;
use crate::pull_request::open_from;
use crate::spec::ActionSpec;
use domain::configuration::Project;
use domain::plugins::{CheckConclusion, FailedCheck, RepositoryAccess};
use domain::text::{TextLimit, cut};
use domain::{ActionError, BranchName, CommitSha, ErrorKind, PluginType, RepositoryName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// So often the checks of one lineage of commits are fixed.
const MOST_FIXES: u32 = 3;

/// The most text of all failed checks together that an agent sees.
const MOST_SHOWN: TextLimit = TextLimit::bytes(28 * 1024);

/// How many failed checks are shown with their text.
const MOST_CHECKS: usize = 5;

/// The step's inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `owner/name` or a URL. Default: the project's repository.
    #[schemars(extend("x-aliases" = aliases::REPOSITORY))]
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The pull request's branch.
    #[schemars(extend("x-aliases" = aliases::SOURCE_BRANCH))]
    pub branch: BranchName,
    /// The branch that it goes to. Default: the pull request's own target.
    #[schemars(extend("x-aliases" = ["target_branch", "base"]))]
    #[serde(default)]
    pub base_branch: Option<BranchName>,
    /// The pull request's number.
    pub number: u64,
    /// The commit.
    pub sha: String,
    /// How its checks ended, as a wait for `checks.completed` gives it; absent when they did not in time.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// How many fixes were pushed so far. Default: 0.
    #[serde(default)]
    pub fixes: Option<u32>,
    /// `failures` of the earlier call, which reveal a fix that did not help.
    #[serde(default)]
    pub failures: Option<String>,
    /// Whether the workflow waits for checks that were started again, which have the verdict `running`. Default: false; they are `unclear`.
    #[serde(default)]
    pub awaits_running: Option<bool>,
}

// Projects have older copies of the workflow `pull_request_checks`. So a verdict that is added here is given only if an input says that the
// workflow knows it, as `awaits_running` does.
/// The meaning of a commit's checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All is well.
    Green,
    /// Something failed that can be fixed.
    Red,
    /// What failed fails at the base branch, too.
    BaseRed,
    /// What failed is what failed before the last fix.
    Repeated,
    /// Something still failed after the last allowed fix.
    Exhausted,
    /// None fails anymore, and some are not done: those that failed were started again.
    Running,
    /// There are no checks.
    None,
    /// Checks were cancelled, wait for a person, or cannot be read.
    Unclear,
    /// They were not done in time.
    Late,
    /// The pull request is closed or merged.
    Closed,
    /// The work was cut short: however the checks end, the pull request stays a draft.
    Unfinished,
}

/// What later steps can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The verdict.
    pub verdict: Verdict,
    /// The same for people, in a sentence.
    pub summary: String,
    /// The failed checks' texts, around the first error of each, without secrets; data for an agent.
    pub log: Option<String>,
    /// What failed, for the next call.
    pub failures: Option<String>,
}

/// Reads the texts of a commit's failed checks, and compares them with the base branch and with earlier failures.
///
/// # Errors
/// `Rejected` when the repository is not configured or the commit's name is invalid; the code host's errors.
pub struct ReadChecks;

impl Action for ReadChecks {
    type Input = Input;
    type Output = Output;

    const SPEC: ActionSpec = ActionSpec::of_plugin("read_checks", PluginType::VersionControl).taking(120);

    async fn run(context: &Context<'_>, input: Input) -> Result<Done<Output>, NoOutput> {
        let project = context.scope().project_of(input.repository.as_ref())?;
        let invalid = |error: domain::repository::InvalidName| ActionError::rejected(error.to_string());
        let sha: CommitSha = input.sha.parse().map_err(invalid)?;
        let said = |verdict, summary: &str| {
            let (log, failures) = (None, input.failures.clone());
            Ok(Done::for_good(Output { verdict, summary: summary.to_owned(), log, failures }))
        };
        let pulls = context.code_host(RepositoryAccess::WritePullRequests).await?;
        let Some(open) = open_from(&*pulls, project, input.number, &input.branch).await? else {
            let called = context.scope().pull_request_name(project);
            return said(Verdict::Closed, &format!("The {called} is closed or merged."));
        };
        let base = input.base_branch.clone().or_else(|| open.target.parse().ok());
        let base = base.unwrap_or_else(|| project.base_branch.clone());
        let execution = &context.scope().execution;
        if context.table().draft_of(execution).await.map_err(ActionError::from)?.is_some() {
            return said(Verdict::Unfinished, "The work was cut short by a limit of dollars.");
        }
        match input.conclusion.as_deref() {
            Some("success") => return said(Verdict::Green, "All checks passed."),
            Some("none") => {
                return said(
                    Verdict::None,
                    "No check ran within ten minutes, so nothing but a person checks it.",
                );
            }
            Some("cancelled") => {
                return said(Verdict::Unclear, "Checks were canceled, so their result is unknown.");
            }
            Some("action_required") => return said(Verdict::Unclear, "A check waits for a person."),
            Some("failure") => {}
            Some(_) => return said(Verdict::Unclear, "The code host does not report how the checks ended."),
            None => return said(Verdict::Late, "The checks were not done in time."),
        }
        let failed = failed_checks(context, project, &sha).await?;
        if failed.is_empty() {
            let (verdict, summary) = since_failure(context, project, &sha).await?;
            let verdict = match verdict {
                Verdict::Running if !input.awaits_running.unwrap_or_default() => Verdict::Unclear,
                verdict => verdict,
            };
            return said(verdict, summary);
        }
        let base_fails = failing_at_base(context, project, &base, &failed).await?;
        Ok(Done::for_good(judge(&failed, &base_fails, &base, &input)))
    }
}

/// The failed checks of a commit; without their logs if the token may not read these.
async fn failed_checks(
    context: &Context<'_>,
    project: &Project,
    sha: &CommitSha,
) -> Result<Vec<FailedCheck>, NoOutput> {
    let with_logs = context.code_host(RepositoryAccess::ReadCheckLogs).await?;
    match with_logs.failed_checks(&project.repository, sha).await {
        Err(error) if error.kind == ErrorKind::Rejected => {
            tracing::info!(%error, "logs of checks cannot be read");
            let host = context.code_host(RepositoryAccess::ReadChecks).await?;
            Ok(host.failed_checks(&project.repository, sha).await?)
        }
        other => Ok(other?),
    }
}

/// What the checks of a commit mean of which some failed, but none does now: they may have been started again.
async fn since_failure(
    context: &Context<'_>,
    project: &Project,
    sha: &CommitSha,
) -> Result<(Verdict, &'static str), NoOutput> {
    let host = context.code_host(RepositoryAccess::ReadChecks).await?;
    let checks = host.checks(&project.repository, sha).await?;
    Ok(match checks.conclusions.iter().max() {
        _ if checks.unfinished > 0 => (Verdict::Running, "Checks that failed were started again."),
        Some(CheckConclusion::Success) => (Verdict::Green, "All checks passed."),
        _ => (Verdict::Unclear, "Checks failed, but the code host does not say which."),
    })
}

/// The fingerprints of what fails at the head of the base branch; empty if that is not known.
async fn failing_at_base(
    context: &Context<'_>,
    project: &Project,
    base: &BranchName,
    failed: &[FailedCheck],
) -> Result<BTreeSet<String>, NoOutput> {
    let host = context.code_host(RepositoryAccess::ReadChecks).await?;
    let Some(head) = host.find_branch(&project.repository, base).await? else { return Ok(BTreeSet::new()) };
    let checks = host.checks(&project.repository, &head).await?;
    if !checks.conclusions.contains(&CheckConclusion::Failure) {
        return Ok(BTreeSet::new());
    }
    let names: BTreeSet<&str> = failed.iter().map(|check| check.name.as_str()).collect();
    let at_base = failed_checks(context, project, &head).await?;
    Ok(at_base.iter().filter(|check| names.contains(check.name.as_str())).map(fingerprint).collect())
}

/// What failed checks mean.
fn judge(failed: &[FailedCheck], base_fails: &BTreeSet<String>, base: &BranchName, input: &Input) -> Output {
    let (at_base, ours): (Vec<_>, Vec<_>) =
        failed.iter().partition(|check| base_fails.contains(&fingerprint(check)));
    let prints: BTreeSet<String> = ours.iter().map(|check| fingerprint(check)).collect();
    let failures = prints.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let before: BTreeSet<&str> = input.failures.as_deref().unwrap_or_default().split(' ').collect();
    let is_repeated = !prints.is_empty() && prints.iter().all(|print| before.contains(print.as_str()));
    let ours_named = names(&ours);
    let also = match at_base.is_empty() {
        true => String::new(),
        false => format!(" {} at `{base}`, too.", fail(&names(&at_base), at_base.len())),
    };
    let (verdict, summary) = match () {
        () if ours.is_empty() => (
            Verdict::BaseRed,
            format!(
                "{} here as at `{base}`, so this change did not break it.",
                fail(&names(&at_base), at_base.len())
            ),
        ),
        () if is_repeated => (
            Verdict::Repeated,
            format!("{} the same way as before the last fix.{also}", fail(&ours_named, ours.len())),
        ),
        () if input.fixes.unwrap_or_default() >= MOST_FIXES => (
            Verdict::Exhausted,
            format!("{} still, after {MOST_FIXES} fixes.{also}", fail(&ours_named, ours.len())),
        ),
        () => (Verdict::Red, format!("{}.{also}", fail(&ours_named, ours.len()))),
    };
    let shown: Vec<String> = ours.iter().take(MOST_CHECKS).map(|check| shown(check)).collect();
    let log = (!ours.is_empty())
        .then(|| cut(&format!("{}\n\n{}", names(&ours), shown.join("\n\n")), MOST_SHOWN, "\n… (cut)"));
    Output { verdict, summary, log, failures: Some(failures).filter(|failures| !failures.is_empty()) }
}

fn fail(names: &str, count: usize) -> String {
    format!("{names} {}", if count == 1 { "fails" } else { "fail" })
}

fn names(checks: &[&FailedCheck]) -> String {
    let names: Vec<String> =
        checks.iter().take(10).map(|check| format!("`{}`", in_code(&check.name))).collect();
    let more = checks.len().saturating_sub(names.len());
    let named = names.join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

fn shown(check: &FailedCheck) -> String {
    let said = check.log.as_deref().map(excerpt).filter(|said| !said.trim().is_empty());
    format!("The check `{}` failed:\n{}", check.name, said.as_deref().unwrap_or("(it says nothing)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, log: &str) -> FailedCheck {
        FailedCheck { name: name.into(), url: None, log: Some(log.into()) }
    }

    fn input(fixes: u32, failures: Option<&str>) -> Input {
        let input = serde_json::json!({
            "branch": "feature/x", "number": 7, "sha": "a", "conclusion": "failure", "fixes": fixes, "failures": failures,
        });
        serde_json::from_value(input).unwrap()
    }

    #[test]
    fn what_fails_here_alone_is_fixed_until_a_fix_does_not_help() {
        let base: BranchName = "main".parse().unwrap();
        let test = check("test", "line 3\nerror: 2 is not 3\n");
        let lint = check("lint", "error: a line is too long\n");
        let none = BTreeSet::new();
        let first = judge(&[test.clone(), lint.clone()], &none, &base, &input(0, None));
        assert_eq!((first.verdict, first.summary.as_str()), (Verdict::Red, "`test`, `lint` fail."));
        assert!(first.log.unwrap().contains("error: 2 is not 3"));
        let failures = first.failures.unwrap();
        let second = judge(std::slice::from_ref(&test), &none, &base, &input(1, Some(&failures)));
        assert_eq!(second.verdict, Verdict::Repeated);
        let other = check("test", "error: the cart is empty\n");
        let judged =
            |fixes| judge(std::slice::from_ref(&other), &none, &base, &input(fixes, Some(&failures)));
        assert_eq!(judged(1).verdict, Verdict::Red);
        assert_eq!(
            (judged(3).verdict, judged(3).summary.as_str()),
            (Verdict::Exhausted, "`test` fails still, after 3 fixes.")
        );
    }

    #[test]
    fn what_fails_at_the_base_is_not_ours() {
        let base: BranchName = "main".parse().unwrap();
        let (test, lint) = (check("test", "error: 2 is not 3\n"), check("lint", "error: too long\n"));
        let at_base = BTreeSet::from([fingerprint(&test)]);
        let judged = judge(std::slice::from_ref(&test), &at_base, &base, &input(0, None));
        assert_eq!(judged.verdict, Verdict::BaseRed);
        assert_eq!(judged.log, None);
        let judged = judge(&[test, lint], &at_base, &base, &input(0, None));
        assert_eq!(
            (judged.verdict, judged.summary.as_str()),
            (Verdict::Red, "`lint` fails. `test` fails at `main`, too.")
        );
        assert!(!judged.log.unwrap().contains("2 is not 3"));
    }
}
