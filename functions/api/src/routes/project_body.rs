//! Projects as requests have them: checked in the words of `config check`, each problem at its place.

use crate::problem::{InvalidField, Problem};
use crate::routes::configured::{check_line, checked, configuration_with, known_providers};
use crate::strict_json::pointer;
use control::Directory;
use domain::configuration::{InstanceName, Project, unknown_key};
use domain::{BranchName, PluginType, RepositoryName};
use edits::protected_path_problems;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use utoipa::ToSchema;

/// A body with the fields of a project, and perhaps others.
macro_rules! with_the_fields_of_a_project {
    ($(#[$about:meta])* $name:ident { $($others:tt)* }) => {
        #[derive(Debug, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        $(#[$about])*
        #[expect(dead_code, reason = "the schema is made of them; their values are read as those of the configuration are")]
        pub(super) struct $name {
            /// The tracker's key: `SHOP` in Jira, `owner/name` for GitHub Issues.
            #[schema(min_length = 1, max_length = 100)]
            key: String,
            /// The repository as `owner/name`.
            #[schema(min_length = 1, max_length = 500)]
            repository: String,
            /// The branch that work starts from and pull requests go to. Default: `main`.
            #[serde(default)]
            #[schema(min_length = 1, max_length = 250)]
            base_branch: Option<String>,
            /// Which provider serves each plugin type, by the service's name. A type left out is not served, and
            /// its steps are skipped.
            providers: BTreeMap<String, String>,
            /// The channel the team reads, `#name` or an id.
            #[serde(default)]
            #[schema(min_length = 1, max_length = 200)]
            channel: Option<String>,
            /// The space that pages are created in.
            #[serde(default)]
            #[schema(min_length = 1, max_length = 200)]
            space: Option<String>,
            /// Groups of the configuration file whose members may start executions, or `repository-writers`: everybody who may push. Default:
            /// `repository-writers`.
            #[serde(default)]
            #[schema(max_items = 50)]
            may_trigger: Option<Vec<String>>,
            /// The tracker's names for our statuses, if they differ by more than case, `_` and `-`.
            #[serde(default)]
            statuses: Option<BTreeMap<String, String>>,
            /// Glob patterns of files that our commits may not touch. Default: those of the configuration file.
            #[serde(default)]
            #[schema(max_items = 100)]
            protected_paths: Option<Vec<String>>,
            /// The commands that show whether a change works.
            #[serde(default)]
            checks: Option<Checks>,
            /// Before which pushes of an agent's change people are asked. Default: `untrusted`.
            #[serde(default)]
            ci_gate: Option<CiGate>,
            /// How many of our pull requests may be open at once: further tickets wait in line. Default: no limit.
            #[serde(default)]
            capacity: Option<Capacity>,
            /// The workflows with `opt_in: true` that events start in this project. Default: none.
            #[serde(default)]
            #[schema(max_items = 50)]
            workflows: Option<Vec<String>>,
            $($others)*
        }
    };
}

with_the_fields_of_a_project! {
    /// The new configuration of a project.
    #[schema(as = ProjectSettings)]
    ProjectBody {}
}

with_the_fields_of_a_project! {
    /// A project to create.
    NewProject {
        /// The requirements of the project, in words: they are planned, and become tickets once people approve the plan.
        #[serde(default)]
        #[schema(min_length = 1, max_length = 30000)]
        requirements: Option<String>,
    }
}

impl NewProject {
    /// The requirements to plan.
    pub(super) fn requirements(&mut self) -> Option<String> {
        self.requirements.take()
    }
}

/// The commands that check a change. Only the configuration file can mount folders of the machine.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProjectChecks)]
#[expect(
    dead_code,
    reason = "the schema is made of them; their values are read as those of the configuration are"
)]
struct Checks {
    /// Installs what the other commands need, with the network and without secrets.
    #[serde(default)]
    #[schema(max_length = 2000)]
    setup: Option<String>,
    /// Builds the project.
    #[serde(default)]
    #[schema(max_length = 2000)]
    build: Option<String>,
    /// Looks for mistakes without running the project.
    #[serde(default)]
    #[schema(max_length = 2000)]
    lint: Option<String>,
    /// Runs the tests.
    #[serde(default)]
    #[schema(max_length = 2000)]
    test: Option<String>,
    /// Whether the commands other than `setup` may use the network. Default: false.
    #[serde(default)]
    network: Option<bool>,
    /// The most minutes that one run may take. Default: 5.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 7)]
    minutes: Option<u32>,
    /// The most memory of one process, in megabytes. Default: 2048.
    #[serde(default)]
    #[schema(minimum = 64, maximum = 65536)]
    memory_megabytes: Option<u32>,
    /// The most space that a run may fill, in megabytes. Default: 2048.
    #[serde(default)]
    #[schema(minimum = 16, maximum = 65536)]
    disk_megabytes: Option<u32>,
    /// The most processes and threads at once. Default: 512.
    #[serde(default)]
    #[schema(minimum = 8, maximum = 32768)]
    processes: Option<u32>,
}

