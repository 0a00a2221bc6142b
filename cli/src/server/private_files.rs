//! Makes everything that a process creates readable only to its owner, including files of libraries.

/// Takes the permissions of everybody else from all files and folders that this process makes from now on.
pub(crate) fn make_what_is_made_private() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}
