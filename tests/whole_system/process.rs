//! The executable under test, as a process that ends with the test.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// How long a process may take until it prints its address.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The `ticketsmith` executable: `TICKETSMITH_EXECUTABLE`, else the one next to the test's folder.
pub(crate) fn executable() -> PathBuf {
    if let Some(path) = std::env::var_os("TICKETSMITH_EXECUTABLE") {
        return path.into();
    }
    let own = std::env::current_exe().unwrap();
    let name = format!("ticketsmith{}", std::env::consts::EXE_SUFFIX);
    let path = own.parent().and_then(Path::parent).unwrap().join(name);
    assert!(
        path.exists(),
        "{} does not exist: `cargo build` first, or name the executable in TICKETSMITH_EXECUTABLE",
        path.display()
    );
    path
}

/// A started process. It is killed when dropped, and its standard error is shown if the test fails.
pub(crate) struct Process {
    /// The first line that it printed.
    pub(crate) first_line: String,
    child: Child,
    errors: PathBuf,
    /// A process whose standard output is closed could not print anymore.
    _output: BufReader<ChildStdout>,
    /// Its temporary files, which it cannot remove when it is killed. Last: it is removed after the process has been killed.
    temporary: TempDir,
}

impl Process {
    /// Starts the executable and waits for the first line that it prints. Its standard error goes to `<name>.log` in the
    /// folder, after the leftovers of an earlier process of the name.
    pub(crate) async fn start(name: &str, folder: &Path, arguments: &[String]) -> Self {
        let errors = folder.join(format!("{name}.log"));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&errors).unwrap();
        let temporary = TempDir::new().unwrap();
        let mut child = Command::new(executable())
            .args(arguments)
            .current_dir(folder)
            .env("TMPDIR", temporary.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut first_line = String::new();
        let read = tokio::time::timeout(START_LIMIT, output.read_line(&mut first_line)).await;
        let process = Self { first_line, child, errors, _output: output, temporary };
        let bytes = read.unwrap_or_else(|_| panic!("{name} printed nothing")).unwrap();
        assert_ne!(bytes, 0, "{name} ended without a word");
        process
    }

    /// Kills it with SIGKILL and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// The folder of its temporary files, which goes when it does.
    pub(crate) fn temporary(&self) -> &Path {
        self.temporary.path()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let errors = std::fs::read_to_string(&self.errors).unwrap_or_default();
            eprintln!("-- {}\n{errors}", self.errors.display());
        }
    }
}

#[tokio::test]
async fn a_killed_process_leaves_no_temporary_files() {
    let folder = TempDir::new().unwrap();
    // A shipped world, which is unpacked among the temporary files.
    let process = Process::start("simulate", folder.path(), &["simulate", "--json"].map(str::to_owned)).await;
    let temporary = process.temporary().to_owned();
    assert!(std::fs::read_dir(&temporary).unwrap().next().is_some(), "it has temporary files");
    process.kill().await;
    assert!(!temporary.exists());
}
