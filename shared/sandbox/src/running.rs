//! One sandbox from its start to its end.

use crate::arguments::{Plan, WORKSPACE};
use crate::isolation::{Isolation, NotIsolated};
use crate::layout;
use crate::output::Output;
use domain::{ActionError, CheckEnd, CheckReport};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

/// How often the disk is looked at on which `setup` writes.
const LOOK_AT_DISK: Duration = Duration::from_millis(500);
/// How long a killed sandbox may take to be gone.
const END_LIMIT: Duration = Duration::from_secs(10);
/// The most bytes that are read from the script inside: they come from where untrusted commands run.
const MOST_TOLD: usize = 256 * 1024;
/// No more changed files are named.
const MOST_CHANGED: usize = 1_000;

/// Why a sandbox was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Time,
    Output,
    Disk,
}

/// How a sandbox ended, and its commands' output.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It did not begin.
    NotIsolated(NotIsolated),
    /// The files could not be laid out inside.
    NotLaidOut(String),
    /// Its commands ran: the index of the last one.
    Ran(usize, CheckReport),
}

/// Runs a sandbox to its end; whatever happens, none of its processes runs afterward.
///
/// # Errors
/// `Unavailable` when it cannot be watched.
pub(crate) async fn run(
    isolation: &Isolation,
    plan: &Plan<'_>,
    user: Option<u32>,
    limit: Duration,
    most_kept: u64,
) -> Result<Ended, ActionError> {
    let mut command = Command::new(&isolation.bwrap);
    command
        .args(plan.arguments())
        .env_clear()
        .envs(plan.environment())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Ok(Ended::NotIsolated(NotIsolated::of_start(&error))),
    };
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (mut output, mut told) = (Output::default(), Vec::new());
    let stop = {
        let ended = async {
            let told = async {
                read_told(stderr, &mut told).await;
                Ok(())
            };
            // The exit code of `bwrap` adds nothing to the script's report.
            let exited = async { child.wait().await.map(|_| ()).or(Ok(())) };
            // A run that writes too much is not waited for.
            tokio::try_join!(read_output(stdout, &mut output), told, exited).err()
        };
        tokio::select! {
            stop = ended => stop,
            () = tokio::time::sleep(limit) => Some(Stop::Time),
            () = fills(plan, most_kept) => Some(Stop::Disk),
        }
    };
    // It has ended by itself, or ends now, with everything inside: they share a process namespace, whose first process dies with it.
    if child.start_kill().is_ok() && tokio::time::timeout(END_LIMIT, child.wait()).await.is_err() {
        return Err(ActionError::unavailable("a sandbox does not end"));
    }
    Ok(report(plan, stop, output, &String::from_utf8_lossy(&told)))
}

/// Reads the output until it ends or is too much.
async fn read_output(stream: Option<impl AsyncRead + Unpin>, output: &mut Output) -> Result<(), Stop> {
    let Some(mut stream) = stream else { return Ok(()) };
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return Ok(()),
            Ok(count) => {
                if !output.take(buffer.get(..count).unwrap_or_default()) {
                    return Err(Stop::Output);
                }
            }
        }
    }
}

/// Reads the beginning of the script's report.
async fn read_told(stream: Option<impl AsyncRead + Unpin>, told: &mut Vec<u8>) {
    let Some(mut stream) = stream else { return };
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let room = MOST_TOLD.saturating_sub(told.len());
        told.extend(buffer.iter().take(count.min(room)));
    }
}

/// Waits until the sandbox exceeds its disk limit.
async fn fills(plan: &Plan<'_>, most: u64) {
    let Some((workspace, home)) = plan.kept else { return std::future::pending().await };
    let mut tick = tokio::time::interval(LOOK_AT_DISK);
    loop {
        tick.tick().await;
        let (workspace, home) = (workspace.to_owned(), home.to_owned());
        let size = move || layout::size(&workspace).saturating_add(layout::size(&home));
        if tokio::task::spawn_blocking(size).await.is_ok_and(|size| size > most) {
            return;
        }
    }
}

