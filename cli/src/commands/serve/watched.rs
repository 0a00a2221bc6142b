//! The folders that `serve --watch` watches. One may appear later, or another may take its place, as when a branch is checked out.

use crate::exit::{Exit, Outcome};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// The folders beside the configuration whose files are compiled.
const FOLDERS: [&str; 3] = ["workflows", "prompts", "agents"];

/// What has changed; the greater includes the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Changed {
    /// Something in one of the folders.
    Content,
    /// One of the folders itself, which may be another one now.
    Folder,
}

/// The watched folders.
#[derive(Debug)]
pub(super) struct Watched {
    watcher: RecommendedWatcher,
    folder: PathBuf,
}

impl Watched {
    /// Watches the folders beside the configuration in this one, and the receiver of their changes.
    ///
    /// # Errors
    /// Unreachable when the system watches nothing more.
    pub(super) fn start(folder: &Path) -> Outcome<(Self, mpsc::UnboundedReceiver<Changed>)> {
        // Systems differ in whether they name a place as it was given or behind its links, as macOS does with everything below `/tmp`. This path
        // has no links, so what it is compared with has none.
        let folder =
            folder.canonicalize().map_err(|error| Exit::usage(format!("{}: {error}", folder.display())))?;
        let (sender, changes) = mpsc::unbounded_channel();
        let around = folder.clone();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if let Some(changed) = event.ok().and_then(|event| changed(&event, &around)) {
                // The receiver lives as long as somebody wants to know.
                let _nobody_listens = sender.send(changed);
            }
        })
        .map_err(Exit::unreachable)?;
        watcher.watch(&folder, RecursiveMode::NonRecursive).map_err(Exit::unreachable)?;
        let mut watched = Self { watcher, folder };
        watched.renew()?;
        Ok((watched, changes))
    }

    /// Watches the folders that exist now: a watch stays with its folder when that is moved, and ends with it.
    ///
    /// # Errors
    /// Unreachable when the system watches nothing more.
    pub(super) fn renew(&mut self) -> Outcome {
        for path in FOLDERS.map(|name| self.folder.join(name)) {
            let _not_watched = self.watcher.unwatch(&path);
            if path.is_dir() {
                self.watcher.watch(&path, RecursiveMode::Recursive).map_err(Exit::unreachable)?;
            }
        }
        Ok(())
    }

    /// The watched folders that exist, below `folder`.
    pub(super) fn present(folder: &Path) -> impl Iterator<Item = PathBuf> {
        FOLDERS.map(|name| folder.join(name)).into_iter().filter(|path| path.is_dir())
    }
}

/// What an event means for the folders in `around`, of which all entries are watched; `None` for the others of these.
fn changed(event: &Event, around: &Path) -> Option<Changed> {
    if event.need_rescan() {
        return Some(Changed::Folder);
    }
    if event.kind.is_access() {
        return None;
    }
    let of = |path: &PathBuf| {
        let Ok(inside) = path.strip_prefix(around) else {
            // Behind a link, some systems name the place that it leads to.
            return Some(Changed::Content);
        };
        let mut parts = inside.iter();
        let first = parts.next()?;
        let is_ours = FOLDERS.iter().any(|name| first == *name);
        is_ours.then(|| if parts.next().is_none() { Changed::Folder } else { Changed::Content })
    };
    event.paths.iter().filter_map(of).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::EventKind;
    use notify::event::{AccessKind, CreateKind, Flag};
    use std::fs;
    use std::time::Duration;

    #[test]
    fn only_what_is_compiled_counts() {
        let around = Path::new("/srv/workflows");
        let of = |kind, path: &str| changed(&Event::new(kind).add_path(around.join(path)), around);
        let made = EventKind::Create(CreateKind::Any);
        assert_eq!(of(made, "workflows/a.yaml"), Some(Changed::Content));
        assert_eq!(of(made, "agents/deep/a.md"), Some(Changed::Content));
        assert_eq!(of(made, "prompts"), Some(Changed::Folder));
        // Our own log may be in the folder around.
        for other in ["", "ticketsmith.yaml", "serve.log", "workflows-old", ".ticketsmith/table.db"] {
            assert_eq!(of(made, other), None, "{other}");
        }
        assert_eq!(of(made, "/elsewhere/a.yaml"), Some(Changed::Content));
        assert_eq!(of(EventKind::Access(AccessKind::Read), "workflows/a.yaml"), None);
        let lost = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!(changed(&lost, around), Some(Changed::Folder));
    }

    #[tokio::test]
    async fn a_folder_counts_that_appears_or_takes_the_place_of_another() {
        let around = tempfile::tempdir().unwrap();
        let (mut watched, mut changes) = Watched::start(around.path()).unwrap();
        let folder = around.path().join("workflows");
        // A new folder is empty, so only a file in it can be content.
        for name in ["first", "second"] {
            fs::create_dir(&folder).unwrap();
            until(&mut changes, Changed::Folder).await;
            watched.renew().unwrap();
            fs::write(folder.join("a.yaml"), name).unwrap();
            until(&mut changes, Changed::Content).await;
            fs::rename(&folder, around.path().join(name)).unwrap();
            until(&mut changes, Changed::Folder).await;
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_folder_behind_a_link_is_watched_by_the_place_that_it_leads_to() {
        let around = tempfile::tempdir().unwrap();
        let (place, link) = (around.path().join("place"), around.path().join("link"));
        fs::create_dir(&place).unwrap();
        std::os::unix::fs::symlink(&place, &link).unwrap();
        let (watched, mut changes) = Watched::start(&link).unwrap();
        let place = place.canonicalize().unwrap();
        assert_eq!(watched.folder, place);
        fs::create_dir(link.join("workflows")).unwrap();
        until(&mut changes, Changed::Folder).await;
        // Where a system names it by its place, it is one of ours all the same.
        let made = Event::new(EventKind::Create(CreateKind::Folder)).add_path(place.join("workflows"));
        assert_eq!(changed(&made, &watched.folder), Some(Changed::Folder));
    }

    async fn until(changes: &mut mpsc::UnboundedReceiver<Changed>, wanted: Changed) {
        let found = async { while changes.recv().await != Some(wanted) {} };
        tokio::time::timeout(Duration::from_secs(10), found).await.expect("the change is not noticed");
    }
}
