//! A project's own checks on a commit with edits: the files, the cache key of `setup`, and the results in words.

use super::session::Commit;
use crate::context::Context;
use domain::configuration::{Project, ProjectChecks};
use domain::plugins::{FileContent, TreeEntry, TreeEntryKind, VersionControl};
use domain::{ActionError, CheckEnd, CheckReport, CheckRun, CheckedFile, CommitSha};
use edits::{FileEdit, check_path};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A tool's answer is cut beyond its limit at its end; of a long output, the end matters.
const MOST_OUTPUT: usize = 12_000;
/// No more changed files are named.
const MOST_NAMED: usize = 50;

/// Files that say which versions of other packages a project uses: `setup` runs again when one of them changes.
const LOCK_FILES: [&str; 22] = [
    "Cargo.lock",
    "Gemfile.lock",
    "Package.resolved",
    "Pipfile.lock",
    "bun.lock",
    "bun.lockb",
    "composer.lock",
    "flake.lock",
    "go.sum",
    "gradle.lockfile",
    "mix.lock",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "packages.lock.json",
    "pdm.lock",
    "pixi.lock",
    "pnpm-lock.yaml",
    "poetry.lock",
    "pubspec.lock",
    "requirements.txt",
    "uv.lock",
    "yarn.lock",
];

/// What checks came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChecksResult {
    /// The output of the commands, or of `setup` if that failed.
    pub report: CheckReport,
    /// The names of the commands that were to run.
    names: Vec<&'static str>,
    minutes: u32,
    /// Files of the repository that were not there.
    left_out: usize,
    /// Lock files that differ from those of the base branch.
    other_locks: Vec<String>,
}

/// Runs the commands of this name, or all that the project declares, on a commit with these edits.
///
/// # Errors
/// `Rejected` if the installation does not run checks, or the project declares none with this name; the errors of the code host, of the records and
/// of the machine.
pub(crate) async fn check(
    context: &Context<'_>,
    host: &dyn VersionControl,
    of: Commit<'_>,
    edits: &[FileEdit],
    name: Option<&str>,
) -> Result<ChecksResult, ActionError> {
    let runner = context.check_runner().ok_or_else(nowhere)?;
    if let Some(why) = runner.refusal() {
        return Err(ActionError::rejected(format!("no checks can be run on this machine: {why}")));
    }
    let project = of.project();
    let (checks, names) = declared(project, name)?;
    let (mut files, left_out) = files_of(host, of).await?;
    // Before anything takes their place.
    let moved = edits.iter().filter_map(|edit| {
        let (content, _) = files.get(&edit.moved.as_ref()?.from)?;
        Some((edit.path.clone(), (content.clone(), edit.executable)))
    });
    let moved: Files = moved.collect();
    for edit in edits {
        match edit.new_content()? {
            Some(content) => files.insert(edit.path.clone(), (content, edit.executable)),
            None => files.remove(&edit.path),
        };
    }
    files.extend(moved);
    let mut checked = ChecksResult {
        report: CheckReport::unrun(),
        names: names.clone(),
        minutes: checks.minutes,
        left_out,
        other_locks: Vec::new(),
    };
    let mut set_up = None;
    if let Some(command) = &checks.setup {
        let base = base_of(host, project).await?;
        let base = Commit::new(context, project, &base);
        let locks = lock_files(host, base).await?;
        checked.other_locks = other_locks(&locks, &files);
        let key = key(project, checks, command, &locks, base.commit().as_str());
        if !runner.is_set_up(&key).await {
            let (files, _) = files_of(host, base).await?;
            let report = runner.set_up(&key, laid_out(files)?, checks).await?;
            if !report.passed() {
                return Ok(ChecksResult { report, names: vec!["setup"], ..checked });
            }
        }
        set_up = Some(key);
    }
    let run = CheckRun { names, checks: checks.clone(), set_up, files: laid_out(files)? };
    checked.report = runner.run(run).await?;
    Ok(checked)
}

