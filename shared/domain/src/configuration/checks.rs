//! The commands with which a project checks itself.

use super::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The commands that check a change to the project. They run in a sandbox on the machine of `ticketsmith serve`; if there
/// is none, the repository's own CI checks pushed code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ProjectChecks {
    /// Installs what the other commands need, such as `npm ci`. It runs on the base branch, with the network and without secrets, and
    /// again when a lock file of the base branch changes.
    #[serde(default)]
    pub setup: Option<String>,
    /// Builds the project.
    #[serde(default)]
    pub build: Option<String>,
    /// Looks for mistakes without running the project.
    #[serde(default)]
    pub lint: Option<String>,
    /// Runs the tests.
    #[serde(default)]
    pub test: Option<String>,
    /// Folders of this machine with toolchains, read-only under the same paths; the folder `bin` in each is searched for programs. `/usr`
    /// is always there.
    #[serde(default)]
    pub mounts: Vec<String>,
    /// Whether the commands other than `setup` may use the network, and with it every port of this machine. Default: false.
    #[serde(default)]
    pub network: bool,
    /// The most minutes that one run may take, without `setup`; at most 7. Default: 5.
    #[serde(default = "minutes")]
    #[schemars(range(min = 1, max = 7))]
    pub minutes: u32,
    /// The most memory of one process, in megabytes. Default: 2048.
    #[serde(default = "memory_megabytes")]
    #[schemars(range(min = 64, max = 65536))]
    pub memory_megabytes: u32,
    /// The most space that a run may fill, in megabytes; it is memory of the machine. Default: 2048.
    #[serde(default = "disk_megabytes")]
    #[schemars(range(min = 16, max = 65536))]
    pub disk_megabytes: u32,
    /// The most processes and threads at once. Default: 512.
    #[serde(default = "processes")]
    #[schemars(range(min = 8, max = 32768))]
    pub processes: u32,
}

fn minutes() -> u32 {
    5
}
fn memory_megabytes() -> u32 {
    2048
}
fn disk_megabytes() -> u32 {
    2048
}
fn processes() -> u32 {
    512
}

impl Default for ProjectChecks {
    fn default() -> Self {
        Self {
            setup: None,
            build: None,
            lint: None,
            test: None,
            mounts: Vec::new(),
            network: false,
            minutes: minutes(),
            memory_megabytes: memory_megabytes(),
            disk_megabytes: disk_megabytes(),
            processes: processes(),
        }
    }
}

impl ProjectChecks {
    /// The names under which commands are declared, in the order in which they run.
    pub const NAMES: [&str; 3] = ["build", "lint", "test"];

    /// The declared commands with their names, in the order in which they run.
    pub fn commands(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = Self::NAMES.into_iter().zip([&self.build, &self.lint, &self.test]);
        all.filter_map(|(name, command)| Some((name, command.as_deref()?)))
    }

    /// What is wrong with a command, and what is accepted; `None` if it is valid.
    pub fn command_problem(command: &str) -> Option<String> {
        let is_none = command.trim().is_empty() || command.contains('\0');
        is_none.then(|| "it is empty; accepted: a command of a POSIX shell".to_owned())
    }

    /// What is wrong with the path of a toolchain's folder, and what is accepted; `None` if it is valid.
    pub fn mount_problem(mount: &str) -> Option<String> {
        let reason = refused_mount(mount)?;
        Some(format!("`{mount}` {reason}; accepted: the folder of a toolchain, such as /opt/node"))
    }

    /// All problems, each at a place below `checks`.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.commands().next().is_none() {
            let message = format!("no command is declared; declare one of {}", Self::NAMES.join(", "));
            problems.push(Problem::new([], message));
        }
        let setup = self.setup.as_deref().map(|command| ("setup", command));
        for (name, command) in self.commands().chain(setup) {
            problems.extend(Self::command_problem(command).map(|message| Problem::new([name], message)));
        }
        for (index, mount) in self.mounts.iter().enumerate() {
            let place = index.to_string();
            problems
                .extend(Self::mount_problem(mount).map(|message| Problem::new(["mounts", &place], message)));
        }
        let bounds = [
            ("minutes", self.minutes, 1, 7),
            ("memory_megabytes", self.memory_megabytes, 64, 65_536),
            ("disk_megabytes", self.disk_megabytes, 16, 65_536),
            ("processes", self.processes, 8, 32_768),
        ];
        for (name, value, least, most) in bounds {
            if !(least..=most).contains(&value) {
                let message = format!("{value} is out of range; accepted: numbers from {least} up to {most}");
                problems.push(Problem::new([name], message));
            }
        }
        problems
    }
}

/// Folders that contain more than a toolchain, or that the sandbox provides itself.
const NO_TOOLCHAINS: [&str; 12] =
    ["/", "/dev", "/etc", "/home", "/proc", "/root", "/run", "/source", "/sys", "/tmp", "/var", "/workspace"];

/// Why a folder cannot be mounted.
fn refused_mount(mount: &str) -> Option<&'static str> {
    let path = mount.trim_end_matches('/');
    let path = if path.is_empty() { "/" } else { path };
    if !path.starts_with('/') {
        return Some("is not an absolute path");
    }
    if path.contains('\0')
        || path.split('/').skip(1).any(|part| matches!(part, "" | "." | "..")) && path != "/"
    {
        return Some("is not written plainly");
    }
    let own = ["/proc/", "/sys/", "/dev/", "/run/", "/tmp/", "/workspace/", "/source/"];
    if NO_TOOLCHAINS.contains(&path) || own.iter().any(|folder| path.starts_with(folder)) {
        return Some("holds more than a toolchain");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_have_an_order_and_everything_else_a_default() {
        let checks: ProjectChecks =
            serde_json::from_value(serde_json::json!({"test": "npm test", "build": "npm run build"}))
                .unwrap();
        assert_eq!(checks.commands().collect::<Vec<_>>(), [("build", "npm run build"), ("test", "npm test")]);
        assert_eq!((checks.minutes, checks.network, checks.problems()), (5, false, vec![]));
        // What is stored may have keys of a later version; files and requests are checked by the schema.
        let later: ProjectChecks =
            serde_json::from_value(serde_json::json!({"test": "npm test", "later": 1})).unwrap();
        assert_eq!(later.test.as_deref(), Some("npm test"));
        assert_eq!(schemars::schema_for!(ProjectChecks).get("additionalProperties"), Some(&false.into()));
    }

    #[test]
    fn what_cannot_work_is_named_at_its_place() {
        let checks = ProjectChecks {
            setup: Some(" ".into()),
            mounts: vec![
                "/opt/node".into(),
                "node".into(),
                "/".into(),
                "/opt/../etc".into(),
                "/proc/1".into(),
            ],
            minutes: 8,
            processes: 0,
            ..ProjectChecks::default()
        };
        let places: Vec<_> = checks.problems().into_iter().map(|problem| problem.pointer).collect();
        let expected =
            ["", "/setup", "/mounts/1", "/mounts/2", "/mounts/3", "/mounts/4", "/minutes", "/processes"];
        assert_eq!(places, expected);
    }
}
