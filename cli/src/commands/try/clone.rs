//! The repository: a shallow clone without a work tree, so that nothing in it is ever run or followed.

use super::ticket::TOKEN;
use crate::environment;
use crate::exit::{Exit, Outcome};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::CheckedFile;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// How long `git` may take to clone.
const LIMIT: Duration = Duration::from_mins(10);

/// A clone.
#[derive(Debug)]
pub(in crate::commands) struct LocalClone {
    pub(super) folder: PathBuf,
    /// The branch that it has.
    pub(super) branch: String,
    /// The commit that it was cloned at.
    pub(super) commit: String,
    /// Changes in the folder that are not in the clone.
    pub(super) uncommitted: usize,
}

impl LocalClone {
    /// Clones a repository. A token is shown only to the place that it is for.
    ///
    /// # Errors
    /// Usage if there is no such repository or branch, unreachable if it takes too long or there is no `git`.
    pub(super) async fn make(
        repository: &str,
        branch: Option<&str>,
        token_for: Option<&str>,
        folder: PathBuf,
    ) -> Outcome<Self> {
        let local = Path::new(repository);
        let is_local = local.is_dir();
        let from = match is_local {
            true => file_url(&local.canonicalize().map_err(Exit::usage)?),
            false => repository.to_owned(),
        };
        let mut command = git(&folder, ["clone", "--quiet", "--no-checkout", "--depth", "1", "--no-tags"]);
        command.current_dir("/");
        if let Some(branch) = branch {
            command.args(["--branch", branch]);
        }
        command.args(["--template=", "--", &from]).arg(&folder);
        let token = environment::value(TOKEN);
        if let (Some(token), Some(site)) =
            (token, token_for.filter(|site| from.starts_with(&format!("{site}/"))))
        {
            let credentials = STANDARD.encode(format!("x-access-token:{token}"));
            // Not among the arguments, which every user of the machine can read.
            command
                .env("GIT_CONFIG_COUNT", "1")
                .env("GIT_CONFIG_KEY_0", format!("http.{site}/.extraHeader"))
                .env("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {credentials}"));
        }
        finish(command, b"")
            .await
            .map_err(|said| Exit::usage(format!("{repository} cannot be cloned: {said}")))?;
        let run = async |arguments: &[&str]| {
            finish(git(&folder, arguments), b"")
                .await
                .map(text)
                .map_err(|said| Exit::usage(format!("{repository}: {said}")))
        };
        let branch = match run(&["symbolic-ref", "--short", "HEAD"]).await {
            Ok(branch) => branch.trim().to_owned(),
            // The folder has a commit checked out instead of a branch, or `branch` is a tag.
            Err(_) => {
                run(&["update-ref", "refs/heads/detached", "HEAD"]).await?;
                run(&["symbolic-ref", "HEAD", "refs/heads/detached"]).await?;
                "detached".to_owned()
            }
        };
        let commit = run(&["rev-parse", "--verify", "HEAD"]).await;
        let commit =
            commit.map_err(|_| Exit::usage(format!("{repository} is empty: it needs a first commit")))?;
        if commit.trim().len() != 40 {
            return Err(Exit::usage(format!(
                "{repository} names its objects by SHA-256; accepted: a repository that names them by SHA-1"
            )));
        }
        // One commit without history: only its files are needed, and missing objects are not fetched.
        let tree = run(&["rev-parse", "--verify", "HEAD^{tree}"]).await?;
        let message = format!("{} as it is", commit.trim());
        let alone = run(&["commit-tree", "-m", &message, tree.trim()]).await?;
        run(&["update-ref", "HEAD", alone.trim()]).await?;
        match std::fs::remove_file(folder.join(".git/shallow")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Exit::unreachable(error));
            }
            _ => {}
        }
        let uncommitted = match is_local {
            true => {
                let mut status = git(local, ["status", "--porcelain"]);
                status.current_dir(local).env_remove("GIT_DIR");
                finish(status, b"").await.map(|listed| text(listed).lines().count()).unwrap_or_default()
            }
            false => 0,
        };
        Ok(Self { folder, branch, commit: commit.trim().to_owned(), uncommitted })
    }

    /// A new repository in a folder, with these files and one commit.
    ///
    /// # Errors
    /// Unreachable when it cannot be made.
    pub(in crate::commands) async fn of_files(folder: PathBuf, files: &[CheckedFile]) -> Outcome<Self> {
        std::fs::create_dir_all(&folder).map_err(Exit::unreachable)?;
        let branch = "main".to_owned();
        let mut clone = Self { folder, branch, commit: String::new(), uncommitted: 0 };
        clone.git(["init", "--quiet", "--template=", "--initial-branch", &clone.branch], b"").await?;
        for file in files {
            clone.put(file).await?;
        }
        let tree = clone.git(["write-tree"], b"").await?;
        let commit = clone.git(["commit-tree", "-m", "The repository as it is", tree.trim()], b"").await?;
        clone.commit = commit.trim().to_owned();
        clone.git(["update-ref", "HEAD", &clone.commit], b"").await?;
        Ok(clone)
    }

    /// Puts a file into the index, byte for byte.
    ///
    /// # Errors
    /// Unreachable with what `git` said.
    pub(super) async fn put(&self, file: &CheckedFile) -> Outcome {
        let object = self.git(["hash-object", "-w", "--no-filters", "--stdin"], &file.content).await?;
        let mode = if file.executable { "100755" } else { "100644" };
        let entry = format!("{mode},{},{}", object.trim(), file.path);
        self.git(["update-index", "--add", "--cacheinfo", &entry], b"").await.map(drop)
    }

    /// The files of the index, byte for byte; links and submodules are left out.
    ///
    /// # Errors
    /// Unreachable with what `git` said.
    pub(in crate::commands) async fn files(&self) -> Outcome<Vec<CheckedFile>> {
        let listed = self.git(["ls-files", "--stage", "-z"], b"").await?;
        // `MODE OBJECT STAGE<tab>PATH`
        let entries: Vec<(&str, &str, &str)> = listed
            .split_terminator('\0')
            .filter_map(|entry| {
                let (entry, path) = entry.split_once('\t')?;
                let mut words = entry.split(' ');
                Some((words.next()?, words.next()?, path))
            })
            .filter(|(mode, ..)| mode.starts_with("100"))
            .collect();
        let objects: String = entries.iter().map(|(_, object, _)| format!("{object}\n")).collect();
        let batch = finish(git(&self.folder, ["cat-file", "--batch"]), objects.as_bytes()).await;
        let batch = batch.map_err(|said| Exit::unreachable(format!("git: {said}")))?;
        let mut rest = batch.as_slice();
        let mut files = Vec::new();
        for (mode, object, path) in entries {
            let content = next_object(&mut rest)
                .ok_or_else(|| Exit::unreachable(format!("git: {path} ({object}) is not there")))?;
            let executable = mode == "100755";
            files.push(CheckedFile { path: path.to_owned(), content: content.to_vec(), executable });
        }
        Ok(files)
    }

    /// Runs `git` in the clone, which reads `input`.
    ///
    /// # Errors
    /// Unreachable with git's error output.
    pub(super) async fn git<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        input: &[u8],
    ) -> Outcome<String> {
        self.git_bytes(arguments, input).await.map(text)
    }

    /// The same, with the output as it is.
    ///
    /// # Errors
    /// As [`LocalClone::git`].
    pub(super) async fn git_bytes<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        input: &[u8],
    ) -> Outcome<Vec<u8>> {
        let said = finish(git(&self.folder, arguments), input).await;
        said.map_err(|said| Exit::unreachable(format!("git: {said}")))
    }
}