/// Before which pushes people are asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CiGate {
    /// Before every push of an agent's change.
    Always,
    /// Before a push whose session took in words of people who may not start work.
    Untrusted,
    /// Before none.
    Never,
}

/// How many of our pull requests may be open at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProjectCapacity)]
#[expect(
    dead_code,
    reason = "the schema is made of them; their values are read as those of the configuration are"
)]
pub(super) struct Capacity {
    /// How many of them.
    #[schema(minimum = 1, maximum = 1000)]
    open_pull_requests: u32,
    /// Whose pull requests are counted together. Default: `project`.
    #[serde(default)]
    per: Option<CapacityPer>,
}

/// Whose pull requests are counted together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CapacityPer {
    /// All of the project.
    Project,
    /// Those that one person asked for.
    Person,
    /// Those that one owner in the file `CODEOWNERS` is asked to review.
    Codeowner,
}

/// The project in a body, in place of the configured one with its key, or after the others.
///
/// # Errors
/// Invalid, with every place that is not accepted; a conflict if the existing providers are not known.
pub(super) fn project_of(directory: &Directory, body: &Value) -> Result<Project, Problem> {
    let project = read(body)?;
    let known = known_providers(directory, |_| true)?;
    let (configuration, index) = configuration_with(directory, &project);
    let problems = configuration.problems_of_project(index, known).into_iter();
    let problems = problems.chain(protected_path_problems(&project));
    let repository = configuration.repository_of(&project);
    checked(Project { repository, ..project.clone() }, problems)
}

/// Reads a body of valid shape, and checks values with their own format, such as names of repositories.
fn read(body: &Value) -> Result<Project, Problem> {
    let mut body = body.clone();
    without_nulls(&mut body);
    let mut errors = Vec::new();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    for name in ["key", "channel", "space"] {
        let Some(given) = text(name) else { continue };
        check_line(&pointer("", name), given, &mut errors);
    }
    form::<RepositoryName>("/repository", text("repository"), &mut errors);
    form::<BranchName>("/base_branch", text("base_branch"), &mut errors);
    for (plugin, name) in body["providers"].as_object().into_iter().flatten() {
        let path = pointer("/providers", plugin);
        if plugin.parse::<PluginType>().is_err() {
            let detail = unknown_key(plugin, PluginType::ALL.map(PluginType::as_str));
            errors.push(InvalidField { path, detail });
        } else {
            form::<InstanceName>(&path, name.as_str(), &mut errors);
        }
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    Project::deserialize(&body).map_err(|error| Problem::invalid_field("", error.to_string()))
}

/// Checks a value with its own format.
fn form<T: FromStr<Err: fmt::Display>>(path: &str, given: Option<&str>, errors: &mut Vec<InvalidField>) {
    if let Some(Err(error)) = given.map(str::parse::<T>) {
        errors.push(InvalidField { path: path.to_owned(), detail: error.to_string() });
    }
}

/// Null values have their defaults.
fn without_nulls(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|_, field| !field.is_null());
        fields.values_mut().for_each(without_nulls);
    }
}