/// Why nothing runs if the installation has no runner.
fn nowhere() -> ActionError {
    ActionError::rejected(
        "this installation runs no checks: they need the sandbox of `ticketsmith serve` on a machine of your own; here, the repository's own CI \
         checks what is pushed",
    )
}

/// The project's checks, and the names of the requested ones.
fn declared<'p>(
    project: &'p Project,
    name: Option<&str>,
) -> Result<(&'p ProjectChecks, Vec<&'static str>), ActionError> {
    let checks = project.checks.as_ref().ok_or_else(|| {
        ActionError::rejected(format!(
            "the project {} declares no checks; declare them under `checks` in its section of ticketsmith.yaml",
            project.key
        ))
    })?;
    let all: Vec<&'static str> = checks.commands().map(|(name, _)| name).collect();
    let Some(name) = name else { return Ok((checks, all)) };
    match all.iter().find(|known| **known == name) {
        Some(known) => Ok((checks, vec![known])),
        None => Err(ActionError::rejected(format!(
            "the project {} declares no check `{name}`; declared: {}",
            project.key,
            all.join(", ")
        ))),
    }
}

/// The head of the base branch: people who may push to a working branch must not decide what runs with the network.
async fn base_of(host: &dyn VersionControl, project: &Project) -> Result<CommitSha, ActionError> {
    let found = host.find_branch(&project.repository, &project.base_branch).await?;
    found.ok_or_else(|| {
        ActionError::rejected(format!("{} has no branch `{}`", project.repository, project.base_branch))
    })
}

type Files = BTreeMap<String, (FileContent, bool)>;

/// Every file of a commit, and the number of entries left out: links, other repositories, and large files.
async fn files_of(host: &dyn VersionControl, of: Commit<'_>) -> Result<(Files, usize), ActionError> {
    let tree = of.fetch_tree(host).await?;
    let groups = of.whole(&tree)?;
    of.import(host, &groups).await?;
    let executable: BTreeMap<&str, bool> =
        tree.iter().map(|entry| (entry.path.as_str(), entry.kind == TreeEntryKind::ExecutableFile)).collect();
    let mut files = Files::new();
    for group in &groups {
        let contents = of
            .group(group)
            .await?
            .ok_or_else(|| ActionError::unavailable("the imported files of the repository have expired"))?;
        for (path, content) in group.iter().zip(contents) {
            if let Some(content) = content {
                let executable = executable.get(path.as_str()).copied().unwrap_or_default();
                files.insert(path.clone(), (content, executable));
            }
        }
    }
    let all = tree.iter().filter(|entry| entry.kind != TreeEntryKind::Folder).count();
    let left_out = all.saturating_sub(files.len());
    Ok((files, left_out))
}

/// The lock files of a commit.
async fn lock_files(
    host: &dyn VersionControl,
    of: Commit<'_>,
) -> Result<BTreeMap<String, FileContent>, ActionError> {
    let tree = of.fetch_tree(host).await?;
    let is_lock = |entry: &&TreeEntry| {
        let name = entry.path.rsplit('/').next().unwrap_or_default();
        LOCK_FILES.contains(&name)
    };
    let paths: Vec<String> = tree.iter().filter(is_lock).map(|entry| entry.path.clone()).collect();
    if paths.is_empty() {
        return Ok(BTreeMap::new());
    }
    of.import(host, std::slice::from_ref(&paths)).await?;
    let contents = of.group(&paths).await?.unwrap_or_default();
    Ok(paths.into_iter().zip(contents).filter_map(|(path, content)| Some((path, content?))).collect())
}

/// The base branch's lock files that differ in the workspace.
fn other_locks(base: &BTreeMap<String, FileContent>, files: &Files) -> Vec<String> {
    let differs = |path: &str, content: &FileContent| files.get(path).is_none_or(|(own, _)| own != content);
    base.iter().filter(|(path, content)| differs(path, content)).map(|(path, _)| path.clone()).collect()
}

