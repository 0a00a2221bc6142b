//! What `setup` made, kept by a key.

use crate::arguments::{HOME, WORKSPACE};
use crate::layout::{make_folder, remove, take_back};
use domain::CheckedFile;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// How many are kept; the least recently used one is removed first.
const KEPT: usize = 8;
/// So many folders and files of one can be mounted.
const MOST_MOUNTS: usize = 500;

/// The mounts of a kept one: paths outside and inside.
pub(crate) type Mounts = Vec<(PathBuf, String)>;

/// The kept ones.
#[derive(Debug)]
pub(crate) struct SetUps {
    folder: PathBuf,
    /// How many runs use each.
    used: Mutex<BTreeMap<String, usize>>,
}

/// A use of one: during it, it is not removed.
#[derive(Debug)]
pub(crate) struct Use<'s> {
    set_ups: &'s SetUps,
    key: String,
}

impl Drop for Use<'_> {
    fn drop(&mut self) {
        let mut used = self.set_ups.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = used.get_mut(&self.key) {
            *count = count.saturating_sub(1);
        }
    }
}

impl SetUps {
    /// Those in a folder, without any that did not get ready.
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        match make_folder(&folder, 0o711) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if !path.join("mounts").is_file() {
                remove(&path)?;
            }
        }
        Ok(Self { folder, used: Mutex::default() })
    }

    /// Whether there is one of this key.
    pub(crate) fn is_kept(&self, key: &str) -> bool {
        self.folder.join(key).join("mounts").is_file()
    }

    /// Where one is made: a new folder.
    pub(crate) fn begin(&self, key: &str) -> io::Result<PathBuf> {
        let folder = self.folder.join(key);
        remove(&folder)?;
        make_folder(&folder, 0o711)?;
        Ok(folder)
    }

    /// Keeps the results in [`SetUps::begin`]'s folder: everything that is not one of the files.
    pub(crate) fn keep(&self, key: &str, files: &[CheckedFile], is_root: bool) -> io::Result<()> {
        let folder = self.folder.join(key);
        if is_root {
            take_back(&folder.join("workspace"))?;
            take_back(&folder.join("home"))?;
        }
        let mut known = BTreeSet::new();
        for file in files {
            known.extend(Path::new(&file.path).ancestors().map(Path::to_owned));
        }
        let mut made = Vec::new();
        find_made(&folder.join("workspace"), Path::new(""), &known, &mut made)?;
        let mut mounts: Vec<(String, String)> = Vec::new();
        for path in made {
            if let Some(path) = path.to_str() {
                mounts.push((format!("workspace/{path}"), format!("{WORKSPACE}/{path}")));
            }
        }
        for entry in fs::read_dir(folder.join("home"))? {
            let entry = entry?;
            if let Some(name) =
                entry.file_name().to_str().filter(|_| entry.file_type().is_ok_and(|kind| !kind.is_symlink()))
            {
                mounts.push((format!("home/{name}"), format!("{HOME}/{name}")));
            }
        }
        if mounts.len() > MOST_MOUNTS {
            return Err(io::Error::other(format!(
                "`setup` left {} files and folders at different places; at most {MOST_MOUNTS} are kept",
                mounts.len()
            )));
        }
        fs::write(folder.join("mounts"), serde_json::to_vec(&mounts)?)?;
        self.make_room(key)
    }

    /// Uses one: returns its mounts.
    pub(crate) fn use_one(&self, key: &str) -> io::Result<(Mounts, Use<'_>)> {
        let folder = self.folder.join(key);
        {
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            *used.entry(key.to_owned()).or_default() += 1;
        }
        let using = Use { set_ups: self, key: key.to_owned() };
        let written = fs::read(folder.join("mounts"))?;
        // Written again, so that its time says when it was used.
        fs::write(folder.join("mounts"), &written)?;
        let mounts: Vec<(String, String)> = serde_json::from_slice(&written)?;
        Ok((mounts.into_iter().map(|(outside, inside)| (folder.join(outside), inside)).collect(), using))
    }

    fn make_room(&self, newest: &str) -> io::Result<()> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let at = fs::metadata(entry.path().join("mounts")).and_then(|found| found.modified());
            if let Ok(at) = at
                && name != newest
                && used.get(&name).copied().unwrap_or_default() == 0
            {
                kept.push((at, entry.path()));
            }
        }
        kept.sort();
        let more = (kept.len() + 1).saturating_sub(KEPT);
        kept.iter().take(more).try_for_each(|(_, path)| remove(path))
    }
}

/// The topmost unknown files and folders below `folder`. Links are left out: their targets may be elsewhere inside.
fn find_made(
    folder: &Path,
    below: &Path,
    known: &BTreeSet<PathBuf>,
    made: &mut Vec<PathBuf>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        let kind = entry.file_type()?;
        if !known.contains(&path) {
            if kind.is_dir() || kind.is_file() {
                made.push(path);
            }
        } else if kind.is_dir() {
            find_made(&entry.path(), &path, known, made)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> CheckedFile {
        CheckedFile { path: path.into(), content: Vec::new(), executable: false }
    }

    fn made(set_ups: &SetUps, key: &str) -> Mounts {
        let folder = set_ups.begin(key).unwrap();
        fs::create_dir_all(folder.join("workspace/packages/a/node_modules/x")).unwrap();
        fs::create_dir_all(folder.join("workspace/node_modules")).unwrap();
        fs::create_dir_all(folder.join("home/.npm")).unwrap();
        fs::write(folder.join("workspace/packages/a/package.json"), "").unwrap();
        set_ups.keep(key, &[file("packages/a/package.json")], false).unwrap();
        set_ups.use_one(key).unwrap().0
    }

    #[test]
    fn what_was_made_is_mounted_at_its_place() {
        let place = tempfile::tempdir().unwrap();
        let set_ups = SetUps::open(place.path().join("set-ups")).unwrap();
        assert!(!set_ups.is_kept("a"));
        let mut inside: Vec<String> = made(&set_ups, "a").into_iter().map(|(_, inside)| inside).collect();
        inside.sort();
        let expected = ["/tmp/home/.npm", "/workspace/node_modules", "/workspace/packages/a/node_modules"];
        assert_eq!(inside, expected);
        assert!(set_ups.is_kept("a"));
        set_ups.begin("b").unwrap();
        let again = SetUps::open(place.path().join("set-ups")).unwrap();
        assert!(again.is_kept("a") && !again.folder.join("b").exists());
    }

    #[test]
    fn few_are_kept_and_none_is_removed_in_use() {
        let place = tempfile::tempdir().unwrap();
        let set_ups = SetUps::open(place.path().join("set-ups")).unwrap();
        made(&set_ups, "0");
        let (_, using) = set_ups.use_one("0").unwrap();
        for number in 1..20 {
            made(&set_ups, &number.to_string());
        }
        let kept = (0..20).filter(|number| set_ups.is_kept(&number.to_string())).count();
        assert!(set_ups.is_kept("0") && kept == KEPT + 1, "{kept}");
        drop(using);
        made(&set_ups, "20");
        assert!(!set_ups.is_kept("0"));
    }
}
