//! Paths of a world stay inside their folders.

use std::path::{Component, Path, PathBuf};

/// The place of something that exists inside a folder, with every symbolic link followed.
///
/// # Errors
/// The mistake in the path, in words.
pub(crate) fn existing(folder: &Path, path: &Path) -> Result<PathBuf, String> {
    let whole = folder.join(path);
    let found = whole.canonicalize().map_err(|error| format!("{}: {error}", whole.display()))?;
    demand_inside(folder, path, &found)?;
    Ok(found)
}

/// The place of something inside a folder that may not exist yet.
///
/// # Errors
/// The mistake in the path, in words.
pub(crate) fn new(folder: &Path, path: &Path) -> Result<PathBuf, String> {
    if path.components().any(|component| component == Component::ParentDir) {
        return Err(outside(folder, path));
    }
    let whole = here(folder).join(path);
    let mut ancestors = whole.ancestors();
    // A link to nothing exists as well, and then its end is not found.
    let known = ancestors.find(|ancestor| ancestor.symlink_metadata().is_ok()).unwrap_or(Path::new("/"));
    let found = known.canonicalize().map_err(|error| format!("{}: {error}", known.display()))?;
    demand_inside(folder, path, &found)?;
    Ok(whole.strip_prefix(known).map_or(found.clone(), |rest| found.join(rest)))
}

/// Whether nothing of a git clone leads out of its folder: no symbolic link in git's own files, and no objects or settings elsewhere.
///
/// # Errors
/// The part that leads out, in words.
pub(crate) fn check_clone(clone: &Path) -> Result<(), String> {
    let git = clone.join(".git");
    let git = if git.symlink_metadata().is_ok() { git } else { clone.to_owned() };
    for elsewhere in ["objects/info/alternates", "objects/info/http-alternates", "commondir"] {
        if git.join(elsewhere).symlink_metadata().is_ok() {
            return Err(format!(
                "{} has parts elsewhere, named by `{elsewhere}`; make a full clone",
                clone.display()
            ));
        }
    }
    let mut folders = vec![git];
    while let Some(at) = folders.pop() {
        let failed = |error: std::io::Error| format!("{}: {error}", at.display());
        let kind = at.symlink_metadata().map_err(failed)?;
        if !kind.is_dir() {
            return Err(format!(
                "{} is not a folder; accepted: a whole git clone, not a worktree of one",
                at.display()
            ));
        }
        for entry in std::fs::read_dir(&at).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_symlink() {
                return Err(format!("{} is a symbolic link, which is not followed", entry.path().display()));
            }
            if kind.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(())
}

fn demand_inside(folder: &Path, path: &Path, found: &Path) -> Result<(), String> {
    let folder = here(folder);
    let whole = folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))?;
    if found.starts_with(&whole) { Ok(()) } else { Err(outside(folder, path)) }
}

fn outside(folder: &Path, path: &Path) -> String {
    format!("`{}` leads out of the folder {}", path.display(), here(folder).display())
}

/// A path without a folder begins in the current one.
fn here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn nothing_leads_out_of_a_folder() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("world");
        std::fs::create_dir_all(folder.join("shop")).unwrap();
        std::fs::create_dir(outer.path().join("other")).unwrap();
        symlink(outer.path().join("other"), folder.join("link")).unwrap();
        symlink(outer.path().join("nothing"), folder.join("dangling")).unwrap();
        symlink(folder.join("shop"), folder.join("inner")).unwrap();
        let whole = folder.canonicalize().unwrap();
        for (path, found) in
            [("shop", "shop"), ("./shop", "shop"), ("inner", "shop"), ("shop/../shop", "shop")]
        {
            assert_eq!(existing(&folder, Path::new(path)).unwrap(), whole.join(found), "{path}");
        }
        assert!(existing(&folder, &whole.join("shop")).is_ok());
        assert_eq!(new(&folder, Path::new("a/b")).unwrap(), whole.join("a/b"));
        assert_eq!(new(&folder, Path::new("inner/b")).unwrap(), whole.join("shop/b"));
        let absolute = outer.path().join("other");
        for path in [
            "..",
            "../other",
            "link",
            "link/a",
            "shop/../../other",
            "/etc",
            absolute.to_str().unwrap(),
            "dangling",
        ] {
            assert!(existing(&folder, Path::new(path)).is_err(), "{path}");
            assert!(new(&folder, Path::new(path)).is_err(), "{path}");
        }
        assert!(new(&folder, Path::new("dangling/a")).is_err());
        assert!(new(&folder, Path::new("a/../../b")).is_err());
    }

    #[test]
    fn a_clone_has_nothing_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let clone = |name: &str| {
            let clone = folder.path().join(name);
            std::fs::create_dir_all(clone.join(".git/objects/info")).unwrap();
            clone
        };
        check_clone(&clone("whole")).unwrap();
        let borrowing = clone("borrowing");
        std::fs::write(borrowing.join(".git/objects/info/alternates"), "/elsewhere").unwrap();
        let linked = clone("linked");
        symlink("/elsewhere", linked.join(".git/packed-refs")).unwrap();
        let worktree = folder.path().join("worktree");
        std::fs::create_dir(&worktree).unwrap();
        std::fs::write(worktree.join(".git"), "gitdir: /elsewhere").unwrap();
        for bad in [borrowing, linked, worktree] {
            assert!(check_clone(&bad).is_err(), "{}", bad.display());
        }
    }
}
