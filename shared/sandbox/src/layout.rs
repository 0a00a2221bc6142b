//! Files for a sandbox, and folders that are removed whatever their content.

use domain::CheckedFile;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Makes a folder that did not exist, with these permissions.
pub(crate) fn make_folder(path: &Path, mode: u32) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
    #[cfg(not(unix))]
    let _ = mode;
    builder.create(path)?;
    // Regardless of the process's umask.
    set_mode(path, mode)
}

/// Gives a file or folder to a user, if sandboxes have separate users.
pub(crate) fn give(path: &Path, user: Option<u32>) -> io::Result<()> {
    match user {
        #[cfg(unix)]
        Some(user) => std::os::unix::fs::lchown(path, Some(user), Some(user)),
        _ => {
            let _ = path;
            Ok(())
        }
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Writes files into a new folder. No links are followed: everything there was created here.
pub(crate) fn lay_out(folder: &Path, files: &[CheckedFile], user: Option<u32>) -> io::Result<()> {
    make_folder(folder, 0o755)?;
    give(folder, user)?;
    for file in files {
        let path = folder.join(&file.path);
        let mut above: Vec<&Path> = path.ancestors().skip(1).take_while(|above| *above != folder).collect();
        above.reverse();
        for parent in above {
            match make_folder(parent, 0o755) {
                Ok(()) => give(parent, user)?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(named(&file.path, &error)),
            }
        }
        let mut written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|error| named(&file.path, &error))?;
        written.write_all(&file.content).map_err(|error| named(&file.path, &error))?;
        drop(written);
        set_mode(&path, if file.executable { 0o755 } else { 0o644 })?;
        give(&path, user)?;
    }
    Ok(())
}

fn named(path: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{path}`: {error}"))
}

/// Makes a sandbox's output ours, and readable for later sandboxes.
pub(crate) fn take_back(folder: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(folder)?;
    give(folder, Some(0))?;
    if metadata.is_symlink() {
        return Ok(());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = metadata.permissions().mode();
        let more = if metadata.is_dir() || mode & 0o100 != 0 { 0o555 } else { 0o444 };
        // Nothing runs as its owner anymore.
        set_mode(folder, (mode | more) & 0o777)?;
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(folder)? {
            take_back(&entry?.path())?;
        }
    }
    Ok(())
}

/// Removes a folder with everything in it, including files that its owner may not write. A missing one is not an error.
///
/// # Errors
/// When something is left.
pub fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_folders(folder)?;
            fs::remove_dir_all(folder)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn open_folders(folder: &Path) -> io::Result<()> {
    set_mode(folder, 0o700)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_folders(&entry.path())?;
        }
    }
    Ok(())
}

/// The size of a folder, in bytes on the disk. Files that disappear in the meantime do not count.
pub(crate) fn size(folder: &Path) -> u64 {
    let mut size = 0u64;
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            #[cfg(unix)]
            let own = std::os::unix::fs::MetadataExt::blocks(&metadata) * 512;
            #[cfg(not(unix))]
            let own = metadata.len();
            size = size.saturating_add(own);
            if metadata.is_dir() {
                left.push(entry.path());
            }
        }
    }
    size
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn file(path: &str, executable: bool) -> CheckedFile {
        CheckedFile { path: path.into(), content: path.as_bytes().to_vec(), executable }
    }

    #[test]
    fn files_are_laid_out_and_removed_whatever_their_permissions() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("source");
        lay_out(&folder, &[file("a/b/c.sh", true), file("a/d", false)], None).unwrap();
        let mode = |path: &str| fs::metadata(folder.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("a/b/c.sh"), mode("a/d"), mode("a")), (0o755, 0o644, 0o755));
        assert!(size(&folder) > 0);
        set_mode(&folder.join("a"), 0o500).unwrap();
        remove(&folder).unwrap();
        assert!(!folder.exists());
        remove(&folder).unwrap();
    }

    #[test]
    fn nothing_is_written_over_or_through() {
        let place = tempfile::tempdir().unwrap();
        let twice = [file("a", false), file("a/b", false)];
        let refused = lay_out(&place.path().join("one"), &twice, None).unwrap_err().to_string();
        assert!(refused.contains("`a/b`"), "{refused}");
        let folder = place.path().join("two");
        fs::create_dir(&folder).unwrap();
        assert!(lay_out(&folder, &[], None).is_err());
    }
}
