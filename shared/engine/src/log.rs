//! The log on disk: one SQLite file, written by one thread.
//!
//! All requests, reads too, pass through that thread. It runs what has queued up in one transaction and commits once for
//! all of it. Another thread syncs the file, once for all transactions that have come meanwhile, and only then answers:
//! group commit, and nothing is visible before it is durable. Requests never wait behind a sync that they do not need.

mod aliases;
mod disk;
mod events;
mod executions;
mod progress;
mod schema;
mod state_machines;
mod versions;

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

pub(crate) use aliases::{AliasRow, NewAlias, Route};
use disk::{Answers, Disk};
pub(crate) use events::Page;
pub(crate) use executions::{ExecutionRow, Filter, NewExecution, Parent, Qualifiers, Started};
pub(crate) use progress::Progress;
pub(crate) use state_machines::{Revision, StateMachineRow};
pub(crate) use versions::{Published, VersionRow};

/// The failures that a committed transaction survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Loss of power: an answer is given only once the disk has the data.
    #[default]
    PowerLoss,
    /// The death of the process, such as by SIGKILL, but not of the machine: nothing waits for the disk.
    ProcessDeath,
}

/// The reason that the log could not do something.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// SQLite failed; its message says how.
    #[error("the engine's log failed: {0}")]
    Sqlite(String),
    /// The tables are of a later version than this program knows.
    #[error(
        "the engine's log was written by a newer version of Ticketsmith: its tables have version {version}, and this one knows versions up to {known}; start the newer one, or go back to a backup"
    )]
    Newer {
        /// Theirs.
        version: i64,
        /// The last that is known.
        known: usize,
    },
    /// An entry does not have the form this version writes.
    #[error("the engine's log holds an entry that cannot be read: {0}")]
    Damaged(String),
    /// The disk failed, and the last writes may be missing. Nothing more is written.
    #[error("the engine's log cannot be written any more, because the disk failed: {0}")]
    Disk(String),
    /// Another process has the log open. Two engines on one log would run everything twice.
    #[error("the engine's log {0} is in use by another process")]
    InUse(String),
    /// The engine is shutting down.
    #[error("the engine's log is closed")]
    Closed,
}

impl From<rusqlite::Error> for LogError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error.to_string())
    }
}

impl From<serde_json::Error> for LogError {
    fn from(error: serde_json::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// Tells a waiting caller, once the transaction is committed or has failed.
type Reply = Box<dyn FnOnce(Result<(), LogError>) + Send>;
/// Runs in a transaction, or is told why there is none.
type Job = Box<dyn FnOnce(Result<&Connection, LogError>) -> Reply + Send>;

/// A request to the log's thread.
enum Request {
    /// Work in the next transaction.
    Job(Job),
    /// A copy of the whole log, between two transactions.
    Copy { to: PathBuf, done: oneshot::Sender<Result<(), LogError>> },
}

/// How long an engine waits for another to release the log, such as one that is shutting down.
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// Most requests that share one transaction.
const BATCH: usize = 256;

/// A handle to the log's thread. The thread ends, and the file is closed, when the handle is dropped.
pub(crate) struct Log {
    requests: Option<mpsc::Sender<Request>>,
    threads: Vec<JoinHandle<()>>,
    disk: Arc<Disk>,
}

impl Log {
    /// Opens or creates the log at `path`.
    pub(crate) fn open(path: &Path, durability: Durability) -> Result<Self, LogError> {
        create_private(path)?;
        let connection = Connection::open(path)?;
        connection.busy_timeout(LOCK_WAIT)?;
        schema::prepare(&connection).map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                LogError::InUse(path.display().to_string())
            }
            _ => error.into(),
        })?;
        Self::serve(connection, (durability == Durability::PowerLoss).then_some(path))
    }

    /// A log that is dropped with its handle.
    pub(crate) fn in_memory() -> Result<Self, LogError> {
        Self::serve(Connection::open_in_memory()?, None)
    }

    /// Starts the threads. The file at `synced`, if any, is synced.
    fn serve(connection: Connection, synced: Option<&Path>) -> Result<Self, LogError> {
        schema::bring_up_to_date(&connection)?;
        let started = |error: std::io::Error| LogError::Sqlite(error.to_string());
        let disk = Arc::new(Disk::default());
        let mut threads = Vec::new();
        let mut answers = None;
        if let Some(path) = synced {
            let (sender, queue) = mpsc::channel();
            threads.push(disk::start(path, Arc::clone(&disk), queue).map_err(started)?);
            answers = Some(sender);
        }
        let (requests, queue) = mpsc::channel();
        let seen = Arc::clone(&disk);
        let thread = std::thread::Builder::new().name("engine-log".to_owned());
        // First in the list, since the other ends once this one has.
        threads.insert(
            0,
            thread.spawn(move || serve(&connection, &queue, answers.as_ref(), &seen)).map_err(started)?,
        );
        Ok(Self { requests: Some(requests), threads, disk })
    }

    /// How often the disk was waited for.
    pub(crate) fn disk_syncs(&self) -> u64 {
        self.disk.syncs.load(Ordering::Relaxed)
    }

    /// Waits until the disk fails.
    pub(crate) async fn failed(&self) -> LogError {
        let mut failed = self.disk.failed.subscribe();
        match failed.wait_for(Option::is_some).await.map(|failed| failed.clone()) {
            Ok(Some(error)) => error,
            _ => std::future::pending().await,
        }
    }

    /// Runs `work` in the next transaction. When `work` fails, only its own changes are undone.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = connection.and_then(|connection| in_savepoint(connection, work));
            Box::new(move |committed| {
                // A caller that has gone needs no answer.
                let _ = sender.send(committed.and(result));
            })
        });
        self.ask(Request::Job(job))?;
        receiver.await.map_err(|_| LogError::Closed)?
    }

    /// Copies the whole log, as it is between two transactions, to a file that does not exist or is empty. Other requests wait in the meantime.
    pub(crate) async fn copy(&self, to: &Path) -> Result<(), LogError> {
        let (done, receiver) = oneshot::channel();
        self.ask(Request::Copy { to: to.to_owned(), done })?;
        receiver.await.map_err(|_| LogError::Closed)?
    }

    fn ask(&self, request: Request) -> Result<(), LogError> {
        self.requests.as_ref().ok_or(LogError::Closed)?.send(request).map_err(|_| LogError::Closed)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.requests = None;
        for thread in self.threads.drain(..) {
            // A panic of a thread was reported when it happened; there is nothing left to do about it.
            let _ = thread.join();
        }
    }
}

