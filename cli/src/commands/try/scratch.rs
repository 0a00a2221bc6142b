//! The folder of one trial, removed at its end; those that killed trials left are removed at the next one.

use crate::exit::{Exit, Outcome};
use crate::server::checks::place_of;
use crate::server::private_files::private_folder;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const PREFIX: &str = "ticketsmith-try-";

/// A folder that only we can read.
pub(in crate::commands) struct Scratch {
    folder: TempDir,
    /// Held while it is in use.
    _lock: File,
}

impl Scratch {
    /// A new folder.
    ///
    /// # Errors
    /// Unreachable when it cannot be made.
    pub(in crate::commands) fn new() -> Outcome<Self> {
        sweep(&std::env::temp_dir());
        let folder = private_folder(PREFIX).map_err(Exit::unreachable)?;
        let lock = File::create(folder.path().join("lock")).map_err(Exit::unreachable)?;
        lock.try_lock().map_err(Exit::unreachable)?;
        Ok(Self { folder, _lock: lock })
    }

    pub(in crate::commands) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where Ticketsmith keeps its records.
    pub(in crate::commands) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Removes everything.
    ///
    /// # Errors
    /// Unreachable when something is left.
    pub(in crate::commands) fn remove(self) -> Outcome {
        remove_checks(self.path());
        let folder = self.folder.keep();
        sandbox::remove(&folder)
            .map_err(|error| Exit::unreachable(format!("{} is left: {error}", folder.display())))
    }

    /// Leaves everything there; only what checks needed is removed.
    pub(in crate::commands) fn keep(self) -> PathBuf {
        remove_checks(self.path());
        self.folder.keep()
    }
}

/// Removes what killed trials left.
fn sweep(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) || !is_ours(&entry.path()) {
            continue;
        }
        let lock = File::open(entry.path().join("lock"));
        if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            remove(&entry.path());
        }
    }
}

/// Whether this is a folder of ours and no link: everybody of the machine may put something there under such a name.
fn is_ours(path: &Path) -> bool {
    let Ok(found) = fs::symlink_metadata(path) else { return false };
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::uid(&found) != rustix::process::geteuid().as_raw() {
        return false;
    }
    found.is_dir()
}

fn remove_checks(folder: &Path) {
    // One that ran many trials has a folder in it for each.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && entry.path().is_dir() {
            remove_checks(&entry.path());
        }
    }
    if let Ok(checks) = place_of(&folder.join("data")) {
        let _mostly_there_is_none = sandbox::remove(&checks);
    }
}

fn remove(folder: &Path) {
    remove_checks(folder);
    if let Err(error) = sandbox::remove(folder) {
        tracing::warn!(%error, "{} is left", folder.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_link_that_somebody_put_there_leads_nowhere() {
        let place = tempfile::tempdir().unwrap();
        let theirs = place.path().join("theirs");
        fs::create_dir(&theirs).unwrap();
        fs::write(theirs.join("lock"), "").unwrap();
        let link = place.path().join(format!("{PREFIX}link"));
        std::os::unix::fs::symlink(&theirs, &link).unwrap();
        sweep(place.path());
        assert!(fs::symlink_metadata(&link).is_ok() && theirs.join("lock").exists());
    }

    #[test]
    fn what_is_in_use_stays_and_what_was_left_goes() {
        let used = Scratch::new().unwrap();
        let left = used.path().with_file_name(format!("{PREFIX}left-{}", std::process::id()));
        fs::create_dir(&left).unwrap();
        fs::write(left.join("lock"), "").unwrap();
        sweep(&std::env::temp_dir());
        assert!(used.path().exists() && !left.exists());
        let path = used.path().to_owned();
        used.remove().unwrap();
        assert!(!path.exists());
    }
}
