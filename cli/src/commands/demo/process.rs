//! The demo's own `simulate` and `serve`.

use crate::exit::{Exit, Outcome};
use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// How long a process may take to report its address.
const START_LIMIT: Duration = Duration::from_secs(30);

/// One of our own commands in a separate process, which ends with this one unless `keep` is set.
pub(super) struct Process {
    child: Child,
    /// The first line it printed.
    pub(super) first_line: String,
}

impl Process {
    /// Starts the command and waits for its first line of output. Its output goes to a file in `place`, which a kept process
    /// continues to write.
    pub(super) async fn start(place: &Path, keep: bool, arguments: &[&OsStr]) -> Outcome<Self> {
        let program = std::env::current_exe().map_err(Exit::unreachable)?;
        let name = arguments.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let path = place.join(format!("{name}.log"));
        let output = File::create(&path).map_err(Exit::unreachable)?;
        let errors =
            if keep { Stdio::from(output.try_clone().map_err(Exit::unreachable)?) } else { Stdio::inherit() };
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .kill_on_drop(!keep)
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
                    return Err(Exit::unreachable(format!(
                        "`{name}` ended with {status} before it was ready"
                    )));
                }
            }
        };
        let first_line = tokio::time::timeout(START_LIMIT, ready).await.map_err(|_| {
            Exit::unreachable(format!("`{name}` is not ready after {} s", START_LIMIT.as_secs()))
        })??;
        Ok(Self { child, first_line })
    }

    /// The process ID, so that people can stop it.
    pub(super) fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Ends the process.
    pub(super) async fn stop(&mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::warn!(%error, "a process had already ended");
        }
    }
}