/// The address of a folder on this machine. `git` decodes it, so a `%` in a name is encoded.
fn file_url(folder: &Path) -> String {
    format!("file://{}", folder.display().to_string().replace('%', "%25"))
}

/// Takes the next object from what `git cat-file --batch` wrote: `OBJECT blob SIZE`, a newline, the content, and a newline.
fn next_object<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (head, content) = (rest.get(..end)?, rest.get(end + 1..)?);
    let size: usize = std::str::from_utf8(head).ok()?.rsplit(' ').next()?.parse().ok()?;
    *rest = content.get(size + 1..)?;
    content.get(..size)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// A `git` that asks nothing and runs nothing of anybody's.
fn git<A: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new("git");
    command
        .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"])
        .args(["-c", "protocol.ext.allow=never", "-c", "gc.auto=0"])
        .args(arguments)
        .current_dir(if folder.is_dir() { folder } else { Path::new("/") })
        .env("GIT_DIR", folder.join(".git"))
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_LFS_SKIP_SMUDGE", "1")
        .env("GIT_AUTHOR_NAME", "Ticketsmith")
        .env("GIT_AUTHOR_EMAIL", "try@ticketsmith.invalid")
        .env("GIT_COMMITTER_NAME", "Ticketsmith")
        .env("GIT_COMMITTER_EMAIL", "try@ticketsmith.invalid")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Its output, or its error output.
