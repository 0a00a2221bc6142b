//! Makes commits durable against power loss, many at a time.
//!
//! SQLite commits without waiting for the disk (`synchronous=NORMAL` in WAL mode), and a thread syncs the file of its log for everybody who
//! waits: commits made during a sync share the next one. No response is sent before its data is on disk, so callers see no
//! difference from a sync for each commit.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A disk that takes longer for one sync is reported.
const SLOW: Duration = Duration::from_secs(1);

/// Why nothing is written anymore: a sync failed, and the disk cannot be trusted after that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the disk failed, so nothing more is written: {0}")]
pub(crate) struct DiskFailed(Arc<str>);

/// The writes of one file, by their numbers, and the thread that syncs them.
pub(crate) struct Disk {
    shared: Arc<Shared>,
    synced: watch::Receiver<Result<u64, DiskFailed>>,
}

struct Shared {
    writes: Mutex<Writes>,
    changed: Condvar,
}

#[derive(Default)]
struct Writes {
    /// The last write that was begun. Writes follow each other.
    begun: u64,
    /// The last finished write.
    over: u64,
    /// The last write that changed something.
    changed: u64,
    /// The last write that somebody waits for.
    wanted: u64,
    /// The last finished write that somebody waits for.
    ready: u64,
    closed: bool,
}

impl Disk {
    /// Syncs the file at this path, which exists, whenever somebody waits.
    ///
    /// # Errors
    /// When the file cannot be opened or the thread cannot be started.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let file = File::options().write(true).open(path)?;
        let name = path.display().to_string();
        Self::by(move || {
            file.sync_data().map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))
        })
    }

    /// Syncs by calling this.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(crate) fn by(sync: impl FnMut() -> io::Result<()> + Send + 'static) -> io::Result<Self> {
        let (told, synced) = watch::channel(Ok(0));
        let shared = Arc::new(Shared { writes: Mutex::default(), changed: Condvar::new() });
        let seen = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("disk".to_owned())
            .spawn(move || sync_for_all(&seen, &told, sync))?;
        Ok(Self { shared, synced })
    }

    /// Begins a write; there is one at a time. Dropping the returned value ends it.
    ///
    /// # Errors
    /// [`DiskFailed`] when a sync failed before.
    pub(crate) fn write(&self) -> Result<Write<'_>, DiskFailed> {
        self.usable()?;
        let mut writes = self.shared.writes();
        writes.begun += 1;
        Ok(Write { shared: &self.shared, number: writes.begun, changed: false })
    }

    /// Whether anything may still be written, such as what need not be on disk.
    ///
    /// # Errors
    /// [`DiskFailed`] when a sync failed before.
    pub(crate) fn usable(&self) -> Result<(), DiskFailed> {
        self.synced.borrow().clone().map(drop)
    }

    /// Waits until everything that was written before, or is being written now, is on disk. Readers wait too, since
    /// the data they read may have been written a moment ago.
    ///
    /// # Errors
    /// [`DiskFailed`]
    pub(crate) async fn synced(&self) -> Result<(), DiskFailed> {
        let number = self.shared.writes().begun;
        let is_known = |synced: &Result<u64, DiskFailed>| !matches!(synced, Ok(synced) if *synced < number);
        if !is_known(&self.synced.borrow()) {
            let mut writes = self.shared.writes();
            writes.wanted = writes.wanted.max(number);
            if number <= writes.over {
                writes.ready = writes.ready.max(number);
            }
            drop(writes);
            self.shared.changed.notify_one();
        }
        let mut synced = self.synced.clone();
        match synced.wait_for(is_known).await {
            Ok(known) => known.clone().map(drop),
            Err(_closed) => Err(DiskFailed("the thread that syncs is gone".into())),
        }
    }

    /// Waits for a failure of the disk.
    pub(crate) async fn failed(&self) -> DiskFailed {
        let mut synced = self.synced.clone();
        match synced.wait_for(Result::is_err).await.map(|failed| failed.clone()) {
            Ok(Err(failed)) => failed,
            _ => std::future::pending().await,
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.shared.writes().closed = true;
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn writes(&self) -> MutexGuard<'_, Writes> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A write that was begun.
pub(crate) struct Write<'a> {
    shared: &'a Shared,
    number: u64,
    /// Whether something was committed.
    pub(crate) changed: bool,
}

impl Drop for Write<'_> {
    fn drop(&mut self) {
        let mut writes = self.shared.writes();
        writes.over = self.number;
        if self.changed {
            writes.changed = self.number;
        }
        if writes.wanted >= self.number {
            writes.ready = self.number;
        }
        drop(writes);
        self.shared.changed.notify_one();
    }
}

