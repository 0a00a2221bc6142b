//! The demo's own `simulate` and `serve`.

use crate::exit::{Exit, Outcome};
use crate::parent;
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

/// The variable that says where temporary files go.
const TEMPORARY_FILES: &str = if cfg!(windows) { "TMP" } else { "TMPDIR" };

/// How long a process may take to report its address.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How long a process may take to end when it is asked to.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// One of our own commands in a separate process, which ends with this one, even a killed one, unless it is [kept](Self::keep).
pub(super) struct Process {
    child: Child,
    /// Its standard error.
    errors: PathBuf,
    /// The first line it printed.
    pub(super) first_line: String,
}

impl Process {
    /// Starts the command and waits for its first line of output. Its output and its temporary files go to `place`, which a kept process
    /// continues to use.
    pub(super) async fn start(place: &Path, arguments: &[&OsStr]) -> Outcome<Self> {
        let program = std::env::current_exe().map_err(Exit::unreachable)?;
        let name = arguments.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let path = place.join(format!("{name}.log"));
        let output = File::create(&path).map_err(Exit::unreachable)?;
        let errors = path.with_extension("errors.log");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env(TEMPORARY_FILES, place)
            .env(parent::VARIABLE, parent::STANDARD_INPUT)
            // Held open by the handle, and closed by the system when this process is killed.
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(File::create(&errors).map_err(Exit::unreachable)?)
            .kill_on_drop(true);
        // A terminal's Ctrl-C is for the demo, which ends its processes in order.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command
            .spawn()
            .map_err(|error| Exit::unreachable(format!("`{name}` does not start: {error}")))?;
        let ready = async {
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            loop {
                tick.tick().await;
                let printed = std::fs::read_to_string(&path).map_err(Exit::unreachable)?;
                if let Some((line, _)) = printed.split_once('\n') {
                    return Ok(line.to_owned());
                }
                if let Some(status) = child.try_wait().map_err(Exit::unreachable)? {
                    let said = std::fs::read_to_string(&errors).unwrap_or_default();
                    let ended =
                        format!("`{name}` ended with {status} before it was ready\n{}", said.trim_end());
                    // What it refuses was given to this command.
                    return Err(match status.code() {
                        Some(2) => Exit::usage(ended),
                        _ => Exit::unreachable(ended),
                    });
                }
            }
        };
        let first_line = tokio::time::timeout(START_LIMIT, ready).await.map_err(|_| {
            Exit::unreachable(format!("`{name}` is not ready after {} s", START_LIMIT.as_secs()))
        })??;
        Ok(Self { child, errors, first_line })
    }

    /// The process ID, so that people can stop it.
    pub(super) fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Lets the process live on after this one.
    pub(super) async fn keep(mut self) {
        if let Some(mut input) = self.child.stdin.take() {
            let _it_may_have_ended = input.write_all(parent::KEEP).await;
        }
        // Dropping the handle would kill the process.
        std::mem::forget(self.child);
    }

    /// Asks the process to end, so that it can clean up, and kills it if it does not; prints its standard error.
    pub(super) async fn stop(mut self) {
        self.end().await;
        eprint!("{}", std::fs::read_to_string(&self.errors).unwrap_or_default());
    }

    async fn end(&mut self) {
        #[cfg(unix)]
        if let Some(id) = self.child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
            let _it_may_have_ended = rustix::process::kill_process(id, rustix::process::Signal::TERM);
            if tokio::time::timeout(STOP_LIMIT, self.child.wait()).await.is_ok() {
                return;
            }
        }
        if let Err(error) = self.child.kill().await {
            tracing::warn!(%error, "a process had already ended");
        }
    }
}
