//! `ticketsmith.yaml`: the configuration file, validated as a whole. It names secrets but never contains them.

mod accounts;
mod at_work;
mod capacity;
mod check;
mod checks;
mod ci_gate;
mod names;
mod notice;
mod people;
mod plugins;
mod problem;
mod project_problems;
mod rate;
mod secret_name;
mod serving;
mod sign_in;
mod statuses;

pub use accounts::unknown_key;
pub use at_work::AtWork;
pub use capacity::{Capacity, CapacityPer};
pub use checks::ProjectChecks;
pub use ci_gate::CiGate;
pub use names::{InstanceName, ProviderId};
pub use notice::Notice;
pub use people::{OPERATOR, Role, Roles, User};
pub use plugins::{Instance, SECTION_KEYS, Section};
pub use problem::Problem;
pub use project_problems::NO_PROVIDERS;
pub use rate::Rate;
pub use secret_name::secret_id;
pub use serving::{KnownAccount, KnownProvider, repository_problem, server_problem, unknown_provider};
pub use sign_in::{SignIn, SignInGithub, SignInOidc};
pub use statuses::same_status;

use crate::action::PluginType;
use crate::money::MicroUsd;
use crate::repository::{BranchName, RepositoryName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The whole file. Unknown keys are rejected everywhere; in projects by the reader of a file or a request, because stored projects may
/// have keys of a later version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// The projects: each maps a tracker's project to a repository.
    pub projects: Vec<Project>,
    /// The providers in use, by names that `projects` refers to. If the name is not the provider's own, its section has the key
    /// `provider`. The list of providers defines what each section accepts.
    #[serde(default, deserialize_with = "plugins::sections")]
    pub plugins: BTreeMap<InstanceName, Section>,
    /// How deliveries are accepted.
    #[serde(default)]
    pub webhooks: Webhooks,
    /// How people sign in to the API.
    #[serde(default, skip_serializing_if = "SignIn::is_empty")]
    pub sign_in: SignIn,
    /// Spending limits.
    #[serde(default)]
    pub budgets: Budgets,
    /// The subjects of direct messages in the chat, unless people choose with `notify`: `approval`, `limit`, `failed`, `done`.
    /// Default: nothing.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub notify: BTreeSet<Notice>,
    /// How many executions are at work at once.
    #[serde(default)]
    pub at_work: AtWork,
    /// Named lists of people, by the names under `users`.
    #[serde(default)]
    pub groups: BTreeMap<String, Vec<String>>,
    /// People and their accounts at each service.
    #[serde(default)]
    pub users: Vec<User>,
}

/// One project: a tracker's project and the repository its tickets are about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Project {
    /// The tracker's key: `SHOP` in Jira, `owner/name` for GitHub Issues.
    pub key: String,
    /// The repository as `owner/name`.
    pub repository: RepositoryName,
    /// The branch that work starts from and pull requests go to. Default: `main`.
    #[serde(default = "main_branch")]
    pub base_branch: BranchName,
    /// Which provider serves each plugin type, by its name under `plugins`; a type left out is not served, and its steps are skipped.
    #[serde(default)]
    pub providers: BTreeMap<PluginType, InstanceName>,
    /// The channel the team reads, `#name` or an id.
    #[serde(default)]
    pub channel: Option<String>,
    /// The space that pages are created in.
    #[serde(default)]
    pub space: Option<String>,
    /// Groups whose members may start executions, or `repository-writers`: everybody who may push. Default:
    /// `repository-writers`.
    #[serde(default = "repository_writers")]
    pub may_trigger: Vec<String>,
    /// The tracker's names for our statuses, if they differ by more than case, `_` and `-`.
    #[serde(default)]
    pub statuses: BTreeMap<String, String>,
    /// Glob patterns of files that our commits may not touch; `infra/` is everything in that folder. Default: `.circleci/**`, `.github/**`,
    /// `.gitlab-ci.yml`, `.gitmodules`, `**/.gitattributes`, `**/Dockerfile`, `Jenkinsfile`.
    #[serde(default = "protected_paths")]
    pub protected_paths: Vec<String>,
    /// The commands that show whether a change works, such as `test: npm test`: agents run them with `run_checks`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checks: Option<ProjectChecks>,
    /// Before which pushes of an agent's change people are asked: `always`, `untrusted` or `never`. `untrusted` are those whose session
    /// took in words of people who may not start work, since the last approved change. Default: `untrusted`.
    #[serde(default)]
    pub ci_gate: CiGate,
    /// How many of our pull requests may be open at once, so that reviewers keep up: further tickets wait in line before an agent begins.
    /// Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// The workflows with `opt_in: true` that events start in this project, such as `code_review`. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workflows: Vec<String>,
}

