//! A sandbox in a folder of its own.

use domain::configuration::ProjectChecks;
use domain::{CheckReport, CheckRun, CheckRunner, CheckedFile};
use sandbox::Sandbox;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub(crate) struct World {
    /// Where everybody may look, if they get here: permissions alone keep nobody out.
    pub(crate) place: TempDir,
    pub(crate) sandbox: Sandbox,
    pub(crate) checks: ProjectChecks,
}

impl World {
    /// `None`, and a record of it, where this machine cannot isolate commands.
    pub(crate) async fn open(what: &str) -> Option<Self> {
        let place = tempfile::Builder::new().prefix("sandbox-test-").tempdir_in("/tmp").unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let data = place.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let sandbox = Sandbox::open(&place.path().join("checks"), &[&data]).unwrap();
        if let Err(error) = sandbox.probe().await {
            test_inputs::skip(&format!("run_checks: {what}"), &error.message);
            return None;
        }
        let checks =
            ProjectChecks { minutes: 1, disk_megabytes: 16, processes: 64, ..ProjectChecks::default() };
        Some(Self { place, sandbox, checks })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Runs a command on these files.
    pub(crate) async fn run(&self, command: &str, files: &[(&str, &str)]) -> CheckReport {
        let checks = ProjectChecks { test: Some(command.to_owned()), ..self.checks.clone() };
        let run = CheckRun { names: vec!["test"], checks, set_up: None, files: laid_out(files) };
        self.sandbox.run(run).await.unwrap()
    }

    /// Nothing of a run is left on the disk.
    pub(crate) fn assert_nothing_left(&self) {
        let left: Vec<_> = std::fs::read_dir(self.path("checks/runs")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

pub(crate) fn laid_out(files: &[(&str, &str)]) -> Vec<CheckedFile> {
    let file = |(path, content): &(&str, &str)| CheckedFile {
        path: (*path).to_owned(),
        content: content.as_bytes().to_vec(),
        executable: path.ends_with(".sh"),
    };
    files.iter().map(file).collect()
}

pub(crate) fn text(report: &CheckReport) -> String {
    report.last_lines.join("\n")
}

/// The processes of this machine with a word in their command line.
pub(crate) fn processes_with(word: &str) -> usize {
    let of = |entry: std::io::Result<std::fs::DirEntry>| {
        let line = std::fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        String::from_utf8_lossy(&line).contains(word).then_some(())
    };
    std::fs::read_dir(Path::new("/proc")).unwrap().filter_map(of).count()
}