/// Makes sure that the file is there and, where this creates it, that nobody else can read it: it holds the inputs and
/// task tokens of executions.
fn create_private(path: &Path) -> Result<(), LogError> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| LogError::Sqlite(format!("{}: {error}", path.display())))
}

fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, LogError>,
) -> Result<T, LogError> {
    connection.execute_batch("SAVEPOINT job")?;
    let result = work(connection);
    let end = if result.is_ok() { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
    connection.execute_batch(end)?;
    result
}

fn begin(connection: &Connection, disk: &Disk) -> Result<(), LogError> {
    match &*disk.failed.borrow() {
        Some(failed) => Err(failed.clone()),
        None => Ok(connection.execute_batch("BEGIN IMMEDIATE")?),
    }
}

fn serve(
    connection: &Connection,
    queue: &mpsc::Receiver<Request>,
    synced: Option<&mpsc::Sender<Answers>>,
    disk: &Disk,
) {
    let mut waiting = None;
    while let Some(request) = waiting.take().or_else(|| queue.recv().ok()) {
        let first = match request {
            Request::Job(job) => job,
            Request::Copy { to, done } => {
                let text = to.to_string_lossy();
                let copied = connection.execute("VACUUM INTO ?1", [text.as_ref()]);
                // A caller that has gone needs no answer.
                let _ = done.send(copied.map(drop).map_err(LogError::from));
                continue;
            }
        };
        let before = connection.total_changes();
        if let Err(error) = begin(connection, disk) {
            first(Err(error.clone()))(Err(error));
            continue;
        }
        let mut replies = vec![first(Ok(connection))];
        // A full disk may end the current transaction. What follows belongs to the next one.
        while replies.len() < BATCH
            && !connection.is_autocommit()
            && let Ok(next) = queue.try_recv()
        {
            match next {
                Request::Job(job) => replies.push(job(Ok(connection))),
                copy @ Request::Copy { .. } => {
                    waiting = Some(copy);
                    break;
                }
            }
        }
        let committed = connection.execute_batch("COMMIT").map_err(LogError::from);
        if committed.is_err() && !connection.is_autocommit() {
            // The replies report the failure; without the rollback the next transaction could not begin.
            let _ = connection.execute_batch("ROLLBACK");
        }
        let mut answers = Answers { replies, changed: connection.total_changes() > before };
        if committed.is_ok()
            && let Some(synced) = synced
        {
            match synced.send(answers) {
                Ok(()) => continue,
                Err(mpsc::SendError(back)) => answers = back,
            }
        }
        for reply in answers.replies {
            reply(committed.clone());
        }
    }
}