async fn finish(mut command: Command, input: &[u8]) -> Result<Vec<u8>, String> {
    let mut child = command.spawn().map_err(|error| format!("git cannot be started: {error}"))?;
    let stdin = child.stdin.take();
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A process that has ended does not read.
            let _its_status_says_why = stdin.write_all(input).await;
        }
    };
    let run = async { tokio::join!(feed, child.wait_with_output()).1 };
    let output = tokio::time::timeout(LIMIT, run)
        .await
        .map_err(|_| format!("it took more than {} s", LIMIT.as_secs()))?;
    let output = output.map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_put_in_comes_out_byte_for_byte() {
        let folder = tempfile::tempdir().unwrap();
        let file = |path: &str, content: &[u8], executable| CheckedFile {
            path: path.to_owned(),
            content: content.to_vec(),
            executable,
        };
        let files = vec![
            file(".gitattributes", b"* text eol=crlf\n*.csv working-tree-encoding=UTF-16\n", false),
            file("M\u{fc}ller, a b.csv", b"M\xfcller\r\n\0\n", false),
            file("empty", b"", false),
            file("run.sh", b"#!/bin/sh\n", true),
        ];
        let clone = LocalClone::of_files(folder.path().join("clone"), &files).await.unwrap();
        let shown = |files: &[CheckedFile]| -> Vec<_> {
            let of = |file: &CheckedFile| (file.path.clone(), file.content.clone(), file.executable);
            files.iter().map(of).collect()
        };
        assert_eq!(shown(&clone.files().await.unwrap()), shown(&files));
        let committed = clone.git(["ls-tree", "-r", "--name-only", "HEAD"], b"").await.unwrap();
        assert_eq!(committed.lines().count(), files.len());
    }

    #[tokio::test]
    async fn a_commit_that_is_on_no_branch_is_cloned() {
        let folder = tempfile::tempdir().unwrap();
        let files = [CheckedFile { path: "a".to_owned(), content: b"a\n".to_vec(), executable: false }];
        let origin = LocalClone::of_files(folder.path().join("origin #1 %41"), &files).await.unwrap();
        origin.git(["update-ref", "--no-deref", "HEAD", &origin.commit], b"").await.unwrap();
        origin.git(["update-ref", "-d", "refs/heads/main"], b"").await.unwrap();
        let path = origin.folder.to_str().unwrap();
        let clone = LocalClone::make(path, None, None, folder.path().join("clone")).await.unwrap();
        assert_eq!((clone.branch.as_str(), &clone.commit), ("detached", &origin.commit));
        let head = clone.git(["rev-parse", "refs/heads/detached^{tree}"], b"").await.unwrap();
        assert_eq!(head, origin.git(["rev-parse", "HEAD^{tree}"], b"").await.unwrap());
    }

    #[tokio::test]
    async fn a_repository_with_other_names_of_objects_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let origin = folder.path().join("origin");
        std::fs::create_dir(&origin).unwrap();
        for arguments in [
            &["init", "--quiet", "--object-format=sha256"][..],
            &["commit", "--quiet", "--allow-empty", "-m", "First"],
        ] {
            finish(git(&origin, arguments), b"").await.unwrap();
        }
        let clone = folder.path().join("clone");
        let refused = LocalClone::make(origin.to_str().unwrap(), None, None, clone).await.unwrap_err();
        assert!(refused.to_string().contains("names its objects by SHA-256"), "{refused}");
    }
}
