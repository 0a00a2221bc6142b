//! Makes everything that a process creates readable only to its owner, including files of libraries.

use std::io;
use tempfile::TempDir;

/// Takes the permissions of everybody else from all files and folders that this process makes from now on.
pub(crate) fn make_what_is_made_private() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// A new folder for temporary files, whose name begins so. Everybody of the machine may look into the place of such folders, and by itself a
/// new one there is as open as any.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn private_folder(prefix: &str) -> io::Result<TempDir> {
    let mut folder = tempfile::Builder::new();
    folder.prefix(prefix);
    #[cfg(unix)]
    folder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    folder.tempdir()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_temporary_folder_is_its_owners_alone() {
        let folder = private_folder("ticketsmith-private-").unwrap();
        let mode = std::fs::metadata(folder.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