fn sync_for_all(
    shared: &Shared,
    told: &watch::Sender<Result<u64, DiskFailed>>,
    mut sync: impl FnMut() -> io::Result<()>,
) {
    let (mut done, mut syncs) = (0, 0);
    loop {
        let mut writes = shared.writes();
        // Who waits for a write in progress waits for its end; who waits for earlier ones does not, or a table that is always being
        // written would never be synced.
        while !writes.closed && writes.ready <= done {
            writes = shared.changed.wait(writes).unwrap_or_else(PoisonError::into_inner);
        }
        if writes.closed {
            return;
        }
        let (over, changed) = (writes.over, writes.changed);
        drop(writes);
        if changed > done {
            let begun = Instant::now();
            let result = sync();
            syncs += 1;
            observability::metrics::disk_syncs("table", syncs);
            if let Err(error) = result {
                tracing::error!(%error, "the disk failed: nothing more is written until `serve` is started again");
                let _before = told.send_replace(Err(DiskFailed(error.to_string().into())));
                return;
            }
            let took = begun.elapsed();
            if took > SLOW {
                tracing::warn!(seconds = took.as_secs_f32(), "the disk is slow; every write waited for it");
            }
        }
        done = over;
        let _before = told.send_replace(Ok(done));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use tokio::sync::mpsc::UnboundedReceiver;
    use tokio::task::JoinHandle;

    fn written(disk: &Disk) {
        disk.write().unwrap().changed = true;
    }

    /// A disk that reports when a sync begins, and ends it when it is allowed to.
    fn slow() -> (Arc<Disk>, mpsc::Sender<()>, UnboundedReceiver<()>) {
        let (allow, allowed) = mpsc::channel::<()>();
        let (begin, begun) = tokio::sync::mpsc::unbounded_channel();
        let sync = move || {
            begin.send(()).unwrap();
            allowed.recv().map_err(io::Error::other)
        };
        (Arc::new(Disk::by(sync).unwrap()), allow, begun)
    }

    fn waiting(disk: &Arc<Disk>) -> JoinHandle<Result<(), DiskFailed>> {
        let disk = Arc::clone(disk);
        tokio::spawn(async move { disk.synced().await })
    }

    #[tokio::test]
    async fn an_answer_waits_for_the_disk_and_many_share_a_sync() {
        let (disk, allow, mut begun) = slow();
        disk.synced().await.unwrap();
        written(&disk);
        let first = waiting(&disk);
        begun.recv().await.unwrap();
        let others: Vec<_> = (0..100)
            .map(|_| {
                written(&disk);
                waiting(&disk)
            })
            .collect();
        for other in &others {
            while !other.is_finished() && disk.shared.writes().wanted < 101 {
                tokio::task::yield_now().await;
            }
        }
        assert!(
            !first.is_finished() && others.iter().all(|other| !other.is_finished()),
            "nothing is synced yet"
        );
        allow.send(()).unwrap();
        first.await.unwrap().unwrap();
        begun.recv().await.unwrap();
        assert!(
            others.iter().all(|other| !other.is_finished()),
            "the first sync may have been too early for them"
        );
        allow.send(()).unwrap();
        for other in others {
            other.await.unwrap().unwrap();
        }
        assert!(begun.try_recv().is_err(), "one sync is enough for all of them");
    }

    #[tokio::test]
    async fn nobody_waits_for_a_write_that_began_later() {
        let (disk, allow, mut begun) = slow();
        written(&disk);
        let first = waiting(&disk);
        begun.recv().await.unwrap();
        written(&disk);
        let second = waiting(&disk);
        while disk.shared.writes().wanted < 2 {
            tokio::task::yield_now().await;
        }
        let third = disk.write().unwrap();
        let last = waiting(&disk);
        while disk.shared.writes().wanted < 3 {
            tokio::task::yield_now().await;
        }
        allow.send(()).unwrap();
        allow.send(()).unwrap();
        first.await.unwrap().unwrap();
        let second = tokio::time::timeout(Duration::from_secs(5), second).await;
        second.expect("it waits for the third write").unwrap().unwrap();
        assert!(!last.is_finished(), "the third write is not over");
        drop(third);
        last.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn what_changed_nothing_waits_for_nothing() {
        let syncs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&syncs);
        let disk = Disk::by(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
        .unwrap();
        drop(disk.write().unwrap());
        disk.synced().await.unwrap();
        assert_eq!(syncs.load(Ordering::SeqCst), 0);
        written(&disk);
        disk.synced().await.unwrap();
        disk.synced().await.unwrap();
        assert_eq!(syncs.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn after_a_failed_sync_nothing_is_said_to_be_written() {
        let disk = Disk::by(|| Err(io::Error::other("input/output error"))).unwrap();
        written(&disk);
        let failed = disk.synced().await.unwrap_err();
        assert!(failed.to_string().contains("input/output error"), "{failed}");
        assert_eq!(disk.write().map(drop), Err(failed.clone()));
        assert_eq!(disk.synced().await, Err(failed.clone()));
        assert_eq!(disk.failed().await, failed);
    }
}