/// What `setup` is kept by: the same for all commits with the same lock files; without lock files, for one commit.
fn key(
    project: &Project,
    checks: &ProjectChecks,
    command: &str,
    locks: &BTreeMap<String, FileContent>,
    commit: &str,
) -> String {
    let mut digest = Sha256::new();
    let mut add = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    };
    add(project.repository.as_str().to_lowercase().as_bytes());
    add(command.as_bytes());
    checks.mounts.iter().for_each(|mount| add(mount.as_bytes()));
    match locks.is_empty() {
        true => add(commit.as_bytes()),
        false => {
            for (path, content) in locks {
                add(path.as_bytes());
                add(edits::content_sha256(content).as_bytes());
            }
        }
    }
    hex::encode(&digest.finalize()[..16])
}

fn laid_out(files: Files) -> Result<Vec<CheckedFile>, ActionError> {
    let file = |(path, (content, executable)): (String, (FileContent, bool))| {
        check_path(&path).map_err(|error| {
            ActionError::rejected(format!("the repository cannot be laid out for its checks: {error}"))
        })?;
        let content = match content {
            FileContent::Text(text) => text.into_bytes(),
            FileContent::Binary(bytes) => bytes,
        };
        Ok(CheckedFile { path, content, executable })
    };
    files.into_iter().map(file).collect()
}

impl ChecksResult {
    /// The report for the agent.
    pub(crate) fn for_agent(&self) -> String {
        let mut text = self.summary();
        if let Some(error) = &self.report.first_error {
            text.push_str(&format!("\nFirst error: {error}"));
        }
        let lines = self.shown_lines();
        match lines.is_empty() {
            true => text.push_str("\nThere was no output."),
            false => {
                text.push_str(&format!("\nLast {} lines of output:\n\n{}\n", lines.len(), lines.join("\n")))
            }
        }
        let changed = &self.report.changed_files;
        if !changed.is_empty() {
            let named: Vec<&str> = changed.iter().take(MOST_NAMED).map(String::as_str).collect();
            let more = changed.len() - named.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            text.push_str(&format!(
                "\nThe commands changed these files, which stay as they are in your workspace: {}{more}\n",
                named.join(", ")
            ));
        }
        if !self.other_locks.is_empty() {
            text.push_str(&format!(
                "\n{} differ from the base branch, where `setup` runs: what they add is not installed.\n",
                self.other_locks.join(", ")
            ));
        }
        if self.left_out > 0 {
            text.push_str(&format!(
                "\n{} links, submodules and large files of the repository were not there.\n",
                self.left_out
            ));
        }
        text
    }

    /// The last lines that fit.
    fn shown_lines(&self) -> &[String] {
        let lines = &self.report.last_lines;
        let mut size = 0;
        let fits = |line: &&String| {
            size += line.chars().count() + 1;
            size <= MOST_OUTPUT
        };
        let kept = lines.iter().rev().take_while(fits).count();
        lines.get(lines.len() - kept..).unwrap_or_default()
    }

    /// The last lines of the output as one text.
    pub(crate) fn last_output(&self) -> String {
        self.shown_lines().join("\n")
    }

    /// How it ended, in a sentence.
    pub(crate) fn summary(&self) -> String {
        let last =
            self.report.last.as_deref().unwrap_or_else(|| self.names.last().copied().unwrap_or_default());
        match self.report.end {
            CheckEnd::Exited(0) => format!("Passed: {} exited with code 0.", self.names.join(", ")),
            CheckEnd::Exited(code) => format!("Failed: `{last}` exited with code {code}."),
            CheckEnd::TimedOut => {
                let minutes = self.minutes;
                format!(
                    "Failed: `{last}` was stopped, because the time was up ({minutes} minutes for all commands)."
                )
            }
            CheckEnd::TooMuchOutput => {
                format!("Failed: `{last}` was stopped, because it wrote too much output.")
            }
            CheckEnd::TooMuchDisk => format!("Failed: `{last}` was stopped, because it filled its disk."),
        }
    }

    /// The exit code of the last command, if it exited.
    pub(crate) fn exit_code(&self) -> Option<i32> {
        match self.report.end {
            CheckEnd::Exited(code) => Some(code),
            CheckEnd::TimedOut | CheckEnd::TooMuchOutput | CheckEnd::TooMuchDisk => None,
        }
    }
}
