//! The thread that makes commits safe from the loss of power, while the log's thread goes on.
//!
//! It takes the answers of transactions in order, syncs once for all that have arrived, and only then sends them.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::{LogError, Reply};

/// The answers of one transaction, and whether it changed anything.
pub(super) struct Answers {
    pub(super) replies: Vec<Reply>,
    pub(super) changed: bool,
}

/// The known state of the disk.
#[derive(Debug, Default)]
pub(super) struct Disk {
    pub(super) syncs: AtomicU64,
    /// Why nothing is written anymore: after a failed sync, a disk cannot be trusted.
    pub(super) failed: watch::Sender<Option<LogError>>,
}

/// Starts the thread. It syncs the file that SQLite keeps next to the database at `path`, and ends with its queue.
pub(super) fn start(
    path: &Path,
    disk: Arc<Disk>,
    queue: mpsc::Receiver<Answers>,
) -> std::io::Result<JoinHandle<()>> {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    let file = File::options().write(true).open(name)?;
    std::thread::Builder::new().name("engine-disk".to_owned()).spawn(move || {
        while let Ok(first) = queue.recv() {
            let mut all = vec![first];
            all.extend(queue.try_iter());
            let synced = sync(&file, &disk, all.iter().any(|answers| answers.changed));
            for reply in all.into_iter().flat_map(|answers| answers.replies) {
                reply(synced.clone());
            }
        }
    })
}

fn sync(file: &File, disk: &Disk, changed: bool) -> Result<(), LogError> {
    if let Some(failed) = &*disk.failed.borrow() {
        return Err(failed.clone());
    }
    if !changed {
        return Ok(());
    }
    disk.syncs.fetch_add(1, Ordering::Relaxed);
    file.sync_data().map_err(|error| {
        tracing::error!(%error, "the disk failed: nothing more is written to the engine's log");
        let failed = LogError::Disk(error.to_string());
        disk.failed.send_replace(Some(failed.clone()));
        failed
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn after_a_failed_sync_nothing_more_is_said_to_be_there() {
        // The write that cannot be synced.
        let file = File::options().write(true).open("/dev/null").unwrap();
        let disk = Disk::default();
        sync(&file, &disk, false).unwrap();
        for changed in [true, false] {
            assert!(matches!(sync(&file, &disk, changed), Err(LogError::Disk(_))), "{changed}");
        }
        assert_eq!(disk.syncs.load(Ordering::Relaxed), 1);
    }
}