/// The word under `may_trigger` that allows everyone who may push to the repository.
pub const REPOSITORY_WRITERS: &str = "repository-writers";

fn main_branch() -> BranchName {
    #[expect(clippy::expect_used, reason = "`main` is a legal branch name")]
    "main".parse().expect("legal")
}

fn repository_writers() -> Vec<String> {
    vec![REPOSITORY_WRITERS.to_owned()]
}

/// The patterns under `protected_paths`, unless a project has its own.
pub const PROTECTED_PATHS: [&str; 7] = [
    ".circleci/**",
    ".github/**",
    ".gitlab-ci.yml",
    ".gitmodules",
    "**/.gitattributes",
    "**/Dockerfile",
    "Jenkinsfile",
];

fn protected_paths() -> Vec<String> {
    PROTECTED_PATHS.map(str::to_owned).to_vec()
}

/// How deliveries are accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// The secret's name; it holds the signing secrets `{"jira": …, "github": …, "slack": …}`, by the names in the webhooks' paths,
    /// and no token of a provider.
    #[serde(default = "signing_secret")]
    pub secret: String,
    /// The bot's name in comments. Default: `@ticketsmith`.
    #[serde(default = "mention")]
    pub mention: String,
    /// The slash command. Default: `/ticketsmith`.
    #[serde(default = "command")]
    pub command: String,
    /// The bot's own ids, whose events are ignored, by the names of senders or of their instances under `plugins`: a Jira account
    /// id, a GitHub login, a Slack user id. Jira and GitHub are asked for their own where it is left out, and Slack says it with every
    /// mention.
    #[serde(default)]
    pub own_accounts: BTreeMap<InstanceName, String>,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            secret: signing_secret(),
            mention: mention(),
            command: command(),
            own_accounts: BTreeMap::new(),
        }
    }
}

fn signing_secret() -> String {
    "ticketsmith/signing".into()
}
fn mention() -> String {
    "@ticketsmith".into()
}
fn command() -> String {
    "/ticketsmith".into()
}

/// Spending limits for models, in dollars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budgets {
    /// For one ticket, ever. Default: 10.
    #[serde(default = "per_task")]
    pub per_task_usd: f64,
    /// For one person in one calendar month (UTC). Default: 500.
    #[serde(default = "per_month")]
    pub per_user_month_usd: f64,
    /// For one project in one calendar month (UTC). Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_project_month_usd: Option<f64>,
    /// For one workflow in one calendar month (UTC), all projects together. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_workflow_month_usd: Option<f64>,
    /// After how many hours without an answer a run that a limit stopped ends as a draft. Default: 72.
    #[serde(default = "draft_after")]
    pub draft_after_hours: u16,
    /// How many revisions of one ticket's pull request may begin within 24 hours, which stops bots that answer each other.
    /// Default: 20.
    #[serde(default = "revisions")]
    pub revisions_per_task_day: u32,
    /// At which percentages of a limit people are alerted. Default: 50, 80, 100.
    #[serde(default = "alerts")]
    pub alert_at_percent: Vec<u8>,
}

impl Budgets {
    /// The limit of one ticket.
    pub fn per_task(&self) -> MicroUsd {
        MicroUsd::from_usd_rounded_up(self.per_task_usd)
    }

    /// The limit of one person's calendar month.
    pub fn per_user_month(&self) -> MicroUsd {
        MicroUsd::from_usd_rounded_up(self.per_user_month_usd)
    }

    /// The limit of one project's calendar month, if there is one.
    pub fn per_project_month(&self) -> Option<MicroUsd> {
        self.per_project_month_usd.map(MicroUsd::from_usd_rounded_up)
    }

    /// The limit of one workflow's calendar month, if there is one.
    pub fn per_workflow_month(&self) -> Option<MicroUsd> {
        self.per_workflow_month_usd.map(MicroUsd::from_usd_rounded_up)
    }
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            per_task_usd: per_task(),
            per_user_month_usd: per_month(),
            per_project_month_usd: None,
            per_workflow_month_usd: None,
            draft_after_hours: draft_after(),
            revisions_per_task_day: revisions(),
            alert_at_percent: alerts(),
        }
    }
}

fn per_task() -> f64 {
    10.0
}
fn per_month() -> f64 {
    500.0
}
fn draft_after() -> u16 {
    72
}
fn revisions() -> u32 {
    20
}
fn alerts() -> Vec<u8> {
    vec![50, 80, 100]
}

impl Configuration {
    /// The project with this key; keys are compared ignoring case.
    pub fn project(&self, key: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.key.eq_ignore_ascii_case(key))
    }

    /// The project with this repository.
    pub fn project_of_repository(&self, repository: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.repository.as_str().eq_ignore_ascii_case(repository))
    }
}