/// Its result.
fn report(plan: &Plan<'_>, stop: Option<Stop>, output: Output, told: &str) -> Ended {
    let mut lines = told.lines();
    let before: Vec<&str> = lines.by_ref().take_while(|line| *line != "ready").collect();
    let began = told.lines().any(|line| line == "ready");
    if !began {
        let words = before.join("\n");
        let is_outside = |line: &&str| line.starts_with("bwrap: ") || line.starts_with("prlimit: ");
        return match (stop, before.first()) {
            _ if before.iter().any(is_outside) => Ended::NotIsolated(NotIsolated::of_words(&words)),
            (Some(Stop::Time), _) => {
                Ended::NotLaidOut("the time was up before the files were laid out".to_owned())
            }
            (_, Some(line)) => Ended::NotLaidOut((*line).to_owned()),
            (_, None) => {
                Ended::NotLaidOut("they do not fit into what checks.disk_megabytes allows".to_owned())
            }
        };
    }
    let mut ended = None;
    let mut changed = Vec::new();
    for line in lines {
        match line.strip_prefix("ended ").filter(|_| ended.is_none()) {
            Some(rest) => {
                let (at, code) = rest.split_once(' ').unwrap_or_default();
                ended = Some((at.parse::<usize>().unwrap_or_default(), code.parse::<i32>().unwrap_or(1)));
            }
            None => changed.extend(changed_file(line)),
        }
    }
    let is_set_up = |path: &String| {
        plan.set_up.iter().any(|(_, inside)| {
            let inside = inside.strip_prefix(WORKSPACE).unwrap_or(inside).trim_start_matches('/');
            path == inside || inside.starts_with(&format!("{path}/"))
        })
    };
    changed.retain(|path| !is_set_up(path));
    changed.sort();
    changed.truncate(MOST_CHANGED);
    let last = plan.commands.len().saturating_sub(1);
    let (at, end) = match (stop, ended) {
        (_, Some((at, code))) => (at.min(last), CheckEnd::Exited(code)),
        (Some(Stop::Time), None) => (last, CheckEnd::TimedOut),
        (Some(Stop::Output), None) => (last, CheckEnd::TooMuchOutput),
        (Some(Stop::Disk), None) => (last, CheckEnd::TooMuchDisk),
        // Something inside ended even the script.
        (None, None) => (last, CheckEnd::Exited(137)),
    };
    let (last_lines, first_error) = output.finish();
    // The last command is identified by the line before its output, as far as that is kept.
    let begun =
        |line: &String| plan.commands.iter().position(|command| line.strip_prefix("$ ") == Some(*command));
    let at = match ended {
        Some(_) => at,
        None => last_lines.iter().rev().find_map(begun).unwrap_or(at),
    };
    let first_error = first_error.filter(|_| end != CheckEnd::Exited(0));
    Ended::Ran(at, CheckReport { end, last: None, first_error, last_lines, changed_files: changed })
}

/// The path in a line of `diff -rq`, from the root of the workspace.
fn changed_file(line: &str) -> Option<String> {
    if let Some(rest) = line.strip_prefix("Only in ") {
        let (folder, name) = rest.split_once(": ")?;
        let folder = folder.strip_prefix(WORKSPACE).or_else(|| folder.strip_prefix("/source"))?;
        return Some(format!("{folder}/{name}").trim_start_matches('/').to_owned());
    }
    let rest = line.strip_prefix("Files /source/").or_else(|| line.strip_prefix("File /source/"))?;
    let end = rest.find(" and /workspace/").or_else(|| rest.find(" is a "))?;
    rest.get(..end).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_diff_name_files() {
        for (line, expected) in [
            ("Files /source/src/a b.rs and /workspace/src/a b.rs differ", "src/a b.rs"),
            ("Only in /workspace: target", "target"),
            ("Only in /source/src/x: y.rs", "src/x/y.rs"),
            ("File /source/a is a regular file while file /workspace/a is a directory", "a"),
        ] {
            assert_eq!(changed_file(line).as_deref(), Some(expected), "{line}");
        }
        assert_eq!(changed_file("Only in /etc: passwd"), None);
    }
}
