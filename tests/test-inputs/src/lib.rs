//! Finds what tests need from outside the repository: API descriptions, recorded deliveries, installed tools. Measures how time grows.
//!
//! An absent tool is never ignored silently. Each finder records the skip, `./check` counts the records, and its summary
//! lists them: no check is green because its input was missing.

mod proportion;

pub use proportion::assert_time_in_proportion;

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The file that skips are appended to, one line each. `./check` sets it.
pub const SKIPPED_VARIABLE: &str = "TICKETSMITH_SKIPPED";

/// Records that a test, or a part of it, did not run: `what` was not checked because of `why`.
///
/// Prints to standard error and appends a line to the file that `TICKETSMITH_SKIPPED` names. A file that cannot be written
/// ends the process: a skip that nobody counts would look like a pass.
pub fn skip(what: &str, why: &str) {
    record(what, why, std::env::var_os(SKIPPED_VARIABLE));
}

/// The folder that holds every one of the `files`, which are API descriptions such as `jira-v3.json`.
///
/// Looks in `specs/` under `TICKETSMITH_CONTRACTS` (by default `../shared/contracts` beside the checkout), then in
/// `TICKETSMITH_DESCRIPTIONS` (where `./check` gathers them all, so that loading takes longer), then in `tests/descriptions/`.
/// When no folder has them all, records a skip of `what` and returns `None`.
pub fn descriptions(what: &str, files: &[&str]) -> Option<PathBuf> {
    let gathered = std::env::var_os("TICKETSMITH_DESCRIPTIONS").map(PathBuf::from);
    let folders =
        [contracts().join("specs")].into_iter().chain(gathered).chain([root().join("tests/descriptions")]);
    let found = first_with_all(folders, files);
    if found.is_none() {
        skip(what, &format!("no description {}", files.join(", ")));
    }
    found
}

/// One API description, such as `jira-v3.json`: searched for and recorded as by [`descriptions`].
pub fn description(what: &str, file: &str) -> Option<PathBuf> {
    descriptions(what, &[file]).map(|folder| folder.join(file))
}

/// A recorded delivery, such as `jira-issue-labelled.json`, in `samples/` under `TICKETSMITH_CONTRACTS`. Records a skip of `what`
/// when it is absent.
pub fn sample(what: &str, file: &str) -> Option<PathBuf> {
    let path = contracts().join("samples").join(file);
    if path.exists() {
        return Some(path);
    }
    skip(what, &format!("no recorded delivery {file}"));
    None
}

/// What `./check` installs and names in an environment variable, such as `TICKETSMITH_NODE_MODULES`. Records a skip of `what`
/// when the variable is not set or names nothing.
pub fn installed(what: &str, variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.exists());
    if path.is_none() {
        skip(what, &format!("{variable} does not name what ./check installs"));
    }
    path
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn contracts() -> PathBuf {
    std::env::var_os("TICKETSMITH_CONTRACTS")
        .map_or_else(|| root().join("../shared/contracts"), PathBuf::from)
}

fn first_with_all(mut folders: impl Iterator<Item = PathBuf>, files: &[&str]) -> Option<PathBuf> {
    folders.find(|folder| files.iter().all(|file| folder.join(file).exists()))
}

fn record(what: &str, why: &str, file: Option<OsString>) {
    let line = format!("{what}: {why}\n");
    eprint!("SKIPPED: {line}");
    let Some(file) = file else { return };
    // One write to a file opened for appending: tests run at the same time.
    let appended = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&file)
        .and_then(|mut file| file.write_all(line.as_bytes()));
    if let Err(error) = appended {
        eprintln!("{SKIPPED_VARIABLE} names {}, which cannot be written: {error}", file.display());
        std::process::exit(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_are_appended_one_line_each() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("skipped");
        record("requests to Jira", "no description jira-v3.json", Some(file.clone().into()));
        record("a signature", "no Python", Some(file.clone().into()));
        let text = std::fs::read_to_string(&file).expect("the file of skips");
        assert_eq!(text, "requests to Jira: no description jira-v3.json\na signature: no Python\n");
    }

    #[test]
    fn a_folder_counts_only_when_it_has_every_file() {
        let (one, both) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        for path in [one.path().join("a"), both.path().join("a"), both.path().join("b")] {
            std::fs::write(path, "").expect("a file");
        }
        let folders = || [one.path().to_owned(), both.path().to_owned()].into_iter();
        assert_eq!(first_with_all(folders(), &["a"]).as_deref(), Some(one.path()));
        assert_eq!(first_with_all(folders(), &["a", "b"]).as_deref(), Some(both.path()));
        assert_eq!(first_with_all(folders(), &["c"]), None);
    }
}
