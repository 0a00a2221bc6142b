//! The view and permissions of a sandbox, as arguments of `bwrap`.

use domain::configuration::ProjectChecks;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The location of the files to check.
pub(crate) const WORKSPACE: &str = "/workspace";
/// Where they come from: read-only, so that what commands changed shows.
const SOURCE: &str = "/source";
/// The home of the user inside.
pub(crate) const HOME: &str = "/tmp/home";
/// The user inside, whoever it is outside.
const USER: &str = "1000";
const MEGABYTE: u64 = 1024 * 1024;

/// The system files that commands see in addition to `/usr`. They see nothing else of `/etc`.
const SYSTEM_FILES: [&str; 8] = [
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/pki",
    "/etc/ssl",
];
const NETWORK_FILES: [&str; 5] =
    ["/etc/gai.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/services"];
const SYSTEM_FOLDERS: [&str; 6] = ["/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin"];

/// The script inside. It lays out the files, runs the commands, and reports on descriptor 3, which commands do not have, that it began, which
/// command was the last and how it ended, and what differs from the files as they were. `kill` ends what commands left running.
const SCRIPT: &str = r#"exec 3>&2 2>&1
mkdir -p /tmp/home
cp -a /source/. /workspace/ 2>&3 || exit 125
echo ready >&3
cd /workspace
at=0
code=0
for command in "$@"; do
  printf '$ %s\n' "$command"
  /bin/sh -c "$command" 3>&- </dev/null
  code=$?
  [ "$code" -eq 0 ] || break
  at=$((at + 1))
done
printf 'ended %s %s\n' "$at" "$code" >&3
kill -s KILL -- -1 2>/dev/null
cd /
diff -rq --no-dereference /source /workspace >&3 2>/dev/null
exit 0
"#;

/// One sandbox.
pub(crate) struct Plan<'p> {
    /// The files, which only its user can read.
    pub(crate) source: &'p Path,
    /// Files named `passwd` and `group`, so that the user inside has a name.
    pub(crate) names: &'p Path,
    /// Where it writes, instead of memory that is gone afterward: the workspace and the home.
    pub(crate) kept: Option<(&'p Path, &'p Path)>,
    /// The read-only mounts: a path outside, and one inside.
    pub(crate) set_up: &'p [(PathBuf, String)],
    pub(crate) checks: &'p ProjectChecks,
    /// Toolchains, by their paths without links.
    pub(crate) toolchains: &'p [(String, PathBuf)],
    pub(crate) network: bool,
    pub(crate) commands: Vec<&'p str>,
}

impl Plan<'_> {
    /// The arguments of `bwrap`.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let mut all = Arguments::default();
        // Separate namespaces for everything; without one, it does not start.
        for option in ["user", "pid", "ipc", "uts"] {
            all.add([format!("--unshare-{option}")]);
        }
        all.add(["--unshare-cgroup-try", "--disable-userns", "--die-with-parent", "--new-session"]);
        all.add(["--uid", USER, "--gid", USER, "--hostname", "checks", "--cap-drop", "ALL"]);
        if !self.network {
            all.add(["--unshare-net"]);
        }
        all.bind("--ro-bind", "/usr", "/usr");
        for folder in SYSTEM_FOLDERS {
            match std::fs::read_link(folder) {
                Ok(target) => all.add([OsStr::new("--symlink"), target.as_os_str(), OsStr::new(folder)]),
                Err(_) => all.bind("--ro-bind-try", folder, folder),
            }
        }
        let network = if self.network { &NETWORK_FILES[..] } else { &[] };
        for file in SYSTEM_FILES.iter().chain(network) {
            all.bind("--ro-bind-try", file, file);
        }
        all.bind("--ro-bind", self.names.join("passwd"), "/etc/passwd");
        all.bind("--ro-bind", self.names.join("group"), "/etc/group");
        all.add(["--proc", "/proc", "--dev", "/dev"]);
        let disk = u64::from(self.checks.disk_megabytes) * MEGABYTE;
        for (size, folder) in [(64 * MEGABYTE, "/dev/shm"), (disk, "/tmp"), (disk, WORKSPACE)] {
            all.add(["--size".to_owned(), size.to_string(), "--tmpfs".to_owned(), folder.to_owned()]);
        }
        for (name, folder) in self.toolchains {
            all.bind("--ro-bind", folder, name);
        }
        if let Some((workspace, home)) = self.kept {
            all.bind("--bind", workspace, WORKSPACE);
            all.bind("--bind", home, HOME);
        }
        for (outside, inside) in self.set_up {
            all.bind("--ro-bind", outside, inside);
        }
        all.bind("--ro-bind", self.source, SOURCE);
        // These two are in memory without their own size limit.
        all.add(["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--"]);
        let limit = |name: &str, value: u64| format!("--{name}={value}");
        all.add(["/usr/bin/prlimit".to_owned()]);
        all.add([
            limit("nproc", self.checks.processes.into()),
            limit("data", u64::from(self.checks.memory_megabytes) * MEGABYTE),
            limit("fsize", disk),
            limit("nofile", 4096),
            limit("core", 0),
            limit("memlock", MEGABYTE),
        ]);
        all.add(["--", "/bin/sh", "-c", SCRIPT, "checks"]);
        all.add(self.commands.iter().copied());
        all.0
    }

    /// The environment inside: nothing of ours.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let mut search: Vec<String> = Vec::new();
        for (name, folder) in self.toolchains {
            if folder.join("bin").is_dir() {
                search.push(format!("{name}/bin"));
            }
        }
        search.extend(
            ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
                .map(str::to_owned),
        );
        vec![
            ("CI", "true".to_owned()),
            ("HOME", HOME.to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("LOGNAME", "checks".to_owned()),
            ("NO_COLOR", "1".to_owned()),
            ("PATH", search.join(":")),
            ("SHELL", "/bin/sh".to_owned()),
            ("TERM", "dumb".to_owned()),
            ("TMPDIR", "/tmp".to_owned()),
            ("USER", "checks".to_owned()),
        ]
    }
}

#[derive(Default)]
struct Arguments(Vec<OsString>);

impl Arguments {
    fn add<T: Into<OsString>>(&mut self, arguments: impl IntoIterator<Item = T>) {
        self.0.extend(arguments.into_iter().map(Into::into));
    }

    fn bind(&mut self, option: &str, outside: impl AsRef<OsStr>, inside: impl AsRef<OsStr>) {
        self.add([OsStr::new(option), outside.as_ref(), inside.as_ref()]);
    }
}
