//! Whether this machine can isolate commands, and what to do if not.

use std::fmt;
use std::path::{Path, PathBuf};

/// Users of sandboxes where we are root: limits of processes do not bind root, and these own nothing.
const USERS: std::ops::Range<u32> = 64_900..65_000;

/// What isolates commands on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Isolation {
    /// Where `bwrap` is.
    pub(crate) bwrap: PathBuf,
    /// The users that sandboxes run as, one each; none if they run as ourselves.
    pub(crate) users: Vec<u32>,
}

/// Why commands cannot be isolated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotIsolated {
    /// The problem.
    pub problem: String,
    /// The fix.
    pub fix: &'static str,
}

const INSTALL: &str =
    "install bubblewrap 0.8 or later, such as with `apt install bubblewrap` or `dnf install bubblewrap`";
const TOOLS: &str = "install util-linux and diffutils";
const NAMESPACES: &str = "allow user namespaces: `sysctl -w kernel.unprivileged_userns_clone=1` on older Debian; on Ubuntu 24.04 and later an AppArmor \
profile for /usr/bin/bwrap with `userns,`, or `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`; in a container, run it with user \
namespaces allowed and /proc unmasked; under systemd, without RestrictNamespaces";
const LINUX: &str = "run `ticketsmith serve` on Linux, also in a virtual machine";

impl fmt::Display for NotIsolated {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}; {}", self.problem, self.fix)
    }
}

impl Isolation {
    /// Finds the required programs. Only a sandbox shows whether the kernel allows it: [`Sandbox::probe`](crate::Sandbox::probe).
    ///
    /// # Errors
    /// What is missing.
    pub fn find() -> Result<Self, NotIsolated> {
        if !cfg!(target_os = "linux") {
            let problem = "commands are isolated on Linux only".to_owned();
            return Err(NotIsolated { problem, fix: LINUX });
        }
        let search = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = std::env::split_paths(&search)
            .chain(["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from))
            .filter(|folder| folder.is_absolute())
            .collect();
        let bwrap = folders.iter().map(|folder| folder.join("bwrap")).find(|path| path.is_file());
        let bwrap =
            bwrap.ok_or_else(|| NotIsolated { problem: "there is no `bwrap`".into(), fix: INSTALL })?;
        for tool in ["cp", "diff", "prlimit", "sh"] {
            if !["/usr/bin", "/bin"].iter().any(|folder| Path::new(folder).join(tool).exists()) {
                return Err(NotIsolated { problem: format!("there is no `{tool}` in /usr/bin"), fix: TOOLS });
            }
        }
        Ok(Self { bwrap, users: if is_root() { USERS.collect() } else { Vec::new() } })
    }
}

impl NotIsolated {
    /// The meaning of the error of a `bwrap` that could not start its sandbox.
    pub(crate) fn of_words(words: &str) -> Self {
        let line = words.lines().find(|line| line.starts_with("bwrap: ")).or_else(|| words.lines().next());
        let line: String = line.unwrap_or("bwrap said nothing").chars().take(300).collect();
        let fix = match line.contains("Unknown option") {
            true => INSTALL,
            false => NAMESPACES,
        };
        Self { problem: format!("commands cannot be isolated: {line}"), fix }
    }

    /// The meaning of a `bwrap` that could not be started itself.
    pub(crate) fn of_start(error: &std::io::Error) -> Self {
        let fix = "run `ticketsmith serve` as a separate user, or as root with the capabilities to become another user";
        Self { problem: format!("bwrap cannot be started: {error}"), fix }
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_own_fix() {
        let old = NotIsolated::of_words("bwrap: Unknown option --size\n");
        assert!(old.to_string().contains("Unknown option --size; install bubblewrap 0.8"), "{old}");
        let forbidden = NotIsolated::of_words("bwrap: setting up uid map: Permission denied\n");
        assert!(forbidden.to_string().contains("Permission denied; allow user namespaces"), "{forbidden}");
    }
}
